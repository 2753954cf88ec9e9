"""`plumeline image`: plumes in a cube, identified and measured."""

from __future__ import annotations

from dataclasses import replace
from math import cos, radians, sin
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plumeline.cli.numbers import Within
from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from plumeline.detections import Wind
    from plumeline.workflows.desk import Desk
    from plumeline.workflows.image_access import Permit
    from plumeline.workflows.image_result import ImageResult
    from plumeline.workflows.image_setup import ImageRequest


@click.command()
@click.argument("scenes", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-l",
    "--library",
    type=click.Path(path_type=Path),
    default=Path("spectra.h5"),
    show_default=True,
    help="Library file to use.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to make."
)
@click.option("-g", "--gas", "gases", multiple=True, help="Seek only this gas; may be given again.")
@click.option(
    "--plume-temperature",
    type=Within(-90, 1000),
    help="Temperature of the plume, usually the air's [°C]. Thermal.",
)
@click.option("--solar-zenith", type=Within(0, 85), help="Solar zenith angle [degrees]. Short-wave.")
@click.option(
    "--view-zenith",
    type=Within(0, 80),
    default=0.0,
    show_default=True,
    help="View zenith angle [degrees].",
)
@click.option("--radiance-unit", default="", help="Unit of the radiance when the header gives none.")
@click.option(
    "--pixel", "pixel_m", type=Within(0.001, 10_000), help="Pixel size when the file has no map [m]."
)
@click.option("--wind-speed", type=Within(0, 100), help="Wind speed [m/s].")
@click.option(
    "--wind-from",
    type=Within(-360, 360),
    help="Where the wind comes from, degrees clockwise from north.",
)
@click.option(
    "--wind-error",
    type=Within(0, 50),
    default=0.5,
    show_default=True,
    help="Error of the speed, 1 sigma [m/s].",
)
@click.option("--glt", type=click.Path(path_type=Path), help="GLT or IGM file of an ENVI cube.")
@click.option(
    "--pose", type=click.Path(path_type=Path), help="Autopilot log that places a drone imager's lines."
)
@click.option("--camera", type=click.Path(path_type=Path), help="Camera file (TOML) that goes with --pose.")
@click.option(
    "--memory",
    "memory_mb",
    type=Within(min=0, min_open=True),
    default=2000.0,
    show_default=True,
    help="Working memory [MB].",
)
@click.option(
    "--false-share",
    type=Within(0.001, 0.5),
    default=0.05,
    show_default=True,
    help="Admitted share of false plumes, over all scenes given.",
)
@click.option(
    "--background",
    type=click.Choice(["columns", "clusters"]),
    default="columns",
    show_default=True,
    help="Statistics by detector column (push-broom) or by kind of surface (frame imagers, short flight lines).",
)
@click.option(
    "--stream", is_flag=True, help="Line by line: alarms at once, bounded memory, no identification."
)
@click.option(
    "--line-period",
    type=Within(0.01, 60_000),
    help="Time between two lines of the sensor [ms]; says whether the stream keeps up.",
)
@click.option(
    "--follow",
    "follow_s",
    type=Within(0.1, 3600),
    help="With --stream: the sensor still writes the cube; wait so long for a further line [s].",
)
@click.option("--residential", is_flag=True, help="Homes are in view: keep columns inside plumes only.")
@click.option("--store", envvar="PLUMELINE_STORE", help="Case store that holds the authority.")
@click.option(
    "--key", type=click.Path(path_type=Path), envvar="PLUMELINE_KEY", help="Your key file for the case store."
)
@click.option("--authority", help="Authority to search under; checked, and entered in the audit log.")
@click.option("--sensor", default="imager", show_default=True, help="The imager as the authority names it.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed.")
@click.option("--force", is_flag=True, help="Replace an existing output folder.")
def image(  # noqa: PLR0913, PLR0917 (one argument per option)
    scenes: tuple[Path, ...],
    library: Path,
    output: Path,
    gases: tuple[str, ...],
    plume_temperature: float | None,
    solar_zenith: float | None,
    view_zenith: float,
    radiance_unit: str,
    pixel_m: float | None,
    wind_speed: float | None,
    wind_from: float | None,
    wind_error: float,
    glt: Path | None,
    pose: Path | None,
    camera: Path | None,
    memory_mb: float,
    false_share: float,
    background: str,
    stream: bool,  # noqa: FBT001 (same)
    line_period: float | None,
    follow_s: float | None,
    residential: bool,  # noqa: FBT001 (click passes by name)
    store: str | None,
    key: Path | None,
    authority: str | None,
    sensor: str,
    seed: int,
    force: bool,  # noqa: FBT001 (same)
) -> None:
    """Find, identify and measure gas plumes in SCENES (ENVI, EMIT L1B, GeoTIFF or Telops HCC).

    Writes map layers of columns and detection limits, plume outlines (GeoPackage, KML), plume origins for the source
    inversion, and a report. Gases that the instrument cannot see are listed as such. Several scenes are judged
    together and get a folder each.
    """
    from plumeline.detections import Grouping  # noqa: PLC0415 (heavy)
    from plumeline.store.folder import check_free  # noqa: PLC0415
    from plumeline.workflows.image_setup import ImageRequest  # noqa: PLC0415

    _together(pose, camera)
    _require_possible(
        len(scenes),
        {"--stream": stream, "--glt": glt is not None, "--pose": pose is not None},
        clusters=background == "clusters",
        follows=follow_s is not None,
    )
    check_free(output, force=force)
    request = ImageRequest(
        scene=scenes[0],
        library=library,
        gases=gases,
        plume_temperature_k=None if plume_temperature is None else plume_temperature + 273.15,
        solar_zenith_deg=solar_zenith,
        view_zenith_deg=view_zenith,
        radiance_unit=radiance_unit,
        pixel_m=pixel_m,
        wind=_wind(wind_speed, wind_from, wind_error),
        glt=glt,
        pose=pose,
        camera=camera,
        memory_mb=memory_mb,
        rate=false_share,
        grouping=Grouping(background),
        follow_s=follow_s,
        residential=residential,
        seed=seed,
    )
    found = _permit(store, key, authority, sensor)
    requests = [replace(request, scene=scene) for scene in scenes]
    _search(requests, output, found, line_period=line_period, stream=stream, force=force)


