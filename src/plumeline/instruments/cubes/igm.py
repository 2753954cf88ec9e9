"""Input geometry: where each raw pixel lies, turned into a lookup from a north-up grid into the raw cube."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from plumeline.errors import ReadError
from plumeline.instruments.cubes.cube import MapGrid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

REACH_PIXELS = 1.0
"""A grid pixel farther than this from every raw pixel stays empty."""

MOST_GRID_PIXELS = 100_000_000


def lookup_from_geometry(east: Doubles, north: Doubles, crs: str, *, where: str) -> MapGrid:
    """A map grid for raw pixels of known places; the radiance is not touched.

    Args:
        east: easting or longitude of each raw pixel, shape (line, sample); NaN where unknown.
        north: northing or latitude, same shape.
        crs: their reference system.
        where: the file's name, for the error's text.

    Returns:
        The grid; its pixels are as large as raw pixels are apart, by the median.

    Raises:
        ReadError: no pixel has a place, or the places cannot be those of a scene.
    """
    known = np.isfinite(east) & np.isfinite(north)
    if known.sum() < 4:
        raise ReadError("gives no place to the pixels", where=where)
    points = np.column_stack([east[known], north[known]])
    steps = np.concatenate([
        np.hypot(np.diff(east, axis=axis), np.diff(north, axis=axis)).ravel() for axis in (0, 1)
    ])
    steps = steps[np.isfinite(steps) & (steps > 0)]
    if not steps.size:
        raise ReadError("puts all pixels at one place", where=where)
    size = float(np.median(steps))
    west, south = points.min(axis=0) - size / 2
    right, top = points.max(axis=0) + size / 2
    columns, rows = int(np.ceil((right - west) / size)), int(np.ceil((top - south) / size))
    if columns * rows > max(MOST_GRID_PIXELS, 100 * known.size):
        raise ReadError(
            f"scatters its pixels over {columns} x {rows} grid pixels",
            where=where,
            remedy="look for a place that is wrong by far, such as 0, 0",
        )
    middle_east = west + (np.arange(columns) + 0.5) * size
    middle_north = top - (np.arange(rows) + 0.5) * size
    line, sample = np.nonzero(known)
    tree = cKDTree(points)
    lookup_line = np.full((rows, columns), -1, np.int32)
    lookup_sample = np.full((rows, columns), -1, np.int32)
    for row in range(rows):
        places = np.column_stack([middle_east, np.full(columns, middle_north[row])])
        distance, index = tree.query(places, distance_upper_bound=REACH_PIXELS * size)
        near = np.isfinite(distance)
        raw = np.asarray(index)[near]
        lookup_line[row, near], lookup_sample[row, near] = line[raw], sample[raw]
    return MapGrid(
        crs=crs,
        west=float(west),
        north=float(top),
        pixel=(size, size),
        lookup_line=lookup_line,
        lookup_sample=lookup_sample,
    )
