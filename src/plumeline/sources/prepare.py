"""From a survey to the arrays of an inversion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.sources.background import (
    background_basis,
    base_and_scale,
    knot_seconds,
    noise_groups,
    noise_guess,
)
from plumeline.sources.problem import Priors, Problem
from plumeline.sources.rows import row_means, row_seconds, stretches, wind_and_spread
from plumeline.sources.samples import Samples, gather

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.observations import Survey
    from plumeline.sources.settings import InferenceSettings

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


LEAST_BLOCKS = 12
"""Time blocks that a survey is cut into at least, to learn how far its readings depend on each other."""
BIRTH_GRID = 48
"""Cells along each side of the birth map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A problem with what its rows and observations were made from."""

    problem: Problem
    priors: Priors
    samples: Samples
    species: tuple[str, ...]
    """Species of each index in `Problem.species`."""
    row_time_s: Floats
    """Mean time of each row, shape (row,) [s]."""
    row_sensor: Integers
    """Sensor of each row, shape (row,)."""
    base: Floats
    """Concentration taken off every value before scaling, shape (species,) [kg m-3]."""
    row_s: float
    """Averaging time of the rows [s]."""
    remarks: tuple[str, ...]
    """What the reader should know of the preparation."""


def prepare(survey: Survey, settings: InferenceSettings) -> Prepared:
    """Turn a survey into the arrays of an inversion.

    Args:
        survey: what was measured.
        settings: what the inversion assumes.

    Returns:
        The problem, its priors and what its rows were made from.

    Raises:
        InputError: no reading is usable.
        CalmWindError: the wind is too weak for most readings.
    """
    samples = gather(survey, settings)
    moving = samples.is_moving
    wind, spread = wind_and_spread(samples, settings, moving=moving)
    row_s = row_seconds(samples, settings, moving=moving)
    key = samples.sensor * 10**9 + np.floor(samples.time_s / row_s).astype(np.int64)
    _, first, row_of = np.unique(key, return_index=True, return_inverse=True)
    rows = first.size
    row_time = np.bincount(row_of, samples.time_s) / np.bincount(row_of)
    row_sensor = samples.sensor[first]
    observed = row_means(samples, row_of, rows)
    base, scale = base_and_scale(observed, row_sensor)
    row, species, value, censored = _flat(observed, base, scale)
    sensor_of = row_sensor[row]
    groups, group = noise_groups(species, sensor_of)
    noise = noise_guess(samples, value, censored, group, groups, base, scale, row_of)
    knot_s = settings.background_knot_s or knot_seconds(samples, moving=moving)
    basis = background_basis(row_time[row], species, group, value, censored, noise, knot_s)
    stretch, edges = stretches(row_time, row_sensor, moving=moving)
    span_s = max(float(np.ptp(row_time)), row_s)
    # Blocks long against the memory of the air, yet enough of them to estimate a variance from.
    depends_s = min(max(span_s / LEAST_BLOCKS, row_s), 6.0 * row_s) if not moving else 60.0
    problem = Problem(
        receptor=np.ascontiguousarray(samples.receptor),
        is_path=np.ascontiguousarray(samples.is_path),
        wind=np.ascontiguousarray(wind),
        spread=np.ascontiguousarray(spread),
        row_start=np.append(first, samples.time_s.size).astype(np.int64),
        row=row.astype(np.int64),
        species=species.astype(np.int64),
        value=value,
        censored=censored,
        group=group,
        noise=noise,
        basis=basis,
        scale=scale,
        block=np.floor(row_time[row] / depends_s).astype(np.int64),
        row_s=row_s if moving else 0.0,
        stretch=stretch,
        stretch_row=edges,
        stretch_observation=np.searchsorted(row, edges).astype(np.int64),
        lagrangian=np.array([200.0, 100.0]),
        direction_error=settings.direction_error_rad,
        box=_search_box(samples, settings),
        birth_map=np.full((BIRTH_GRID, BIRTH_GRID), 1.0 / BIRTH_GRID**2),
    )
    return Prepared(
        problem=problem,
        priors=_priors(scale, settings),
        samples=samples,
        species=survey.species,
        row_time_s=row_time,
        row_sensor=row_sensor,
        base=base,
        row_s=row_s,
        remarks=_remarks(samples, survey),
    )


def _search_box(samples: Samples, settings: InferenceSettings) -> Floats:
    """Where sources are sought: x low, x high, y low, y high, z high, shape (5,) [m]."""
    margin = (
        settings.margin_m if settings.margin_m is not None else min(max(0.25 * samples.extent_m, 20.0), 200.0)
    )
    x, y = samples.receptor[:, [0, 3]], samples.receptor[:, [1, 4]]
    return np.array([
        x.min() - margin,
        x.max() + margin,
        y.min() - margin,
        y.max() + margin,
        settings.max_height_m,
    ])


def _flat(
    observed: tuple[Floats, NDArray[np.bool_]], base: Floats, scale: Floats
) -> tuple[Integers, Integers, Floats, NDArray[np.bool_]]:
    value, censored = observed
    row, species = np.nonzero(np.isfinite(value))
    flat = (value[row, species] - np.where(censored[row, species], 0.0, base[species])) / scale[species]
    return row, species, flat, censored[row, species]


def _priors(scale: Floats, settings: InferenceSettings) -> Priors:
    counts = settings.max_sources
    probability = np.append(
        settings.prior_no_source,
        (1.0 - settings.prior_no_source) * settings.prior_more_sources ** np.arange(counts),
    )
    probability[1:] *= (1.0 - settings.prior_no_source) / probability[1:].sum()
    return Priors(
        log_count=np.log(probability),
        log_rate_mean=np.log(settings.rate_median_kg_s / scale),
        log_rate_sd=settings.rate_log10_sd * math.log(10.0),
        height_sd=settings.height_sd_m,
        theta_mean=np.array([
            0.0,
            0.0,
            0.0,
            0.0,
            math.log(settings.model_error),
            math.log(settings.response_s),
        ]),
        theta_sd=np.array([
            settings.spread_y_log_sd,
            settings.spread_z_log_sd,
            settings.wind_turn_sd_rad,
            settings.wind_factor_log_sd,
            settings.model_error_log_sd,
            settings.response_log_sd,
        ]),
        log_noise_sd=settings.noise_log_sd,
        detour_sd=np.array([settings.detour_turn_sd_rad, settings.detour_factor_log_sd]),
        dof=settings.dof,
    )


def _remarks(samples: Samples, survey: Survey) -> tuple[str, ...]:
    remarks = [f"{count} readings were not used: {why}" for why, count in samples.left_out.items() if count]
    if not np.isfinite(samples.spread[:, 0]).any():
        remarks.append("the survey gives no turbulence, so a usual value and its uncertainty were assumed")
    return (*survey.remarks, *remarks)
