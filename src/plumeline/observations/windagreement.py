"""Whether the winds of a survey say the same: two anemometers that contradict each other make every place doubtful."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from plumeline.observations.wind import at_times

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.observations.wind import Gaps

    Floats = NDArray[np.float64]
    Times = NDArray[np.datetime64]

TURNED_DEG = 30.0
"""Mean winds whose directions differ by more than this contradict each other, beyond their errors [degrees]."""
TIMES_AS_FAST = 2.0
"""So do mean winds of which one is this many times the other [1]."""
SIGMAS = 3.0
"""And only where their difference is this many times its standard error."""


def contradictions(
    winds: Sequence[tuple[str, xr.Dataset]], time: Times, *, gaps: Gaps | None = None
) -> list[str]:
    """Pairs of winds that do not agree where both have values.

    Args:
        winds: names and series, the most trusted first.
        time: UTC of the readings, shape (reading,).
        gaps: how far a value may stand for a reading.

    Returns:
        A sentence for each pair that contradicts each other.
    """
    found = [(name, at_times(series, time, gaps=gaps)) for name, series in winds]
    said = [_compared(one, other) for one, other in itertools.combinations(found, 2)]
    return [line for line in said if line]


def _compared(one: tuple[str, dict[str, Floats]], other: tuple[str, dict[str, Floats]]) -> str:
    a, b = (np.column_stack([part["wind_eastward"], part["wind_northward"]]) for part in (one[1], other[1]))
    both = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    if not both.any():
        return ""
    mean_a, mean_b = a[both].mean(axis=0), b[both].mean(axis=0)
    sigma2 = one[1]["wind_sigma"][both] ** 2 + other[1]["wind_sigma"][both] ** 2
    sigma = float(np.sqrt(np.nanmean(sigma2))) if np.isfinite(sigma2).any() else 0.0
    fast_a, fast_b = (max(float(np.hypot(*mean)), 1e-6) for mean in (mean_a, mean_b))
    cosine = float(mean_a @ mean_b) / (fast_a * fast_b)
    turned = float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
    differs = turned > TURNED_DEG or max(fast_a, fast_b) > TIMES_AS_FAST * min(fast_a, fast_b)
    if not differs or float(np.hypot(*(mean_a - mean_b))) < SIGMAS * sigma:
        return ""
    return (
        f"the winds contradict each other: {one[0]} has {_words(mean_a)}, {other[0]} {_words(mean_b)}; {one[0]} was "
        "used, and the result stands or falls with it"
    )


def _words(mean: Floats) -> str:
    from_deg = float(np.degrees(np.arctan2(-mean[0], -mean[1])) % 360.0)
    return f"{float(np.hypot(*mean)):.1f} m/s from {from_deg:.0f}°"
