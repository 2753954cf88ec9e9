"""`plumeline assess`: from located flights to sites, what they may be, whose, and whom they concern."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from plumeline.workflows.assess import AssessRequest

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


_OPTIONS = (
    click.option(
        "--footprints", type=FILE, help="Building footprints: CSV, GeoJSONL, OSM, GeoPackage, Parquet, …"
    ),
    click.option("--register", type=FILE, help="Known places: CSV with category, lon, lat; or OSM."),
    click.option("--osm", type=FILE, help="OpenStreetMap extract, for schools and clinics."),
    click.option("--population", type=FILE, help="GeoTIFF with people per cell (WorldPop, GHS-POP)."),
    click.option("--vintage", default="", metavar="YEAR", help="Year of the people.  [from the file's name]"),
    click.option(
        "--wind", metavar="FROM,SPEED", help="Wind at the site: degrees it comes from, m/s.  [last flight]"
    ),
    click.option(
        "--forecast",
        multiple=True,
        metavar="TIME,FROM,SPEED",
        help="Wind to come, for the approach; can be repeated.",
    ),
    click.option("--room", metavar="M3,M3", help="Volume of the room behind the vent.  [30,300]"),
    click.option("--air-changes", metavar="N,N", help="Its air changes per hour.  [0.3,6]"),
    click.option(
        "--utc-offset", type=float, default=0.0, show_default=True, help="Local time minus UTC [h]."
    ),
    click.option("--now", metavar="TIME", help="Time to speak of, UTC.  [the last flight]"),
    click.option(
        "--prior",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        help="Prior of “unexplained”.",
    ),
    click.option("--pack", type=FILE, help="Sealed, signed pack of an agency's own profiles."),
    click.option("--pack-key", type=FILE, help="Public key that the pack must be signed with (PEM)."),
    click.option("--pack-identity", type=FILE, help="Your age identity that opens the pack."),
)
"""What can be said beside the flights."""


def assess_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that stand beside flights; `request_of` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def request_of(flights: tuple[Path, ...], *, is_exercise: bool, **beside: Any) -> AssessRequest:
    """What to assess, from the options as they were given.

    Args:
        flights: result folders or surveys.
        is_exercise: whether to mark everything as an exercise.
        beside: values of `assess_options`.

    Returns:
        The request.

    Raises:
        PlumelineError: an option is no wind or no time, or the pack does not open.
    """
    from plumeline.facilities import Prior  # noqa: PLC0415 (heavy imports wait for their command)
    from plumeline.workflows import assess_words as read  # noqa: PLC0415
    from plumeline.workflows.assess import AssessRequest  # noqa: PLC0415
    from plumeline.workflows.profile_pack import open_pack  # noqa: PLC0415

    pack = beside["pack"]
    return AssessRequest(
        flights=flights,
        footprints=beside["footprints"],
        register=beside["register"],
        osm=beside["osm"],
        population=beside["population"],
        vintage=beside["vintage"],
        wind=read.parse_wind(beside["wind"]) if beside["wind"] else None,
        forecast=tuple(read.parse_forecast(one) for one in beside["forecast"]),
        room=read.parse_room(beside["room"], beside["air_changes"]),
        utc_offset_h=beside["utc_offset"],
        now=read.parse_now(beside["now"]) if beside["now"] else None,
        prior=Prior(unexplained=beside["prior"]) if beside["prior"] else Prior(),
        profiles=open_pack(pack, beside["pack_key"], beside["pack_identity"]) if pack is not None else (),
        is_exercise=is_exercise,
    )


@click.command()
@click.argument("flights", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder to make.")
@assess_options
@click.option("--exercise", is_flag=True, help="Mark everything as an exercise.")
@click.option("--force", is_flag=True, help="Replace an existing folder, which is kept as a backup.")
def assess(flights: tuple[Path, ...], *, output: Path, exercise: bool, force: bool, **beside: Any) -> None:
    """Say what the sources of FLIGHTS may be, benign explanations first.

    FLIGHTS are result folders of `plumeline locate`, or surveys, which are located first. Each site gets a JSON
    document, and a page and a one-page responder sheet in both languages. What was not given (footprints, a register, a
    population grid, the wind) is shown as unknown.

    \f

    Raises:
        PlumelineError: see `plumeline.errors`.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.workflows.assess import assess as run  # noqa: PLC0415 (heavy imports wait for their command)
    from plumeline.workflows.assess_output import write_sites  # noqa: PLC0415

    sites = run(request_of(flights, is_exercise=exercise, **beside))
    if not sites:
        click.echo("no flight located a source: nothing to assess; see each flight's detection limits")
        return
    files, left_out = write_sites(sites, output, force=force)
    for found in sites:
        click.echo(
            f"site {found.site.label}: {found.explanations.verdict.value} – {found.explanations.reason}; "
            f"{found.activity.state.value}; {len(found.site.sightings)} hit(s)"
        )
    for line in left_out:
        click.echo(f"left out: {line}", err=True)
    click.echo(f"{len(files)} files in {output}")
