"""What lies under the result: Natural Earth countries at low zoom, and what the user gives for the site.

Natural Earth is in the public domain; the file is `countries-50m.json` of world-atlas 2.0.2 (ISC licence beside it).
A user's file may hold vectors (anything GDAL reads: GeoJSON, GeoPackage, shapefile), tiles (MBTiles) or a picture
with a world file in longitude and latitude.

References: TopoJSON format 1.0; MBTiles 1.3; ESRI world file.
"""

from __future__ import annotations

import base64
import json
import math
import sqlite3
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from plumeline.errors import ConfigurationError, ReadError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from plumeline.frames import LonLat

REACH_DEG = 12.0
"""Half the width of the shown part of the world [degrees]."""

MAX_FEATURES = 20_000
MAX_TILES = 64
MAX_PICTURE_BYTES = 8_000_000
PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
WORLD_FILES = {".png": ".pgw", ".jpg": ".jgw", ".jpeg": ".jgw"}
LABEL_COLUMNS = ("name", "NAME", "Name", "label")

Bounds = tuple[float, float, float, float]
"""West, south, east, north [degrees]."""


def countries(about: LonLat) -> list[dict[str, Any]]:
    """Countries around a place: rings of (latitude, longitude), and a place for the name.

    Args:
        about: the middle of the shown part.

    Returns:
        One entry a country: `name`, `rings`, `at`.
    """
    window = shapely.box(
        about.lon_deg - REACH_DEG,
        about.lat_deg - REACH_DEG,
        about.lon_deg + REACH_DEG,
        about.lat_deg + REACH_DEG,
    )
    shown = []
    for name, shape in _natural_earth():
        if not shape.intersects(window):
            continue
        part = shapely.make_valid(shape).intersection(window)
        rings = [_ring(piece) for piece in shapely.get_parts(part) if piece.geom_type == "Polygon"]
        if rings:
            middle = shapely.point_on_surface(part)
            shown.append({"name": name, "rings": rings, "at": [round(middle.y, 2), round(middle.x, 2)]})
    return shown


def user_basemap(path: Path, around: Bounds) -> dict[str, Any]:
    """A user's own map of the site, cut to what lies around the survey.

    Args:
        path: the file.
        around: the part of the Earth that is kept.

    Returns:
        `lines`, `areas`, `points` (each with `label` and `at`) and `images` (each with `bounds` and `data`).

    Raises:
        ConfigurationError: the file is missing, too large, or of a kind that cannot be shown.
        ReadError: the file is broken.
    """
    if not path.is_file():
        raise ConfigurationError("there is no such basemap file", where=str(path))
    suffix = path.suffix.lower()
    if suffix == ".mbtiles":
        return _empty() | {"images": _tiles(path, around)}
    if suffix in PICTURES:
        return _empty() | {"images": [_picture(path)]}
    return _vectors(path, around)


def _empty() -> dict[str, Any]:
    return {"lines": [], "areas": [], "points": [], "images": []}


def _natural_earth() -> Iterable[tuple[str, Any]]:
    text = (
        resources
        .files("plumeline.workflows.report")
        .joinpath("static/natural_earth/countries-50m.json")
        .read_text("utf-8")
    )
    world = json.loads(text)
    scale, shift = (np.array(world["transform"][key]) for key in ("scale", "translate"))
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in world["arcs"]]
    for country in world["objects"]["countries"]["geometries"]:
        rings = country.get("arcs", [])
        polygons = [rings] if country["type"] == "Polygon" else rings
        shape = shapely.MultiPolygon([_polygon(polygon, arcs) for polygon in polygons])
        yield str(country["properties"]["name"]), shape


def _polygon(rings: list[list[int]], arcs: list[Any]) -> shapely.Polygon:
    joined = [np.concatenate([arcs[i] if i >= 0 else arcs[~i][::-1] for i in ring]) for ring in rings]
    return shapely.Polygon(joined[0], joined[1:])


def _ring(polygon: Any) -> list[list[float]]:
    at = np.asarray(polygon.exterior.coords)
    return [[round(float(y), 3), round(float(x), 3)] for x, y in at[:, :2]]


