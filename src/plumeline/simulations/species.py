"""The few facts of a gas that a simulated sensor needs: molar mass, lamp response, usual amount in outdoor air."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from plumeline.chem import species

BACKGROUND_PPB = {
    "methane": 1950.0,
    "carbon dioxide": 420_000.0,
    "acetone": 2.0,
    "methanol": 3.0,
    "ethanol": 2.0,
    "ammonia": 5.0,
    "toluene": 0.5,
    "m-xylene": 0.3,
    "acetic acid": 1.0,
}
"""Usual mole fraction in outdoor air of a small town [ppb]; assumed 0.1 for gases that are not listed."""

PID_CORRECTION = {"ethanol": 10.0, "2-butanone": 0.9, "n-decane": 1.4}
"""Assumed lamp response of the simulated detector where the species table has no verified factor (10.6 eV lamp,
isobutylene = 1); gases that stand in neither are invisible to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gas:
    """One gas as the simulated sensors meet it."""

    name: str
    """Name in the species table."""
    molar_mass_kg_mol: float
    """Molar mass [kg mol-1]."""
    pid_correction: float
    """True over isobutylene-equivalent ppm of a 10.6 eV photo-ionisation detector; 0 if it is blind to the gas."""
    background_ppb: float
    """Usual mole fraction in outdoor air [ppb]."""


@cache
def gas(name: str) -> Gas:
    """Look a gas up in the species table.

    Args:
        name: name, alias or formula.

    Returns:
        The gas.

    Raises:
        InputError: the table does not hold it.
    """
    found = species(name)
    correction = found.get("pid_correction")
    return Gas(
        name=found.name,
        molar_mass_kg_mol=found.molar_mass_kg_mol,
        pid_correction=correction.value if correction else PID_CORRECTION.get(found.name, 0.0),
        background_ppb=BACKGROUND_PPB.get(found.name, 0.1),
    )
