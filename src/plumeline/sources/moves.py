"""The moves of one particle with a fixed number of sources: each leaves prior × likelihood^temper unchanged."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from plumeline.sources.likelihood import column, log_likelihood
from plumeline.sources.particle import accept, add_source, log_like_of, log_prior_source, log_prior_theta
from plumeline.sources.problem import INNER, THETA, normal, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.particle import Particle, Scales
    from plumeline.sources.problem import Priors, Problem

    Floats = NDArray[np.float64]


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def move_position(
    problem: Problem, priors: Priors, particle: Particle, k: int, temper: float, reach_m: float
) -> bool:
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
    col = np.empty(particle.columns.shape[1:])
    column(problem, new, particle.theta, particle.detour, 0, problem.stretch.size, col)
    enhancement = particle.enhancement.copy()
    add_source(problem, particle.columns[k], particle.sources[k], -1.0, enhancement)
    np.maximum(enhancement, 0.0, enhancement)
    add_source(problem, col, new, 1.0, enhancement)
    log_like = log_like_of(problem, priors, particle, enhancement, particle.background, particle.theta)
    if not accept(particle, prior + temper * (log_like - particle.log_like[0])):
        return False
    particle.sources[k] = new
    particle.columns[k] = col
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def move_rate(
    problem: Problem, priors: Priors, particle: Particle, k: int, temper: float, step: float
) -> bool:
    """Step the log rate of one species of one source."""
    new = particle.sources[k].copy()
    s = int(uniform(particle.rng) * (new.size - 3))
    new[3 + s] += step * normal(particle.rng)
    prior = log_prior_source(problem, priors, new) - log_prior_source(problem, priors, particle.sources[k])
    enhancement = particle.enhancement.copy()
    change = math.exp(new[3 + s]) - math.exp(particle.sources[k, 3 + s])
    species, row, col = problem.species, problem.row, particle.columns[k]
    for m in range(enhancement.shape[1]):
        if species[m] == s:
            enhancement[0, m] = max(enhancement[0, m] + change * col[0, row[m]], 0.0)
            enhancement[1, m] = max(enhancement[1, m] + change * col[1, row[m]], 0.0)
    log_like = log_like_of(problem, priors, particle, enhancement, particle.background, particle.theta)
    if not accept(particle, prior + temper * (log_like - particle.log_like[0])):
        return False
    particle.sources[k] = new
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def move_theta(problem: Problem, priors: Priors, particle: Particle, temper: float, scales: Scales) -> bool:
    """Step all transport parameters together along the population's covariance."""
    size = 0.9 * math.exp(0.8 * normal(particle.rng))
    draw = np.empty(THETA)
    for i in range(THETA):
        draw[i] = normal(particle.rng)
    new = particle.theta + size * (scales.theta @ draw)
    prior = log_prior_theta(priors, new) - log_prior_theta(priors, particle.theta)
    enhancement = np.zeros(particle.enhancement.shape)
    columns = np.empty((particle.number[0], 2, particle.columns.shape[2]))
    for k in range(particle.number[0]):
        column(problem, particle.sources[k], new, particle.detour, 0, problem.stretch.size, columns[k])
        add_source(problem, columns[k], particle.sources[k], 1.0, enhancement)
    log_like = log_like_of(problem, priors, particle, enhancement, particle.background, new)
    if not accept(particle, prior + temper * (log_like - particle.log_like[0])):
        return False
    particle.theta[:] = new
    particle.columns[: particle.number[0]] = columns
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def move_detour(problem: Problem, priors: Priors, particle: Particle, g: int, temper: float) -> bool:
    """Step the turn and strength of the way to one stretch; only its rows change."""
    old = particle.detour[g].copy()
    size = math.exp(0.7 * normal(particle.rng))
    new = np.empty(2)
    prior = 0.0
    for i in range(2):
        new[i] = old[i] + 0.6 * size * priors.detour_sd[i] * normal(particle.rng)
        prior -= 0.5 * (new[i] * new[i] - old[i] * old[i]) / (priors.detour_sd[i] * priors.detour_sd[i])
    if particle.number[0] == 0:
        if accept(particle, prior):
            particle.detour[g] = new
            return True
        return False
    first_row, last_row = problem.stretch_row[g], problem.stretch_row[g + 1]
    first, last = problem.stretch_observation[g], problem.stretch_observation[g + 1]
    before = log_likelihood(
        problem,
        particle.enhancement,
        particle.background,
        particle.log_noise,
        particle.theta[4],
        priors.dof,
        first,
        last,
    )
    kept = particle.enhancement[:, first:last].copy()
    columns = particle.columns[: particle.number[0], :, first_row:last_row].copy()
    particle.detour[g] = new
    particle.enhancement[:, first:last] = 0.0
    species, row = problem.species, problem.row
    for k in range(particle.number[0]):
        column(
            problem,
            particle.sources[k],
            particle.theta,
            particle.detour,
            first_row,
            last_row,
            particle.columns[k],
        )
        col, rates = particle.columns[k], np.exp(particle.sources[k, 3:])
        for m in range(first, last):
            rate = rates[species[m]]
            particle.enhancement[0, m] += rate * col[0, row[m]]
            particle.enhancement[1, m] += rate * col[1, row[m]]
    after = log_likelihood(
        problem,
        particle.enhancement,
        particle.background,
        particle.log_noise,
        particle.theta[4],
        priors.dof,
        first,
        last,
    )
    if accept(particle, prior + temper * (after - before)):
        particle.log_like[0] += after - before
        return True
    particle.detour[g] = old
    particle.enhancement[:, first:last] = kept
    particle.columns[: particle.number[0], :, first_row:last_row] = columns
    return False


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
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
    log_like = log_like_of(problem, priors, particle, particle.enhancement, particle.background, theta)
    if not accept(particle, prior + temper * (log_like - particle.log_like[0])):
        particle.log_noise[:] = old
        return False
    particle.theta[:] = theta
    particle.log_like[0] = log_like
    return True


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def move_background(
    problem: Problem, priors: Priors, particle: Particle, temper: float, scales: Scales
) -> bool:
    """Step all background coefficients together along the population's covariance; their prior is standard normal."""
    size = particle.beta.size
    draw = np.empty(size)
    for i in range(size):
        draw[i] = normal(particle.rng)
    length = math.exp(0.8 * normal(particle.rng)) * 1.2 / math.sqrt(size)
    new = particle.beta + length * (scales.beta @ draw)
    prior = -0.5 * (np.sum(new * new) - np.sum(particle.beta * particle.beta))
    background = problem.basis @ new
    log_like = log_like_of(problem, priors, particle, particle.enhancement, background, particle.theta)
    if not accept(particle, prior + temper * (log_like - particle.log_like[0])):
        return False
    particle.beta[:] = new
    particle.background[:] = background
    particle.log_like[0] = log_like
    return True
