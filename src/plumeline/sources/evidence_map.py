"""A map of how well one source at each place would explain the readings: where to look first, and how easily chance does as well.

The score of a place is a matched filter: the correlation of the excess over each sensor's low level with the plume
from there, in units of its noise. The largest score of a survey whose wind has been turned against its readings
says what a flight like this gives when the wind carries nothing from anywhere.

References: Turin 1960, doi:10.1109/TIT.1960.1057571 (matched filter); Phipson & Smyth 2010, doi:10.2202/1544-6115.1585
(p-values of replicas are never zero).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from plumeline.atmosphere.arithmetic import FAST
from plumeline.sources.likelihood import column
from plumeline.sources.problem import FIRST, LENGTH, ROW, undisturbed
from plumeline.sources.reference import problem_reference
from plumeline.sources.threads import over_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.problem import Problem

    Floats = NDArray[np.float64]

CLIP_SIGMAS = 15.0
"""Excess beyond this many sigmas counts as this many, so that one spike does not decide."""


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _score_one(problem: Problem, source: Floats, theta: Floats, excess: Floats, weight: Floats) -> float:
    col = np.empty((2, problem.row_start.size - 1), np.float32)
    stretches = problem.stretch_row.size - 1
    column(problem, source, theta, np.zeros((stretches, 2)), problem.flight_stretch[0], stretches, col)
    top = 0.0
    bottom = 1e-300
    segments = problem.segments
    for g in range(segments.shape[0]):
        o, r, n = segments[g, FIRST], segments[g, ROW], segments[g, LENGTH]
        a, e, w = col[0, r : r + n], excess[o : o + n], weight[o : o + n]
        for i in range(n):
            aw = a[i] * w[i]
            top += aw * e[i]
            bottom += aw * aw
    return top / math.sqrt(bottom)


@njit(cache=True, nogil=True, error_model="numpy")
def _score_some(
    problem: Problem,
    places: Floats,
    theta: Floats,
    excess: Floats,
    weight: Floats,
    out: Floats,
    rows: tuple[int, int],
) -> None:
    shared = problem_reference(problem)
    for i in range(rows[0], rows[1]):
        out[i] = _score_one(shared, places[i], theta, excess, weight)


def _scores(problem: Problem, places: Floats, theta: Floats, excess: Floats, weight: Floats) -> Floats:
    out = np.empty(places.shape[0])
    over_rows(
        lambda first, last: _score_some(problem, places, theta, excess, weight, out, (first, last)), out.size
    )
    return out


def places(problem: Problem, *, nx: int, ny: int, height_m: float = 1.5) -> Floats:
    """Middles of a grid's cells over the search box, shape (ny · nx, 3) [m], x fastest."""
    box = problem.box
    x = box[0] + (np.arange(nx) + 0.5) * (box[1] - box[0]) / nx
    y = box[2] + (np.arange(ny) + 0.5) * (box[3] - box[2]) / ny
    grid_y, grid_x = np.meshgrid(y, x, indexing="ij")
    return np.column_stack([grid_x.ravel(), grid_y.ravel(), np.full(nx * ny, height_m)])


def _excess(problem: Problem) -> tuple[Floats, Floats]:
    """Excess over each group's low level in sigmas, clipped, and one over sigma, both shape (observation,)."""
    excess = np.zeros(problem.value.size)
    sigma = problem.noise[problem.group]
    for g in range(problem.noise.size):
        mine = (problem.group == g) & ~problem.censored
        if mine.any():
            excess[mine] = problem.value[mine] - np.quantile(problem.value[mine], 0.3)
    return np.clip(excess / sigma, -CLIP_SIGMAS, CLIP_SIGMAS), 1.0 / sigma


def with_birth_map(problem: Problem) -> Problem:
    """The problem with a birth map that prefers places that explain the excess; a third of it stays uniform.

    Args:
        problem: the inversion's arrays; the grid of its `birth_map` is kept.

    Returns:
        The same problem with another `birth_map`, which sums to 1.
    """
    ny, nx = problem.birth_map.shape
    problem, kept = problem._replace(is_puff=False), problem
    score = _scores(problem, places(problem, nx=nx, ny=ny), undisturbed(problem), *_excess(problem))
    shape = np.exp(3.0 * (score / max(float(score.max()), 1e-9) - 1.0))
    shape = shape / shape.sum()
    return kept._replace(birth_map=np.ascontiguousarray((0.67 * shape + 0.33 / shape.size).reshape(ny, nx)))


def false_alarm_probability(problem: Problem, *, replicas: int, seed: int, cells: int = 20) -> float:
    """Chance that a flight like this gives at least this much evidence when the wind carries nothing.

    Replicas keep the readings as they are and turn the wind by a random angle and shift it in time, so their noise,
    drift and gaps are the flight's own. A source that is really there makes the replicas noisier, so the answer errs
    towards caution.

    Args:
        problem: the inversion's arrays.
        replicas: number of turned winds; 0 gives NaN.
        seed: random seed.
        cells: cells along each side of the coarse grid.

    Returns:
        Probability between 0 and 1: a Gumbel tail fitted to the replicas' largest scores, floored at 1e-6.
    """
    if replicas == 0:
        return math.nan
    rng = np.random.default_rng(seed)
    problem = problem._replace(is_puff=False)  # a search for where to look; puffs would take too long
    excess, weight = _excess(problem)
    where = places(problem, nx=cells, ny=cells)
    theta = undisturbed(problem)
    observed = float(_scores(problem, where, theta, excess, weight).max())
    largest = np.empty(replicas)
    for i in range(replicas):
        turned = problem._replace(elements=_turned(problem.elements, rng))
        largest[i] = _scores(turned, where, theta, excess, weight).max()
    # Gumbel by moments (Euler's constant 0.5772): the largest of many correlated scores.
    scale = max(float(largest.std(ddof=1)) * math.sqrt(6.0) / math.pi, 1e-9) if replicas > 1 else 1.0
    location = float(largest.mean()) - 0.5772156649 * scale
    tail = -math.expm1(-math.exp(-min(max((observed - location) / scale, -50.0), 50.0)))
    return float(np.clip(tail, 1e-6, 1.0))


def _turned(elements: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Elements whose wind is turned by 60 to 300 degrees and shifted round by a random part of its length."""
    angle = rng.uniform(math.pi / 3.0, 5.0 * math.pi / 3.0)
    shifted = np.roll(elements[3:6], int(rng.integers(elements.shape[1])), axis=1)
    cosine, sine = math.cos(angle), math.sin(angle)
    out = elements.copy()
    out[3] = cosine * shifted[0] - sine * shifted[1]
    out[4] = sine * shifted[0] + cosine * shifted[1]
    out[5] = shifted[2]
    return out
