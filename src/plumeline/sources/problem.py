"""The arrays of one inversion: what the kernels need of a survey, and nothing else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


class Problem(NamedTuple):
    """One inversion in arrays: samples make rows, rows make observations.

    A *sample* has its own wind and place; a *row* is a mean of samples; an *observation* is one species of one row.
    """

    receptor: Floats
    """Point or path ends, shape (sample, 6) [m]."""
    is_path: NDArray[np.bool_]
    """Whether a sample is a path, shape (sample,)."""
    wind: Floats
    """Eastward, northward, speed, shape (sample, 3) [m s-1]."""
    spread: Floats
    """Turbulence angles iy, iz, shape (sample, 2) [rad]."""
    row_start: Integers
    """First sample of each row, and the end, shape (row + 1,)."""
    row: Integers
    """Row of each observation, shape (observation,)."""
    species: Integers
    """Species of each observation, shape (observation,)."""
    value: Floats
    """Observed concentration over its scale, shape (observation,) [1]."""
    censored: NDArray[np.bool_]
    """Whether `value` is an upper limit, shape (observation,)."""
    group: Integers
    """Noise group (sensor and species) of each observation, shape (observation,)."""
    noise: Floats
    """First guess of each group's noise, shape (group,) [1]."""
    basis: Floats
    """Background basis, shape (observation, coefficient) [1]."""
    scale: Floats
    """Concentration unit of each species, shape (species,) [kg m-3]."""
    block: Integers
    """Time block of each observation, for the dependence of residuals, shape (observation,)."""
    row_s: float
    """Time from row to row where a sensor's response smears them; 0 where it does not [s]."""
    stretch: Integers
    """Stretch of each row: a fixed sensor, or a part of a moving one's track, shape (row,); rows of one lie together."""
    stretch_row: Integers
    """First row of each stretch, and the end, shape (stretch + 1,)."""
    stretch_observation: Integers
    """First observation of each stretch, and the end, shape (stretch + 1,)."""
    lagrangian: Floats
    """Lagrangian times Ty, Tz, shape (2,) [s]."""
    direction_error: float
    """Momentary error of the wind's direction, which widens the error band [rad]."""
    box: Floats
    """Search box: x low, x high, y low, y high, z high, shape (5,) [m]."""
    birth_map: Floats
    """Probability of each cell of a grid over the box, shape (ny, nx); where new sources are proposed."""


class Priors(NamedTuple):
    """Prior widths. Rates are in units of `Problem.scale` times m3 s-1."""

    log_count: Floats
    """Log prior probability of 0, 1, … sources, shape (count,)."""
    log_rate_mean: Floats
    """Mean of the log rate, shape (species,)."""
    log_rate_sd: float
    """Standard deviation of the log rate [1]."""
    height_sd: float
    """Scale of the half-normal height [m]."""
    theta_mean: Floats
    """Means of the transport parameters, in the order of `THETA`, shape (6,)."""
    theta_sd: Floats
    """Their standard deviations, shape (6,)."""
    log_noise_sd: float
    """Standard deviation of the log of each group's noise over its first guess [1]."""
    detour_sd: Floats
    """Standard deviations of a stretch's turn [rad] and log factor, shape (2,)."""
    dof: float
    """Degrees of freedom of the residuals' Student t [1]."""


INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Compile options of kernels that only kernels call: the wrappers that Python would need cost as much as the kernels."""

THETA = 6
"""log fy, log fz, wind turn [rad], log wind factor, log relative model error, log response time [s]."""


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
