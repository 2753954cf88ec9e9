"""Who lives, learns and is cared for near a source: receptors and people, with what is not known said as such.

A population grid's "no data" is unknown, never nobody: people are counted where the grid speaks, and the share of the
area where it does not is given beside the count.

References: WorldPop, https://www.worldpop.org/methods/populations/; GHS-POP R2023A, https://human-settlement.emergency.copernicus.eu.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from plumeline.errors import InputError, ReadError
from plumeline.facilities.osm import places
from plumeline.facilities.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from plumeline.facilities.register import Register
    from plumeline.frames import LocalFrame

RECEPTOR_TAGS: dict[str, str] = {
    "amenity=school": "school",
    "amenity=kindergarten": "kindergarten",
    "amenity=college": "school",
    "amenity=hospital": "hospital",
    "amenity=clinic": "clinic",
    "amenity=doctors": "clinic",
    "amenity=nursing_home": "nursing home",
    "amenity=social_facility": "social facility",
    "healthcare=hospital": "hospital",
    "healthcare=clinic": "clinic",
}
"""OSM tags of places whose people need more time or help to leave."""

REACH_M = 1000.0
"""How far from the region receptors are listed [m]."""

RINGS_M = (100.0, 300.0, 1000.0)
"""Outer radii of the downwind sectors [m]."""

IN_REGION = Phrase("inside the 90 % region", es="dentro de la región del 90 %")
"""The area in which the source is, in words."""

SECTOR_HALF_ANGLE_DEG = 45.0
"""Half angle of a downwind sector [degrees]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receptor:
    """A place whose people need more time or help to leave."""

    kind: str
    """School, kindergarten, hospital, clinic, …"""
    distance_m: float
    """From the source's 90 % region [m]."""
    bearing_deg: float
    """From the region's centre, clockwise from north [degrees]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleCount:
    """People in an area."""

    area: str
    """Which area, in words."""
    people: float | None
    """At least this many live there; None when the grid says nothing about any of it."""
    unknown_share: float
    """Part of the area about which the grid says nothing, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """All of it, with its sources."""

    receptors: tuple[Receptor, ...] | None
    """By distance; None when no map was given."""
    people: tuple[PeopleCount, ...]
    """Inside the 90 % region and in downwind sectors; empty when no grid was given."""
    vintage: str
    """Year of the population data, or that it is not known."""
    source: str
    """File names."""


def find_receptors(
    path: Path, frame: LocalFrame, region: Any, *, reach_m: float = REACH_M
) -> tuple[Receptor, ...]:
    """Receptors near a region.

    Args:
        path: OSM PBF or XML.
        frame: local frame, placed on Earth.
        region: the source's 90 % region in the local frame (shapely).
        reach_m: how far to look [m].

    Returns:
        Receptors by distance.

    Raises:
        ReadError: the file is broken.
    """
    listed = []
    for _, lon_deg, lat_deg, tags in places(path, ("amenity", "healthcare")):
        kind = next((RECEPTOR_TAGS[tag] for tag in tags if tag in RECEPTOR_TAGS), None)
        if kind is not None:
            x_m, y_m = (float(value) for value in frame.to_local(lon_deg, lat_deg))
            listed.append((kind, x_m, y_m))
    return _near(listed, region, reach_m)


def receptors_in_register(
    register: Register, region: Any, *, reach_m: float = REACH_M
) -> tuple[Receptor, ...] | None:
    """Receptors near a region, as far as a register of known places lists any.

    Args:
        register: the register.
        region: the source's 90 % region in the local frame (shapely).
        reach_m: how far to look [m].

    Returns:
        Receptors by distance; None when the register lists no school and no clinic anywhere, because then it is not
        made for that.
    """
    listed = [
        (RECEPTOR_TAGS[place.category], place.x_m, place.y_m)
        for place in register.places
        if place.category in RECEPTOR_TAGS
    ]
    return _near(listed, region, reach_m) if listed else None


