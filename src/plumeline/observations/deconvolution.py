"""Take a sensor's response out of its readings, with what that costs in noise.

The air concentration x is taken as a random walk, dx = sqrt(q) dW, that drives the sensor's stages; the readings are
the last stage plus white noise. That is a linear Gaussian state-space model on any time grid, so a Kalman filter and a
fixed-interval smoother give the posterior mean and standard deviation of x; q is set by maximum likelihood. This is
Tikhonov regularisation of the first difference, with the strength taken from the data and the error known.

Plumes are intermittent, so one q for the whole record would make quiet air look as uncertain as a plume: a first pass
shows where the air is restless, and q of the second follows that. The error of a value is never less than the readings'
noise, because smoothed values share their errors with their neighbours.

It is preferred over Fourier or plain inverse filters because readings are unevenly spaced and have gaps, and over
plain Tikhonov because the error of every value comes with it.

References: Rauch, Tung and Striebel 1965, doi:10.2514/3.3166; Bryson and Frazier 1963 and Bierman 1973,
doi:10.1016/0005-1098(73)90089-0 (smoother without matrix inverse); Särkkä 2013, doi:10.1017/CBO9781139344203.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import minimize_scalar

from plumeline.errors import InputError
from plumeline.observations.baseline import noise_sigma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.observations.response import Response

    Floats = NDArray[np.float64]

SAMPLES_PER_TIME_CONSTANT = 1.0
"""With fewer readings in a time constant than this the response is not sampled well enough to be inverted."""

NEGLIGIBLE = 0.2
"""A response faster than this share of the sampling step moves a reading by less than its own step: left alone."""

ACTIVITY_TIME_CONSTANTS = 2.0
"""Width of the window, in time constants, in which the air's own restlessness is judged."""

QUIET_SHARE = 1e-3
"""Least restlessness of quiet air, as a share of the record's mean."""

UNRESOLVED = 0.5
"""Share of the local step between neighbouring values that is taken as change within a step, unseen by any model."""

ROUNDS = 4
"""Rounds in which a sensor with unequal rise and decay settles which of them was at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deconvolution:
    """Readings with the sensor's response taken out."""

    air: Floats
    """Concentration of the air at the times of the readings less the delay, same unit and shape as the readings."""
    sigma: Floats
    """Its posterior standard deviation; the readings' own noise where nothing was corrected."""
    corrected: bool
    """Whether the response was taken out."""
    remark: str = ""
    """Why not, or what it cost."""


def deconvolve(
    time_s: Floats, readings: Floats, response: Response, *, noise: float | None = None
) -> Deconvolution:
    """Concentration of the air from the readings of a slow sensor.

    The delay is not applied here: the caller moves the times (`time - delay`), because position and wind belong to
    the time at which the air was taken in.

    Args:
        time_s: increasing times [s], shape (n,).
        readings: readings, any unit, same shape; NaN are bridged.
        response: the sensor's dynamics.
        noise: standard deviation of the readings' noise, same unit; estimated when None.

    Returns:
        The corrected values and their errors, or the readings unchanged and why.

    Raises:
        InputError: time does not increase.
    """
    t, z = np.asarray(time_s, float), np.asarray(readings, float)
    if np.any(np.diff(t) <= 0):
        raise InputError(
            "time must increase for a response correction", remedy="sort and drop duplicates first"
        )
    known = noise_sigma(z) if noise is None else float(noise)
    unchanged = np.full(z.size, known)
    if response.is_immediate:
        return Deconvolution(air=z, sigma=unchanged, corrected=True)
    reason = _obstacle(t, z, response, known)
    if reason is not None:
        done = "negligible" in reason
        return Deconvolution(air=z, sigma=unchanged, corrected=done, remark=reason)
    rising = np.append(np.diff(z) > 0, False)
    values, sigma = z, unchanged
    for _ in range(ROUNDS if response.is_asymmetric else 1):
        tau = np.where(rising, response.rise_s, response.falling_s)
        values, sigma, stage = _smooth(t, z, tau, response.second_s, known)
        # A time constant wrong by a share s moves x = y + tau dy/dt by s (x - y).
        sigma = np.hypot(np.maximum(sigma, known), response.sigma * np.abs(values - stage))
        now = values > stage
        if np.array_equal(now, rising):
            break
        rising = now
    if float(np.median(sigma)) > float(np.std(values)):
        return Deconvolution(
            air=z,
            sigma=unchanged,
            corrected=False,
            remark=f"too noisy: correcting the response of {response.slowest_s:g} s would leave an error larger than the signal",
        )
    gain = float(np.median(sigma)) / known if known > 0 else float("nan")
    remark = f"response of {response.slowest_s:g} s taken out; noise is {gain:.1f} times that of the readings"
    return Deconvolution(air=values, sigma=sigma, corrected=True, remark=remark)


