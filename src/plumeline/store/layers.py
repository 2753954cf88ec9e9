"""The map layers of a result, in the local frame: what GeoPackage and GeoJSON both write.

A source's centre is a label for its region: it carries the region's radius and is rounded to about a tenth of it,
so that no file gives a position finer than the 90 % region.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.observations import Survey
    from plumeline.sources import SourceEstimate, SourceReport

TRACK_GAP_S = 60.0
"""A pause longer than this splits a track [s]."""

METRES_PER_DEGREE = 111_320.0
"""Of latitude, about [m]."""

RATE_STEPS_G_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Rates for which the detectability layer says where they would have been seen [g s-1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One kind of feature."""

    name: str
    """Table name."""
    doc: str
    """One sentence for whoever opens the file."""
    geometry_type: str
    """OGC name of the geometry type."""
    geometry: NDArray[np.object_]
    """Shapely geometries in the local frame [m], shape (feature,)."""
    fields: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Column name to values, each of shape (feature,)."""


def enclosing_radius_m(estimate: SourceEstimate) -> float:
    """Radius of the circle about a source's centre that holds its whole 90 % region [m]."""
    corners = shapely.get_coordinates(estimate.region_90.shape)
    return float(np.hypot(corners[:, 0] - estimate.x_m, corners[:, 1] - estimate.y_m).max())


def rounding_step_m(radius_m: float) -> float:
    """Power of ten between a twentieth and half of a region's radius: how finely its centre may be given.

    Args:
        radius_m: enclosing radius of the 90 % region [m].

    Returns:
        Step [m].
    """
    return float(10.0 ** math.floor(math.log10(max(radius_m, 1e-3) / 2.0)))


def degree_decimals(step_m: float) -> int:
    """Digits of a degree that are no finer than a step on the ground [m], 0 to 7."""
    return int(min(7, max(0, round(-math.log10(step_m / METRES_PER_DEGREE)))))


def centre_m(estimate: SourceEstimate) -> tuple[float, float]:
    """East and north of a source's centre, rounded to its region's step [m]."""
    step = rounding_step_m(enclosing_radius_m(estimate))
    return _rounded(estimate.x_m, step), _rounded(estimate.y_m, step)


def layers_of(report: SourceReport) -> tuple[Layer, ...]:
    """All map layers of a report; a layer without features is left out.

    Args:
        report: what an inversion says.

    Returns:
        Layers in drawing order, the lowest first.
    """
    found = (
        _detectability(report.detectability),
        *_readings(report.survey),
        _regions(report),
        _sources(report),
    )
    return tuple(layer for layer in found if layer.geometry.size)


def column_name(text: str) -> str:
    """A species' name as part of a column name: lower case, letters, digits and underscores only."""
    return re.sub(r"\W+", "_", text.strip().lower()).strip("_") or "species"


def _rounded(value: float, step: float) -> float:
    return round(round(value / step) * step, 6)


def _objects(items: list[Any]) -> NDArray[np.object_]:
    out = np.empty(len(items), dtype=object)
    out[:] = items
    return out


def _regions(report: SourceReport) -> Layer:
    rows = [(source, region) for source in report.sources for region in (source.region_90, source.region_50)]
    return Layer(
        name="regions",
        doc="Where each source is: smallest regions that hold it with probability 0.9 and 0.5.",
        geometry_type="MultiPolygon",
        geometry=_objects([region.shape for _, region in rows]),
        fields={
            "source": np.array([source.label for source, _ in rows], dtype=object),
            "probability": np.array([region.probability for _, region in rows], dtype=float),
            "area_m2": np.array([region.area_m2 for _, region in rows], dtype=float),
        },
    )


def _sources(report: SourceReport) -> Layer:
    sources = report.sources
    columns: dict[str, NDArray[Any]] = {
        "source": np.array([s.label for s in sources], dtype=object),
        "probability": np.array([s.probability for s in sources], dtype=float),
        "radius_90_m": np.array([enclosing_radius_m(s) for s in sources], dtype=float),
        "area_90_m2": np.array([s.region_90.area_m2 for s in sources], dtype=float),
        "height_m": np.array([s.height_m.median for s in sources], dtype=float),
        "remark": np.array([s.outside_survey for s in sources], dtype=object),
    }
    for name in (str(one) for one in report.posterior["species"].to_numpy()):
        for suffix, quantile in (("", "median"), ("_low", "low"), ("_high", "high")):
            values = [_rate_g_s(source, name, quantile) for source in sources]
            columns[f"{column_name(name)}_g_s{suffix}"] = np.array(values, dtype=float)
    return Layer(
        name="sources",
        doc="Centre of each source's 90 % region, a label for the region and no finer: see radius_90_m.",
        geometry_type="Point",
        geometry=_objects([shapely.Point(centre_m(source)) for source in sources]),
        fields=columns,
    )


def _rate_g_s(source: SourceEstimate, species: str, quantile: str) -> float:
    interval = source.rate_kg_s.get(species)
    return math.nan if interval is None else 1e3 * float(getattr(interval, quantile))


