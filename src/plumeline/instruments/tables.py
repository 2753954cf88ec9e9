"""The kinds of raw table, each with its registered schema.

Every table has the dimension `record`, with `time` (UTC) and `line`, the line of the text file or the number of the
message in a binary log, both counted from 1. Order, duplicates and gaps are those of the file. Positions, angles,
wind and weather are converted to metres, degrees, m s-1, K and Pa here, at the edge (`file_units` keeps what the
file had); gas values stay in the file's own unit, because converting them takes a species, a temperature and a
pressure.

Dataset attributes: `time_reference` is "utc", or "relative" when the file has no calendar time (the table's times
then count from 1970-01-01T00:00); `source_file` names the file when it is not the recording itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from plumeline.schemas import Schema, Variable, register

if TYPE_CHECKING:
    from collections.abc import Mapping

RECORD = ("record",)
ALTITUDE_REFERENCES = ("take-off", "mean sea level", "ellipsoid", "ground", "local", "unknown")
"""What an altitude can be counted from; the attribute `reference` of `altitude`."""
DIRECTION_FRAMES = ("true", "magnetic", "body", "unknown")
"""What a direction can be counted from: true north, magnetic north, the platform's nose; attribute `frame`."""
MOTIONS = ("included", "removed", "unknown")
"""Whether a moving anemometer's wind still includes the platform's own motion; attribute `motion`."""
MEANINGS = ("point", "path mean", "column")
"""What a gas value is: at a point, the mean over a path, or integrated along it; attribute `meaning`."""


def _number(units: str, doc: str) -> Variable:
    return Variable(dims=RECORD, kind="f", units=units, doc=doc, required=False)


_ALWAYS = {
    "time": Variable(
        dims=RECORD, kind="M", units=None, doc="UTC; NaT where the file's time is not readable."
    ),
    "line": Variable(dims=RECORD, kind="i", units=None, doc="Line or message number in the file, from 1."),
}
_POSITION = {
    "latitude": _number("degree", "North positive, WGS 84."),
    "longitude": _number("degree", "East positive, WGS 84."),
    "x": _number("m", "East in the file's own local frame."),
    "y": _number("m", "North in the file's own local frame."),
    "altitude": _number("m", "Up; attribute `reference` says from what (`ALTITUDE_REFERENCES`)."),
    "height": _number("m", "Above ground, from an altimeter or as the file states it."),
}
_PATH_ENDS = {
    f"{axis}_{end}": _number(units, f"{axis} of the path's {end}.")
    for end in ("start", "end")
    for axis, units in {
        "latitude": "degree",
        "longitude": "degree",
        "x": "m",
        "y": "m",
        "height": "m",
    }.items()
}
_ATTITUDE = {
    "heading": _number("degree", "Nose, clockwise from north; attribute `frame`."),
    "pitch": _number("degree", "Nose up positive."),
    "roll": _number("degree", "Right side down positive."),
}

