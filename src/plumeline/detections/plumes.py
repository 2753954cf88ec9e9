"""Plume objects: connected places where a gas stands out, kept only when the scene's mirrored noise has none like them.

Scores are smoothed over neighbours and brought to unit spread with the scene's own robust scale; a plume is what
connects to a seed above the seed threshold and stays above half of it. At each pixel the strongest score of all gases
counts, with its sign. The same is done on the mirror image: its clusters are all false, and what supports them decides
what must support a plume (`false_alarms`).

Reference: Bullmore et al., IEEE Trans. Med. Imaging 18, 32 (1999) for cluster mass as a statistic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.stats import norm

from plumeline.detections.false_alarms import mirror_threshold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from plumeline.detections.matched import Scores

    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]

SMOOTHING_PIXELS = 1.0
SEED_SIGMA = 4.0
GROW_SHARE = 0.5
LEAST_PIXELS = 4
MOST_FACTOR = 3.0
MOST_CANDIDATES = 12
MARGIN = 1.5
TOUCH_PIXELS = 2
"""Places nearer than twice this touch."""
EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plume:
    """One plume in pixels."""

    gases: tuple[str, ...]
    """Gases whose filter answered here, strongest first; which of them are really there, identification decides."""
    mask: Flags
    """Pixels of the plume within `window`."""
    window: tuple[slice, slice]
    """Lines and samples of the box around it."""
    peak_sigma: float
    """Greatest smoothed score."""
    mass: float
    """Sum of smoothed scores, the cluster's statistic."""

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return int(self.mask.sum())

    def full_mask(self, shape: tuple[int, int]) -> Flags:
        """The mask over the whole scene."""
        out = np.zeros(shape, bool)
        out[self.window] = self.mask
        return out


def smoothed(z: Single, factor: Single) -> Single:
    """Scores gathered over neighbours, at unit robust spread.

    A pixel over a bright or a cold surface shows more of the same column, and over one warmer than the plume it shows
    it with the other sign, so neighbours are weighted by their contrast factor.

    Args:
        z: scores of one gas, shape (line, sample).
        factor: contrast of each pixel relative to its group's mean, same shape.

    Returns:
        Smoothed scores with median 0 and robust sigma 1; NaN where the input is.
    """
    finite = np.isfinite(z) & np.isfinite(factor)
    trust = np.where(finite, np.clip(factor, -MOST_FACTOR, MOST_FACTOR), 0).astype(np.float32)
    value = ndimage.gaussian_filter(np.where(finite, z, 0) * trust, SMOOTHING_PIXELS)
    weight = ndimage.gaussian_filter(trust * trust, SMOOTHING_PIXELS)
    out = np.where(finite, value / np.sqrt(np.maximum(weight, 1e-6)), np.nan).astype(np.float32)
    if not finite.any():
        return out
    middle = float(np.nanmedian(out))
    # The spread is taken below the median, where no gas can be.
    low = out[out < middle]
    spread = 1.4826 * float(np.median(middle - low)) if low.size else 1.0
    return np.asarray((out - middle) / max(spread, 1e-6), np.float32)


def strongest(scores: Scores) -> tuple[Single, NDArray[np.intp]]:
    """The strongest score of any gas at each pixel with its sign, and which gas it is.

    Where a gas is present its own score beats every other gas' in size, so its sign is plus; gases that correlate
    against it go below zero there but less so. Where nothing is there, either sign is as likely.

    Args:
        scores: the scene's scores.

    Returns:
        Signed score and index of the gas, each of shape (line, sample).
    """
    best = np.full(scores.factor.shape, np.nan, np.float32)
    which = np.zeros(scores.factor.shape, np.intp)
    for index in range(len(scores.gases)):
        field = smoothed(scores.z[:, :, index].astype(np.float32), _trust(scores, index))
        better = np.isfinite(field) & ~(np.abs(field) <= np.abs(best))
        best[better] = field[better]
        which[better] = index
    return best, which