def _obstacle(t: Floats, z: Floats, response: Response, noise: float) -> str | None:
    if np.count_nonzero(np.isfinite(z)) < 20 or not np.isfinite(noise) or noise <= 0:
        return "too few readings, or none that vary, to take the response out"
    step = float(np.median(np.diff(t[np.isfinite(z)])))
    if response.slowest_s < NEGLIGIBLE * step:
        return (
            f"the response of {response.slowest_s:g} s is negligible beside the sampling step of {step:g} s"
        )
    if response.slowest_s < SAMPLES_PER_TIME_CONSTANT * step:
        return f"sampling every {step:g} s is too slow to take out a response of {response.slowest_s:g} s"
    return None


def _smooth(
    t: Floats, z: Floats, tau: Floats, second_s: float, noise: float
) -> tuple[Floats, Floats, Floats]:
    """Smoothed air, its standard deviation and the smoothed first stage, in the unit of the readings."""
    level, scale = float(np.nanmedian(z)), float(np.nanstd(z)) or 1.0
    y, step = (z - level) / scale, np.diff(t)
    transition, unit = _dynamics(step, tau[:-1], second_s)
    width = max(1.0, ACTIVITY_TIME_CONSTANTS * float(np.median(tau)) / float(np.median(step)))
    even = np.full(step.size, 1.0 / float(np.median(step)))
    mean, var = _fit(y, transition, unit * even[:, None, None], (noise / scale) ** 2)
    activity = gaussian_filter1d(np.diff(mean[:, 0]) ** 2 / step, width, mode="nearest")
    usual = float(np.mean(activity))
    activity += QUIET_SHARE * usual + 1e-12
    unseen = ~(np.isfinite(y[1:]) & np.isfinite(y[:-1]))
    activity = np.where(unseen, np.maximum(activity, usual), activity)
    mean, var = _fit(y, transition, unit * activity[:, None, None], (noise / scale) ** 2)
    jump = gaussian_filter1d(np.diff(mean[:, 0], append=mean[-1, 0]) ** 2, width, mode="nearest")
    sigma = scale * np.sqrt(np.maximum(var[:, 0], 0.0) + UNRESOLVED**2 * jump)
    return level + scale * mean[:, 0], sigma, level + scale * mean[:, 1]


def _fit(y: Floats, transition: Floats, shape: Floats, floor: float) -> tuple[Floats, Floats]:
    """Smoothed states and their variances for the strength of the random walk that fits best.

    The walk's covariance over each step is a common factor times `shape`; the readings' noise variance is the one
    that fits best with it, at least `floor`.
    """
    known = np.isfinite(y)
    start, count = float(y[known][0]), int(np.count_nonzero(known))
    centre = -float(np.log(np.median(shape[:, 0, 0])))

    def misfit(log_ratio: float) -> tuple[float, float]:
        """Minus the log likelihood, and the noise variance, given the factor over that variance."""
        found = _filter(y, transition, np.exp(log_ratio) * shape, start)
        innovations, spread = found[3], found[4]
        squares = float(np.sum(innovations**2 / spread))
        variance = max(squares / count, floor)
        fit = squares / variance + count * np.log(variance)
        return 0.5 * (fit + float(np.sum(np.log(spread[known])))), variance

    bounds = (centre - 10.0, centre + 18.0)
    best = minimize_scalar(lambda log_ratio: misfit(log_ratio)[0], bounds=bounds, method="bounded")
    result = _filter(y, transition, np.exp(float(best.x)) * shape, start)
    mean, var = _backward(y, transition, *result)
    return mean, misfit(float(best.x))[1] * var


def _dynamics(step: Floats, tau: Floats, second_s: float) -> tuple[Floats, Floats]:
    """Transition matrices and noise covariances per unit q of (air, first stage[, second stage]) over each step.

    A unit step of the air makes stage k follow sum_j c_kj exp(-rate_j r); the covariance of the stages driven by
    white noise is the integral of the products of these step responses.
    """
    one = 1.0 / np.maximum(tau, 1e-9 * step)
    order = 3 if second_s else 2
    two = 1.0 / second_s if second_s else 0.0
    if second_s:
        one = np.where(np.abs(one / two - 1.0) < 1e-3, 1.001 * two, one)
    rates = np.stack([np.zeros_like(one), one, np.full_like(one, two)], axis=1)[:, :order]
    shape = np.zeros((step.size, order, order))
    shape[:, :, 0] = 1.0
    shape[:, 1, 1] = -1.0
    if second_s:
        shape[:, 2, 1] = -two / (two - one)
        shape[:, 2, 2] = one / (two - one)
    decay = np.exp(-rates * step[:, None])
    transition = np.zeros((step.size, order, order))
    transition[:, 0, 0] = 1.0
    transition[:, 1:, 0] = np.einsum("nkj,nj->nk", shape[:, 1:], decay)
    transition[:, 1, 1] = decay[:, 1]
    if second_s:
        transition[:, 2, 2] = decay[:, 2]
        transition[:, 2, 1] = two / (two - one) * (decay[:, 1] - decay[:, 2])
    sums = rates[:, :, None] + rates[:, None, :]
    long = step[:, None, None]
    integral = np.where(sums * long > 1e-12, -np.expm1(-sums * long) / np.maximum(sums, 1e-300), long)
    return transition, np.einsum("nki,nij,nlj->nkl", shape, integral, shape)


