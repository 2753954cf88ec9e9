"""One particle of the sampler: its parameters, their prior, and the caches that follow from them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from plumeline.sources.likelihood import column, log_likelihood
from plumeline.sources.problem import INNER, THETA, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.problem import Priors, Problem

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


LOG_TWO_PI = math.log(2.0 * math.pi)


class Particle(NamedTuple):
    """Views into one particle's memory."""

    number: Integers
    """Number of sources, shape (1,)."""
    sources: Floats
    """x, y, height, log rate per species, shape (slot, 3 + species)."""
    theta: Floats
    """Transport parameters, shape (6,)."""
    detour: Floats
    """Turn and log factor of the way to each stretch, shape (stretch, 2)."""
    log_noise: Floats
    """Log noise per group over its first guess, shape (group,)."""
    beta: Floats
    """Background coefficients, shape (coefficient,)."""
    columns: Floats
    """Coupling of each source with each row, and that of the wide plume, shape (slot, 2, row)."""
    enhancement: Floats
    """Sum of the sources, and of their wide plumes, shape (2, observation)."""
    background: Floats
    """Background, shape (observation,)."""
    log_like: Floats
    """Log likelihood, shape (1,)."""
    rng: Integers
    """Random state, shape (1,)."""


class Scales(NamedTuple):
    """Proposal shapes learned from the population."""

    theta: Floats
    """Cholesky factor of the theta block, shape (6, 6)."""
    beta: Floats
    """Cholesky factor of the background block, shape (coefficient, coefficient)."""
    log_noise: float
    """Step of a noise or model-error move [1]."""
    log_rate: float
    """Step of a log-rate move [1]."""
    reach_m: float
    """Largest position step [m]."""


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
    total = 0.0
    for i in range(THETA):
        d = (theta[i] - priors.theta_mean[i]) / priors.theta_sd[i]
        total -= 0.5 * d * d
    return total


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=True)
def add_source(problem: Problem, col: Floats, source: Floats, sign: float, enhancement: Floats) -> None:
    """Add (or take away) one source's enhancement in place."""
    rates = np.exp(source[3:])
    species, row = problem.species, problem.row
    for m in range(enhancement.shape[1]):
        rate = sign * rates[species[m]]
        enhancement[0, m] += rate * col[0, row[m]]
        enhancement[1, m] += rate * col[1, row[m]]


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
            0,
            problem.stretch.size,
            particle.columns[k],
        )
        add_source(problem, particle.columns[k], particle.sources[k], 1.0, particle.enhancement)
    particle.background[:] = problem.basis @ particle.beta
    particle.log_like[0] = log_like_of(
        problem, priors, particle, particle.enhancement, particle.background, particle.theta
    )


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def log_like_of(
    problem: Problem,
    priors: Priors,
    particle: Particle,
    enhancement: Floats,
    background: Floats,
    theta: Floats,
) -> float:
    """Log likelihood with some of a particle's parts replaced."""
    return log_likelihood(
        problem, enhancement, background, particle.log_noise, theta[4], priors.dof, 0, problem.value.size
    )


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def accept(particle: Particle, log_ratio: float) -> bool:
    """Metropolis decision with the particle's own random stream."""
    return math.log(uniform(particle.rng)) < log_ratio
