"""The likelihood kernels: couplings of a source with all rows, and the robust density of the residuals.

An observation y of species s is background + Σ_k Q_ks A_k + error, where the error is Student t with scale

    s² = noise² + (model error)² (enhancement² + wide enhancement²)

because a plume model's error grows with what it predicts, and a wind that is a little off carries gas to where the
model sees none: the wide enhancement is that of a plume widened by the wind's momentary direction error. An observation below its detection limit contributes
the probability of being below it (censored), not a value.

References: Lange, Little & Taylor 1989, doi:10.1080/01621459.1989.10478852 (Student t errors); Tobin 1958,
doi:10.2307/1907382 (censoring).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from plumeline.atmosphere.plume import path_coupling, point_coupling

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.problem import Problem

    Floats = NDArray[np.float64]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _respond(out: Floats, stretch: NDArray[np.int64], first: int, last: int, keep: float) -> None:
    """First-order response of the sensor along each stretch, in place; a stretch starts settled."""
    for row in range(first + 1, last):
        if stretch[row] == stretch[row - 1]:
            out[0, row] += keep * (out[0, row - 1] - out[0, row])
            out[1, row] += keep * (out[1, row - 1] - out[1, row])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def column(
    problem: Problem,
    source: Floats,
    theta: Floats,
    detour: Floats,
    first_row: int,
    last_row: int,
    out: Floats,
) -> None:
    """Coupling of one source with a range of rows.

    Args:
        problem: the inversion's arrays.
        source: x, y, z, …, shape (≥ 3,) [m].
        theta: log fy, log fz, wind turn, log wind factor, …, shape (≥ 4,).
        detour: turn [rad] and log factor of the way to each stretch of rows, shape (stretch, 2).
        first_row: first row.
        last_row: row after the last.
        out: coupling, then that of the wide plume; written in the range, shape (2, row) [s m-3].
    """
    fy = math.exp(theta[0])
    fz = math.exp(theta[1])
    factor = math.exp(theta[3])
    wide2 = problem.direction_error * problem.direction_error
    ty, tz = problem.lagrangian[0], problem.lagrangian[1]
    x, y, height = source[0], source[1], source[2]
    receptor, is_path, wind, spread = problem.receptor, problem.is_path, problem.wind, problem.spread
    row_start, row_stretch = problem.row_start, problem.stretch
    stretch = -1
    cosine = factor
    sine = 0.0
    strength = 1.0
    for row in range(first_row, last_row):
        if row_stretch[row] != stretch:
            stretch = row_stretch[row]
            turn = theta[2] + detour[stretch, 0]
            cosine = math.cos(turn) * factor
            sine = math.sin(turn) * factor
            strength = math.exp(detour[stretch, 1])
        total = 0.0
        total_wide = 0.0
        first = row_start[row]
        last = row_start[row + 1]
        for i in range(first, last):
            u = cosine * wind[i, 0] - sine * wind[i, 1]
            v = sine * wind[i, 0] + cosine * wind[i, 1]
            speed = wind[i, 2] * factor
            iy = fy * spread[i, 0]
            iz = fz * spread[i, 1]
            wide_y = math.sqrt(iy * iy + wide2)
            if is_path[i]:
                value, wide = path_coupling(receptor[i], x, y, height, u, v, speed, iy, iz, ty, tz, wide_y)
            else:
                dx, dy, z = receptor[i, 0] - x, receptor[i, 1] - y, receptor[i, 2]
                value, wide = point_coupling(dx, dy, z, height, u, v, speed, iy, iz, ty, tz, wide_y)
            total += value
            total_wide += wide
        out[0, row] = strength * total / (last - first)
        out[1, row] = strength * total_wide / (last - first)
    if problem.row_s > 0.0:
        _respond(out, row_stretch, first_row, last_row, math.exp(-problem.row_s / math.exp(theta[5])))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def log_likelihood(
    problem: Problem,
    enhancement: Floats,
    background: Floats,
    log_noise: Floats,
    log_error: float,
    dof: float,
    first: int,
    last: int,
) -> float:
    """Log density of a range of observations.

    Args:
        problem: the inversion's arrays.
        enhancement: predicted by the sources, and the wide one, shape (2, observation) [scale].
        background: predicted background, shape (observation,) [scale].
        log_noise: log of each group's noise over its first guess, shape (group,).
        log_error: log of the relative model error.
        dof: degrees of freedom of the Student t.
        first: first observation.
        last: observation after the last.

    Returns:
        Log likelihood, up to a constant that no parameter changes.
    """
    error2 = math.exp(2.0 * log_error)
    # Local names: taking an array out of the tuple inside the loop would count references at every step.
    values, limits, group = problem.value, problem.censored, problem.group
    variance = np.empty(problem.noise.size)
    for g in range(variance.size):
        variance[g] = (problem.noise[g] * math.exp(log_noise[g])) ** 2
    total = 0.0
    scales = 1.0
    tails = 1.0
    count = 0
    for m in range(first, last):
        s2 = variance[group[m]] + error2 * (
            enhancement[0, m] * enhancement[0, m] + enhancement[1, m] * enhancement[1, m]
        )
        residual = values[m] - background[m] - enhancement[0, m]
        if limits[m]:
            total += math.log(max(_t_cdf(residual / math.sqrt(s2), dof), 1e-12))
            continue
        # Products of eight terms need one logarithm instead of eight; each term is far from overflow.
        scales *= s2
        tails *= 1.0 + residual * residual / (dof * s2)
        count += 1
        if count == 8:
            total -= 0.5 * math.log(scales) + 0.5 * (dof + 1.0) * math.log(tails)
            scales = 1.0
            tails = 1.0
            count = 0
    return total - 0.5 * math.log(scales) - 0.5 * (dof + 1.0) * math.log(tails)


@njit(cache=True, nogil=True, error_model="numpy")
def _t_cdf(t: float, dof: float) -> float:
    """Student t distribution function, by its normal approximation (Hill 1970, doi:10.1145/355598.355599)."""
    a = dof - 0.5
    b = 48.0 * a * a
    z2 = a * math.log1p(t * t / dof)
    z = math.sqrt(z2)
    z += (z2 * z + 3.0 * z) / b - (4.0 * z**7 + 33.0 * z**5 + 240.0 * z**3 + 855.0 * z) / (
        10.0 * b * (b + 0.8 * z**4 + 100.0)
    )
    upper = 0.5 * math.erfc(z * 0.7071067811865476)
    return 1.0 - upper if t > 0.0 else upper
