"""The register of known places: what is listed where, from a CSV or an OpenStreetMap extract.

Only a category and a place are read. Columns that could name a person or a firm are not.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from plumeline.errors import ReadError
from plumeline.facilities.evidence import RegisterSearch
from plumeline.facilities.osm import places, roads

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from plumeline.frames import LocalFrame

OSM_KEYS = (
    "shop",
    "craft",
    "amenity",
    "industrial",
    "man_made",
    "healthcare",
    "leisure",
    "landuse",
    "animal_breeding",
    "beauty",
)
"""OSM keys under which a benign reason may be listed."""

COVERAGE_M = 500.0
"""A register with nothing listed within this distance does not cover a place [m]."""

MARGIN_M = 20.0
"""Distance from the region within which a listed place may be the source [m]."""


_METRES = ("x_m", "y_m")
_PLACE = (_METRES, ("lon", "lat"), ("longitude", "latitude"), ("longitude_deg", "latitude_deg"))
_CATEGORY = ("category", "tags")
"""Names under which columns are looked for; no other column is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredPlace:
    """One entry: what and where, never who."""

    category: str
    """OSM tag "key=value"."""
    x_m: float
    """East in the local frame [m]."""
    y_m: float
    """North in the local frame [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """All entries of one file."""

    places: tuple[RegisteredPlace, ...]
    """Entries."""
    source: str
    """File name."""


def read_register(path: Path, frame: LocalFrame) -> Register:
    """Read a register.

    Args:
        path: CSV with columns `category` (or `tags`, split by `;`) and `lon`, `lat` (or `longitude_deg`,
            `latitude_deg`, or `x_m`, `y_m`), or OSM PBF or XML.
        frame: local frame; must be placed on Earth unless the CSV gives metres.

    Returns:
        The register.

    Raises:
        ReadError: a column is missing or a line cannot be read.
    """
    if path.name.lower().endswith((".pbf", ".osm")):
        rows: Iterable[tuple[str, float, float]] = _osm_rows(path)
        return Register(places=_placed(rows, frame), source=path.name)
    if not path.is_file():
        raise ReadError("there is no such file", where=str(path))
    try:
        return Register(places=_read_csv(path, frame), source=path.name)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReadError(f"is no CSV: {error}", where=path.name, remedy="save it as UTF-8 text") from None


def _osm_rows(path: Path) -> Iterable[tuple[str, float, float]]:
    for _, lon_deg, lat_deg, tags in places(path, OSM_KEYS):
        for tag in tags:
            yield tag, lon_deg, lat_deg
    yield from roads(path)


def _placed(rows: Iterable[tuple[str, float, float]], frame: LocalFrame) -> tuple[RegisteredPlace, ...]:
    kept = list(rows)
    x_m, y_m = frame.to_local([row[1] for row in kept], [row[2] for row in kept])
    return tuple(
        RegisteredPlace(category=row[0], x_m=float(x), y_m=float(y))
        for row, x, y in zip(kept, x_m, y_m, strict=True)
    )


def _read_csv(path: Path, frame: LocalFrame) -> tuple[RegisteredPlace, ...]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        columns = set(reader.fieldnames or ())
        category = next((name for name in _CATEGORY if name in columns), None)
        pair = next((pair for pair in _PLACE if set(pair) <= columns), None)
        if category is None or pair is None:
            raise ReadError(
                f"has columns {sorted(columns)}",
                where=path.name,
                remedy="a register needs category and lon, lat (or x_m, y_m)",
            )
        rows = []
        for line, row in enumerate(reader, start=2):
            try:
                place = (float(row[pair[0]]), float(row[pair[1]]))
                rows += [(tag.strip(), *place) for tag in row[category].split(";") if tag.strip()]
            except (TypeError, ValueError, AttributeError):
                raise ReadError(
                    "is not a category and two numbers", where=f"{path.name}, line {line}"
                ) from None
    if pair != _METRES:
        return _placed(rows, frame)
    return tuple(RegisteredPlace(category=row[0], x_m=row[1], y_m=row[2]) for row in rows)


def search_register(register: Register | None, region: Any) -> RegisterSearch | None:
    """What the register lists where the source may be.

    Args:
        register: the register; None when there is none.
        region: the source's 90 % region in the local frame (shapely).

    Returns:
        What was found and what chance would put there; None when the register does not cover the place, because
        then nothing listed does not mean nothing there.
    """
    if register is None or not register.places:
        return None
    x_m = np.array([place.x_m for place in register.places])
    y_m = np.array([place.y_m for place in register.places])
    distance_m = shapely.distance(shapely.points(x_m, y_m), region)
    if float(distance_m.min()) > COVERAGE_M:
        return None
    searched: Any = shapely.buffer(region, MARGIN_M)
    hull: Any = shapely.buffer(
        shapely.convex_hull(shapely.multipoints(np.column_stack([x_m, y_m]))), MARGIN_M
    )
    share = min(searched.area / max(hull.area, searched.area), 1.0)
    counts: dict[str, int] = {}
    for place in register.places:
        counts[place.category] = counts.get(place.category, 0) + 1
    found = frozenset(
        place.category for place, apart in zip(register.places, distance_m, strict=True) if apart <= MARGIN_M
    )
    # Half a place more than were counted: a category that is listed nowhere else is rare, not impossible.
    chance = {category: (count + 0.5) * share for category, count in sorted(counts.items())}
    return RegisterSearch(found=found, chance=chance, default_chance=max(0.5 * share, 1e-4))
