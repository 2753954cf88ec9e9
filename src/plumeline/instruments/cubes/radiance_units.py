"""Units in which imagers state radiance, per wavenumber or per wavelength, and the factor to SI per wavenumber."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

POWER_W = {"w": 1.0, "mw": 1e-3, "uw": 1e-6, "nw": 1e-9}
PER_M2 = {"m2": 1.0, "m-2": 1.0, "cm2": 1e4, "cm-2": 1e4}
PER_WAVENUMBER = frozenset({"cm-1", "cm"})
PER_CM = {"um": 1e4, "um-1": 1e4, "nm": 1e7, "nm-1": 1e7}
"""Units of wavelength in a centimetre."""

RADIANCE_UNITS = ("W/(m2 sr cm-1)", "nW/(cm2 sr cm-1)", "W/(m2 sr um)", "uW/(cm2 sr um)")
"""How units may be written; the signs between the parts do not matter."""

WORDS = {
    "microflicks": "uw cm-2 sr-1 um-1",
    "microflick": "uw cm-2 sr-1 um-1",
    "uflicks": "uw cm-2 sr-1 um-1",
    "uflick": "uw cm-2 sr-1 um-1",
    "microwatts": "uw",
    "microwatt": "uw",
    "nanowatts": "nw",
    "nanowatt": "nw",
    "milliwatts": "mw",
    "watts": "w",
    "watt": "w",
    "micrometers": "um",
    "micrometer": "um",
    "microns": "um",
    "micron": "um",
    "nanometers": "nm",
    "nanometer": "nm",
    "steradian": "sr",
    "µ": "u",
    "μ": "u",
    "²": "2",
}


def radiance_factor(unit: str, centre_cm1: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Factor of each band from a stated unit to W m-2 sr-1 (cm-1)-1.

    Args:
        unit: the unit, e.g. "W/(m2 sr cm-1)" or "microflicks".
        centre_cm1: band centres [cm-1], shape (band,).

    Returns:
        Factors, shape (band,), or None for a unit that is no radiance per wavenumber or wavelength.
    """
    text = unit.casefold()
    for word, short in WORDS.items():
        text = text.replace(word, short)
    parts = re.findall(r"[a-z]+-?\d*", text.replace("^", "").replace("**", ""))
    power = [POWER_W[part] for part in parts if part in POWER_W]
    area = [PER_M2[part] for part in parts if part in PER_M2]
    spectral = [part for part in parts if part in PER_WAVENUMBER or part in PER_CM]
    solid = [part for part in parts if part in {"sr", "sr-1"}]
    if not len(power) == len(area) == len(spectral) == len(solid) == 1 or len(parts) != 4:
        return None
    factor = np.full(centre_cm1.size, power[0] * area[0])
    if spectral[0] in PER_CM:
        # dλ/dν = 1/ν², with λ in cm and ν in cm-1.
        factor *= PER_CM[spectral[0]] / centre_cm1**2
    return factor
