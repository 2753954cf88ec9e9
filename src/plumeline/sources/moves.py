"""The moves of one particle with a fixed number of sources: each leaves prior × likelihood^temper unchanged."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from plumeline.sources.likelihood import column, log_likelihood
from plumeline.sources.particle import (
    accept,
    add_gains,
    add_source,
    background_of,
    flight_segments,
    gains_of,
    log_like_of,
    log_prior_active,
    log_prior_source,
    log_prior_theta,
    observations_of,
)
from plumeline.sources.problem import FIRST, INNER, LENGTH, ONCE, THETA, normal, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.particle import Particle, Scales
    from plumeline.sources.problem import Priors, Problem

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@njit(**ONCE)
def move_position(
    problem: Problem, priors: Priors, particle: Particle, k: int, temper: float, scales: Scales
) -> bool:
    """Step one source: half the time by a random length up to `reach_m`, half along a difference of two particles."""
    rng = particle.rng
    new = particle.sources[k].copy()
    if uniform(rng) < 0.5 and scales.ridge.shape[0] > 0:
        line, size = _ridge(rng, scales)
        for i in range(new.size):
            new[i] += size * line[i]
        new[2] = abs(new[2])
    else:
        _scatter(priors, rng, scales.reach_m, new)
    prior = log_prior_source(problem, priors, new) - log_prior_source(problem, priors, particle.sources[k])
    if prior == -np.inf:
        return False
    col = np.empty(particle.columns.shape[1:], np.float32)
    column(
        problem,
        new,
        particle.theta,
        particle.detour,
        problem.flight_stretch[0],
        particle.detour.shape[0],
        col,
    )
    enhancement = particle.enhancement.copy()
    add_source(problem, particle.columns[k], particle.sources[k], particle.active[k], -1.0, enhancement)
    add_source(problem, col, new, particle.active[k], 1.0, enhancement)
    log_like = log_like_of(problem, priors, particle, enhancement, particle.background, particle.theta)
    if not accept(particle, prior + temper * (log_like - particle.log_like[0])):
        return False
    particle.sources[k] = new
    particle.columns[k] = col
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _scatter(priors: Priors, rng: Integers, reach_m: float, new: Floats) -> None:
    """Step a source in space by a random length between 0.2 m and `reach_m`; the rates step along a little."""
    step = 0.2 * (reach_m / 0.2) ** uniform(rng)
    kind = uniform(rng)
    if kind < 0.8:
        new[0] += step * normal(rng)
        new[1] += step * normal(rng)
    if kind > 0.6:
        new[2] = abs(new[2] + min(step, 0.5 * priors.height_sd) * normal(rng))
    shift = 0.15 * normal(rng)
    for s in range(new.size - 3):
        new[3 + s] += shift


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _ridge(rng: Integers, scales: Scales) -> tuple[Floats, float]:
    """A difference of two particles of the last stage, and how much of it to step; either sign alike."""
    line = scales.ridge[int(uniform(rng) * scales.ridge.shape[0])]
    size = 0.6 * math.exp(0.8 * normal(rng))
    return line, size if uniform(rng) < 0.5 else -size


@njit(**ONCE)
def move_ridge(problem: Problem, priors: Priors, particle: Particle, temper: float, scales: Scales) -> bool:
    """Step one source and all transport parameters together, along a difference of two particles.

    Distance, spread, height and rate make up for each other; steps of one at a time creep along that ridge.
    """
    rng, count = particle.rng, particle.number[0]
    if count == 0 or scales.ridge.shape[0] == 0:
        return False
    k = int(uniform(rng) * count)
    line, size = _ridge(rng, scales)
    source, theta = particle.sources[k].copy(), particle.theta.copy()
    for i in range(source.size):
        source[i] += size * line[i]
    source[2] = abs(source[2])
    for i in range(theta.size):
        theta[i] += size * line[source.size + i]
    prior = log_prior_source(problem, priors, source) - log_prior_source(problem, priors, particle.sources[k])
    if prior == -np.inf:
        return False
    old = particle.sources[k].copy()
    particle.sources[k] = source
    prior += log_prior_theta(priors, theta) - log_prior_theta(priors, particle.theta)
    if _take_theta(problem, priors, particle, (0, problem.stretch_row.size - 1), temper, theta, prior):
        return True
    particle.sources[k] = old
    return False


@njit(**ONCE)
def move_rate(
    problem: Problem, priors: Priors, particle: Particle, k: int, temper: float, step: float
) -> bool:
    """Step the log rate of one species of one source."""
    new = particle.sources[k].copy()
    s = int(uniform(particle.rng) * (new.size - 3))
    new[3 + s] += step * normal(particle.rng)
    prior = log_prior_source(problem, priors, new) - log_prior_source(problem, priors, particle.sources[k])
    enhancement = particle.enhancement.copy()
    gains = problem.response[:, s] * (math.exp(new[3 + s]) - math.exp(particle.sources[k, 3 + s]))
    span = (0, problem.segments.shape[0])
    add_gains(problem, particle.columns[k], gains, particle.active[k], span, enhancement)
    log_like = log_like_of(problem, priors, particle, enhancement, particle.background, particle.theta)
    if not accept(particle, prior + temper * (log_like - particle.log_like[0])):
        return False
    particle.sources[k] = new
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True


@njit(**ONCE)
def move_theta(
    problem: Problem, priors: Priors, particle: Particle, flight: int, temper: float, scales: Scales
) -> bool:
    """Step one flight's transport parameters together along the population's covariance."""
    size = 0.9 * math.exp(0.8 * normal(particle.rng))
    draw = np.empty(THETA)
    for i in range(THETA):
        draw[i] = normal(particle.rng)
    new = particle.theta.copy()
    new[THETA * flight : THETA * (flight + 1)] += size * (scales.theta[flight] @ draw)
    prior = log_prior_theta(priors, new) - log_prior_theta(priors, particle.theta)
    stretches = (problem.flight_stretch[flight], problem.flight_stretch[flight + 1])
    return bool(_take_theta(problem, priors, particle, stretches, temper, new, prior))


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _take_theta(
    problem: Problem,
    priors: Priors,
    particle: Particle,
    stretches: tuple[int, int],
    temper: float,
    new: Floats,
    prior: float,
) -> bool:
    """Accept or reject transport parameters, with the columns of some stretches anew; `prior` is the prior's log ratio."""
    span = (problem.stretch_segment[stretches[0]], problem.stretch_segment[stretches[1]])
    segments = problem.segments
    enhancement = particle.enhancement.copy()
    enhancement[
        :, segments[span[0], FIRST] : segments[span[1] - 1, FIRST] + segments[span[1] - 1, LENGTH]
    ] = 0.0
    columns = particle.columns[: particle.number[0]].copy()
    for k in range(particle.number[0]):
        column(problem, particle.sources[k], new, particle.detour, stretches[0], stretches[1], columns[k])
        gains = gains_of(problem, particle.sources[k], 1.0)
        add_gains(problem, columns[k], gains, particle.active[k], span, enhancement)
    log_like = log_like_of(problem, priors, particle, enhancement, particle.background, new)
    if not accept(particle, prior + temper * (log_like - particle.log_like[0])):
        return False
    particle.theta[:] = new
    particle.columns[: particle.number[0]] = columns
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _span_log_likelihood(
    problem: Problem, priors: Priors, particle: Particle, span: tuple[int, int]
) -> float:
    return float(
        log_likelihood(
            problem,
            particle.enhancement,
            particle.background,
            particle.log_noise,
            particle.theta,
            priors.dof,
            span[0],
            span[1],
        )
    )


