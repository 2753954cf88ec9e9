"""Unit conversions, the only place where they are done.

Inside Plumeline every number is a float in SI base units with the unit in its name. A mole fraction becomes
a mass concentration only with the species' molar mass and the air's temperature and pressure.

References: CODATA 2018 molar gas constant; BIPM SI brochure, 9th edition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from plumeline.errors import UnitError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatOrArray = TypeVar("FloatOrArray", float, NDArray[np.float64])
else:
    FloatOrArray = TypeVar("FloatOrArray")

GAS_CONSTANT_J_MOL_K = 8.314462618
"""Molar gas constant [J mol-1 K-1]."""

REFERENCE_TEMPERATURE_K = 296.0
"""Temperature at which a column in ppm m is defined here [K]."""

REFERENCE_PRESSURE_PA = 101_325.0
"""Pressure at which a column in ppm m is defined here [Pa]."""

MOLE_FRACTION_UNITS = {
    "ppm": 1e-6,
    "ppmv": 1e-6,
    "ppb": 1e-9,
    "ppbv": 1e-9,
    "ppt": 1e-12,
    "%": 1e-2,
    "1": 1.0,
    "mol mol-1": 1.0,
}
"""Factor from a mole-fraction unit to mol mol-1."""

MASS_CONCENTRATION_UNITS = {
    "kg m-3": 1.0,
    "g m-3": 1e-3,
    "mg m-3": 1e-6,
    "ug m-3": 1e-9,
    "mg/m3": 1e-6,
    "ug/m3": 1e-9,
    "µg/m3": 1e-9,
    "g/m3": 1e-3,
}
"""Factor from a mass-concentration unit to kg m-3."""

COLUMN_UNITS = {"ppm m": 1e-6, "ppm*m": 1e-6, "ppm·m": 1e-6, "ppm-m": 1e-6, "ppmm": 1e-6, "ppb m": 1e-9}
"""Factor from a path-integrated mole-fraction unit to mol mol-1 m."""

SPEED_UNITS = {
    "m s-1": 1.0,
    "m/s": 1.0,
    "km/h": 1 / 3.6,
    "kn": 1852 / 3600,
    "kt": 1852 / 3600,
    "knots": 1852 / 3600,
    "mph": 0.44704,
    "ft/s": 0.3048,
}
"""Factor from a speed unit to m s-1."""

LENGTH_UNITS = {"m": 1.0, "ft": 0.3048, "km": 1e3, "cm": 1e-2, "mm": 1e-3}
"""Factor from a length unit to m."""

RATE_UNITS = {
    "kg s-1": 1.0,
    "g s-1": 1e-3,
    "g/s": 1e-3,
    "kg/h": 1 / 3600,
    "g/h": 1e-3 / 3600,
    "g/min": 1e-3 / 60,
}
"""Factor from an emission-rate unit to kg s-1."""

PRESSURE_UNITS = {"Pa": 1.0, "hPa": 100.0, "mbar": 100.0, "kPa": 1e3, "inHg": 3386.389}
"""Factor from a pressure unit to Pa."""


def factor(unit: str, table: dict[str, float], quantity: str) -> float:
    """Factor that turns a value in `unit` into SI.

    Args:
        unit: the unit as it stands in the file.
        table: one of this module's unit tables.
        quantity: what the number is, for the error's text.

    Returns:
        The factor [SI unit per unit].

    Raises:
        UnitError: the unit is not in the table.
    """
    try:
        return table[unit.strip()]
    except KeyError:
        raise UnitError(
            f"unit {unit!r} is not one of {quantity}", remedy="use one of: " + ", ".join(table)
        ) from None


def temperature_k(value: FloatOrArray, unit: str) -> FloatOrArray:
    """Absolute temperature from K, °C or °F.

    Args:
        value: temperature in `unit`.
        unit: "K", "C" (or "degC", "°C") or "F" (or "degF", "°F").

    Returns:
        Temperature [K].

    Raises:
        UnitError: the unit is none of these.
    """
    name = unit.strip().removeprefix("deg").removeprefix("°")
    if name == "K":
        return value
    if name == "C":
        return value + 273.15
    if name == "F":
        return (value + 459.67) / 1.8
    raise UnitError(f"unit {unit!r} is not one of temperature", remedy="use K, C or F")


def air_molar_density_mol_m3(temperature_k: FloatOrArray, pressure_pa: FloatOrArray) -> FloatOrArray:
    """Amount of air per volume from the ideal gas law.

    Args:
        temperature_k: air temperature [K].
        pressure_pa: air pressure [Pa].

    Returns:
        Molar density [mol m-3].
    """
    return pressure_pa / (GAS_CONSTANT_J_MOL_K * temperature_k)


def mass_concentration_kg_m3(
    mole_fraction: FloatOrArray,
    *,
    molar_mass_kg_mol: float,
    temperature_k: FloatOrArray,
    pressure_pa: FloatOrArray,
) -> FloatOrArray:
    """Mass concentration of a gas from its mole fraction.

    Args:
        mole_fraction: amount of the gas per amount of air [mol mol-1].
        molar_mass_kg_mol: molar mass of the gas [kg mol-1].
        temperature_k: air temperature [K].
        pressure_pa: air pressure [Pa].

    Returns:
        Mass concentration [kg m-3].
    """
    return mole_fraction * molar_mass_kg_mol * air_molar_density_mol_m3(temperature_k, pressure_pa)


def mole_fraction(
    mass_concentration_kg_m3: FloatOrArray,
    *,
    molar_mass_kg_mol: float,
    temperature_k: FloatOrArray,
    pressure_pa: FloatOrArray,
) -> FloatOrArray:
    """Mole fraction of a gas from its mass concentration; the inverse of `mass_concentration_kg_m3`.

    Args:
        mass_concentration_kg_m3: mass of the gas per volume of air [kg m-3].
        molar_mass_kg_mol: molar mass of the gas [kg mol-1].
        temperature_k: air temperature [K].
        pressure_pa: air pressure [Pa].

    Returns:
        Mole fraction [mol mol-1].
    """
    return mass_concentration_kg_m3 / (
        molar_mass_kg_mol * air_molar_density_mol_m3(temperature_k, pressure_pa)
    )
