"""The Gaussian plume of one source at many places at once, in single precision: what an inversion spends its time on.

Readings are cut into *elements*: a point, or a piece of a straight path over which the spread is held constant. Loops
over elements have no branches and call no library, so that a compiler turns them into vector instructions; the
exponential is a polynomial to that end. Agrees with the double-precision reference in `plume` to a few parts in 10⁵.

Above the mixing height `H` nothing gets: images at ±2nH reflect the plume there, as the ground's image does below.

References: Stockie 2011, doi:10.1137/10080991X (plume, images); Abramowitz & Stegun 1964, 7.1.26 (error function).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from plumeline.atmosphere.arithmetic import FAST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Floats32 = NDArray[np.float32]
    Integers = NDArray[np.int64]

ELEMENT_FIELDS = 11
"""x, y, z [m]; wind's unit vector eastward, northward; 1/speed [s m-1]; iy², iz² [rad²]; x, y, z of a path piece's end [m]."""

IMAGES = 3
"""Reflections counted between ground and mixing height: enough up to a vertical spread of twice that height."""

_f = np.float32
_ZERO, _ONE, _TWO, _HALF = _f(0), _f(1), _f(2), _f(0.5)
_A3, _A4, _A5, _A6 = _f(1 / 6), _f(1 / 24), _f(1 / 120), _f(1 / 720)
_LOWEST, _SPLIT = _f(-20.0), _f(1 / 32)
_NEAREST_M = _f(1e-3)
_TWO_PI_INVERSE = _f(0.5 / math.pi)
_SQRT_HALF, _SQRT_HALF_PI = _f(math.sqrt(0.5)), _f(math.sqrt(0.5 * math.pi))
_P, _B1, _B2, _B3, _B4, _B5 = (
    _f(0.3275911),
    _f(0.254829592),
    _f(-0.284496736),
    _f(1.421413741),
    _f(-1.453152027),
    _f(1.061405429),
)
_GENTLE = _f(0.1)
"""A piece across which the plume changes by less than this many sigmas is represented by its middle."""


class Air(NamedTuple):
    """What carries the gas between a source and all readings."""

    fy2: float
    """Square of the factor on the horizontal turbulence angle [1]."""
    fz2: float
    """Square of the factor on the vertical one [1]."""
    wide2: float
    """Square of the angle by which the wide plume is wider [rad²]."""
    lag_y: float
    """Horizontal Lagrangian time [s]."""
    lag_z: float
    """Vertical Lagrangian time [s]."""
    width2: float
    """Square of the source's half-width [m2]."""
    depth2: float
    """Square of its half-depth [m2]."""
    mixing_m: float
    """Mixing height [m]; infinite if nothing caps the plume."""


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _exp(x: np.float32) -> np.float32:
    """Exponential of a number that is not positive, to 5e-6; 0 below -20."""
    y = (max(_LOWEST, x)) * _SPLIT  # fmt: skip
    p = _ONE + y * (_ONE + y * (_HALF + y * (_A3 + y * (_A4 + y * (_A5 + y * _A6)))))
    p *= p
    p *= p
    p *= p
    p *= p
    return p * p if x > _LOWEST else _ZERO


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _erf(x: np.float32) -> np.float32:
    """Error function to 5e-7."""
    a = abs(x)
    t = _ONE / (_ONE + _P * a)
    tail = t * (_B1 + t * (_B2 + t * (_B3 + t * (_B4 + t * _B5)))) * _exp(-a * a)
    return _ONE - tail if x > _ZERO else tail - _ONE


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def point_couplings(
    elements: Floats32,
    bounds: Integers,
    source: tuple[float, float, float],
    headings: Floats,
    air: Air,
    out: Floats32,
    start: int,
) -> None:
    """Coupling of point elements with one source, and that of the wide plume; 0 upwind.

    Args:
        elements: shape (11, element).
        bounds: first element of each stretch, and the one after the last, shape (stretch + 1,).
        source: x, y, height [m].
        headings: cosine and sine of the wind's turn and the factor on its speed, of each stretch, shape (stretch, ≥ 3).
        air: what carries the gas.
        out: coupling, then that of the wide plume, shape (2, ≥ bounds[-1] - start) [s m-3].
        start: the element to which the first column of `out` belongs.
    """
    x, y, h = _f(source[0]), _f(source[1]), _f(source[2])
    fy2, fz2, wide2 = _f(air.fy2), _f(air.fz2), _f(air.wide2)
    decay_y, decay_z = _f(0.5 / air.lag_y), _f(0.5 / air.lag_z)
    width2, depth2 = _f(air.width2), _f(air.depth2)
    ex, ey, ez = elements[0], elements[1], elements[2]
    eu, ev, slowness, iy2, iz2 = elements[3], elements[4], elements[5], elements[6], elements[7]
    narrow, wide, shift = out[0], out[1], np.uint64(start)
    for g in range(headings.shape[0]):
        cosine, sine, slower = _f(headings[g, 0]), _f(headings[g, 1]), _f(1.0 / headings[g, 2])
        # Unsigned, because a signed index could be one from the end, which keeps the loop from being vectorized.
        for i in range(np.uint64(bounds[g]), np.uint64(bounds[g + 1])):
            dx = ex[i] - x
            dy = ey[i] - y
            u = cosine * eu[i] - sine * ev[i]
            v = sine * eu[i] + cosine * ev[i]
            s = slowness[i] * slower
            downwind = dx * u + dy * v
            across = dy * u - dx * v
            reach = max(downwind, _NEAREST_M)
            damp_y = _ONE + reach * s * decay_y
            damp_z = _ONE + reach * s * decay_z
            reach2 = reach * reach / (damp_y * damp_z)
            y2 = reach2 * damp_z
            sy2 = width2 + iy2[i] * fy2 * y2
            sw2 = sy2 + wide2 * y2
            sz2 = depth2 + iz2[i] * fz2 * reach2 * damp_y
            # One division for all three.
            inverse = _ONE / (sy2 * sz2 * sw2)
            py, pz, pw = inverse * sz2 * sw2, inverse * sy2 * sw2, inverse * sy2 * sz2
            low = ez[i] - h
            high = ez[i] + h
            k = -_HALF * pz
            plane = (_exp(k * low * low) + _exp(k * high * high)) * s * _TWO_PI_INVERSE
            plane = plane if downwind > _ZERO else _ZERO  # fmt: skip
            c = -_HALF * across * across
            narrow[i - shift] = plane * _exp(c * py) * math.sqrt(pz * py)
            wide[i - shift] = plane * _exp(c * pw) * math.sqrt(pz * pw)
    if air.mixing_m < 1e5:
        _cap(elements, bounds, source, headings, air, out, start)


