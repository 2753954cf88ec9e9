"""Where readings were taken: one local frame, height above ground, positions at the readings' times.

References: ISO 2533 standard atmosphere (height from pressure); hypsometric equation, WMO-No. 8 (2018) part I chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import InputError
from plumeline.frames import LocalFrame, LonLat, lonlat

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

DRY_AIR_GAS_CONSTANT_J_KG_K = 287.05287
"""Specific gas constant of dry air, ISO 2533 [J kg-1 K-1]."""

GRAVITY_M_S2 = 9.80665
"""Standard gravity [m s-2]."""

LARGEST_SURVEY_M = 50_000.0
"""Positions further apart than this are not one survey, or not in the units or order they seem to be [m]."""

GAP_S = 5.0
"""Between two fixes further apart than this the platform's position is not interpolated [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Where a platform was, in the local frame; arrays of one shape, time increasing."""

    time_s: Floats
    """Time [s]."""
    x_m: Floats
    """East [m]."""
    y_m: Floats
    """North [m]."""
    z_m: Floats
    """Height above ground [m]; NaN if unknown."""
    heading_deg: Floats | None = None
    """Direction of the nose, clockwise from north [degrees]."""


def choose_frame(lon_deg: ArrayLike, lat_deg: ArrayLike, *, origin: LonLat | None = None) -> LocalFrame:
    """Local frame for positions on Earth.

    Args:
        lon_deg: longitudes [degrees], any shape; NaN are skipped.
        lat_deg: latitudes [degrees], same shape.
        origin: a declared origin; the middle of the positions, to 1e-5 degrees, if None.

    Returns:
        The frame.

    Raises:
        InputError: there is no position, or a coordinate is impossible.
    """
    lon, lat = np.asarray(lon_deg, float).ravel(), np.asarray(lat_deg, float).ravel()
    good = np.isfinite(lon) & np.isfinite(lat)
    if not good.any():
        raise InputError("there is no position", remedy="check the columns for latitude and longitude")
    if np.abs(lat[good]).max() > 90.0:
        raise InputError(
            f"a latitude of {lat[good][np.argmax(np.abs(lat[good]))]:g} degrees is impossible",
            remedy="latitude and longitude are probably swapped: swap the two columns in the mapping",
        )
    if origin is not None:
        return LocalFrame(origin=origin)
    middle = (0.5 * (values[good].min() + values[good].max()) for values in (lon, lat))
    return LocalFrame(origin=lonlat(*(round(float(value), 5) for value in middle)))


def check_extent(x_m: ArrayLike, y_m: ArrayLike, *, what: str) -> None:
    """Refuse positions that are too far from each other to be one survey.

    Args:
        x_m: east [m], any shape; NaN are skipped.
        y_m: north [m], same shape.
        what: what they are, for the error's text.

    Raises:
        InputError: most of them lie further than 50 km from their median.
    """
    x, y = np.asarray(x_m, float).ravel(), np.asarray(y_m, float).ravel()
    good = np.isfinite(x) & np.isfinite(y)
    if not good.any():
        return
    far = np.hypot(x[good] - np.median(x[good]), y[good] - np.median(y[good])) > LARGEST_SURVEY_M
    if np.mean(far) > 0.2:
        raise InputError(
            f"the positions of {what} are spread over more than {LARGEST_SURVEY_M / 1e3:g} km",
            remedy="check units, signs and the order of latitude and longitude",
        )


def check_same_place(first: LonLat, second: LonLat, *, names: tuple[str, str]) -> None:
    """Refuse two files that are far apart, and recognise latitude and longitude swapped in one of them.

    Args:
        first: middle of the first file's positions.
        second: middle of the second file's positions.
        names: names of the two files, for the error's text.

    Raises:
        InputError: they are more than 50 km apart.
    """
    if _distance_m(first, second) <= LARGEST_SURVEY_M:
        return
    swapped = (
        abs(second.lon_deg) <= 90
        and _distance_m(first, lonlat(second.lat_deg, second.lon_deg)) <= LARGEST_SURVEY_M
    )
    if swapped:
        raise InputError(
            f"latitude and longitude are swapped in {names[0]} or {names[1]}: exchanged they agree",
            remedy="swap the two columns in the mapping of the file that is wrong",
        )
    raise InputError(
        f"{names[0]} and {names[1]} are {_distance_m(first, second) / 1e3:.0f} km apart, so they are not one survey",
        remedy="check their coordinates, or ingest them as two surveys",
    )


