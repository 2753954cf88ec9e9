"""The aircraft's own logs of a simulated flight: MAVLink telemetry, ArduPilot DataFlash, PX4 ULog.

They hold what the autopilot believes: place, attitude, time. Gas and wind stand in files of their own, on clocks of their
own, as in a real flight without a combined logger. The height is above take-off, which here is the ground.

References: https://mavlink.io/en/guide/serialization.html; https://ardupilot.org/copter/docs/logmessages.html;
https://docs.px4.io/main/en/dev_log/ulog_file_format.html.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.simulations.recordings import reported_places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from plumeline.simulations.scene import Flight

    Floats = NDArray[np.float64]

BOOT_S = 45.0
"""Time between the autopilot's start and the first reading [s]."""
GPS_EPOCH_S, GPS_LEAP_S = 315_964_800, 18
WEEK_MS = 7 * 86_400_000
DATAFLASH_HEAD = b"\xa3\x95"
ULOG_HEAD = b"ULog\x01\x12\x35\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Poses:
    """What an autopilot believes, once a second."""

    time: NDArray[np.datetime64]
    """UTC, shape (second,)."""
    lon_deg: Floats
    """Longitude [degrees]."""
    lat_deg: Floats
    """Latitude [degrees]."""
    places_m: Floats
    """East, north and height above the take-off [m], shape (second, 3)."""
    attitude_deg: Floats
    """Pitch, roll and heading clockwise from north [degrees], shape (second, 3)."""


def _rows(flight: Flight | Poses) -> Iterator[dict[str, Any]]:
    """What the autopilot knows each second, on its own clock."""
    poses = flight if isinstance(flight, Poses) else _poses(flight)
    north, east = np.gradient(poses.places_m[:, 1]), np.gradient(poses.places_m[:, 0])
    seconds = poses.time.astype("datetime64[ms]").astype("int64") / 1e3
    for i in range(poses.time.size):
        yield {
            "unix_us": round(1e6 * seconds[i]),
            "boot_us": round(1e6 * (BOOT_S + i)),
            "lat": float(poses.lat_deg[i]),
            "lon": float(poses.lon_deg[i]),
            "height_m": float(poses.places_m[i, 2]),
            "pitch": float(poses.attitude_deg[i, 0]),
            "roll": float(poses.attitude_deg[i, 1]),
            "yaw": float(poses.attitude_deg[i, 2]),
            "north": float(north[i]),
            "east": float(east[i]),
        }


def _poses(flight: Flight) -> Poses:
    lon, lat = reported_places(flight)
    return Poses(
        time=flight.time,
        lon_deg=lon,
        lat_deg=lat,
        places_m=flight.reported_m,
        attitude_deg=flight.attitude_deg,
    )


def write_tlog(flight: Flight, path: Path) -> None:
    """Write a telemetry log: each MAVLink frame after the ground station's stamp.

    Args:
        flight: the flight.
        path: the file.

    Raises:
        OSError: the file cannot be written.
    """
    from pymavlink.dialects.v20 import ardupilotmega as mavlink  # noqa: PLC0415 (slow to import)

    vehicle: Any = mavlink.MAVLink(None, srcSystem=1, srcComponent=1)
    with path.open("wb") as stream:
        for row in _rows(flight):
            boot_ms, yaw = row["boot_us"] // 1000, row["yaw"] % 360.0
            place = (round(1e7 * row["lat"]), round(1e7 * row["lon"]), round(1e3 * row["height_m"]))
            speed = (round(100 * row["north"]), round(100 * row["east"]), 0)
            tilt = np.radians([row["roll"], row["pitch"], row["yaw"]]).tolist()
            for message in (
                vehicle.system_time_encode(row["unix_us"], boot_ms),
                vehicle.global_position_int_encode(
                    boot_ms, *place, place[2], *speed, round(100 * yaw) % 36_000
                ),
                vehicle.attitude_encode(boot_ms, *tilt, 0.0, 0.0, 0.0),
            ):
                stream.write(struct.pack(">Q", row["unix_us"]) + message.pack(vehicle))


DATAFLASH = {
    # name: message number, field types, fields
    "GPS": (129, "QBIHBcLLeff", "TimeUS,Status,GMS,GWk,NSats,HDop,Lat,Lng,Alt,Spd,GCrs"),
    "POS": (130, "QLLfff", "TimeUS,Lat,Lng,Alt,RelHomeAlt,RelOriginAlt"),
    "ATT": (131, "Qccc", "TimeUS,Roll,Pitch,Yaw"),
}
DATAFLASH_TYPES = {"Q": "Q", "B": "B", "I": "I", "H": "H", "c": "h", "L": "i", "e": "i", "f": "f"}
"""Field type of the log to that of `struct`; c and e are hundredths, L is 1e-7 degrees."""


