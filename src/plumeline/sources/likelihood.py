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

from plumeline.atmosphere.arithmetic import FAST
from plumeline.atmosphere.plume_rows import Air, piece_couplings, point_couplings
from plumeline.atmosphere.puff import Growth, puff_coupling
from plumeline.sources.problem import CENSORED, FIRST, GROUP, INNER, LENGTH, THETA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.problem import Problem

    Floats = NDArray[np.float64]
    Floats32 = NDArray[np.float32]
    Integers = NDArray[np.int64]


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=FAST)
def _respond(out: Floats32, first: int, last: int, keep: float) -> None:
    """First-order response of the sensor along one stretch, in place; a stretch starts settled."""
    k, rest = np.float32(keep), np.float32(1.0 - keep)
    narrow, wide = out[0], out[1]
    a, b = narrow[first], wide[first]
    for row in range(np.uint64(first + 1), np.uint64(last)):
        a = k * a + rest * narrow[row]
        b = k * b + rest * wide[row]
        narrow[row] = a
        wide[row] = b


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _puffs(
    problem: Problem,
    bounds: Integers,
    source: tuple[float, float, float],
    headings: Floats,
    air: Air,
    work: Floats32,
) -> None:
    """Couplings of the elements of some stretches by puffs that the wind's history carries."""
    elements, moments, drift = problem.elements, problem.element_s, problem.drift
    for g in range(headings.shape[0]):
        cosine, sine = headings[g, 0], headings[g, 1]
        for i in range(bounds[g], bounds[g + 1]):
            # Turning the wind is turning the readings the other way about the source.
            x, y = float(elements[0, i]) - source[0], float(elements[1, i]) - source[1]
            u, v = float(elements[8, i] - elements[0, i]), float(elements[9, i] - elements[1, i])
            place = (cosine * x + sine * y, cosine * y - sine * x, float(elements[2, i]))
            path = (cosine * u + sine * v, cosine * v - sine * u, float(elements[10, i] - elements[2, i]))
            across2, up2 = air.fy2 * elements[6, i], air.fz2 * elements[7, i]
            for wide in range(2):
                growth = Growth(
                    problem.width_m,
                    problem.depth_m,
                    math.sqrt(across2 + wide * air.wide2),
                    math.sqrt(up2),
                    air.lag_y,
                    air.lag_z,
                    air.mixing_m,
                )
                work[wide, i - bounds[0]] = puff_coupling(
                    drift, moments[i], place, path, source[2], headings[g, 2], growth
                )


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=FAST)
def _couple(
    problem: Problem,
    bounds: Integers,
    source: tuple[float, float, float],
    headings: Floats,
    air: Air,
    work: Floats32,
) -> None:
    """Couplings of the elements of some stretches, points and path pieces each by their own kernel, or all by puffs."""
    if problem.is_puff:
        _puffs(problem, bounds, source, headings, air, work)
        return
    run, elements = problem.run, problem.elements
    for r in range(run.size - 1):
        own = np.minimum(np.maximum(bounds, run[r]), run[r + 1])
        if own[0] == own[-1]:
            continue
        if problem.run_is_path[r]:
            piece_couplings(elements, own, source, headings, air, work, bounds[0])
        else:
            point_couplings(elements, own, source, headings, air, work, bounds[0])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def column(
    problem: Problem,
    source: Floats,
    theta: Floats,
    detour: Floats,
    first_stretch: int,
    last_stretch: int,
    out: Floats32,
) -> None:
    """Coupling of one source with the rows of a range of stretches.

    Args:
        problem: the inversion's arrays.
        source: x, y, z, …, shape (≥ 3,) [m].
        theta: log fy, log fz, wind turn, log wind factor, … of each flight, shape (6 · flight,).
        detour: turn [rad] and log factor of the way to each stretch of rows, shape (stretch, 2).
        first_stretch: first stretch.
        last_stretch: stretch after the last.
        out: coupling, then that of the wide plume; written in the range, shape (2, row) [s m-3].
    """
    place = (source[0], source[1], source[2])
    # Local names: taking an array out of the tuple inside a loop would count references at every step.
    flight_stretch, stretch_row, row_start = problem.flight_stretch, problem.stretch_row, problem.row_start
    row_s = problem.row_s
    for flight in range(flight_stretch.size - 1):
        first = max(first_stretch, flight_stretch[flight])
        last = min(last_stretch, flight_stretch[flight + 1])
        if first >= last:
            continue
        own = theta[THETA * flight : THETA * (flight + 1)]
        headings = np.empty((last - first, 4))
        bounds = np.empty(last - first + 1, np.int64)
        bounds[0] = row_start[stretch_row[first]]
        for g in range(first, last):
            turn = own[2] + detour[g, 0]
            headings[g - first, 0], headings[g - first, 1] = math.cos(turn), math.sin(turn)
            headings[g - first, 2], headings[g - first, 3] = math.exp(own[3]), math.exp(detour[g, 1])
            bounds[g - first + 1] = row_start[stretch_row[g + 1]]
        work = np.empty((2, bounds[-1] - bounds[0]), np.float32)
        _couple(problem, bounds, place, headings, _air(problem, own), work)
        _to_rows(row_start, stretch_row[first : last + 1], headings, work, out)
        for g in range(first, last):
            if row_s[g] > 0.0:
                keep = math.exp(-row_s[g] / math.exp(own[5]))
                _respond(out, stretch_row[g], stretch_row[g + 1], keep)


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=FAST)
def _to_rows(
    row_start: Integers, stretch_row: Integers, headings: Floats, work: Floats32, out: Floats32
) -> None:
    """Mean of each row's elements, times the strength of the way to its stretch."""
    start = row_start[stretch_row[0]]
    narrow, spread, to, to_wide = work[0], work[1], out[0], out[1]
    for g in range(headings.shape[0]):
        strength = np.float32(headings[g, 3])
        first_row, last_row = stretch_row[g], stretch_row[g + 1]
        if row_start[last_row] - row_start[first_row] == last_row - first_row:
            back = np.uint64(first_row) - np.uint64(row_start[first_row] - start)
            for row in range(np.uint64(first_row), np.uint64(last_row)):
                to[row] = strength * narrow[row - back]
                to_wide[row] = strength * spread[row - back]
            continue
        for row in range(first_row, last_row):
            low, high = row_start[row] - start, row_start[row + 1] - start
            total, total_wide = np.float32(0.0), np.float32(0.0)
            for i in range(np.uint64(low), np.uint64(high)):
                total += narrow[i]
                total_wide += spread[i]
            share = strength / np.float32(high - low)
            to[row] = share * total
            to_wide[row] = share * total_wide


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _air(problem: Problem, theta: Floats) -> Air:
    """What carries the gas of one flight, from its transport parameters, shape (6,)."""
    wide = problem.direction_error
    return Air(
        math.exp(2.0 * theta[0]),
        math.exp(2.0 * theta[1]),
        wide * wide,
        problem.lagrangian[0],
        problem.lagrangian[1],
        problem.width_m * problem.width_m,
        problem.depth_m * problem.depth_m,
        problem.mixing_m,
    )


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=FAST)
def _log_product(x: Floats) -> float:
    """Sum of logarithms, one logarithm per eight numbers; destroys them."""
    m = x.size // 8
    head = x[:m]
    for j in range(1, 8):
        part = x[j * m : (j + 1) * m]
        for i in range(m):
            head[i] *= part[i]
    total = 0.0
    for i in range(m):
        total += math.log(head[i])
    for i in range(8 * m, x.size):
        total += math.log(x[i])
    return total


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=FAST)
def log_likelihood(
    problem: Problem,
    enhancement: Floats32,
    background: Floats32,
    log_noise: Floats,
    theta: Floats,
    dof: float,
    first: int,
    last: int,
) -> float:
    """Log density of the observations of a range of segments.

    Args:
        problem: the inversion's arrays.
        enhancement: predicted by the sources, and the wide one, shape (2, observation) [scale].
        background: predicted background, shape (observation,) [scale].
        log_noise: log of each group's noise over its first guess, shape (group,).
        theta: transport parameters, of which the log of each flight's relative model error is used, shape (6 · flight,).
        dof: degrees of freedom of the Student t.
        first: first segment.
        last: segment after the last.

    Returns:
        Log likelihood, up to a constant that no parameter changes.
    """
    segments, values, noise = problem.segments, problem.value, problem.noise
    stretch_segment, flight_stretch = problem.stretch_segment, problem.flight_stretch
    flight, error2 = -1, np.float32(0.0)
    freedom = np.float32(dof)
    begin = segments[first, FIRST]
    size = segments[last - 1, FIRST] + segments[last - 1, LENGTH] - begin
    scale2 = np.empty(size)
    reach2 = np.empty(size)
    total = 0.0
    near, wide, skip = enhancement[0], enhancement[1], np.uint64(begin)
    for g in range(first, last):
        while flight < 0 or g >= stretch_segment[flight_stretch[flight + 1]]:
            flight += 1
            error2 = np.float32(math.exp(2.0 * theta[THETA * flight + 4]))
        sigma = noise[segments[g, GROUP]] * math.exp(log_noise[segments[g, GROUP]])
        variance = np.float32(sigma * sigma)
        low, high = np.uint64(segments[g, FIRST]), np.uint64(segments[g, FIRST] + segments[g, LENGTH])
        if segments[g, CENSORED]:
            for i in range(low, high):
                s2 = variance + error2 * (near[i] * near[i] + wide[i] * wide[i])
                below = _t_cdf((values[i] - background[i] - near[i]) / math.sqrt(s2), dof)
                total += math.log(max(below, 1e-12))
                scale2[i - skip] = 1.0
                reach2[i - skip] = dof
            continue
        for i in range(low, high):
            s2 = variance + error2 * (near[i] * near[i] + wide[i] * wide[i])
            residual = values[i] - background[i] - near[i]
            scale2[i - skip] = s2
            reach2[i - skip] = freedom * s2 + residual * residual
    # -log(s)  - (ν+1)/2 log(1 + r²/νs²), with the powers of s² gathered
    constant = 0.5 * (dof + 1.0) * math.log(dof) * size
    powers = 0.5 * dof * _log_product(scale2) - 0.5 * (dof + 1.0) * _log_product(reach2)
    return float(total + constant + powers)


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