def _vectors(path: Path, around: Bounds) -> dict[str, Any]:
    import pyogrio  # noqa: PLC0415 (slow to import)
    from pyproj import CRS, Transformer  # noqa: PLC0415 (same)

    out = _empty()
    try:
        for name, kind in pyogrio.list_layers(path):
            if kind is None:
                continue
            info = pyogrio.read_info(path, layer=name)
            crs = CRS.from_user_input(info["crs"] or "OGC:CRS84")
            box = Transformer.from_crs("OGC:CRS84", crs, always_xy=True).transform_bounds(*around)
            to_earth = Transformer.from_crs(crs, "OGC:CRS84", always_xy=True)
            columns = [column for column in LABEL_COLUMNS if column in info["fields"]][:1]
            _, _, geometry, fields = pyogrio.raw.read(
                path, layer=name, columns=columns, bbox=box, max_features=MAX_FEATURES
            )
            labels = fields[0] if columns else [""] * len(geometry)
            for shape, label in zip(shapely.from_wkb(geometry), labels, strict=True):
                if shape is not None:
                    placed = _moved(shape, to_earth)
                    _sort_in(out, placed, str(label or ""))
    except (RuntimeError, ValueError) as error:
        raise ReadError(
            f"the basemap cannot be read: {error}",
            where=str(path),
            remedy="give GeoJSON, GeoPackage, a shapefile, MBTiles, or a PNG or JPEG with a world file",
        ) from error
    return out


def _moved(shape: Any, transformer: Any) -> Any:
    return shapely.transform(
        shapely.force_2d(shape),
        lambda at: np.column_stack(transformer.transform(at[:, 0], at[:, 1])) if len(at) else at,
    )


def _sort_in(out: dict[str, Any], shape: Any, label: str) -> None:
    for piece in shapely.get_parts(shape):
        if piece.is_empty:
            continue
        if piece.geom_type == "Polygon":
            key, at = "areas", np.asarray(piece.exterior.coords)
        elif piece.geom_type in {"LineString", "Point"}:
            key, at = ("lines" if piece.geom_type == "LineString" else "points"), np.asarray(piece.coords)
        else:
            continue
        out[key].append({"at": [[round(float(y), 6), round(float(x), 6)] for x, y in at], "label": label})


def _tiles(path: Path, around: Bounds) -> list[dict[str, Any]]:
    west, south, east, north = around
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            levels = sorted(
                (row[0] for row in database.execute("SELECT DISTINCT zoom_level FROM tiles")), reverse=True
            )
            for zoom in levels:
                (left, top), (right, bottom) = _tile(west, north, zoom), _tile(east, south, zoom)
                if (right - left + 1) * (bottom - top + 1) > MAX_TILES:
                    continue
                rows = database.execute(
                    "SELECT tile_column, tile_row, tile_data FROM tiles WHERE zoom_level = ? "
                    "AND tile_column BETWEEN ? AND ? AND tile_row BETWEEN ? AND ? ORDER BY 1, 2",
                    (zoom, left, right, 2**zoom - 1 - bottom, 2**zoom - 1 - top),
                ).fetchall()
                return [_tile_image(zoom, column, 2**zoom - 1 - row, data) for column, row, data in rows]
    except sqlite3.Error as error:
        raise ReadError(f"the tiles cannot be read: {error}", where=str(path)) from error
    return []


def _tile(lon_deg: float, lat_deg: float, zoom: int) -> tuple[int, int]:
    across = (lon_deg + 180) / 360
    down = 0.5 - math.asinh(math.tan(math.radians(lat_deg))) / (2 * math.pi)
    return int(across * 2**zoom), int(down * 2**zoom)


def _tile_image(zoom: int, column: int, row: int, data: bytes) -> dict[str, Any]:
    def lat_deg(y: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / 2**zoom))))

    west, east = (c / 2**zoom * 360 - 180 for c in (column, column + 1))
    kind = "image/png" if data[:4] == b"\x89PNG" else "image/jpeg"
    return {"bounds": [[lat_deg(row + 1), west], [lat_deg(row), east]], "data": _data_uri(kind, data)}


def _picture(path: Path) -> dict[str, Any]:
    from PIL import Image  # noqa: PLC0415 (only pictures need it)

    world = path.with_suffix(WORLD_FILES[path.suffix.lower()])
    if not world.is_file():
        raise ConfigurationError(
            "the picture has no place on Earth",
            where=str(path),
            remedy=f"put its world file {world.name} beside it, in degrees of longitude and latitude",
        )
    if path.stat().st_size > MAX_PICTURE_BYTES:
        raise ConfigurationError(
            "the picture is larger than 8 MB", where=str(path), remedy="cut it to the site or compress it"
        )
    try:
        across, turn_y, turn_x, down, west, north = (float(line) for line in world.read_text().split())
        with Image.open(path) as picture:
            columns, rows = picture.size
    except (ValueError, OSError) as error:
        raise ReadError(f"the picture or its world file is broken: {error}", where=str(world)) from error
    if turn_x or turn_y or not (-180 <= west <= 180 and -90 <= north <= 90):
        raise ConfigurationError(
            "the world file is turned or not in degrees",
            where=str(world),
            remedy="warp the picture to EPSG:4326 first, for example with gdalwarp -t_srs EPSG:4326",
        )
    west, north = west - across / 2, north - down / 2
    return {
        "bounds": [[north + rows * down, west], [north, west + columns * across]],
        "data": _data_uri(PICTURES[path.suffix.lower()], path.read_bytes()),
    }


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
