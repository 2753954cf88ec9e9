"""From a survey to the arrays of an inversion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.sources.background import (
    background_basis,
    base_and_scale,
    knot_seconds,
    noise_groups,
    noise_guess,
)
from plumeline.sources.cautions import cautions
from plumeline.sources.emission import emission_blocks, log_switching
from plumeline.sources.layout import elements_of, segment_order, segments_of
from plumeline.sources.problem import BLOCK, Priors, Problem
from plumeline.sources.rows import (
    element_seconds,
    parcels,
    row_means,
    row_seconds,
    stretches,
    travel_s,
    wind_and_spread,
    wind_history,
)
from plumeline.sources.samples import Samples, gather
from plumeline.sources.unmixing import (
    ResponseMatrix,
    by_channel,
    group_name,
    inseparable,
    response_matrix,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.observations import Survey
    from plumeline.sources.settings import InferenceSettings

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


LEAST_BLOCKS = 12
"""Time blocks that a survey is cut into at least, to learn how far its readings depend on each other."""
IMAGE_BLOCKS = 8
"""Blocks along the longer side of an image, for the same."""
BIRTH_GRID = 48
"""Cells along each side of the birth map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A problem with what its rows and observations were made from."""

    problem: Problem
    priors: Priors
    samples: Samples
    matrix: ResponseMatrix
    """Names of channels and species, in the order of `Problem.channel` and of the rates, and how they belong together."""
    groups: tuple[tuple[int, ...], ...]
    """Indices of species that the channels cannot tell apart, each reported as one; most are groups of one."""
    block_time_s: Floats
    """Edges of the emission blocks, shape (emission block + 1,) [s]."""
    row_time_s: Floats
    """Mean time of each row, shape (row,) [s]."""
    row_sensor: Integers
    """Sensor of each row, shape (row,)."""
    base: Floats
    """Concentration taken off every value before scaling, shape (channel,) [kg m-3]."""
    row_s: float
    """Averaging time of the rows [s]."""
    remarks: tuple[str, ...]
    """What the reader should know of the preparation."""
    flights: tuple[str, ...] = ()
    """Names of the flights that share their sources; empty for a single one."""

    @property
    def inseparable(self) -> tuple[tuple[str, ...], ...]:
        """Names of the gases of each group of more than one."""
        return tuple(tuple(self.matrix.species[i] for i in group) for group in self.groups if len(group) > 1)

    @property
    def reported(self) -> tuple[str, ...]:
        """Name of each group: a gas, or gases that cannot be told apart."""
        return tuple(group_name(self.matrix.species, group) for group in self.groups)


def prepare(
    survey: Survey, settings: InferenceSettings, window_s: float | None = None, *, row_s: float | None = None
) -> Prepared:
    """Turn a survey into the arrays of an inversion.

    Args:
        survey: what was measured.
        settings: what the inversion assumes.
        window_s: time over which the wind of fast readings is averaged [s]; None: the gas's travel through the survey.
        row_s: averaging time of the rows [s]; None: as suits the survey, as it does where this is more than a fifth off.

    Returns:
        The problem, its priors and what its rows were made from.

    Raises:
        InputError: no reading is usable.
        CalmWindError: the wind is too weak for most readings.
    """
    matrix, samples = _gathered(survey, settings)
    moving = samples.is_moving
    wind, spread = wind_and_spread(samples, settings, travel_s(samples) if window_s is None else window_s)
    row_s = row_seconds(samples, settings, moving=moving, wanted_s=row_s)
    row_of, row_time, row_sensor = _rows(samples, row_s)
    observed, base, scale = _observed(samples, row_of, row_sensor)
    stretch, edges = stretches(row_time, row_sensor, moving=moving)
    emission, block_times = emission_blocks(row_time, settings, moving=moving)
    row, channel, value, censored, group, groups = _in_order(observed, base, scale, row_sensor, stretch)
    segments, stretch_segment = _segments((row, channel, group, censored), stretch, emission)
    noise = noise_guess(samples, value, censored, group, groups, base, scale, row_of)
    knot_s = settings.background_knot_s or knot_seconds(samples, moving=moving)
    basis = background_basis(row_time[row], channel, group, value, censored, noise, knot_s)
    parcel_of = row_of if moving else parcels(samples, row_of, row_s)
    elements = elements_of(samples, wind, spread, parcel_of)
    species_scale, response = _response(matrix, scale)
    problem = Problem(
        elements=elements.table,
        run=elements.run,
        run_is_path=elements.run_is_path,
        row_start=elements.row_start(row_of[np.unique(parcel_of, return_index=True)[1]]),
        row=row,
        channel=channel,
        value=value.astype(np.float32),
        censored=censored,
        group=group,
        noise=noise,
        basis=np.ascontiguousarray(basis.T, np.float32),
        scale=scale,
        species_scale=species_scale,
        response=response,
        segments=segments,
        stretch_segment=stretch_segment,
        block_segment=np.argsort(segments[:, BLOCK], kind="stable").astype(np.int64),
        block_start=_starts(segments[:, BLOCK], block_times.size),
        block=_dependence_blocks(samples, row_of, row_time, row_s)[row],
        row_s=np.full(edges.size - 1, row_s if moving else 0.0),
        stretch=stretch,
        stretch_row=edges,
        flight_stretch=np.array([0, edges.size - 1]),
        flight_basis=np.array([0, basis.shape[1]]),
        **_assumed(settings),
        drift=wind_history(samples, settings),
        element_s=element_seconds(samples, parcel_of, elements.number, settings),
        box=_search_box(samples, settings),
        birth_map=np.full((BIRTH_GRID, BIRTH_GRID), 1.0 / BIRTH_GRID**2),
    )
    return Prepared(
        problem=problem,
        priors=_priors(species_scale, settings, block_times.size - 1),
        samples=samples,
        matrix=matrix,
        groups=inseparable(matrix, np.isin(np.arange(scale.size), channel)),
        block_time_s=block_times,
        row_time_s=row_time,
        row_sensor=row_sensor,
        base=base,
        row_s=row_s,
        remarks=_remarks(samples, survey, matrix),
    )


def _assumed(settings: InferenceSettings) -> dict[str, Any]:
    """The fields of a problem that are settings and constants of the air."""
    return {
        "lagrangian": np.array([200.0, 100.0]),
        "direction_error": settings.direction_error_rad,
        "width_m": settings.source_width_m,
        "depth_m": settings.source_depth_m or settings.source_width_m,
        "is_puff": settings.transport == "puff",
        "mixing_m": settings.mixing_height_m or math.inf,
    }


def _gathered(survey: Survey, settings: InferenceSettings) -> tuple[ResponseMatrix, Samples]:
    """The survey's response matrix, and its usable readings by channel."""
    matrix = response_matrix(survey)
    return matrix, by_channel(gather(survey, settings), matrix)


