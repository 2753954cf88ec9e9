"""The Gaussian puff as a numerical kernel: what a source's gas does in a wind that changes.

A source lets off puffs one after the other; each drifts with the wind that blows and grows with the way it has gone.
A reading at time t is the sum over all puffs that are still about:

```
C/Q = Σ m / ((2 pi)^(3/2) s² sz) exp(-r²/2s²) Σ_images exp(-dz²/2sz²)         m = emission time of the puff [s]
s² = w² + (iy l)² / (1 + age / 2 Ty)        sz² = d² + (iz l)² / (1 + age / 2 Tz)
```

with r the horizontal distance to the puff's middle, l the length of its way and the rest as in `plume`. Puffs are laid
so close (one s) that their sum is that of a continuous release to 0.2 %; while the reading is out of reach of every
puff, ages are leapt over. A puff's mass is the emission during its own stretch of time, whatever the steps, so that
mass is conserved exactly, and an emission may be switched on and off. In a steady wind this is the plume, but for the
spread along the wind that the plume leaves out: on the axis the two differ by iy⁴, off it by (iy n²)²/2 at n sigmas.

The wind is one series for the whole place: air that the survey did not meet is taken to move as the air it met.

References: Stockie 2011, doi:10.1137/10080991X, section 4 (puffs); Draxler 1976, doi:10.1016/0004-6981(76)90226-2
(spread); Trefethen & Weideman 2014, doi:10.1137/130932132 (why equal steps sum Gaussians so well).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from plumeline.atmosphere.arithmetic import FAST
from plumeline.atmosphere.plume import CUTOFF_SIGMAS
from plumeline.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SPACING_SIGMAS = 1.0
"""Distance between puffs over their sigma: equal steps would sum to the integral within 1e-8, growing ones do to 2e-3."""

LONGEST_STEP_S = 5.0
"""Longest emission that one puff holds, so that a calm does not make one puff of everything [s]."""

SWITCHED_STEP = 0.2
"""A step during which the source is switched is cut to this part."""

MOST_IMAGES = 3
"""Reflections between ground and mixing height on either side."""

MIXED_SIGMAS = 1.25
"""A puff this many mixing heights thick is mixed, to 1e-3, and grows no thicker; `MOST_IMAGES` hold all of it."""

_NORM = (2.0 * math.pi) ** -1.5


class Drift(NamedTuple):
    """How far the air went, and how much was emitted, by each time of a regular grid."""

    start_s: float
    """Time of the first entry [s]."""
    step_s: float
    """Time from entry to entry [s]."""
    east: Floats
    """How far east the air has gone since the first entry, shape (entry,) [m]."""
    north: Floats
    """How far north, shape (entry,) [m]."""
    way: Floats
    """Length of that way, shape (entry,) [m]."""
    emitted: Floats
    """Time for which the source has been on, shape (entry,) [s]."""
    fastest: float
    """Greatest wind speed [m s-1]."""
    oldest_s: float
    """Age at which a puff is given up [s]."""


class Growth(NamedTuple):
    """How puffs grow."""

    width_m: float
    """Half-width at the source [m]."""
    depth_m: float
    """Half-depth at the source [m]."""
    iy: float
    """Horizontal turbulence angle [rad]."""
    iz: float
    """Vertical turbulence angle [rad]."""
    lag_y: float
    """Horizontal Lagrangian time [s]."""
    lag_z: float
    """Vertical Lagrangian time [s]."""
    mixing_m: float
    """Height of a lid that reflects [m]; infinite for none."""


def drift_of(
    time_s: Floats,
    wind: Floats,
    *,
    oldest_s: float,
    step_s: float = 1.0,
    emission: Floats | None = None,
) -> Drift:
    """The way of the air from a wind series; before the first and after the last time the wind is as it was there.

    Args:
        time_s: ascending times, shape (time,) [s].
        wind: eastward and northward wind, shape (time, 2) [m s-1].
        oldest_s: age at which a puff is given up [s].
        step_s: step of the grid [s].
        emission: share of its rate at which the source emits at each time, 0 to 1, shape (time,); None is always 1.

    Returns:
        The way from `oldest_s` before the first time to the last.

    Raises:
        InputError: times do not ascend, shapes differ, or a value is not finite.
    """
    time_s, wind = np.asarray(time_s, float), np.asarray(wind, float)
    share = np.ones(time_s.size) if emission is None else np.asarray(emission, float)
    if wind.shape != (time_s.size, 2) or share.shape != time_s.shape or time_s.size == 0:
        raise InputError("a wind series has two components, and an emission one value, for each of its times")
    if not (np.isfinite(time_s).all() and np.isfinite(wind).all() and np.isfinite(share).all()):
        raise InputError("a wind series has a value that is not finite")
    if (np.diff(time_s) <= 0).any() or not oldest_s > 0 or not step_s > 0:
        raise InputError("the times of a wind series ascend, and its step and greatest age are above 0 s")
    start = time_s[0] - oldest_s - step_s
    grid = start + step_s * np.arange(math.ceil((time_s[-1] - start) / step_s) + 2)
    east, north = (np.interp(grid, time_s, wind[:, i]) for i in range(2))
    speed = np.hypot(east, north)
    return Drift(
        start_s=float(start),
        step_s=float(step_s),
        east=_integral(east, step_s),
        north=_integral(north, step_s),
        way=_integral(speed, step_s),
        emitted=_integral(np.interp(grid, time_s, share), step_s),
        fastest=float(speed.max()),
        oldest_s=float(oldest_s),
    )


def _integral(values: Floats, step_s: float) -> Floats:
    """Integral from the first entry to each, by the trapezium rule."""
    return np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1])) * step_s])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _at(values: Floats, place: float) -> float:
    """Linear interpolation at a fractional index, clipped to the array."""
    i = min(max(int(place), 0), values.size - 2)
    part = place - i
    return float(values[i] + part * (values[i + 1] - values[i]))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _slope(values: Floats, place: float) -> float:
    """Change per entry at a fractional index."""
    i = min(max(int(place), 0), values.size - 2)
    return float(values[i + 1] - values[i])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _mean_on_line(aa: float, ab: float, bb: float) -> float:
    """Mean of exp(-|a + s b|²/2) over 0 ≤ s ≤ 1, from the products of the vectors a and b."""
    if bb < 1e-8:
        return math.exp(-0.5 * aa)
    steep = math.sqrt(bb)
    nearest = -ab / bb
    width = math.erf((1.0 - nearest) * steep * 0.7071067811865476) + math.erf(
        nearest * steep * 0.7071067811865476
    )
    return math.exp(-0.5 * max(aa - nearest * nearest * bb, 0.0)) * width * 1.2533141373155003 / steep


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _cross_section(
    products: tuple[float, float, float], z: float, rise: float, height: float, lid: float, sigma_z: float
) -> float:
    """Sum over the images of the mean of the Gaussian along a line that starts at z and rises by `rise`.

    `products` are those of the horizontal vectors to the start and along the line, over sigma squared.
    """
    aa, ab, bb = products
    up = rise / sigma_z
    total = 0.0
    reach = CUTOFF_SIGMAS * sigma_z
    most = MOST_IMAGES if 2.0 * lid - height - max(z, z + rise) < reach else 0
    for image in range(-most, most + 1):
        lift = 2.0 * image * lid if image != 0 else 0.0
        for sign in (-1.0, 1.0):
            a = (z + sign * height + lift) / sigma_z
            total += _mean_on_line(aa + a * a, ab + a * up, bb + up * up)
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def puff_coupling(
    drift: Drift,
    moment_s: float,
    place: tuple[float, float, float],
    path: tuple[float, float, float],
    height: float,
    factor: float,
    growth: Growth,
) -> float:
    """Mean coupling of a reading at one moment with one source [s m-3].

    Args:
        drift: the way of the air and the emission.
        moment_s: time of the reading [s].
        place: the point, or the path's start, east and north of the source and above ground [m].
        path: from the path's start to its end, eastward, northward, upward [m]; 0 for a point.
        height: height of the source [m].
        factor: factor on the wind's speed.
        growth: how puffs grow.

    Returns:
        Concentration per rate.
    """
    length2 = path[0] * path[0] + path[1] * path[1]
    now = (moment_s - drift.start_s) / drift.step_s
    east, north, way = _at(drift.east, now), _at(drift.north, now), _at(drift.way, now)
    # What a leap must not pass: puffs come at most this much nearer per second of age, as they drift and as they grow.
    closing = drift.fastest * factor * (1.0 + CUTOFF_SIGMAS * growth.iy)
    width2 = growth.width_m * growth.width_m
    depth2 = growth.depth_m * growth.depth_m
    total = 0.0
    age = 0.0
    sigma = growth.width_m
    while age < drift.oldest_s:
        begin = now - age / drift.step_s
        speed = factor * _slope(drift.way, begin) / drift.step_s
        step = min(SPACING_SIGMAS * sigma / max(speed, 1e-3), LONGEST_STEP_S, drift.oldest_s - age)
        mass = _at(drift.emitted, begin) - _at(drift.emitted, now - (age + step) / drift.step_s)
        if abs(mass - step * _slope(drift.emitted, begin) / drift.step_s) > 0.01 * step:
            step *= SWITCHED_STEP
            mass = _at(drift.emitted, begin) - _at(drift.emitted, now - (age + step) / drift.step_s)
        old = age + 0.5 * step
        middle = now - old / drift.step_s
        gone = factor * (way - _at(drift.way, middle))
        variance = width2 + (growth.iy * gone) ** 2 / (1.0 + old / (2.0 * growth.lag_y))
        sigma = math.sqrt(variance)
        x = place[0] - factor * (east - _at(drift.east, middle))
        y = place[1] - factor * (north - _at(drift.north, middle))
        along = -(x * path[0] + y * path[1])
        nearest = min(max(along / length2, 0.0), 1.0) if length2 > 0.0 else 0.0
        away2 = (x + nearest * path[0]) ** 2 + (y + nearest * path[1]) ** 2
        if away2 > CUTOFF_SIGMAS * CUTOFF_SIGMAS * variance:
            age += max(step, (math.sqrt(away2) - CUTOFF_SIGMAS * sigma) / closing)
            continue
        age += step
        if mass > 0.0:
            sigma_z = math.sqrt(depth2 + (growth.iz * gone) ** 2 / (1.0 + old / (2.0 * growth.lag_z)))
            sigma_z = min(sigma_z, MIXED_SIGMAS * growth.mixing_m)
            products = (
                (x * x + y * y) / variance,
                -along / variance,
                length2 / variance,
            )
            section = _cross_section(products, place[2], path[2], height, growth.mixing_m, sigma_z)
            total += mass * _NORM / (variance * sigma_z) * section
    return total
