"""Passes over the pixels of one group: gathering, statistics, scores and distances.

Sums over pixels are taken in single precision by blocks, about a rough mean, and in double precision over blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from plumeline.detections.tiles import LANES, ROWS, WIDTH, prefetch, tile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Single = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Floats = NDArray[np.floating]
    HalfBits = NDArray[np.uint16]
    Places = NDArray[np.intp]

MOST_SCORE = 65_000.0
"""Scores are kept in half precision, which ends here."""

LEAST_CONTRAST = 1e-3
"""A pixel with less than this share of its background's contrast shows nothing."""

BLOCK = 512
"""Pixels that are summed in single precision before the sum goes into double precision."""

ROUGH_EVERY = 16
"""The rough mean is that of every so many pixels."""

AHEAD = 16
"""Rows that are asked for ahead of their use."""

_FAST = {"contract", "reassoc", "nsz", "arcp"}
"""Sums may be taken in any order; NaN and infinity keep their meaning."""

_NAN_HALF = 0x7E00
_LEAST_NORMAL_HALF = 113 << 23
_REBIAS = ((127 - 15) << 23) - 0xFFF


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def gather(flat: Single, places: Places, pixels: Single, rough: Single, centre: Doubles) -> None:
    """Pixels minus a rough mean, so that sums in single precision lose nothing.

    Args:
        flat: all pixels, shape (any, band).
        places: those to take, shape (pixel,).
        pixels: gets them minus the rough mean, shape (pixel, band).
        rough: gets the mean of every sixteenth finite pixel, shape (band,).
        centre: gets the mean of `pixels`, NaN where any is, shape (band,).
    """
    count, bands = pixels.shape
    sums, used = np.zeros(bands, np.float32), 0
    for k in range(0, count, ROUGH_EVERY):
        row = flat[places[k]]
        if np.isfinite(row.sum()):
            sums += row
            used += 1
    for band in range(bands):
        rough[band] = sums[band] / np.float32(max(used, 1))
    centre[:] = 0.0
    source = flat.ctypes.data
    for start in range(0, count, BLOCK):
        sums[:] = 0.0
        for k in range(start, min(start + BLOCK, count)):
            if k + AHEAD < count:
                soon = source + 4 * bands * places[k + AHEAD]
                for byte in range(0, 4 * bands, 64):
                    prefetch(soon + byte)
            row, out = flat[places[k]], pixels[k]
            for band in range(bands):
                value = row[band] - rough[band]
                out[band] = value
                sums[band] += value
        centre += sums
    centre /= count


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def choose(pixels: Single, keep: Flags, chosen: Single, centre: Doubles) -> Single:
    """Finite pixels to keep, one after another.

    Args:
        pixels: spectra, shape (pixel, band).
        keep: which may be kept, shape (pixel,); all when empty.
        chosen: room for them, shape (pixel, band).
        centre: gets their mean, shape (band,).

    Returns:
        The part of `chosen` that is filled.
    """
    count, bands = pixels.shape
    sums = np.zeros(bands, np.float32)
    centre[:] = 0.0
    found = 0
    for k in range(count):
        row = pixels[k]
        if (keep.size == 0 or keep[k]) and np.isfinite(row.sum()):
            chosen[found] = row
            sums += row
            found += 1
            if found % BLOCK == 0:
                centre += sums
                sums[:] = 0.0
    centre += sums
    centre /= max(found, 1)
    return chosen[:found]


@numba.njit(nogil=True, cache=True)
def scatter(pixels: Floats) -> Doubles:
    """Σ x xᵀ over pixels, summed in single precision by blocks and in double precision over blocks.

    Args:
        pixels: spectra, C-contiguous, shape (pixel, band).

    Returns:
        The symmetric matrix, shape (band, band).
    """
    count, bands = pixels.shape
    out = np.zeros((bands, bands))
    if bands < WIDTH or pixels.itemsize != out.itemsize // 2:
        wide = pixels.astype(np.float64)
        return np.dot(wide.T, wide)  # type: ignore[no-any-return] # numba kernel
    part = np.zeros((bands, bands), np.float32)
    source, target = pixels.ctypes.data, part.ctypes.data
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        block = source + 4 * start * bands
        for column in range(0, bands, WIDTH):
            j = min(column, bands - WIDTH)
            for row in range(0, j + WIDTH, ROWS):
                i = min(row, bands - ROWS)
                tile(block + 4 * i, 1, bands, block + 4 * j, bands, size, target + 4 * (i * bands + j), bands)
        for i in range(bands):
            sums, more = out[i], part[i]
            for j in range(bands):
                sums[j] += more[j]
    for i in range(bands):
        for j in range(i):
            out[i, j] = out[j, i]
    return out


