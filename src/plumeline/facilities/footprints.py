"""Building footprints from the formats in which they are published, in the survey's local frame.

Google Open Buildings (CSV with WKT), Microsoft (one GeoJSON feature a line), OpenStreetMap (PBF or XML), GeoPackage,
FlatGeobuf and whatever else GDAL reads, GeoParquet. Broken polygons are repaired, doubles dropped, and both are said.

References: Google Open Buildings v3 data description, https://sites.research.google/gr/open-buildings/;
GeoParquet 1.1, https://geoparquet.org/releases/v1.1.0/.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from plumeline.errors import InputError, ReadError, UnknownFormatError
from plumeline.facilities.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from plumeline.frames import LocalFrame

BROKEN_REMEDY = "get the file again, and check that its ending names its format"

REACH_M = 400.0
"""Half side of the square around a point within which footprints are kept [m]."""

NEARBY_DEG = 1.0
"""A file none of whose shapes comes this near is not of this place [degrees]."""

MIN_AREA_M2 = 4.0
"""Smaller shapes are no buildings [m2]."""

DOUBLE_OVERLAP = 0.8
"""Two shapes that share this much of their union are one building twice."""


_KEY_FIELDS = ("building_id", "osm_id", "osm_way_id", "full_plus_code", "id")
"""Columns that identify a building; no other column is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """One footprint."""

    key: str
    """Identifier in its file."""
    shape: shapely.Polygon | shapely.MultiPolygon
    """Outline in the local frame [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprints:
    """The buildings around a place, or the reason why they are not known."""

    buildings: tuple[Building, ...]
    """Within reach; empty when unknown or when there is open land."""
    is_known: bool
    """Whether the file covers this place: without it, "no building" is not known either."""
    source: str
    """File name, or why there is none."""
    remarks: tuple[str, ...] = ()
    """What was repaired or dropped."""


def unknown_footprints(reason: str) -> Footprints:
    """No footprints, said as such.

    Args:
        reason: why.

    Returns:
        Footprints that are not known.
    """
    return Footprints(buildings=(), is_known=False, source=reason)


def read_footprints(
    path: Path, frame: LocalFrame, *, x_m: float = 0.0, y_m: float = 0.0, reach_m: float = REACH_M
) -> Footprints:
    """Read the buildings around a place.

    Args:
        path: the file; its ending says the format.
        frame: local frame; must be placed on Earth.
        x_m: east of the place [m].
        y_m: north of the place [m].
        reach_m: half side of the square that is kept [m].

    Returns:
        Footprints; not known when the file has nothing within reach but lies in the same region.

    Raises:
        UnknownFormatError: no reader for the file's ending.
        ReadError: the file is broken.
        InputError: the file is of another part of the world, or its coordinates are not what it says.
    """
    corner_lon, corner_lat = frame.to_lonlat([x_m - reach_m, x_m + reach_m], [y_m - reach_m, y_m + reach_m])
    box = (float(corner_lon[0]), float(corner_lat[0]), float(corner_lon[1]), float(corner_lat[1]))
    reader = _reader(path)
    try:
        keys, shapes, nearest_deg = reader(path, box)
    # Everything that gzip, text, CSV, Parquet and geometry libraries say of a file that is not what its name says.
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        csv.Error,
        zlib.error,
        shapely.errors.ShapelyError,
    ) as error:
        raise ReadError(f"cannot be read: {error}", where=path.name, remedy=BROKEN_REMEDY) from None
    if nearest_deg > NEARBY_DEG:
        raise InputError(
            f"no footprint comes within {NEARBY_DEG:g}° of this place (the nearest is {nearest_deg:.3g}° away)",
            where=str(path.name),
            remedy="check the file's region, its coordinate system and the order of longitude and latitude",
        )
    if not shapes:
        return unknown_footprints(
            Phrase(
                f"{path.name} holds no footprint within {reach_m:.0f} m of this place",
                es=f"{path.name} no contiene ningún edificio a menos de {reach_m:.0f} m de este lugar",
            )
        )
    local = [_to_local(shape, frame) for shape in shapes]
    return _cleaned(keys, local, path.name)


def _to_local(shape: Any, frame: LocalFrame) -> Any:
    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(frame.to_local(points[:, 0], points[:, 1]))

    return shapely.transform(shapely.force_2d(shape), move)


def _cleaned(keys: list[str], shapes: list[Any], source: str) -> Footprints:
    buildings: list[Building] = []
    repaired = doubles = dropped = 0
    for key, shape in zip(keys, shapes, strict=True):
        valid = shape
        if not shapely.is_valid(shape):
            valid = shapely.make_valid(shape)
            repaired += 1
        whole = _polygons(valid)
        if whole is None:
            dropped += 1
        elif any(_overlap(whole, other.shape) > DOUBLE_OVERLAP for other in buildings):
            doubles += 1
        else:
            buildings.append(Building(key=key, shape=whole))
    said = [
        (repaired, "invalid outlines were repaired", "contornos no válidos se repararon"),
        (dropped, "shapes without an area were dropped", "formas sin superficie se descartaron"),
        (
            doubles,
            "buildings stood there twice and were kept once",
            "edificios estaban dos veces y se conservaron una",
        ),
        (
            _overlaps(buildings),
            "pairs of buildings overlap; a source there counts for both, half each",
            "pares de edificios se solapan; una fuente allí cuenta para ambos, mitad y mitad",
        ),
    ]
    return Footprints(
        buildings=tuple(buildings),
        is_known=bool(buildings),
        source=source,
        remarks=tuple(Phrase(f"{count} {en}", es=f"{count} {es}") for count, en, es in said if count),
    )


def _polygons(shape: Any) -> shapely.Polygon | shapely.MultiPolygon | None:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type in {"Polygon", "MultiPolygon"}]
    if not parts:
        return None
    whole: Any = shapely.union_all(parts)
    return whole if whole.area >= MIN_AREA_M2 else None


def _overlap(one: Any, other: Any) -> float:
    if not shapely.intersects(one, other):
        return 0.0
    return float(shapely.intersection(one, other).area / shapely.union(one, other).area)


def _overlaps(buildings: list[Building]) -> int:
    tree = shapely.STRtree([building.shape for building in buildings])
    count = 0
    for index, building in enumerate(buildings):
        for other in tree.query(building.shape, predicate="overlaps"):
            shared = shapely.intersection(building.shape, buildings[int(other)].shape).area
            count += int(other > index and shared > 1.0)
    return count


_Found = tuple[list[str], list[Any], float]
"""Keys, shapes in longitude and latitude, distance of the nearest shape to the box [degrees]."""


def _reader(path: Path) -> Callable[[Path, tuple[float, float, float, float]], _Found]:
    name = path.name.lower().removesuffix(".gz")
    readers: dict[tuple[str, ...], Callable[[Path, tuple[float, float, float, float]], _Found]] = {
        (".csv",): _read_google,
        (".geojsonl", ".geojsons", ".ndjson", ".jsonl"): _read_lines,
        (".pbf", ".osm"): _read_osm,
        (".parquet", ".geoparquet"): _read_parquet,
        (".gpkg", ".fgb", ".geojson", ".json", ".shp"): _read_gdal,
    }
    if not path.is_file():
        raise InputError("there is no such file", where=str(path))
    for endings, reader in readers.items():
        if name.endswith(endings):
            return reader
    raise UnknownFormatError(
        f"no reader of footprints for {path.name!r}",
        remedy="use " + ", ".join(ending for endings in readers for ending in endings),
    )


class _Sieve:
    """Keeps what meets the box and remembers how near the rest came."""

    def __init__(self, box: tuple[float, float, float, float], where: str) -> None:
        self.box, self.where = box, where
        self.area: Any = shapely.box(*box)
        self.keys: list[str] = []
        self.shapes: list[Any] = []
        self.nearest_deg = math.inf

    def add(self, key: str, shape: Any) -> None:
        west, south, east, north = shapely.bounds(shape)
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise InputError(
                f"shape {key} lies at {west:.6g}, {south:.6g}, which is no longitude and latitude",
                where=self.where,
                remedy="the file is in another coordinate system; convert it to EPSG:4326 or use GeoPackage, which names it",
            )
        gap = float(shapely.distance(shapely.box(west, south, east, north), self.area))
        self.nearest_deg = min(self.nearest_deg, gap)
        if gap == 0 and shapely.intersects(shape, self.area):
            self.keys.append(key)
            self.shapes.append(shape)

    @property
    def found(self) -> _Found:
        return self.keys, self.shapes, self.nearest_deg


def _open_text(path: Path) -> Any:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _read_google(path: Path, box: tuple[float, float, float, float]) -> _Found:
    sieve = _Sieve(box, path.name)
    with _open_text(path) as stream:
        rows = csv.DictReader(stream)
        if "geometry" not in (rows.fieldnames or ()):
            raise ReadError(
                "has no column 'geometry' with WKT",
                where=path.name,
                remedy="Google Open Buildings polygons have one",
            )
        for line, row in enumerate(rows, start=2):
            try:
                shape = shapely.from_wkt(row["geometry"])
            except shapely.errors.GEOSException as error:
                raise ReadError(f"not WKT: {error}", where=f"{path.name}, line {line}") from None
            sieve.add(row.get("full_plus_code") or f"line {line}", shape)
    return sieve.found


def _read_lines(path: Path, box: tuple[float, float, float, float]) -> _Found:
    sieve = _Sieve(box, path.name)
    with _open_text(path) as stream:
        for line, text in enumerate(stream, start=1):
            if not text.strip():
                continue
            try:
                record = json.loads(text)
                shape = shapely.from_geojson(json.dumps(record.get("geometry") or record))
            except (ValueError, AttributeError, shapely.errors.GEOSException) as error:
                raise ReadError(f"not GeoJSON: {error}", where=f"{path.name}, line {line}") from None
            sieve.add(str(record.get("id") or f"line {line}"), shape)
    return sieve.found


def _read_osm(path: Path, box: tuple[float, float, float, float]) -> _Found:
    from plumeline.facilities.osm import areas  # noqa: PLC0415 (needs the extra "places")

    sieve = _Sieve(box, path.name)
    for key, shape, _ in areas(path, ("building",)):
        sieve.add(key, shape)
    return sieve.found


def _read_parquet(path: Path, box: tuple[float, float, float, float]) -> _Found:
    from pyarrow import parquet  # noqa: PLC0415 (needs the extra "places")

    table = parquet.read_table(path)
    described = json.loads((table.schema.metadata or {}).get(b"geo", b"{}"))
    column = described.get("primary_column", "geometry")
    if column not in table.column_names:
        raise ReadError(f"has no geometry column {column!r}", where=path.name)
    crs = described.get("columns", {}).get(column, {}).get("crs", "OGC:CRS84")
    shapes = shapely.from_wkb(table.column(column).to_pylist())
    named = ((f"feature {index}", shape) for index, shape in enumerate(shapes, start=1))
    return _sifted(named, crs, box, path.name)


def _read_gdal(path: Path, box: tuple[float, float, float, float]) -> _Found:
    import pyogrio  # noqa: PLC0415 (slow to import)

    try:
        fields = [str(name) for name in pyogrio.read_info(path)["fields"]]
        column = next((name for name in _KEY_FIELDS if name in fields), None)
        meta, _, wkb, values = pyogrio.raw.read(path, columns=[column] if column else [])
    except pyogrio.errors.DataSourceError as error:
        raise ReadError(f"cannot be read: {error}", where=path.name) from None
    if meta["crs"] is None:
        raise InputError(
            "does not say its coordinate system", where=path.name, remedy="write it with one, e.g. EPSG:4326"
        )
    keys = [str(value) for value in values[0]] if column else [f"feature {i + 1}" for i in range(len(wkb))]
    return _sifted(zip(keys, shapely.from_wkb(wkb), strict=True), meta["crs"], box, path.name)


def _sifted(
    shapes: Iterable[tuple[str, Any]], crs: Any, box: tuple[float, float, float, float], where: str
) -> _Found:
    from pyproj import CRS, Transformer  # noqa: PLC0415 (slow to import)

    transformer = Transformer.from_crs(
        CRS.from_user_input(crs if crs is not None else "OGC:CRS84"), "OGC:CRS84", always_xy=True
    )

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    sieve = _Sieve(box, where)
    for key, shape in shapes:
        if shape is not None and not shapely.is_empty(shape):
            sieve.add(key, shapely.transform(shapely.force_2d(shape), move))
    return sieve.found
