"""A drifting baseline under a gas signal, and the noise on top of it.

The baseline is for display, for estimating noise and as a starting point of an inversion's own background; it is
never subtracted from a stored concentration.

References: Whittaker 1923, doi:10.1017/S0013091500077853, and Eilers 2003, doi:10.1021/ac034173t (penalised smoother);
Eilers and Boelens 2005, Baseline correction with asymmetric least squares smoothing, Leiden University Medical Centre;
Rousseeuw and Croux 1993, doi:10.1080/01621459.1993.10476408 (robust scale).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solveh_banded

from plumeline.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GAUSSIAN_MEDIAN = 0.6744897501960817
"""Median of |x| for a standard normal x."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A baseline at every reading with its standard error."""

    level: Floats
    """Baseline in the readings' unit, shape (reading,)."""
    sigma: Floats
    """Standard error of the baseline, same unit, shape (reading,)."""
    noise: float
    """Noise of one reading about the baseline, same unit."""


def noise_sigma(values: Floats) -> float:
    """Standard deviation of a sensor's noise from the scatter of neighbouring readings.

    Second differences d = x[i-1] - 2 x[i] + x[i+1] remove level and trend; for white noise their variance is six
    times that of the noise. The median of |d| is not moved by plumes that fill less than about a third of the record.
    Noise that is correlated from reading to reading (averaging inside the sensor) is underestimated.

    Args:
        values: readings in order of time, any unit, shape (reading,); NaN are skipped.

    Returns:
        Noise in the same unit; NaN for fewer than five readings.
    """
    x = np.asarray(values, float)
    x = x[np.isfinite(x)]
    if x.size < 5:
        return float("nan")
    second = np.abs(np.diff(x, n=2))
    sigma = float(np.median(second) / (GAUSSIAN_MEDIAN * np.sqrt(6.0)))
    if sigma > 0:
        return sigma
    # More than half of the differences are 0: the sensor's resolution hides its noise, and one step bounds it.
    steps = np.abs(np.diff(np.unique(x)))
    return float(steps.min() / np.sqrt(12.0)) if steps.size else 0.0


def drifting_baseline(
    time_s: Floats, values: Floats, *, window_s: float = 600.0, asymmetry_sigma: float = 2.0, rounds: int = 20
) -> Baseline:
    """Whittaker smoother through the readings that are not plume.

    Minimises sum_i w_i (y_i - b_i)^2 + lambda * integral of (b'')^2, with w_i = 1 for a reading within
    `asymmetry_sigma` robust standard deviations of the baseline, and falling off as in Huber's loss below and as
    in Cauchy's (much faster) above it, because plumes only ever add. lambda is set so that a fluctuation of period
    `window_s` passes with half of its size. The first baseline is a rolling low quantile.

    Args:
        time_s: time [s], increasing, shape (reading,).
        values: readings, any unit, same shape; NaN are bridged.
        window_s: fluctuations slower than this belong to the baseline [s].
        asymmetry_sigma: readings further above the baseline than this many standard deviations are taken as plume.
        rounds: reweighting rounds at most.

    Returns:
        The baseline, its standard error and the noise about it.

    Raises:
        InputError: fewer than five finite readings, or time does not increase.
    """
    t, y = np.asarray(time_s, float), np.asarray(values, float)
    good = np.isfinite(y)
    if np.count_nonzero(good) < 5:
        raise InputError("fewer than five readings are not enough for a baseline")
    if np.any(np.diff(t) <= 0):
        raise InputError(
            "time must increase for a baseline", remedy="sort the readings and drop duplicates first"
        )
    noise = max(noise_sigma(y), 1e-12 * float(np.nanmax(np.abs(y))), 1e-300)
    bands = _roughness(t, strength=_strength(t, window_s))
    values_or_0 = np.where(good, y, 0.0)
    base = _rolling_quantile(t, y, window_s=window_s, quantile=0.2)
    weights = good.astype(float)
    for _ in range(rounds):
        residual = values_or_0 - base
        scale = max(noise, _scale_below(residual[good]))
        limit = asymmetry_sigma * scale
        above, below = residual > limit, residual < -limit
        weights = good.astype(float)
        weights[above] /= 1.0 + (residual[above] / limit) ** 2 * 10.0
        weights[below] *= limit / -residual[below]
        weights = np.where(good, weights, 0.0)
        new = _solve(bands, weights, values_or_0)
        moved = float(np.max(np.abs(new - base)))
        base = new
        if moved < 1e-3 * scale:
            break
    scale = max(noise, _scale_below((y - base)[good]))
    return Baseline(level=base, sigma=scale * np.sqrt(_leverage(t, weights, window_s)), noise=scale)


def _strength(t: Floats, window_s: float) -> float:
    # A wave of angular frequency w passes the continuous smoother with 1 / (1 + lambda w^4): half at w = 2 pi / window.
    mean_step = (t[-1] - t[0]) / (t.size - 1)
    return float((window_s / (2.0 * np.pi)) ** 4 / mean_step)


def _roughness(t: Floats, *, strength: float) -> Floats:
    """Upper bands (3, n) of lambda * D' W D with D the second divided difference on an uneven grid."""
    h = np.diff(t)
    span = 0.5 * (h[:-1] + h[1:])
    rows = np.stack([1.0 / h[:-1], -(1.0 / h[:-1] + 1.0 / h[1:]), 1.0 / h[1:]]) / span
    weight = strength * span
    bands = np.zeros((3, t.size))
    for i in range(3):
        for j in range(i, 3):
            start = j
            stop = t.size - 2 + j
            bands[2 - (j - i), start:stop] += weight * rows[i] * rows[j]
    return bands


def _solve(bands: Floats, weights: Floats, y: Floats) -> Floats:
    system = bands.copy()
    system[2] += np.maximum(weights, 1e-9)
    return np.asarray(solveh_banded(system, np.maximum(weights, 1e-9) * y), float)


def _scale_below(residual: Floats) -> float:
    """Robust standard deviation from the lower half only: plumes are above."""
    lower = residual[residual < 0]
    return float(np.median(-lower) / GAUSSIAN_MEDIAN) if lower.size >= 3 else 0.0


def _rolling_quantile(t: Floats, y: Floats, *, window_s: float, quantile: float) -> Floats:
    knots = np.arange(t[0], t[-1] + window_s, window_s / 2.0)
    level = []
    for knot in knots:
        inside = y[(t >= knot - window_s) & (t <= knot + window_s)]
        inside = inside[np.isfinite(inside)]
        level.append(float(np.quantile(inside, quantile)) if inside.size else np.nan)
    levels = np.asarray(level)
    known = np.isfinite(levels)
    return np.asarray(np.interp(t, knots[known], levels[known]), float)


def _leverage(t: Floats, weights: Floats, window_s: float) -> Floats:
    """Approximate variance of the smoother per unit noise: one over the effective number of readings it averages."""
    # The equivalent kernel of the smoother has an effective width of window / (2 pi) * 2 sqrt(2) (Silverman 1984).
    width = window_s / (2.0 * np.pi) * 2.0 * np.sqrt(2.0)
    total = np.concatenate([[0.0], np.cumsum(weights)])
    low = np.searchsorted(t, t - width / 2.0)
    high = np.searchsorted(t, t + width / 2.0, side="right")
    return np.asarray(1.0 / np.maximum(total[high] - total[low], 0.1))
