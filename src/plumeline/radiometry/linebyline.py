"""Absorption line by line: Voigt profiles at a temperature and pressure.

Strengths are taken from 296 K to T with the rotational partition sum (T or T^1.5); the vibrational sum changes by
less than 2 % between 270 and 330 K for the molecules used here and is left out.

References: Rothman et al., J. Quant. Spectrosc. Radiat. Transfer 60, 665 (1998), appendix A (equations A5, A11,
A12); Voigt profile from the Faddeeva function (SciPy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import voigt_profile

from plumeline.chem.spectra import CrossSection, Grade
from plumeline.errors import InputError
from plumeline.radiometry.planck import SECOND_RADIATION_CM_K
from plumeline.units import GAS_CONSTANT_J_MOL_K, REFERENCE_PRESSURE_PA, REFERENCE_TEMPERATURE_K

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.chem.spectra import LineList

    Floats = NDArray[np.float64]

LIGHT_M_S = 299_792_458.0
WING_CM1 = 25.0
"""Lines are cut this far from their centre [cm-1], as is usual for HITRAN."""

WEAKEST_SHARE = 1e-5
"""Lines weaker than this share of the strongest in the band are left out."""


def cross_section_from_lines(
    lines: LineList,
    *,
    span_cm1: tuple[float, float],
    step_cm1: float = 0.02,
    temperature_k: float = REFERENCE_TEMPERATURE_K,
    pressure_pa: float = REFERENCE_PRESSURE_PA,
    mole_fraction: float = 0.0,
) -> CrossSection:
    """Cross-section of a gas from its lines.

    Args:
        lines: the line list.
        span_cm1: band to compute [cm-1].
        step_cm1: grid step [cm-1].
        temperature_k: temperature [K].
        pressure_pa: total pressure [Pa].
        mole_fraction: the gas' own mole fraction, for self-broadening [mol mol-1].

    Returns:
        The cross-section on an even grid.

    Raises:
        InputError: the list holds no line that reaches into the band.
    """
    low, high = span_cm1
    near = (lines.position_cm1 > low - WING_CM1) & (lines.position_cm1 < high + WING_CM1)
    if not near.any():
        raise InputError(f"{lines.gas} has no line near {low:g} to {high:g} cm-1", where=lines.source)
    near &= lines.strength_cm > WEAKEST_SHARE * lines.strength_cm[near].max()
    index = np.flatnonzero(near)
    grid = np.asarray(low + step_cm1 * np.arange(round((high - low) / step_cm1) + 1), dtype=np.float64)
    centre, strength_cm, doppler, lorentz = _line_state(
        lines, index, temperature_k, pressure_pa, mole_fraction
    )
    total_cm2 = np.zeros(grid.size)
    first = np.searchsorted(grid, centre - WING_CM1)
    last = np.searchsorted(grid, centre + WING_CM1)
    for k in range(index.size):
        part = slice(first[k], last[k])
        total_cm2[part] += strength_cm[k] * voigt_profile(grid[part] - centre[k], doppler[k], lorentz[k])
    return CrossSection(
        gas=lines.gas,
        wavenumber_cm1=grid,
        cross_section_m2=total_cm2 * 1e-4,
        temperature_k=temperature_k,
        pressure_pa=pressure_pa,
        resolution_cm1=step_cm1,
        grade=Grade.ABSOLUTE,
        relative_uncertainty=lines.relative_uncertainty,
        source=f"{lines.source}, line by line",
        sha256=lines.sha256,
    )


def _line_state(
    lines: LineList, index: NDArray[np.intp], temperature_k: float, pressure_pa: float, mole_fraction: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Centre [cm-1], strength [cm], Doppler sigma [cm-1] and Lorentz half width [cm-1] of the lines at T and p."""
    atm = pressure_pa / REFERENCE_PRESSURE_PA
    ratio = REFERENCE_TEMPERATURE_K / temperature_k
    position = lines.position_cm1[index]
    centre = position + lines.shift_air_cm1_atm[index] * atm
    boltzmann = np.exp(
        -SECOND_RADIATION_CM_K
        * lines.lower_energy_cm1[index]
        * (1 / temperature_k - 1 / REFERENCE_TEMPERATURE_K)
    )
    emission = np.expm1(-SECOND_RADIATION_CM_K * position / temperature_k) / np.expm1(
        -SECOND_RADIATION_CM_K * position / REFERENCE_TEMPERATURE_K
    )
    strength = lines.strength_cm[index] * ratio**lines.rotational_exponent * boltzmann * emission
    doppler = position * np.sqrt(GAS_CONSTANT_J_MOL_K * temperature_k / lines.molar_mass_kg_mol) / LIGHT_M_S
    lorentz = atm * (
        lines.broadening_air_cm1_atm[index] * (1 - mole_fraction) * ratio ** lines.temperature_exponent[index]
        + lines.broadening_self_cm1_atm[index] * mole_fraction
    )
    return centre, strength, doppler, np.maximum(lorentz, 1e-6)
