"""Tiny logs of each binary format, written byte by byte from the formats' own descriptions."""

import struct

from pymavlink.dialects.v20 import ardupilotmega as mavlink

GPS_WEEK, GPS_MS = 2400, 100_000_000
"""2026-01-05T03:46:40 GPS time, 18 s ahead of UTC."""
FIRST_UTC = "2026-01-05T03:46:22"


def dataflash(rows=20, *, wind=(1.5, -2.5), fix=True):
    """ArduPilot .bin: FMT definitions, then GPS, POS, ATT and NKF2 at 5 Hz."""
    head = b"\xa3\x95"

    def definition(number, length, name, layout, columns):
        return (
            head
            + bytes([128, number, length])
            + name.ljust(4, b"\0")
            + layout.ljust(16, b"\0")
            + columns.ljust(64, b"\0")
        )

    out = [
        definition(128, 89, b"FMT", b"BBnNZ", b"Type,Length,Name,Format,Columns"),
        definition(
            130, 3 + 42, b"GPS", b"QBIHBcLLefff", b"TimeUS,Status,GMS,GWk,NSats,HDop,Lat,Lng,Alt,Spd,GCrs,VZ"
        ),
        definition(131, 3 + 24, b"POS", b"QLLff", b"TimeUS,Lat,Lng,Alt,RelHomeAlt"),
        definition(132, 3 + 14, b"ATT", b"QccC", b"TimeUS,Roll,Pitch,Yaw"),
        definition(133, 3 + 16, b"NKF2", b"Qff", b"TimeUS,VWN,VWE"),
    ]
    for i in range(rows):
        us = 1_000_000 + 200_000 * i
        lat, lon = 521_000_000 + 100 * i, 45_000_000 + 200 * i
        values = (us, 3 if fix else 1, GPS_MS + 200 * i, GPS_WEEK, 12, 80, lat, lon, 1000 + i, 3.0, 90.0, 0.0)
        out.append(head + b"\x82" + struct.pack("<QBIHBhiiifff", *values))
        out.append(head + b"\x83" + struct.pack("<Qiiff", us, lat, lon, 10.0 + i, float(i)))
        out.append(head + b"\x84" + struct.pack("<QhhH", us, 150, -250, 9000 + i))
        out.append(head + b"\x85" + struct.pack("<Qff", us, *wind))
    return b"".join(out)


def tlog(rows=20, *, utc=True, wind=True, start_us=1_767_584_782_000_000):
    """MAVLink telemetry log: SYSTEM_TIME, position, attitude and wind at 5 Hz."""
    link = mavlink.MAVLink(None, srcSystem=1, srcComponent=1)
    out = []
    for i in range(rows):
        boot = 5000 + 200 * i
        messages = [
            link.system_time_encode(start_us + 200_000 * i if utc else 0, boot),
            link.global_position_int_encode(
                boot, 521_000_000 + 100 * i, 45_000_000, 30_000, 10_000 + i, 100, 200, -50, 9000
            ),
            link.attitude_encode(boot, 0.1, -0.2, 1.5, 0, 0, 0),
        ]
        if wind:
            messages.append(link.wind_encode(270.0, 4.0, 0.5))
        out.extend(
            struct.pack(">Q", start_us + 200_000 * i + 30_000) + bytes(message.pack(link))
            for message in messages
        )
    return b"".join(out)


def ulog(rows=20, *, utc=True, wind=(1.5, -2.5)):
    """PX4 ULog: header, definitions, then GNSS position, attitude and wind at 5 Hz."""
    definitions = [
        b"vehicle_gps_position:uint64_t timestamp;uint64_t time_utc_usec;int32_t lat;int32_t lon;int32_t alt;",
        b"vehicle_attitude:uint64_t timestamp;float[4] q;",
        b"wind:uint64_t timestamp;float windspeed_north;float windspeed_east;float variance_north;float variance_east;",
    ]

    def message(kind, body):
        return struct.pack("<HB", len(body), ord(kind)) + body

    out = [b"ULog\x01\x12\x35\x01" + struct.pack("<Q", 1_000_000)]
    out += [message("F", text) for text in definitions]
    for number, text in enumerate(definitions):
        out.append(message("A", struct.pack("<BH", 0, number) + text.partition(b":")[0]))
    for i in range(rows):
        us = 1_000_000 + 200_000 * i
        now = 1_767_584_782_000_000 + 200_000 * i if utc else 0
        place = (521_000_000 + 100 * i, 45_000_000, 10_000 + i)
        out.append(message("D", struct.pack("<HQQiii", 0, us, now, *place)))
        out.append(message("D", struct.pack("<HQffff", 1, us, 0.70710678, 0.0, 0.0, 0.70710678)))
        out.append(message("D", struct.pack("<HQffff", 2, us, *wind, 0.25, 0.25)))
    return b"".join(out)
