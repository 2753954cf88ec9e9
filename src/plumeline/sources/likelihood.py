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

from plumeline.atmosphere.plume_rows import Air, piece_couplings, point_couplings
from plumeline.atmosphere.puff import Growth, puff_coupling
from plumeline.sources.problem import CENSORED, FIRST, GROUP, INNER, LENGTH, THETA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.problem import Problem

    Floats = NDArray[np.float64]
    Floats32 = NDArray[np.float32]


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=True)
def _respond(out: Floats32, first: int, last: int, keep: float) -> None:
    """First-order response of the sensor along one stretch, in place; a stretch starts settled."""
    k = np.float32(keep)
    a, b = out[0, first], out[1, first]
    for row in range(first + 1, last):
        a = out[0, row] + k * (a - out[0, row])
        b = out[1, row] + k * (b - out[1, row])
        out[0, row] = a
        out[1, row] = b


@njit(cache=True, nogil=True, **INNER, error_model="numpy")
def _puffs(
    problem: Problem,
    span: tuple[int, int],
    source: tuple[float, float, float],
    heading: tuple[float, float, float],
    air: Air,
    work: Floats32,
    start: int,
) -> None:
    """Couplings of a span of elements by puffs that the wind's history carries."""
    elements, moments, drift = problem.elements, problem.element_s, problem.drift
    cosine, sine = heading[0], heading[1]
    for i in range(span[0], span[1]):
        # Turning the wind is turning the readings the other way about the source.
        x, y = float(elements[0, i]) - source[0], float(elements[1, i]) - source[1]
        u, v = float(elements[8, i]) - float(elements[0, i]), float(elements[9, i]) - float(elements[1, i])
        place = (cosine * x + sine * y, cosine * y - sine * x, float(elements[2, i]))
        path = (
            cosine * u + sine * v,
            cosine * v - sine * u,
            float(elements[10, i]) - float(elements[2, i]),
        )
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
            work[wide, i - start] = puff_coupling(
                drift, moments[i], place, path, source[2], heading[2], growth
            )


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=True)
def _couple(
    problem: Problem,
    span: tuple[int, int],
    source: tuple[float, float, float],
    heading: tuple[float, float, float],
    air: Air,
    work: Floats32,
    start: int,
) -> None:
    """Couplings of a span of elements, points and path pieces each by their own kernel, or all by puffs."""
    if problem.is_puff:
        _puffs(problem, span, source, heading, air, work, start)
        return
    run, run_is_path = problem.run, problem.run_is_path
    for r in range(run_is_path.size):
        first, last = max(run[r], span[0]), min(run[r + 1], span[1])
        if first >= last:
            continue
        if run_is_path[r]:
            piece_couplings(problem.elements, (first, last), source, heading, air, work, first - start)
        else:
            point_couplings(problem.elements, (first, last), source, heading, air, work, first - start)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
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
    row_start, stretch_row = problem.row_start, problem.stretch_row
    start = row_start[stretch_row[first_stretch]]
    work = np.empty((2, row_start[stretch_row[last_stretch]] - start), np.float32)
    flight, flight_stretch = 0, problem.flight_stretch
    for g in range(first_stretch, last_stretch):
        while g >= flight_stretch[flight + 1]:
            flight += 1
        own = theta[THETA * flight : THETA * (flight + 1)]
        air = _air(problem, own)
        first_row, last_row = stretch_row[g], stretch_row[g + 1]
        first, last = row_start[first_row], row_start[last_row]
        turn = own[2] + detour[g, 0]
        heading = (math.cos(turn), math.sin(turn), math.exp(own[3]))
        _couple(problem, (first, last), place, heading, air, work, start)
        narrow, spread = work[0, first - start : last - start], work[1, first - start : last - start]
        strength = np.float32(math.exp(detour[g, 1]))
        if last - first == last_row - first_row:
            to, to_wide = out[0, first_row:last_row], out[1, first_row:last_row]
            for i in range(narrow.size):
                to[i] = strength * narrow[i]
                to_wide[i] = strength * spread[i]
        else:
            for row in range(first_row, last_row):
                low, high = row_start[row] - first, row_start[row + 1] - first
                total, total_wide = np.float32(0.0), np.float32(0.0)
                for i in range(low, high):
                    total += narrow[i]
                    total_wide += spread[i]
                share = strength / np.float32(high - low)
                out[0, row] = share * total
                out[1, row] = share * total_wide
        if problem.row_s[g] > 0.0:
            _respond(out, first_row, last_row, math.exp(-problem.row_s[g] / math.exp(own[5])))


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


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=True)
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


@njit(cache=True, nogil=True, **INNER, error_model="numpy", fastmath=True)
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
    # Local names: taking an array out of the tuple inside the loop would count references at every step.
    segments, values, noise = problem.segments, problem.value, problem.noise
    stretch_segment, flight_stretch = problem.stretch_segment, problem.flight_stretch
    flight, error2 = -1, np.float32(0.0)
    freedom = np.float32(dof)
    begin = segments[first, FIRST]
    size = segments[last - 1, FIRST] + segments[last - 1, LENGTH] - begin
    scale2 = np.empty(size)
    reach2 = np.empty(size)
    total = 0.0
    for g in range(first, last):
        while flight < 0 or g >= stretch_segment[flight_stretch[flight + 1]]:
            flight += 1
            error2 = np.float32(math.exp(2.0 * theta[THETA * flight + 4]))
        o, n = segments[g, FIRST], segments[g, LENGTH]
        sigma = noise[segments[g, GROUP]] * math.exp(log_noise[segments[g, GROUP]])
        variance = np.float32(sigma * sigma)
        a, w = enhancement[0, o : o + n], enhancement[1, o : o + n]
        y, b = values[o : o + n], background[o : o + n]
        s, r = scale2[o - begin : o - begin + n], reach2[o - begin : o - begin + n]
        if segments[g, CENSORED]:
            for i in range(n):
                s2 = variance + error2 * (a[i] * a[i] + w[i] * w[i])
                below = _t_cdf((y[i] - b[i] - a[i]) / math.sqrt(s2), dof)
                total += math.log(max(below, 1e-12))
                s[i] = 1.0
                r[i] = dof
            continue
        for i in range(n):
            s2 = variance + error2 * (a[i] * a[i] + w[i] * w[i])
            residual = y[i] - b[i] - a[i]
            s[i] = s2
            r[i] = freedom * s2 + residual * residual
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
