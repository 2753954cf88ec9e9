"""Particles of a problem as particles of the same problem with more readings.

Sources, transport and noise are what they were; emission blocks and detours go to those nearest in time; the background,
whose knots shift as a flight grows, is fitted to what each particle had. What this leaves inexact, moves repair.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from plumeline.sources.particle import refresh
from plumeline.sources.reference import particle_reference, problem_reference
from plumeline.sources.smc import allocate, particle_at
from plumeline.sources.threads import over_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.population import Population
    from plumeline.sources.prepare import Prepared
    from plumeline.sources.problem import Priors, Problem

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

MOST_FITTED = 2_000
"""About how many observations a background is fitted to: it is smooth."""


def carried(old: Population, was: Prepared, now: Prepared, stream: np.random.Generator) -> Population:
    """Particles of one problem as particles of the next, which has more readings of the same sensors.

    Args:
        old: particles of the old problem.
        was: the old problem.
        now: the new one.
        stream: random numbers for what the old problem did not have.

    Returns:
        Particles of the new problem, every one as near to what it was as can be.
    """
    now = _in_time_of(was, now)
    before, after = was.problem, now.problem
    population = allocate(after, now.priors, old.count.shape[0], 0)
    population.rng[...] = old.rng
    population.count[...] = old.count
    shift = np.log(before.species_scale / after.species_scale)
    population.sources[...] = old.sources
    population.sources[:, :, 3:] += shift
    population.theta[...] = old.theta
    population.active[...] = old.active[:, :, _nearest_block(was.block_time_s, now.block_time_s)]
    population.detour[...] = old.detour[:, _nearest_stretch(was, now)]
    group = _group_of(was, now)
    known = group >= 0
    first_guess = np.log(_sigma(before)[group[known]] / _sigma(after)[known])
    population.log_noise[:, known] = old.log_noise[:, group[known]] + first_guess
    population.beta[...] = _carried_background(old, was, now, stream)
    arrays = population.arrays()
    over_rows(lambda first, last: _refresh_some(after, now.priors, arrays, first, last), old.count.shape[0])
    return population


@njit(cache=True, nogil=True, error_model="numpy")
def _refresh_some(problem: Problem, priors: Priors, arrays: Any, first: int, last: int) -> None:
    shared = problem_reference(problem)
    for i in range(first, last):
        refresh(shared, priors, particle_reference(particle_at(i, arrays)))


def _in_time_of(was: Prepared, now: Prepared) -> Prepared:
    """The new problem with its rows' and blocks' times counted from the old one's first reading."""
    later_s = float((now.samples.start - was.samples.start) / np.timedelta64(1, "s"))
    return replace(now, row_time_s=now.row_time_s + later_s, block_time_s=now.block_time_s + later_s)


def _nearest_block(was: Floats, now: Floats) -> Integers:
    """Emission block of the old problem that holds the middle of each of the new one's."""
    middle = 0.5 * (now[:-1] + now[1:])
    return np.clip(np.searchsorted(was, middle, side="right") - 1, 0, was.size - 2)


def _nearest_stretch(was: Prepared, now: Prepared) -> Integers:
    """Stretch of the old problem of the same sensor and nearest in time to each of the new one's."""
    (time, sensor), (times, sensors) = (_stretch_middles(one) for one in (was, now))
    far = np.abs(times[:, None] - time) + 1e9 * (sensors[:, None] != sensor)
    return np.asarray(far.argmin(axis=1), np.int64)


def _stretch_middles(prepared: Prepared) -> tuple[Floats, Integers]:
    first = prepared.problem.stretch_row[:-1]
    count = np.diff(prepared.problem.stretch_row)
    total = np.add.reduceat(prepared.row_time_s, first)
    return total / count, prepared.row_sensor[first]


def _keys(prepared: Prepared) -> dict[tuple[int, int], int]:
    """Noise group of each channel and sensor."""
    problem = prepared.problem
    first = np.unique(problem.group, return_index=True)[1]
    return {
        (int(problem.channel[i]), int(prepared.row_sensor[problem.row[i]])): int(problem.group[i])
        for i in first
    }