@njit(**ONCE)
def move_active(problem: Problem, priors: Priors, particle: Particle, k: int, temper: float) -> bool:
    """Turn one source on or off over a run of emission blocks."""
    blocks = particle.active.shape[1]
    first = int(uniform(particle.rng) * blocks)
    last = min(blocks, first + 1 + int(uniform(particle.rng) ** 2 * blocks))
    new = particle.active[k].copy()
    for b in range(first, last):
        new[b] = 1 - new[b]
    prior = log_prior_active(priors, new) - log_prior_active(priors, particle.active[k])
    if prior == -np.inf:
        return False
    gains, opposite = (
        gains_of(problem, particle.sources[k], 1.0),
        gains_of(problem, particle.sources[k], -1.0),
    )
    kept = particle.enhancement.copy()
    everywhere = np.ones(blocks, np.int8)
    change = 0.0
    segment, start = problem.block_segment, problem.block_start
    for b in range(first, last):
        for j in range(start[b], start[b + 1]):
            span = (segment[j], segment[j] + 1)
            change -= _span_log_likelihood(problem, priors, particle, span)
            add_gains(
                problem,
                particle.columns[k],
                gains if new[b] == 1 else opposite,
                everywhere,
                span,
                particle.enhancement,
            )
            change += _span_log_likelihood(problem, priors, particle, span)
    if accept(particle, prior + temper * change):
        particle.active[k] = new
        particle.log_like[0] += change
        return True
    particle.enhancement[:] = kept
    return False


