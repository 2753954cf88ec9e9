"""Sparse, albedo-corrected columns of one gas over a push-broom cube: reweighted L1, plume kept out of its statistics.

For pixel k of a detector column with albedo factor r and column a, the background of the next round is the mean and
covariance of x − r a t, and

    a ← max(0, ((x − µ)ᵀC⁻¹t − 1/(r a)) / (r tᵀC⁻¹t)),      t = µ ∘ s.

Subtracting the plume changes the covariance by a matrix of rank two, so its inverse is updated (Woodbury) and the
pixels are read once a round, while the column's block stays in the processor's cache.

Reference: Foote et al., IEEE Trans. Geosci. Remote Sens. 58, 6480 (2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Single = NDArray[np.float32]
    Doubles = NDArray[np.float64]

ROUNDS = 30
RIDGE = 1e-7
"""Relative ridge on the covariance's diagonal, for single precision."""

PLUME_SIGMA = 2.0
"""Without the penalty, columns beyond this many sigma are taken out of the statistics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseColumns:
    """Columns and how each detector column weighs its bands."""

    column_ppm_m: Single
    """Columns [ppm m], shape (line, sample)."""
    weights: Doubles
    """Column that a relative change of one in a band would be read as [ppm m], shape (sample, band)."""


def sparse_columns(
    cube: Single,
    relative_per_ppm_m: Doubles,
    *,
    rounds: int = ROUNDS,
    albedo: bool = True,
    sparse: bool = True,
) -> SparseColumns:
    """Columns of one gas.

    Args:
        cube: radiance, shape (line, sample, band), C-contiguous.
        relative_per_ppm_m: dL/L per ppm m (negative), shape (band,).
        rounds: rounds of reweighting.
        albedo: correct for each pixel's brightness.
        sparse: apply the reweighted L1 penalty and allow no negative column; without it columns are unbiased and
            only the plume is kept out of the statistics.

    Returns:
        Columns, NaN where the pixel or its detector column could not be used.
    """
    out = np.empty(cube.shape[:2], np.float32)
    weights = np.full((cube.shape[1], cube.shape[2]), np.nan)
    _columns(
        np.ascontiguousarray(cube, np.float32),
        np.ascontiguousarray(relative_per_ppm_m, np.float64),
        rounds,
        albedo,
        sparse,
        out,
        weights,
    )
    return SparseColumns(column_ppm_m=out, weights=weights)


@numba.njit(parallel=True, fastmath={"contract", "reassoc", "nsz", "arcp"}, cache=True)
def _columns(
    cube: Single,
    signature: Doubles,
    rounds: int,
    albedo: bool,
    sparse: bool,
    out: Single,
    weights: Doubles,
) -> None:
    lines, samples, bands = cube.shape
    for sample in numba.prange(samples):
        pixels = np.empty((lines, bands), np.float32)
        row = np.empty(lines, np.int64)
        count = 0
        for line in range(lines):
            total = np.float32(0.0)
            for band in range(bands):
                value = cube[line, sample, band]
                pixels[count, band] = value
                total += value
            out[line, sample] = np.nan
            if np.isfinite(total):
                row[count] = line
                count += 1
        if count < bands + 2:
            continue
        column = _column(pixels[:count], signature, rounds, albedo, sparse, weights[sample])
        for k in range(count):
            out[row[k], sample] = column[k]


@numba.njit(fastmath={"contract", "reassoc", "nsz", "arcp"}, cache=True)
def _column(
    pixels: Single, signature: Doubles, rounds: int, albedo: bool, sparse: bool, weights: Doubles
) -> Single:
    count, bands = pixels.shape
    mean = np.zeros(bands)
    for k in range(count):
        for band in range(bands):
            mean[band] += pixels[k, band]
    mean /= count
    factor = np.ones(count, np.float32)
    power = np.sum(mean * mean)
    mean32 = mean.astype(np.float32)
    for k in range(count):
        bright = np.float32(0.0)
        for band in range(bands):
            bright += pixels[k, band] * mean32[band]
            pixels[k, band] -= mean32[band]
        if albedo:
            factor[k] = max(bright / power, 1e-3)
    covariance = np.dot(pixels.T, pixels).astype(np.float64) / count
    for band in range(bands):
        covariance[band, band] *= 1.0 + RIDGE
        if covariance[band, band] <= 0.0:
            return np.full(count, np.nan, np.float32)
    inverse = np.linalg.inv(covariance)
    column = np.zeros(count, np.float32)
    target = mean * signature
    filter_ = np.dot(inverse, target)
    strength = np.dot(target, filter_)
    offset = 0.0
    mixed = np.empty(bands, np.float32)
    for step in range(rounds + 1):
        weighted, square = _round(
            pixels, filter_.astype(np.float32), offset, strength, factor, column, mixed, sparse, step > 0
        )
        if step == rounds:
            for band in range(bands):
                weights[band] = filter_[band] * mean[band] / strength
            break
        # Statistics of x − r a t: mean moves along t, covariance by a matrix of rank two.
        centre = weighted / count
        spread = square / count - centre * centre
        cross = mixed.astype(np.float64) / count
        background_mean = mean - centre * target
        new_target = background_mean * signature
        filter_ = _updated(inverse, cross, target, spread, new_target)
        strength = np.dot(new_target, filter_)
        offset = -centre * np.dot(target, filter_)
        target = new_target
    return column


@numba.njit(fastmath={"contract", "reassoc", "nsz", "arcp"}, cache=True)
def _round(
    pixels: Single,
    filter_: Single,
    offset: float,
    strength: float,
    factor: Single,
    column: Single,
    mixed: Single,
    sparse: bool,
    again: bool,
) -> tuple[float, float]:
    """New columns in place; returns Σ r a and Σ (r a)², and leaves Σ r a x in `mixed`."""
    count, bands = pixels.shape
    floor = np.float32(0.0 if sparse else PLUME_SIGMA / np.sqrt(strength))
    mixed[:] = 0.0
    weighted = 0.0
    square = 0.0
    for k in range(count):
        value = np.float32(-offset)
        for band in range(bands):
            value += pixels[k, band] * filter_[band]
        r = factor[k]
        if sparse and again:
            value -= np.float32(1.0) / (r * column[k] + np.float32(1e-9))
        amount = value / (r * np.float32(strength))
        if sparse:
            amount = max(amount, np.float32(0.0))
        column[k] = amount
        lift = r * amount
        if lift > floor:
            for band in range(bands):
                mixed[band] += lift * pixels[k, band]
            weighted += lift
            square += lift * lift
    return weighted, square


@numba.njit(fastmath={"contract", "reassoc", "nsz", "arcp"}, cache=True)
def _updated(inverse: Doubles, cross: Doubles, target: Doubles, spread: float, wanted: Doubles) -> Doubles:
    """(C − c tᵀ − t cᵀ + v t tᵀ)⁻¹ w by the Woodbury identity."""
    direct = np.dot(inverse, wanted)
    from_cross = np.dot(inverse, cross)
    from_target = np.dot(inverse, target)
    a = np.dot(cross, from_cross) - spread
    b = np.dot(cross, from_target) - 1.0
    d = np.dot(target, from_target)
    determinant = a * d - b * b
    first, second = np.dot(cross, direct), np.dot(target, direct)
    one = (d * first - b * second) / determinant
    two = (a * second - b * first) / determinant
    return direct - one * from_cross - two * from_target  # type: ignore[no-any-return] # numba kernel