def _near(listed: Iterable[tuple[str, float, float]], region: Any, reach_m: float) -> tuple[Receptor, ...]:
    centre = region.centroid
    found = []
    for kind, x_m, y_m in listed:
        distance_m = float(shapely.distance(region, shapely.Point(x_m, y_m)))
        if distance_m <= reach_m:
            bearing = math.degrees(math.atan2(x_m - centre.x, y_m - centre.y)) % 360
            found.append(Receptor(kind=kind, distance_m=distance_m, bearing_deg=bearing))
    return tuple(sorted(found, key=lambda one: (one.distance_m, one.kind)))


def count_people(path: Path, frame: LocalFrame, shape: Any, *, area: str) -> PeopleCount:
    """People in an area from a grid of people per cell.

    Args:
        path: GeoTIFF with people per cell (WorldPop, GHS-POP) in any coordinate system.
        frame: local frame, placed on Earth.
        shape: the area in the local frame (shapely).
        area: what it is, in words.

    Returns:
        The count; cells are shared out by the part of them that lies in the area.

    Raises:
        InputError: the grid has no coordinate system, is turned, has negative counts, or more than one band.
        ReadError: the file is broken.
    """
    import rasterio  # noqa: PLC0415 (needs the extra "places")
    from rasterio.windows import Window  # noqa: PLC0415 (same)

    try:
        with rasterio.open(path) as grid:
            if grid.crs is None or grid.count != 1 or grid.transform.b or grid.transform.d:
                raise InputError(
                    "a population grid needs one band, a coordinate system and no rotation", where=path.name
                )
            there = _in_grid(shape, frame, str(grid.crs))
            rows, columns = _cells(there, grid)
            if rows[0] >= rows[1] or columns[0] >= columns[1]:
                return PeopleCount(area=area, people=None, unknown_share=1.0)
            window = Window(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0])
            values = grid.read(1, window=window, masked=True).astype(float).filled(np.nan)
            step = grid.transform
            corner = (step.c + step.a * columns[0], step.f + step.e * rows[0])
    except rasterio.errors.RasterioIOError as error:
        raise ReadError(f"cannot be read: {error}", where=path.name) from None
    if np.nanmin(values, initial=0.0) < 0:
        raise InputError(
            "holds negative counts of people",
            where=path.name,
            remedy="its no-data value is not declared; set it, e.g. with gdal_edit -a_nodata",
        )
    fraction = _fractions(there, values.shape, corner, (step.a, step.e))
    cells = there.area / abs(step.a * step.e)
    return _counted(values, fraction, covered_cells=cells, area=area)


def _in_grid(shape: Any, frame: LocalFrame, crs: str) -> Any:
    from pyproj import Transformer  # noqa: PLC0415 (slow to import)

    transformer = Transformer.from_crs("OGC:CRS84", crs, always_xy=True)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        lon_deg, lat_deg = frame.to_lonlat(points[:, 0], points[:, 1])
        return np.column_stack(transformer.transform(lon_deg, lat_deg))

    return shapely.transform(shapely.segmentize(shape, 50.0), move)


