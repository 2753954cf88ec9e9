"""Readings in an instrument's own unit to mass concentration.

A mole fraction x becomes the mass concentration c = x M p / (R T); a column X [mol mol-1 m] over a path of length L
is the path mean x = X / L. A photo-ionisation detector (PID) reads isobutylene equivalents of *everything* its lamp
ionises: it identifies nothing, so its species stays `pid_response` unless the user says what is in the air, and only
then does a correction factor apply.

References: IUPAC abridged standard atomic weights 2021, doi:10.1515/pac-2019-0603; RAE Systems Technical Note TN-106.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline import chem, units
from plumeline.errors import ConfigurationError, InputError, UnitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PID_RESPONSE = "pid_response"
"""Species name of a PID reading of unknown composition; its values are kg m-3 of isobutylene equivalents."""

STANDARD_TEMPERATURE_K = 288.15
"""Air temperature taken when none is known: ISO 2533 standard atmosphere at sea level [K]."""

STANDARD_PRESSURE_PA = 101_325.0
"""Air pressure taken when none is known: ISO 2533 standard atmosphere at sea level [Pa]."""

ATOMIC_WEIGHTS_G_MOL = {
    "H": 1.008,
    "C": 12.011,
    "N": 14.007,
    "O": 15.999,
    "F": 18.998,
    "Si": 28.085,
    "P": 30.974,
    "S": 32.06,
    "Cl": 35.45,
    "Br": 79.904,
}
"""IUPAC abridged standard atomic weights 2021, doi:10.1515/pac-2019-0603 [g mol-1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gas:
    """What the conversion needs to know of a gas."""

    name: str
    """Name used in datasets: that of the species table, or the formula of a gas that is not in it."""
    molar_mass_kg_mol: float
    """Molar mass [kg mol-1]."""
    pid_factor: float | None = None
    """True mole fraction per isobutylene-equivalent reading (10.6 eV lamp); None if not known."""


ISOBUTYLENE_EQUIVALENT = Gas(name=PID_RESPONSE, molar_mass_kg_mol=56.108e-3, pid_factor=1.0)
"""A PID's reading as if all of it were isobutylene, C4H8."""


def gas(name: str, *, pid_factor: float | None = None) -> Gas:
    """Look a gas up in the species table, or take its name as a molecular formula.

    Args:
        name: name, alias, CAS number or formula ("CH4", "methane", "C2H6"), or "pid_response".
        pid_factor: a declared PID correction factor, which overrides the table's.

    Returns:
        The gas.

    Raises:
        ConfigurationError: the name is neither in the table nor a formula.
    """
    plain = re.sub(r"[\s_]+", " ", name.strip())
    if plain.casefold() in {"pid", "pid response"}:
        return ISOBUTYLENE_EQUIVALENT
    try:
        known = chem.species(plain)
    except InputError as error:
        molar_mass = _molar_mass_kg_mol(plain)
        if molar_mass is None:
            raise ConfigurationError(
                f"no molar mass is known for gas {name!r}",
                remedy=f"{error.remedy}; or use its molecular formula, such as C2H6",
            ) from None
        return Gas(name=plain, molar_mass_kg_mol=molar_mass, pid_factor=pid_factor)
    cited = known.get("pid_correction")
    factor = pid_factor if pid_factor is not None else (cited.value if cited else None)
    return Gas(name=known.name, molar_mass_kg_mol=known.molar_mass_kg_mol, pid_factor=factor)


def to_mass_concentration(
    values: Floats,
    unit: str,
    *,
    gas: Gas,
    temperature_k: Floats | float,
    pressure_pa: Floats | float,
    path_length_m: Floats | float | None = None,
) -> Floats:
    """Convert readings to mass concentration.

    Args:
        values: readings in `unit`, shape (reading,).
        unit: a mole fraction ("ppm"), a mass concentration ("mg m-3") or a column ("ppm m").
        gas: what was read.
        temperature_k: air temperature [K], scalar or (reading,).
        pressure_pa: air pressure [Pa], scalar or (reading,).
        path_length_m: length of the optical path [m], needed for a column.

    Returns:
        Mass concentration [kg m-3], for a column its mean over the path; shape (reading,).

    Raises:
        UnitError: the unit is unknown, or it is a column and no path length is given.
    """
    data = np.asarray(values, float)
    name = unit.strip()
    if name in units.MASS_CONCENTRATION_UNITS:
        return data * units.MASS_CONCENTRATION_UNITS[name]
    if name in units.COLUMN_UNITS:
        if path_length_m is None:
            raise UnitError(
                f"a reading in {unit!r} is a column, and the length of its path is not known",
                remedy="give the two ends of the path, or the path's length",
            )
        fraction = data * units.COLUMN_UNITS[name] / np.asarray(path_length_m, float)
    else:
        fraction = data * units.factor(
            name,
            units.MOLE_FRACTION_UNITS | units.MASS_CONCENTRATION_UNITS | units.COLUMN_UNITS,
            "gas concentration",
        )
    return units.mass_concentration_kg_m3(
        fraction,
        molar_mass_kg_mol=gas.molar_mass_kg_mol,
        temperature_k=np.asarray(temperature_k, float),
        pressure_pa=np.asarray(pressure_pa, float),
    )


def correct_pid(values: Floats, *, gas: Gas) -> Floats:
    """Mole fractions of a declared gas from PID readings in isobutylene equivalents.

    Args:
        values: readings as isobutylene, any mole-fraction unit.
        gas: the gas that the user declares to be in the air.

    Returns:
        Mole fractions of the gas in the same unit.

    Raises:
        ConfigurationError: the gas has no known factor.
    """
    if gas.pid_factor is None:
        raise ConfigurationError(
            f"no PID correction factor (10.6 eV lamp) is known for {gas.name}",
            remedy="declare pid_factor with its source, or leave the species undeclared; the lamp may be blind to it",
        )
    return np.asarray(values, float) * gas.pid_factor


def standard_pressure_pa(altitude_m: Floats | float) -> Floats:
    """Pressure of the ISO 2533 standard atmosphere in the troposphere.

    Args:
        altitude_m: height above mean sea level [m].

    Returns:
        Pressure [Pa].
    """
    return (
        STANDARD_PRESSURE_PA
        * (1.0 - 0.0065 * np.asarray(altitude_m, float) / STANDARD_TEMPERATURE_K) ** 5.25588
    )


def _molar_mass_kg_mol(formula: str) -> float | None:
    if not re.fullmatch(r"(?:[A-Z][a-z]?\d*)+", formula):
        return None
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    if any(element not in ATOMIC_WEIGHTS_G_MOL for element, _ in parts):
        return None
    return sum(ATOMIC_WEIGHTS_G_MOL[element] * int(count or 1) for element, count in parts) * 1e-3
