"""Positions of platforms and readings in the survey's local frame, with their heights above ground."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import InputError
from plumeline.frames import LocalFrame, LonLat, lonlat
from plumeline.observations import geometry, quality
from plumeline.observations.geometry import Track
from plumeline.observations.sources import (
    FARTHEST_M,
    HIGHEST_M,
    HIGHEST_PA,
    LOWEST_PA,
    cleaned,
    main_source,
    plausible,
    seconds,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.observations.settings import HeightSettings, SurveySettings
    from plumeline.observations.sources import Source

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

FIXED_HEIGHT_M = 2.0
"""Height taken for a fixed sensor that does not say its own [m]."""

GEOGRAPHIC = (("longitude", "latitude"), ("longitude_start", "latitude_start"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformTrack:
    """A platform's track and which of its fixes are glitches."""

    track: Track
    """Track with the glitches taken out (NaN)."""
    glitch_s: Floats
    """Times of the glitches [s]."""
    remarks: tuple[str, ...] = ()


def at_one_place(sources: Sequence[Source]) -> tuple[list[Source], list[str]]:
    """Leave out the sources that are not where the main one is.

    Args:
        sources: all sources.

    Returns:
        The sources at the main one's place, or without a place, and remarks on the others.

    Raises:
        InputError: latitude and longitude are swapped in one of them.
    """
    main = main_source(sources)
    here = _middle(main)
    if here is None:
        return list(sources), []
    kept, remarks = [], []
    for source in sources:
        there = _middle(source)
        if there is not None and source is not main and not source.is_report:
            try:
                geometry.check_same_place(here, there, names=(main.name, source.name))
            except InputError as error:
                if "swapped" in error.what:
                    raise
                remarks.append(f"{source.name} was left out: {error.what}")
                continue
        kept.append(source)
    return kept, remarks


def survey_frame(sources: Sequence[Source], settings: SurveySettings) -> LocalFrame:
    """The local frame of a survey.

    Args:
        sources: all sources.
        settings: what was declared.

    Returns:
        Around the declared origin or the middle of all positions; without an origin when all positions are local.

    Raises:
        InputError: there is no position, positions are impossible, or two files are not at one place.
    """
    declared = settings.frame
    origin = None
    if declared.lon is not None and declared.lat is not None:
        origin = lonlat(declared.lon, declared.lat)
    middles = []
    for source in sources:
        lon, lat = _lonlat(source)
        if lon.size:
            frame = _named(source, lon, lat)
            middles.append((source.name, frame, lon, lat))
    if origin is not None and middles and middles[0][1].origin is not None:
        geometry.check_same_place(
            origin, middles[0][1].origin, names=("the survey file's [frame]", middles[0][0])
        )
    if not middles:
        if not any(_has_local(table) for source in sources for table in source.tables.values()):
            raise InputError(
                "no file says where the readings were taken",
                remedy="map the columns of the position, or add the file with the track",
            )
        return LocalFrame(origin=origin)
    first_name, first_frame, _, _ = middles[0]
    for name, frame, _, _ in middles[1:]:
        if first_frame.origin is not None and frame.origin is not None:
            geometry.check_same_place(first_frame.origin, frame.origin, names=(first_name, name))
    every = (np.concatenate([entry[index] for entry in middles]) for index in (2, 3))
    return geometry.choose_frame(*every, origin=origin)


def platform_track(source: Source, frame: LocalFrame, heights: HeightSettings) -> PlatformTrack | None:
    """Track of a source's platform in the local frame.

    Args:
        source: the source.
        frame: the survey's frame.
        heights: what was declared about heights.

    Returns:
        The track, sorted by time, or None when the source has none.
    """
    table = source.tables.get("track")
    if table is None:
        return None
    t = seconds(table["time"].to_numpy())
    x, y = local_xy(table, frame)
    order = np.argsort(t, kind="stable")
    order = order[np.isfinite(t[order])]
    order = order[np.append(True, np.diff(t[order]) > 0)] if order.size else order
    z, remarks = _height(table, source, heights)
    glitch = quality.glitched(t[order], x[order], y[order], speed_limit_m_s=source.settings.speed_limit_m_s)
    heading = table["heading"].to_numpy()[order] if "heading" in table else None
    kept_x, kept_y = (np.where(glitch, np.nan, values[order]) for values in (x, y))
    track = Track(time_s=t[order], x_m=kept_x, y_m=kept_y, z_m=z[order], heading_deg=heading)
    if glitch.any():
        remarks.append(
            f"{int(glitch.sum())} positions of {source.name} jumped faster than the platform can fly"
        )
    return PlatformTrack(track=track, glitch_s=t[order][glitch], remarks=tuple(remarks))


