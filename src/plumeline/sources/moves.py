"""The moves of one particle: each leaves prior × likelihood^temper unchanged.

A particle is its number of sources, their rows in `sources` (x, y, height, log rate per species), the globals
`theta`, `log_noise` and `beta` (background coefficients), and caches: one coupling column per source, the
enhancement and the background per observation, and the log likelihood.

References: Green 1995, doi:10.1093/biomet/82.4.711 (birth, death); Richardson & Green 1997,
doi:10.1111/1467-9868.00095 (split, merge).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from plumeline.sources.likelihood import column, log_likelihood
from plumeline.sources.problem import THETA, normal, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.problem import Priors, Problem

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

LOG_TWO_PI = math.log(2.0 * math.pi)
RATE_PROPOSAL_SD = 0.6
"""Spread of a proposed log rate around its least-squares value [1]."""


class Particle(NamedTuple):
    """Views into one particle's memory."""

    count: Integers
    """Number of sources, shape (1,)."""
    sources: Floats
    """x, y, height, log rate per species, shape (slot, 3 + species)."""
    theta: Floats
    """Transport parameters, shape (5,)."""
    log_noise: Floats
    """Log noise per group over its first guess, shape (group,)."""
    beta: Floats
    """Background coefficients, shape (coefficient,)."""
    columns: Floats
    """Coupling of each source with each row, shape (slot, row)."""
    enhancement: Floats
    """Sum of the sources, shape (observation,)."""
    background: Floats
    """Background, shape (observation,)."""
    log_like: Floats
    """Log likelihood, shape (1,)."""
    rng: Integers
    """Random state, shape (1,)."""


class Scales(NamedTuple):
    """Proposal shapes learned from the population."""

    theta: Floats
    """Cholesky factor of the theta block, shape (5, 5)."""
    beta: Floats
    """Cholesky factor of the background block, shape (coefficient, coefficient)."""
    log_noise: float
    """Step of a noise or model-error move [1]."""
    log_rate: float
    """Step of a log-rate move [1]."""
    reach_m: float
    """Largest position step [m]."""


@njit(cache=True, nogil=True, error_model="numpy")
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
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def log_prior_theta(priors: Priors, theta: Floats) -> float:
    """Log prior density of the transport parameters, up to a constant."""
    total = 0.0
    for i in range(THETA):
        d = (theta[i] - priors.theta_mean[i]) / priors.theta_sd[i]
        total -= 0.5 * d * d
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def add_source(problem: Problem, col: Floats, source: Floats, sign: float, enhancement: Floats) -> None:
    """Add (or take away) one source's enhancement in place."""
    rates = np.exp(source[3:])
    for m in range(enhancement.size):
        enhancement[m] += sign * rates[problem.species[m]] * col[problem.row[m]]


@njit(cache=True, nogil=True, error_model="numpy")
def refresh(problem: Problem, priors: Priors, particle: Particle) -> None:
    """Recompute all caches from the parameters."""
    particle.enhancement[:] = 0.0
    for k in range(particle.count[0]):
        column(problem, particle.sources[k], particle.theta, particle.columns[k])
        add_source(problem, particle.columns[k], particle.sources[k], 1.0, particle.enhancement)
    particle.background[:] = problem.basis @ particle.beta
    particle.log_like[0] = _log_like(problem, priors, particle, particle.enhancement, particle.background, particle.theta)


@njit(cache=True, nogil=True, error_model="numpy")
def _log_like(problem: Problem, priors: Priors, particle: Particle, enhancement: Floats, background: Floats, theta: Floats) -> float:
    return log_likelihood(problem, enhancement, background, particle.log_noise, theta[4], priors.dof)


@njit(cache=True, nogil=True, error_model="numpy")
def _accept(particle: Particle, log_ratio: float) -> bool:
    return math.log(uniform(particle.rng)) < log_ratio


