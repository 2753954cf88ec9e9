"""Find readings that should be used with care; they are flagged, never deleted.

Every function returns a mask of shape (reading,) in the order of the readings it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Times = NDArray[np.datetime64]

FINE = 0.05
"""A sensor of whose runs fewer than this share are longer than one reading is fine; any other is coarse."""

FINE_RUN, COARSE_RUN, COARSE_TIMES = 10, 50, 5.0
"""A run of equal readings is stuck from 10 readings on for a fine sensor; for a coarse one from 50 on, when it is also five
times as long as all but the longest hundredth of its runs."""

POSITION_TOLERANCE_M = 10.0
"""Jump that two fixes of a satellite receiver may show without being wrong [m]."""

SEGMENT_REACH = 200
"""How many segments back the search for the longest plausible track looks."""


def saturated(values: ArrayLike, *, ceiling: float | None = None) -> Mask:
    """Readings at the sensor's ceiling, declared or recognised by its repeated equal maxima.

    Without a declared ceiling the largest value is one when it is read at least five times, at least three times in
    a row, and more than three times as often as the five next lower values on average: a clipped peak piles up at
    its top, a coarse but free one does not.

    Args:
        values: readings, any unit, shape (reading,).
        ceiling: largest value the sensor can give, same unit.

    Returns:
        Mask of saturated readings.
    """
    x = np.asarray(values, float)
    if ceiling is not None:
        return np.asarray(x >= ceiling * (1.0 - 1e-9))
    levels, counts = np.unique(x[np.isfinite(x)], return_counts=True)
    if levels.size < 7 or counts[-1] < 5 or counts[-1] <= 3.0 * counts[-6:-1].mean():
        return np.zeros(x.size, bool)
    top = x == levels[-1]
    return np.asarray(top if _runs(top).max(initial=0) >= 3 else np.zeros(x.size, bool))


def dropped(values: ArrayLike) -> Mask:
    """Readings without a value, and runs of a stuck one.

    Fine sensors never repeat a value for long. Coarse ones do so in quiet air, so only a run far beyond their habit
    counts. Zero is not stuck: a sensor below its threshold rightly repeats it.

    Args:
        values: readings of one sensor in order of time, shape (reading,).

    Returns:
        Mask of dropouts.
    """
    x = np.asarray(values, float)
    missing: Mask = ~np.isfinite(x)
    if x.size < 10:
        return missing
    same = np.append(False, np.diff(x) == 0.0)
    starts = np.flatnonzero(~same)
    lengths = np.diff(np.append(starts, x.size))
    fine = float(np.mean(lengths > 1)) < FINE
    limit = (
        FINE_RUN
        if fine
        else max(COARSE_RUN, COARSE_TIMES * float(np.quantile(lengths, 0.99, method="lower")))
    )
    stuck = np.repeat(lengths >= limit, lengths)
    return np.asarray(missing | (stuck & (x != 0.0)))


def duplicated(time: Times, sensor: ArrayLike) -> Mask:
    """Readings whose time and sensor have been seen before; the first of them is not flagged.

    Args:
        time: UTC, shape (reading,).
        sensor: index of the sensor, same shape.

    Returns:
        Mask of duplicates.
    """
    keys = np.stack([time.astype("datetime64[ns]").astype(np.int64), np.asarray(sensor, np.int64)])
    _, first = np.unique(keys, axis=1, return_index=True)
    again = np.ones(time.size, bool)
    again[first] = False
    return again


def disordered(time: Times) -> Mask:
    """Readings whose time lies before one that stands earlier in the file.

    Args:
        time: UTC in order of the file, shape (reading,).

    Returns:
        Mask of readings where the time went backwards.
    """
    stamps = time.astype("datetime64[ns]").astype(np.int64)
    known = np.where(np.isnat(time), np.iinfo(np.int64).min, stamps)
    return np.asarray((known < np.maximum.accumulate(known)) & ~np.isnat(time))


def below_detection(values: ArrayLike, limit: ArrayLike, *, background: ArrayLike = 0.0) -> Mask:
    """Readings whose enhancement over the background is less than the detection limit.

    Args:
        values: readings, any unit, shape (reading,).
        limit: detection limit, same unit, scalar or (reading,); NaN if unknown.
        background: background, same unit, scalar or (reading,).

    Returns:
        Mask of readings below the limit.
    """
    excess = np.asarray(values, float) - np.asarray(background, float)
    with np.errstate(invalid="ignore"):
        return np.asarray(excess < np.asarray(limit, float))


def glitched(time_s: Floats, x_m: Floats, y_m: Floats, *, speed_limit_m_s: float) -> Mask:
    """Positions that the platform cannot have reached.

    The track is cut wherever it moves faster than the limit allows. Of the pieces, the set with the most positions
    that can be flown one after the other within the limit is kept; the others are glitches. So a receiver that
    wakes up at a stale place is recognised as much as a single outlier in the middle.

    Args:
        time_s: time [s], in order, shape (reading,).
        x_m: east [m], same shape; NaN where there is no position.
        y_m: north [m], same shape.
        speed_limit_m_s: fastest horizontal speed of the platform [m s-1].

    Returns:
        Mask of glitches; False where there is no position.
    """
    out = np.zeros(time_s.size, bool)
    good = np.flatnonzero(np.isfinite(x_m) & np.isfinite(y_m) & np.isfinite(time_s))
    if good.size < 3:
        return out
    t, x, y = time_s[good], x_m[good], y_m[good]

    def reachable(start: NDArray[np.intp], end: NDArray[np.intp] | int) -> Mask:
        allowed = speed_limit_m_s * np.maximum(t[end] - t[start], 0.0) + POSITION_TOLERANCE_M
        return np.asarray(np.hypot(x[end] - x[start], y[end] - y[start]) <= allowed)

    index = np.arange(t.size)
    cuts = np.flatnonzero(~reachable(index[:-1], index[1:])) + 1
    if not cuts.size:
        return out
    starts, ends = np.append(0, cuts), np.append(cuts, t.size) - 1
    size = ends - starts + 1
    best, previous = size.copy(), np.full(size.size, -1)
    for piece in range(1, size.size):
        low = max(0, piece - SEGMENT_REACH)
        candidates = np.where(reachable(ends[low:piece], starts[piece]), best[low:piece], 0)
        winner = int(np.argmax(candidates))
        if candidates[winner] > 0:
            best[piece], previous[piece] = size[piece] + candidates[winner], low + winner
    kept = np.zeros(t.size, bool)
    piece = int(np.argmax(best))
    while piece >= 0:
        kept[starts[piece] : ends[piece] + 1] = True
        piece = int(previous[piece])
    out[good[~kept]] = True
    return out


def _runs(mask: Mask) -> NDArray[np.int64]:
    """Lengths of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return np.asarray(edges[1::2] - edges[::2], np.int64)
