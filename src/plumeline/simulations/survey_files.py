"""What a crew would write beside its recordings: `survey.toml` and mappings for tables that are not built in.

They say what the manual of each instrument says (species, unit, lag, response time, noise) and nothing of the truth.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from plumeline.simulations.species import gas

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from plumeline.simulations.scene import Flight
    from plumeline.simulations.sensors import Sensor


def column_name(sensor: Sensor) -> str:
    """Name of a sensor's reading in tables: its gas, or "VOC".

    Args:
        sensor: the sensor.

    Returns:
        The name, without spaces.
    """
    return "VOC" if sensor.species == "VOC" else gas(sensor.species).name.replace(" ", "_")


def write_survey_files(flight: Flight, folder: Path, *, name: str, form: str, files: Sequence[str]) -> None:
    """Write `survey.toml` and the mapping it names.

    Args:
        flight: the flight.
        folder: where the recordings are.
        name: the survey's name, which results and reports carry.
        form: format of the file with the readings.
        files: names of the recordings that make the survey, the one with the readings first.

    Raises:
        OSError: a file cannot be written.
    """
    lines = [f"name = {json.dumps(name)}", ""]
    for number, file in enumerate(files):
        lines += ["[[file]]", f"path = {json.dumps(file)}"]
        if number == 0 and form in MAPPINGS:
            mapping, text = MAPPINGS[form]
            lines.append(f"mapping = {json.dumps(mapping)}")
            (folder / mapping).write_text(text(flight), encoding="utf-8")
        lines.append("")
    per_ppb = 1e-3 if form in {"skyhub", "pergam"} else 1.0
    for sensor in _sensors_in(form, flight.scene.sensors):
        lines += [
            "[[sensor]]",
            f"species = {json.dumps(column_name(sensor))}",
            f"delay_s = {sensor.lag_s:.2f}",
            f"rise_s = {sensor.rise_s:.2f}",
            f"decay_s = {sensor.decay_s:.2f}",
            f"noise = {sensor.noise_ppb * per_ppb:.6g}",
            "",
        ]
    lines += [*_air_and_wind(flight, form=form), ""]
    (folder / "survey.toml").write_text("\n".join(lines), encoding="utf-8")


def _sensors_in(form: str, sensors: Sequence[Sensor]) -> Sequence[Sensor]:
    """Sensors whose readings a format holds."""
    if form in {"generic-csv", "gas-csv"}:
        return sensors
    if form == "path-csv":
        return [next(sensor for sensor in sensors if sensor.path == "beam")]
    return sensors[:1]


def _air_and_wind(flight: Flight, *, form: str) -> list[str]:
    scene = flight.scene
    mast = scene.anemometer.mast_height_m
    wind = ["[wind]"]
    if mast is not None:
        wind += [f"height_m = {mast:g}"]
    elif form == "skyhub":
        wind += ['frame = "body"']
    elif form != "generic-csv":
        # The anemometer flies, but its own table does not say where.
        wind += [f"height_m = {sorted(scene.track.height_m)[scene.track.count // 2]:.1f}"]
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


def _gas_mapping(flight: Flight) -> str:
    lines = ['name = "gas_logger"', "", "[time]", 'column = "time_utc"', ""]
    return "\n".join(lines + _values(flight.scene.sensors))


def _path_mapping(flight: Flight) -> str:
    sensor = next(sensor for sensor in flight.scene.sensors if sensor.path == "beam")
    name = column_name(sensor)
    return (
        'name = "open_path_table"\n\n[time]\ncolumn = "time_utc"\n\n[position]\n'
        'latitude_start = "latitude_deg"\nlongitude_start = "longitude_deg"\nheight_start = "height_m"\n'
        'latitude_end = "reflector_latitude_deg"\nlongitude_end = "reflector_longitude_deg"\n'
        'height_end = "reflector_height_m"\n\n[[value]]\n'
        f'column = "{name}_path_mean_ppb"\nspecies = {json.dumps(name)}\nunit = "ppb"\nmeaning = "path mean"\n'
    )


def _values(sensors: Sequence[Sensor]) -> list[str]:
    """Sections of the gas columns of a plain table."""
    lines = []
    for sensor in sensors:
        name = column_name(sensor)
        lines += [
            "[[value]]",
            f'column = "{name}_{sensor.kind}_ppb"',
            f"species = {json.dumps(name)}",
            f"sensor = {json.dumps(sensor.kind)}",
            'unit = "ppb"',
            "",
        ]
    return lines


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
    lines += _values(flight.scene.sensors)
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


MAPPINGS: dict[str, tuple[str, Callable[[Flight], str]]] = {
    "skyhub": ("skyhub-gas.toml", _skyhub_mapping),
    "generic-csv": ("plain-table.toml", _generic_mapping),
    "gas-csv": ("gas-logger.toml", _gas_mapping),
    "path-csv": ("open-path.toml", _path_mapping),
}
"""Formats that no built-in reader knows: name of the mapping and its text."""