TRACK = register(
    Schema(
        name="raw_track",
        doc="Where a platform was.",
        variables=_ALWAYS
        | _POSITION
        | _ATTITUDE
        | {
            "ground_speed": _number("m s-1", "Horizontal speed over ground."),
            "course": _number("degree", "Direction of motion over ground, clockwise from true north."),
            "velocity_eastward": _number("m s-1", "Velocity over ground."),
            "velocity_northward": _number("m s-1", "Velocity over ground."),
            "velocity_upward": _number("m s-1", "Velocity over ground."),
            "satellites": _number("1", "Satellites used."),
            "horizontal_dilution": _number("1", "HDOP."),
        },
    )
)
ATTITUDE = register(
    Schema(
        name="raw_attitude",
        doc="How a platform was turned, where the log keeps it apart from the track.",
        variables=_ALWAYS | _ATTITUDE,
    )
)
READINGS = register(
    Schema(
        name="raw_readings",
        doc="One record is one reading of one sensor. Each gas is a variable named for its species, in the file's "
        "unit, with attributes `role` = 'gas', `species`, `units`, `meaning` (`MEANINGS`) and, where known, "
        "`detection_limit`, `ceiling` and `noise` in that unit. Variables with `role` = 'status' are as in the file.",
        variables=_ALWAYS
        | {
            "sensor": Variable(dims=RECORD, kind="i", units=None, doc="Index into `sensor_name`."),
            "sensor_name": Variable(
                dims=("sensor_index",), kind="UO", units=None, doc="Name of each sensor."
            ),
        }
        | _POSITION
        | _PATH_ENDS,
    )
)
WIND = register(
    Schema(
        name="raw_wind",
        doc="Wind as speed and direction, or as components. Attributes `frame` (`DIRECTION_FRAMES`), `motion` "
        "(`MOTIONS`) and `mounting` ('fixed', 'platform' or 'estimate') say what it is.",
        variables=_ALWAYS
        | {
            "speed": _number("m s-1", "Horizontal wind speed."),
            "direction_from": _number(
                "degree", "Where the wind comes from, clockwise; NaN when calm or variable."
            ),
            "eastward": _number("m s-1", "Component toward east."),
            "northward": _number("m s-1", "Component toward north."),
            "upward": _number("m s-1", "Component upward."),
            "gust": _number("m s-1", "Gust speed."),
            "speed_sigma": _number(
                "m s-1", "Standard deviation of the horizontal speed, turbulence or error."
            ),
            "direction_sigma": _number("degree", "Standard deviation of the horizontal direction."),
            "elevation_sigma": _number("degree", "Standard deviation of the vertical angle."),
            "height": _number("m", "Above ground."),
        },
    )
)
METEOROLOGY = register(
    Schema(
        name="raw_meteorology",
        doc="Weather and turbulence.",
        variables=_ALWAYS
        | {
            "air_temperature": _number("K", "Air temperature."),
            "air_pressure": _number("Pa", "Air pressure."),
            "relative_humidity": _number("1", "0 to 1."),
            "obukhov_length": _number("m", "L; negative is unstable."),
            "friction_velocity": _number("m s-1", "u*."),
        },
    )
)

KINDS = {
    "track": TRACK,
    "attitude": ATTITUDE,
    "readings": READINGS,
    "wind": WIND,
    "meteorology": METEOROLOGY,
}
"""Schema of each kind of raw table."""


def make_table(
    kind: str,
    arrays: Mapping[str, Any],
    *,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    **dataset_attributes: Any,
) -> xr.Dataset:
    """A raw table from arrays in the table's own units.

    Args:
        kind: kind of table.
        arrays: variables by name, each of shape (record,).
        attributes: further attributes of single variables.
        dataset_attributes: attributes of the table.

    Returns:
        The table, with the units of its schema.
    """
    declared = KINDS[kind].variables
    variables: dict[str, Any] = {}
    for name, values in arrays.items():
        units = declared[name].units if name in declared else None
        own = dict((attributes or {}).get(name, {}))
        variables[name] = (("record",), np.asarray(values), ({"units": units} if units else {}) | own)
    return xr.Dataset(variables, attrs={"time_reference": "utc", "platform": "moving"} | dataset_attributes)


def without_idle_wind(tables: dict[str, xr.Dataset]) -> bool:
    """Take out a wind estimate that is zero throughout: the filter never estimated it, and calm would be a lie.

    Args:
        tables: raw tables by kind; changed in place.

    Returns:
        Whether a wind table was taken out.
    """
    wind = tables.get("wind")
    if wind is None or wind.attrs.get("mounting") != "estimate":
        return False
    names = [name for name in ("eastward", "northward", "speed") if name in wind]
    if any(bool((wind[name].fillna(0.0) != 0).any()) for name in names):
        return False
    del tables["wind"]
    return True


def gas_variables(readings: xr.Dataset) -> tuple[str, ...]:
    """Names of the variables of a readings table that hold a gas.

    Args:
        readings: a table of schema `raw_readings`.

    Returns:
        Variable names in the table's order.
    """
    return tuple(
        str(name) for name, variable in readings.data_vars.items() if variable.attrs.get("role") == "gas"
    )


def has_position(table: xr.Dataset) -> bool:
    """Whether a table says where its records were taken, at a point or along a path.

    Args:
        table: any raw table.

    Returns:
        True when a complete horizontal position, with at least one finite value, is there.
    """
    pairs = (
        ("latitude", "longitude"),
        ("x", "y"),
        ("latitude_start", "longitude_start"),
        ("x_start", "y_start"),
    )
    return any(
        a in table and b in table and bool(np.isfinite(table[a]).any() & np.isfinite(table[b]).any())
        for a, b in pairs
    )
