"""What the readings hold without a source: level, noise, and a drift, per sensor and species."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.samples import Samples

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


BACKGROUND_VARIATION = 0.015
"""Share of the background that comes and goes unresolved by the drift, e.g. 20 ppb of 2 ppm methane [1]."""


LOW_QUANTILE = 0.1
"""Values up to this quantile are taken as the background's, to begin with [1]."""
FEW_ROWS = 8
"""Sensors with fewer rows than this share one noise and one offset: nothing can be learned of each."""


def noise_groups(species: Integers, sensor: Integers) -> tuple[Integers, Integers]:
    """Codes of the noise groups (species · 10⁶ + sensor, or + 999999 for all with few rows) and each observation's.

    Args:
        species: species of each observation, shape (observation,).
        sensor: sensor of each observation, shape (observation,).

    Returns:
        Codes, shape (group,), and index into them, shape (observation,).
    """
    code = species * 10**6 + sensor
    _, which, count = np.unique(code, return_inverse=True, return_counts=True)
    code = np.where(count[which] < FEW_ROWS, species * 10**6 + SHARED, code)
    codes, group = np.unique(code, return_inverse=True)
    return codes, group.astype(np.int64)


SHARED = 999_999
"""Stands for all sensors with few rows."""


def base_and_scale(observed: tuple[Floats, NDArray[np.bool_]], row_sensor: Integers) -> tuple[Floats, Floats]:
    """Network-wide low level, and a unit of the order of the noise, per species."""
    value, censored = observed
    base = np.zeros(value.shape[1])
    scale = np.ones(value.shape[1])
    for s in range(value.shape[1]):
        good = np.isfinite(value[:, s]) & ~censored[:, s]
        if not good.any():
            limits = value[np.isfinite(value[:, s]), s]
            scale[s] = float(np.median(limits)) if limits.size else 1.0
            continue
        many = [j for j in np.unique(row_sensor[good]) if (good & (row_sensor == j)).sum() >= FEW_ROWS]
        parts = [value[good & (row_sensor == j), s] for j in many] or [value[good, s]]
        lows = [np.quantile(part, LOW_QUANTILE) for part in parts]
        base[s] = float(np.median(lows))
        spread = float(np.quantile(value[good, s], 0.5) - np.quantile(value[good, s], 0.1))
        scale[s] = max(spread, 1e-3 * abs(base[s]), 1e-15)
    return base, scale


def noise_guess(
    samples: Samples,
    value: Floats,
    censored: NDArray[np.bool_],
    group: Integers,
    groups: Integers,
    base: Floats,
    scale: Floats,
    row_of: Integers,
) -> Floats:
    """First guess of each group's noise: from differences in time and from the lower half, whichever is less."""
    per_row = np.median(np.bincount(row_of))
    noise = np.empty(groups.size)
    for g, code in enumerate(groups):
        s, sensor = divmod(int(code), 10**6)
        mine = value[(group == g) & ~censored]
        stated = samples.noise[(samples.sensor == sensor) | (sensor == SHARED), s]
        stated = (
            float(np.nanmedian(stated)) / scale[s] / math.sqrt(per_row)
            if np.isfinite(stated).any()
            else np.nan
        )
        if mine.size >= 8:
            steps = 1.4826 * float(np.median(np.abs(np.diff(mine)))) / math.sqrt(2.0)
            lower = float(np.quantile(mine, 0.5) - np.quantile(mine, 0.16))
            noise[g] = min(steps, lower)
        else:
            noise[g] = stated if np.isfinite(stated) else 1.0
        floor = stated if np.isfinite(stated) else 0.0
        noise[g] = max(noise[g], 0.5 * floor, 1e-3)
    return _pooled(noise, groups, base, scale)


def _pooled(noise: Floats, groups: Integers, base: Floats, scale: Floats) -> Floats:
    """Each group's noise held near its species' usual one, and above the unresolved variation of the background.

    A sensor that stands in the plume all the time looks noisy; its fellows tell what its noise is.
    """
    out = noise.copy()
    for s in np.unique(groups // 10**6):
        mine = groups // 10**6 == s
        usual = float(np.median(noise[mine]))
        out[mine] = np.clip(noise[mine], 0.5 * usual, 2.0 * usual)
        out[mine] = np.maximum(out[mine], BACKGROUND_VARIATION * base[s] / scale[s])
    return out


def knot_seconds(samples: Samples, *, moving: bool) -> float:
    """Time between knots of the drift: an hour or more at fixed sensors, an eighth of a flight at moving ones [s]."""
    duration = max(float(np.ptp(samples.time_s)), 1.0)
    return max(duration / 8.0, 120.0) if moving else max(duration / 24.0, 3600.0)


def background_basis(
    time_s: Floats,
    species: Integers,
    group: Integers,
    value: Floats,
    censored: NDArray[np.bool_],
    noise: Floats,
    knot_s: float,
) -> Floats:
    """Level, sensor offsets and a drift in time common to all, per species; coefficients are N(0, 1) a priori.

    The level's width reaches from the low values to the middle ones, because sensors that stand in the plume all
    the time never show the background itself.
    """
    columns = []
    for s in np.unique(species):
        mine = (species == s) & ~censored
        if not mine.any():
            continue
        own = [int(g) for g in np.unique(group[mine])]
        lows = np.array([np.quantile(value[mine & (group == g)], LOW_QUANTILE) for g in own])
        typical = float(np.median(noise[own]))
        apart = 1.4826 * float(np.median(np.abs(lows - np.median(lows)))) if len(own) > 1 else 0.0
        columns.append(np.where(mine, max(float(np.median(value[mine]) - np.median(lows)), typical), 0.0))
        if len(own) > 1:
            columns += [np.where(mine & (group == g), 1.5 * max(apart, typical), 0.0) for g in own]
        span = max(float(np.ptp(time_s)), 1.0)
        knots = np.linspace(time_s.min(), time_s.min() + span, max(2, math.ceil(span / knot_s) + 1))
        hats = np.maximum(0.0, 1.0 - np.abs(time_s[:, None] - knots) / (knots[1] - knots[0]))
        columns.extend(np.where(mine, hat * 2.0 * typical, 0.0) for hat in hats.T)
    # An upper limit is on the enhancement itself, so no background belongs to it.
    return np.ascontiguousarray(np.column_stack(columns) if columns else np.zeros((time_s.size, 1)))