def _require_possible(scenes: int, given: dict[str, bool], *, clusters: bool, follows: bool) -> None:
    """Refuse options that do not go together.

    Raises:
        UsageError: they do not.
    """
    if clusters and given["--stream"]:
        raise click.UsageError(
            "--stream keeps statistics by detector column, clusters need the whole scene: take one of the two"
        )
    if follows and (given["--pose"] or not given["--stream"]):
        raise click.UsageError("--follow goes with --stream and without --pose, whose log is not whole yet")
    for name, is_given in given.items():
        if is_given and scenes > 1:
            raise click.UsageError(f"{name} goes with one scene; give them one by one")


def _search(
    requests: list[ImageRequest],
    output: Path,
    authority: tuple[Desk | None, Permit | None],
    *,
    line_period: float | None,
    stream: bool,
    force: bool,
) -> None:
    """Search the scenes, say what was found, and drop the frames if the authority wants it.

    Raises:
        RefusedError: nothing can be said of some of several scenes; the others stand.
    """
    from rich.console import Console  # noqa: PLC0415 (heavy imports wait for their command)
    from rich.progress import Progress  # noqa: PLC0415

    desk, permit = authority
    if desk is not None and permit is not None:
        from plumeline.workflows.image_access import permitted  # noqa: PLC0415 (heavy)

        requests = [permitted(desk, request, permit, result=output) for request in requests]
    folders, refused = [output], ""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=1.0)

        def progress(what: str, share: float) -> None:
            bar.update(task, description=what, completed=share)

        if stream:
            _stream(requests[0], output, line_period, progress, force=force)
        else:
            folders, refused = _whole(requests, output, progress, force=force)
    if desk is not None and permit is not None:
        from plumeline.workflows.image_access import drop_frames  # noqa: PLC0415 (heavy)

        for request, folder in zip(requests, folders, strict=True):
            if request.drop_frames and folder.is_dir():
                digest = drop_frames(desk, request, permit, result=folder)
                click.echo(
                    f"{request.scene}: thermal frames deleted, as authority {permit.authority} wants; SHA-256 {digest}"
                )
    if refused:
        raise RefusedError("nothing can be said of some scenes; the others stand", remedy=refused)


def _whole(
    requests: list[ImageRequest],
    output: Path,
    progress: Callable[[str, float], None],
    *,
    force: bool,
) -> tuple[list[Path], str]:
    """Search whole scenes; the folder of each, and of which of several nothing can be said."""
    from plumeline.workflows.image import process_scene  # noqa: PLC0415
    from plumeline.workflows.image_products import write_all, write_products  # noqa: PLC0415

    if len(requests) == 1:
        result = process_scene(requests[0], progress=progress)
        names = write_products(result, output, force=force)
        _say(result)
        click.echo(f"{output}: {len(names)} files, report.html first")
        return [output], ""
    folders, refused = write_all(requests, output, progress=progress, force=force, told=_say_named)
    click.echo(f"{output}: {len(folders) - len(refused)} scenes judged together, scenes.json says how")
    return folders, "; ".join(f"{name}: {why}" for name, why in refused)


