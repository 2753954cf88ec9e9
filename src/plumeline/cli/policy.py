"""`plumeline policy`: keys, actors, organisations, authorities, and rules with effective dates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumeline.cli.desk import at_desk, enter, passphrase, read_json, say

if TYPE_CHECKING:
    from plumeline.workflows.desk import Desk

_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def policy() -> None:
    """Who may act, under which authority, and by which rules."""


@policy.command()
@click.argument("badge")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")
def keygen(badge: str, file: Path, *, as_json: bool) -> int:
    """Make a key FILE for BADGE, such as A-7F3K2; the public halves are printed for the custodian.

    \f

    Returns:
        Exit code.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.access.keys import new_actor_keys, save_keys  # noqa: PLC0415

    keys = new_actor_keys(badge)
    save_keys(keys, file, passphrase(again=True))
    say(
        {"id": badge, "verify_key": keys.signing.public_hex, "sealing_key": keys.sealing_key}, as_json=as_json
    )
    return 0


@policy.command()
@_FILE
@click.option("--role", "roles", multiple=True, help="What the actor may do; may be repeated.")
@click.option("--compartment", "compartments", multiple=True, help="What it needs to know; may be repeated.")
@click.option("--organisation", help="For whom it acts.  [the house]")
@at_desk
def admit(
    desk: Desk, file: Path, roles: tuple[str, ...], compartments: tuple[str, ...], organisation: str | None
) -> Any:
    """Enter or change an actor from the JSON FILE that `policy keygen --json` printed.

    What an option says stands instead of the same field in the file.
    """
    from plumeline.access.actors import Actor  # noqa: PLC0415
    from plumeline.workflows.desk import admit as workflow  # noqa: PLC0415

    house = organisation or (desk.organisation if "organisation" not in read_json(file) else None)
    return enter(desk, file, Actor, workflow, roles=roles, compartments=compartments, organisation=house)


@policy.command()
@_FILE
@at_desk
def organisation(desk: Desk, file: Path) -> Any:
    """Enter or change a partner organisation from the JSON FILE."""
    from plumeline.access.actors import Organisation  # noqa: PLC0415
    from plumeline.workflows.desk import enter_organisation  # noqa: PLC0415

    return enter(desk, file, Organisation, enter_organisation)


@policy.command()
@_FILE
@at_desk
def authority(desk: Desk, file: Path) -> Any:
    """Sign and enter a version of an authority from the JSON FILE."""
    from plumeline.access.authority import Authority  # noqa: PLC0415
    from plumeline.workflows.authorities import issue_authority  # noqa: PLC0415

    return enter(desk, file, Authority, issue_authority)


@policy.command()
@_FILE
@at_desk
def rule(desk: Desk, file: Path) -> Any:
    """Enter a version of a rule from the JSON FILE, and list the cases it affects."""
    from plumeline.cases.rules import Rule  # noqa: PLC0415
    from plumeline.workflows.review import enter_rule  # noqa: PLC0415

    return enter(desk, file, Rule, enter_rule)


@policy.command()
@at_desk
def affected(desk: Desk) -> Any:
    """Cases whose release is blocked because the rules changed."""
    from plumeline.workflows.review import affected_cases  # noqa: PLC0415

    return affected_cases(desk)
