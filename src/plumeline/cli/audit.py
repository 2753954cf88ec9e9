"""`plumeline audit`: read, sign, export and verify the audit log; `verify` needs no store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumeline.cli.desk import at_desk, say, write_new

if TYPE_CHECKING:
    from plumeline.workflows.desk import Desk


@click.group()
def audit() -> None:
    """The append-only log of reads, writes, decisions and refusals."""


@audit.command("list")
@click.option("--last", type=click.IntRange(1), default=50, show_default=True, help="At most this many.")
@at_desk
def list_(desk: Desk, last: int) -> Any:
    """The newest entries."""
    from plumeline.workflows.audits import list_log  # noqa: PLC0415

    return list_log(desk, last=last)


@audit.command()
@at_desk
def check(desk: Desk) -> Any:
    """Check the stored log against its own chain and every signed head."""
    from plumeline.workflows.audits import check_log  # noqa: PLC0415

    return check_log(desk)


@audit.command()
@at_desk
def head(desk: Desk) -> Any:
    """Sign the log's head and print it, for witnesses."""
    from plumeline.workflows.audits import sign_head  # noqa: PLC0415

    return sign_head(desk)


@audit.command()
@click.option("--without", multiple=True, help="Give entries of this compartment as hashes only.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Where it goes.")
@at_desk
def export(desk: Desk, without: tuple[str, ...], output: Path) -> Any:
    """Write the log as a file that verifies without the store."""
    from plumeline.workflows.audits import export_log  # noqa: PLC0415

    return {"log": write_new(output, export_log(desk, without=frozenset(without)).encode())}


@audit.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--card", type=click.Path(exists=True, path_type=Path), required=True, help="The originator's trust card."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")
def verify(file: Path, card: Path, *, as_json: bool) -> int:
    """Check the exported log FILE against its signed head, without any store.

    \f

    Returns:
        Exit code.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.access.ledger import verify_export  # noqa: PLC0415
    from plumeline.packages import read_card  # noqa: PLC0415

    trusted = read_card(card.read_bytes(), where=str(card))
    found, shown = verify_export(
        file.read_text(encoding="utf-8"), {trusted.log_name: trusted.log_key}, where=str(file)
    )
    say(
        {"log": found.origin, "entries": found.size, "shown_in_full": shown, "verified": True},
        as_json=as_json,
    )
    return 0