@numba.njit(nogil=True, cache=True)
def _whole_tiles(columns: int) -> int:
    return -(-columns // WIDTH) * WIDTH


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def whitener(covariance: Doubles, ridge: float) -> tuple[Doubles, bool]:
    """W with WᵀW = C⁻¹, lower triangular, by Cholesky's method in units of the diagonal.

    Args:
        covariance: C, shape (band, band); only its lower triangle is read.
        ridge: added to the diagonal in its own units.

    Returns:
        W, shape (band, band), and whether C is positive definite.
    """
    bands = len(covariance)
    scale = 1.0 / np.sqrt(np.diag(covariance))
    factor, inverse = np.zeros((bands, bands)), np.zeros((bands, bands))
    for i in range(bands):
        row = factor[i]
        for j in range(i + 1):
            other, total = factor[j], covariance[i, j] * scale[i] * scale[j]
            if i == j:
                total += ridge
            for k in range(j):
                total -= row[k] * other[k]
            if i > j:
                row[j] = total / other[j]
            elif total > 0.0:
                row[i] = np.sqrt(total)
            else:
                return inverse, False
        wanted = inverse[i]
        for k in range(i):
            share, solved = row[k] / row[i], inverse[k]
            for j in range(k + 1):
                wanted[j] -= share * solved[j]
        wanted[i] = 1.0 / row[i]
    return inverse * scale, True


@numba.njit(nogil=True, cache=True)
def half_scores(
    pixels: Single,
    filters: Doubles,
    contrast: Doubles,
    centre: Doubles,
    lift: Single,
    places: Places,
    z: HalfBits,
    factor: Single,
) -> None:
    """Scores of pixels, clipped and in half precision, and their contrast, stored where each pixel belongs.

    Args:
        pixels: spectra, C-contiguous, at least six, shape (pixel, band).
        filters: shape (band, score).
        contrast: change of the contrast with the spectrum, shape (band,).
        centre: spectrum at which scores are zero and the contrast is one, shape (band,).
        lift: added to each contrast, shape (pixel,) or empty.
        places: place of each pixel in the layers, shape (pixel,).
        z: gets the bits of (pixels − centre) @ filters, shape (any, score).
        factor: gets 1 + (pixels − centre) @ contrast + lift; NaN within 1e-3 of zero, flat.
    """
    bands, scores = filters.shape
    few = scores < LANES
    both = np.zeros((bands, scores + 1 if few else _whole_tiles(scores + 1)), np.float32)
    both[:, :scores] = filters
    both[:, scores] = contrast
    offset = np.dot(centre, both.astype(np.float64)).astype(np.float32)
    offset[scores] -= np.float32(1.0)
    if few:
        _few_scores(np.dot(pixels, both), offset, lift, places, z, factor)
    else:
        _many_scores(pixels, both, offset, lift, places, z, factor)


@numba.njit(nogil=True, cache=True)
def _few_scores(
    values: Single, offset: Single, lift: Single, places: Places, z: HalfBits, factor: Single
) -> None:
    for k in range(len(values)):
        value = values[k]
        for j in range(value.size):
            value[j] -= offset[j]
        if k + AHEAD < len(values):
            prefetch(z.ctypes.data + 2 * z.shape[1] * places[k + AHEAD])
            prefetch(factor.ctypes.data + 4 * places[k + AHEAD])
        raised = float(lift[k]) if lift.size else 0.0
        _store(value, value.view(np.uint32), raised, places[k], z, factor)


@numba.njit(nogil=True, cache=True)
def _many_scores(
    pixels: Single,
    both: Single,
    offset: Single,
    lift: Single,
    places: Places,
    z: HalfBits,
    factor: Single,
) -> None:
    count, bands = pixels.shape
    wide = both.shape[1]
    block = np.empty((ROWS, wide), np.float32)
    bits = block.view(np.uint32)
    source, right, target = pixels.ctypes.data, both.ctypes.data, block.ctypes.data
    for start in range(0, count, ROWS):
        k = min(start, count - ROWS)
        for j in range(0, wide, WIDTH):
            tile(source + 4 * k * bands, bands, 1, right + 4 * j, wide, bands, target + 4 * j, wide)
        for i in range(ROWS):
            value = block[i]
            for j in range(wide):
                value[j] -= offset[j]
            raised = float(lift[k + i]) if lift.size else 0.0
            _store(value, bits[i], raised, places[k + i], z, factor)


@numba.njit(nogil=True, cache=True, inline="always")
def _store(
    value: Single, bits: NDArray[np.uint32], lift: float, place: int, z: HalfBits, factor: Single
) -> None:
    """Scores to half precision, the number after them to the contrast."""
    scores = z.shape[1]
    one = value[scores] + lift
    factor[place] = one if np.abs(one) > LEAST_CONTRAST else np.float32(np.nan)
    limit = np.float32(MOST_SCORE)
    for j in range(scores):
        value[j] = max(min(value[j], limit), -limit)
    row = z[place]
    for j in range(scores):
        row[j] = _half(bits[j])


@numba.njit(nogil=True, cache=True, inline="always")
def _half(bits: int) -> int:
    """Bits of the nearest half-precision number, for sizes below 65,504; sizes below 6e-5 become zero."""
    size = bits & np.uint32(0x7FFFFFFF)
    sign = (bits >> np.uint32(16)) & np.uint32(0x8000)
    rounded = (size - np.uint32(_REBIAS) + ((size >> np.uint32(13)) & np.uint32(1))) >> np.uint32(13)
    if size < np.uint32(_LEAST_NORMAL_HALF):
        rounded = np.uint32(0)
    if size > np.uint32(0x7F800000):
        rounded = np.uint32(_NAN_HALF)
    return np.uint16(sign | rounded)  # type: ignore[return-value] # a number to numba


@numba.njit(nogil=True, cache=True)
def squared_lengths(pixels: Single, matrix: Doubles, centre: Doubles, places: Places, out: Single) -> None:
    """Squared length of (pixels − centre) @ matrix, stored where each pixel belongs.

    Args:
        pixels: spectra, C-contiguous, at least six, shape (pixel, band).
        matrix: shape (band, any).
        centre: where the length is zero, shape (band,).
        places: place of each pixel in `out`, shape (pixel,).
        out: squared lengths, flat.
    """
    count, bands = pixels.shape
    wide = _whole_tiles(matrix.shape[1])
    factor = np.zeros((bands, wide), np.float32)
    factor[:, : matrix.shape[1]] = matrix
    offset = np.dot(centre, factor.astype(np.float64)).astype(np.float32)
    block = np.empty((ROWS, WIDTH), np.float32)
    source, right, target = pixels.ctypes.data, factor.ctypes.data, block.ctypes.data
    reach = np.empty(wide // WIDTH, np.int64)
    for n in range(reach.size):
        # Rows of zeros at the end, as a triangular factor has them, need no sum.
        reach[n] = bands
        while reach[n] > 1 and not factor[reach[n] - 1, n * WIDTH : (n + 1) * WIDTH].any():
            reach[n] -= 1
    for start in range(0, count, ROWS):
        k = min(start, count - ROWS)
        total = np.zeros(ROWS, np.float32)
        for n in range(reach.size):
            tile(source + 4 * k * bands, bands, 1, right + 4 * n * WIDTH, wide, reach[n], target, WIDTH)
            for i in range(ROWS):
                for j in range(WIDTH):
                    total[i] += np.square(block[i, j] - offset[n * WIDTH + j])
        for i in range(ROWS):
            out[places[k + i]] = total[i]


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def leave_one_out_terms(distance: Single, share: Doubles) -> Doubles:
    """Mean over pixels of log(1 − s d) + d / (1 − s d), the part of a leave-one-out likelihood that pixels decide.

    Args:
        distance: squared whitened length d of each pixel for each candidate, shape (pixel, candidate).
        share: s, what one pixel adds to the candidate's covariance, shape (candidate,).

    Returns:
        The mean, infinite where a pixel is all that holds the covariance up, shape (candidate,).
    """
    count, candidates = distance.shape
    product, logs, quotients = np.ones(candidates), np.zeros(candidates), np.zeros(candidates)
    least = np.ones(candidates)
    for k in range(count):
        row = distance[k]
        for j in range(candidates):
            rest = 1.0 - share[j] * row[j]
            least[j] = min(least[j], rest)
            product[j] *= rest
            quotients[j] += row[j] / rest
        # One logarithm for eight pixels: each factor lies between 0 and 1.
        if k % 8 == 7 or k == count - 1:
            for j in range(candidates):
                logs[j] += np.log(max(product[j], 1e-300))
                product[j] = 1.0
    for j in range(candidates):
        logs[j] = (logs[j] + quotients[j]) / count if least[j] > 0.0 else np.inf
    return logs