def _say_named(name: str, result: ImageResult) -> None:
    click.echo(f"{name}:")
    _say(result)


def _stream(
    request: ImageRequest,
    output: Path,
    line_period_ms: float | None,
    progress: Callable[[str, float], None],
    *,
    force: bool,
) -> None:
    from plumeline.workflows.image_stream import stream_scene  # noqa: PLC0415 (heavy)

    found = stream_scene(
        request,
        output,
        line_period_s=None if line_period_ms is None else line_period_ms / 1e3,
        force=force,
        progress=progress,
        alarm=lambda one: click.echo(
            f"line {one['line']}: {one['gas']}? {one['sigma']} σ at sample {one['sample']}, {one['samples']} sample(s)"
        ),
    )
    click.echo(
        f"{found.lines} lines, {found.alarm_lines} with an alarm (not identified: run without --stream)"
    )
    click.echo(
        f"per line: median {1e3 * found.median_s:.2f} ms, 99 % below {1e3 * found.p99_s:.2f} ms, worst {1e3 * found.worst_s:.1f} ms"
    )
    if line_period_ms is not None and found.end_behind_s is not None and found.worst_behind_s is not None:
        verdict = (
            "keeps up"
            if found.median_s * 1e3 <= line_period_ms and found.end_behind_s < 1.0
            else "falls behind"
        )
        click.echo(
            f"{verdict} with a line every {line_period_ms:g} ms: at most {1e3 * found.worst_behind_s:.0f} ms behind"
        )
    for gas, why in found.unseen:
        if "cannot be seen" in why:
            click.echo(f"cannot be seen by this instrument: {gas}")
    for warning in found.warnings:
        click.echo(f"note: {warning}")


def _together(pose: Path | None, camera: Path | None) -> None:
    """Want both or neither.

    Raises:
        UsageError: only one was given.
    """
    if (pose is None) != (camera is None):
        raise click.UsageError("give both --pose and --camera, or neither")


def _wind(speed_m_s: float | None, from_deg: float | None, error_m_s: float) -> Wind | None:
    """Wind from the options.

    Raises:
        UsageError: only one of speed and direction was given.
    """
    from plumeline.detections import Wind  # noqa: PLC0415 (heavy)

    if (speed_m_s is None) != (from_deg is None):
        raise click.UsageError("give both --wind-speed and --wind-from, or neither")
    if speed_m_s is None or from_deg is None:
        return None
    toward = radians(from_deg + 180.0)
    return Wind(
        speed_m_s=speed_m_s,
        speed_sigma_m_s=error_m_s,
        toward_eastward=sin(toward),
        toward_northward=cos(toward),
    )


def _permit(
    store: str | None, key: Path | None, authority: str | None, sensor: str
) -> tuple[Desk | None, Permit | None]:
    """Desk and permit, if an authority was named.

    Raises:
        UsageError: the store or the key is missing.
    """
    from plumeline.cli.desk import open_keys  # noqa: PLC0415 (heavy)
    from plumeline.workflows.desk import open_desk  # noqa: PLC0415
    from plumeline.workflows.image_access import Permit  # noqa: PLC0415

    if authority is None:
        return None, None
    if store is None or key is None:
        raise click.UsageError("--authority needs --store and --key")
    return open_desk(store, open_keys(key)), Permit(authority=authority, sensor=sensor)


def _say(result: ImageResult) -> None:
    for plume in result.plumes:
        found = plume.found.identification
        said = plume.found.remark if found is None else found.abstained
        if found is not None and found.named:
            said = ", ".join(f"{' or '.join(one.gases)} ({one.probability:.0%})" for one in found.named)
        click.echo(
            f"{plume.label}  {plume.found.plume.pixels} pixels, {plume.found.plume.peak_sigma:.1f} σ: {said}"
        )
    if not result.plumes:
        click.echo("no plume; see the limits in the report for what would not have been seen")
    for gas, why in result.unseen:
        if "cannot be seen" in why:
            click.echo(f"cannot be seen by this instrument: {gas}")
    for warning in result.warnings:
        click.echo(f"note: {warning}")
