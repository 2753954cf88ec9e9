"""A tiny valid file of each format; the binary ones are written byte by byte from the formats' own descriptions."""

from __future__ import annotations

import struct
from typing import Any

from pymavlink.dialects.v20 import ardupilotmega as mavlink

GPS_WEEK, GPS_MS = 2400, 100_000_000
"""2026-01-05T03:46:40 GPS time, 18 s ahead of UTC."""
FIRST_UTC = "2026-01-05T03:46:22"


def dataflash(rows: int = 20, *, wind: tuple[float, float] = (1.5, -2.5), fix: bool = True) -> bytes:
    """ArduPilot .bin: FMT definitions, then GPS, POS, ATT and NKF2 at 5 Hz."""
    head = b"\xa3\x95"

    def definition(number: int, length: int, name: bytes, layout: bytes, columns: bytes) -> bytes:
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


def tlog(
    rows: int = 20, *, utc: bool = True, wind: bool = True, start_us: int = 1_767_584_782_000_000
) -> bytes:
    """MAVLink telemetry log: SYSTEM_TIME, position, attitude and wind at 5 Hz."""
    link: Any = mavlink.MAVLink(None, srcSystem=1, srcComponent=1)
    out: list[bytes] = []
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


def ulog(rows: int = 20, *, utc: bool = True, wind: tuple[float, float] = (1.5, -2.5)) -> bytes:
    """PX4 ULog: header, definitions, then GNSS position, attitude and wind at 5 Hz."""
    definitions = [
        b"vehicle_gps_position:uint64_t timestamp;uint64_t time_utc_usec;int32_t lat;int32_t lon;int32_t alt;",
        b"vehicle_attitude:uint64_t timestamp;float[4] q;",
        b"wind:uint64_t timestamp;float windspeed_north;float windspeed_east;float variance_north;float variance_east;",
    ]

    def message(kind: str, body: bytes) -> bytes:
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


SKYHUB_OLD = (
    "Elapsed,Date,Time,Pitch,Roll,Yaw,Latitude,Longitude,Altitude,Next WP,Velocity,Status RTK,"
    "ALT:Altitude,ALT:ID,GAS:Methane,GAS:Status\n"
    "1701946542989,2023/12/07,10:55:42.989,0.2,4.9,-56.5,56.862888,24.111669,20.09,,0.02,OFF,20.4,v1:x:0,57,1\n"
    "1701946542998,2023/12/07,10:55:42.998,0.2,4.9,-56.5,56.862888,24.111669,20.09,,0.02,OFF,20.4,v1:x:0,,1\n"
)
SKYHUB_NEW = (
    "Elapsed(ms),Date(yyyy/MM/dd),Time(UTC),Pitch,Roll,Heading,Latitude,Longitude,Altitude(above take-off),Velocity,"
    "AIR:Speed,AIR:Direction\n"
    "159082,2023/10/24,09:55:15.336,0.55,1.04,127.13,56.86,24.11,-0.00,0.00,0.30,155.00\n"
    "159182,2023/10/24,09:55:15.436,0.55,1.04,127.13,56.86,24.11,-0.00,0.00,,\n"
)
RAVEN = (
    "time,duration / s,Lat,Lon,temperature / C,pressure / hPa,humidity / %,CO2 / ppm,SO2 / ppm\n"
    "18:17:33,0,38.4,14.9,16.91,1022.15,35.44,517.6,0.5\n"
)
CRAZYFLIE = "Time,X,Y,Z,Gas1L,Gas1R\n0,0.05,0.14,1.0,18996,18834\n100,0.07,0.15,1.0,18996,18833\n"
SNIFFER_CHINESE = (
    "#Created by: Sniffer4DMapper 2.2.06.29\n项目名称 :气体监测总览表格\n"
    "采样点时间,相对高度 m,经度,纬度,温度 ℃,湿度 %,气压 Pa,VOCs ppm,SO2 μg/m3,CO mg/m3,设备序列号\n"
    "2021-03-04 10:00:00,30.1,113.9,22.5,25.1,60,101300,0.2,11,0.4,SN1\n"
)
SNIFFER_ENGLISH = (
    "#Created by: Sniffer4DMapper\n"
    "Time,Relative Height m,Longitude,Latitude,Temperature ℃,Humidity %,Pressure Pa,VOCs ppm,SO2 ppm\n"
    "2021-03-04 10:00:00,30.1,113.9,22.5,25.1,60,101300,0.2,0.01\n"
)
WIND = (
    "time_utc,speed_m_s,direction_from_deg\n2022-05-09T06:00:00Z,1.84,25.27\n2022-05-09T06:01:00Z,1.6,54.4\n"
)
NMEA = (
    "$GNRMC,091613.699,A,5651.7446,N,02406.7933,E,0.18,-49.88,231020,,,A*69\r\n"
    "$GPGGA,091614.699,5651.7446,N,02406.7933,E,1,08,0.9,45.4,M,20.0,M,,*58\r\n"
    "$HEHDT,350.5,T*2F\r\n$WIMWV,045.0,R,10.0,N,A*27\r\n"
)
PERGAM = "Device LMM_Logger\n//***//\n" + "".join(
    f"2020 10 23 09:16:{13 + i}.698 ETC:FWD 0000{i} | "
    "$GNRMC,091613.699,A,5651.7446,N,02406.7933,E,0.18,-49.88,231020,,,A*69\n"
    for i in range(3)
)
GPX = (
    '<?xml version="1.0"?>\n<gpx version="1.1" creator="me"><trk><trkseg>\n'
    '<trkpt lat="52.1" lon="4.5"><ele>1</ele><time>2026-05-01T10:00:00Z</time></trkpt>\n'
    '<trkpt lat="52.2" lon="4.6"><ele>2</ele><time>2026-05-01T10:00:01Z</time></trkpt>\n'
    "</trkseg></trk></gpx>\n"
)
METAR = (
    "2022/05/09 05:55\nKFNL 090555Z 27010G20KT 10SM CLR 12/M01 A3001\n"
    "2022/05/09 06:55\nKFNL 090655Z VRB03KT 10SM CLR 11/M01 A3001\n"
)


def small_files() -> dict[str, bytes]:
    """A valid file of each format, by a name that begins with the format's."""
    texts = {
        "skyhub_l0_csv old": SKYHUB_OLD,
        "skyhub_l0_csv new": SKYHUB_NEW,
        "raven_l0_csv": RAVEN,
        "crazyflie_l0_csv": CRAZYFLIE,
        "sniffer4d_l0_csv english": SNIFFER_ENGLISH,
        "anemometer_l0_csv": WIND,
        "gnss_l0_nmea": NMEA,
        "pergam_l0_log": PERGAM,
        "gnss_l0_gpx": GPX,
        "airport_l0_metar": METAR,
    }
    files = {name: text.encode() for name, text in texts.items()}
    files["sniffer4d_l0_csv chinese"] = SNIFFER_CHINESE.encode("gb18030")
    files["anemometer_l0_csv wide characters"] = WIND.encode("utf-16")
    files["ardupilot_l0_dataflash"] = dataflash(4)
    files["mavlink_l0_tlog"] = tlog(4)
    files["px4_l0_ulog"] = ulog(4)
    return files
