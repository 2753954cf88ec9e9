"""`plumeline release`: prepare for one recipient, two signatures, seal; recall and supersede."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumeline.cli.desk import at_desk, new_file, read_bytes, write_files, write_new

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
@click.option(
    "--raw",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="File or folder with the raw recordings, to put them in; without, only their digests are.",
)
@at_desk
def prepare(desk: Desk, case_id: str, recipient: str, supersedes: str | None, raw: tuple[Path, ...]) -> Any:
    """Put a package together for one recipient."""
    from plumeline.workflows.release import prepare_release  # noqa: PLC0415

    return {"release": prepare_release(desk, case_id, recipient, supersedes=supersedes, raw=raw)}


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
        write_files(output, files)
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
@_OUTPUT
@at_desk
def timestamp(desk: Desk, release_id: str, output: Path) -> Any:
    """Write an RFC 3161 request over a release that both signed, for `release seal --timestamp`."""
    from plumeline.workflows.release import timestamp_request  # noqa: PLC0415

    return {"request": write_new(output, timestamp_request(desk, release_id))}


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
    "--timestamp",
    "stamp",
    type=click.Path(path_type=Path),
    help="What a time-stamping authority answered to `release timestamp`.",
)
@_OUTPUT
@at_desk
def seal(desk: Desk, release_id: str, urgency: str, stamp: Path | None, output: Path) -> Any:
    """Seal a release that two persons signed, and start its clock."""
    from plumeline.outcomes.events import Urgency  # noqa: PLC0415
    from plumeline.workflows.release import seal_release  # noqa: PLC0415

    time = read_bytes(stamp) if stamp is not None else None
    with new_file(output) as write:
        sealed = seal_release(desk, release_id, urgency=Urgency(urgency), timestamp=time)
        write(sealed)
    return {"package": str(output), "bytes": len(sealed)}


@release.command()
@click.argument("release_id")
@click.option("--notice", is_flag=True, help="The last recall or supersede notice instead.")
@_OUTPUT
@at_desk
def fetch(desk: Desk, release_id: str, output: Path, *, notice: bool) -> Any:
    """Write a sealed package once more: the same bytes."""
    from plumeline.workflows.recall import fetch_notice  # noqa: PLC0415
    from plumeline.workflows.release import fetch_package  # noqa: PLC0415

    if notice:
        return {"notice": write_new(output, fetch_notice(desk, release_id))}
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

    with new_file(output) as write:
        write(replace(desk, old, new, reason))
    return {"notice": str(output)}
