"""Wind tables as instruments write them, made into series of schema `wind`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import ConfigurationError
from plumeline.observations import anemometer, geometry
from plumeline.observations.sources import STRONGEST_M_S, plausible, seconds
from plumeline.observations.wind import (
    INSTRUMENT_SIGMA_M_S,
    components_m_s,
    variability_m_s,
    wind_series,
    with_representativity,
)

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.observations.geometry import Track
    from plumeline.observations.settings import WindSettings

    Floats = NDArray[np.float64]
    Times = NDArray[np.datetime64]

HIGH_RATE_S = 10.0
"""Records with a shorter step become block means [s]."""

ESTIMATE_SIGMA_M_S = 1.0
"""Error of an autopilot's wind estimate: RMSE 0.4 to 1.1 m/s in winds below 3.5 m/s, Zhu et al. 2024, AMT 17:3883 [m s-1]."""

REPORT_HEIGHT_M = 10.0
"""Height of the wind in airport reports: WMO-No. 8 [m]."""

REPORT_DISTANCE_M = 10_000.0
"""Distance to the station taken when none is declared [m]."""

EDDY_S = 10.0
"""Integral time of the wind at a few metres taken when only its standard deviation is known: a few times height over speed
(Wyngaard 2010) [s]."""

LEAST_CONTRAST = 1.5
"""How much steadier the true wind must be in one frame than in the other to believe in it."""


def series_of(
    table: xr.Dataset,
    settings: WindSettings,
    *,
    track: Track | None = None,
    averaging_time_s: float | None = None,
    is_report: bool = False,
) -> tuple[xr.Dataset, list[str]]:
    """Wind series of a raw wind table.

    Args:
        table: a table of schema `raw_wind`, times corrected.
        settings: what is declared about the wind.
        track: the platform's track for a flown anemometer.
        averaging_time_s: time over which a value is a mean, if known [s].
        is_report: whether it is an airport's weather report.

    Returns:
        The series, and remarks on what was assumed.

    Raises:
        ConfigurationError: a flown anemometer's frame is unknown and the flight does not tell.
        InputError: the table holds no wind.
    """
    time = table["time"].to_numpy()
    remarks: list[str] = []
    mounting, motion = table.attrs.get("mounting", "fixed"), table.attrs.get("motion", "removed")
    if mounting == "platform" and motion != "removed":
        east, north = _flown(table, settings, track, remarks)
    else:
        east, north = _components(table)
    height = _height(table, settings, mounting, track, is_report=is_report)
    good = np.flatnonzero(~np.isnat(time) & np.isfinite(east) & np.isfinite(north))
    good = good[np.argsort(time[good], kind="stable")]
    step = float(np.median(np.diff(time[good]) / np.timedelta64(1, "ns")) * 1e-9) if good.size > 2 else np.inf
    if step < HIGH_RATE_S and mounting != "estimate":
        known = height[
            np.isfinite(height)
        ]  # a mast's height may stand in no column; the survey's remarks then say so
        series = anemometer.block_means(
            time[good],
            east[good],
            north[good],
            upward_m_s=_get(table, "upward", good),
            block_s=settings.block_s,
            height_m=float(np.median(known)) if known.size else np.nan,
        )
        remarks.append(f"a wind record every {step:.2g} s was averaged over {settings.block_s:g} s")
    else:
        sigma = _sigma(table, settings, east, north, mounting=mounting, averaging_time_s=averaging_time_s)
        series = wind_series(
            time,
            east,
            north,
            height_m=height,
            sigma_m_s=sigma,
            optional=_turbulence(table, settings, east, north, remarks),
        )
    if is_report and not settings.distance_m:
        remarks.append(
            f"the weather station is taken to be {REPORT_DISTANCE_M / 1e3:g} km away; declare [wind] distance_m"
        )
    distance = settings.distance_m or (REPORT_DISTANCE_M if is_report else 0.0)
    return (with_representativity(series, distance_m=distance) if distance else series), remarks


def _components(table: xr.Dataset) -> tuple[Floats, Floats]:
    if "eastward" in table and "northward" in table:
        east, north = table["eastward"].to_numpy(), table["northward"].to_numpy()
        return plausible(east, STRONGEST_M_S), plausible(north, STRONGEST_M_S)
    speed = (
        plausible(table["speed"].to_numpy(), STRONGEST_M_S)
        if "speed" in table
        else np.full(table.sizes["record"], np.nan)
    )
    if "direction_from" not in table:
        return np.full(speed.size, np.nan), np.full(speed.size, np.nan)
    direction = table["direction_from"].to_numpy()
    # A calm has no direction and needs none.
    return components_m_s(speed, np.where(np.isnan(direction) & (speed == 0.0), 0.0, direction))


