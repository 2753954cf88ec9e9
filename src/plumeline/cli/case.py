"""`plumeline case`: make a store, bring recordings in, open cases, look at them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumeline.cli.desk import at_desk, open_keys, read_json, say

if TYPE_CHECKING:
    from plumeline.workflows.desk import Desk


@click.group()
def case() -> None:
    """Recordings and cases: what came in, what was located, where it stands."""


@case.command()
@click.argument("store")
@click.option("--organisation", required=True, help="Identifier of the house, such as O-HOUSE.")
@click.option("--label", required=True, help="What the house is called.")
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    envvar="PLUMELINE_KEY",
    required=True,
    help="The first custodian's.",
)
@click.option("--exercise", is_flag=True, help="A store for exercises; that can never be changed.")
def init(store: str, organisation: str, label: str, key: Path, *, exercise: bool) -> int:
    """Make an empty case store in the folder STORE (or at a postgresql+psycopg:// address).

    \f

    Returns:
        Exit code.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.access.actors import Organisation  # noqa: PLC0415
    from plumeline.workflows.desk import create_store  # noqa: PLC0415

    if "://" not in store:
        Path(store).mkdir(parents=True, exist_ok=True)
    house = Organisation(id=organisation, label=label)
    create_store(store, organisation=house, custodian=open_keys(key), exercise=exercise)
    say(f"case store made for {organisation}{' (EXERCISE)' if exercise else ''}", as_json=False)
    return 0


@case.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--authority", required=True, help="Under which authority it was flown.")
@click.option("--label", required=True, help="What the recording is; never a path or a name.")
@click.option(
    "--position-sigma",
    "position_sigma_m",
    type=float,
    required=True,
    help="Standard error of a position [m].",
)
@click.option(
    "--compartment", "compartments", multiple=True, help="Who lacks one of these sees nothing of it."
)
@at_desk
def ingest(desk: Desk, path: Path, **options: Any) -> Any:
    """Hold the recordings at PATH against an authority and quarantine what departs from it."""
    from plumeline.workflows.ingest import load_survey  # noqa: PLC0415
    from plumeline.workflows.intake import ingest as take_in  # noqa: PLC0415

    options["compartments"] = frozenset(options["compartments"])
    done = take_in(desk, load_survey(path), **options)
    return {"recording": done.recording, "fence": done.replay.report}


@case.command("open")
@click.argument("result", type=click.Path(path_type=Path))
@click.option("--recording", required=True, help="The ingested recording that the result rests on.")
@click.option("--marking", type=click.Path(path_type=Path), required=True, help="JSON file: who may see it.")
@click.option(
    "--override", "override_ground", help="Why quarantined samples may be used; the package shows it."
)
@at_desk
def open_(desk: Desk, result: Path, recording: str, marking: Path, override_ground: str | None) -> Any:
    """Open a case with the result folder RESULT of `plumeline locate`."""
    from plumeline.access.actors import Marking  # noqa: PLC0415
    from plumeline.access.records import from_plain  # noqa: PLC0415
    from plumeline.workflows.located import located_from_folder  # noqa: PLC0415
    from plumeline.workflows.opening import open_case  # noqa: PLC0415

    who = from_plain(Marking, read_json(marking), where=str(marking))
    return {
        "case": open_case(desk, recording, located_from_folder(result), who, override_ground=override_ground)
    }


@case.command("list")
@click.option("--state", help="Only those in this state.")
@click.option("--box", help="Only those near here: west,south,east,north in degrees.")
@at_desk
def list_(desk: Desk, state: str | None, box: str | None) -> Any:
    """The cases you may see.

    \f

    Raises:
        ConfigurationError: the box is not four numbers.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.errors import ConfigurationError  # noqa: PLC0415
    from plumeline.store.cases_places import Box  # noqa: PLC0415
    from plumeline.workflows.review import list_cases  # noqa: PLC0415

    window = None
    if box is not None:
        try:
            west, south, east, north = (float(part) for part in box.split(","))
        except ValueError:
            raise ConfigurationError("--box needs four numbers", remedy="west,south,east,north") from None
        window = Box(west=west, south=south, east=east, north=north)
    return [
        {"case": head.id, "state": head.state, "events": head.version, "on_hold": head.on_hold}
        for head in list_cases(desk, state=state, box=window)
    ]


@case.command()
@click.argument("case_id")
@at_desk
def show(desk: Desk, case_id: str) -> Any:
    """One case; a reviewer sees the machine's scores only after the own blind score."""
    from plumeline.workflows.review import show_case  # noqa: PLC0415

    view = show_case(desk, case_id)
    found = view.case
    return {
        "case": found.id,
        "state": found.state.value,
        "on_hold": found.on_hold,
        "findings": found.dossier.findings,
        "basis": found.dossier.basis,
        "machine_scores": view.scores if view.scores is not None else "hidden until you have scored blind",
        "blind_scores": [[r.actor, r.event] for r in found.scores],
        "dissents": [[r.actor, r.event] for r in found.dissents],
        "conclusion": found.conclusion.event if found.conclusion else None,
        "missing": found.sections.missing(),
        "releases": [r.event for r in found.releases],
        "resurveys": [r.event for r in found.resurveys],
        "reactivation_of": found.dossier.reactivation_of,
    }


@case.command()
@click.argument("case_id")
@click.argument("file", type=click.Path(path_type=Path))
@at_desk
def sections(desk: Desk, case_id: str, file: Path) -> Any:
    """Write the supplied parts of the dossier from the JSON FILE."""
    from plumeline.access.records import from_plain  # noqa: PLC0415
    from plumeline.cases.sections import Sections  # noqa: PLC0415
    from plumeline.workflows.review import set_sections  # noqa: PLC0415

    written = from_plain(Sections, read_json(file), where=str(file))
    set_sections(desk, case_id, written)
    return {"case": case_id, "missing": written.missing()}


@case.command()
@click.argument("case_id")
@click.argument("text")
@at_desk
def note(desk: Desk, case_id: str, text: str) -> None:
    """Remark TEXT on a case."""
    from plumeline.workflows.review import add_note  # noqa: PLC0415

    add_note(desk, case_id, text)


@case.command()
@click.argument("case_id")
@click.argument("reason")
@click.option("--lift", is_flag=True, help="Lift the hold instead.")
@at_desk
def hold(desk: Desk, case_id: str, reason: str, *, lift: bool) -> None:
    """Set (or lift) a legal hold."""
    from plumeline.workflows.review import hold as set_hold  # noqa: PLC0415

    set_hold(desk, case_id, reason, lift=lift)


@case.command()
@click.argument("case_id")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Where the certificate goes."
)
@at_desk
def delete(desk: Desk, case_id: str, output: Path) -> Any:
    """Destroy a case's content at the end of its retention, and write the signed certificate."""
    from plumeline.cli.desk import write_new  # noqa: PLC0415
    from plumeline.workflows.review import delete_expired  # noqa: PLC0415

    return {"certificate": write_new(output, delete_expired(desk, case_id))}
