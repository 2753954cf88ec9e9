"""`plumeline verify` and `plumeline package`: what a recipient does with a sealed file, without any store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumeline.cli.desk import at_desk, say, write_new

if TYPE_CHECKING:
    from plumeline.workflows.desk import Desk

_FILE = click.argument("file", type=click.Path(exists=True, path_type=Path))
_CARD = click.option(
    "--card", type=click.Path(exists=True, path_type=Path), required=True, help="The originator's trust card."
)
_IDENTITY = click.option(
    "--identity", type=click.Path(exists=True, path_type=Path), help="Your age or SSH secret key file."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")


@click.command()
@_FILE
@_CARD
@_IDENTITY
@_JSON
def verify(file: Path, card: Path, identity: Path | None, *, as_json: bool) -> int:
    """Check the sealed package FILE: that it is whole, who signed it, and that it stands in the originator's log.

    Needs no network and no store. Exit code 0 only if every check passes.

    \f

    Returns:
        Exit code.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.packages import read_card, verify_package  # noqa: PLC0415

    checked = verify_package(
        file.read_bytes(),
        read_card(card.read_bytes(), where=str(card)),
        identity=identity.read_text() if identity else None,
        where=str(file),
    )
    predicate = checked.predicate
    say(
        {
            "release": predicate.release,
            "case": predicate.case,
            "recipient": predicate.recipient,
            "originator": predicate.originator,
            "exercise": predicate.exercise,
            "marking": checked.content.handling.tlp.value,
            "permitted_use": [use.en for use in checked.content.handling.permitted_use],
            "checks": list(checked.checks),
            "verified": True,
        },
        as_json=as_json,
    )
    return 0


@click.group()
def package() -> None:
    """Open packages and read notices; write the trust card."""


@package.command("open")
@_FILE
@_CARD
@_IDENTITY
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A new folder.")
def open_(file: Path, card: Path, identity: Path | None, output: Path) -> int:
    """Check the package FILE, then write its files into a new folder.

    \f

    Returns:
        Exit code.
    """  # noqa: D301
    from plumeline.packages import read_card, verify_package  # noqa: PLC0415

    checked = verify_package(
        file.read_bytes(),
        read_card(card.read_bytes(), where=str(card)),
        identity=identity.read_text() if identity else None,
        where=str(file),
    )
    for name, data in checked.files.items():
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        write_new(output / name, data)
    say(f"{len(checked.files)} files in {output}; start with data/open-me.html", as_json=False)
    return 0


@package.command()
@_FILE
@_CARD
@_JSON
def notice(file: Path, card: Path, *, as_json: bool) -> int:
    """Check a recall or supersede notice and say what it asks.

    \f

    Returns:
        Exit code.
    """  # noqa: D301
    from plumeline.packages import read_card, read_notice  # noqa: PLC0415

    say(
        read_notice(file.read_bytes(), read_card(card.read_bytes(), where=str(card)), where=str(file)),
        as_json=as_json,
    )
    return 0


@package.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Where the card goes.")
@at_desk
def card(desk: Desk, output: Path) -> Any:
    """Write the trust card that recipients must get on another way than the packages."""
    from plumeline.workflows.desk import card_bytes, trust_card  # noqa: PLC0415

    return {"card": write_new(output, card_bytes(trust_card(desk)))}
