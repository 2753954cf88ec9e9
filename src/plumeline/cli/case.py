"""`plumeline case`: make a store, bring recordings in, open cases, look at them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumeline.cli.assess import assess_options
from plumeline.cli.desk import at_desk, new_file, open_keys, read_json, say, write_new

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
@click.option(
    "--quarantine",
    type=click.Path(path_type=Path),
    help="Also write the samples that may not be used, for `locate --leave-out`.",
)
@at_desk
def ingest(desk: Desk, path: Path, quarantine: Path | None, **options: Any) -> Any:
    """Hold the recordings at PATH against an authority and quarantine what departs from it."""
    from plumeline.workflows.ingest import load_survey  # noqa: PLC0415
    from plumeline.workflows.intake import ingest as take_in  # noqa: PLC0415

    options["compartments"] = frozenset(options["compartments"])
    survey = load_survey(path)
    done = take_in(desk, survey, **options)
    answer = {
        "recording": done.recording,
        "sensors": sorted({str(name) for d in survey.datasets for name in d["sensor_name"].to_numpy()}),
        "fence": done.replay.report,
    }
    if quarantine is not None:
        listed = {"recording": done.recording, "quarantined": done.entered.quarantined}
        answer["quarantine"] = write_new(quarantine, json.dumps(listed, indent=1).encode() + b"\n")
    return answer


@case.command("open")
@click.argument("result", type=click.Path(path_type=Path))
@click.option("--recording", required=True, help="The ingested recording that the result rests on.")
@click.option("--marking", type=click.Path(path_type=Path), required=True, help="JSON file: who may see it.")
@click.option("--source", "sources", multiple=True, help="Only this source, such as S1; may be repeated.")
@click.option(
    "--override", "override_ground", help="Why quarantined samples may be used; the package shows it."
)
@at_desk
def open_(
    desk: Desk,
    result: Path,
    recording: str,
    marking: Path,
    sources: tuple[str, ...],
    override_ground: str | None,
) -> Any:
    """Open a case with the result folder RESULT of `plumeline locate` or `plumeline demo`."""
    from plumeline.access.actors import Marking  # noqa: PLC0415
    from plumeline.access.records import from_plain  # noqa: PLC0415
    from plumeline.workflows.located import located_from_folder  # noqa: PLC0415
    from plumeline.workflows.opening import open_case  # noqa: PLC0415

    who = from_plain(Marking, read_json(marking), where=str(marking))
    located = located_from_folder(result).only(sources)
    return {"case": open_case(desk, recording, located, who, override_ground=override_ground)}


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
@click.option(
    "--as-of",
    metavar="TIME",
    help="As it stood at the end of this second, minute, hour or day, like 2026-03-02T09:40Z or 2026-03-02 (UTC), "
    "under the rules in force then.",
)
@at_desk
def show(desk: Desk, case_id: str, as_of: str | None) -> Any:
    """One case; a reviewer sees the machine's scores only after the own blind score."""
    from plumeline.access.records import utc_end  # noqa: PLC0415
    from plumeline.workflows.review import show_case  # noqa: PLC0415

    view = show_case(desk, case_id, as_of=utc_end(as_of) if as_of is not None else None)
    found = view.case
    return {
        "as_of": view.as_of,
        "case": found.id,
        "state": found.state.value,
        "on_hold": found.on_hold,
        "findings": found.dossier.findings,
        "basis": found.dossier.basis,
        "machine_scores": view.scores if view.scores is not None else "hidden until you have scored blind",
        "blind_scores": [[r.actor, r.event] for r in found.scores],
        "dissents": [[r.actor, r.event] for r in found.dissents],
        "conclusion": found.conclusion.event if found.conclusion else None,
        "rules_in_force": [
            {"rule": rule.id, "version": rule.version, "effect": rule.effect.value, "title": rule.title}
            for rule in view.rules
        ],
        "rules_changed_since_approval": view.rules_changed,
        "missing": found.sections.missing(),
        "releases": [r.event for r in found.releases],
        "resurveys": [r.event for r in found.resurveys],
        "reactivation_of": found.dossier.reactivation_of,
    }


@case.command()
@click.argument("case_id")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--from",
    "flights",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Result folder of `locate` to make them from; may be repeated.",
)
@assess_options
@at_desk
def sections(desk: Desk, case_id: str, file: Path | None, flights: tuple[Path, ...], **beside: Any) -> Any:
    """Write the supplied parts of the dossier: made from results, or from the JSON FILE, or both.

    With --from, explanations, buildings, neighbours, responder sheet and unknowns are what `plumeline assess` says
    about the case's place; a part that stands in FILE replaces the made one.

    \f

    Raises:
        ConfigurationError: neither results nor a file was given.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.cli.assess import request_of  # noqa: PLC0415
    from plumeline.errors import ConfigurationError  # noqa: PLC0415
    from plumeline.workflows.dossier_parts import write_parts  # noqa: PLC0415

    if file is None and not flights:
        raise ConfigurationError(
            "there is nothing to make the parts from", remedy="give --from RESULT or a FILE"
        )
    request = request_of(flights, is_exercise=desk.exercise, **beside) if flights else None
    written = write_parts(desk, case_id, request, read_json(file) if file is not None else {})
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
    from plumeline.workflows.deletion import delete_expired  # noqa: PLC0415

    with new_file(output) as write:
        write(delete_expired(desk, case_id))
    return {"certificate": str(output)}