def merge_attitude(track: PlatformTrack | None, source: Source) -> PlatformTrack | None:
    """The track with the heading of an attitude table, when the track has none of its own."""
    table = source.tables.get("attitude")
    if track is None or track.track.heading_deg is not None or table is None or "heading" not in table:
        return track
    t, heading = seconds(table["time"].to_numpy()), table["heading"].to_numpy()
    good = np.isfinite(t) & np.isfinite(heading)
    if not good.any():
        return track
    order = np.flatnonzero(good)[np.argsort(t[good], kind="stable")]
    nothing = np.full(order.size, np.nan)
    attitude = Track(time_s=t[order], x_m=nothing, y_m=nothing, z_m=nothing, heading_deg=heading[order])
    turned = geometry.heading_at(attitude, track.track.time_s)
    return replace(track, track=replace(track.track, heading_deg=turned))


def local_xy(table: xr.Dataset, frame: LocalFrame, end: str = "") -> tuple[Floats, Floats]:
    """East and north of a table's records.

    Args:
        table: a raw table.
        frame: the survey's frame.
        end: "" for points, "_start" or "_end" for the ends of a path.

    Returns:
        East and north [m], shape (record,); NaN where there is no position.
    """
    if f"x{end}" in table and f"y{end}" in table:
        return plausible(table[f"x{end}"].to_numpy(), FARTHEST_M), plausible(
            table[f"y{end}"].to_numpy(), FARTHEST_M
        )
    if f"longitude{end}" in table and f"latitude{end}" in table:
        lon, lat = table[f"longitude{end}"].to_numpy(), table[f"latitude{end}"].to_numpy()
        known = ~((lon == 0.0) & (lat == 0.0))  # a receiver without a fix writes zeros
        return frame.to_local(np.where(known, lon, np.nan), np.where(known, lat, np.nan))
    nothing = np.full(table.sizes["record"], np.nan)
    return nothing, nothing.copy()


def fixed_height(
    table: xr.Dataset, heights: HeightSettings, name: str, end: str = ""
) -> tuple[Floats, list[str]]:
    """Height above ground of readings that say their own place.

    Args:
        table: a table of readings.
        heights: what was declared about heights.
        name: the file, for remarks.
        end: "" for points, "_start" or "_end" for the ends of a path.

    Returns:
        Height [m], shape (record,), and remarks.
    """
    count = table.sizes["record"]
    stated = (
        plausible(table[f"height{end}"].to_numpy(), HIGHEST_M)
        if f"height{end}" in table
        else np.full(count, np.nan)
    )
    if np.isfinite(stated).all():
        return stated, []
    default = heights.default_m if heights.default_m is not None else FIXED_HEIGHT_M
    remarks = []
    if heights.default_m is None:
        remarks.append(f"{name} does not say the height of its sensors: {FIXED_HEIGHT_M:g} m is assumed")
    return np.where(np.isfinite(stated), stated, default), remarks


def _height(table: xr.Dataset, source: Source, heights: HeightSettings) -> tuple[Floats, list[str]]:
    """Height of a platform above ground: the first of altimeter, take-off, sea level, pressure that is there.

    Raises:
        InputError: nothing tells the height.
    """
    ways = {
        "altimeter": lambda: _stated(table),
        "take-off": lambda: _above_take_off(table),
        "sea level": lambda: _above_ground_level(table, heights, source.name),
        "pressure": lambda: _by_pressure(source, table),
    }
    chosen = list(ways) if heights.source == "auto" else [heights.source]
    for way in chosen:
        found = ways[way]()
        if found is not None:
            return found[0], found[1]
    if heights.default_m is not None:
        return np.full(table.sizes["record"], heights.default_m), []
    raise InputError(
        "nothing tells the platform's height above ground",
        where=source.name,
        remedy="map an altitude, or declare [height] default_m",
    )


