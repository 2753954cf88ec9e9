"""Adaptive-tempered sequential Monte Carlo over the number, places and rates of sources.

Particles start from the prior; the likelihood's exponent rises from 0 to its final value in steps that keep a
set share of effective particles; after each step the particles are resampled and moved. Each particle has its own
random stream, so the answer does not depend on the number of threads.

References: Del Moral, Doucet & Jasra 2006, doi:10.1111/j.1467-9868.2006.00553.x; Zhou, Johansen & Aston 2016,
doi:10.1080/10618600.2015.1060885 (conditional effective sample size).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from plumeline.sources.birth import move_birth_death
from plumeline.sources.moves import (
    move_active,
    move_background,
    move_detour,
    move_noise,
    move_position,
    move_rate,
    move_ridge,
    move_theta,
)
from plumeline.sources.particle import Particle, Scales, refresh
from plumeline.sources.population import Population, pooled
from plumeline.sources.problem import ONCE, THETA, Priors, Problem, normal, uniform
from plumeline.sources.proposals import proposal_scales
from plumeline.sources.reference import particle_reference, problem_reference
from plumeline.sources.threads import over_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

KEEP = 0.55
"""Share of effective particles that a tempering step keeps."""
LEAST_DETOURS = 10
"""A sweep moves the detours of this many stretches, or of half of them; too few, and second sources stand in for them."""
POSITION_STEPS, RATE_STEPS, TRANSPORT_STEPS, NOISE_STEPS, BACKGROUND_STEPS = 2, 2, 2, 4, 8
"""Steps of each kind in a sweep: many of those that need no plume anew and so cost little."""
MOVE_NAMES = (
    "position",
    "rate",
    "transport",
    "noise",
    "background",
    "birth_death",
    "detour",
    "on_off",
    "ridge",
)
"""Kinds of moves, in the order in which they are counted."""
MOVES = len(MOVE_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run of the sampler gives."""

    population: Population
    """Equally weighted draws."""
    log_evidence: float
    """Log of the mean of likelihood^temper over the prior."""
    temper: float
    """Final exponent of the likelihood."""
    stages: int
    """Number of tempering steps."""
    acceptance: Floats
    """Share of accepted moves in the last stage, by kind, shape (9,)."""


@njit(cache=True, nogil=True)
def particle_at(i: int, a: Any) -> Particle:
    """Views into the memory of particle `i`."""
    return Particle(
        a[0][i],
        a[1][i],
        a[2][i],
        a[3][i],
        a[4][i],
        a[5][i],
        a[6][i],
        a[7][i],
        a[8][i],
        a[9][i],
        a[10][i],
        a[11][i],
    )


@njit(**ONCE)
def _start_one(problem: Problem, priors: Priors, p: Particle) -> None:
    counts = np.exp(priors.log_count)
    target = uniform(p.rng) * np.sum(counts)
    k = 0
    total = counts[0]
    while total < target and k + 1 < counts.size:
        k += 1
        total += counts[k]
    p.number[0] = k
    for j in range(p.sources.shape[0]):
        p.sources[j, 0] = problem.box[0] + uniform(p.rng) * (problem.box[1] - problem.box[0])
        p.sources[j, 1] = problem.box[2] + uniform(p.rng) * (problem.box[3] - problem.box[2])
        p.sources[j, 2] = min(abs(normal(p.rng)) * priors.height_sd, problem.box[4])
        for s in range(p.sources.shape[1] - 3):
            p.sources[j, 3 + s] = priors.log_rate_mean[s] + priors.log_rate_sd * normal(p.rng)
    p.active[:] = 1
    for t in range(p.theta.size):
        p.theta[t] = priors.theta_mean[t] + priors.theta_sd[t] * normal(p.rng)
    for g in range(p.detour.shape[0]):
        for i in range(2):
            p.detour[g, i] = priors.detour_sd[i] * normal(p.rng)
    for g in range(p.log_noise.size):
        p.log_noise[g] = priors.log_noise_sd * normal(p.rng)
    for b in range(p.beta.size):
        p.beta[b] = normal(p.rng)
    refresh(problem, priors, p)


@njit(cache=True, nogil=True, error_model="numpy")
def _start_some(problem: Problem, priors: Priors, arrays: Any, first: int, last: int) -> None:
    shared = problem_reference(problem)
    for i in range(first, last):
        _start_one(shared, priors, particle_reference(particle_at(i, arrays)))


