"""How readings become rows: the averaging time, the wind that carried the gas, and the stretches of a track."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plumeline.atmosphere.puff import drift_of
from plumeline.sources.background import FEW_ROWS
from plumeline.sources.layout import path_pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.atmosphere.puff import Drift
    from plumeline.sources.samples import Samples
    from plumeline.sources.settings import InferenceSettings

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


FIXED_ROW_S = 300.0
"""Averaging time of a row at fixed sensors: long against the travel of gas over a few hundred metres [s]."""


KEPT_ROW = 0.2
"""Rows of a survey that grows stay as long as they are while they are less than this off [1]."""


FAST_READING_S = 30.0
"""Readings averaged over less than this see gusts, so their wind is averaged over the plume's travel instead [s]."""


MOST_PARCELS = 12
"""Most parts of a row at a fixed sensor that have a wind of their own."""


MOST_ELEMENTS = 40_000
"""About how many elements a survey of fixed sensors may have before parts of a row are taken together."""


STRETCH_S = 60.0
"""Shortest part of a moving track that has its own detour [s]."""


MOST_STRETCHES = 20
"""Most parts of a moving track."""


def are_readings_fast(samples: Samples) -> bool:
    """Whether readings see gusts."""
    if np.isfinite(samples.averaging_s).any():
        return bool(np.nanmedian(samples.averaging_s) < FAST_READING_S)
    return samples.is_moving


def travel_s(samples: Samples) -> float:
    """Time that gas takes across the survey [s], 30 to 120."""
    return float(np.clip(samples.extent_m / max(np.median(samples.wind[:, 2]), 0.5), 30.0, 120.0))


def wind_and_spread(samples: Samples, settings: InferenceSettings, window_s: float) -> tuple[Floats, Floats]:
    """The wind that carried the gas, averaged over `window_s` for fast readings, and turbulence angles.

    A window of 0 takes the wind and the turbulence as they are stated at each reading.
    """
    wind = samples.wind.copy()
    spread = samples.spread.copy()
    if are_readings_fast(samples):
        for sensor in np.unique(samples.sensor):
            mine = samples.sensor == sensor
            wind[mine, :2] = _running_wind(samples.time_s[mine], wind[mine, :2], window_s)
        wind[:, 2] = np.maximum(np.hypot(wind[:, 0], wind[:, 1]), 0.25)
        if window_s == 0.0:
            momentary = (settings.momentary_sigma_y_rad, settings.momentary_sigma_z_rad)
            return wind, np.clip(np.where(np.isfinite(spread), spread, momentary), 0.02, 1.0)
        # A second's reading cuts the plume as it stands at that moment, far narrower than a mean over minutes.
        spread[:] = (settings.momentary_sigma_y_rad, settings.momentary_sigma_z_rad)
        return wind, spread
    for column, default in enumerate((settings.direction_sigma_rad, settings.elevation_sigma_rad)):
        lacking = ~np.isfinite(spread[:, column])
        spread[lacking, column] = default
    # A wind whose error nobody states is not a perfect one.
    sigma = np.where(np.isfinite(samples.wind_sigma), samples.wind_sigma, settings.unstated_wind_sigma_m_s)
    error = np.minimum(sigma / wind[:, 2], 0.5)
    spread[:, 0] = np.clip(np.hypot(spread[:, 0], error), 0.03, 1.0)
    spread[:, 1] = np.clip(spread[:, 1], 0.02, 0.6)
    return wind, spread


def wind_history(samples: Samples, settings: InferenceSettings) -> Drift:
    """The way of the air over the survey, for puffs; still air where none are wanted.

    Readings of the same second, of whatever sensor, are one wind.
    """
    if settings.transport != "puff":
        return drift_of(np.zeros(1), np.zeros((1, 2)), oldest_s=1.0)
    second, which = np.unique(np.round(samples.time_s), return_inverse=True)
    wind = np.column_stack([np.bincount(which, part) / np.bincount(which) for part in samples.wind[:, :2].T])
    usual = max(float(np.median(samples.wind[:, 2])), 0.5)
    return drift_of(second, wind, oldest_s=float(np.clip(3.0 * samples.extent_m / usual, 120.0, 1800.0)))


def element_seconds(
    samples: Samples, parcel_of: Integers, number: Integers, settings: InferenceSettings
) -> Floats:
    """Time of each element, shape (element,), for puffs; none where none are wanted [s]."""
    if settings.transport != "puff":
        return np.zeros(0)
    time_s = np.bincount(parcel_of, samples.time_s) / np.bincount(parcel_of)
    return np.asarray(np.repeat(time_s, number), float)