def _stated(table: xr.Dataset) -> tuple[Floats, list[str]] | None:
    if "height" in table and np.isfinite(table["height"]).any():
        return plausible(table["height"].to_numpy(), HIGHEST_M), []
    return None


def _above_take_off(table: xr.Dataset) -> tuple[Floats, list[str]] | None:
    if "altitude" in table and table["altitude"].attrs.get("reference") in {"take-off", "ground", "local"}:
        remark = "height above take-off stands for height above ground: the terrain is not known"
        return plausible(table["altitude"].to_numpy(), HIGHEST_M), [remark]
    return None


def _above_ground_level(
    table: xr.Dataset, heights: HeightSettings, name: str
) -> tuple[Floats, list[str]] | None:
    if "altitude" not in table or not np.isfinite(table["altitude"]).any():
        return None
    altitude = plausible(table["altitude"].to_numpy(), HIGHEST_M)
    if heights.ground_m is not None:
        return altitude - heights.ground_m, []
    ground = float(np.nanquantile(altitude, 0.01))
    remark = (
        f"the altitude of {name} is not above ground: its lowest, {ground:.0f} m, is taken as the ground; "
        "declare [height] ground_m"
    )
    return altitude - ground, [remark]


def _by_pressure(source: Source, table: xr.Dataset) -> tuple[Floats, list[str]] | None:
    weather = source.tables.get("meteorology")
    if weather is None or "air_pressure" not in weather:
        return None
    pressure = cleaned(weather["air_pressure"].to_numpy(), LOWEST_PA, HIGHEST_PA)
    t, wanted = seconds(weather["time"].to_numpy()), seconds(table["time"].to_numpy())
    good = np.isfinite(pressure) & np.isfinite(t)
    if np.count_nonzero(good) < 5:
        return None
    ground = float(np.quantile(pressure[good], 0.99))
    at = np.interp(wanted, t[good], pressure[good])
    height = geometry.height_from_pressure_m(at, 288.15, ground_pressure_pa=ground)
    remark = (
        f"the height of {source.name} follows from its pressure, counted from the highest ({ground / 100:.1f} hPa); "
        "the terrain is not known"
    )
    return height, [remark]


def _lonlat(source: Source) -> tuple[Floats, Floats]:
    lons, lats = [], []
    for table in source.tables.values():
        for lon, lat in GEOGRAPHIC:
            if lon in table and lat in table:
                east, north = table[lon].to_numpy(), table[lat].to_numpy()
                good = np.isfinite(east) & np.isfinite(north) & ((east != 0.0) | (north != 0.0))
                lons.append(east[good])
                lats.append(north[good])
    nothing = np.empty(0)
    every_lon, every_lat = np.concatenate(lons or [nothing]), np.concatenate(lats or [nothing])
    on_earth = (np.abs(every_lon) <= 180.0) & (np.abs(every_lat) <= 90.0)
    if on_earth.size and np.mean(on_earth) < 0.5:
        return every_lon, every_lat  # not a few faults but the wrong columns: refused further on
    return every_lon[on_earth], every_lat[on_earth]


def _middle(source: Source) -> LonLat | None:
    lon, lat = _lonlat(source)
    return _named(source, lon, lat).origin if lon.size else None


def _named(source: Source, lon: Floats, lat: Floats) -> LocalFrame:
    try:
        if np.abs(lat).max() > 90.0:
            return geometry.choose_frame(lon, lat)
        frame = geometry.choose_frame([np.median(lon)], [np.median(lat)])
        geometry.check_extent(*frame.to_local(lon, lat), what=source.name)
    except InputError as error:
        raise type(error)(error.what, where=source.name, remedy=error.remedy) from None
    return frame


def _has_local(table: xr.Dataset) -> bool:
    return ("x" in table and "y" in table) or ("x_start" in table and "y_start" in table)
