"""The Gaussian puff as a numerical kernel: what a source's gas does in a wind that changes.

A source lets off puffs one after the other; each drifts with the wind that blows and grows with the way it has gone.
A reading at time t is the sum over all puffs that are still about:

```
C/Q = Σ m / ((2 pi)^(3/2) s² sz) exp(-r²/2s²) Σ_images exp(-dz²/2sz²)         m = emission time of the puff [s]
s² = w² + (iy l)² / (1 + age / 2 Ty)        sz² = w² + (iz l)² / (1 + age / 2 Tz)
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

from plumeline.atmosphere.plume import CUTOFF_SIGMAS, HALF_WIDTH_M
from plumeline.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SPACING_SIGMAS = 1.0
"""Distance between puffs over their sigma: equal steps would sum to the integral within 1e-8, growing ones do to 2e-3."""

LONGEST_STEP_S = 5.0
"""Longest emission that one puff holds, so that a calm does not make one puff of everything [s]."""

SWITCHED_STEP = 0.2
"""A step during which the emission changes is cut to this part."""

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


def drift(
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True, inline="always")
def _at(values: Floats, place: float) -> float:
    """Linear interpolation at a fractional index, clipped to the array."""
    i = min(max(int(place), 0), values.size - 2)
    part = place - i
    return float(values[i] + part * (values[i + 1] - values[i]))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True, inline="always")
def _slope(values: Floats, place: float) -> float:
    """Change per entry at a fractional index."""
    i = min(max(int(place), 0), values.size - 2)
    return float(values[i + 1] - values[i])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _cross_section(
    aa: float,
    ab: float,
    bb: float,
    z: float,
    rise: float,
    height: float,
    mixing_height: float,
    sigma_z: float,
) -> float:
    """Sum over the images of the mean of the Gaussian along a line that starts at z and rises by `rise`.

    `aa`, `ab`, `bb` are the horizontal products over sigma squared.
    """
    up = rise / sigma_z
    total = 0.0
    reach = CUTOFF_SIGMAS * sigma_z
    most = MOST_IMAGES if 2.0 * mixing_height - height - max(z, z + rise) < reach else 0
    for image in range(-most, most + 1):
        lift = 2.0 * image * mixing_height if image != 0 else 0.0
        for sign in (-1.0, 1.0):
            a = (z + sign * height + lift) / sigma_z
            total += _mean_on_line(aa + a * a, ab + a * up, bb + up * up)
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def puff_coupling(  # noqa: PLR0913, PLR0917 (a kernel takes plain numbers)
    air: Drift,
    moment_s: float,
    start_x: float,
    start_y: float,
    start_z: float,
    step_x: float,
    step_y: float,
    step_z: float,
    height: float,
    mixing_height: float,
    factor: float,
    iy: float,
    iz: float,
    lag_y: float,
    lag_z: float,
) -> float:
    """Mean coupling of a reading at one moment with one source [s m-3].

    Args:
        air: the way of the air and the emission.
        moment_s: time of the reading [s].
        start_x: east of the point, or of the path's start, relative to the source [m].
        start_y: north of it [m].
        start_z: its height above ground [m].
        step_x: from the path's start to its end, east; 0 for a point [m].
        step_y: the same, north [m].
        step_z: the same, upward [m].
        height: height of the source [m].
        mixing_height: height of a lid that reflects; infinite for none [m].
        factor: factor on the wind's speed.
        iy: horizontal turbulence angle [rad].
        iz: vertical turbulence angle [rad].
        lag_y: horizontal Lagrangian time [s].
        lag_z: vertical Lagrangian time [s].

    Returns:
        Concentration per rate.
    """
    length2 = step_x * step_x + step_y * step_y
    now = (moment_s - air.start_s) / air.step_s
    east, north, way = _at(air.east, now), _at(air.north, now), _at(air.way, now)
    # What a leap must not pass: puffs come at most this much nearer per second of age, as they drift and as they grow.
    closing = air.fastest * factor * (1.0 + CUTOFF_SIGMAS * iy)
    total = 0.0
    age = 0.0
    sigma = HALF_WIDTH_M
    while age < air.oldest_s:
        speed = factor * _slope(air.way, now - age / air.step_s) / air.step_s
        step = min(SPACING_SIGMAS * sigma / max(speed, 1e-3), LONGEST_STEP_S, air.oldest_s - age)
        share = _slope(air.emitted, now - age / air.step_s) / air.step_s
        emitted = _at(air.emitted, now - age / air.step_s)
        mass = emitted - _at(air.emitted, now - (age + step) / air.step_s)
        if abs(mass - share * step) > 0.01 * step:  # the source is switched meanwhile: look closer
            step *= SWITCHED_STEP
            mass = emitted - _at(air.emitted, now - (age + step) / air.step_s)
        old = age + 0.5 * step
        middle = now - old / air.step_s
        gone = factor * (way - _at(air.way, middle))
        spread = iy * gone
        variance = HALF_WIDTH_M * HALF_WIDTH_M + spread * spread / (1.0 + old / (2.0 * lag_y))
        sigma = math.sqrt(variance)
        x = start_x - factor * (east - _at(air.east, middle))
        y = start_y - factor * (north - _at(air.north, middle))
        along = -(x * step_x + y * step_y)
        nearest = min(max(along / length2, 0.0), 1.0) if length2 > 0.0 else 0.0
        away2 = (x + nearest * step_x) ** 2 + (y + nearest * step_y) ** 2
        if away2 > CUTOFF_SIGMAS * CUTOFF_SIGMAS * variance:
            age += max(step, (math.sqrt(away2) - CUTOFF_SIGMAS * sigma) / closing)
            continue
        age += step
        if mass <= 0.0:
            continue
        rise = iz * gone
        sigma_z = math.sqrt(HALF_WIDTH_M * HALF_WIDTH_M + rise * rise / (1.0 + old / (2.0 * lag_z)))
        sigma_z = min(sigma_z, MIXED_SIGMAS * mixing_height)
        section = _cross_section(
            (x * x + y * y) / variance,
            -along / variance,
            length2 / variance,
            start_z,
            step_z,
            height,
            mixing_height,
            sigma_z,
        )
        total += mass * _NORM / (variance * sigma_z) * section
    return total
