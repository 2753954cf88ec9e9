"""`plumeline release`: prepare for one recipient, two signatures, seal; recall and supersede."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumeline.cli.desk import at_desk, write_new

if TYPE_CHECKING:
    from plumeline.workflows.desk import Desk

_OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Where it goes."
)


@click.group()
def release() -> None:
    """Two-person release: nothing leaves on one signature, and nothing is un-shared."""


@release.command()
@click.argument("case_id")
@click.option("--to", "recipient", required=True, help="The recipient organisation.")
@click.option("--supersedes", help="The earlier release it replaces.")
@at_desk
def prepare(desk: Desk, case_id: str, recipient: str, supersedes: str | None) -> Any:
    """Put a package together for one recipient."""
    from plumeline.workflows.release import prepare_release  # noqa: PLC0415

    return {"release": prepare_release(desk, case_id, recipient, supersedes=supersedes)}


@release.command()
@click.argument("release_id")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Also write the files into this new folder."
)
@at_desk
def show(desk: Desk, release_id: str, output: Path | None) -> Any:
    """The files of a prepared release, before you sign them."""
    from plumeline.workflows.release import review_release  # noqa: PLC0415

    files = review_release(desk, release_id)
    if output is not None:
        for name, data in files.items():
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            write_new(output / name, data)
    return [{"file": name, "bytes": len(data)} for name, data in sorted(files.items())]


@release.command()
@click.argument("release_id")
@at_desk
def sign(desk: Desk, release_id: str) -> Any:
    """Sign a prepared release as one of the two persons it names."""
    from plumeline.workflows.release import sign_release  # noqa: PLC0415

    return {"release": release_id, "signed_as": sign_release(desk, release_id)}


@release.command()
@click.argument("release_id")
@click.option(
    "--urgency",
    type=click.Choice(["immediate", "priority", "routine"]),
    default="routine",
    show_default=True,
    help="How soon the recipient is asked to answer.",
)
@click.option(
    "--timestamp", type=click.Path(path_type=Path), help="RFC 3161 response over release.dsse.json."
)
@_OUTPUT
@at_desk
def seal(desk: Desk, release_id: str, urgency: str, timestamp: Path | None, output: Path) -> Any:
    """Seal a release that two persons signed, and start its clock."""
    from plumeline.outcomes.events import Urgency  # noqa: PLC0415
    from plumeline.workflows.release import seal_release  # noqa: PLC0415

    stamp = timestamp.read_bytes() if timestamp is not None else None
    sealed = seal_release(desk, release_id, urgency=Urgency(urgency), timestamp=stamp)
    return {"package": write_new(output, sealed), "bytes": len(sealed)}


@release.command()
@click.argument("release_id")
@_OUTPUT
@at_desk
def fetch(desk: Desk, release_id: str, output: Path) -> Any:
    """Write a sealed package once more: the same bytes."""
    from plumeline.workflows.release import fetch_package  # noqa: PLC0415

    return {"package": write_new(output, fetch_package(desk, release_id))}


@release.command()
@click.argument("case_id")
@click.argument("reason")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the notices."
)
@at_desk
def recall(desk: Desk, case_id: str, reason: str, output: Path) -> Any:
    """Withdraw a released case everywhere: one signed notice a package."""
    from plumeline.workflows.recall import recall as take_back  # noqa: PLC0415

    output.mkdir(parents=True, exist_ok=True)
    notices = take_back(desk, case_id, reason)
    return [write_new(output / f"{each}.recall.json", notice) for each, notice in notices.items()]


@release.command()
@click.argument("old")
@click.argument("new")
@click.argument("reason")
@_OUTPUT
@at_desk
def supersede(desk: Desk, old: str, new: str, reason: str, output: Path) -> Any:
    """Tell a recipient that release NEW replaces release OLD."""
    from plumeline.workflows.recall import supersede as replace  # noqa: PLC0415

    return {"notice": write_new(output, replace(desk, old, new, reason))}
