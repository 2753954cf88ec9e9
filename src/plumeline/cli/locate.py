"""`plumeline locate`: from a recorded survey to located sources."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import numpy as np

    from plumeline.workflows.columns import ColumnRequest

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("surveys", metavar="SURVEY...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder to make.  [default: NAME.plumeline here]"
)
@click.option("--seed", type=click.IntRange(0), help="Random seed; same seed and input, same bytes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; files only with -o.")
@click.option(
    "--basemap", type=FILE, help="Map of the site for the report: GeoJSON, GeoPackage, MBTiles, picture."
)
@click.option("--mapping", type=FILE, help="How to read a table that is not built in (TOML).")
@click.option("--start", metavar="TIME", help="Use readings from this time on, UTC, like 2026-03-02T09:40.")
@click.option("--end", metavar="TIME", help="Use readings before this time.")
@click.option("--species", multiple=True, metavar="NAME", help="Use only this species; may be repeated.")
@click.option("--response", type=FILE, help="How the sensors answer to gases: [[response]] sections (TOML).")
@click.option(
    "--columns",
    type=FILE,
    multiple=True,
    help="Column layer of `plumeline image` (GeoTIFF); may be repeated.",
)
@click.option(
    "--columns-wind",
    metavar="SPEED,FROM[,ERROR]",
    help="Wind when the columns were taken: m/s, degrees clockwise from north, m/s.  [default: the flight's mean]",
)
@click.option("--columns-time", metavar="TIME", help="When the columns were taken, UTC.")
@click.option("--leave-out", type=FILE, help="Samples that may not be used: what `case ingest` quarantined.")
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Change one setting; may be repeated."
)
@click.option("--config", type=FILE, help="TOML file of settings.")
@click.option("--force", is_flag=True, help="Replace an existing folder, which is kept as a backup.")
@click.option("--quiet", is_flag=True, help="No progress, no summary.")
def locate(  # noqa: PLR0913 (one argument an option)
    *,
    surveys: tuple[Path, ...],
    output: Path | None,
    seed: int | None,
    as_json: bool,
    basemap: Path | None,
    mapping: Path | None,
    start: str | None,
    end: str | None,
    species: tuple[str, ...],
    response: Path | None,
    columns: tuple[Path, ...],
    columns_wind: str | None,
    columns_time: str | None,
    leave_out: Path | None,
    assignments: tuple[str, ...],
    config: Path | None,
    force: bool,
    quiet: bool,
) -> None:
    """Find where the gas in SURVEY is emitted, how much, and how surely.

    SURVEY is a recording, a folder of recordings of one flight, or a survey file (TOML). Several flights and sensors of
    one place share their sources in one answer, each with its own wind error and background. The result is a folder with a
    report to open in any browser, a GeoPackage for QGIS, GeoJSON, NetCDF and JSON. Exit code 0 also when nothing is
    found: the answer is then what would have been seen.

    \f

    Raises:
        UsageError: there is neither a survey nor a column layer.
        PlumelineError: see `plumeline.errors`.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.cli.progress import shown_progress  # noqa: PLC0415 (heavy imports wait for their command)
    from plumeline.cli.summary import summary_lines  # noqa: PLC0415
    from plumeline.workflows.locate import LocateRequest, json_text, settings_from  # noqa: PLC0415
    from plumeline.workflows.locate import locate as run  # noqa: PLC0415

    if not surveys and not columns:
        raise click.UsageError("give a SURVEY, or --columns")
    if output is None and not as_json:
        output = Path("+".join(one.resolve().stem for one in (*surveys, *columns)) + ".plumeline")
    request = LocateRequest(
        survey=surveys[0] if surveys else None,
        more=surveys[1:],
        columns=_columns(columns, columns_wind, columns_time),
        output=output,
        mapping=mapping,
        start=_time(start, "--start"),
        end=_time(end, "--end"),
        species=species,
        response=response,
        leave_out=leave_out,
        settings=settings_from(config, assignments, seed),
        basemap=basemap,
        force=force,
    )
    with shown_progress(quiet=quiet) as progress:
        result = run(request, progress)
    if as_json:
        click.echo(json_text(result.document), nl=False)
    elif not quiet:
        click.echo("\n".join(summary_lines(result)))


def _columns(paths: tuple[Path, ...], wind: str | None, time: str | None) -> tuple[ColumnRequest, ...]:
    """The column layers with what was stated of them.

    Raises:
        BadParameter: the wind or the time cannot be read.
        UsageError: they are given without a layer.
    """
    if not paths:
        if wind or time:
            raise click.UsageError("--columns-wind and --columns-time are for --columns")
        return ()
    from plumeline.workflows.columns import ColumnRequest, stated_wind  # noqa: PLC0415 (heavy)

    blown = None
    if wind is not None:
        blown = stated_wind(wind)
        if blown is None:
            raise click.BadParameter(
                f"{wind!r} is not SPEED,FROM or SPEED,FROM,ERROR like 3.5,240,0.5",
                param_hint="--columns-wind",
            )
    when = _time(time, "--columns-time")
    return tuple(ColumnRequest(path=path, wind=blown, time=when) for path in paths)


def _time(text: str | None, option: str) -> np.datetime64 | None:
    if text is None:
        return None
    import numpy as np  # noqa: PLC0415 (slow to import)

    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a time like 2026-03-02T09:40", param_hint=option) from None
    if when.tzinfo is not None:
        when = when.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(when, "ms")
