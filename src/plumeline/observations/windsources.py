"""Every wind that a survey has, in order of trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import InputError, PlumelineError
from plumeline.observations import rawwind, sources
from plumeline.observations.wind import Gaps, constant_wind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.observations.positions import PlatformTrack
    from plumeline.observations.settings import WindSettings
    from plumeline.observations.sources import Source

    Times = NDArray[np.datetime64]


def winds(
    files: Sequence[Source], settings: WindSettings, *, tracks: Mapping[str, PlatformTrack], time: Times
) -> tuple[list[tuple[str, xr.Dataset]], list[str]]:
    """Wind series of a survey by name, the most trusted first.

    Args:
        files: all sources.
        settings: what was declared about the wind.
        tracks: tracks of the platforms by source.
        time: UTC of all readings.

    Returns:
        Names and series, and remarks.

    Raises:
        InputError: there is no wind that can be used.
    """
    remarks: list[str] = []
    out: list[tuple[str, xr.Dataset]] = []
    if settings.speed_m_s is not None and settings.direction_from_deg is not None:
        ends = np.array([time.min(), time.max()])
        sigma = settings.sigma_m_s if settings.sigma_m_s is not None else max(0.5, 0.2 * settings.speed_m_s)
        height = np.nan if settings.height_m is None else settings.height_m
        series = constant_wind(
            ends,
            speed_m_s=settings.speed_m_s,
            direction_from_deg=settings.direction_from_deg,
            sigma_m_s=sigma,
            height_m=height,
        )
        out.append(("declared wind", series))
    failures = []
    for source in sorted(
        (one for one in files if "wind" in one.tables), key=lambda one: _trust(one, settings.priority)
    ):
        try:
            series, notes = _series(source, settings, tracks)
        except PlumelineError as error:
            failures.append(f"the wind of {source.name} cannot be used: {error}")
            continue
        remarks += [f"{source.name}: {note}" for note in notes]
        out.append((source.name, series))
    remarks += failures
    if not out:
        raise InputError(
            "there is no wind" + (f"; {'; '.join(failures)}" if failures else ""),
            remedy="add a wind file (anemometer, autopilot log, METAR), or declare [wind] speed_m_s, direction_from_deg",
        )
    return out, remarks


def declared_gaps(settings: WindSettings) -> Gaps | None:
    """How far a wind value may stand for a reading, when that is declared."""
    declared = settings.interpolate_s
    return None if declared is None else Gaps(interpolate_s=declared, hold_s=0.5 * declared)


def _series(
    source: Source, settings: WindSettings, tracks: Mapping[str, PlatformTrack]
) -> tuple[xr.Dataset, list[str]]:
    table = source.tables["wind"]
    track = tracks.get(source.name)
    if track is None and len(tracks) == 1:
        track = next(iter(tracks.values()))
    mean = source.tables["readings"].attrs.get("averaging_time_s") if "readings" in source.tables else None
    series, remarks = rawwind.series_of(
        table,
        settings,
        track=track.track if track is not None else None,
        averaging_time_s=mean,
        is_report=source.is_report,
    )
    weather = source.tables.get("meteorology")
    if weather is None:
        return series, remarks
    known, wanted = sources.seconds(weather["time"].to_numpy()), sources.seconds(series["time"].to_numpy())
    for name, key, unit in (
        ("inverse_obukhov_length", "obukhov_length", "m-1"),
        ("friction_velocity", "friction_velocity", "m s-1"),
    ):
        if key in weather:
            values = weather[key].to_numpy().astype(float)
            values = 1.0 / values if name == "inverse_obukhov_length" else values
            good = np.flatnonzero(np.isfinite(values) & np.isfinite(known))
            good = good[np.argsort(known[good], kind="stable")]
            near = np.interp(wanted, known[good], values[good]) if good.size else np.full(wanted.size, np.nan)
            series[name] = ("time", near, {"units": unit})
    return series, remarks


def _trust(source: Source, priority: tuple[str, ...]) -> tuple[int, int, str]:
    """Sort key: declared order, then fixed anemometer, flown anemometer, autopilot's estimate, weather report."""
    mounting = source.tables["wind"].attrs.get("mounting", "fixed")
    kind = 3 if source.is_report else {"fixed": 0, "platform": 1, "estimate": 2}.get(mounting, 2)
    place = priority.index(source.name) if source.name in priority else len(priority)
    return place, kind, source.name