def _group_of(was: Prepared, now: Prepared) -> Integers:
    """Noise group of the old problem that each of the new one's was, -1 for new ones, shape (group,)."""
    known = _keys(was)
    out = np.full(now.problem.noise.size, -1, np.int64)
    for key, group in _keys(now).items():
        out[group] = known.get(key, -1)
    return out


def _sigma(problem: Problem) -> Floats:
    """First guess of each group's noise, shape (group,) [kg m-3]."""
    first = np.unique(problem.group, return_index=True)[1]
    return problem.noise * problem.scale[problem.channel[first]]


def _carried_background(old: Population, was: Prepared, now: Prepared, stream: np.random.Generator) -> Floats:
    """Coefficients whose background is as near as can be to what each particle had, shape (particle, coefficient)."""
    after = now.problem
    near = np.flatnonzero(_nearest_observation(was, now) >= 0)
    near = near[:: 1 + near.size // MOST_FITTED]
    wanted = _background_at(old, was, now, near)
    basis = after.basis[:, near].astype(float)
    # The prior holds what no reading shows: at what it was, or at a draw of its own where there was none.
    shape = (old.beta.shape[0], basis.shape[0])
    centre = old.beta if old.beta.shape == shape else stream.standard_normal(shape)
    weight = 1.0 / after.noise[after.group[near]] ** 2
    normal = (basis * weight) @ basis.T + np.eye(basis.shape[0])
    return centre + np.linalg.solve(normal, (basis * weight) @ (wanted - centre @ basis).T).T


def lasting_background(old: Population, was: Prepared, now: Prepared) -> NDArray[np.float32]:
    """Each particle's background where the old problem has none nearby: what it was last, shape (particle, observation).

    Args:
        old: particles of the old problem.
        was: the old problem.
        now: one of later readings of the same sensors.

    Returns:
        In the new problem's units, over its base; 0 for sensors that the old problem does not have.
    """
    now = _in_time_of(was, now)
    out = np.zeros((old.beta.shape[0], now.problem.value.size), np.float32)
    known = np.flatnonzero(_nearest_observation(was, now, beyond=True) >= 0)
    out[:, known] = _background_at(old, was, now, known)
    return out


def _background_at(old: Population, was: Prepared, now: Prepared, which: Integers) -> Floats:
    """Background that each particle had at the observations nearest to some new ones, in the new problem's units."""
    before, after = was.problem, now.problem
    there = _nearest_observation(was, now, beyond=True)[which]
    base_was = np.where(before.censored, 0.0, was.base[before.channel])[there]
    base_now = np.where(after.censored, 0.0, now.base[after.channel])[which]
    value = old.background[:, there].astype(float) * before.scale[before.channel[there]]
    return np.asarray((value + base_was - base_now) / after.scale[after.channel[which]], float)


def _nearest_observation(was: Prepared, now: Prepared, *, beyond: bool = False) -> Integers:
    """Observation of the old problem nearest in time to each of the new one's of the same channel and sensor.

    -1 where there is none, and, unless `beyond`, for readings after its last.
    """
    out = np.full(now.problem.value.size, -1, np.int64)

    def keys(one: Prepared) -> tuple[Floats, Integers]:
        problem = one.problem
        key = (problem.channel * 10**6 + one.row_sensor[problem.row]) * 2 + problem.censored
        return one.row_time_s[problem.row], key

    (time, key), (times, keyed) = keys(was), keys(now)
    for one in np.unique(keyed):
        mine, theirs = np.flatnonzero(keyed == one), np.flatnonzero(key == one)
        if theirs.size:
            order = theirs[np.argsort(time[theirs], kind="stable")]
            inside = mine[beyond | (times[mine] <= time[order[-1]] + 1e-6)]
            out[inside] = order[np.clip(np.searchsorted(time[order], times[inside]), 0, order.size - 1)]
    return out