def _flown(
    table: xr.Dataset, settings: WindSettings, track: Track | None, remarks: list[str]
) -> tuple[Floats, Floats]:
    if track is None or track.heading_deg is None:
        raise ConfigurationError(
            "a flown anemometer's wind includes the platform's motion, and heading or track are missing",
            remedy="give a file with the track and heading, or declare the wind",
        )
    if "speed" not in table or "direction_from" not in table:
        raise ConfigurationError("a flown anemometer needs speed and direction", remedy="map both columns")
    t = seconds(table["time"].to_numpy())
    east, north = geometry.velocity_m_s(track)
    heading = geometry.heading_at(track, t)
    motion = {
        "heading_deg": heading,
        "eastward_m_s": _smooth_at(t, track.time_s, east),
        "northward_m_s": _smooth_at(t, track.time_s, north),
    }
    speed, direction = plausible(table["speed"].to_numpy(), STRONGEST_M_S), table["direction_from"].to_numpy()
    frame, offset = _frame(table, settings, speed, direction, motion, remarks)
    remarks.append("the platform's own motion was taken out of the wind it measured")
    return anemometer.true_wind_m_s(speed, direction + offset, frame=frame, **motion)


def _frame(
    table: xr.Dataset,
    settings: WindSettings,
    speed: Floats,
    direction: Floats,
    motion: dict[str, Floats],
    remarks: list[str],
) -> tuple[anemometer.Frame, float]:
    declared = settings.frame or {"true": "earth", "magnetic": "earth", "body": "body"}.get(
        table.attrs.get("frame", ""), ""
    )
    if declared:
        return ("body" if declared == "body" else "earth"), settings.offset_deg
    few = slice(None, None, max(1, speed.size // 2_000))
    found = anemometer.alignment(
        speed[few], direction[few], **{name: values[few] for name, values in motion.items()}
    )
    if found.contrast < LEAST_CONTRAST:
        raise ConfigurationError(
            "the file does not say whether the flown anemometer's direction is counted from the nose or from north, "
            "and this flight does not tell either",
            remedy='declare frame = "body" or frame = "earth" under [wind]',
        )
    offset = settings.offset_deg or (found.offset_deg if found.gain > LEAST_CONTRAST else 0.0)
    remarks.append(
        f"the flown anemometer's direction is taken as counted from {'the nose' if found.frame == 'body' else 'north'}"
        f"{f', turned by {offset:+.0f} degrees' if offset else ''}: that makes the true wind steadiest; "
        "declare [wind] frame and offset_deg to settle it"
    )
    return found.frame, offset


def _height(
    table: xr.Dataset, settings: WindSettings, mounting: str, track: Track | None, *, is_report: bool
) -> Floats:
    count = table.sizes["record"]
    if settings.height_m is not None:
        return np.full(count, settings.height_m)
    if "height" in table:
        return np.asarray(table["height"].to_numpy(), float)
    if mounting in {"platform", "estimate"} and track is not None:
        t = seconds(table["time"].to_numpy())
        return geometry.at_times(track, t, gap_s=30.0)[2]
    return np.full(count, REPORT_HEIGHT_M if is_report else np.nan)


def _sigma(
    table: xr.Dataset,
    settings: WindSettings,
    east: Floats,
    north: Floats,
    *,
    mounting: str,
    averaging_time_s: float | None,
) -> Floats | None:
    if settings.sigma_m_s is not None:
        return np.full(east.size, settings.sigma_m_s)
    if mounting == "estimate":
        return np.full(east.size, ESTIMATE_SIGMA_M_S)
    if averaging_time_s is None:
        return None
    fluctuation = None
    if "speed_sigma" in table and settings.speed_sigma_is_turbulence:
        fluctuation = table["speed_sigma"].to_numpy()
    elif "direction_sigma" in table and averaging_time_s >= 300.0:
        fluctuation = np.hypot(east, north) * np.deg2rad(table["direction_sigma"].to_numpy())
    if fluctuation is None:
        return None
    sampling = fluctuation * np.sqrt(min(2.0 * EDDY_S / averaging_time_s, 1.0))
    rest = np.where(np.isfinite(sampling), sampling, variability_m_s(east, north))
    return np.asarray(np.hypot(INSTRUMENT_SIGMA_M_S, rest), float)


def _turbulence(
    table: xr.Dataset, settings: WindSettings, east: Floats, north: Floats, remarks: list[str]
) -> dict[str, Any]:
    out: dict[str, Any] = {
        name: np.deg2rad(table[name].to_numpy())
        for name in ("direction_sigma", "elevation_sigma")
        if name in table
    }
    if "direction_sigma" not in out and "speed_sigma" in table and settings.speed_sigma_is_turbulence:
        out["direction_sigma"] = table["speed_sigma"].to_numpy() / np.maximum(np.hypot(east, north), 0.3)
        remarks.append(
            "the standard deviation of the wind's speed over its speed stands for that of its direction"
        )
    return out


def _get(table: xr.Dataset, name: str, rows: NDArray[np.intp]) -> Floats | None:
    return np.asarray(table[name].to_numpy()[rows], float) if name in table else None


def _smooth_at(time_s: Floats, known_s: Floats, values: Floats) -> Floats:
    good = np.isfinite(values)
    if np.count_nonzero(good) < 2:
        return np.full(time_s.size, np.nan)
    return np.asarray(np.interp(time_s, known_s[good], values[good]), float)
