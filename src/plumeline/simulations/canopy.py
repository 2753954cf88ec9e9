"""Buildings as the simulated plume meets them: boxes on a raster, and the slow air in their lee.

Documented simplification of a street canyon: walls stop motion into them (so that filaments slide along streets:
channelling), roofs carry what flies over, and in the cavity behind a block (a length of 1.5 roof heights, up to the
roof) the mean wind falls to a quarter (retention). Vortices inside a street are not resolved.

References: Hosker 1984 (cavity length behind a block); Oke 1988 (street canyon regimes,
doi:10.1016/0378-7788(88)90026-6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely import Polygon

    Floats = NDArray[np.float64]

CAVITY_LENGTHS = 1.5
"""Length of the slow air behind a block over its height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canopy:
    """Roof heights and cavity heights on a square raster."""

    roof_m: Floats
    """(row, column) roof height [m], 0 in the open; row 0 is the south."""
    wake_m: Floats
    """(row, column) height of slow air behind a block [m]."""
    west_m: float
    """East coordinate of the raster's west edge [m]."""
    south_m: float
    """North coordinate of its south edge [m]."""
    cell_m: float
    """Cell size [m]."""

    @classmethod
    def none(cls) -> Canopy:
        """No buildings."""
        empty = np.zeros((0, 0))
        return cls(roof_m=empty, wake_m=empty, west_m=0.0, south_m=0.0, cell_m=1.0)

    @classmethod
    def from_buildings(
        cls,
        footprints: Sequence[Polygon],
        heights_m: Sequence[float],
        *,
        toward_rad: float,
        cell_m: float = 2.0,
    ) -> Canopy:
        """Raster buildings for one mean wind direction.

        Args:
            footprints: outlines in the local frame [m].
            heights_m: roof height of each [m].
            toward_rad: direction the mean wind blows to, anticlockwise from east [rad].
            cell_m: cell size [m].

        Returns:
            The canopy.
        """
        if not footprints:
            return cls.none()
        from shapely import contains_xy, total_bounds  # noqa: PLC0415 (only towns need shapely)

        margin = 4.0 * max(heights_m)
        west, south, east, north = total_bounds(np.array(footprints, dtype=object))
        west, south = west - margin, south - margin
        columns = int(np.ceil((east + margin - west) / cell_m))
        rows = int(np.ceil((north + margin - south) / cell_m))
        roof = np.zeros((rows, columns))
        for outline, height in zip(footprints, heights_m, strict=True):
            x0, y0, x1, y1 = outline.bounds
            i0, i1 = int((y0 - south) / cell_m), int((y1 - south) / cell_m) + 1
            j0, j1 = int((x0 - west) / cell_m), int((x1 - west) / cell_m) + 1
            xs = west + (np.arange(j0, j1) + 0.5) * cell_m
            ys = south + (np.arange(i0, i1) + 0.5) * cell_m
            inside = contains_xy(outline, *np.meshgrid(xs, ys))
            window = roof[i0:i1, j0:j1]
            window[inside] = np.maximum(window[inside], height)
        wake = _wake(roof, toward_rad, cell_m)
        return cls(roof_m=roof, wake_m=wake, west_m=float(west), south_m=float(south), cell_m=cell_m)


def _wake(roof: Floats, toward_rad: float, cell_m: float) -> Floats:
    """Height of slow air per cell: each block casts its height downwind over the cavity's length."""
    wake = np.zeros_like(roof)
    reach = int(np.ceil(CAVITY_LENGTHS * roof.max() / cell_m)) if roof.size else 0
    for step in range(1, reach + 1):
        rows = round(step * np.sin(toward_rad))
        columns = round(step * np.cos(toward_rad))
        cast = _shifted(roof, rows, columns)
        cast[step * cell_m > CAVITY_LENGTHS * cast] = 0.0
        wake = np.maximum(wake, cast)
    wake[roof > 0] = 0.0
    return wake


def _shifted(values: Floats, rows: int, columns: int) -> Floats:
    """The raster moved by whole cells, 0 where nothing moves in."""
    out = np.zeros_like(values)
    height, width = values.shape
    if abs(rows) >= height or abs(columns) >= width:
        return out
    target = (slice(max(rows, 0), height + min(rows, 0)), slice(max(columns, 0), width + min(columns, 0)))
    source = (slice(max(-rows, 0), height + min(-rows, 0)), slice(max(-columns, 0), width + min(-columns, 0)))
    out[target] = values[source]
    return out
