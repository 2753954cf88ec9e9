"""`plumeline demo`: the whole path on a shipped flight with known truth."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="demo.plumeline",
    show_default=True,
    help="Folder to make.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Random seed.")
@click.option("--force", is_flag=True, help="Replace an existing folder, which is kept as a backup.")
@click.option(
    "--flight",
    type=click.Path(path_type=Path),
    help="Also put the flight itself into this new folder: its table, what its crew declared, footprints.",
)
@click.option("--quiet", is_flag=True, help="No progress, no summary.")
def demo(*, output: Path, seed: int, force: bool, flight: Path | None, quiet: bool) -> None:
    """Locate the source of a shipped flight, in its logger's own format, and show the answer beside the truth.

    The folder `sites` in the result holds a page on what the source may be, whose, and whom it concerns.

    \f

    Raises:
        PlumelineError: see `plumeline.errors`.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.cli.progress import shown_progress  # noqa: PLC0415 (heavy imports wait for their command)
    from plumeline.cli.summary import summary_lines  # noqa: PLC0415
    from plumeline.workflows.demo import copy_flight  # noqa: PLC0415
    from plumeline.workflows.demo import demo as run  # noqa: PLC0415

    if flight is not None:
        copy_flight(flight)
    with shown_progress(quiet=quiet) as progress:
        result = run(output, seed=seed, force=force, progress=progress)
    if not quiet:
        click.echo("\n".join(summary_lines(result)))
        click.echo(f"and {output / 'sites' / 'site-A.html'} for what it may be, whose, and whom it concerns")
