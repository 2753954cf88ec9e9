"""How observations are laid out in memory: in segments along which kernels run without looking anything up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from plumeline.atmosphere.plume_rows import ELEMENT_FIELDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.samples import Samples

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

PIECE_M = 8.0
"""Longest piece of a path over which the plume's spread is held constant [m]."""
MOST_PIECES = 16
"""Most pieces of a path."""


class Elements(NamedTuple):
    """Samples cut into points and path pieces."""

    table: NDArray[np.float32]
    """Shape (11, element)."""
    number: Integers
    """Elements of each parcel of samples."""
    run: Integers
    """First element of each run of one kind, and the end, shape (run + 1,)."""
    run_is_path: NDArray[np.bool_]
    """Shape (run,)."""

    def row_start(self, row_of: Integers) -> Integers:
        """First element of each row, and the end, shape (row + 1,), from the row of each parcel."""
        return np.append(0, np.cumsum(np.bincount(row_of, self.number))).astype(np.int64)


def elements_of(samples: Samples, wind: Floats, spread: Floats, parcel_of: Integers) -> Elements:
    """Cut samples into elements.

    Args:
        samples: usable readings in order of sensor and time.
        wind: eastward, northward, speed, shape (sample, 3) [m s-1].
        spread: turbulence angles, shape (sample, 2) [rad].
        parcel_of: parcel of each sample, in the samples' order; the samples of one are averaged, and how far their
            winds' directions differ adds to the horizontal angle.

    Returns:
        Elements in the order of the parcels; all parcels of a sensor have the same number, so that means stay means.
    """
    ends, sensor_of, path_of = samples.receptor, samples.sensor, samples.is_path
    if parcel_of.max() + 1 < parcel_of.size:
        first = np.unique(parcel_of, return_index=True)[1]
        ends, wind, spread = (_means(array, parcel_of) for array in (ends, wind, spread))
        sensor_of, path_of = sensor_of[first], path_of[first]
        steady = np.hypot(wind[:, 0], wind[:, 1]) / wind[:, 2]
        spread[:, 0] = np.sqrt(spread[:, 0] ** 2 + 2.0 * np.clip(1.0 - steady, 0.0, 1.0))
        wind[:, :2] /= np.maximum(steady, 1e-6)[:, None]
    count = path_pieces(ends, sensor_of, path_of)
    sample = np.repeat(np.arange(count.size), count)
    part = np.arange(sample.size) - np.repeat(np.cumsum(count) - count, count)
    table = np.empty((ELEMENT_FIELDS, sample.size), np.float32)
    for low, high in ((0, 8), (1, 9), (2, 10)):
        start, end = ends[sample, low], ends[sample, low + 3]
        table[low] = start + (end - start) * part / count[sample]
        table[high] = start + (end - start) * (part + 1) / count[sample]
    table[3:5] = (wind[sample, :2] / wind[sample, 2:]).T
    table[5] = 1.0 / wind[sample, 2]
    table[6:8] = (spread[sample] ** 2).T
    is_path = path_of[sample]
    edges = np.flatnonzero(np.diff(is_path)) + 1
    return Elements(
        table=np.ascontiguousarray(table),
        number=count,
        run=np.concatenate([[0], edges, [is_path.size]]).astype(np.int64),
        run_is_path=is_path[np.concatenate([[0], edges])],
    )


def path_pieces(ends: Floats, sensor_of: Integers, path_of: NDArray[np.bool_]) -> Integers:
    """Pieces of each reading: 1 for points, as many for a sensor's paths as its longest needs, shape (reading,)."""
    level_m = np.hypot(ends[:, 3] - ends[:, 0], ends[:, 4] - ends[:, 1])
    count = np.ones(level_m.size, np.int64)
    for sensor in np.unique(sensor_of[path_of]):
        mine = sensor_of == sensor
        count[mine] = min(MOST_PIECES, max(1, math.ceil(float(level_m[mine].max()) / PIECE_M)))
    return count


def _means(array: Floats, parcel_of: Integers) -> Floats:
    count = np.bincount(parcel_of)
    return np.column_stack([np.bincount(parcel_of, column) / count for column in array.T])


def segment_order(
    *, stretch: Integers, channel: Integers, group: Integers, censored: NDArray[np.bool_], row: Integers
) -> Integers:
    """Order of observations in which those of one segment lie together, shape (observation,)."""
    return np.asarray(np.lexsort((row, censored, group, channel, stretch)), np.int64)


def segments_of(
    *,
    stretch: Integers,
    channel: Integers,
    group: Integers,
    censored: NDArray[np.bool_],
    row: Integers,
    block: Integers,
) -> tuple[Integers, Integers]:
    """Segments of observations already in order.

    Args:
        stretch: stretch of each observation, shape (observation,).
        channel: its channel.
        group: its noise group.
        censored: whether it is a limit.
        row: its row.
        block: its emission block.

    Returns:
        Segments with columns as in `problem`, shape (segment, 7), and the first segment of each stretch with the end.
    """
    keys = np.column_stack([stretch, channel, group, censored, block]).astype(np.int64)
    breaks = (np.diff(keys, axis=0) != 0).any(axis=1) | (np.diff(row) != 1)
    first = np.append(0, np.flatnonzero(breaks) + 1).astype(np.int64)
    length = np.diff(np.append(first, row.size))
    segments = np.column_stack([first, row[first], length, keys[first, 1:]])
    stretches = int(stretch.max()) + 1
    edges = np.searchsorted(stretch[first], np.arange(stretches + 1)).astype(np.int64)
    return np.ascontiguousarray(segments), edges
