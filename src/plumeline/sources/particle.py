"""One particle of the sampler: its parameters, their prior, and the caches that follow from them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from plumeline.atmosphere.arithmetic import FAST
from plumeline.sources.likelihood import column, log_likelihood
from plumeline.sources.problem import BLOCK, CHANNEL, FIRST, INNER, LENGTH, ROW, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.problem import Priors, Problem

    Floats = NDArray[np.float64]
    Floats32 = NDArray[np.float32]
    Integers = NDArray[np.int64]


LOG_TWO_PI = math.log(2.0 * math.pi)


class Particle(NamedTuple):
    """Views into one particle's memory."""

    number: Integers
    """Number of sources, shape (1,)."""
    sources: Floats
    """x, y, height, log rate per species, shape (slot, 3 + species)."""
    active: NDArray[np.int8]
    """Whether each source emits in each emission block, shape (slot, block)."""
    theta: Floats
    """Transport parameters, shape (6 · flight,)."""
    detour: Floats
    """Turn and log factor of the way to each stretch, shape (stretch, 2)."""
    log_noise: Floats
    """Log noise per group over its first guess, shape (group,)."""
    beta: Floats
    """Background coefficients, shape (coefficient,)."""
    columns: Floats32
    """Coupling of each source with each row, and that of the wide plume, shape (slot, 2, row)."""
    enhancement: Floats32
    """Sum of the sources, and of their wide plumes, shape (2, observation)."""
    background: Floats32
    """Background, shape (observation,)."""
    log_like: Floats
    """Log likelihood, shape (1,)."""
    rng: Integers
    """Random state, shape (1,)."""