def write_dataflash(flight: Flight | Poses, path: Path) -> None:
    """Write a DataFlash log: the formats of its messages, then the messages.

    Args:
        flight: the flight, or just its poses.
        path: the file.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("wb") as stream:
        formats = {"FMT": (128, "BBnNZ", "Type,Length,Name,Format,Columns")} | DATAFLASH
        for name, (number, types, fields) in formats.items():
            length = 89 if name == "FMT" else 3 + struct.calcsize(_packing(types))
            body = struct.pack("<BB4s16s64s", number, length, name.encode(), types.encode(), fields.encode())
            stream.write(DATAFLASH_HEAD + bytes([128]) + body)
        for row in _rows(flight):
            gps_ms = row["unix_us"] // 1000 - 1000 * (GPS_EPOCH_S - GPS_LEAP_S)
            lat, lon, height = round(1e7 * row["lat"]), round(1e7 * row["lon"]), row["height_m"]
            speed = float(np.hypot(row["north"], row["east"]))
            course = float(np.degrees(np.arctan2(row["east"], row["north"]))) % 360.0
            values: dict[str, tuple[Any, ...]] = {
                "GPS": (3, gps_ms % WEEK_MS, gps_ms // WEEK_MS, 14, 80, lat, lon, round(100 * height), speed, course),
                "POS": (lat, lon, height, height, height),
                "ATT": tuple(round(100 * row[key]) for key in ("roll", "pitch", "yaw")),
            }  # fmt: skip
            for name, (number, types, _) in DATAFLASH.items():
                stream.write(
                    DATAFLASH_HEAD
                    + bytes([number])
                    + struct.pack(_packing(types), row["boot_us"], *values[name])
                )


def _packing(types: str) -> str:
    return "<" + "".join(DATAFLASH_TYPES[letter] for letter in types)


ULOG = {
    # topic: definition of its fields, struct of them
    "sensor_gps": (
        "uint64_t timestamp;uint64_t time_utc_usec;double latitude_deg;double longitude_deg;double altitude_msl_m;",
        "<QQddd",
    ),
    "vehicle_global_position": ("uint64_t timestamp;double lat;double lon;float alt;", "<Qddf"),
    "vehicle_attitude": ("uint64_t timestamp;float[4] q;", "<Q4f"),
    "home_position": ("uint64_t timestamp;double lat;double lon;float alt;", "<Qddf"),
}


def write_ulog(flight: Flight, path: Path) -> None:
    """Write a ULog: definitions, subscriptions, then the data.

    Args:
        flight: the flight.
        path: the file.

    Raises:
        OSError: the file cannot be written.
    """
    origin = flight.scene.origin
    with path.open("wb") as stream:
        stream.write(ULOG_HEAD + struct.pack("<Q", round(1e6 * BOOT_S)))
        for topic, (definition, _) in ULOG.items():
            stream.write(_ulog_message("F", f"{topic}:{definition}".encode()))
        for number, topic in enumerate(ULOG):
            stream.write(_ulog_message("A", struct.pack("<BH", 0, number) + topic.encode()))
        for row in _rows(flight):
            boot, lat, lon, height = (row[key] for key in ("boot_us", "lat", "lon", "height_m"))
            values: dict[str, tuple[Any, ...]] = {
                "sensor_gps": (boot, row["unix_us"], lat, lon, height),
                "vehicle_global_position": (boot, lat, lon, height),
                "vehicle_attitude": (boot, *_quaternion(row["roll"], row["pitch"], row["yaw"])),
            }
            if boot == round(1e6 * BOOT_S):
                values["home_position"] = (boot, origin.lat_deg, origin.lon_deg, 0.0)
            for number, (topic, (_, packing)) in enumerate(ULOG.items()):
                if topic in values:
                    body = struct.pack("<H", number) + struct.pack(packing, *values[topic])
                    stream.write(_ulog_message("D", body))


def _ulog_message(kind: str, body: bytes) -> bytes:
    return struct.pack("<HB", len(body), ord(kind)) + body


def _quaternion(roll_deg: float, pitch_deg: float, yaw_deg: float) -> tuple[float, ...]:
    """Rotation from body to north-east-down."""
    half = np.radians([roll_deg, pitch_deg, yaw_deg]) / 2.0
    (cr, cp, cy), (sr, sp, sy) = np.cos(half), np.sin(half)
    return (
        float(cr * cp * cy + sr * sp * sy),
        float(sr * cp * cy - cr * sp * sy),
        float(cr * sp * cy + sr * cp * sy),
        float(cr * cp * sy - sr * sp * cy),
    )
