"""GPX through gpxpy: track, route and way points in the file's order; the record number is the point's number.

A torn file is closed after its last whole point, and that is remarked.

References: https://www.topografix.com/GPX/1/1/.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import gpxpy
import numpy as np

from plumeline.errors import ReadError
from plumeline.instruments import checks
from plumeline.instruments.recording import Remark
from plumeline.instruments.table import RawTables
from plumeline.instruments.tables import make_table
from plumeline.instruments.text_layout import encoding_of, sample_of

if TYPE_CHECKING:
    from pathlib import Path

    from plumeline.instruments.mapping import TableMapping
    from plumeline.instruments.textfile import Progress

LARGEST_BYTES = 1 << 28
LAST_POINT = re.compile(r"(?s)^(.*</(trkpt|rtept|wpt)>|.*<(?:trkpt|rtept|wpt)\b[^<>]*/>)")
CLOSING = {"trkpt": "</trkseg></trk></gpx>", "rtept": "</rte></gpx>", "wpt": "</gpx>"}
ENTITY = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


def read_gpx(path: Path, mapping: TableMapping, progress: Progress | None) -> RawTables:
    """Read a GPX file.

    Args:
        path: the file.
        mapping: the format.
        progress: called with bytes done and bytes in all.

    Returns:
        The track.

    Raises:
        ReadError: the file is too large, defines entities, is no GPX, or holds no point.
    """
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise ReadError(
            f"a GPX file of {size / 2**20:.0f} MiB does not fit into memory",
            where=path.name,
            remedy="export the track as CSV or NMEA",
        )
    encoding = mapping.file.encoding or encoding_of(sample_of(path))[0]
    text = path.read_bytes().decode(encoding, errors="replace").lstrip("\ufeff")
    if ENTITY.search(text):
        raise ReadError(
            "it defines XML entities, which no GPX file needs", where=path.name, remedy="export it again"
        )
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    document, remarks = _parsed(path, text)
    points = _points(document)
    if not points:
        raise ReadError("there is no point in it", where=path.name, remedy="export the track, not the folder")
    if progress is not None:
        progress(size, size)
    table = _track(points).assign_attrs(source_file=path.name)
    if table.attrs["time_reference"] == "relative":
        remarks.append(
            Remark(what="the points have no time", consequence="they cannot be aligned with a sensor")
        )
    return RawTables(tables={"track": table}, remarks=remarks + checks.table("track", table))


def _parsed(path: Path, text: str) -> tuple[Any, list[Remark]]:
    # The document; of a torn file, the part up to its last whole point.
    try:
        return gpxpy.parse(text), []
    except Exception as error:  # noqa: BLE001 (the library lets the XML parser's and its own errors through)
        fault = str(error).splitlines()[0] if str(error) else type(error).__name__
    whole = LAST_POINT.match(text)
    if whole is not None:
        kind = whole[2] or re.findall(r"<(trkpt|rtept|wpt)\b", whole[1])[-1]
        try:
            document = gpxpy.parse(whole[1] + CLOSING[kind])
        except Exception:  # noqa: BLE001, S110 (the first fault is the one to report)
            pass
        else:
            line = text[: whole.end()].count("\n") + 1
            remark = Remark(
                what=f"the file is torn ({fault})", consequence="all whole points were kept", lines=(line,)
            )
            return document, [remark]
    raise ReadError(f"it is no whole GPX file ({fault})", where=path.name, remedy="export the track again")


def _points(document: Any) -> list[Any]:
    tracks = [point for track in document.tracks for segment in track.segments for point in segment.points]
    routes = [point for route in document.routes for point in route.points]
    return tracks or routes or list(document.waypoints)


def _track(points: list[Any]) -> Any:
    times = [_utc(point.time) for point in points]
    arrays: dict[str, Any] = {
        "time": np.asarray(times, "datetime64[ns]"),
        "line": np.arange(1, len(points) + 1),
        "latitude": np.asarray([_number(point.latitude) for point in points]),
        "longitude": np.asarray([_number(point.longitude) for point in points]),
    }
    optional = {
        "altitude": "elevation",
        "ground_speed": "speed",
        "course": "course",
        "satellites": "satellites",
        "horizontal_dilution": "horizontal_dilution",
    }
    for name, attribute in optional.items():
        values = np.asarray([_number(getattr(point, attribute, None)) for point in points])
        if np.isfinite(values).any():
            arrays[name] = values
    timed = not np.isnat(arrays["time"]).all()
    return make_table(
        "track",
        arrays,
        attributes={"altitude": {"reference": "mean sea level"}},
        time_reference="utc" if timed else "relative",
    )


def _utc(time: Any) -> np.datetime64:
    if time is None:
        return np.datetime64("NaT", "ns")
    shift = time.utcoffset()
    naive = time.replace(tzinfo=None)
    return np.datetime64(naive - shift if shift is not None else naive, "ns")


def _number(value: Any) -> float:
    try:
        return float("nan") if value is None else float(value)
    except (TypeError, ValueError):
        return float("nan")