@njit(cache=True, nogil=True, error_model="numpy")
def move_position(problem: Problem, priors: Priors, particle: Particle, k: int, temper: float, reach_m: float) -> bool:
    """Step one source in space by a random length between 0.2 m and `reach_m`; the rates step along a little."""
    rng = particle.rng
    step = 0.2 * (reach_m / 0.2) ** uniform(rng)
    new = particle.sources[k].copy()
    kind = uniform(rng)
    if kind < 0.8:
        new[0] += step * normal(rng)
        new[1] += step * normal(rng)
    if kind > 0.6:
        new[2] = abs(new[2] + min(step, 0.5 * priors.height_sd) * normal(rng))
    shift = 0.15 * normal(rng)
    for s in range(new.size - 3):
        new[3 + s] += shift
    prior = log_prior_source(problem, priors, new) - log_prior_source(problem, priors, particle.sources[k])
    if prior == -np.inf:
        return False
    col = np.empty(particle.columns.shape[1])
    column(problem, new, particle.theta, col)
    enhancement = particle.enhancement.copy()
    add_source(problem, particle.columns[k], particle.sources[k], -1.0, enhancement)
    np.maximum(enhancement, 0.0, enhancement)
    add_source(problem, col, new, 1.0, enhancement)
    log_like = _log_like(problem, priors, particle, enhancement, particle.background, particle.theta)
    if not _accept(particle, prior + temper * (log_like - particle.log_like[0])):
        return False
    particle.sources[k] = new
    particle.columns[k] = col
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def move_rate(problem: Problem, priors: Priors, particle: Particle, k: int, temper: float, step: float) -> bool:
    """Step the log rate of one species of one source."""
    new = particle.sources[k].copy()
    s = int(uniform(particle.rng) * (new.size - 3))
    new[3 + s] += step * normal(particle.rng)
    prior = log_prior_source(problem, priors, new) - log_prior_source(problem, priors, particle.sources[k])
    enhancement = particle.enhancement.copy()
    change = math.exp(new[3 + s]) - math.exp(particle.sources[k, 3 + s])
    for m in range(enhancement.size):
        if problem.species[m] == s:
            enhancement[m] = max(enhancement[m] + change * particle.columns[k, problem.row[m]], 0.0)
    log_like = _log_like(problem, priors, particle, enhancement, particle.background, particle.theta)
    if not _accept(particle, prior + temper * (log_like - particle.log_like[0])):
        return False
    particle.sources[k] = new
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def move_theta(problem: Problem, priors: Priors, particle: Particle, temper: float, scales: Scales) -> bool:
    """Step all transport parameters together along the population's covariance."""
    size = 0.9 * math.exp(0.8 * normal(particle.rng))
    draw = np.empty(THETA)
    for i in range(THETA):
        draw[i] = normal(particle.rng)
    new = particle.theta + size * (scales.theta @ draw)
    prior = log_prior_theta(priors, new) - log_prior_theta(priors, particle.theta)
    enhancement = np.zeros(particle.enhancement.size)
    columns = np.empty((particle.count[0], particle.columns.shape[1]))
    for k in range(particle.count[0]):
        column(problem, particle.sources[k], new, columns[k])
        add_source(problem, columns[k], particle.sources[k], 1.0, enhancement)
    log_like = _log_like(problem, priors, particle, enhancement, particle.background, new)
    if not _accept(particle, prior + temper * (log_like - particle.log_like[0])):
        return False
    particle.theta[:] = new
    particle.columns[: particle.count[0]] = columns
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def move_noise(problem: Problem, priors: Priors, particle: Particle, temper: float, step: float) -> bool:
    """Step one group's noise, or the model error."""
    groups = particle.log_noise.size
    g = int(uniform(particle.rng) * (groups + 1))
    theta = particle.theta.copy()
    old = particle.log_noise.copy()
    if g == groups:
        theta[4] += step * normal(particle.rng)
        prior = log_prior_theta(priors, theta) - log_prior_theta(priors, particle.theta)
    else:
        particle.log_noise[g] += step * normal(particle.rng)
        prior = -0.5 * (particle.log_noise[g] ** 2 - old[g] ** 2) / priors.log_noise_sd**2
    log_like = _log_like(problem, priors, particle, particle.enhancement, particle.background, theta)
    if not _accept(particle, prior + temper * (log_like - particle.log_like[0])):
        particle.log_noise[:] = old
        return False
    particle.theta[:] = theta
    particle.log_like[0] = log_like
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def move_background(problem: Problem, priors: Priors, particle: Particle, temper: float, scales: Scales) -> bool:
    """Step all background coefficients together along the population's covariance; their prior is standard normal."""
    size = particle.beta.size
    draw = np.empty(size)
    for i in range(size):
        draw[i] = normal(particle.rng)
    length = math.exp(0.8 * normal(particle.rng)) * 1.2 / math.sqrt(size)
    new = particle.beta + length * (scales.beta @ draw)
    prior = -0.5 * (np.sum(new * new) - np.sum(particle.beta * particle.beta))
    background = problem.basis @ new
    log_like = _log_like(problem, priors, particle, particle.enhancement, background, particle.theta)
    if not _accept(particle, prior + temper * (log_like - particle.log_like[0])):
        return False
    particle.beta[:] = new
    particle.background[:] = background
    particle.log_like[0] = log_like
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _rate_proposal(problem: Problem, priors: Priors, residual_of: Floats, col: Floats, s: int) -> float:
    """Log of the least-squares rate of one species for a residual, kept within three prior sigmas."""
    top = 0.0
    bottom = 1e-300
    for m in range(residual_of.size):
        if problem.species[m] == s:
            a = col[problem.row[m]]
            weight = 1.0 / problem.noise[problem.group[m]] ** 2
            top += weight * a * residual_of[m]
            bottom += weight * a * a
    low = priors.log_rate_mean[s] - 3.0 * priors.log_rate_sd
    return max(low, math.log(max(top / bottom, 1e-300)))


