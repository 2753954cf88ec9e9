"""GeoJSON of a result: regions, centres, track and detectability; readings are in the GeoPackage.

A survey without a place on Earth gets no GeoJSON (its coordinates would be taken for degrees) but a file of local
coordinates that says so and has another type.

References: RFC 7946.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from pathlib import Path

    from plumeline.frames import LocalFrame
    from plumeline.sources import SourceReport
    from plumeline.store.layers import Layer

PLACED_NAME = "result.geojson"
LOCAL_NAME = "result.local.json"
DEGREE_DECIMALS = 7
METRE_DECIMALS = 2
SHOWN = ("regions", "sources", "track", "paths", "detectability")


def write_geojson(report: SourceReport, layers: tuple[Layer, ...], folder: Path) -> Path:
    """Write `result.geojson`, or `result.local.json` when the survey has no place on Earth.

    Args:
        report: what an inversion says.
        layers: its layers.
        folder: where to write.

    Returns:
        The file.

    Raises:
        OSError: the file cannot be written.
    """
    frame = report.survey.frame
    shown = [layer for layer in layers if layer.name in SHOWN]
    features = [feature for layer in shown for feature in _features(layer, frame)]
    if frame.is_placed:
        path, head = folder / PLACED_NAME, {"type": "FeatureCollection"}
    else:
        path = folder / LOCAL_NAME
        head = {
            "type": "LocalFeatureCollection",
            "coordinates": "metres east and north in the survey's local frame; no place on Earth is known",
        }
    text = json.dumps(head | {"features": features}, ensure_ascii=False, allow_nan=False, indent=None)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def on_earth(shapes: Any, frame: LocalFrame) -> Any:
    """Shapes with longitude and latitude for east and north; unchanged in a frame without an origin.

    Args:
        shapes: one shapely geometry or an array of them, in the local frame [m].
        frame: the local frame.

    Returns:
        The same kind of thing, in degrees on WGS 84 (or metres).
    """
    if not frame.is_placed:
        return shapes
    return shapely.transform(
        shapes, lambda at: np.column_stack(frame.to_lonlat(at[:, 0], at[:, 1])) if len(at) else at
    )


def _features(layer: Layer, frame: LocalFrame) -> list[dict[str, Any]]:
    decimals = DEGREE_DECIMALS if frame.is_placed else METRE_DECIMALS
    shapes = on_earth(layer.geometry, frame)
    columns = {name: [_plain(value) for value in values] for name, values in layer.fields.items()}
    return [
        {
            "type": "Feature",
            "geometry": geometry_dict(shape, decimals),
            "properties": {"layer": layer.name} | {name: values[row] for name, values in columns.items()},
        }
        for row, shape in enumerate(shapes)
    ]


def geometry_dict(shape: Any, decimals: int) -> dict[str, Any]:
    """A geometry as a GeoJSON object: exterior rings counter-clockwise, coordinates rounded.

    Args:
        shape: a shapely geometry.
        decimals: digits after the point.

    Returns:
        The object.
    """
    mapping = shapely.geometry.mapping(shapely.orient_polygons(shape))
    return {"type": mapping["type"], "coordinates": _round(mapping["coordinates"], decimals)}


def _round(coordinates: Any, decimals: int) -> Any:
    if isinstance(coordinates, tuple | list):
        return [_round(item, decimals) for item in coordinates]
    return round(float(coordinates), decimals)


def _plain(value: Any) -> Any:
    if isinstance(value, np.datetime64):
        return f"{np.datetime_as_string(value, unit='ms')}Z"
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
