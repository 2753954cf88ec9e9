"""What a crew would write beside its recordings: `survey.toml` and mappings for tables that are not built in.

They say what the manual of each instrument says (species, unit, lag, response time, noise) and nothing of the truth.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from plumeline.simulations.species import gas

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from plumeline.simulations.scene import Flight
    from plumeline.simulations.sensors import Sensor

SKYHUB_MAPPING, GENERIC_MAPPING = "skyhub-gas.toml", "plain-table.toml"


def column_name(sensor: Sensor) -> str:
    """Name of a sensor's reading in tables: its gas, or "VOC".

    Args:
        sensor: the sensor.

    Returns:
        The name, without spaces.
    """
    return "VOC" if sensor.species == "VOC" else gas(sensor.species).name.replace(" ", "_")


def write_survey_files(flight: Flight, folder: Path, recordings: Sequence[tuple[str, str]]) -> None:
    """Write `survey.toml` and the mappings it names.

    Args:
        flight: the flight.
        folder: where the recordings are.
        recordings: instrument format and file name of each.

    Raises:
        OSError: a file cannot be written.
    """
    lines = [f"name = {json.dumps(flight.scene.name)}", ""]
    for form, name in recordings[:1]:  # the others hold the same flight again
        lines += ["[[file]]", f"path = {json.dumps(name)}"]
        if form == "skyhub":
            lines.append(f"mapping = {json.dumps(SKYHUB_MAPPING)}")
            (folder / SKYHUB_MAPPING).write_text(_skyhub_mapping(flight), encoding="utf-8")
        elif form == "generic-csv":
            lines.append(f"mapping = {json.dumps(GENERIC_MAPPING)}")
            (folder / GENERIC_MAPPING).write_text(_generic_mapping(flight), encoding="utf-8")
        lines.append("")
    if recordings[0][0] not in {"skyhub", "generic-csv"} or flight.scene.anemometer.mast_height_m is not None:
        lines += ["[[file]]", 'path = "wind.csv"', ""]
    for sensor in flight.scene.sensors if recordings[0][0] == "generic-csv" else flight.scene.sensors[:1]:
        per_ppb = 1.0 if recordings[0][0] in {"generic-csv", "sniffer-csv"} else 1e-3
        lines += [
            "[[sensor]]",
            f"species = {json.dumps(column_name(sensor))}",
            f"delay_s = {sensor.lag_s:.2f}",
            f"rise_s = {sensor.rise_s:.2f}",
            f"decay_s = {sensor.decay_s:.2f}",
            f"noise = {sensor.noise_ppb * per_ppb:.6g}",
            "",
        ]
    lines += [*_air_and_wind(flight, is_body_frame=recordings[0][0] == "skyhub"), ""]
    (folder / "survey.toml").write_text("\n".join(lines), encoding="utf-8")


def _air_and_wind(flight: Flight, *, is_body_frame: bool) -> list[str]:
    scene = flight.scene
    mast = scene.anemometer.mast_height_m
    wind = ["[wind]"]
    if mast is not None:
        wind += [f"height_m = {mast:g}"]
    elif is_body_frame:
        wind += ['frame = "body"']
    return [
        "[frame]",
        f"lon = {scene.origin.lon_deg:g}",
        f"lat = {scene.origin.lat_deg:g}",
        "",
        "[air]",
        f"temperature_k = {scene.temperature_k:g}",
        f"pressure_pa = {scene.pressure_pa:g}",
        "",
        *wind,
    ]


def _skyhub_mapping(flight: Flight) -> str:
    name = column_name(flight.scene.sensors[0])
    return (
        '# SkyHub position log with a gas sensor at the inlet, in ppm.\nname = "skyhub_gas"\n'
        'extends = "skyhub_l0_csv"\n\n[[value]]\n'
        f'column = "GAS:{name}"\nspecies = {json.dumps(name)}\nunit = "ppm"\nmeaning = "point"\n'
    )


def _generic_mapping(flight: Flight) -> str:
    lines = [
        'name = "plain_table"',
        "",
        "[time]",
        'column = "time_utc"',
        "",
        "[position]",
        'latitude = "latitude_deg"',
        'longitude = "longitude_deg"',
        'height = "height_m"',
        "",
        "[meteorology]",
        'air_temperature = "air_temperature_K"',
        'temperature_unit = "K"',
        'air_pressure = "air_pressure_Pa"',
        'pressure_unit = "Pa"',
        "",
    ]
    for sensor in flight.scene.sensors:
        name = column_name(sensor)
        lines += [
            "[[value]]",
            f'column = "{name}_{sensor.kind}_ppb"',
            f"species = {json.dumps(name)}",
            f"sensor = {json.dumps(sensor.kind)}",
            'unit = "ppb"',
            "",
        ]
    if flight.scene.anemometer.mast_height_m is None:
        lines += [
            "[wind]",
            'eastward = "wind_eastward_m_s"',
            'northward = "wind_northward_m_s"',
            'speed_unit = "m/s"',
            'mounting = "platform"',
            'motion = "removed"',
            "",
        ]
    return "\n".join(lines)