@njit(**ONCE)
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
    span = (problem.stretch_segment[g], problem.stretch_segment[g + 1])
    if span[0] == span[1]:
        return False
    first = problem.segments[span[0], 0]
    last = problem.segments[span[1] - 1, 0] + problem.segments[span[1] - 1, 2]
    before = _span_log_likelihood(problem, priors, particle, span)
    kept = particle.enhancement[:, first:last].copy()
    columns = particle.columns[: particle.number[0], :, first_row:last_row].copy()
    particle.detour[g] = new
    particle.enhancement[:, first:last] = 0.0
    for k in range(particle.number[0]):
        column(problem, particle.sources[k], particle.theta, particle.detour, g, g + 1, particle.columns[k])
        gains = gains_of(problem, particle.sources[k], 1.0)
        add_gains(problem, particle.columns[k], gains, particle.active[k], span, particle.enhancement)
    after = _span_log_likelihood(problem, priors, particle, span)
    if accept(particle, prior + temper * (after - before)):
        particle.log_like[0] += after - before
        return True
    particle.detour[g] = old
    particle.enhancement[:, first:last] = kept
    particle.columns[: particle.number[0], :, first_row:last_row] = columns
    return False


@njit(**ONCE)
def move_noise(problem: Problem, priors: Priors, particle: Particle, temper: float, step: float) -> bool:
    """Step one group's noise, or one flight's model error."""
    groups = particle.log_noise.size
    g = int(uniform(particle.rng) * (groups + particle.theta.size // THETA))
    theta = particle.theta.copy()
    old = particle.log_noise.copy()
    if g >= groups:
        theta[THETA * (g - groups) + 4] += step * normal(particle.rng)
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


@njit(**ONCE)
def move_background(
    problem: Problem, priors: Priors, particle: Particle, flight: int, temper: float, scales: Scales
) -> bool:
    """Step one flight's background together along the population's covariance; its prior is standard normal."""
    first, last = problem.flight_basis[flight], problem.flight_basis[flight + 1]
    draw = np.empty(last - first)
    for i in range(draw.size):
        draw[i] = normal(particle.rng)
    length = math.exp(0.8 * normal(particle.rng)) * 1.2 / math.sqrt(draw.size)
    old = particle.beta[first:last].copy()
    new = old.copy()
    factor = scales.beta  # named once: taking an array out of a tuple counts references
    for i in range(draw.size):
        for j in range(i + 1):  # the factor is lower triangular
            new[i] += length * factor[first + i, first + j] * draw[j]
    prior = -0.5 * (np.sum(new * new) - np.sum(old * old))
    span = flight_segments(problem, flight)
    low, high = observations_of(problem, span)
    before = particle.log_like[0]
    if problem.flight_basis.size > 2:
        before = _span_log_likelihood(problem, priors, particle, span)
    kept = particle.background[low:high].copy()
    particle.beta[first:last] = new
    background_of(problem, particle.beta, flight, particle.background)
    after = _span_log_likelihood(problem, priors, particle, span)
    if accept(particle, prior + temper * (after - before)):
        particle.log_like[0] += after - before
        return True
    particle.beta[first:last] = old
    particle.background[low:high] = kept
    return False
