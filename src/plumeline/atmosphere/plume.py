"""The steady Gaussian plume as a numerical kernel: coupling of one source with many readings.

A coupling times a rate [kg s-1] is a mass concentration [kg m-3]. Readings are points or straight paths; along
a path the plume is integrated exactly, piece by piece, with the error function, the spread being held at each
piece's middle.

```
C/Q = 1/(2 pi U sy sz) exp(-Y²/2sy²) [exp(-(z - h)²/2sz²) + exp(-(z + h)²/2sz²)]
sy² = w² + (iy X)² / (1 + X / (2 U Ty))        sz² = w² + (iz X)² / (1 + X / (2 U Tz))
```

X and Y are distance downwind and crosswind, U the wind, iy and iz the turbulence's horizontal and vertical angles
[rad], Ty and Tz Lagrangian times, w the source's half-width. This is the exact reference; `plume_rows` holds the same
plume for many readings at once, in single precision, with a mixing height.

References: Stockie 2011, doi:10.1137/10080991X, eq. 3.9 (plume, reflection); Draxler 1976,
doi:10.1016/0004-6981(76)90226-2 (spread from turbulence angles and Lagrangian time).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba import njit

from plumeline.atmosphere.arithmetic import FAST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RECEPTOR_COLUMNS = 6
"""A receptor's row: x, y, z of a point or a path's start, then x, y, z of the path's end [m]."""

CUTOFF_SIGMAS = 5.5
"""Beyond this many sigmas the exponential (< 3e-7) is not evaluated."""

HALF_WIDTH_M = 0.5
"""Half-width of a source: a vent and its first metre of mixing [m]."""

SHORTEST_PIECE_M = 8.0
"""Shortest downwind extent of a piece of a path over which the spread is held constant [m]."""

MOST_PIECES = 10
"""Most pieces of a path."""

