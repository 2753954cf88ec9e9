"""What each flight contributes to a source: how surely it sees it alone, and whether the source was on then.

A flight's evidence for a source is, as for detection limits, half the sum of its squared enhancement over the squared
error of each reading, in nats.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from plumeline.sources.estimate import FlightSupport
from plumeline.sources.likelihood import column
from plumeline.sources.problem import THETA, emission_block, flight_of_observation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.estimate import SourceEstimate
    from plumeline.sources.population import Population
    from plumeline.sources.prepare import Prepared
    from plumeline.sources.problem import Problem

    Floats = NDArray[np.float64]


def coupling(problem: Problem, population: Population, draw: int, slot: int) -> Floats:
    """Coupling of one source of one draw with every row; computed anew where the draws no longer carry it.

    Args:
        problem: the inversion's arrays.
        population: posterior draws.
        draw: index of the draw.
        slot: index of the source.

    Returns:
        Shape (row,) [s m-3].
    """
    if population.columns.size:
        return np.asarray(population.columns[draw, slot, 0], float)
    out = np.empty((2, problem.row_start.size - 1), np.float32)
    column(
        problem,
        population.sources[draw, slot],
        population.theta[draw],
        population.detour[draw],
        0,
        problem.stretch_row.size - 1,
        out,
    )
    return np.asarray(out[0], float)


def evidence_by_flight(problem: Problem, population: Population) -> Floats:
    """Evidence of each flight for each source of each draw, before the likelihood's exponent.

    Args:
        problem: the inversion's arrays.
        population: posterior draws.

    Returns:
        Nats, shape (draw, slot, flight); 0 for absent sources.
    """
    flight, block = flight_of_observation(problem), emission_block(problem)
    flights = problem.flight_stretch.size - 1
    draws, slots = population.sources.shape[:2]
    out = np.zeros((draws, slots, flights))
    for i in range(draws):
        error2 = np.exp(2.0 * population.theta[i, 4::THETA])[flight]
        noise2 = (problem.noise * np.exp(population.log_noise[i]))[problem.group] ** 2
        variance = noise2 + error2 * (population.enhancement[i].astype(float) ** 2).sum(axis=0)
        for k in range(int(population.count[i, 0])):
            gains = problem.response @ np.exp(population.sources[i, k, 3:])
            signal = gains[problem.channel] * coupling(problem, population, i, k)[problem.row]
            signal *= population.active[i, k, block]
            out[i, k] = 0.5 * np.bincount(flight, signal * signal / variance, flights)
    return out


def on_share_by_flight(problem: Problem, population: Population) -> Floats:
    """Share of each flight's readings during which each source was on, shape (draw, slot, flight)."""
    flight, block = flight_of_observation(problem), emission_block(problem)
    flights, blocks = problem.flight_stretch.size - 1, population.active.shape[2]
    weight = np.zeros((blocks, flights))
    np.add.at(weight, (block, flight), 1.0)
    return np.asarray(population.active @ (weight / weight.sum(axis=0)), float)


def with_flights(
    prepared: Prepared, population: Population, sources: tuple[SourceEstimate, ...], exponent: float
) -> tuple[SourceEstimate, ...]:
    """Sources with what each flight says of them.

    Args:
        prepared: the joint problem.
        population: posterior draws.
        sources: reported sources.
        exponent: exponent of the likelihood.

    Returns:
        The sources, each with `flights`.
    """
    evidence = exponent * evidence_by_flight(prepared.problem, population)
    on = on_share_by_flight(prepared.problem, population)
    x, y = population.sources[:, :, 0], population.sources[:, :, 1]
    there = np.arange(x.shape[1]) < population.count
    out = []
    for source in sources:
        inside = there & shapely.contains_xy(source.region_90.shape, x, y)
        mine = inside if inside.any() else there
        out.append(
            replace(
                source,
                flights=tuple(
                    FlightSupport(
                        flight=name,
                        evidence_nats=float(evidence[mine, f].mean()),
                        on_share=float(on[mine, f].mean()),
                    )
                    for f, name in enumerate(prepared.flights)
                ),
            )
        )
    return tuple(out)
