"""Shapes of the next moves, learned from the population: covariances, and differences of particles.

A step along the difference of two other particles has the posterior's own shape, however long and thin, without
anybody fitting one; it is symmetric, because the pair is taken from the population before the step.

References: ter Braak 2006, doi:10.1007/s11222-006-8769-1 (differential evolution Markov chain).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import block_diag

from plumeline.sources.particle import Scales

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.population import Population
    from plumeline.sources.problem import Problem

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


def proposal_scales(population: Population, problem: Problem, share: Floats) -> Scales:
    """Proposal shapes from a population.

    Args:
        population: present particles.
        problem: the inversion's arrays.
        share: share of accepted moves of the last stage, by kind, shape (kind,).

    Returns:
        What the moves of the next stage step by.
    """

    def factor(values: Floats) -> Floats:
        size = values.shape[1]
        spread = np.cov(values, rowvar=False).reshape(size, size) if size else np.zeros((0, 0))
        return np.asarray(np.linalg.cholesky(spread + 1e-9 * np.eye(size)), float)

    flights = problem.flight_stretch.size - 1
    reach = max(problem.box[1] - problem.box[0], problem.box[3] - problem.box[2]) / 4.0
    return Scales(
        theta=np.stack([factor(own) for own in np.split(population.theta, flights, axis=1)]),
        beta=block_diag(
            *(factor(own) for own in np.split(population.beta, problem.flight_basis[1:-1], axis=1))
        ),
        log_noise=0.15 if share[3] < 0.25 else 0.3,
        log_rate=0.2 if share[1] < 0.25 else 0.5,
        reach_m=reach,
        ridge=_ridge_differences(population.count[:, 0], population.sources, population.theta),
    )


def _ridge_differences(count: Integers, sources: Floats, theta: Floats) -> Floats:
    """Differences of each source of a particle and the nearest one of another particle, transport parameters included.

    Args:
        count: number of sources of each particle, shape (particle,).
        sources: shape (particle, slot, 3 + species).
        theta: transport parameters, shape (particle, 6 · flight).

    Returns:
        Shape (pair, 3 + species + 6 · flight); empty where fewer than two particles have a source.
    """
    some = np.flatnonzero(count > 0)
    size = sources.shape[2]
    if some.size < 2:
        return np.empty((0, size + theta.shape[1]))
    # Resampling leaves copies side by side: partners from elsewhere in the population differ.
    partner = np.roll(some, some.size // 3 + 1)
    slots = np.arange(sources.shape[1])
    apart = np.linalg.norm(sources[some, :, None, :2] - sources[partner, None, :, :2], axis=3)
    apart[np.broadcast_to((slots >= count[partner][:, None])[:, None, :], apart.shape)] = np.inf
    nearest = apart.argmin(axis=2)
    i, k = np.nonzero(slots < count[some][:, None])
    first, second = sources[some[i], k], sources[partner[i], nearest[i, k]]
    return np.column_stack([first - second, theta[some[i]] - theta[partner[i]]])
