"""Towns that nobody lives in: blocks of houses with uses, heights and shared walls, out in the open ocean.

References: building heights and block sizes are plain assumptions of a small low-rise town.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from shapely import box
from shapely.affinity import rotate

from plumeline.frames import LonLat

if TYPE_CHECKING:
    from shapely import Polygon

ORIGIN = LonLat(lon_deg=-20.0, lat_deg=0.5)
"""Middle of every simulated town: open Atlantic, 1,000 km from any house."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """One building of the town."""

    building_id: str
    """"B001", "B002", …"""
    footprint: Polygon
    """Outline in the local frame [m]."""
    height_m: float
    """Roof height [m]."""
    use: str
    """What it is used for: "residential" or a facility profile's name."""
    residents: int
    """People who live there."""
    shares_wall_with: tuple[str, ...] = ()
    """Ids of the buildings it shares a wall with."""


def town(
    rng: np.random.Generator, *, count: int = 60, turn_deg: float = 0.0, mean_height_m: float = 5.0
) -> tuple[Building, ...]:
    """Lay out blocks of row houses on a street grid.

    Args:
        rng: draws widths, heights and residents.
        count: number of buildings.
        turn_deg: anticlockwise turn of the street grid [degrees].
        mean_height_m: mean roof height [m].

    Returns:
        The buildings, nearest to the middle first.
    """
    houses_in_row, depth, street = 5, 14.0, 12.0
    row_length, block_depth = 70.0, 2 * depth + 8.0
    rows = int(np.ceil(np.sqrt(count / houses_in_row))) + 2
    lots: list[tuple[float, Polygon, int]] = []
    for block in range(-rows, rows + 1):
        for band in range(-rows, rows + 1):
            west = block * (row_length + street) - row_length / 2
            for side in (0, 1):
                south = band * (block_depth + street) + side * (depth + 8.0) - block_depth / 2
                edges = west + row_length * np.concatenate([
                    [0],
                    np.cumsum(rng.dirichlet(np.full(houses_in_row, 12))),
                ])
                for place in range(houses_in_row):
                    outline = rotate(
                        box(edges[place], south, edges[place + 1], south + depth), turn_deg, origin=(0, 0)
                    )
                    middle = outline.centroid
                    lots.append((float(np.hypot(middle.x, middle.y)), outline, place))
    lots.sort(key=lambda lot: lot[0])
    return _named(lots[:count], rng, mean_height_m)


def _named(
    lots: list[tuple[float, Polygon, int]], rng: np.random.Generator, mean_height_m: float
) -> tuple[Building, ...]:
    """Give ids, heights, residents, and find shared walls."""
    from shapely import STRtree  # noqa: PLC0415 (only here)

    outlines = [lot[1] for lot in lots]
    tree = STRtree(outlines)
    names = [f"B{number + 1:03d}" for number in range(len(lots))]
    heights = np.round(np.clip(mean_height_m + 1.5 * rng.standard_normal(len(lots)), 3.0, 25.0), 1)
    residents = rng.poisson(3.0, len(lots))
    return tuple(
        Building(
            building_id=names[number],
            footprint=outline,
            height_m=float(heights[number]),
            use="residential",
            residents=int(residents[number]),
            shares_wall_with=tuple(
                names[other]
                for other in sorted(tree.query(outline.buffer(0.1)))
                if other != number and outline.buffer(0.1).intersection(outlines[other]).area > 0.5
            ),
        )
        for number, outline in enumerate(outlines)
    )