def _observed(
    samples: Samples, row_of: Integers, row_sensor: Integers
) -> tuple[tuple[Floats, NDArray[np.bool_]], Floats, Floats]:
    """Value or limit of each row and channel, and each channel's base and scale."""
    observed = row_means(samples, row_of, row_sensor.size)
    return observed, *base_and_scale(observed, row_sensor)


def _segments(
    observations: tuple[Integers, Integers, Integers, NDArray[np.bool_]],
    stretch: Integers,
    emission: Integers,
) -> tuple[Integers, Integers]:
    """Segments of observations (row, channel, group, limit or not), and the first of each stretch with the end."""
    row, channel, group, censored = observations
    return segments_of(
        stretch=stretch[row], channel=channel, group=group, censored=censored, row=row, block=emission[row]
    )


def _rows(samples: Samples, row_s: float) -> tuple[Integers, Floats, Integers]:
    """Row of each sample, and the mean time and the sensor of each row."""
    key = samples.sensor * 10**9 + np.floor(samples.time_s / row_s).astype(np.int64)
    _, first, row_of = np.unique(key, return_index=True, return_inverse=True)
    return row_of, np.bincount(row_of, samples.time_s) / np.bincount(row_of), samples.sensor[first]


def _response(matrix: ResponseMatrix, scale: Floats) -> tuple[Floats, Floats]:
    """Unit of each species [kg m-3], by its most sensitive channel, and the response between units."""
    with np.errstate(divide="ignore"):
        unit = np.where(matrix.ratio > 0.0, scale[:, None] / matrix.ratio, np.inf).min(axis=0)
    return unit, np.ascontiguousarray(matrix.ratio * unit / scale[:, None])