def _readings(survey: Survey) -> list[Layer]:
    layers = []
    if survey.in_situ is not None:
        dataset = survey.in_situ
        points = shapely.points(dataset["x"].to_numpy(), dataset["y"].to_numpy())
        layers += [_track(dataset), _reading_layer(dataset, "readings", "Point", points)]
    if survey.open_path is not None:
        dataset = survey.open_path
        ends = np.stack(
            [
                np.column_stack([dataset[f"{axis}_{end}"].to_numpy() for axis in "xy"])
                for end in ("start", "end")
            ],
            axis=1,
        )
        layers.append(_reading_layer(dataset, "paths", "LineString", shapely.linestrings(ends)))
    return layers


def _reading_layer(dataset: xr.Dataset, name: str, geometry_type: str, shapes: Any) -> Layer:
    placed = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    columns: dict[str, NDArray[Any]] = {
        "time": dataset["time"].to_numpy().astype("datetime64[ms]"),
        "sensor": dataset["sensor_name"].to_numpy()[dataset["sensor"].to_numpy()].astype(object),
        "wind_eastward_m_s": dataset["wind_eastward"].to_numpy(),
        "wind_northward_m_s": dataset["wind_northward"].to_numpy(),
    }
    for index, species in enumerate(str(s) for s in dataset["species"].to_numpy()):
        columns[f"{column_name(species)}_kg_m3"] = dataset["mass_concentration"].to_numpy()[:, index]
        columns[f"{column_name(species)}_quality"] = dataset["quality"].to_numpy()[:, index].astype(np.int32)
    return Layer(
        name=name,
        doc="Every reading as measured; quality 0 is good, other values say what is wrong with it.",
        geometry_type=geometry_type,
        geometry=np.asarray(shapes, dtype=object)[placed],
        fields={key: np.asarray(values)[placed] for key, values in columns.items()},
    )


def track_pieces(dataset: xr.Dataset) -> list[tuple[str, NDArray[np.intp]]]:
    """Rows of each unbroken piece of a sensor's way; a sensor that does not move has none.

    Args:
        dataset: schema `in_situ`.

    Returns:
        Sensor name and row numbers in time order, one pair a piece.
    """
    x_m, y_m = dataset["x"].to_numpy(), dataset["y"].to_numpy()
    time = dataset["time"].to_numpy()
    pieces = []
    for index, name in enumerate(str(n) for n in dataset["sensor_name"].to_numpy()):
        rows = np.flatnonzero((dataset["sensor"].to_numpy() == index) & np.isfinite(x_m) & np.isfinite(y_m))
        rows = rows[np.argsort(time[rows], kind="stable")]
        if rows.size < 2 or (np.ptp(x_m[rows]) < 1.0 and np.ptp(y_m[rows]) < 1.0):
            continue
        pauses = np.diff(time[rows]) / np.timedelta64(1, "s")
        parts = np.split(rows, np.flatnonzero(pauses > TRACK_GAP_S) + 1)
        pieces += [(name, part) for part in parts if part.size > 1]
    return pieces


def _track(dataset: xr.Dataset) -> Layer:
    pieces = track_pieces(dataset)
    x_m, y_m, time = (dataset[name].to_numpy() for name in ("x", "y", "time"))
    return Layer(
        name="track",
        doc="The way of each moving sensor.",
        geometry_type="LineString",
        geometry=_objects([
            shapely.LineString(np.column_stack([x_m[rows], y_m[rows]])) for _, rows in pieces
        ]),
        fields={
            "sensor": np.array([name for name, _ in pieces], dtype=object),
            "start": np.array([time[rows[0]] for _, rows in pieces], dtype="datetime64[ms]"),
            "end": np.array([time[rows[-1]] for _, rows in pieces], dtype="datetime64[ms]"),
        },
    )


def _detectability(dataset: xr.Dataset) -> Layer:
    x_m, y_m = dataset["x"].to_numpy(), dataset["y"].to_numpy()
    rate_g_s = 1e3 * dataset["minimum_detectable_rate"].to_numpy()
    rows = [
        (str(species), step, _cells(x_m, y_m, rate_g_s[index] <= step))
        for index, species in enumerate(dataset["species"].to_numpy())
        for step in reversed(RATE_STEPS_G_S)
    ]
    rows = [row for row in rows if not row[2].is_empty]
    return Layer(
        name="detectability",
        doc="Where a source of at least this rate would have been seen with probability 0.9.",
        geometry_type="MultiPolygon",
        geometry=_objects([shape for _, _, shape in rows]),
        fields={
            "species": np.array([species for species, _, _ in rows], dtype=object),
            "rate_g_s": np.array([step for _, step, _ in rows], dtype=float),
        },
    )


def _cells(
    x_m: NDArray[np.float64], y_m: NDArray[np.float64], inside: NDArray[np.bool_]
) -> shapely.MultiPolygon:
    """Union of the grid cells that are inside, run by run along x."""
    half_x = 0.5 * float(np.diff(x_m).mean()) if x_m.size > 1 else 0.5
    half_y = 0.5 * float(np.diff(y_m).mean()) if y_m.size > 1 else 0.5
    boxes = []
    for row, flags in enumerate(inside):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
        for start, stop in edges.reshape(-1, 2):
            west, east = x_m[start] - half_x, x_m[stop - 1] + half_x
            boxes.append(shapely.box(west, y_m[row] - half_y, east, y_m[row] + half_y))
    pieces: list[Any] = list(shapely.get_parts(shapely.union_all(boxes)))
    return shapely.MultiPolygon([piece for piece in pieces if not piece.is_empty])
