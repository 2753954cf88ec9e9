"""`plumeline exercise`: blind exercises with known truth, marked EXERCISE everywhere."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.group()
def exercise() -> None:
    """Blind exercises: make one, answer it, score it, see what was missed (English and Spanish)."""


@exercise.command()
@click.argument("scenario")
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0), help="Same seed, same exercise."
)
@click.option(
    "--language", default="en", show_default=True, type=click.Choice(["en", "es"]), help="Of all pages."
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="New or empty folder.",
)
def new(scenario: str, seed: int, language: str, output: Path) -> None:
    """Make an exercise from SCENARIO (a TOML file or a shipped name)."""
    from plumeline.workflows.exercise import new as make  # noqa: PLC0415 (heavy imports wait for their command)

    folder = make(scenario, seed=seed, root=output, language=language)
    click.echo(f"{folder.facts()['id']}\ntrainees get   {output} without {folder.instructor.name}/")
    click.echo(f"instructor has {folder.instructor}")


@exercise.command()
@FOLDER
@click.option(
    "--result", type=click.Path(path_type=Path, exists=True), help="Folder written by `plumeline locate`."
)
def answer(folder: Path, result: Path | None) -> None:
    """Hand in the filled-in answer.toml of FOLDER, or a result of `plumeline locate`. An answer is final."""
    from plumeline.workflows.exercise import hand_in  # noqa: PLC0415

    click.echo(f"EXERCISE: answer taken in as {hand_in(folder, result=result).answer}")


@exercise.command()
@FOLDER
def score(folder: Path) -> None:
    """Break the seal of FOLDER and score its answer."""
    from plumeline.workflows.exercise import score as mark  # noqa: PLC0415

    marked = mark(folder)
    click.echo(f"EXERCISE: {marked.points:.0f} of 100")
    for name, points in marked.parts.items():
        click.echo(f"  {name.replace('_', ' '):16} {points:+.0f}")


@exercise.command()
@FOLDER
def debrief(folder: Path) -> None:
    """Write the debrief page of FOLDER: points, map of truth against answer, evidence that was missed."""
    from plumeline.workflows.exercise import debrief as write  # noqa: PLC0415

    click.echo(f"EXERCISE: {write(folder)}")
