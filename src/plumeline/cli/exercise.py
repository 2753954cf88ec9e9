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
    from plumeline.workflows.exercise import words  # noqa: PLC0415

    folder, text = make(scenario, seed=seed, root=output, language=language), words(language)
    trainees, instructor = text["trainees_get"], text["instructor_has"]
    click.echo(
        f"{folder.facts()['id']}\n{trainees}  {output} ({text['without']} {folder.instructor.name}/)\n"
        f"{instructor}  {folder.instructor}"
    )


@exercise.command()
@FOLDER
@click.option(
    "--result", type=click.Path(path_type=Path, exists=True), help="Folder written by `plumeline locate`."
)
def answer(folder: Path, result: Path | None) -> None:
    """Hand in the filled-in answer.toml of FOLDER, or a result of `plumeline locate`. An answer is final."""
    from plumeline.workflows.exercise import hand_in, words  # noqa: PLC0415

    taken = hand_in(folder, result=result)
    click.echo(f"EXERCISE: {words(taken.facts()['language'])['answered']} {taken.answer}")


@exercise.command()
@FOLDER
def score(folder: Path) -> None:
    """Break the seal of FOLDER and score its answer."""
    from plumeline.simulations.exercise import ExerciseFolder  # noqa: PLC0415
    from plumeline.workflows.exercise import score as mark  # noqa: PLC0415
    from plumeline.workflows.exercise import words  # noqa: PLC0415

    marked, facts = mark(folder), ExerciseFolder(root=folder).facts()
    text = words(facts["language"])
    click.echo(f"{facts['id']}: {text['score'].format(points=f'{marked.points:.0f}')}")
    for name, points in marked.parts.items():
        click.echo(f"  {points:+4.0f}  {text[f'parts_{name}']}")


@exercise.command()
@FOLDER
def debrief(folder: Path) -> None:
    """Write the debrief page of FOLDER: points, map of truth against answer, evidence that was missed."""
    from plumeline.workflows.exercise import debrief as write  # noqa: PLC0415

    click.echo(f"EXERCISE: {write(folder)}")
