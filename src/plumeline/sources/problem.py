"""The arrays of one inversion: what the kernels need of a survey, and nothing else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.atmosphere.puff import Drift

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


class Problem(NamedTuple):
    """One inversion in arrays: elements make rows, rows make observations.

    An *element* is a sample's point or a piece of its path, with its own wind; a *row* is a mean of elements; an
    *observation* is one channel of one row. Observations that lie together and share everything but their row make a
    *segment*, along which the kernels run.
    """

    elements: NDArray[np.float32]
    """Place, wind and spread of each element, shape (11, element); fields as in `atmosphere.plume_rows`."""
    run: Integers
    """First element of each run of points or of pieces, and the end, shape (run + 1,)."""
    run_is_path: NDArray[np.bool_]
    """Whether a run holds path pieces, shape (run,)."""
    row_start: Integers
    """First element of each row, and the end, shape (row + 1,)."""
    row: Integers
    """Row of each observation, shape (observation,)."""
    channel: Integers
    """Channel (a sensor's gas, or a mixture it cannot tell apart) of each observation, shape (observation,)."""
    value: NDArray[np.float32]
    """Observed concentration over its channel's scale, shape (observation,) [1]."""
    censored: NDArray[np.bool_]
    """Whether `value` is an upper limit, shape (observation,)."""
    group: Integers
    """Noise group (sensor and channel) of each observation, shape (observation,)."""
    noise: Floats
    """First guess of each group's noise, shape (group,) [1]."""
    basis: NDArray[np.float32]
    """Background basis, shape (coefficient, observation) [1]."""
    scale: Floats
    """Concentration unit of each channel, shape (channel,) [kg m-3]."""
    species_scale: Floats
    """Concentration unit of each species' rate, shape (species,) [kg m-3]."""
    response: Floats
    """Reading of each channel to one unit of each species, shape (channel, species) [1]."""
    segments: Integers
    """Segments with columns `FIRST` to `BLOCK`, shape (segment, 7)."""
    stretch_segment: Integers
    """First segment of each stretch, and the end, shape (stretch + 1,)."""
    block_segment: Integers
    """Segments sorted by emission block, shape (segment,)."""
    block_start: Integers
    """First of each emission block's in `block_segment`, and the end, shape (emission block + 1,)."""
    block: Integers
    """Time block of each observation, for the dependence of residuals, shape (observation,)."""
    row_s: Floats
    """Time from row to row in each stretch where a sensor's response smears them; 0 where not, shape (stretch,) [s]."""
    stretch: Integers
    """Stretch of each row: a fixed sensor, or a part of a moving one's track, shape (row,); rows of one lie together."""
    stretch_row: Integers
    """First row of each stretch, and the end, shape (stretch + 1,)."""
    flight_stretch: Integers
    """First stretch of each flight, and the end, shape (flight + 1,); every flight has its own transport."""
    flight_basis: Integers
    """First background coefficient of each flight, and the end, shape (flight + 1,)."""
    lagrangian: Floats
    """Lagrangian times Ty, Tz, shape (2,) [s]."""
    direction_error: float
    """Momentary error of the wind's direction, which widens the error band [rad]."""
    width_m: float
    """Half-width of a source: a vent's first metre, or a building's wake [m]."""
    depth_m: float
    """Its half-depth [m]."""
    is_puff: bool
    """Whether gas is carried by the wind's history, puff by puff, instead of by the wind at each element."""
    drift: Drift
    """That history; still air where `is_puff` is false."""
    element_s: Floats
    """Time of each element, in the drift's seconds, shape (element,); empty where `is_puff` is false [s]."""
    mixing_m: float
    """Mixing height [m]; infinite if nothing caps the plume."""
    box: Floats
    """Search box: x low, x high, y low, y high, z high, shape (5,) [m]."""
    birth_map: Floats
    """Probability of each cell of a grid over the box, shape (ny, nx); where new sources are proposed."""


FIRST, ROW, LENGTH, CHANNEL, GROUP, CENSORED, BLOCK = range(7)
"""Columns of `Problem.segments`: first observation, first row, length, channel, noise group, censored, emission block."""


def emission_block(problem: Problem) -> Integers:
    """Emission block of each observation, shape (observation,)."""
    return np.asarray(np.repeat(problem.segments[:, BLOCK], problem.segments[:, LENGTH]), np.int64)


def flight_of_observation(problem: Problem) -> Integers:
    """Flight of each observation, shape (observation,)."""
    segments = np.diff(problem.stretch_segment[problem.flight_stretch])
    flight = np.repeat(np.arange(segments.size), segments)
    return np.asarray(np.repeat(flight, problem.segments[:, LENGTH]), np.int64)


def undisturbed(problem: Problem) -> Floats:
    """Transport parameters with every factor at 1 and no turn, shape (6 · flight,)."""
    return np.zeros(THETA * (problem.flight_stretch.size - 1))


class Priors(NamedTuple):
    """Prior widths. Rates are in units of `Problem.species_scale` times m3 s-1."""

    log_count: Floats
    """Log prior probability of 0, 1, … sources, shape (count,)."""
    log_rate_mean: Floats
    """Mean of the log rate, shape (species,)."""
    log_rate_sd: float
    """Standard deviation of the log rate [1]."""
    height_sd: float
    """Scale of the half-normal height [m]."""
    theta_mean: Floats
    """Means of the transport parameters, in the order of `THETA`, flight by flight, shape (6 · flight,)."""
    theta_sd: Floats
    """Their standard deviations, shape (6 · flight,)."""
    log_noise_sd: float
    """Standard deviation of the log of each group's noise over its first guess [1]."""
    log_switching: Floats
    """Log prior of one course of emission with 0, 1, … changes between on and off, shape (emission block,)."""
    detour_sd: Floats
    """Standard deviations of a stretch's turn [rad] and log factor, shape (2,)."""
    dof: float
    """Degrees of freedom of the residuals' Student t [1]."""


INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Compile options of kernels that only kernels call: the wrappers that Python would need cost as much as the kernels."""

ONCE: dict[str, Any] = {"inline": "always"}
"""Of kernels called in one place: compiled there, because every level of calls would be compiled with all below it."""

THETA = 6
"""Of each flight: log fy, log fz, wind turn [rad], log wind factor, log relative model error, log response time [s]."""


@njit(cache=True, nogil=True)
def uniform(rng: Integers) -> float:
    """Next number in (0, 1) from a splitmix64 state of shape (1,); each particle has its own stream."""
    rng[0] += np.uint64(0x9E3779B97F4A7C15)
    z = rng[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float((float(z >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0))


@njit(cache=True, nogil=True)
def normal(rng: Integers) -> float:
    """Next standard normal number (Box-Muller, one of the pair)."""
    return math.sqrt(-2.0 * math.log(uniform(rng))) * math.cos(6.283185307179586 * uniform(rng))
