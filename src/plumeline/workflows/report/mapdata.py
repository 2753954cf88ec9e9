"""What the report's map draws, as plain values: places as (latitude, longitude), or (north, east) in metres off Earth."""

from __future__ import annotations

import base64
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy.ndimage import gaussian_filter

from plumeline.observations import Quality
from plumeline.store.layers import centre_m, enclosing_radius_m, track_pieces

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.frames import LocalFrame
    from plumeline.sources import SourceReport

    Floats = NDArray[np.float64]

MAX_PLACES = 4000
"""Readings drawn at most; the largest of each group of neighbours stands for it beyond that."""

MAX_FIXED_PLACES = 400
"""A sensor set with at most this many places, each read often, is drawn as fixed sensors."""

WIND_ARROWS = 26
DENSITY_CELLS = 160
SMOOTHING = 0.2
"""Width of the density's smoothing, as a share of the smallest 90 % region's radius."""

BYTE_LEVELS = 254

MILLIGRAMS_PER_KILOGRAM = 1e6


def map_data(report: SourceReport) -> dict[str, Any]:
    """All layers of the map but the basemap.

    Args:
        report: what an inversion says.

    Returns:
        Plain values for JSON.
    """
    frame = report.survey.frame
    return {
        "placed": frame.is_placed,
        "scale": _scale(frame),
        "view": _corners(view_m(report), frame),
        "species": list(report.survey.species),
        "track": _tracks(report, frame),
        "readings": _readings(report, frame),
        "paths": _paths(report, frame),
        "wind": _wind(report, frame),
        "density": _density(report, frame),
        "detectability": _detectability(report.detectability, frame),
        "regions": [
            {"label": source.label, "probability": region.probability, "rings": _rings(region.shape, frame)}
            for source in report.sources
            for region in (source.region_90, source.region_50)
        ],
        "sources": [
            {
                "label": source.label,
                "at": _place(*centre_m(source), frame),
                "radius_m": round(enclosing_radius_m(source), 1),
            }
            for source in report.sources
        ],
    }


def view_m(report: SourceReport) -> tuple[float, float, float, float]:
    """What the map shows first: every reading and region, with room [m]: west, south, east, north."""
    boxes = [region.shape.bounds for source in report.sources for region in (source.region_90,)]
    for dataset in report.survey.datasets:
        names = [n for n in ("x", "x_start", "x_end") if n in dataset]
        for name in names:
            x_m, y_m = dataset[name].to_numpy(), dataset[name.replace("x", "y", 1)].to_numpy()
            good = np.isfinite(x_m) & np.isfinite(y_m) & _believed(dataset)
            if good.any():
                boxes.append((x_m[good].min(), y_m[good].min(), x_m[good].max(), y_m[good].max()))
    found = np.array(boxes) if boxes else np.array([[-50.0, -50.0, 50.0, 50.0]])
    west, south = found[:, :2].min(axis=0).tolist()
    east, north = found[:, 2:].max(axis=0).tolist()
    room = 0.08 * max(east - west, north - south) + 5.0
    return west - room, south - room, east + room, north + room


def time_text(value: np.datetime64) -> str:
    """A time as "2026-03-02 09:40:00", UTC."""
    return str(np.datetime_as_string(value, unit="s")).replace("T", " ")


def significant(values: Any, digits: int = 4) -> list[float | None]:
    """Numbers with so many significant digits; None where there is none."""
    return [
        float(f"{v:.{digits}g}") if math.isfinite(v) else None
        for v in np.asarray(values, float).ravel().tolist()
    ]


def _believed(dataset: xr.Dataset) -> NDArray[np.bool_]:
    wrong = int(Quality.POSITION_GLITCH | Quality.POSITION_MISSING)
    return np.asarray((dataset["quality"].to_numpy() & wrong == 0).any(axis=1))


def _place(x_m: float, y_m: float, frame: LocalFrame) -> list[float]:
    return _places(np.array([x_m]), np.array([y_m]), frame)[0]


def _places(x_m: Floats, y_m: Floats, frame: LocalFrame) -> list[list[float]]:
    if not frame.is_placed:
        return [[round(float(n), 2), round(float(e), 2)] for e, n in zip(x_m, y_m, strict=True)]
    lon_deg, lat_deg = frame.to_lonlat(x_m, y_m)
    return [[round(float(n), 7), round(float(e), 7)] for e, n in zip(lon_deg, lat_deg, strict=True)]


def _corners(box: tuple[float, float, float, float], frame: LocalFrame) -> list[list[float]]:
    west, south, east, north = box
    return _places(np.array([west, east]), np.array([south, north]), frame)


