"""`plumeline policy`: keys, actors, organisations, authorities, and rules with effective dates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumeline.cli.desk import at_desk, passphrase, read_json, say

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
@at_desk
def admit(desk: Desk, file: Path) -> Any:
    """Enter or change an actor from the JSON FILE."""
    from plumeline.access.actors import Actor  # noqa: PLC0415
    from plumeline.access.records import from_plain  # noqa: PLC0415
    from plumeline.workflows.desk import admit as enter  # noqa: PLC0415

    actor = from_plain(Actor, read_json(file), where=str(file))
    enter(desk, actor)
    return {"admitted": actor.id}


@policy.command()
@_FILE
@at_desk
def organisation(desk: Desk, file: Path) -> Any:
    """Enter or change a partner organisation from the JSON FILE."""
    from plumeline.access.actors import Organisation  # noqa: PLC0415
    from plumeline.access.records import from_plain  # noqa: PLC0415
    from plumeline.workflows.desk import enter_organisation  # noqa: PLC0415

    entered = from_plain(Organisation, read_json(file), where=str(file))
    enter_organisation(desk, entered)
    return {"entered": entered.id}


@policy.command()
@_FILE
@at_desk
def authority(desk: Desk, file: Path) -> Any:
    """Sign and enter a version of an authority from the JSON FILE."""
    from plumeline.access.authority import Authority  # noqa: PLC0415
    from plumeline.access.records import from_plain  # noqa: PLC0415
    from plumeline.workflows.authorities import issue_authority  # noqa: PLC0415

    issued = from_plain(Authority, read_json(file), where=str(file))
    issue_authority(desk, issued)
    return {"authority": issued.id, "version": issued.version}


@policy.command()
@_FILE
@at_desk
def rule(desk: Desk, file: Path) -> Any:
    """Enter a version of a rule from the JSON FILE, and list the cases it affects."""
    from plumeline.access.records import from_plain  # noqa: PLC0415
    from plumeline.cases.rules import Rule  # noqa: PLC0415
    from plumeline.workflows.review import enter_rule  # noqa: PLC0415

    entered = from_plain(Rule, read_json(file), where=str(file))
    return {"rule": entered.id, "version": entered.version, "affected_cases": enter_rule(desk, entered)}


@policy.command()
@at_desk
def affected(desk: Desk) -> Any:
    """Cases whose release is blocked because the rules changed."""
    from plumeline.workflows.review import affected_cases  # noqa: PLC0415

    return affected_cases(desk)
