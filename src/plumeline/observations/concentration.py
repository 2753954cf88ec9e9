"""Readings in an instrument's own unit to mass concentration.

A mole fraction x becomes the mass concentration c = x M p / (R T); a column X [mol mol-1 m] over a path of length L
is the path mean x = X / L. A photo-ionisation detector (PID) reads isobutylene equivalents of *everything* its lamp
ionises: it identifies nothing, so its species stays `pid_response` unless the user says what is in the air, and only
then does a correction factor apply.

References: IUPAC standard atomic weights 2021, doi:10.1515/pac-2019-0603; RAE Systems Technical Note TN-106, 2010.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from plumeline import units
from plumeline.errors import ConfigurationError, UnitError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PID_RESPONSE = "pid_response"
"""Species name of a PID reading of unknown composition; its values are kg m-3 of isobutylene equivalents."""

STANDARD_TEMPERATURE_K = 288.15
"""Air temperature taken when none is known: ISO 2533 standard atmosphere at sea level [K]."""

STANDARD_PRESSURE_PA = 101_325.0
"""Air pressure taken when none is known: ISO 2533 standard atmosphere at sea level [Pa]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """What the conversion needs to know of a gas."""

    name: str
    """Name used in datasets, e.g. "methane"."""
    formula: str
    """Molecular formula; empty for `pid_response`."""
    molar_mass_kg_mol: float
    """Molar mass [kg mol-1]."""
    pid_factor: float | None = None
    """True mole fraction per isobutylene-equivalent reading (10.6 eV lamp); None if not seen or not listed."""


def species(name: str) -> Species:
    """Look a gas up by its name or formula, however it is spelt.

    Args:
        name: "CH4", "methane", "pid_response", ….

    Returns:
        The species.

    Raises:
        ConfigurationError: the name is not known.
    """
    found = _names().get(_key(name))
    if found is None:
        near = difflib.get_close_matches(_key(name), list(_names()), n=1)
        known = _names()[near[0]].name if near else "one of: " + ", ".join(sorted(_table()))
        raise ConfigurationError(
            f"no molar mass is known for species {name!r}",
            remedy=f"nearest known name: {known}" if near else f"use {known}",
        )
    return found


def to_mass_concentration(
    values: Floats,
    unit: str,
    *,
    gas: Species,
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


def correct_pid(values: Floats, *, gas: Species) -> Floats:
    """Mole fractions of a declared gas from PID readings in isobutylene equivalents.

    Args:
        values: readings as isobutylene, any mole-fraction unit.
        gas: the gas that the user declares to be in the air.

    Returns:
        Mole fractions of the gas in the same unit.

    Raises:
        ConfigurationError: a 10.6 eV lamp does not see this gas, or its factor is not listed.
    """
    if gas.pid_factor is None:
        raise ConfigurationError(
            f"no PID correction factor (10.6 eV lamp) is listed for {gas.name}",
            remedy="a 10.6 eV PID may be blind to it; leave the species undeclared, or declare another",
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


def _key(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.strip().lower())


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Species]:
    text = files("plumeline.observations").joinpath("data/species.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    weights = data["atomic_weight"]
    found = {
        name: Species(
            name=name,
            formula=entry["formula"],
            molar_mass_kg_mol=_molar_mass_kg_mol(entry["formula"], weights),
            pid_factor=entry.get("pid_factor"),
        )
        for name, entry in data["species"].items()
    }
    isobutylene = found["isobutylene"]
    found[PID_RESPONSE] = Species(
        name=PID_RESPONSE, formula="", molar_mass_kg_mol=isobutylene.molar_mass_kg_mol, pid_factor=1.0
    )
    return found


@lru_cache(maxsize=1)
def _names() -> Mapping[str, Species]:
    text = files("plumeline.observations").joinpath("data/species.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)["species"]
    names = {_key(alias): _table()[name] for name, entry in entries.items() for alias in entry["names"]}
    return names | {_key(name): gas for name, gas in _table().items()} | {"pid": _table()[PID_RESPONSE]}


def _molar_mass_kg_mol(formula: str, weights: Mapping[str, float]) -> float:
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    return sum(float(weights[element]) * int(count or 1) for element, count in parts) * 1e-3
