"""What no plume model knows: the real way of the gas is not straight, and its growth not that of any formula.

The likelihood's own errors average out as readings are added; this one does not. It grows with the distance d
between a source and the readings that show it, and is larger along the wind, where the distance rests on the growth
of the plume, than across it. Every draw's position is shifted by a Student t error of scale `along · d` and `across · d`, and
its rate by a lognormal one. Their sizes are learned on blind flights and reported on others, `docs/method.md`.

References: Kennedy & O'Hagan 2001, doi:10.1111/1467-9868.00294 (model discrepancy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plumeline.sources.support import coupling, evidence_by_flight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.population import Population
    from plumeline.sources.problem import Problem
    from plumeline.sources.settings import InferenceSettings

    Floats = NDArray[np.float64]


SURE_NATS = 22.0
"""A flight with this much evidence for a source would have found it alone; with less, its error counts for less."""
LEAST_M = 0.1
"""No position error is smaller than this [m]."""


def reach(problem: Problem, population: Population, flight: int) -> tuple[Floats, Floats]:
    """How far, and which way, each source's gas went to the readings of one flight that show it.

    Args:
        problem: the inversion's arrays.
        population: posterior draws.
        flight: index of the flight.

    Returns:
        Distance, shape (draw, slot) [m], and the wind's unit vector, shape (draw, slot, 2); both 0 for absent sources.
    """
    low, high = problem.stretch_row[problem.flight_stretch[flight : flight + 2]]
    first, last = problem.row_start[low:high], problem.row_start[low + 1 : high + 1] - 1
    elements = problem.elements.astype(float)
    place = 0.5 * (elements[:2, first] + elements[8:10, last]).T
    wind = (elements[3:5, first] / elements[5, first]).T
    draws, slots = population.sources.shape[:2]
    distance = np.zeros((draws, slots))
    heading = np.zeros((draws, slots, 2))
    for i in range(draws):
        for k in range(int(population.count[i, 0])):
            weight = coupling(problem, population, i, k)[low:high] + 1e-300
            weight = weight / weight.sum()
            away = np.hypot(*(place - population.sources[i, k, :2]).T)
            distance[i, k] = float(weight @ away)
            mean = weight @ wind
            heading[i, k] = mean / max(float(np.hypot(*mean)), 1e-9)
    return distance, heading


def with_discrepancy(
    problem: Problem, population: Population, settings: InferenceSettings, *, repeats: int = 1
) -> Floats:
    """Sources of every draw with the model's discrepancy added; deterministic for a seed.

    Every flight errs on its own, so several flights err less: their errors are averaged with the precision that each
    has along and across its wind, a flight that hardly sees the source counting hardly at all.

    Args:
        problem: the inversion's arrays.
        population: posterior draws.
        settings: sizes of the discrepancy and the seed.
        repeats: errors drawn for each draw, so that a region is not ragged.

    Returns:
        Like `Population.sources`, all draws as often as `repeats`, shape (repeats · draw, slot, 3 + species).
    """
    rng = np.random.default_rng(settings.seed + 4)
    dof = settings.discrepancy_dof
    flights = problem.flight_stretch.size - 1
    draws, slots = repeats * population.sources.shape[0], population.sources.shape[1]
    share = np.ones((draws, slots, 1))
    if flights > 1:
        found = np.clip(evidence_by_flight(problem, population) / SURE_NATS, 1e-6, 1.0)
        share = np.concatenate([found] * repeats)
    precision = np.zeros((draws, slots, 2, 2))
    pull = np.zeros((draws, slots, 2))
    log_rate = np.zeros((draws, slots, 1))
    for flight in range(flights):
        weight = share[:, :, flight, None]
        error = rng.standard_normal((draws, slots, 3))
        # One factor for both directions of a draw makes the pair a bivariate Student t.
        error[:, :, :2] *= np.sqrt(dof / rng.chisquare(dof, (draws, slots)))[:, :, None]
        size, axes = (
            np.concatenate([one] * repeats) for one in _sizes(problem, population, settings, flight)
        )
        own = np.einsum("dsij,dsi,dsik->dsjk", axes, 1.0 / size**2, axes)
        precision += weight[..., None] * own
        pull += weight * np.einsum("dsij,dsi->dsj", axes, error[:, :, :2] / size)
        size_log_rate = (
            settings.momentary_discrepancy_log_rate
            if _is_momentary(problem, flight)
            else settings.discrepancy_log_rate
        )
        log_rate += size_log_rate * weight * error[:, :, 2:]
    out = np.concatenate([population.sources] * repeats)
    out[:, :, :2] += np.linalg.solve(precision, pull[..., None])[..., 0]
    out[:, :, 3:] += log_rate / share.sum(axis=2, keepdims=True)
    return out


def _sizes(
    problem: Problem, population: Population, settings: InferenceSettings, flight: int
) -> tuple[Floats, Floats]:
    """Position error along and across the wind, shape (draw, slot, 2) [m], and these directions, (draw, slot, 2, 2)."""
    distance, heading = reach(problem, population, flight)
    momentary = _is_momentary(problem, flight)
    along = settings.momentary_discrepancy_along if momentary else settings.discrepancy_along
    across = settings.momentary_discrepancy_across if momentary else settings.discrepancy_across
    size = np.maximum(distance[:, :, None] * np.array([along, across]), LEAST_M)
    absent = ~heading.any(axis=2)
    heading[absent] = (1.0, 0.0)
    left = np.stack([-heading[:, :, 1], heading[:, :, 0]], axis=2)
    return size, np.stack([heading, left], axis=2)


def _is_momentary(problem: Problem, flight: int) -> bool:
    """Whether a flight's readings cut the plume as it stands at a moment."""
    first, last = problem.flight_stretch[flight : flight + 2]
    return bool((problem.row_s[first:last] > 0.0).any())
