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

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.population import Population
    from plumeline.sources.problem import Problem
    from plumeline.sources.settings import InferenceSettings

    Floats = NDArray[np.float64]


def reach(problem: Problem, population: Population) -> tuple[Floats, Floats]:
    """How far, and which way, each source's gas went to the readings that show it.

    Args:
        problem: the inversion's arrays.
        population: posterior draws.

    Returns:
        Distance, shape (draw, slot) [m], and the wind's unit vector, shape (draw, slot, 2); both 0 for absent sources.
    """
    first, last = problem.row_start[:-1], problem.row_start[1:] - 1
    elements = problem.elements.astype(float)
    place = 0.5 * (elements[:2, first] + elements[8:10, last]).T
    wind = (elements[3:5, first] / elements[5, first]).T
    draws, slots = population.sources.shape[:2]
    distance = np.zeros((draws, slots))
    heading = np.zeros((draws, slots, 2))
    for i in range(draws):
        for k in range(int(population.count[i, 0])):
            weight = population.columns[i, k, 0].astype(float) + 1e-300
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

    Args:
        problem: the inversion's arrays.
        population: posterior draws.
        settings: sizes of the discrepancy and the seed.
        repeats: errors drawn for each draw, so that a region is not ragged.

    Returns:
        Like `Population.sources`, all draws as often as `repeats`, shape (repeats · draw, slot, 3 + species).
    """
    distance, heading = (np.concatenate([array] * repeats) for array in reach(problem, population))
    rng = np.random.default_rng(settings.seed + 4)
    if bool((problem.row_s > 0.0).any()):
        size_along, size_across = settings.momentary_discrepancy_along, settings.momentary_discrepancy_across
        log_rate = settings.momentary_discrepancy_log_rate
    else:
        size_along, size_across = settings.discrepancy_along, settings.discrepancy_across
        log_rate = settings.discrepancy_log_rate
    dof = settings.discrepancy_dof
    error = rng.standard_normal((*distance.shape, 3))
    # One factor for both directions of a draw makes the pair a bivariate Student t.
    error[:, :, :2] *= np.sqrt(dof / rng.chisquare(dof, distance.shape))[:, :, None]
    along = size_along * distance * error[:, :, 0]
    across = size_across * distance * error[:, :, 1]
    out = np.concatenate([population.sources] * repeats)
    out[:, :, 0] += along * heading[:, :, 0] - across * heading[:, :, 1]
    out[:, :, 1] += along * heading[:, :, 1] + across * heading[:, :, 0]
    out[:, :, 3:] += log_rate * error[:, :, 2:]
    return out