@njit(cache=True, nogil=True, error_model="numpy")
def _log_rate_density(priors: Priors, log_rate: float, centre: float, s: int) -> float:
    """Log density of the birth proposal of a log rate: half around the least-squares value, half the prior."""
    d = (log_rate - centre) / RATE_PROPOSAL_SD
    e = (log_rate - priors.log_rate_mean[s]) / priors.log_rate_sd
    near = math.exp(-0.5 * d * d) / RATE_PROPOSAL_SD
    far = math.exp(-0.5 * e * e) / priors.log_rate_sd
    return math.log(0.5 * near + 0.5 * far + 1e-300) - 0.5 * LOG_TWO_PI


@njit(cache=True, nogil=True, error_model="numpy")
def _log_birth_density(problem: Problem, priors: Priors, source: Floats) -> float:
    """Log density of the birth proposal of a position (its height comes from the prior)."""
    box = problem.box
    ny, nx = problem.birth_map.shape
    area = (box[1] - box[0]) * (box[3] - box[2])
    i = min(nx - 1, max(0, int((source[0] - box[0]) / (box[1] - box[0]) * nx)))
    j = min(ny - 1, max(0, int((source[1] - box[2]) / (box[3] - box[2]) * ny)))
    h = source[2] / priors.height_sd
    height = -0.5 * h * h - math.log(priors.height_sd) - 0.5 * (LOG_TWO_PI - 2.0 * math.log(2.0))
    return math.log(problem.birth_map[j, i] * nx * ny / area) + height


@njit(cache=True, nogil=True, error_model="numpy")
def _draw_birth(problem: Problem, priors: Priors, rng: Integers, source: Floats) -> None:
    box = problem.box
    ny, nx = problem.birth_map.shape
    target = uniform(rng)
    total = 0.0
    cell = nx * ny - 1
    for c in range(nx * ny):
        total += problem.birth_map[c // nx, c % nx]
        if total >= target:
            cell = c
            break
    source[0] = box[0] + (cell % nx + uniform(rng)) * (box[1] - box[0]) / nx
    source[1] = box[2] + (cell // nx + uniform(rng)) * (box[3] - box[2]) / ny
    source[2] = abs(normal(rng)) * priors.height_sd


@njit(cache=True, nogil=True, error_model="numpy")
def move_birth_death(problem: Problem, priors: Priors, particle: Particle, temper: float) -> bool:
    """Add a source where the birth map expects one, or take one away."""
    if uniform(particle.rng) < 0.5:
        return _birth(problem, priors, particle, temper)
    return _death(problem, priors, particle, temper)


@njit(cache=True, nogil=True, error_model="numpy")
def _birth(problem: Problem, priors: Priors, particle: Particle, temper: float) -> bool:
    k = particle.count[0]
    if k + 1 >= priors.log_count.size:
        return False
    rng = particle.rng
    new = np.empty(particle.sources.shape[1])
    _draw_birth(problem, priors, rng, new)
    if new[2] > problem.box[4]:
        return False
    col = np.empty(particle.columns.shape[1])
    column(problem, new, particle.theta, col)
    residual = problem.value - particle.background - particle.enhancement
    density = _log_birth_density(problem, priors, new)
    for s in range(new.size - 3):
        centre = _rate_proposal(problem, priors, residual, col, s)
        if uniform(rng) < 0.5:
            new[3 + s] = centre + RATE_PROPOSAL_SD * normal(rng)
        else:
            new[3 + s] = priors.log_rate_mean[s] + priors.log_rate_sd * normal(rng)
        density += _log_rate_density(priors, new[3 + s], centre, s)
    enhancement = particle.enhancement.copy()
    add_source(problem, col, new, 1.0, enhancement)
    log_like = _log_like(problem, priors, particle, enhancement, particle.background, particle.theta)
    ratio = priors.log_count[k + 1] - priors.log_count[k] + log_prior_source(problem, priors, new) - density
    if not _accept(particle, ratio + temper * (log_like - particle.log_like[0])):
        return False
    particle.sources[k] = new
    particle.columns[k] = col
    particle.count[0] = k + 1
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _death(problem: Problem, priors: Priors, particle: Particle, temper: float) -> bool:
    k = particle.count[0]
    if k == 0:
        return False
    j = int(uniform(particle.rng) * k)
    old = particle.sources[j].copy()
    col = particle.columns[j].copy()
    enhancement = particle.enhancement.copy()
    add_source(problem, col, old, -1.0, enhancement)
    np.maximum(enhancement, 0.0, enhancement)
    residual = problem.value - particle.background - enhancement
    density = _log_birth_density(problem, priors, old)
    for s in range(old.size - 3):
        density += _log_rate_density(priors, old[3 + s], _rate_proposal(problem, priors, residual, col, s), s)
    log_like = _log_like(problem, priors, particle, enhancement, particle.background, particle.theta)
    ratio = priors.log_count[k - 1] - priors.log_count[k] - log_prior_source(problem, priors, old) + density
    if not _accept(particle, ratio + temper * (log_like - particle.log_like[0])):
        return False
    particle.sources[j] = particle.sources[k - 1]
    particle.columns[j] = particle.columns[k - 1]
    particle.count[0] = k - 1
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True