def _starts(block: Integers, count: int) -> Integers:
    """Where each emission block begins among sorted segments, and the end, shape (count,)."""
    return np.searchsorted(np.sort(block), np.arange(count)).astype(np.int64)


def _dependence_blocks(samples: Samples, row_of: Integers, row_time_s: Floats, row_s: float) -> Integers:
    """Block of each row within which residuals may hang together, shape (row,).

    Blocks are long against the memory of the air, yet enough of them to estimate a variance from. Readings of one
    moment, the tiles of an image, hang together in space.
    """
    span_s = float(np.ptp(row_time_s))
    if span_s == 0.0 and row_time_s.size > IMAGE_BLOCKS**2:
        middle = 0.5 * (samples.receptor[:, :2] + samples.receptor[:, 3:5])
        place = np.column_stack([np.bincount(row_of, one) / np.bincount(row_of) for one in middle.T])
        side_m = max(float(np.ptp(place, axis=0).max()), 1.0) / IMAGE_BLOCKS
        cell = np.floor((place - place.min(axis=0)) / side_m).astype(np.int64)
        return np.asarray(np.unique(cell @ [10**6, 1], return_inverse=True)[1], np.int64)
    span_s = max(span_s, row_s)
    length_s = 60.0 if samples.is_moving else min(max(span_s / LEAST_BLOCKS, row_s), 6.0 * row_s)
    return np.floor(row_time_s / length_s).astype(np.int64)


def _in_order(
    observed: tuple[Floats, NDArray[np.bool_]],
    base: Floats,
    scale: Floats,
    row_sensor: Integers,
    stretch: Integers,
) -> tuple[Integers, Integers, Floats, NDArray[np.bool_], Integers, Integers]:
    """Row, channel, scaled value, limit or not, and noise group of each observation, in segment order; the groups' codes."""
    row, channel, value, censored = _flat(observed, base, scale)
    groups, group = noise_groups(channel, row_sensor[row])
    order = segment_order(stretch=stretch[row], channel=channel, group=group, censored=censored, row=row)
    return row[order], channel[order], value[order], censored[order], group[order], groups


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


def _priors(species_scale: Floats, settings: InferenceSettings, blocks: int) -> Priors:
    counts = settings.max_sources
    probability = np.append(
        settings.prior_no_source,
        (1.0 - settings.prior_no_source) * settings.prior_more_sources ** np.arange(counts),
    )
    probability[1:] *= (1.0 - settings.prior_no_source) / probability[1:].sum()
    return Priors(
        log_count=np.log(probability),
        log_rate_mean=np.log(settings.rate_median_kg_s / species_scale),
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
        log_switching=log_switching(blocks, settings.steady_probability),
        detour_sd=np.array([settings.detour_turn_sd_rad, settings.detour_factor_log_sd]),
        dof=settings.dof,
    )


def _remarks(samples: Samples, survey: Survey, matrix: ResponseMatrix) -> tuple[str, ...]:
    remarks = [f"{count} readings were not used: {why}" for why, count in samples.left_out.items() if count]
    if not np.isfinite(samples.spread[:, 0]).any():
        remarks.append("the survey gives no turbulence, so a usual value and its uncertainty were assumed")
    return (*survey.remarks, *remarks, *cautions(samples, matrix.channels))
