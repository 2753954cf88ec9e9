"""Conversion at the edge: from the unit a mapping declares to the unit a raw table holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plumeline import units
from plumeline.errors import UnitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Convert = Callable[[Floats], Floats]

ANGLE_UNITS = {
    "degree": 1.0,
    "deg": 1.0,
    "degrees": 1.0,
    "°": 1.0,
    "radian": 180 / np.pi,
    "rad": 180 / np.pi,
    "gon": 0.9,
}
"""Factor from an angle unit to degrees."""

RAW_UNITS = ("raw", "count", "V", "mV", "ohm", "kohm", "lel %", "mol m-2")
"""Units of a sensor's signal that is not a concentration yet; kept as they are."""

RELATIVE_UNITS = {"%": 0.01, "1": 1.0}
"""Factor from a relative-humidity unit to 1."""


def same(values: Floats) -> Floats:
    """The values as they are."""
    return values


def scaled(unit: str, table: dict[str, float], quantity: str) -> Convert:
    """A conversion by a factor.

    Args:
        unit: unit in the file.
        table: unit to factor.
        quantity: what it is, for the error's text.

    Returns:
        A function from values in `unit` to values in the table's base unit.

    Raises:
        UnitError: the unit is missing or not in the table.
    """
    if not unit:
        raise UnitError(f"the unit of {quantity} is missing", remedy="give one of: " + ", ".join(table))
    by = units.factor(unit, table, quantity)
    return lambda values: values * by


def speed(unit: str) -> Convert:
    """From a speed unit to m s-1.

    Raises:
        UnitError: the unit is missing or unknown.
    """
    return scaled(unit, units.SPEED_UNITS, "speed")


def length(unit: str) -> Convert:
    """From a length unit to m.

    Raises:
        UnitError: the unit is missing or unknown.
    """
    return scaled(unit, units.LENGTH_UNITS, "length")


def pressure(unit: str) -> Convert:
    """From a pressure unit to Pa.

    Raises:
        UnitError: the unit is missing or unknown.
    """
    return scaled(unit, units.PRESSURE_UNITS, "pressure")


def humidity(unit: str) -> Convert:
    """From a relative-humidity unit to 1.

    Raises:
        UnitError: the unit is missing or unknown.
    """
    return scaled(unit, RELATIVE_UNITS, "relative humidity")


def angle(unit: str) -> Convert:
    """From an angle unit to degrees; "tan" is the tangent of the angle.

    Raises:
        UnitError: the unit is missing or unknown.
    """
    if unit == "tan":
        return lambda values: np.degrees(np.arctan(values))
    return scaled(unit, ANGLE_UNITS, "angle")


def temperature(unit: str) -> Convert:
    """From a temperature unit to K.

    Raises:
        UnitError: the unit is missing or unknown.
    """
    if not unit:
        raise UnitError("the unit of temperature is missing", remedy="give K, C or F")
    units.temperature_k(0.0, unit)
    return lambda values: np.asarray(units.temperature_k(values, unit), float)


def check_gas_unit(unit: str, species: str) -> str:
    """Check that a gas value's unit is known; the value itself is not converted here.

    Args:
        unit: unit in the file.
        species: the gas, for the error's text.

    Returns:
        The unit, trimmed.

    Raises:
        UnitError: the unit is missing or unknown.
    """
    known = [*units.MOLE_FRACTION_UNITS, *units.MASS_CONCENTRATION_UNITS, *units.COLUMN_UNITS, *RAW_UNITS]
    if unit.strip() in known:
        return unit.strip()
    what = f"unit {unit!r} of {species} is unknown" if unit.strip() else f"the unit of {species} is missing"
    raise UnitError(what, remedy="give one of: " + ", ".join(known))


def north_clockwise_from(values_deg: Floats, *, sense: str, zero: str, turn: str) -> Floats:
    """A wind direction in the usual convention, whatever the file's was.

    Args:
        values_deg: directions in the file's convention [degrees].
        sense: "from" or "toward".
        zero: "north" or "east".
        turn: "clockwise" or "counterclockwise".

    Returns:
        Where the wind comes from, clockwise from north, 0 ≤ d < 360 [degrees].
    """
    clockwise = values_deg if turn == "clockwise" else -values_deg
    shift_deg = (90.0 if zero == "east" else 0.0) + (180.0 if sense == "toward" else 0.0)
    return full_circle(clockwise + shift_deg)


def full_circle(values_deg: Floats) -> Floats:
    """Angles between 0 and 360.

    Args:
        values_deg: any angles [degrees].

    Returns:
        The same directions, 0 ≤ d < 360 [degrees]; NaN for what is not finite.
    """
    return np.mod(np.where(np.isfinite(values_deg), values_deg, np.nan), 360.0)
