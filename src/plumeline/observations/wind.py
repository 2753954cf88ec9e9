"""Wind as vectors with an uncertainty, brought to the times of the readings.

A wind series is a dataset of schema `wind`. Its `wind_sigma` says how far the series' mean may be from the mean wind
that carried the gas: instrument error, and how much the wind changes from one value to the next (a value stands for
its neighbourhood in time only as well as its neighbours agree with it).

References: structure function as a measure of representativity: Gandin 1965 (objective analysis); growth of the
difference between two places with their distance in the surface layer follows Kolmogorov's 2/3 law until the eddies'
own size, Wyngaard 2010, Turbulence in the Atmosphere, doi:10.1017/CBO9780511840524.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import median_filter

from plumeline.errors import InputError
from plumeline.observations.assembly import assemble
from plumeline.observations.products import WIND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Times = NDArray[np.datetime64]

CALM_SPEED_M_S = 0.5
"""Below this the wind's direction is not to be relied on: WMO-No. 8 (2018) part I chapter 5 reports calm [m s-1]."""

INSTRUMENT_SIGMA_M_S = 0.2
"""Instrument error of either component when none is declared: half of WMO-No. 8 annex 1.A's 0.5 m/s at k = 2,
rounded down [m s-1]."""

CARRIED = ("direction_sigma", "elevation_sigma", "inverse_obukhov_length", "friction_velocity")
"""Optional variables of a wind series that the readings inherit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """How far in time a wind value may stand for a reading."""

    interpolate_s: float = 300.0
    """Between two wind values at most this far apart the wind is interpolated [s]."""
    hold_s: float = 60.0
    """Before the first, after the last and beside a gap the nearest value holds for at most this long [s]."""


def components_m_s(speed_m_s: ArrayLike, direction_from_deg: ArrayLike) -> tuple[Floats, Floats]:
    """Vector components of a wind given as speed and the direction it comes from.

    Args:
        speed_m_s: speed [m s-1], any shape.
        direction_from_deg: where the wind comes from, clockwise from north [degrees], same shape.

    Returns:
        Components toward east and toward north [m s-1].
    """
    speed = np.asarray(speed_m_s, float)
    angle = np.deg2rad(np.asarray(direction_from_deg, float))
    return -speed * np.sin(angle), -speed * np.cos(angle)


def speed_and_direction(eastward_m_s: ArrayLike, northward_m_s: ArrayLike) -> tuple[Floats, Floats]:
    """Speed and direction of origin of a wind vector; the inverse of `components_m_s`.

    Args:
        eastward_m_s: component toward east [m s-1], any shape.
        northward_m_s: component toward north [m s-1], same shape.

    Returns:
        Speed [m s-1] and direction the wind comes from, clockwise from north, 0 ≤ direction < 360 [degrees].
    """
    east, north = np.asarray(eastward_m_s, float), np.asarray(northward_m_s, float)
    return np.hypot(east, north), np.rad2deg(np.arctan2(-east, -north)) % 360.0


def wind_series(
    time: Times,
    eastward_m_s: ArrayLike,
    northward_m_s: ArrayLike,
    *,
    height_m: ArrayLike | None = None,
    sigma_m_s: ArrayLike | None = None,
    instrument_sigma_m_s: float = INSTRUMENT_SIGMA_M_S,
    optional: Mapping[str, ArrayLike | None] | None = None,
) -> xr.Dataset:
    """A wind series of schema `wind`, sorted by time, without the times that have no wind.

    Args:
        time: UTC, shape (time,).
        eastward_m_s: component toward east [m s-1], shape (time,).
        northward_m_s: component toward north [m s-1], shape (time,).
        height_m: height above ground [m], scalar or (time,); None if unknown.
        sigma_m_s: standard error of either component [m s-1]; estimated when None.
        instrument_sigma_m_s: the instrument's part when it is estimated [m s-1].
        optional: further variables of schema `wind` by name.

    Returns:
        The series.

    Raises:
        InputError: there is no wind value at all.
    """
    east, north = np.asarray(eastward_m_s, float), np.asarray(northward_m_s, float)
    good = np.flatnonzero(np.isfinite(east) & np.isfinite(north) & ~np.isnat(time))
    if not good.size:
        raise InputError("the wind series holds no wind", remedy="check its columns and units")
    order = good[np.argsort(time[good], kind="stable")]
    order = order[np.append(True, np.diff(time[order]) > np.timedelta64(0))]

    def pick(value: ArrayLike | None) -> Any:
        return np.asarray(value)[order] if value is not None and np.ndim(value) else value

    sigma = pick(sigma_m_s)
    if sigma is None:
        sigma = np.hypot(instrument_sigma_m_s, variability_m_s(east[order], north[order]))
    values = {
        "time": time[order],
        "wind_eastward": east[order],
        "wind_northward": north[order],
        "wind_sigma": sigma,
        "wind_height": pick(height_m),
    }
    return assemble(WIND, values | {name: pick(value) for name, value in (optional or {}).items()})


def variability_m_s(eastward_m_s: Floats, northward_m_s: Floats, *, window: int = 15) -> Floats:
    """How far a wind value may be from the wind between it and its neighbours.

    For two neighbouring values of a component, half of the mean squared difference (the structure function at one
    step) is the variance of either about what they have in common. Its square root over a moving window, by the
    median of absolute differences so that a front does not colour the hour, is taken as the standard error.

    Args:
        eastward_m_s: component toward east in order of time [m s-1], shape (time,).
        northward_m_s: component toward north [m s-1], same shape.
        window: number of differences in the moving window.

    Returns:
        Standard error of either component [m s-1], shape (time,); 0 for fewer than three values.
    """
    if eastward_m_s.size < 3:
        return np.zeros(eastward_m_s.size)
    # For Gaussian differences of both components the length of the difference is Rayleigh: median 1.1774 sigma.
    step = np.hypot(np.diff(eastward_m_s), np.diff(northward_m_s)) / 1.1774 / np.sqrt(2.0)
    smooth = median_filter(step, size=min(window, step.size), mode="nearest")
    padded = np.concatenate([smooth[:1], smooth, smooth[-1:]])
    return np.asarray(0.5 * (padded[1:] + padded[:-1]), float)


def at_times(wind: xr.Dataset, time: Times, *, gaps: Gaps | None = None) -> dict[str, Floats]:
    """Wind at the times of readings, by linear interpolation of its components.

    Args:
        wind: a series of schema `wind`.
        time: UTC, shape (reading,), in any order.
        gaps: how far a value may stand for a reading; as the series' own rhythm says when None.

    Returns:
        Wind variables of the reading schemas by name, each (reading,); NaN where no wind value is near enough.
    """
    allowed = gaps or natural_gaps(wind)
    known = _seconds(wind["time"].to_numpy())
    wanted = _seconds(time)
    after = np.clip(np.searchsorted(known, wanted), 0, known.size - 1)
    before = np.clip(np.searchsorted(known, wanted, side="right") - 1, 0, known.size - 1)
    left, right = np.abs(wanted - known[before]), np.abs(known[after] - wanted)
    inside = (known[before] <= wanted) & (wanted <= known[after])
    bridged = inside & (left + right <= allowed.interpolate_s)
    held = np.minimum(left, right) <= allowed.hold_s
    nearest = np.where(right < left, after, before)
    out = {}
    for name in ("wind_eastward", "wind_northward", "wind_sigma", "wind_height", *CARRIED):
        if name in wind:
            values = wind[name].to_numpy()
            between = np.interp(wanted, known, values)
            out[name] = np.where(bridged, between, np.where(held, values[nearest], np.nan))
    return out


def natural_gaps(wind: xr.Dataset) -> Gaps:
    """How far a value may stand for a reading when nothing is declared: the series' own rhythm, up to two hours.

    Args:
        wind: a series of schema `wind`.

    Returns:
        At least five minutes between values and one minute beside them.
    """
    known = _seconds(wind["time"].to_numpy())
    step = float(np.median(np.diff(known))) if known.size > 1 else 0.0
    return Gaps(interpolate_s=min(max(300.0, 2.5 * step), 7200.0), hold_s=min(max(60.0, step), 3600.0))


def by_priority(series: Sequence[xr.Dataset], time: Times, *, gaps: Gaps | None = None) -> dict[str, Floats]:
    """Wind at the times of readings from several sources: the first that has one near enough wins.

    Args:
        series: wind series, the most trusted first.
        time: UTC, shape (reading,).
        gaps: how far a value may stand for a reading.

    Returns:
        As `at_times`, and "wind_source": index of the series used, -1 where none had a value.

    Raises:
        InputError: no series is given.
    """
    if not series:
        raise InputError("no wind", remedy="name a wind file, or declare a constant wind in the survey file")
    names = ("wind_eastward", "wind_northward", "wind_sigma", "wind_height", *CARRIED)
    out = {name: np.full(time.size, np.nan) for name in names}
    source = np.full(time.size, -1.0)
    for index, one in enumerate(series):
        found = at_times(one, time, gaps=gaps)
        take = (source < 0) & np.isfinite(found["wind_eastward"]) & np.isfinite(found["wind_northward"])
        for name, values in found.items():
            out[name][take] = values[take]
        source[take] = index
    return out | {"wind_source": source}


def with_representativity(wind: xr.Dataset, *, distance_m: float) -> xr.Dataset:
    """Widen a wind series that was measured far from the readings, such as a weather report.

    Two places see the same eddies only when they are closer than the eddies are large. The variance of the
    difference grows with distance to the power 2/3 and saturates at twice the variance of the fluctuations; here
    the fluctuations have 0.25 of the mean speed (a common turbulence intensity over land) and the saturating
    distance is 1 km. On top, 30 degrees of direction at and beyond 20 km, growing linearly from 0.

    Args:
        wind: a series of schema `wind`.
        distance_m: horizontal distance between the anemometer and the survey [m].

    Returns:
        The series with a larger `wind_sigma`.
    """
    speed = np.hypot(wind["wind_eastward"], wind["wind_northward"])
    eddies = np.sqrt(2.0) * 0.25 * speed * min(distance_m / 1e3, 1.0) ** (1 / 3)
    turning = speed * np.deg2rad(30.0) * min(distance_m / 20e3, 1.0)
    sigma = np.sqrt(wind["wind_sigma"] ** 2 + eddies**2 + turning**2)
    return wind.assign(wind_sigma=sigma.assign_attrs(wind["wind_sigma"].attrs))


def constant_wind(
    time: Times, *, speed_m_s: float, direction_from_deg: float, sigma_m_s: float, height_m: float = np.nan
) -> xr.Dataset:
    """A wind that a person declared for the whole survey.

    Args:
        time: UTC of the first and the last reading, shape (2,).
        speed_m_s: speed [m s-1].
        direction_from_deg: where it comes from, clockwise from north [degrees].
        sigma_m_s: standard error of either component [m s-1].
        height_m: height above ground [m].

    Returns:
        A series of schema `wind` with two equal values.
    """
    east, north = components_m_s([speed_m_s] * 2, [direction_from_deg] * 2)
    ends = np.array([time.min(), time.max() + np.timedelta64(1, "ms")])
    return wind_series(ends, east, north, height_m=height_m, sigma_m_s=np.full(2, sigma_m_s))


def _seconds(time: Times) -> Floats:
    return np.asarray(time.astype("datetime64[ns]").astype(np.int64) * 1e-9, np.float64)