def at_times(
    track: Track,
    time_s: Floats,
    *,
    lever_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
    gap_s: float = GAP_S,
) -> tuple[Floats, Floats, Floats]:
    """Position of a sensor at the times of its readings.

    Args:
        track: where the platform was; glitches must be NaN already.
        time_s: times of the readings [s], any order, shape (reading,).
        lever_m: where the sensor sits on the platform: forward, right, up [m].
        gap_s: between fixes further apart than this there is no position; beyond the ends it holds half as long [s].

    Returns:
        East, north, height above ground [m], each (reading,); NaN where there is no position.
    """
    good = np.flatnonzero(np.isfinite(track.x_m) & np.isfinite(track.y_m) & np.isfinite(track.time_s))
    nothing = np.full(time_s.size, np.nan)
    if not good.size:
        return nothing, nothing.copy(), nothing.copy()
    t = track.time_s[good]
    after = np.clip(np.searchsorted(t, time_s), 0, t.size - 1)
    before = np.clip(np.searchsorted(t, time_s, side="right") - 1, 0, t.size - 1)
    left, right = np.abs(time_s - t[before]), np.abs(t[after] - time_s)
    near = (left + right <= gap_s) | (np.minimum(left, right) <= 0.5 * gap_s)
    x, y = (np.where(near, np.interp(time_s, t, values[good]), np.nan) for values in (track.x_m, track.y_m))
    z = _interpolated(time_s, track.time_s, track.z_m)
    z = np.where(near, z, np.nan)
    if any(lever_m) and track.heading_deg is not None:
        heading = np.deg2rad(heading_at(track, time_s))
        forward, right_of, up = lever_m
        x = x + forward * np.sin(heading) + right_of * np.cos(heading)
        y = y + forward * np.cos(heading) - right_of * np.sin(heading)
        z = z + up
    return x, y, z


def height_from_pressure_m(
    pressure_pa: Floats, temperature_k: Floats | float, *, ground_pressure_pa: float
) -> Floats:
    """Height above the place where the ground pressure was read, by the hypsometric equation.

    Args:
        pressure_pa: pressure at the platform [Pa], shape (reading,).
        temperature_k: mean air temperature of the layer [K].
        ground_pressure_pa: pressure at take-off [Pa].

    Returns:
        Height [m].
    """
    scale = DRY_AIR_GAS_CONSTANT_J_KG_K * np.asarray(temperature_k, float) / GRAVITY_M_S2
    return np.asarray(scale * np.log(ground_pressure_pa / np.asarray(pressure_pa, float)), float)


def velocity_m_s(track: Track, *, over_s: float = 1.0) -> tuple[Floats, Floats]:
    """Velocity over ground by differences over a second, so that the receiver's resolution does not show.

    Args:
        track: where the platform was.
        over_s: time between the two positions of a difference [s].

    Returns:
        Toward east and toward north [m s-1], in the track's order; NaN where there is no position.
    """
    good = np.isfinite(track.x_m) & np.isfinite(track.y_m)
    if np.count_nonzero(good) < 2:
        return np.full(track.time_s.size, np.nan), np.full(track.time_s.size, np.nan)
    t = track.time_s[good]
    after = np.clip(track.time_s + 0.5 * over_s, t[0], t[-1])
    before = np.clip(track.time_s - 0.5 * over_s, t[0], t[-1])
    span = np.where(after > before, after - before, np.nan)
    east, north = (
        (np.interp(after, t, values[good]) - np.interp(before, t, values[good])) / span
        for values in (track.x_m, track.y_m)
    )
    return east, north


def _interpolated(time_s: Floats, known_s: Floats, values: Floats) -> Floats:
    good = np.isfinite(values) & np.isfinite(known_s)
    if not good.any():
        return np.full(time_s.size, np.nan)
    return np.asarray(np.interp(time_s, known_s[good], values[good]), float)


def heading_at(track: Track, time_s: Floats) -> Floats:
    """Heading of the platform at given times, interpolated as a vector.

    Args:
        track: where the platform was; it must have a heading.
        time_s: times [s], any order, shape (reading,).

    Returns:
        Direction of the nose, clockwise from north, -180 to 180 [degrees]; NaN when the track has none.
    """
    if track.heading_deg is None:
        return np.full(time_s.size, np.nan)
    angle = np.deg2rad(track.heading_deg)
    east, north = (_interpolated(time_s, track.time_s, component(angle)) for component in (np.sin, np.cos))
    return np.asarray(np.rad2deg(np.arctan2(east, north)), float)


def _distance_m(first: LonLat, second: LonLat) -> float:
    x, y = LocalFrame(origin=first).to_local(second.lon_deg, second.lat_deg)
    return float(np.hypot(x, y)) if np.isfinite(x) and np.isfinite(y) else float("inf")