def _running_wind(time_s: Floats, wind: Floats, window_s: float) -> Floats:
    """Centred running mean of the wind, shape (sample, 2) [m s-1]."""
    low = np.searchsorted(time_s, time_s - 0.5 * window_s, side="left")
    high = np.searchsorted(time_s, time_s + 0.5 * window_s, side="right")
    total = np.vstack([np.zeros((1, 2)), np.cumsum(wind, axis=0)])
    return np.asarray((total[high] - total[low]) / (high - low)[:, None])


def row_seconds(
    samples: Samples, settings: InferenceSettings, *, moving: bool, wanted_s: float | None = None
) -> float:
    """Averaging time of a row: long against the gas's travel at fixed sensors, short against the sensor's at moving ones.

    A wanted one is kept where it is less than a fifth off.
    """
    step = float(np.median(np.diff(np.unique(samples.time_s)))) if np.unique(samples.time_s).size > 1 else 1.0
    own = float(
        np.nanmax([
            np.nanmedian(samples.averaging_s) if np.isfinite(samples.averaging_s).any() else step,
            1e-3,
        ])
    )
    if moving:
        middle = 0.5 * (samples.receptor[:, :2] + samples.receptor[:, 3:5])
        same = np.diff(samples.sensor) == 0
        with np.errstate(divide="ignore", invalid="ignore"):
            speed = np.hypot(*np.diff(middle, axis=0).T)[same] / np.diff(samples.time_s)[same]
        speed = float(np.nanmedian(speed[np.isfinite(speed)])) if np.isfinite(speed).any() else 1.0
        seconds = max(step, min(4.0 / max(speed, 0.1), 5.0))
    else:
        seconds = max(own, FIXED_ROW_S)
    while (
        np.unique(samples.sensor * 10**9 + np.floor(samples.time_s / seconds).astype(np.int64)).size
        > settings.max_rows
    ):
        seconds *= 1.5
    return wanted_s if wanted_s and abs(wanted_s / seconds - 1.0) < KEPT_ROW else seconds


def parcels(samples: Samples, row_of: Integers, row_s: float) -> Integers:
    """Parcel of each sample of fixed sensors: a part of a row short enough to keep the wind's turns, shape (sample,)."""
    elements = int(path_pieces(samples.receptor, samples.sensor, samples.is_path).sum())
    per_row = row_of.size / (int(row_of.max()) + 1)
    parts = int(np.clip(per_row * MOST_ELEMENTS / elements, 1, MOST_PARCELS))
    part = np.floor(samples.time_s / row_s * parts).astype(np.int64) % parts
    return np.asarray(np.unique(row_of * parts + part, return_inverse=True)[1], np.int64)


def row_means(samples: Samples, row_of: Integers, rows: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Mean value or limit of each row and species, and whether it is a limit, both shape (row, species)."""
    known = np.isfinite(samples.value)
    limit = np.isfinite(samples.limit)
    value = np.empty((rows, samples.value.shape[1]))
    censored = np.zeros(value.shape, bool)
    for s in range(value.shape[1]):
        total = np.bincount(row_of, np.where(known[:, s], samples.value[:, s], 0.0), rows)
        count = np.bincount(row_of, known[:, s], rows)
        upper = np.bincount(row_of, np.where(limit[:, s], samples.limit[:, s], 0.0), rows)
        limits = np.bincount(row_of, limit[:, s], rows)
        # A row of mixed values and limits counts as a value if values are the majority.
        censored[:, s] = limits > count
        with np.errstate(invalid="ignore"):
            value[:, s] = np.where(censored[:, s], upper / limits, total / count)
    return value, censored


def stretches(row_time_s: Floats, row_sensor: Integers, *, moving: bool) -> tuple[Integers, Integers]:
    """Stretch of each row, shape (row,), and the first row of each stretch with the end, shape (stretch + 1,)."""
    _, which, count = np.unique(row_sensor, return_inverse=True, return_counts=True)
    part = np.where(count[which] < FEW_ROWS, -1, row_sensor).astype(np.int64) * 10**6
    if moving:
        span = max(float(np.ptp(row_time_s)), 1.0)
        part = part + np.floor(
            (row_time_s - row_time_s.min()) / max(span / MOST_STRETCHES, STRETCH_S)
        ).astype(np.int64)
    first = np.append(0, np.flatnonzero(np.diff(part)) + 1)
    edges = np.append(first, part.size).astype(np.int64)
    return np.repeat(np.arange(first.size), np.diff(edges)).astype(np.int64), edges
