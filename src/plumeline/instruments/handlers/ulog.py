"""PX4 ULog through pyulog: global position, attitude, the estimator's wind; UTC from the GNSS receiver.

The record number is the message's place within its topic. Old logs write latitude as an integer of 1e-7 degrees,
new ones as degrees.

References: https://docs.px4.io/main/en/dev_log/ulog_file_format.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pyulog import ULog

from plumeline.errors import ReadError
from plumeline.instruments import checks
from plumeline.instruments.clocks import BootClock, utc_from_unix
from plumeline.instruments.handlers.complaints import caught
from plumeline.instruments.quantities import full_circle
from plumeline.instruments.recording import Remark
from plumeline.instruments.table import RawTables
from plumeline.instruments.tables import make_table

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.instruments.mapping import TableMapping
    from plumeline.instruments.textfile import Progress

    Topic = dict[str, NDArray[Any]]

TOPICS = (
    "vehicle_gps_position",
    "sensor_gps",
    "vehicle_global_position",
    "vehicle_attitude",
    "home_position",
    "wind",
    "wind_estimate",
)


def read_ulog(path: Path, mapping: TableMapping, progress: Progress | None) -> RawTables:
    """Read a ULog.

    Args:
        path: the file.
        mapping: the format.
        progress: called with bytes done and bytes in all.

    Returns:
        Track, attitude and wind.

    Raises:
        ReadError: the log cannot be read or holds none of these.
    """
    del mapping
    topics, remarks = _topics(path)
    if progress is not None:
        progress(path.stat().st_size, path.stat().st_size)
    gnss = topics.get("vehicle_gps_position") or topics.get("sensor_gps") or {}
    clock = BootClock.fit(
        _nanoseconds(gnss), utc_from_unix(_integers(gnss.get("time_utc_usec", np.zeros(_count(gnss)))))
    )
    tables = {
        kind: table.assign_attrs(source_file=path.name, time_reference=clock.reference)
        for kind, table in (
            ("track", _track(topics, gnss, clock)),
            ("attitude", _attitude(topics.get("vehicle_attitude", {}), clock)),
            ("wind", _wind(topics.get("wind") or topics.get("wind_estimate") or {}, clock)),
        )
        if table is not None
    }
    if not tables:
        raise ReadError(
            "the log holds neither position nor attitude nor wind",
            where=path.name,
            remedy="log the topics vehicle_global_position, vehicle_attitude and wind",
        )
    found = checks.idle_wind(tables)
    found += [remark for kind, table in tables.items() for remark in checks.table(kind, table)]
    return RawTables(tables=tables, remarks=[*remarks, *clock.remarks, *found])


def _topics(path: Path) -> tuple[dict[str, Topic], list[Remark]]:
    # The first instance of each wanted topic; what the library complains of becomes a remark.
    try:
        with path.open("rb") as stream, caught() as said, np.errstate(all="ignore"):
            log: Any = ULog(stream, list(TOPICS))
            topics = {found.name: dict(found.data) for found in reversed(log.data_list)}
            damaged, dropouts = bool(log.file_corruption), list(log.dropouts)
    except Exception as error:  # noqa: BLE001 (a broken log may make the library fail in any way)
        raise ReadError(
            f"the log cannot be read ({type(error).__name__}: {error})",
            where=path.name,
            remedy="copy it from the autopilot again",
        ) from None
    remarks = []
    if damaged or said.first:
        what = said.first or "checks failed"
        remarks.append(Remark(what=f"the log is damaged ({what})", consequence="what could be read is kept"))
    if dropouts:
        longest = max(dropout.duration for dropout in dropouts)
        remarks.append(
            Remark(
                what=f"{len(dropouts)} dropouts of the logger, the longest {longest / 1000:.2f} s",
                consequence="there are gaps",
                count=len(dropouts),
            )
        )
    return {name: _clean(topic) for name, topic in topics.items() if _count(topic)}, remarks


def _clean(topic: Topic) -> Topic:
    """The topic with all columns of one length, as a torn log may leave the last message in half."""
    count = min(len(values) for values in topic.values())
    return {name: np.asarray(values)[:count] for name, values in topic.items()}


def _count(topic: Topic) -> int:
    return len(topic["timestamp"]) if "timestamp" in topic else 0


def _integers(values: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(np.minimum(values, 2**53), "int64")


def _nanoseconds(topic: Topic) -> NDArray[np.int64]:
    return _integers(topic.get("timestamp", np.zeros(0))) * 1000


def _start(topic: Topic, clock: BootClock) -> dict[str, Any]:
    return {"time": clock.utc(_nanoseconds(topic)), "line": np.arange(1, _count(topic) + 1)}


def _degrees(topic: Topic, name: str) -> NDArray[np.float64]:
    """Latitude or longitude, however this firmware writes it."""
    for key in (f"{name}_deg", name[:3]):
        if key in topic:
            values = np.asarray(topic[key])
            return values / 1e7 if values.dtype.kind in "iu" else values.astype(float)
    return np.full(_count(topic), np.nan)


def _metres(topic: Topic) -> NDArray[np.float64]:
    """Altitude above mean sea level, however this firmware writes it."""
    for key in ("altitude_msl_m", "alt"):
        if key in topic:
            values = np.asarray(topic[key])
            return values / 1000 if values.dtype.kind in "iu" else values.astype(float)
    return np.full(_count(topic), np.nan)


def _track(topics: dict[str, Topic], gnss: Topic, clock: BootClock) -> xr.Dataset | None:
    """The estimator's position, or the receiver's own where the log has no other."""
    topic = topics.get("vehicle_global_position") or gnss
    if not _count(topic):
        return None
    altitude = _metres(topic)
    arrays = _start(topic, clock) | {
        "latitude": _degrees(topic, "latitude"),
        "longitude": _degrees(topic, "longitude"),
        "altitude": altitude,
        "altitude_mean_sea_level": altitude,
    }
    home = np.asarray(topics.get("home_position", {}).get("alt", np.zeros(0)), float)
    home = home[np.isfinite(home)]
    reference = "mean sea level"
    if home.size:
        arrays["altitude"], reference = altitude - home[-1], "take-off"
    for name, keys in {"velocity_northward": "vel_n", "velocity_eastward": "vel_e"}.items():
        for key in (f"{keys}_m_s", keys):
            if key in topic:
                arrays[name] = np.asarray(topic[key], float)
    return make_table(
        "track",
        arrays,
        attributes={"altitude": {"reference": reference}, "altitude_mean_sea_level": {"units": "m"}},
    )


def _attitude(topic: Topic, clock: BootClock) -> xr.Dataset | None:
    """Heading, pitch and roll from the quaternion (body to north-east-down)."""
    if not _count(topic) or not {f"q[{i}]" for i in range(4)} <= set(topic):
        return None
    w, x, y, z = (np.asarray(topic[f"q[{i}]"], float) for i in range(4))
    with np.errstate(all="ignore"):
        sine = np.clip(2 * (w * y - z * x), -1.0, 1.0)
        roll = np.arctan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
        heading = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    arrays = _start(topic, clock) | {
        "heading": full_circle(np.degrees(heading)),
        "pitch": np.degrees(np.arcsin(sine)),
        "roll": np.degrees(roll),
    }
    return make_table("attitude", arrays, attributes={"heading": {"frame": "true"}})


def _wind(topic: Topic, clock: BootClock) -> xr.Dataset | None:
    if not _count(topic) or not {"windspeed_north", "windspeed_east"} <= set(topic):
        return None
    arrays = _start(topic, clock) | {
        "eastward": np.asarray(topic["windspeed_east"], float),
        "northward": np.asarray(topic["windspeed_north"], float),
    }
    if "variance_north" in topic and "variance_east" in topic:
        mean = (np.asarray(topic["variance_north"], float) + np.asarray(topic["variance_east"], float)) / 2
        arrays["speed_sigma"] = np.sqrt(np.maximum(mean, 0.0))
    return make_table("wind", arrays, frame="true", motion="removed", mounting="estimate")
