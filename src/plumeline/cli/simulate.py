"""`plumeline simulate`: a flight with known truth."""

from __future__ import annotations

from pathlib import Path

import click
from click import UsageError


@click.command()
@click.argument("scenario", required=False)
@click.option("--suite", help="Simulate cases of a blind suite instead of a scenario.")
@click.option("--cases", default=1, show_default=True, type=click.IntRange(1), help="Cases of the suite.")
@click.option(
    "-l",
    "--library",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Spectral library, for a scenario of a cube.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Same seed, same bytes.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="New or empty folder.",
)
def simulate(
    scenario: str | None, suite: str | None, cases: int, library: Path | None, seed: int, output: Path
) -> None:
    """Simulate SCENARIO (a TOML file or a shipped name) or a suite; the truth is sealed in a folder of its own.

    A scenario with a table [cube] makes a thermal or short-wave cube as `plumeline image` reads it.

    \f

    Raises:
        UsageError: neither or both of scenario and suite were given.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.simulations.image_scenario import SHIPPED as CUBES  # noqa: PLC0415 (same)
    from plumeline.simulations.scenario import SHIPPED  # noqa: PLC0415 (heavy imports wait for their command)
    from plumeline.simulations.suites import SUITES  # noqa: PLC0415
    from plumeline.workflows.simulate import simulate_scenario, simulate_suite  # noqa: PLC0415

    if (scenario is None) == (suite is None):
        raise UsageError(
            f"give a scenario ({', '.join((*SHIPPED, *CUBES))}, or a TOML file) or --suite ({', '.join(SUITES)})"
        )
    if scenario is not None:
        case = simulate_scenario(scenario, seed=seed, folder=output, library=library)
        click.echo(
            f"instrument files  {case.flight}\nscene             {case.scene}\nsealed truth      {case.truth}"
        )
        return
    for case in simulate_suite(str(suite), seed=seed, count=cases, folder=output):
        click.echo(f"{case.root}")
