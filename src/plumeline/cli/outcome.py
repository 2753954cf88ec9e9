"""`plumeline outcome`: the clock, answers that came back, error claims, re-survey, closure, what outcomes teach."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumeline.cli.desk import at_desk, write_new

if TYPE_CHECKING:
    from plumeline.workflows.desk import Desk


@click.group()
def outcome() -> None:
    """What became of a package: due dates, answers, outcomes, re-survey, closure."""


@outcome.command()
@at_desk
def clock(desk: Desk) -> Any:
    """Every hand-over you may see, most overdue first."""
    from plumeline.workflows.handovers import clock as lines  # noqa: PLC0415

    return lines(desk)


@outcome.command()
@click.argument("handover")
@at_desk
def delivered(desk: Desk, handover: str) -> None:
    """Record that the sealed file arrived."""
    from plumeline.workflows.handovers import delivered as record  # noqa: PLC0415

    record(desk, handover)


@outcome.command()
@click.argument("handover")
@at_desk
def reminded(desk: Desk, handover: str) -> None:
    """Record that a reminder was sent."""
    from plumeline.workflows.handovers import reminded as record  # noqa: PLC0415

    record(desk, handover)


@outcome.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@at_desk
def answer(desk: Desk, file: Path) -> Any:
    """Enter the signed answer FILE that a recipient sent back."""
    from plumeline.workflows.handovers import enter_answer  # noqa: PLC0415

    handover, said = enter_answer(desk, file.read_bytes(), where=str(file))
    return {"handover": handover, "answer": said}


@outcome.command()
@click.argument("handover")
@click.argument("decision", type=click.Choice(["upheld", "rejected"]))
@click.argument("reason")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Folder for the recall notices of an upheld claim.",
)
@at_desk
def claim(desk: Desk, handover: str, decision: str, reason: str, output: Path | None) -> Any:
    """Decide an error claim; an upheld one withdraws the case everywhere.

    \f

    Raises:
        ConfigurationError: an upheld claim, and no folder for its notices.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.errors import ConfigurationError  # noqa: PLC0415
    from plumeline.workflows.handovers import decide_claim  # noqa: PLC0415

    if decision == "upheld" and output is None:
        raise ConfigurationError("an upheld claim gives recall notices", remedy="say where they go with -o")
    notices = decide_claim(desk, handover, upheld=decision == "upheld", reason=reason)
    if output is None:
        return {"handover": handover, "claim": decision}
    output.mkdir(parents=True, exist_ok=True)
    return [write_new(output / f"{each}.recall.json", notice) for each, notice in notices.items()]


@outcome.command()
@click.argument("case_id")
@click.argument("result", type=click.Path(exists=True, path_type=Path))
@at_desk
def resurvey(desk: Desk, case_id: str, result: Path) -> Any:
    """Enter the result folder RESULT of a flight after the action."""
    from plumeline.workflows.handovers import record_resurvey  # noqa: PLC0415
    from plumeline.workflows.located import located_from_folder  # noqa: PLC0415

    return record_resurvey(desk, case_id, located_from_folder(result))


@outcome.command()
@click.argument("case_id")
@click.argument("handover")
@at_desk
def close(desk: Desk, case_id: str, handover: str) -> None:
    """Close a case on the strength of a re-survey after the action."""
    from plumeline.workflows.handovers import close_case  # noqa: PLC0415

    close_case(desk, case_id, handover)


@outcome.command()
@at_desk
def rates(desk: Desk) -> Any:
    """Response rate by distinct source."""
    from plumeline.workflows.handovers import answers_rate  # noqa: PLC0415

    return answers_rate(desk)


@outcome.command()
@at_desk
def reliability(desk: Desk) -> Any:
    """What outcomes say about the scores: counts and intervals; nothing is tuned by it."""
    from plumeline.workflows.handovers import reliability_table  # noqa: PLC0415

    return reliability_table(desk)