def _trust(scores: Scores, gas: int) -> Single:
    """How strongly a column of a gas shows in each pixel's score, up to a factor that all pixels share."""
    if not scores.clustered:
        return scores.factor
    necl = scores.necl_ppm_m[:, gas]
    seen = np.isfinite(necl)
    if not seen.any():
        return scores.factor
    share = np.where(seen, np.median(necl[seen]) / necl, 0.0)
    return np.asarray(scores.factor * np.append(share, 0.0)[scores.group], np.float32)


def candidate_plumes(
    scores: Scores, *, most: int = MOST_CANDIDATES
) -> tuple[tuple[Plume, ...], tuple[Plume, ...]]:
    """Places that may be plumes, and their mirror image, which are none.

    Args:
        scores: the scene's scores.
        most: greatest number of each.

    Returns:
        Candidates and decoys, each by falling mass.
    """
    field, which = strongest(scores)
    seed = _seed_threshold(len(scores.gases))
    both = (_clusters(sign * field, which, scores.gases, seed) for sign in (1.0, -1.0))
    found, false = (tuple(sorted(some, key=lambda p: -p.mass)[:most]) for some in both)
    return found, false


def support_threshold(
    support: Sequence[float], decoys: Sequence[float], *, rate: float, least: float
) -> float:
    """What a candidate must exceed to be kept, given the same statistic of the decoys.

    Args:
        support: statistic of each candidate, over all places that are judged together.
        decoys: statistic of each decoy.
        rate: admitted share of false ones among those kept.
        least: no candidate below this is kept.

    Returns:
        The threshold.
    """
    threshold = mirror_threshold(np.array([*support, *(-abs(value) for value in decoys)]), rate)
    if not np.isfinite(threshold):
        # With a handful of candidates no rate can be met by counting: ask for a margin over the worst decoy.
        threshold = MARGIN * max([0.0, *decoys])
    return max(threshold, least)


def independent(found: Sequence[Plume], decoys: Sequence[Plume], shape: tuple[int, int]) -> list[bool]:
    """Which places stand on their own: where places of both signs touch, the side with less mass is an echo.

    A strong plume draws the statistics and shows at its edges, and over surfaces as warm as itself, with the other
    sign. Both signs are treated alike.

    Args:
        found: candidates.
        decoys: their mirror image.
        shape: lines and samples of the scene.

    Returns:
        One flag for each candidate, then for each decoy.
    """
    every = [*found, *decoys]
    sides = np.array([1] * len(found) + [-1] * len(decoys))
    together = np.zeros(shape, bool)
    for one in every:
        together[one.window] |= one.mask
    labels, _ = ndimage.label(ndimage.binary_dilation(together, EIGHT, iterations=TOUCH_PIXELS), EIGHT)
    place = np.array([labels[one.window][one.mask][0] for one in every], int)
    mass = np.array([one.mass for one in every], float)
    alone = []
    for side, where in zip(sides, place, strict=True):
        own = mass[(place == where) & (sides == side)].sum()
        other = mass[(place == where) & (sides != side)].sum()
        alone.append(bool(own >= other))
    return alone


def _seed_threshold(gases: int) -> float:
    """Seed that the strongest of many gases passes as rarely as one gas passes `SEED_SIGMA`."""
    alone = 2 * norm.sf(SEED_SIGMA)
    return float(norm.isf(0.5 * alone / max(gases, 1)))


def _clusters(field: Single, which: NDArray[np.intp], gases: tuple[str, ...], seed: float) -> list[Plume]:
    grown = field > GROW_SHARE * seed  # never where the score is unknown
    labels, count = ndimage.label(grown, EIGHT)
    if not count:
        return []
    peaks = ndimage.maximum(field, labels, np.arange(1, count + 1))
    plumes = []
    for index, window in enumerate(ndimage.find_objects(labels), 1):
        mask = labels[window] == index
        if peaks[index - 1] < seed or mask.sum() < LEAST_PIXELS:
            continue
        inside = field[window][mask]
        share = np.bincount(which[window][mask], inside, minlength=len(gases))
        order = [int(k) for k in np.argsort(-share, kind="stable") if share[k] > 0.02 * inside.sum()]
        plumes.append(
            Plume(
                gases=tuple(gases[k] for k in order),
                mask=mask,
                window=(window[0], window[1]),
                peak_sigma=float(peaks[index - 1]),
                mass=float(inside.sum()),
            )
        )
    return plumes
