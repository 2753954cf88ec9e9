"""The few constants of a gas that a simulated sensor needs.

Sources: molar masses from IUPAC 2021 standard atomic weights; photo-ionisation correction factors for a 10.6 eV lamp
against isobutylene from RAE Systems technical note TN-106 (2016), 0 where that lamp does not ionise the gas.
"""

from __future__ import annotations

from dataclasses import dataclass

from plumeline.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Gas:
    """One gas."""

    molar_mass_kg_mol: float
    """Molar mass [kg mol-1]."""
    pid_correction: float
    """True ppm over isobutylene-equivalent ppm of a 10.6 eV photo-ionisation detector; 0 if blind to it."""
    background_ppb: float
    """Usual mole fraction in outdoor air [ppb]."""


GASES = {
    "acetone": Gas(molar_mass_kg_mol=0.058079, pid_correction=1.1, background_ppb=2.0),
    "toluene": Gas(molar_mass_kg_mol=0.092138, pid_correction=0.5, background_ppb=0.5),
    "ethyl acetate": Gas(molar_mass_kg_mol=0.088105, pid_correction=4.6, background_ppb=0.1),
    "butyl acetate": Gas(molar_mass_kg_mol=0.116158, pid_correction=2.6, background_ppb=0.1),
    "2-propanol": Gas(molar_mass_kg_mol=0.060095, pid_correction=6.0, background_ppb=0.5),
    "ethanol": Gas(molar_mass_kg_mol=0.046068, pid_correction=10.0, background_ppb=2.0),
    "methanol": Gas(molar_mass_kg_mol=0.032042, pid_correction=0.0, background_ppb=3.0),
    "MEK": Gas(molar_mass_kg_mol=0.072106, pid_correction=0.86, background_ppb=0.2),
    "xylene": Gas(molar_mass_kg_mol=0.106165, pid_correction=0.43, background_ppb=0.3),
    "styrene": Gas(molar_mass_kg_mol=0.104149, pid_correction=0.4, background_ppb=0.05),
    "PCE": Gas(molar_mass_kg_mol=0.165822, pid_correction=0.57, background_ppb=0.05),
    "hexane": Gas(molar_mass_kg_mol=0.086175, pid_correction=4.3, background_ppb=0.3),
    "dichloromethane": Gas(molar_mass_kg_mol=0.084927, pid_correction=0.0, background_ppb=0.1),
    "diethyl ether": Gas(molar_mass_kg_mol=0.074121, pid_correction=1.1, background_ppb=0.01),
    "ammonia": Gas(molar_mass_kg_mol=0.017031, pid_correction=9.7, background_ppb=5.0),
    "acetic acid": Gas(molar_mass_kg_mol=0.060052, pid_correction=22.0, background_ppb=1.0),
    "methane": Gas(molar_mass_kg_mol=0.016043, pid_correction=0.0, background_ppb=1950.0),
}
"""Gases by name."""


def gas(name: str) -> Gas:
    """Look a gas up.

    Args:
        name: its name.

    Returns:
        The gas.

    Raises:
        ConfigurationError: the simulator does not know it.
    """
    if name not in GASES:
        raise ConfigurationError(f"gas {name!r} is unknown", remedy="use one of: " + ", ".join(GASES))
    return GASES[name]