_SQRT_HALF = math.sqrt(0.5)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _vertical(z: float, height: float, sigma_z: float) -> float:
    k = -0.5 / (sigma_z * sigma_z)
    return math.exp(k * (z - height) * (z - height)) + math.exp(k * (z + height) * (z + height))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _piece_mean(
    offset0: float, offset1: float, z0: float, z1: float, sigma_y: float, sigma_z: float
) -> float:
    """Mean over one piece of exp(-Y²/2sy²) exp(-dz²/2sz²), with Y and dz linear along it."""
    a0 = offset0 / sigma_y
    b0 = z0 / sigma_z
    da = (offset1 - offset0) / sigma_y
    db = (z1 - z0) / sigma_z
    steep2 = da * da + db * db
    if steep2 < 1e-8:
        return math.exp(-0.5 * (a0 * a0 + b0 * b0))
    steep = math.sqrt(steep2)
    nearest = -(a0 * da + b0 * db) / steep2
    least2 = a0 * a0 + b0 * b0 - nearest * nearest * steep2
    width = math.erf((1.0 - nearest) * steep * _SQRT_HALF) + math.erf(nearest * steep * _SQRT_HALF)
    return math.exp(-0.5 * max(least2, 0.0)) * width * 1.2533141373155003 / steep


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _piece(
    across0: float, across1: float, z0: float, step_z: float, height: float, sigma_y: float, sigma_z: float
) -> float:
    """Mean over one piece of the plume's cross-section, ground reflection included."""
    if step_z == 0.0:  # a level path: height and width separate, and one integral serves both images
        return _vertical(z0, height, sigma_z) * _piece_mean(across0, across1, 0.0, 0.0, sigma_y, 1.0)
    low, high = z0 - height, z0 + height
    return _piece_mean(across0, across1, low, low + step_z, sigma_y, sigma_z) + _piece_mean(
        across0, across1, high, high + step_z, sigma_y, sigma_z
    )


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def point_coupling(  # noqa: PLR0913, PLR0917 (a kernel takes plain numbers)
    dx: float,
    dy: float,
    z: float,
    height: float,
    u: float,
    v: float,
    speed: float,
    iy: float,
    iz: float,
    lag_y: float,
    lag_z: float,
    iy_wide: float,
) -> tuple[float, float]:
    """Coupling of one point with one source, and that of a plume of horizontal angle `iy_wide`; 0 upwind."""
    downwind = (dx * u + dy * v) / speed
    if downwind <= 0.0:
        return 0.0, 0.0
    crosswind = (dy * u - dx * v) / speed
    damping = 1.0 / (1.0 + downwind / (2.0 * speed * lag_y))
    reach2 = downwind * downwind * damping
    wide_y2 = HALF_WIDTH_M * HALF_WIDTH_M + iy_wide * iy_wide * reach2
    wide_square = crosswind * crosswind / wide_y2
    if wide_square > CUTOFF_SIGMAS * CUTOFF_SIGMAS:
        return 0.0, 0.0
    spread = iz * downwind
    sigma_z = math.sqrt(
        HALF_WIDTH_M * HALF_WIDTH_M + spread * spread / (1.0 + downwind / (2.0 * speed * lag_z))
    )
    if sigma_z < 1e-6:
        return 0.0, 0.0
    plane = _vertical(z, height, sigma_z) / (2.0 * math.pi * speed * sigma_z)
    wide = plane * math.exp(-0.5 * wide_square) / math.sqrt(wide_y2)
    sigma_y2 = HALF_WIDTH_M * HALF_WIDTH_M + iy * iy * reach2
    square = crosswind * crosswind / sigma_y2
    if square > CUTOFF_SIGMAS * CUTOFF_SIGMAS:
        return 0.0, wide
    return plane * math.exp(-0.5 * square) / math.sqrt(sigma_y2), wide


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def path_coupling(  # noqa: PLR0913, PLR0917 (a kernel takes plain numbers)
    path: Floats,
    x: float,
    y: float,
    height: float,
    u: float,
    v: float,
    speed: float,
    iy: float,
    iz: float,
    lag_y: float,
    lag_z: float,
    iy_wide: float,
) -> tuple[float, float]:
    """Mean coupling along one path, shape (6,), with one source, and that of a wide plume."""
    first = ((path[0] - x) * u + (path[1] - y) * v) / speed
    last = ((path[3] - x) * u + (path[4] - y) * v) / speed
    if max(first, last) <= 0.0:
        return 0.0, 0.0
    # The spread changes with the distance downwind alone: a path across the wind is one piece, exactly.
    nearest_m = max(min(first, last), 0.0)
    pieces = min(MOST_PIECES, max(1, math.ceil(abs(last - first) / max(0.3 * nearest_m, SHORTEST_PIECE_M))))
    total = 0.0
    total_wide = 0.0
    step_x = (path[3] - path[0]) / pieces
    step_y = (path[4] - path[1]) / pieces
    step_z = (path[5] - path[2]) / pieces
    for i in range(pieces):
        x0 = path[0] + i * step_x - x
        y0 = path[1] + i * step_y - y
        z0 = path[2] + i * step_z
        downwind = ((x0 + 0.5 * step_x) * u + (y0 + 0.5 * step_y) * v) / speed
        if downwind <= 0.0:
            continue
        reach2 = downwind * downwind / (1.0 + downwind / (2.0 * speed * lag_y))
        wide_y = math.sqrt(HALF_WIDTH_M * HALF_WIDTH_M + iy_wide * iy_wide * reach2)
        across0 = (y0 * u - x0 * v) / speed
        across1 = ((y0 + step_y) * u - (x0 + step_x) * v) / speed
        nearest = 0.0 if across0 * across1 <= 0.0 else min(abs(across0), abs(across1))
        if nearest > CUTOFF_SIGMAS * wide_y:
            continue
        spread = iz * downwind
        sigma_z = math.sqrt(
            HALF_WIDTH_M * HALF_WIDTH_M + spread * spread / (1.0 + downwind / (2.0 * speed * lag_z))
        )
        if sigma_z < 1e-6:
            continue
        plane = 1.0 / (2.0 * math.pi * speed * sigma_z)
        total_wide += plane * _piece(across0, across1, z0, step_z, height, wide_y, sigma_z) / wide_y
        sigma_y = math.sqrt(HALF_WIDTH_M * HALF_WIDTH_M + iy * iy * reach2)
        if nearest <= CUTOFF_SIGMAS * sigma_y:
            total += plane * _piece(across0, across1, z0, step_z, height, sigma_y, sigma_z) / sigma_y
    return total / pieces, total_wide / pieces
