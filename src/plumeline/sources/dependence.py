"""How much independent information the readings hold, learned from the residuals themselves.

A plume model's errors hang together in time and between sensors, so a likelihood that multiplies readings as if
they were independent is too sure. Its exponent is set so that its curvature H agrees with the variance J of its score
over blocks of time: exponent = p / trace(H⁻¹ J), the magnitude adjustment of composite likelihoods.

References: Pauli, Racugno & Ventura 2011, doi:10.5705/ss.2011.007; Ribatet, Cooley & Davison 2012,
doi:10.5705/ss.2009.248.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plumeline.sources.likelihood import column
from plumeline.sources.problem import THETA, emission_block, flight_of_observation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.population import Population
    from plumeline.sources.problem import Priors, Problem

    Floats = NDArray[np.float64]

LOWEST = 0.1
"""Fewer independent blocks than this implies cannot be told apart from chance."""


def learned_exponent(problem: Problem, priors: Priors, population: Population, *, best: int = 5) -> float:
    """Exponent of the likelihood from its best particles.

    Args:
        problem: the inversion's arrays.
        priors: prior widths (for the Student t's degrees of freedom).
        population: present particles.
        best: how many of the likeliest particles to take the median over.

    Returns:
        Exponent between 0.1 and 1.
    """
    order = np.argsort(-population.log_like[:, 0], kind="stable")
    values = [_exponent(problem, priors, population, int(i)) for i in order[:best]]
    return float(np.clip(np.median(values), LOWEST, 1.0))


def _exponent(problem: Problem, priors: Priors, population: Population, i: int) -> float:
    enhancement, wide = population.enhancement[i].astype(float)
    theta = population.theta[i]
    s2 = (problem.noise * np.exp(population.log_noise[i]))[problem.group] ** 2 + np.exp(
        2.0 * theta[4::THETA]
    )[flight_of_observation(problem)] * (enhancement**2 + wide**2)
    residual = problem.value - population.background[i] - enhancement
    use = ~problem.censored
    pull = np.where(use, (priors.dof + 1.0) * residual / (priors.dof * s2 + residual**2), 0.0)
    slopes = _slopes(problem, population, i)
    slopes[~use] = 0.0
    information = (priors.dof + 1.0) / (priors.dof + 3.0) * (slopes / s2[:, None]).T @ slopes
    blocks = np.zeros((int(problem.block.max()) + 1, slopes.shape[1]))
    np.add.at(blocks, problem.block, pull[:, None] * slopes)
    ridge = 1e-9 * np.diag(np.diag(information)) + 1e-300 * np.eye(slopes.shape[1])
    trace = float(np.trace(np.linalg.solve(information + ridge, blocks.T @ blocks)))
    return slopes.shape[1] / trace if trace > 0 else 1.0


def _slopes(problem: Problem, population: Population, i: int) -> Floats:
    """Change of the prediction with the strongest source's x, y, log rate, and log fy and the wind's turn, shape (observation, 5)."""
    count = int(population.count[i, 0])
    theta = population.theta[i]
    if count == 0:
        return _slope_at_map_peak(problem, theta, population.detour[i])
    sources = population.sources[i, :count].copy()
    strongest = int(np.argmax(sources[:, 3:].sum(axis=1)))

    stretches = problem.stretch_row.size - 1
    active = population.active[i][:, emission_block(problem)]

    def predict(changed: Floats, turned: Floats) -> Floats:
        total = np.zeros(problem.value.size)
        col = np.empty((2, problem.row_start.size - 1), np.float32)
        for k, source in enumerate(changed):
            column(problem, source, turned, population.detour[i], 0, stretches, col)
            gains = problem.response @ np.exp(source[3:])
            total += gains[problem.channel] * col[0, problem.row] * active[k]
        return total

    out = []
    for index, step in ((0, 0.5), (1, 0.5), (3, 0.05)):
        high, low = sources.copy(), sources.copy()
        last = index + 1 if index < 3 else None
        high[strongest, index:last] += step
        low[strongest, index:last] -= step
        out.append((predict(high, theta) - predict(low, theta)) / (2.0 * step))
    for index, step in ((0, 0.05), (2, 0.02)):
        high, low = theta.copy(), theta.copy()
        high[index::THETA] += step
        low[index::THETA] -= step
        out.append((predict(sources, high) - predict(sources, low)) / (2.0 * step))
    return np.column_stack(out)


def _slope_at_map_peak(problem: Problem, theta: Floats, detour: Floats) -> Floats:
    """With no source, the change with the rate of one at the birth map's peak, shape (observation, 1)."""
    ny, nx = problem.birth_map.shape
    j, i = divmod(int(np.argmax(problem.birth_map)), nx)
    box = problem.box
    source = np.array([
        box[0] + (i + 0.5) * (box[1] - box[0]) / nx,
        box[2] + (j + 0.5) * (box[3] - box[2]) / ny,
        1.0,
    ])
    col = np.empty((2, problem.row_start.size - 1), np.float32)
    column(problem, source, theta, detour, 0, problem.stretch_row.size - 1, col)
    return np.asarray(col[0, problem.row][:, None])
