"""What OpenStreetMap knows of a place: buildings, businesses, schools and clinics, from a PBF or XML extract.

Names and addresses are not read: a category and a place are all that is needed.

References: OpenStreetMap wiki, map features; pyosmium 4 manual, https://docs.osmcode.org/pyosmium/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely

from plumeline.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def areas(path: Path, keys: tuple[str, ...]) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Areas that carry one of the keys.

    Args:
        path: OSM PBF or XML.
        keys: OSM keys, e.g. ("building",).

    Yields:
        Identifier, outline in longitude and latitude, tags "key=value" of the keys asked for.

    Raises:
        ReadError: the file is broken.
    """
    import osmium  # noqa: PLC0415 (needs the extra "places")

    factory = osmium.geom.WKBFactory()
    try:
        processor: Any = osmium.FileProcessor(str(path)).with_areas(osmium.filter.KeyFilter(*keys))
        for thing in processor.with_filter(osmium.filter.KeyFilter(*keys)):
            if not thing.is_area():
                continue
            shape = shapely.from_wkb(factory.create_multipolygon(thing))
            kind = "way" if thing.from_way() else "relation"
            yield f"{kind}/{thing.orig_id()}", shape, _tags(thing, keys)
    except RuntimeError as error:
        raise ReadError(f"cannot be read: {error}", where=path.name) from None


def places(path: Path, keys: tuple[str, ...]) -> Iterator[tuple[str, float, float, tuple[str, ...]]]:
    """Nodes and areas that carry one of the keys, as points.

    Args:
        path: OSM PBF or XML.
        keys: OSM keys, e.g. ("shop", "craft").

    Yields:
        Identifier, longitude, latitude [degrees], tags "key=value" of the keys asked for.

    Raises:
        ReadError: the file is broken.
    """
    import osmium  # noqa: PLC0415 (needs the extra "places")

    try:
        nodes: Any = osmium.FileProcessor(str(path), osmium.osm.NODE)
        for node in nodes.with_filter(osmium.filter.KeyFilter(*keys)):
            yield f"node/{node.id}", node.location.lon, node.location.lat, _tags(node, keys)
    except RuntimeError as error:
        raise ReadError(f"cannot be read: {error}", where=path.name) from None
    for key, shape, tags in areas(path, keys):
        point = shapely.point_on_surface(shape)
        yield key, float(point.x), float(point.y), tags


def _tags(thing: Any, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{key}={thing.tags[key]}" for key in keys if key in thing.tags)


MAJOR_ROADS = frozenset({"motorway", "trunk", "primary", "secondary"})
"""Roads whose traffic can be seen as a source."""

ROAD_STEP_M = 20.0
"""Spacing of the points that stand for a road [m]."""


def roads(path: Path) -> Iterator[tuple[str, float, float]]:
    """Points along major roads.

    Args:
        path: OSM PBF or XML.

    Yields:
        Tag "highway=…", longitude, latitude [degrees].

    Raises:
        ReadError: the file is broken.
    """
    import osmium  # noqa: PLC0415 (needs the extra "places")

    try:
        ways: Any = osmium.FileProcessor(str(path)).with_locations()
        for way in ways.with_filter(osmium.filter.KeyFilter("highway")):
            if not way.is_way() or way.tags["highway"] not in MAJOR_ROADS:
                continue
            corners = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
            if len(corners) < 2:
                continue
            line: Any = shapely.segmentize(shapely.LineString(corners), ROAD_STEP_M / 111_000)
            for lon_deg, lat_deg in shapely.get_coordinates(line):
                yield f"highway={way.tags['highway']}", float(lon_deg), float(lat_deg)
    except RuntimeError as error:
        raise ReadError(f"cannot be read: {error}", where=path.name) from None
