"""The L1 schemas and their quality flags.

One row is one reading of one sensor. Long form serves fixed sensors, one drone and several drones alike.
Wind components point to where the air goes (eastward, northward), as in CF; "from" directions exist at the edge
only.

References: CF conventions 1.11, sections 3.5 (flags) and standard names `eastward_wind`, `northward_wind`.
"""

from __future__ import annotations

from dataclasses import replace
from enum import IntFlag

from plumeline.schemas import Schema, Variable, register


class Quality(IntFlag):
    """Why a reading should be used with care or not at all; 0 is good."""

    SATURATED = 1
    """At or above the sensor's ceiling: the truth may be higher."""
    BELOW_DETECTION = 2
    """Below the detection limit: known only to be less than that."""
    DROPOUT = 4
    """The sensor gave no value or a stuck one."""
    DUPLICATE = 8
    """The same time and sensor again."""
    POSITION_GLITCH = 16
    """The position jumped faster than the platform can move."""
    POSITION_MISSING = 32
    """No position for this time."""
    WIND_MISSING = 64
    """No wind for this time."""
    TIME_DISORDER = 128
    """The time went backwards here in the file."""
    LAG_UNCORRECTED = 256
    """The sensor's delay or response is known but could not be taken out."""
    CLOCK_UNCERTAIN = 512
    """The clock offset between the logs could not be established."""
    WARMING_UP = 1024
    """The sensor had not settled yet."""


UNUSABLE = (
    Quality.DROPOUT
    | Quality.DUPLICATE
    | Quality.POSITION_GLITCH
    | Quality.POSITION_MISSING
    | Quality.WIND_MISSING
    | Quality.WARMING_UP
)
"""Readings with any of these do not enter an inversion; they stay in the dataset."""

_READING = {
    "time": Variable(dims=("reading",), kind="M", units=None, doc="UTC."),
    "sensor": Variable(dims=("reading",), kind="iu", units=None, doc="Index into `sensor_name`."),
    "sensor_name": Variable(dims=("sensor_index",), kind="UO", units=None, doc="Name of each sensor."),
    "species": Variable(dims=("species",), kind="UO", units=None, doc="Name of each species."),
    "quality": Variable(
        dims=("reading", "species"), kind="iu", units=None, doc="Bits of `Quality`; 0 is good."
    ),
    "wind_eastward": Variable(
        dims=("reading",), kind="f", units="m s-1", doc="Mean wind toward east at the reading."
    ),
    "wind_northward": Variable(
        dims=("reading",), kind="f", units="m s-1", doc="Mean wind toward north at the reading."
    ),
    "wind_sigma": Variable(
        dims=("reading",), kind="f", units="m s-1", doc="Standard error of either component of the mean wind."
    ),
    "wind_height": Variable(
        dims=("reading",),
        kind="f",
        units="m",
        doc="Height above ground at which the wind holds; NaN if unknown.",
    ),
    "direction_sigma": Variable(
        dims=("reading",),
        kind="f",
        units="rad",
        doc="Standard deviation of the wind's horizontal direction over the averaging time (turbulence).",
        required=False,
    ),
    "elevation_sigma": Variable(
        dims=("reading",),
        kind="f",
        units="rad",
        doc="Standard deviation of the wind's vertical angle over the averaging time (turbulence).",
        required=False,
    ),
    "inverse_obukhov_length": Variable(
        dims=("reading",), kind="f", units="m-1", doc="Stability, 1/L; 0 is neutral.", required=False
    ),
    "friction_velocity": Variable(dims=("reading",), kind="f", units="m s-1", doc="u*.", required=False),
    "air_temperature": Variable(
        dims=("reading",), kind="f", units="K", doc="At the reading.", required=False
    ),
    "air_pressure": Variable(dims=("reading",), kind="f", units="Pa", doc="At the reading.", required=False),
    "position_sigma": Variable(
        dims=("reading",),
        kind="f",
        units="m",
        doc="Standard error of a horizontal coordinate: receiver, and speed times the clock's error.",
        required=False,
    ),
    "averaging_time": Variable(
        dims=("reading",), kind="f", units="s", doc="Time over which the reading is a mean.", required=False
    ),
    "mass_concentration": Variable(
        dims=("reading", "species"),
        kind="f",
        units="kg m-3",
        doc="As measured, background included; NaN if none.",
    ),
    "mass_concentration_sigma": Variable(
        dims=("reading", "species"),
        kind="f",
        units="kg m-3",
        doc="Instrument noise, 1 sigma; NaN if unknown.",
    ),
    "detection_limit": Variable(
        dims=("reading", "species"), kind="f", units="kg m-3", doc="Least enhancement seen; NaN if unknown."
    ),
    "rise_time": Variable(
        dims=("sensor_index", "species"),
        kind="f",
        units="s",
        doc="Time constant of the sensor while rising that is still in the readings; NaN if none.",
        required=False,
    ),
    "decay_time": Variable(
        dims=("sensor_index", "species"),
        kind="f",
        units="s",
        doc="Time constant of the sensor while falling that is still in the readings; NaN if none.",
        required=False,
    ),
    "second_time": Variable(
        dims=("sensor_index", "species"),
        kind="f",
        units="s",
        doc="Time constant of the sensor's second stage that is still in the readings; NaN if none.",
        required=False,
    ),
    "molar_mass": Variable(
        dims=("species",), kind="f", units="kg mol-1", doc="Of each species; NaN if unknown."
    ),
}

IN_SITU = register(
    Schema(
        name="in_situ",
        doc="Readings at a point: one row is one reading of one sensor.",
        variables=_READING
        | {
            "x": Variable(dims=("reading",), kind="f", units="m", doc="East in the local frame."),
            "y": Variable(dims=("reading",), kind="f", units="m", doc="North in the local frame."),
            "z": Variable(dims=("reading",), kind="f", units="m", doc="Height above ground."),
        },
    )
)

OPEN_PATH = register(
    Schema(
        name="open_path",
        doc="Readings along a straight path; `mass_concentration` is the mean over the path (column / length).",
        variables=_READING
        | {
            name: Variable(dims=("reading",), kind="f", units="m", doc=doc)
            for name, doc in {
                "x_start": "East of the path's first end.",
                "y_start": "North of the path's first end.",
                "z_start": "Height above ground of the path's first end.",
                "x_end": "East of the path's second end.",
                "y_end": "North of the path's second end.",
                "z_end": "Height above ground of the path's second end.",
            }.items()
        },
    )
)

WIND = register(
    Schema(
        name="wind",
        doc="Wind at one place over time, as an anemometer, an autopilot or a weather report gives it.",
        variables={
            "time": Variable(dims=("time",), kind="M", units=None, doc="UTC."),
            "wind_eastward": Variable(dims=("time",), kind="f", units="m s-1", doc="Toward east."),
            "wind_northward": Variable(dims=("time",), kind="f", units="m s-1", doc="Toward north."),
            "wind_sigma": Variable(
                dims=("time",), kind="f", units="m s-1", doc="Standard error of either component."
            ),
            "wind_height": Variable(
                dims=("time",), kind="f", units="m", doc="Height above ground; NaN if unknown."
            ),
        }
        | {
            name: replace(_READING[name], dims=("time",))
            for name in ("direction_sigma", "elevation_sigma", "inverse_obukhov_length", "friction_velocity")
        },
    )
)
