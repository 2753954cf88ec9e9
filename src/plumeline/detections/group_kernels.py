"""One group of pixels from cube to scores without Python in between, so that threads do not wait for each other.

The contrast of an opaque plume is affine in the signal x for every target model: contrast(x) = ambient − sign · x.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba
import numpy as np

from plumeline.detections.pixel_kernels import choose, gather, half_scores, scatter, squared_lengths, whitener

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Single = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Flags = NDArray[np.bool_]

RIDGE = 1e-9
"""Relative ridge that keeps a sample covariance invertible in double precision when no shrinkage is asked for."""

LEAST_SPREAD = 1e-6
"""A band whose spread is below this share of its mean is constant: what is left is rounding."""

MOST_OVERFIT = 0.98
"""No covariance is taken as worse than this."""

FINE, TOO_FEW, CONSTANT, DEPENDENT = 0, 1, 2, 3
"""How the statistics of a group went."""


class Group(NamedTuple):
    """Pixels of a group."""

    places: NDArray[np.intp]
    """Places in the flat cube, shape (pixel,)."""
    keep: Flags
    """Which pixels may enter the statistics, shape (pixel,); all when empty."""
    label: NDArray[np.int32]
    """Material of each pixel, shape (pixel,); none when empty."""
    offset: Single
    """Departure of each material from the group's mean, shape (material, band)."""


class Optics(NamedTuple):
    """How gases change a pixel."""

    absorbance: Doubles
    """Per ppm m, shape (gas, band)."""
    ambient: Doubles
    """Contrast over a black background, shape (band,)."""
    sign: float
    """+1 where a plume adds to the signal when its contrast is positive, -1 where it takes away."""


class Sinks(NamedTuple):
    """Flat layers that all groups fill in."""

    z: NDArray[np.uint16]
    """Bits of half-precision scores, shape (place, gas)."""
    factor: Single
    """Contrast relative to the group's mean, shape (place,)."""
    distance: Single
    """Squared whitened length, shape (place,); not asked for when empty."""


class Found(NamedTuple):
    """What is found of a group."""

    pixels: Single
    """The group's pixels, rough mean and materials taken off, shape (pixel, band)."""
    room: Single
    """Room for those that enter the statistics, shape (pixel, band)."""
    rough: Single
    """Rough mean, shape (band,)."""
    centre: Doubles
    """Mean of those of `pixels` that enter the statistics, shape (band,)."""
    usual: Doubles
    """Mean departure of their materials, shape (band,)."""
    mean: Doubles
    """Mean of their whole spectra, shape (band,)."""
    necl: Single
    """Noise-equivalent columns [ppm m], shape (gas,)."""
    readings: Doubles
    """What a change of one in a band is read as [ppm m], shape (band, gas)."""


@numba.njit(nogil=True, cache=True)
def take(flat: Single, group: Group, found: Found) -> Single:
    """Gather a group and choose the pixels for its statistics.

    Args:
        flat: all pixels, shape (any, band).
        group: the group.
        found: gets `pixels`, `rough`, `centre`, `usual` and `mean`.

    Returns:
        The chosen pixels, without a copy where they are all.
    """
    pixels, label, offset = found.pixels, group.label, group.offset
    gather(flat, group.places, pixels, found.rough, found.centre)
    chosen = pixels
    for k in range(label.size):
        row, departure = pixels[k], offset[label[k]]
        for band in range(departure.size):
            row[band] -= departure[band]
    if label.size or group.keep.size or not np.isfinite(found.centre.sum()):
        chosen = choose(pixels, group.keep, found.room, found.centre)
    share = np.zeros(len(offset))
    for k in range(label.size):
        if group.keep.size == 0 or group.keep[k]:
            share[label[k]] += 1.0
    found.usual[:] = 0.0
    for material in range(len(offset)):
        found.usual[:] += share[material] / max(share.sum(), 1.0) * offset[material]
    found.mean[:] = found.rough + found.centre + found.usual
    return chosen