@njit(cache=True)
def _filter(z: Any, transition: Any, noise: Any, start: float) -> Any:  # pragma: no cover
    """Kalman filter with unit measurement noise on the last state.

    Returns predicted means (n, m) and covariances (n, m, m), gains (n, m), innovations and their variances (n).
    """
    n, m = z.size, transition.shape[1]
    means, covs = np.zeros((n, m)), np.zeros((n, m, m))
    gains, innovations, spread = np.zeros((n, m)), np.zeros(n), np.ones(n)
    mean, cov = np.zeros(m), np.zeros((m, m))
    # Element by element: assigning a whole array to a slice takes numba seconds to compile, for its error's text.
    for a in range(m):
        means[0, a], covs[0, a, a] = start, 1e4
    for i in range(n):
        if i > 0:
            _predict(transition[i - 1], noise[i - 1], mean, cov, means[i], covs[i])
        if np.isfinite(z[i]):
            spread[i] = covs[i, m - 1, m - 1] + 1.0
            innovations[i] = z[i] - means[i, m - 1]
            for a in range(m):
                gains[i, a] = covs[i, a, m - 1] / spread[i]
        for a in range(m):
            mean[a] = means[i, a] + gains[i, a] * innovations[i]
            for b in range(m):
                cov[a, b] = covs[i, a, b] - gains[i, a] * gains[i, b] * spread[i]
    return means, covs, gains, innovations, spread


@njit(cache=True)
def _predict(
    transition: Any, noise: Any, mean: Any, cov: Any, next_mean: Any, next_cov: Any
) -> None:  # pragma: no cover
    """Mean T m and covariance T P T' + Q after a time step, written in place."""
    m = mean.size
    half = np.zeros((m, m))
    for a in range(m):
        for b in range(m):
            next_mean[a] += transition[a, b] * mean[b]
            for c in range(m):
                half[a, b] += transition[a, c] * cov[c, b]
    for a in range(m):
        for b in range(m):
            next_cov[a, b] = noise[a, b]
            for c in range(m):
                next_cov[a, b] += half[a, c] * transition[b, c]


@njit(cache=True)
def _backward(
    z: Any, transition: Any, means: Any, covs: Any, gains: Any, innovations: Any, spread: Any
) -> Any:  # pragma: no cover
    """Modified Bryson-Frazier smoother: smoothed means and variances per unit measurement noise, both (n, m)."""
    n, m = means.shape
    adjoint, information = np.zeros(m), np.zeros((m, m))
    mean, var = means.copy(), np.zeros((n, m))
    for i in range(n - 1, -1, -1):
        if i < n - 1:
            adjoint, information = _step_back(transition[i], adjoint, information)
        if np.isfinite(z[i]):
            _take_reading(gains[i], innovations[i], spread[i], adjoint, information)
        for a in range(m):
            var[i, a] = covs[i, a, a]
            for b in range(m):
                mean[i, a] -= covs[i, a, b] * adjoint[b]
                for c in range(m):
                    var[i, a] -= covs[i, a, b] * information[b, c] * covs[i, c, a]
    return mean, var


@njit(cache=True)
def _step_back(transition: Any, adjoint: Any, information: Any) -> Any:  # pragma: no cover
    """Adjoint T' a and information T' L T before a time step."""
    m = adjoint.size
    earlier, before = np.zeros(m), np.zeros((m, m))
    for a in range(m):
        for b in range(m):
            earlier[a] += transition[b, a] * adjoint[b]
            for c in range(m):
                for d in range(m):
                    before[a, b] += transition[c, a] * information[c, d] * transition[d, b]
    return earlier, before


@njit(cache=True)
def _take_reading(
    gain: Any, innovation: float, spread: float, adjoint: Any, information: Any
) -> None:  # pragma: no cover
    """Move adjoint and information, in place, from after to before the update with a reading of the last state."""
    m = adjoint.size
    last = m - 1
    along, weighted, total = 0.0, np.zeros(m), 0.0
    for a in range(m):
        along += gain[a] * adjoint[a]
        for b in range(m):
            weighted[a] += information[a, b] * gain[b]
        total += gain[a] * weighted[a]
    adjoint[last] -= along + innovation / spread
    for a in range(m):
        information[a, last] -= weighted[a]
        information[last, a] -= weighted[a]
    information[last, last] += total + 1.0 / spread
