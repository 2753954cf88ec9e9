"""`plumeline verify` and `plumeline package`: what a recipient does with a sealed file, without any store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumeline.cli.desk import at_desk, say, write_files, write_new

if TYPE_CHECKING:
    from plumeline.packages import Verified
    from plumeline.workflows.desk import Desk

ANSWERS = (
    "opened",
    "acknowledged",
    "accepted",
    "declined",
    "forwarded",
    "error-claimed",
    "acted",
    "outcome",
)
OUTCOMES = (
    "lab shut",
    "inactive on arrival",
    "benign",
    "not found",
    "moved",
    "arrests made",
    "no action",
    "unsafe",
)
"""As in `plumeline.outcomes`; written out so that no command waits for that room (a test compares them)."""
_FILE = click.argument("file", type=click.Path(exists=True, path_type=Path))
_CARD = click.option(
    "--card", type=click.Path(exists=True, path_type=Path), required=True, help="The originator's trust card."
)
_IDENTITY = click.option(
    "--identity", type=click.Path(exists=True, path_type=Path), help="Your age or SSH secret key file."
)
_TSA = click.option(
    "--tsa",
    type=click.Path(exists=True, path_type=Path),
    help="Root certificates (PEM) of the time-stamping authority, to check its stamp too.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")


def _checked(file: Path, card: Path, identity: Path | None, tsa: Path | None = None) -> Verified:
    from plumeline.packages import read_card, verify_package  # noqa: PLC0415

    return verify_package(
        file.read_bytes(),
        read_card(card.read_bytes(), where=str(card)),
        identity=identity.read_text(errors="replace") if identity else None,
        time_roots=tsa.read_bytes() if tsa else None,
        where=str(file),
    )


@click.command()
@_FILE
@_CARD
@_IDENTITY
@_TSA
@_JSON
def verify(file: Path, card: Path, identity: Path | None, tsa: Path | None, *, as_json: bool) -> int:
    """Check the sealed package FILE: that it is whole, who signed it, and that it stands in the originator's log.

    Needs no network and no store. Exit code 0 only if every check passes.

    \f

    Returns:
        Exit code.
    """  # noqa: D301 (click cuts the help at the form feed)
    checked = _checked(file, card, identity, tsa)
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
    files = _checked(file, card, identity).files
    say(f"{write_files(output, files)} files in {output}; start with data/open-me.html", as_json=False)
    return 0


@package.command()
@_FILE
@click.argument("kind", type=click.Choice(list(ANSWERS)))
@_CARD
@_IDENTITY
@click.option("--outcome", type=click.Choice(OUTCOMES), help="With KIND outcome: what was found or done.")
@click.option("--arrests", type=click.IntRange(0), help="With outcome “arrests made”: how many.")
@click.option("--reason", help="With a declined or error-claimed answer: why.")
@click.option("--onward", help="With KIND forwarded: to which organisation.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The answer file.")
def answer(file: Path, kind: str, card: Path, identity: Path | None, output: Path, **said: Any) -> int:
    """Check the package FILE and write a signed answer to it, for `plumeline outcome answer`.

    The page inside the package makes the same file in a browser.

    \f

    Returns:
        Exit code.
    """  # noqa: D301
    from datetime import UTC, datetime  # noqa: PLC0415

    from plumeline.workflows.answers import answer_package  # noqa: PLC0415

    made = answer_package(
        _checked(file, card, identity), time=datetime.now(UTC), kind=kind.replace("-", " "), **said
    )
    say({"answer": write_new(output, made)}, as_json=False)
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
