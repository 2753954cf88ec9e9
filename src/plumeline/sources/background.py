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
        lows = [np.quantile(value[good & (row_sensor == j), s], 0.25) for j in np.unique(row_sensor[good])]
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
        stated = samples.noise[samples.sensor == sensor, s]
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
    """Offsets of each sensor and a drift in time common to all, per species, scaled so that coefficients are N(0, 1)."""
    columns = []
    for s in np.unique(species):
        mine = species == s
        own = np.unique(group[mine])
        lows = [
            np.quantile(value[(group == g) & ~censored], 0.25)
            for g in own
            if ((group == g) & ~censored).any()
        ]
        typical = float(np.median(noise[own]))
        offsets = (
            1.4826 * float(np.median(np.abs(np.asarray(lows) - np.median(lows)))) if len(lows) > 1 else 0.0
        )
        offset_sd = 1.5 * max(offsets, typical)
        columns += [np.where(group == g, offset_sd, 0.0) for g in own if ((group == g) & ~censored).any()]
        span = max(float(np.ptp(time_s)), 1.0)
        knots = np.linspace(time_s.min(), time_s.min() + span, max(2, math.ceil(span / knot_s) + 1))
        hats = np.maximum(0.0, 1.0 - np.abs(time_s[:, None] - knots) / (knots[1] - knots[0]))
        if (mine & ~censored).any():
            columns.extend(np.where(mine, hat * 2.0 * typical, 0.0) for hat in hats.T)
    basis = np.column_stack(columns) if columns else np.zeros((time_s.size, 1))
    # An upper limit is on the enhancement itself, so no background belongs to it.
    basis[censored] = 0.0
    return np.ascontiguousarray(basis)