@njit(cache=True, nogil=True, error_model="numpy")
def _cap(
    elements: Floats32,
    bounds: Integers,
    source: tuple[float, float, float],
    headings: Floats,
    air: Air,
    out: Floats32,
    start: int,
) -> None:
    """Multiply couplings of points by what the reflections at the mixing height add."""
    h, two = source[2], 2.0 * air.mixing_m
    for g in range(headings.shape[0]):
        cosine, sine, faster = headings[g, 0], headings[g, 1], headings[g, 2]
        for i in range(bounds[g], bounds[g + 1]):
            u = cosine * elements[3, i] - sine * elements[4, i]
            v = sine * elements[3, i] + cosine * elements[4, i]
            downwind = (elements[0, i] - source[0]) * u + (elements[1, i] - source[1]) * v
            if downwind <= 0.0:
                continue
            damp = 1.0 + downwind * elements[5, i] / faster * 0.5 / air.lag_z
            k = -0.5 / (air.depth2 + elements[7, i] * air.fz2 * downwind * downwind / damp)
            low, high = elements[2, i] - h, elements[2, i] + h
            least = math.exp(k * low * low) + math.exp(k * high * high)
            total = least
            for n in range(1, IMAGES + 1):
                for shift in (n * two, -n * two):
                    total += math.exp(k * (low + shift) ** 2) + math.exp(k * (high + shift) ** 2)
            factor = _f(total / max(least, 1e-30))
            out[0, i - start] *= factor
            out[1, i - start] *= factor


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _piece(a0: np.float32, a1: np.float32, b0: np.float32, b1: np.float32) -> np.float32:
    """Mean of exp(-(a² + b²)/2) along a piece on which a and b are linear."""
    da = a1 - a0
    db = b1 - b0
    steep2 = da * da + db * db
    safe2 = max(steep2, _GENTLE * _GENTLE)
    steep = math.sqrt(safe2)
    nearest = -(a0 * da + b0 * db) / safe2
    least2 = max(a0 * a0 + b0 * b0 - nearest * nearest * safe2, _ZERO)
    width = _erf((_ONE - nearest) * steep * _SQRT_HALF) + _erf(nearest * steep * _SQRT_HALF)
    exact = _exp(-_HALF * least2) * width * _SQRT_HALF_PI / steep
    am = _HALF * (a0 + a1)
    bm = _HALF * (b0 + b1)
    middle = _exp(-_HALF * (am * am + bm * bm))
    return max(exact, _ZERO) if steep2 > _GENTLE * _GENTLE else middle


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def piece_couplings(
    elements: Floats32,
    bounds: Integers,
    source: tuple[float, float, float],
    headings: Floats,
    air: Air,
    out: Floats32,
    start: int,
) -> None:
    """Mean coupling along path pieces with one source, and that of the wide plume.

    Args:
        elements: shape (11, element).
        bounds: first element of each stretch, and the one after the last, shape (stretch + 1,).
        source: x, y, height [m].
        headings: cosine and sine of the wind's turn and the factor on its speed, of each stretch, shape (stretch, ≥ 3).
        air: what carries the gas; its mixing height is not used: a path that high leaves the survey.
        out: coupling, then that of the wide plume, shape (2, ≥ bounds[-1] - start) [s m-3].
        start: the element to which the first column of `out` belongs.
    """
    x, y, h = _f(source[0]), _f(source[1]), _f(source[2])
    fy2, fz2, wide2 = _f(air.fy2), _f(air.fz2), _f(air.wide2)
    decay_y, decay_z = _f(0.5 / air.lag_y), _f(0.5 / air.lag_z)
    width2, depth2 = _f(air.width2), _f(air.depth2)
    ex, ey, ez = elements[0], elements[1], elements[2]
    fx, fy, fz = elements[8], elements[9], elements[10]
    eu, ev, slowness, iy2, iz2 = elements[3], elements[4], elements[5], elements[6], elements[7]
    begin = np.uint64(bounds[0])
    work = np.empty((10, bounds[-1] - bounds[0]), np.float32)
    narrow0, narrow1, wide0, wide1 = work[0], work[1], work[2], work[3]
    low0, low1, high0, high1 = work[4], work[5], work[6], work[7]
    narrow_plane, wide_plane = work[8], work[9]
    for g in range(headings.shape[0]):
        cosine, sine, slower = _f(headings[g, 0]), _f(headings[g, 1]), _f(1.0 / headings[g, 2])
        for i in range(np.uint64(bounds[g]), np.uint64(bounds[g + 1])):
            j = i - begin
            u = cosine * eu[i] - sine * ev[i]
            v = sine * eu[i] + cosine * ev[i]
            s = slowness[i] * slower
            x0, y0, x1, y1 = ex[i] - x, ey[i] - y, fx[i] - x, fy[i] - y
            downwind = _HALF * ((x0 + x1) * u + (y0 + y1) * v)
            reach = max(downwind, _NEAREST_M)
            damp_y = _ONE + reach * s * decay_y
            damp_z = _ONE + reach * s * decay_z
            reach2 = reach * reach / (damp_y * damp_z)
            y2 = reach2 * damp_z
            sy2 = width2 + iy2[i] * fy2 * y2
            sw2 = sy2 + wide2 * y2
            sz2 = depth2 + iz2[i] * fz2 * reach2 * damp_y
            inverse = _ONE / (sy2 * sz2 * sw2)
            ry = math.sqrt(inverse * sz2 * sw2)
            rz = math.sqrt(inverse * sy2 * sw2)
            rw = math.sqrt(inverse * sy2 * sz2)
            plane = rz * s * _TWO_PI_INVERSE
            plane = plane if downwind > _ZERO else _ZERO
            across0, across1 = y0 * u - x0 * v, y1 * u - x1 * v
            narrow0[j], narrow1[j], narrow_plane[j] = across0 * ry, across1 * ry, plane * ry
            wide0[j], wide1[j], wide_plane[j] = across0 * rw, across1 * rw, plane * rw
            low0[j], low1[j] = (ez[i] - h) * rz, (fz[i] - h) * rz
            high0[j], high1[j] = (ez[i] + h) * rz, (fz[i] + h) * rz
    out[:, bounds[0] - start : bounds[-1] - start] = _ZERO
    for across, plane_at, to in ((0, 8, 0), (2, 9, 1)):
        for image in (4, 6):
            _add_pieces(work, (across, image, plane_at), out, (to, bounds[0] - start))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _add_pieces(work: Floats32, fields: tuple[int, int, int], out: Floats32, place: tuple[int, int]) -> None:
    """Add one image's share of all pieces; a function of its own, because compiling it four times takes long."""
    across, image, plane = fields
    a0, a1, b0, b1 = work[across], work[across + 1], work[image], work[image + 1]
    strength = work[plane]
    to = out[place[0], place[1] : place[1] + strength.size]
    for i in range(strength.size):
        to[i] += strength[i] * _piece(a0[i], a1[i], b0[i], b1[i])
