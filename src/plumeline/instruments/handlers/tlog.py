"""MAVLink telemetry logs (.tlog): frames are found here, so that torn ones are stepped over and numbered; pymavlink decodes.

A tlog is a row of frames, each after the ground station's clock as 8 bytes, big-endian microseconds since 1970.

References: https://mavlink.io/en/guide/serialization.html; https://mavlink.io/en/messages/ardupilotmega.html.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from pymavlink.dialects.v20 import ardupilotmega

from plumeline.errors import ReadError
from plumeline.instruments import checks
from plumeline.instruments.clocks import BootClock, utc_from_unix, whole
from plumeline.instruments.quantities import full_circle
from plumeline.instruments.recording import Remark
from plumeline.instruments.table import RawTables
from plumeline.instruments.tables import make_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.instruments.mapping import TableMapping
    from plumeline.instruments.textfile import Progress

    Columns = dict[str, NDArray[np.float64]]

STAMP_BYTES = 8
V1, V2 = 0xFE, 0xFD
V1_OVERHEAD, V2_OVERHEAD, SIGNATURE_BYTES = 8, 12, 13
WANTED = {
    2: ("SYSTEM_TIME", ("time_unix_usec", "time_boot_ms")),
    24: ("GPS_RAW_INT", ("fix_type", "satellites_visible", "eph")),
    30: ("ATTITUDE", ("time_boot_ms", "roll", "pitch", "yaw")),
    33: (
        "GLOBAL_POSITION_INT",
        ("time_boot_ms", "lat", "lon", "alt", "relative_alt", "vx", "vy", "vz", "hdg"),
    ),
    168: ("WIND", ("direction", "speed", "speed_z")),
    231: ("WIND_COV", ("wind_x", "wind_y", "wind_z", "var_horiz")),
}
"""Message number to its name and the fields that are read."""
REBOOT_MS = 10_000
UNKNOWN_HEADING = 65_535


@dataclass(slots=True, kw_only=True)
class _Log:
    """Rows of the wanted messages of each vehicle: stamp [us], frame number, then the fields."""

    rows: dict[tuple[int, int], list[list[float]]] = field(default_factory=dict)
    frames: int = 0
    lost_bytes: int = 0
    first_lost_frame: int = 0

    def columns(self, system: int, message: int) -> Columns:
        names = ("stamp", "number", *WANTED[message][1])
        found = self.rows.get((system, message), [])
        return dict(zip(names, np.asarray(found, float).reshape(-1, len(names)).T, strict=True))


def read_tlog(path: Path, mapping: TableMapping, progress: Progress | None) -> RawTables:
    """Read a telemetry log.

    Args:
        path: the file.
        mapping: the format.
        progress: called with bytes done and bytes in all.

    Returns:
        Track, attitude and wind of the vehicle with the most positions.

    Raises:
        ReadError: the log holds no frame, or no position, attitude or wind.
    """
    del mapping
    log = _scan(path, progress)
    if not log.frames:
        raise ReadError("there is no MAVLink frame in it", where=path.name, remedy="this is no telemetry log")
    systems = sorted({system for system, _ in log.rows}, key=lambda s: (-len(log.rows.get((s, 33), [])), s))
    if not systems:
        raise ReadError(
            "the log holds neither position nor attitude nor wind",
            where=path.name,
            remedy="check that the ground station was connected in flight",
        )
    system = systems[0]
    position, clock, remarks = log.columns(system, 33), *_clock(log, system)
    remarks += _damage(log)
    if len(systems) > 1:
        remarks.append(
            Remark(
                what=f"the log holds {len(systems)} vehicles or components ({', '.join(map(str, systems))})",
                consequence=f"system {system}, with the most positions, was read",
            )
        )
    tables = {
        kind: table.assign_attrs(source_file=path.name, time_reference=clock.reference)
        for kind, table in (
            ("track", _track(position, clock)),
            ("attitude", _attitude(log.columns(system, 30), clock)),
            ("wind", _wind(log, system, clock)),
        )
        if table is not None
    }
    if not tables:
        raise ReadError("the log holds neither position nor attitude nor wind", where=path.name)
    found = checks.idle_wind(tables)
    found += [remark for kind, table in tables.items() for remark in checks.table(kind, table)]
    return RawTables(tables=tables, remarks=[*remarks, *found])


def _scan(path: Path, progress: Progress | None) -> _Log:
    log = _Log()
    decoder: Any = ardupilotmega.MAVLink(None)
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for start, length in _frames(data, log, progress):
            message = (
                data[start + 5]
                if data[start] == V1
                else int.from_bytes(data[start + 7 : start + 10], "little")
            )
            if message not in WANTED:
                continue
            system = data[start + 3] if data[start] == V1 else data[start + 5]
            try:
                decoded = decoder.decode(bytearray(data[start : start + length]))
            except (ardupilotmega.MAVError, struct.error, ValueError, IndexError, TypeError):
                log.lost_bytes += length
                log.first_lost_frame = log.first_lost_frame or log.frames
                continue
            stamp = int.from_bytes(data[start - STAMP_BYTES : start], "big")
            fields = [float(getattr(decoded, name)) for name in WANTED[message][1]]
            log.rows.setdefault((system, message), []).append([float(stamp), float(log.frames), *fields])
    return log


def _frames(data: mmap.mmap, log: _Log, progress: Progress | None) -> Iterator[tuple[int, int]]:
    """Start and length of each frame; bytes that belong to none are counted."""
    at, size = STAMP_BYTES, len(data)
    while at < size:
        length = _length(data, at)
        end = at + length
        if (
            length
            and end <= size
            and (end == size or _length(data, end + STAMP_BYTES) or end + STAMP_BYTES >= size)
        ):
            log.frames += 1
            if progress is not None and log.frames % 20_000 == 0:
                progress(at, size)
            yield at, length
            at = end + STAMP_BYTES
            continue
        if not log.lost_bytes:
            log.first_lost_frame = log.frames + 1
        log.lost_bytes += 1
        at += 1
    if progress is not None:
        progress(size, size)


def _length(data: mmap.mmap, at: int) -> int:
    """Bytes of the frame that starts here; 0 when none does."""
    if at + 3 > len(data):
        return 0
    if data[at] == V1:
        return data[at + 1] + V1_OVERHEAD
    if data[at] == V2:
        return data[at + 1] + V2_OVERHEAD + (SIGNATURE_BYTES if data[at + 2] & 1 else 0)
    return 0


def _damage(log: _Log) -> list[Remark]:
    if not log.lost_bytes:
        return []
    return [
        Remark(
            what=f"{log.lost_bytes} bytes belong to no whole frame",
            consequence="stepped over; every whole frame was read",
            lines=(log.first_lost_frame,),
            count=log.lost_bytes,
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _VehicleClock:
    """Places the vehicle's count in UTC; falls back on the ground station's stamps."""

    boot: BootClock
    stamp_lag_ns: int
    """UTC minus the ground station's stamp [ns]."""
    stamps_only: bool

    @property
    def reference(self) -> str:
        return "utc" if self.stamps_only else self.boot.reference

    def utc(self, columns: Columns) -> NDArray[np.datetime64]:
        if self.stamps_only or "time_boot_ms" not in columns:
            nanoseconds = (whole(columns["stamp"]) * 1000) + self.stamp_lag_ns
            return utc_from_unix(nanoseconds // 1000)
        return self.boot.utc(whole(columns["time_boot_ms"]) * 1_000_000)


def _clock(log: _Log, system: int) -> tuple[_VehicleClock, list[Remark]]:
    """UTC by SYSTEM_TIME, or by the ground station's stamps when the vehicle had none or was restarted."""
    time = log.columns(system, 2)
    utc = utc_from_unix(whole(time["time_unix_usec"]))
    boot = BootClock.fit(whole(time["time_boot_ms"]) * 1_000_000, utc)
    counts = log.columns(system, 33)["time_boot_ms"]
    restarted = bool((np.diff(counts) < -REBOOT_MS).any())
    if boot.offset_ns is None or restarted:
        why = "the vehicle was restarted during the log" if restarted else "the vehicle sent no UTC"
        remark = Remark(what=why, consequence="times are those of the ground station's clock")
        return _VehicleClock(boot=boot, stamp_lag_ns=0, stamps_only=True), [remark]
    known = ~np.isnat(utc)
    stamps = whole(time["stamp"][known]) * 1000
    lag = int(np.median(boot.utc(whole(time["time_boot_ms"][known]) * 1_000_000).astype("int64") - stamps))
    return _VehicleClock(boot=boot, stamp_lag_ns=lag, stamps_only=False), list(boot.remarks)


def _track(position: Columns, clock: _VehicleClock) -> xr.Dataset | None:
    if not position["stamp"].size:
        return None
    heading = np.where(position["hdg"] == UNKNOWN_HEADING, np.nan, position["hdg"] / 100)
    return make_table(
        "track",
        {
            "time": clock.utc(position),
            "line": position["number"].astype("int64"),
            "latitude": position["lat"] / 1e7,
            "longitude": position["lon"] / 1e7,
            "altitude": position["relative_alt"] / 1000,
            "altitude_mean_sea_level": position["alt"] / 1000,
            "heading": heading,
            "velocity_eastward": position["vy"] / 100,
            "velocity_northward": position["vx"] / 100,
            "velocity_upward": -position["vz"] / 100,
            "ground_speed": np.hypot(position["vx"], position["vy"]) / 100,
        },
        attributes={
            "altitude": {"reference": "take-off"},
            "altitude_mean_sea_level": {"units": "m"},
            "heading": {"frame": "true"},
        },
    )


def _attitude(attitude: Columns, clock: _VehicleClock) -> xr.Dataset | None:
    if not attitude["stamp"].size:
        return None
    return make_table(
        "attitude",
        {
            "time": clock.utc(attitude),
            "line": attitude["number"].astype("int64"),
            "heading": full_circle(np.degrees(attitude["yaw"])),
            "pitch": np.degrees(attitude["pitch"]),
            "roll": np.degrees(attitude["roll"]),
        },
        attributes={"heading": {"frame": "true"}},
    )


def _wind(log: _Log, system: int, clock: _VehicleClock) -> xr.Dataset | None:
    """WIND (direction it comes from) or WIND_COV (components, north-east-down, toward)."""
    wind = log.columns(system, 168)
    if wind["stamp"].size:
        arrays = {
            "time": clock.utc(wind),
            "line": wind["number"].astype("int64"),
            "speed": wind["speed"],
            "direction_from": full_circle(wind["direction"]),
            "upward": -wind["speed_z"],
        }
        return make_table("wind", arrays, frame="true", motion="removed", mounting="estimate")
    wind = log.columns(system, 231)
    if not wind["stamp"].size:
        return None
    arrays = {
        "time": clock.utc(wind),
        "line": wind["number"].astype("int64"),
        "eastward": wind["wind_y"],
        "northward": wind["wind_x"],
        "upward": -wind["wind_z"],
        "speed_sigma": np.sqrt(np.maximum(wind["var_horiz"], 0.0)),
    }
    return make_table("wind", arrays, frame="true", motion="removed", mounting="estimate")