def _scale(frame: LocalFrame) -> dict[str, float]:
    """Where the local (0, 0) lies and how long a degree is there, for the grid and the pointer's read-out."""
    if frame.origin is None:
        return {"lat": 0.0, "lon": 0.0, "m_per_lat": 1.0, "m_per_lon": 1.0}
    lon_deg, lat_deg = frame.to_lonlat(np.array([0.0, 1000.0]), np.array([1000.0, 0.0]))
    return {
        "lat": frame.origin.lat_deg,
        "lon": frame.origin.lon_deg,
        "m_per_lat": 1000.0 / (float(lat_deg[0]) - frame.origin.lat_deg),
        "m_per_lon": 1000.0 / (float(lon_deg[1]) - frame.origin.lon_deg),
    }


def _rings(shape: Any, frame: LocalFrame) -> list[list[list[list[float]]]]:
    return [
        [
            _places(at[:, 0], at[:, 1], frame)
            for at in (np.asarray(ring.coords) for ring in (polygon.exterior, *polygon.interiors))
        ]
        for polygon in shapely.get_parts(shape)
    ]


def _tracks(report: SourceReport, frame: LocalFrame) -> list[dict[str, Any]]:
    dataset = report.survey.in_situ
    if dataset is None:
        return []
    x_m, y_m = dataset["x"].to_numpy(), dataset["y"].to_numpy()
    tracks = []
    for name, rows in track_pieces(dataset):
        believed = rows[_believed(dataset)[rows]]
        kept = believed[:: max(1, believed.size // MAX_PLACES)]
        tracks.append({"sensor": name, "line": _places(x_m[kept], y_m[kept], frame)})
    return tracks


def _groups(x_m: Floats, y_m: Floats) -> NDArray[np.intp]:
    """One number per distinct place, to the decimetre."""
    keys = np.column_stack([np.round(x_m, 1), np.round(y_m, 1)])
    return np.asarray(np.unique(keys, axis=0, return_inverse=True)[1]).ravel()


def _readings(report: SourceReport, frame: LocalFrame) -> list[dict[str, Any]]:
    dataset = report.survey.in_situ
    if dataset is None:
        return []
    x_m, y_m = dataset["x"].to_numpy(), dataset["y"].to_numpy()
    rows = np.flatnonzero(np.isfinite(x_m) & np.isfinite(y_m))
    group = _groups(x_m[rows], y_m[rows])
    count = int(group.max()) + 1 if rows.size else 0
    if not (count <= MAX_FIXED_PLACES and rows.size > 4 * count):
        group = (np.arange(rows.size) * min(rows.size, MAX_PLACES)) // max(rows.size, 1)
    return [
        entry | {"at": _place(float(x_m[entry["row"]]), float(y_m[entry["row"]]), frame)}
        for entry in _largest(dataset, rows, group)
    ]


def _paths(report: SourceReport, frame: LocalFrame) -> list[dict[str, Any]]:
    dataset = report.survey.open_path
    if dataset is None:
        return []
    ends = {name: dataset[name].to_numpy() for name in ("x_start", "y_start", "x_end", "y_end")}
    rows = np.flatnonzero(np.isfinite(np.column_stack(list(ends.values()))).all(axis=1))
    keys = np.column_stack([np.round(values[rows], 1) for values in ends.values()])
    group = np.asarray(np.unique(keys, axis=0, return_inverse=True)[1]).ravel()
    if rows.size and group.max() >= MAX_PLACES:
        group = (np.arange(rows.size) * MAX_PLACES) // rows.size
    out = []
    for entry in _largest(dataset, rows, group):
        row = entry["row"]
        east, north = (np.array([ends[f"{axis}_start"][row], ends[f"{axis}_end"][row]]) for axis in "xy")
        out.append(entry | {"line": _places(east, north, frame)})
    return out


def _largest(dataset: xr.Dataset, rows: NDArray[np.intp], group: NDArray[np.intp]) -> list[dict[str, Any]]:
    """The largest reading of each group, with how many it stands for."""
    values = dataset["mass_concentration"].to_numpy()
    quality = dataset["quality"].to_numpy()
    names = [str(name) for name in dataset["sensor_name"].to_numpy()]
    sensor, time = dataset["sensor"].to_numpy(), dataset["time"].to_numpy()
    rank = np.nan_to_num(np.nanmax(np.nan_to_num(values[rows], nan=-np.inf), axis=1), neginf=-1e30)
    order = np.lexsort([-rank, group])
    first = order[np.r_[True, np.diff(group[order]) > 0]] if rows.size else order
    counts = np.bincount(group) if rows.size else np.zeros(0, int)
    return [
        {
            "row": int(rows[i]),
            "sensor": names[int(sensor[rows[i]])],
            "time": time_text(time[rows[i]]),
            "count": int(counts[group[i]]),
            "mg_m3": significant(MILLIGRAMS_PER_KILOGRAM * values[rows[i]]),
            "flags": _flags(quality[rows[i]]),
        }
        for i in first
    ]


def _flags(quality: Any) -> list[str]:
    bits = int(np.bitwise_or.reduce(np.asarray(quality, int)))
    return [str(flag.name).lower().replace("_", " ") for flag in Quality if bits & flag]


def _wind(report: SourceReport, frame: LocalFrame) -> list[dict[str, Any]]:
    parts = []
    for dataset in report.survey.datasets:
        x_m, y_m = (
            (
                dataset[axis]
                if axis in dataset
                else 0.5 * (dataset[f"{axis}_start"] + dataset[f"{axis}_end"])
            ).to_numpy()
            for axis in "xy"
        )
        u, v = dataset["wind_eastward"].to_numpy(), dataset["wind_northward"].to_numpy()
        good = np.isfinite(x_m) & np.isfinite(y_m) & np.isfinite(u) & np.isfinite(v) & _believed(dataset)
        parts.append(np.column_stack([x_m, y_m, u, v])[good])
    rows = np.concatenate(parts)
    if not len(rows):
        return []
    edges = np.linspace(0, len(rows), min(WIND_ARROWS, len(rows)) + 1).astype(int)
    out = []
    for a, b in pairwise(edges.tolist()):
        x_m, y_m = rows[(a + b) // 2, :2]
        u, v = rows[a:b, 2:].mean(axis=0)
        out.append({
            "at": _place(float(x_m), float(y_m), frame),
            "east_m_s": round(float(u), 2),
            "north_m_s": round(float(v), 2),
        })
    return out


def _density(report: SourceReport, frame: LocalFrame) -> dict[str, Any] | None:
    """Posterior density of any source's place, smoothed by less than the smallest region's own width."""
    x_m, y_m = (report.posterior[name].to_numpy().ravel() for name in "xy")
    good = np.isfinite(x_m) & np.isfinite(y_m)
    if good.sum() < 10 or not report.sources:
        return None
    west, south, east, north = view_m(report)
    cell = max(east - west, north - south) / DENSITY_CELLS
    columns, rows = (max(8, math.ceil(span / cell)) for span in (east - west, north - south))
    edges = (south + cell * np.arange(rows + 1), west + cell * np.arange(columns + 1))
    counts = np.histogram2d(y_m[good], x_m[good], bins=edges)[0]
    radius_m = min(math.sqrt(source.region_90.area_m2 / math.pi) for source in report.sources)
    density = gaussian_filter(counts, max(1.2, SMOOTHING * radius_m / cell), mode="constant")
    if density.max() <= 0:
        return None
    levels = np.round(BYTE_LEVELS * density / density.max()).astype(np.uint8)
    return {
        "bounds": _corners((west, south, west + columns * cell, south + rows * cell), frame),
        "columns": columns,
        "rows": rows,
        "bytes": _bytes(levels),
    }


def _detectability(dataset: xr.Dataset, frame: LocalFrame) -> dict[str, Any]:
    """log10 of the least seen rate [g s-1] in 254 steps; 255 is "nothing could be seen"."""
    x_m, y_m = dataset["x"].to_numpy(), dataset["y"].to_numpy()
    logs = np.log10(1e3 * dataset["minimum_detectable_rate"].to_numpy())
    finite = logs[np.isfinite(logs)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    high = max(high, low + 1e-3)
    levels = np.where(np.isfinite(logs), np.round(BYTE_LEVELS * (logs - low) / (high - low)), 255).astype(
        np.uint8
    )
    half_x, half_y = (0.5 * float(np.diff(a).mean()) if a.size > 1 else 0.5 for a in (x_m, y_m))
    box = (x_m[0] - half_x, y_m[0] - half_y, x_m[-1] + half_x, y_m[-1] + half_y)
    return {
        "bounds": _corners((float(box[0]), float(box[1]), float(box[2]), float(box[3])), frame),
        "columns": int(x_m.size),
        "rows": int(y_m.size),
        "low": low,
        "high": high,
        "species": [str(name) for name in dataset["species"].to_numpy()],
        "bytes": [_bytes(layer) for layer in levels],
    }


def _bytes(levels: NDArray[np.uint8]) -> str:
    """Rows from south to north."""
    return base64.b64encode(np.ascontiguousarray(levels).tobytes()).decode()