class Scales(NamedTuple):
    """Proposal shapes learned from the population."""

    theta: Floats
    """Cholesky factor of each flight's transport parameters, shape (flight, 6, 6)."""
    beta: Floats
    """Cholesky factor of each flight's background, shape (coefficient, coefficient), in blocks along the diagonal."""
    log_noise: float
    """Step of a noise or model-error move [1]."""
    log_rate: float
    """Step of a log-rate move [1]."""
    reach_m: float
    """Largest position step [m]."""
    ridge: Floats
    """Differences of like sources and transport parameters between particles, shape (pair, 3 + species + 6 · flight)."""


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def log_prior_source(problem: Problem, priors: Priors, source: Floats) -> float:
    """Log prior density of one source, -inf outside the search box."""
    box = problem.box
    if not (box[0] <= source[0] <= box[1] and box[2] <= source[1] <= box[3] and 0.0 <= source[2] <= box[4]):
        return -np.inf
    total = -math.log((box[1] - box[0]) * (box[3] - box[2]))
    h = source[2] / priors.height_sd
    total -= 0.5 * h * h + math.log(priors.height_sd) + 0.5 * (LOG_TWO_PI - 2.0 * math.log(2.0))
    for s in range(source.size - 3):
        d = (source[3 + s] - priors.log_rate_mean[s]) / priors.log_rate_sd
        total -= 0.5 * d * d + math.log(priors.log_rate_sd) + 0.5 * LOG_TWO_PI
    return float(total)


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def log_prior_theta(priors: Priors, theta: Floats) -> float:
    """Log prior density of the transport parameters, up to a constant."""
    total, mean, sd = 0.0, priors.theta_mean, priors.theta_sd
    for i in range(theta.size):
        d = (theta[i] - mean[i]) / sd[i]
        total -= 0.5 * d * d
    return total


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def log_prior_active(priors: Priors, active: NDArray[np.int8]) -> float:
    """Log prior probability of one course of emission; -inf for a source that never emits."""
    changes = 0
    total = active[0]
    for b in range(1, active.size):
        total += active[b]
        changes += active[b] != active[b - 1]
    return priors.log_switching[changes] if total > 0 else -np.inf


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def gains_of(problem: Problem, source: Floats, sign: float) -> Floats:
    """Reading of each channel per coupling, from the rates of one source, shape (channel,)."""
    response = problem.response
    gains = np.zeros(response.shape[0])
    for s in range(response.shape[1]):
        rate = sign * math.exp(source[3 + s])
        for c in range(gains.size):
            gains[c] += response[c, s] * rate
    return gains


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=FAST)
def add_gains(
    problem: Problem,
    col: Floats32,
    gains: Floats,
    active: NDArray[np.int8],
    span: tuple[int, int],
    enhancement: Floats32,
) -> None:
    """Add a source's enhancement to the observations of a range of segments, in place; never below zero."""
    segments, narrow, wide = problem.segments, col[0], col[1]
    to, to_wide = enhancement[0], enhancement[1]
    for g in range(span[0], span[1]):
        if active[segments[g, BLOCK]] == 0:
            continue
        gain = np.float32(gains[segments[g, CHANNEL]])
        first, row = np.uint64(segments[g, FIRST]), np.uint64(segments[g, ROW])
        for i in range(np.uint64(segments[g, LENGTH])):
            to[first + i] = max(to[first + i] + gain * narrow[row + i], np.float32(0.0))
            to_wide[first + i] = max(to_wide[first + i] + gain * wide[row + i], np.float32(0.0))


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def add_source(
    problem: Problem,
    col: Floats32,
    source: Floats,
    active: NDArray[np.int8],
    sign: float,
    enhancement: Floats32,
) -> None:
    """Add (or take away) one source's enhancement in place."""
    add_gains(
        problem, col, gains_of(problem, source, sign), active, (0, problem.segments.shape[0]), enhancement
    )


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def flight_segments(problem: Problem, flight: int) -> tuple[int, int]:
    """First segment of a flight, and the one after its last."""
    stretch = problem.flight_stretch
    return problem.stretch_segment[stretch[flight]], problem.stretch_segment[stretch[flight + 1]]


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def observations_of(problem: Problem, span: tuple[int, int]) -> tuple[int, int]:
    """First observation of a span of segments, and the one after its last."""
    segments = problem.segments
    return segments[span[0], FIRST], segments[span[1] - 1, FIRST] + segments[span[1] - 1, LENGTH]


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=FAST)
def background_of(problem: Problem, beta: Floats, flight: int, out: Floats32) -> None:
    """Background of a flight's observations, written to its part of `out`, shape (observation,)."""
    low, high = observations_of(problem, flight_segments(problem, flight))
    to, basis = out[low:high], problem.basis
    to[:] = np.float32(0.0)
    for c in range(problem.flight_basis[flight], problem.flight_basis[flight + 1]):
        b = np.float32(beta[c])
        line = basis[c, low:high]
        for m in range(to.size):
            to[m] += b * line[m]


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def refresh(problem: Problem, priors: Priors, particle: Particle) -> None:
    """Recompute all caches from the parameters."""
    particle.enhancement[:] = 0.0
    for k in range(particle.number[0]):
        column(
            problem,
            particle.sources[k],
            particle.theta,
            particle.detour,
            problem.flight_stretch[0],
            particle.detour.shape[0],
            particle.columns[k],
        )
        add_source(
            problem, particle.columns[k], particle.sources[k], particle.active[k], 1.0, particle.enhancement
        )
    for flight in range(problem.flight_basis.size - 1):
        background_of(problem, particle.beta, flight, particle.background)
    particle.log_like[0] = log_like_of(
        problem, priors, particle, particle.enhancement, particle.background, particle.theta
    )


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def log_like_of(
    problem: Problem,
    priors: Priors,
    particle: Particle,
    enhancement: Floats32,
    background: Floats32,
    theta: Floats,
) -> float:
    """Log likelihood with some of a particle's parts replaced."""
    return float(
        log_likelihood(
            problem,
            enhancement,
            background,
            particle.log_noise,
            theta,
            priors.dof,
            problem.stretch_segment[0],
            problem.segments.shape[0],
        )
    )


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def accept(particle: Particle, log_ratio: float) -> bool:
    """Metropolis decision with the particle's own random stream."""
    return math.log(uniform(particle.rng)) < log_ratio