@njit(**ONCE)
def _move_sources(
    problem: Problem, priors: Priors, scales: Scales, temper: float, tally: Any, p: Particle
) -> None:
    """Places, courses of emission and rates of all sources, and how the air carries them."""
    accepted, tried = tally
    for k in range(p.number[0]):
        for _ in range(POSITION_STEPS):
            tried[0] += 1
            accepted[0] += move_position(problem, priors, p, k, temper, scales)
        if p.active.shape[1] > 1:
            tried[7] += 1
            accepted[7] += move_active(problem, priors, p, k, temper)
        for _ in range(RATE_STEPS):
            tried[1] += 1
            accepted[1] += move_rate(problem, priors, p, k, temper, scales.log_rate)
    for _ in range(TRANSPORT_STEPS):
        for flight in range(scales.theta.shape[0]):
            tried[2] += 1
            accepted[2] += move_theta(problem, priors, p, flight, temper, scales)
        tried[8] += 1
        accepted[8] += move_ridge(problem, priors, p, temper, scales)


@njit(**ONCE)
def _move_rest(
    problem: Problem, priors: Priors, scales: Scales, temper: float, tally: Any, p: Particle
) -> None:
    """Detours, noise and background."""
    accepted, tried = tally
    stretches = p.detour.shape[0]
    start = int(uniform(p.rng) * stretches)
    for j in range(min(stretches, max(LEAST_DETOURS, stretches // 2))):
        tried[6] += 1
        accepted[6] += move_detour(problem, priors, p, (start + j) % stretches, temper)
    flights = scales.theta.shape[0]
    for _ in range(NOISE_STEPS * flights):
        tried[3] += 1
        accepted[3] += move_noise(problem, priors, p, temper, scales.log_noise)
    for step in range(BACKGROUND_STEPS * flights):
        tried[4] += 1
        accepted[4] += move_background(problem, priors, p, step % flights, temper, scales)


@njit(cache=True, nogil=True, error_model="numpy")
def sweep_some(
    problem: Problem,
    priors: Priors,
    scales: Scales,
    temper: float,
    sweeps: int,
    tallies: Any,
    arrays: Any,
    rows: tuple[int, int],
) -> None:
    """Move every parameter of some particles, in place; `rows` are the first and the one after the last."""
    shared = problem_reference(problem)
    for i in range(rows[0], rows[1]):
        accepted, tried, p = tallies[0][i], tallies[1][i], particle_reference(particle_at(i, arrays))
        for _sweep in range(sweeps):
            if priors.log_count.size > 1:
                tried[5] += 1
                accepted[5] += move_birth_death(shared, priors, p, temper)
            _move_sources(shared, priors, scales, temper, (accepted, tried), p)
            _move_rest(shared, priors, scales, temper, (accepted, tried), p)
        refresh(shared, priors, p)  # caches drift by rounding as sources are added and taken away


def start(problem: Problem, priors: Priors, arrays: Any) -> None:
    """Draw every particle from the prior, in place."""
    over_rows(lambda first, last: _start_some(problem, priors, arrays, first, last), arrays[0].shape[0])


def sweep(
    problem: Problem,
    priors: Priors,
    scales: Scales,
    temper: float,
    sweeps: int,
    accepted: Any,
    tried: Any,
    arrays: Any,
) -> None:
    """Move every parameter of every particle, in place; the posterior at this exponent is left unchanged."""

    def some(first: int, last: int) -> None:
        sweep_some(problem, priors, scales, temper, sweeps, (accepted, tried), arrays, (first, last))

    over_rows(some, arrays[0].shape[0])


def sample(
    problem: Problem,
    priors: Priors,
    *,
    particles: int,
    sweeps: int,
    seed: int,
    temper: float = 1.0,
    rounds: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Outcome:
    """Draw from prior × likelihood^temper.

    Args:
        problem: the inversion's arrays.
        priors: prior widths.
        particles: number of draws.
        sweeps: moves of everything after each tempering step.
        seed: random seed; the same seed gives the same draws.
        temper: final exponent of the likelihood.
        rounds: how often the population is moved and kept at the final exponent; draws are `rounds` times `particles`.
        progress: called with the share done, 0 to 1.

    Returns:
        Draws and the log evidence.
    """
    population = allocate(problem, priors, particles, seed)
    arrays = population.arrays()
    start(problem, priors, arrays)
    exponent = 0.0
    log_evidence = 0.0
    stages = 0
    stream = np.random.default_rng(seed)
    share = np.zeros(MOVES)
    while exponent < temper:
        step = _next_step(population.log_like[:, 0], temper - exponent, KEEP)
        weight = step * population.log_like[:, 0]
        top = float(weight.max())
        log_evidence += top + float(np.log(np.mean(np.exp(weight - top))))
        exponent = min(exponent + step, temper)
        if temper - exponent < 1e-9:
            exponent = temper
        population.take(systematic(np.exp(weight - top), stream))
        accepted = np.zeros((particles, MOVES), np.int64)
        tried = np.zeros((particles, MOVES), np.int64)
        scales = proposal_scales(population, problem, share)
        sweep(problem, priors, scales, exponent, sweeps, accepted, tried, arrays)
        share = accepted.sum(axis=0) / np.maximum(tried.sum(axis=0), 1)
        stages += 1
        if progress is not None:
            progress(exponent / temper)
    kept = []
    for _ in range(rounds):
        scales = proposal_scales(population, problem, share)
        sweep(problem, priors, scales, exponent, sweeps, accepted, tried, arrays)
        kept.append(population.without_couplings().copy() if rounds > 1 else population)
    return Outcome(
        population=pooled(kept), log_evidence=log_evidence, temper=exponent, stages=stages, acceptance=share
    )


def quench(
    problem: Problem, priors: Priors, population: Population, *, particles: int, sweeps: int
) -> Population:
    """Take the likeliest particles on at the whole likelihood.

    Args:
        problem: the inversion's arrays.
        priors: prior widths.
        population: draws to start from.
        particles: how many of the likeliest.
        sweeps: moves of everything.

    Returns:
        The moved particles.
    """
    order = np.argsort(-population.log_like[:, 0], kind="stable")[:particles]
    scales = proposal_scales(population, problem, np.zeros(MOVES))
    chosen = population.at(order)
    tallies = (np.zeros((order.size, MOVES), np.int64), np.zeros((order.size, MOVES), np.int64))
    sweep(problem, priors, scales, 1.0, sweeps, *tallies, chosen.arrays())
    return chosen


def allocate(problem: Problem, priors: Priors, particles: int, seed: int) -> Population:
    """Room for particles, all parameters zero, with random streams of their own."""
    slots = max(priors.log_count.size - 1, 1)
    species = problem.species_scale.size
    observations = problem.value.size
    rows = problem.row_start.size - 1
    return Population(
        count=np.zeros((particles, 1), np.int64),
        sources=np.zeros((particles, slots, 3 + species)),
        active=np.ones((particles, slots, problem.block_start.size - 1), np.int8),
        theta=np.zeros((particles, THETA * (problem.flight_stretch.size - 1))),
        detour=np.zeros((particles, problem.stretch_row.size - 1, 2)),
        log_noise=np.zeros((particles, problem.noise.size)),
        beta=np.zeros((particles, problem.basis.shape[0])),
        columns=np.zeros((particles, slots, 2, rows), np.float32),
        enhancement=np.zeros((particles, 2, observations), np.float32),
        background=np.zeros((particles, observations), np.float32),
        log_like=np.zeros((particles, 1)),
        rng=np.random.default_rng(seed).integers(0, 2**63, (particles, 1)).astype(np.uint64),
    )


def _next_step(log_like: Floats, left: float, keep: float) -> float:
    """Largest step of the exponent that keeps the share `keep` of effective particles."""

    def effective(step: float) -> float:
        weight = np.exp(step * (log_like - log_like.max()))
        return float(weight.sum() ** 2 / (weight.size * np.sum(weight * weight)))

    if effective(left) >= keep:
        return left
    low, high = 0.0, left
    for _ in range(40):
        middle = 0.5 * (low + high)
        if effective(middle) >= keep:
            low = middle
        else:
            high = middle
    return max(low, 1e-7)


def systematic(weight: Floats, stream: np.random.Generator) -> NDArray[np.int64]:
    """Systematic resampling: index of the particle that each place takes."""
    edges = np.cumsum(weight)
    points = (np.arange(weight.size) + stream.random()) * (edges[-1] / weight.size)
    return np.asarray(np.minimum(np.searchsorted(edges, points), weight.size - 1), np.int64)