@numba.njit(nogil=True, cache=True)
def plain_statistics(chosen: Single, found: Found) -> tuple[Doubles, int, int]:
    """Whitening by the sample covariance.

    Args:
        chosen: pixels minus a reference, C-contiguous, shape (pixel, band).
        found: their `centre` and `mean`.

    Returns:
        W with WᵀW = C⁻¹; how it went; the band that it failed for.
    """
    count, bands = chosen.shape
    if count < bands + 2:
        return np.zeros((bands, bands)), TOO_FEW, 0
    covariance = scatter(chosen)
    for i in range(bands):
        for j in range(bands):
            covariance[i, j] = (covariance[i, j] - count * found.centre[i] * found.centre[j]) / (count - 1)
        if not covariance[i, i] > max((LEAST_SPREAD * found.mean[i]) ** 2, 1e-60):
            return covariance, CONSTANT, i
    white, definite = whitener(covariance, RIDGE)
    return white, FINE if definite else DEPENDENT, 0


@numba.njit(nogil=True, cache=True)
def fill_in(
    group: Group, optics: Optics, sinks: Sinks, found: Found, white: Doubles, kept: Doubles, overfit: float
) -> None:
    """Scores, contrast and distances of a group whose whitening is known.

    A covariance of p bands fitted to n pixels makes its own filter look too good: pixels that had no part in it, as a
    plume's have none, scatter by 1 / (1 − p/n) times more (Reed, Mallett & Brennan, IEEE Trans. Aerosp. Electron.
    Syst. 10, 853, 1974); where the covariance was shrunk, those that had scatter less than it says. Scores are divided
    and noise-equivalent columns multiplied by what follows.

    Args:
        group: the group.
        optics: the gases.
        sinks: get the group's scores.
        found: as `take` leaves it; gets `necl` and `readings`.
        white: W with WᵀW = C⁻¹, shape (band, band).
        kept: variance along each whitened axis of the pixels behind C, shape (band,).
        overfit: p/n.
    """
    gases, bands = optics.absorbance.shape
    contrast = optics.ambient - optics.sign * found.mean
    target = np.empty((bands, gases))
    for gas in range(gases):
        for band in range(bands):
            target[band, gas] = optics.sign * optics.absorbance[gas, band] * contrast[band]
    whitened = np.dot(white, target)
    filters = np.dot(white.T, whitened)
    for gas in range(gases):
        strength, within = 0.0, 0.0
        for band in range(bands):
            power = whitened[band, gas] ** 2
            strength += power
            within += kept[band] * power
        necl = np.sqrt(within) / strength / (1.0 - overfit) if strength > 0.0 else 0.0
        found.necl[gas] = necl if necl > 0.0 else np.inf
        for band in range(bands):
            reading = filters[band, gas] / strength if strength > 0.0 else 0.0
            found.readings[band, gas] = reading
            filters[band, gas] = reading / necl if necl > 0.0 else 0.0
    size = np.sum(contrast * contrast)
    change = contrast * (-optics.sign / size if size > 0.0 else np.nan)
    of_material = np.zeros(len(group.offset), np.float32)
    for material in range(len(group.offset)):
        of_material[material] = np.sum((group.offset[material] - found.usual) * change)
    lift = np.empty(group.label.size, np.float32)
    for k in range(group.label.size):
        lift[k] = of_material[group.label[k]]
    half_scores(found.pixels, filters, change, found.centre, lift, group.places, sinks.z, sinks.factor)
    if sinks.distance.size:
        squared_lengths(found.pixels, (1.0 - overfit) * white.T, found.centre, group.places, sinks.distance)


@numba.njit(nogil=True, cache=True)
def plain_group(flat: Single, group: Group, optics: Optics, sinks: Sinks, found: Found) -> tuple[int, int]:
    """All of it for a group whose sample covariance is used as it is.

    Args:
        flat: all pixels, shape (any, band).
        group: the group.
        optics: the gases.
        sinks: get the group's scores.
        found: gets what is found of the group.

    Returns:
        How it went, and the band that it failed for.
    """
    chosen = take(flat, group, found)
    white, outcome, band = plain_statistics(chosen, found)
    if outcome == FINE:
        overfit = min(len(white) / len(chosen), MOST_OVERFIT)
        fill_in(group, optics, sinks, found, white, np.ones(len(white)), overfit)
    return outcome, band
