"""Birth and death of sources: how a particle's number of sources changes.

References: Green 1995, doi:10.1093/biomet/82.4.711.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from plumeline.atmosphere.arithmetic import FAST
from plumeline.sources.likelihood import column
from plumeline.sources.particle import (
    LOG_TWO_PI,
    accept,
    add_source,
    log_like_of,
    log_prior_active,
    log_prior_source,
)
from plumeline.sources.problem import (
    BLOCK,
    CENSORED,
    CHANNEL,
    FIRST,
    GROUP,
    INNER,
    LENGTH,
    ONCE,
    ROW,
    normal,
    uniform,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.particle import Particle
    from plumeline.sources.problem import Priors, Problem

    Floats = NDArray[np.float64]
    Floats32 = NDArray[np.float32]
    Integers = NDArray[np.int64]


RATE_PROPOSAL_SD = 0.6
"""Spread of a proposed log rate around its least-squares value [1]."""


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=FAST)
def _fit(problem: Problem, residual: Floats32, col: Floats32, top: Floats, bottom: Floats) -> None:
    """Per emission block and channel, Σ w a r and Σ w a² of the residual r on the coupling a, shape (block, channel)."""
    segments, noise = problem.segments, problem.noise
    top[:] = 0.0
    bottom[:] = 0.0
    for g in range(segments.shape[0]):
        if segments[g, CENSORED]:
            continue
        o, r, n = segments[g, FIRST], segments[g, ROW], segments[g, LENGTH]
        weight = 1.0 / noise[segments[g, GROUP]] ** 2
        a, y = col[0, r : r + n], residual[o : o + n]
        ay, aa = np.float32(0.0), np.float32(0.0)
        for i in range(n):
            ay += a[i] * y[i]
            aa += a[i] * a[i]
        top[segments[g, BLOCK], segments[g, CHANNEL]] += weight * ay
        bottom[segments[g, BLOCK], segments[g, CHANNEL]] += weight * aa


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _on_proposal(top: Floats, bottom: Floats, out: Floats) -> None:
    """Probability with which a birth is on in each block: high where the residual holds what the others promise."""
    rate = max(np.sum(top), 0.0) / (np.sum(bottom) + 1e-300)
    for b in range(out.size):
        seen = np.sum(bottom[b]) * rate * rate
        held = np.sum(top[b]) / (np.sum(bottom[b]) + 1e-300) / (rate + 1e-300)
        out[b] = 0.5 if seen < 4.0 else (0.9 if held > 0.4 else 0.1)


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _log_active_density(active: NDArray[np.int8], on: Floats) -> float:
    """Log density of the birth proposal of a course of emission: half steady, half as `on` says."""
    if on.size == 1:
        return 0.0
    each = 1.0
    steady = 1.0
    for b in range(on.size):
        each *= on[b] if active[b] else 1.0 - on[b]
        steady *= active[b]
    return math.log(0.5 * steady + 0.5 * each)


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _rate_proposal(
    problem: Problem,
    priors: Priors,
    fitted: tuple[Floats, Floats],
    active: NDArray[np.int8],
    source: Floats,
    s: int,
) -> float:
    """Log of the least-squares rate of one species over the blocks that are on, kept within three prior sigmas.

    What the species before it explain is taken off first, for channels that answer to several.
    """
    top = 0.0
    bottom = 1e-300
    response = problem.response
    for b in range(active.size):
        if active[b]:
            for c in range(response.shape[0]):
                if response[c, s] == 0.0:
                    continue
                explained = 0.0
                for j in range(s):
                    if response[c, j] > 0.0:
                        explained += response[c, j] * math.exp(source[3 + j])
                top += response[c, s] * (fitted[0][b, c] - explained * fitted[1][b, c])
                bottom += response[c, s] ** 2 * fitted[1][b, c]
    low = priors.log_rate_mean[s] - 3.0 * priors.log_rate_sd
    return float(max(low, math.log(max(top / bottom, 1e-300))))


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _log_rate_density(priors: Priors, log_rate: float, centre: float, s: int) -> float:
    """Log density of the birth proposal of a log rate: half around the least-squares value, half the prior."""
    d = (log_rate - centre) / RATE_PROPOSAL_SD
    e = (log_rate - priors.log_rate_mean[s]) / priors.log_rate_sd
    near = math.exp(-0.5 * d * d) / RATE_PROPOSAL_SD
    far = math.exp(-0.5 * e * e) / priors.log_rate_sd
    return math.log(0.5 * near + 0.5 * far + 1e-300) - 0.5 * LOG_TWO_PI


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _log_birth_density(problem: Problem, priors: Priors, source: Floats) -> float:
    """Log density of the birth proposal of a position (its height comes from the prior)."""
    box = problem.box
    ny, nx = problem.birth_map.shape
    area = (box[1] - box[0]) * (box[3] - box[2])
    i = min(nx - 1, max(0, int((source[0] - box[0]) / (box[1] - box[0]) * nx)))
    j = min(ny - 1, max(0, int((source[1] - box[2]) / (box[3] - box[2]) * ny)))
    h = source[2] / priors.height_sd
    height = -0.5 * h * h - math.log(priors.height_sd) - 0.5 * (LOG_TWO_PI - 2.0 * math.log(2.0))
    return float(math.log(problem.birth_map[j, i] * nx * ny / area) + height)


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _draw_birth(problem: Problem, priors: Priors, rng: Integers, source: Floats) -> None:
    box = problem.box
    ny, nx = problem.birth_map.shape
    target = uniform(rng)
    total = 0.0
    cell = nx * ny - 1
    birth_map = problem.birth_map
    for c in range(nx * ny):
        total += birth_map[c // nx, c % nx]
        if total >= target:
            cell = c
            break
    source[0] = box[0] + (cell % nx + uniform(rng)) * (box[1] - box[0]) / nx
    source[1] = box[2] + (cell // nx + uniform(rng)) * (box[3] - box[2]) / ny
    source[2] = abs(normal(rng)) * priors.height_sd


@njit(**ONCE)
def move_birth_death(problem: Problem, priors: Priors, particle: Particle, temper: float) -> bool:
    """Add a source where the birth map expects one, or take one away."""
    if uniform(particle.rng) < 0.5:
        return bool(_birth(problem, priors, particle, temper))
    return bool(_death(problem, priors, particle, temper))


@njit(**ONCE)
def _birth(problem: Problem, priors: Priors, particle: Particle, temper: float) -> bool:
    k = particle.number[0]
    if k + 1 >= priors.log_count.size:
        return False
    rng = particle.rng
    new = np.empty(particle.sources.shape[1])
    _draw_birth(problem, priors, rng, new)
    if new[2] > problem.box[4]:
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
    residual = problem.value - particle.background - particle.enhancement[0]
    shape = (particle.active.shape[1], problem.response.shape[0])
    fitted = (np.empty(shape), np.empty(shape))
    _fit(problem, residual, col, fitted[0], fitted[1])
    on = np.empty(shape[0])
    _on_proposal(fitted[0], fitted[1], on)
    active = np.ones(shape[0], np.int8)
    if shape[0] > 1 and uniform(rng) < 0.5:
        for b in range(shape[0]):
            active[b] = uniform(rng) < on[b]
    prior_active = log_prior_active(priors, active)
    if prior_active == -np.inf:
        return False
    density = _log_birth_density(problem, priors, new) + _log_active_density(active, on)
    for s in range(new.size - 3):
        centre = _rate_proposal(problem, priors, fitted, active, new, s)
        if uniform(rng) < 0.5:
            new[3 + s] = centre + RATE_PROPOSAL_SD * normal(rng)
        else:
            new[3 + s] = priors.log_rate_mean[s] + priors.log_rate_sd * normal(rng)
        density += _log_rate_density(priors, new[3 + s], centre, s)
    enhancement = particle.enhancement.copy()
    add_source(problem, col, new, active, 1.0, enhancement)
    log_like = log_like_of(problem, priors, particle, enhancement, particle.background, particle.theta)
    prior = (
        priors.log_count[k + 1] - priors.log_count[k] + log_prior_source(problem, priors, new) + prior_active
    )
    if not accept(particle, prior - density + temper * (log_like - particle.log_like[0])):
        return False
    particle.sources[k] = new
    particle.active[k] = active
    particle.columns[k] = col
    particle.number[0] = k + 1
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True


@njit(**ONCE)
def _death(problem: Problem, priors: Priors, particle: Particle, temper: float) -> bool:
    k = particle.number[0]
    if k == 0:
        return False
    j = int(uniform(particle.rng) * k)
    old = particle.sources[j].copy()
    col, active = particle.columns[j], particle.active[j]
    enhancement = particle.enhancement.copy()
    add_source(problem, col, old, active, -1.0, enhancement)
    residual = problem.value - particle.background - enhancement[0]
    shape = (particle.active.shape[1], problem.response.shape[0])
    fitted = (np.empty(shape), np.empty(shape))
    _fit(problem, residual, col, fitted[0], fitted[1])
    on = np.empty(shape[0])
    _on_proposal(fitted[0], fitted[1], on)
    density = _log_birth_density(problem, priors, old) + _log_active_density(active, on)
    for s in range(old.size - 3):
        centre = _rate_proposal(problem, priors, fitted, active, old, s)
        density += _log_rate_density(priors, old[3 + s], centre, s)
    log_like = log_like_of(problem, priors, particle, enhancement, particle.background, particle.theta)
    prior = (
        priors.log_count[k - 1]
        - priors.log_count[k]
        - log_prior_source(problem, priors, old)
        - log_prior_active(priors, active)
    )
    if not accept(particle, prior + density + temper * (log_like - particle.log_like[0])):
        return False
    particle.sources[j] = particle.sources[k - 1]
    particle.active[j] = particle.active[k - 1]
    particle.columns[j] = particle.columns[k - 1]
    particle.number[0] = k - 1
    particle.enhancement[:] = enhancement
    particle.log_like[0] = log_like
    return True
