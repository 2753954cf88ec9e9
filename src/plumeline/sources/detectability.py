"""What could not have been seen: the least rate at each place that this survey would have found.

A source of rate q at a place adds q A to the readings. Its evidence, on average, is w/2 Σ (q A)² / (s² + (e q A)²),
with s the noise, e the relative model error and w the learned exponent. The minimum detectable rate is where that
reaches a threshold that makes a source be claimed with probability 0.9.

References: Currie 1968, doi:10.1021/ac60259a007 (detection limits need both error kinds stated).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numba import njit

from plumeline.sources.evidence_map import places
from plumeline.sources.likelihood import column
from plumeline.sources.products import DETECTABILITY
from plumeline.sources.reference import problem_reference
from plumeline.sources.threads import over_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.prepare import Prepared
    from plumeline.sources.problem import Problem

    Floats = NDArray[np.float64]

GRID = 40
"""Cells along each side of the map."""
NEEDED_NATS = 11.0
"""Mean log-evidence at which a source is claimed with probability 0.9: the threshold (about 5.5 with the prior's
cost of place and rate) plus 1.28 standard deviations of the evidence, sqrt(2 · nats)."""

HIGHEST_KG_S = 1e3
"""A source that would have to emit more could not be seen: no vent, stack or burning store emits as much [kg s-1]."""


@njit(cache=True, nogil=True, error_model="numpy")
def _least_rate(
    problem: Problem, source: Floats, theta: Floats, sigma: Floats, error: Floats, species: int, needed: float
) -> float:
    col = np.empty((2, problem.row_start.size - 1), np.float32)
    stretches = problem.stretch_row.size - 1
    column(problem, source, theta, np.zeros((stretches, 2)), problem.flight_stretch[0], stretches, col)
    channel, row, response = problem.channel, problem.row, problem.response
    low = -60.0
    high = 60.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        rate = math.exp(middle)
        evidence = 0.0
        for m in range(row.size):
            gain = rate * response[channel[m], species]
            if gain > 0.0:
                signal = gain * col[0, row[m]]
                wide = gain * col[1, row[m]]
                evidence += (
                    0.5 * signal * signal / (sigma[m] ** 2 + error[m] ** 2 * (signal * signal + wide * wide))
                )
        if evidence >= needed:
            high = middle
        else:
            low = middle
    return np.inf if high > 59.0 else math.exp(high)


@njit(cache=True, nogil=True, error_model="numpy")
def _map_some(
    problem: Problem,
    where: Floats,
    theta: Floats,
    sigma: Floats,
    error: Floats,
    aim: tuple[int, float],
    out: Floats,
    rows: tuple[int, int],
) -> None:
    shared = problem_reference(problem)
    for i in range(rows[0], rows[1]):
        out[i] = _least_rate(shared, where[i], theta, sigma, error, aim[0], aim[1])


def _map(
    problem: Problem, where: Floats, theta: Floats, sigma: Floats, error: Floats, species: int, needed: float
) -> Floats:
    out = np.empty(where.shape[0])

    def some(first: int, last: int) -> None:
        _map_some(problem, where, theta, sigma, error, (species, needed), out, (first, last))

    over_rows(some, out.size)
    return out


def minimum_detectable_rate(
    prepared: Prepared, *, theta: Floats, sigma: Floats, error: Floats, exponent: float, cells: int = GRID
) -> xr.Dataset:
    """Map of the minimum detectable rate over the search box, for a source 1.5 m above ground.

    Args:
        prepared: the inversion's arrays.
        theta: posterior mean of the transport parameters, shape (6 · flight,).
        sigma: noise of each observation, shape (observation,) [scale].
        error: relative model error of each observation, shape (observation,) [1].
        exponent: learned exponent of the likelihood.
        cells: cells along each side.

    Returns:
        Dataset of schema `detectability`; infinite where no source could have been seen.

    Raises:
        SchemaError: never for a valid `prepared`.
    """
    problem = prepared.problem._replace(is_puff=False)  # a mean over the survey, which the plume gives
    where = places(problem, nx=cells, ny=cells)
    rates = np.zeros((len(prepared.groups), cells, cells))
    for i, group in enumerate(prepared.groups):
        for s in group:
            scaled = _map(problem, where, theta, sigma, error, s, NEEDED_NATS / exponent)
            # Of gases that cannot be told apart, the one that is hardest to see.
            rates[i] = np.maximum(rates[i], (scaled * problem.species_scale[s]).reshape(cells, cells))
    rates[rates > HIGHEST_KG_S] = np.inf
    return DETECTABILITY.validate(
        xr.Dataset(
            {
                "minimum_detectable_rate": (
                    ("species", "y", "x"),
                    rates,
                    {"units": "kg s-1", "long_name": "minimum detectable rate"},
                )
            },
            coords={
                "x": ("x", where[:cells, 0], {"units": "m"}),
                "y": ("y", where[::cells, 1], {"units": "m"}),
                "species": ("species", np.asarray(prepared.reported)),
            },
        )
    )
