"""Flights written as the instruments write them, so that the product reads simulated and real flights alike.

Formats follow published sample files: SkyHub position log (SPH Engineering manuals and `ugcs/positiondata` samples;
`AIR:Direction` is where the air comes from, clockwise from the aircraft's nose, as in their reference cases), Pergam
LMm log (`ugcs/UgCS-Geotagger` sample), and plain CSV.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ConfigurationError
from plumeline.frames import LocalFrame
from plumeline.simulations.survey_files import column_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from plumeline.simulations.scene import Flight

    Floats = NDArray[np.float64]

ISO = "%Y-%m-%dT%H:%M:%SZ"
SEA_LEVEL_M = 0.0
"""Altitude of the ground in every simulated scene [m]."""


def write_skyhub(flight: Flight, path: Path) -> None:
    """Write a SkyHub position log with gas, anemometer and altimeter columns; gas in ppm.

    Args:
        flight: the flight; its first sensor is written.
        path: the file.

    Raises:
        OSError: the file cannot be written.
    """
    lon, lat = reported_places(flight)
    speed = _ground_velocity(flight)
    air_speed, air_from = _relative_wind(flight)
    is_flown = flight.scene.anemometer.mast_height_m is None
    gas = np.round(flight.readings_ppb[0] * 1e-3, 4)
    gas_column = "GAS:" + column_name(flight.scene.sensors[0])
    head = [
        "Elapsed", "Date", "Time", "Pitch", "Roll", "Yaw", "Latitude", "Longitude", "Altitude", "Velocity",
        "RTK Status", "AIR:Speed", "AIR:Direction", "ALT:Altitude", "ALT:Filtered Altitude", gas_column, "GAS:Status",
    ]  # fmt: skip

    def row(i: int) -> list[object]:
        return [
            i * 1000,
            _text(flight, i, "%Y/%m/%d"),
            _text(flight, i, "%H:%M:%S.%f")[:-3],
            f"{flight.attitude_deg[i, 0]:.2f}",
            f"{flight.attitude_deg[i, 1]:.2f}",
            f"{flight.attitude_deg[i, 2]:.2f}",
            f"{lat[i]:.8f}",
            f"{lon[i]:.8f}",
            f"{flight.reported_m[i, 2] + SEA_LEVEL_M:.2f}",
            f"{np.hypot(*speed[i]):.2f}",
            "OFF",
            f"{air_speed[i]:.2f}" if is_flown else "",
            f"{air_from[i]:.2f}" if is_flown else "",
            f"{flight.reported_m[i, 2]:.2f}",
            f"{flight.reported_m[i, 2]:.2f}",
            _cell(gas[i], 4),
            0 if np.isnan(gas[i]) else 1,
        ]

    _write_table(path, head, flight, row)


def write_generic_csv(flight: Flight, path: Path) -> None:
    """Write plain CSV with units in the header: every sensor, wind toward east and north.

    Args:
        flight: the flight.
        path: the file.

    Raises:
        OSError: the file cannot be written.
    """
    lon, lat = reported_places(flight)
    head = [
        "time_utc", "latitude_deg", "longitude_deg", "height_m", "wind_eastward_m_s", "wind_northward_m_s",
        "air_temperature_K", "air_pressure_Pa", "relative_humidity", *_gas_columns(flight),
    ]  # fmt: skip

    def row(i: int) -> list[object]:
        return [
            _text(flight, i, ISO),
            f"{lat[i]:.8f}",
            f"{lon[i]:.8f}",
            f"{flight.reported_m[i, 2]:.2f}",
            f"{flight.wind_m_s[i, 0]:.3f}",
            f"{flight.wind_m_s[i, 1]:.3f}",
            f"{flight.temperature_k[i]:.2f}",
            f"{flight.scene.pressure_pa:.0f}",
            f"{flight.relative_humidity[i]:.3f}",
            *(_cell(values[i], 3) for values in flight.readings_ppb),
        ]

    _write_table(path, head, flight, row)


def write_gas_csv(flight: Flight, path: Path) -> None:
    """Write what a gas sensor with a logger of its own writes: time and readings, no place.

    Args:
        flight: the flight.
        path: the file.

    Raises:
        OSError: the file cannot be written.
    """

    def row(i: int) -> list[object]:
        return [_text(flight, i, ISO), *(_cell(values[i], 3) for values in flight.readings_ppb)]

    _write_table(path, ["time_utc", *_gas_columns(flight)], flight, row)


def write_path_csv(flight: Flight, path: Path) -> None:
    """Write an open-path instrument's table: both ends of the beam and the mean mole fraction along it.

    Args:
        flight: the flight; its first sensor with a beam is written.
        path: the file.

    Raises:
        ConfigurationError: no sensor has a beam.
        OSError: the file cannot be written.
    """
    beams = [n for n, sensor in enumerate(flight.scene.sensors) if sensor.path == "beam"]
    if not beams:
        raise ConfigurationError("an open path needs a sensor with path = beam", remedy="give it reflector_m")
    sensor, values = flight.scene.sensors[beams[0]], flight.readings_ppb[beams[0]]
    lon, lat = reported_places(flight)
    east, north, height = sensor.reflector_m
    far = [float(value) for value in LocalFrame(origin=flight.scene.origin).to_lonlat(east, north)]
    head = [
        "time_utc", "latitude_deg", "longitude_deg", "height_m", "reflector_latitude_deg", "reflector_longitude_deg",
        "reflector_height_m", f"{column_name(sensor)}_path_mean_ppb",
    ]  # fmt: skip

    def row(i: int) -> list[object]:
        return [
            _text(flight, i, ISO),
            f"{lat[i]:.8f}",
            f"{lon[i]:.8f}",
            f"{flight.reported_m[i, 2]:.2f}",
            f"{far[1]:.8f}",
            f"{far[0]:.8f}",
            f"{height:.2f}",
            _cell(values[i], 3),
        ]

    _write_table(path, head, flight, row)


def reported_places(flight: Flight) -> tuple[Floats, Floats]:
    """Where the aircraft says it is.

    Args:
        flight: the flight.

    Returns:
        Longitude and latitude per second [degrees].
    """
    frame = LocalFrame(origin=flight.scene.origin)
    return frame.to_lonlat(flight.reported_m[:, 0], flight.reported_m[:, 1])


def _ground_velocity(flight: Flight) -> Floats:
    """(second, 2) true velocity over ground toward east and north [m s-1]."""
    track = flight.scene.track
    return np.column_stack([np.gradient(track.east_m), np.gradient(track.north_m)])


def _relative_wind(flight: Flight) -> tuple[Floats, Floats]:
    """Speed of the air past the aircraft [m s-1] and where it comes from, clockwise from the nose [degrees]."""
    relative = flight.wind_m_s - _ground_velocity(flight)
    comes_from = np.degrees(np.arctan2(-relative[:, 0], -relative[:, 1]))
    return np.hypot(relative[:, 0], relative[:, 1]), (comes_from - flight.attitude_deg[:, 2]) % 360.0


def _text(flight: Flight, index: int, form: str) -> str:
    """One reading's time on the gas clock as text."""
    shift = np.timedelta64(round(1000 * flight.scene.platform.clock_offset_s), "ms")
    return (flight.time[index] + shift).astype("datetime64[us]").item().strftime(form)  # type: ignore[no-any-return]


