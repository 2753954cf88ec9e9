"""`plumeline assess`: from located flights to sites, what they may be, whose, and whom they concern."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("flights", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder to make.")
@click.option(
    "--footprints", type=FILE, help="Building footprints: CSV, GeoJSONL, OSM, GeoPackage, Parquet, …"
)
@click.option("--register", type=FILE, help="Known places: CSV with category, lon, lat; or OSM.")
@click.option("--osm", type=FILE, help="OpenStreetMap extract, for schools and clinics.")
@click.option("--population", type=FILE, help="GeoTIFF with people per cell (WorldPop, GHS-POP).")
@click.option(
    "--wind", metavar="FROM,SPEED", help="Wind at the site: degrees it comes from, m/s.  [last flight]"
)
@click.option("--utc-offset", type=float, default=0.0, show_default=True, help="Local time minus UTC [h].")
@click.option("--now", metavar="TIME", help="Time to speak of, UTC.  [the last flight]")
@click.option(
    "--prior", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Prior of “unexplained”."
)
@click.option("--pack", type=FILE, help="Sealed, signed pack of an agency's own profiles.")
@click.option("--pack-key", type=FILE, help="Public key that the pack must be signed with (PEM).")
@click.option("--pack-identity", type=FILE, help="Your age identity that opens the pack.")
@click.option("--exercise", is_flag=True, help="Mark everything as an exercise.")
@click.option("--force", is_flag=True, help="Replace an existing folder, which is kept as a backup.")
def assess(  # noqa: PLR0913 (one argument an option)
    *,
    flights: tuple[Path, ...],
    output: Path,
    footprints: Path | None,
    register: Path | None,
    osm: Path | None,
    population: Path | None,
    wind: str | None,
    utc_offset: float,
    now: str | None,
    prior: float | None,
    pack: Path | None,
    pack_key: Path | None,
    pack_identity: Path | None,
    exercise: bool,
    force: bool,
) -> None:
    """Say what the sources of FLIGHTS may be, benign explanations first.

    FLIGHTS are result folders of `plumeline locate`, or surveys, which are located first. Each site gets a page, a JSON
    document and a one-page responder sheet in English and Spanish. What was not given (footprints, a register, a
    population grid, the wind) is shown as unknown.

    \f

    Raises:
        PlumelineError: see `plumeline.errors`.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.facilities import Prior  # noqa: PLC0415 (heavy imports wait for their command)
    from plumeline.workflows.assess import AssessRequest, parse_now, parse_wind  # noqa: PLC0415
    from plumeline.workflows.assess import assess as run  # noqa: PLC0415
    from plumeline.workflows.assess_output import write_sites  # noqa: PLC0415
    from plumeline.workflows.profile_pack import open_pack  # noqa: PLC0415

    profiles = open_pack(pack, pack_key, pack_identity) if pack is not None else ()
    sites = run(
        AssessRequest(
            flights=flights,
            footprints=footprints,
            register=register,
            osm=osm,
            population=population,
            wind=parse_wind(wind) if wind else None,
            utc_offset_h=utc_offset,
            now=parse_now(now) if now else None,
            prior=Prior(unexplained=prior) if prior else Prior(),
            profiles=profiles,
            is_exercise=exercise,
        )
    )
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