def _cells(shape: Any, grid: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    west, south, east, north = shape.bounds
    step = grid.transform
    columns = sorted(((west - step.c) / step.a, (east - step.c) / step.a))
    rows = sorted(((north - step.f) / step.e, (south - step.f) / step.e))
    return (
        (max(math.floor(rows[0]), 0), min(math.ceil(rows[1]), grid.height)),
        (max(math.floor(columns[0]), 0), min(math.ceil(columns[1]), grid.width)),
    )


def _fractions(
    shape: Any, size: tuple[int, ...], corner: tuple[float, float], step: tuple[float, float]
) -> NDArray[np.float64]:
    """Part of each cell that lies in the shape, 0 to 1; the corner and the steps are in the grid's unit."""
    rows, columns = np.meshgrid(np.arange(size[0]), np.arange(size[1]), indexing="ij")
    x = corner[0] + step[0] * columns.ravel()
    y = corner[1] + step[1] * rows.ravel()
    boxes = shapely.box(x, y + min(step[1], 0), x + step[0], y + max(step[1], 0))
    part = shapely.area(shapely.intersection(boxes, shape)) / abs(step[0] * step[1])
    return np.asarray(part, float).reshape(size)


def _counted(
    values: NDArray[np.float64], fraction: NDArray[np.float64], *, covered_cells: float, area: str
) -> PeopleCount:
    known = np.isfinite(values)
    covered = float((fraction * known).sum()) / covered_cells
    return PeopleCount(
        area=area,
        people=float((np.where(known, values, 0.0) * fraction).sum()) if covered > 1e-6 else None,
        unknown_share=max(1.0 - covered, 0.0) if covered < 1 - 1e-3 else 0.0,
    )


def downwind_sector(region: Any, toward_deg: float, radius_m: float) -> Any:
    """Area downwind of a region.

    Args:
        region: the source's 90 % region in the local frame (shapely).
        toward_deg: where the wind blows to, clockwise from north [degrees].
        radius_m: how far [m].

    Returns:
        The region widened to the sector (shapely).
    """
    angles = np.radians(
        np.linspace(toward_deg - SECTOR_HALF_ANGLE_DEG, toward_deg + SECTOR_HALF_ANGLE_DEG, 31)
    )
    centre = region.centroid
    reach = radius_m + math.sqrt(region.area / math.pi)
    rim = np.column_stack([centre.x + reach * np.sin(angles), centre.y + reach * np.cos(angles)])
    return shapely.union_all([region, shapely.Polygon([(centre.x, centre.y), *rim])])


def survey_neighbours(
    frame: LocalFrame,
    region: Any,
    *,
    toward_deg: float | None,
    osm: Path | None = None,
    register: Register | None = None,
    population: Path | None = None,
    vintage: str = "",
) -> Neighbours:
    """Receptors and people near a source.

    Args:
        frame: local frame, placed on Earth.
        region: the source's 90 % region in the local frame (shapely).
        toward_deg: where the wind blows to [degrees]; None when there is no direction to speak of.
        osm: OSM extract, for receptors.
        register: known places, for receptors where there is no extract.
        population: GeoTIFF with people per cell.
        vintage: year of the population data; looked for in the file's name when empty.

    Returns:
        The neighbours.

    Raises:
        InputError: the grid cannot be used.
        ReadError: a file is broken.
    """
    people = []
    if population is not None:
        people.append(count_people(population, frame, region, area=IN_REGION))
        for radius_m in RINGS_M:
            if toward_deg is None:
                shape = shapely.buffer(region, radius_m)
                words = Phrase(
                    f"within {radius_m:.0f} m, all round", es=f"hasta {radius_m:.0f} m, en todo el contorno"
                )
            else:
                shape = downwind_sector(region, toward_deg, radius_m)
                words = Phrase(f"downwind within {radius_m:.0f} m", es=f"a sotavento hasta {radius_m:.0f} m")
            people.append(count_people(population, frame, shape, area=words))
    receptors = find_receptors(osm, frame, region) if osm is not None else None
    names = [path.name for path in (osm, population) if path is not None]
    if osm is None and register is not None:
        receptors = receptors_in_register(register, region)
        names = [register.source, *names] if receptors is not None else names
    return Neighbours(
        receptors=receptors,
        people=tuple(people),
        vintage=vintage or _vintage(population),
        source=", ".join(names) or Phrase("no map, no grid", es="ni mapa ni malla"),
    )


def _vintage(population: Path | None) -> str:
    if population is None:
        return Phrase("no population grid", es="sin malla de población")
    year = re.search(r"(?<!\d)(19|20)\d\d(?!\d)", population.name)
    return year[0] if year else Phrase("year not known", es="año desconocido")