def _gas_columns(flight: Flight) -> list[str]:
    """One column name per sensor."""
    return [f"{column_name(sensor)}_{sensor.kind}_ppb" for sensor in flight.scene.sensors]


def _cell(value: float, digits: int) -> str:
    """A reading as text, empty in a dropout."""
    return "" if np.isnan(value) else f"{value:.{digits}f}"


def _write_table(path: Path, head: list[str], flight: Flight, row: Callable[[int], list[object]]) -> None:
    """A header and one row per second of the flight."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(row(i) for i in range(flight.time.size))


def write_pergam(flight: Flight, path: Path) -> None:
    """Write a Pergam LMm log: laser methane column below the aircraft [ppm m] beside NMEA RMC sentences.

    Args:
        flight: the flight; its first sensor that looks down is written.
        path: the file.

    Raises:
        ConfigurationError: no sensor looks down.
        OSError: the file cannot be written.
    """
    lon, lat = reported_places(flight)
    speed = _ground_velocity(flight)
    looking_down = [n for n, sensor in enumerate(flight.scene.sensors) if sensor.path == "nadir"]
    if not looking_down:
        raise ConfigurationError(
            "a Pergam log needs a sensor with path = nadir", remedy='model = "tdlas-methane"'
        )
    path_mean_ppb = flight.readings_ppb[looking_down[0]]
    head = [
        "//*************************************************************//",
        "Device LMM_Logger ",
        "PROGRAM VERSION 1.2 May 25 2018          ",
        f"File {path.name}          ",
        f"GPS Time {_text(flight, 0, '%H:%M:%S')}          ",
        f"GPS Date {_text(flight, 0, '%d')}\\{_text(flight, 0, '%m')}\\{_text(flight, 0, '%y')}",
        "",
        "Config Param:            ",
        "Mess_RMC = on            ",
        "ShowRawGPS = on            ",
        "ShowRawLMM = on            ",
        "TimeOffset = 0            ",
        "//*************************************************************//",
    ]
    rows = []
    for i in range(flight.time.size):
        column = path_mean_ppb[i] * 1e-3 * max(flight.reported_m[i, 2], 0.0)
        if np.isnan(column):
            continue
        knots = float(np.hypot(*speed[i])) * 3600 / 1852
        course = float(np.degrees(np.arctan2(speed[i, 0], speed[i, 1])))
        sentence = (
            f"GNRMC,{_text(flight, i, '%H%M%S.%f')[:-3]},A,{_nmea(lat[i], 'NS', 2)},{_nmea(lon[i], 'EW', 3)},"
            f"{knots:.2f},{course % 360:.2f},{_text(flight, i, '%d%m%y')},,,A"
        )
        checksum = 0
        for letter in sentence:
            checksum ^= ord(letter)
        stamp = _text(flight, i, "%Y %m %d %H:%M:%S.%f")[:-3]
        rows.append(f"{stamp} ETC:FWD {round(max(column, 0.0)):05d} | ${sentence}*{checksum:02X}")
    path.write_text("\n".join([*head, *rows]) + "\n", encoding="ascii", newline="\n")


def write_sniffer_csv(flight: Flight, path: Path) -> None:
    """Write a table as a Sniffer4D payload's mapping software exports it: units in the header, VOC in ppm, no wind.

    Args:
        flight: the flight; its first broad-band sensor (or its first of any kind) is written as VOC.
        path: the file.

    Raises:
        OSError: the file cannot be written.
    """
    lon, lat = reported_places(flight)
    kinds = [sensor.species for sensor in flight.scene.sensors]
    values = flight.readings_ppb[kinds.index("VOC") if "VOC" in kinds else 0]
    head = [
        "Time", "Longitude", "Latitude", "Relative Height m", "VOCs ppm", "Temperature °C", "Humidity %", "Pressure Pa",
    ]  # fmt: skip

    def row(i: int) -> list[object]:
        return [
            _text(flight, i, "%Y-%m-%d %H:%M:%S"),
            f"{lon[i]:.7f}",
            f"{lat[i]:.7f}",
            f"{flight.reported_m[i, 2]:.2f}",
            _cell(values[i] * 1e-3, 4),
            f"{flight.temperature_k[i] - 273.15:.2f}",
            f"{100 * flight.relative_humidity[i]:.1f}",
            f"{flight.scene.pressure_pa:.0f}",
        ]

    _write_table(path, head, flight, row)


def write_wind_csv(flight: Flight, path: Path) -> None:
    """Write the anemometer's own table: speed and where the wind comes from, one row per second.

    Args:
        flight: the flight.
        path: the file.

    Raises:
        OSError: the file cannot be written.
    """
    speed = np.hypot(flight.wind_m_s[:, 0], flight.wind_m_s[:, 1])
    comes_from = np.degrees(np.arctan2(-flight.wind_m_s[:, 0], -flight.wind_m_s[:, 1])) % 360.0

    def row(i: int) -> list[object]:
        return [_text(flight, i, ISO), f"{speed[i]:.2f}", f"{comes_from[i]:.1f}"]

    _write_table(path, ["time_utc", "speed_m_s", "direction_from_deg"], flight, row)


def _nmea(degrees: float, letters: str, width: int) -> str:
    """Degrees and decimal minutes with the hemisphere's letter."""
    whole, minutes = divmod(round(abs(degrees) * 600_000), 600_000)
    return f"{whole:0{width}d}{minutes / 10_000:07.4f},{letters[0] if degrees >= 0 else letters[1]}"
