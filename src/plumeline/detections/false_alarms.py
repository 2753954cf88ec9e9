"""False discoveries kept in check by the scene's own noise, mirrored.

Where there is no gas, scores are as often below zero as above it, whatever the clutter's distribution. So the pixels
(or clusters) below −t count the false ones above +t, and the least t with

    (1 + number below −t) / number above t  ≤  q

keeps the expected share of false discoveries at q over all pixels, gases and scenes that are pooled.

Reference: Barber & Candès, Ann. Statist. 43, 2055 (2015), the "knockoff+" threshold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]


def mirror_threshold(scores: Floats, rate: float) -> float:
    """Least threshold whose false discovery rate, counted on the mirrored scores, is at most `rate`.

    Args:
        scores: scores symmetric about zero where nothing is there, any shape; NaN is left out.
        rate: admitted false discovery rate, 0 to 1.

    Returns:
        The threshold; infinite when no threshold meets the rate.
    """
    finite = np.asarray(scores, np.float64).ravel()
    finite = finite[np.isfinite(finite) & (finite != 0)]
    if finite.size == 0:
        return float("inf")
    size = np.abs(finite)
    order = np.argsort(-size)
    positive = finite[order] > 0
    above = np.cumsum(positive)
    below = np.cumsum(~positive)
    # A threshold at a tie takes in every score of that size.
    last_of_tie = np.append(size[order][1:] < size[order][:-1], True)
    meets = np.flatnonzero(((1 + below) <= rate * above) & last_of_tie)
    return float(size[order][meets[-1]]) if meets.size else float("inf")


def false_discovery_rate(scores: Floats, threshold: float) -> float:
    """Estimated share of false discoveries at or above a threshold.

    Args:
        scores: as in `mirror_threshold`.
        threshold: the threshold, positive.

    Returns:
        (1 + number at or below minus threshold) / number at or above it, at most 1; 0 where nothing is above.
    """
    finite = np.asarray(scores)[np.isfinite(scores)]
    above = int((finite >= threshold).sum())
    return min(1.0, (1 + int((finite <= -threshold).sum())) / above) if above else 0.0
