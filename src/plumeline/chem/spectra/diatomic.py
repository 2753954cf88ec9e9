"""Fundamental-band lines of HCl and CO computed from published molecular constants, for users without line files.

Positions from band origin and rotational constants of both states, strengths from the Einstein coefficient of the
band with a Herman–Wallis factor 1 + C m, isotopologues by the mass dependence of the constants.

References: Rank, Rao & Wiggins, J. Mol. Spectrosc. 17, 122 (1965) and Guelachvili, Niay & Bernage, J. Mol.
Spectrosc. 85, 271 (1981) for HCl constants; Pine, Fried & Elkins, J. Mol. Spectrosc. 109, 30 (1985) for its
intensity and widths; Mantz et al., J. Mol. Spectrosc. 57, 155 (1975) for CO; Herzberg, Spectra of Diatomic
Molecules (1950), III.2, for the formulas. Strengths are good to 10 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.chem.spectra.cross_section import LineList

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SECOND_RADIATION_CM_K = 1.438776877
"""hc/k [cm K]."""

LIGHT_CM_S = 2.99792458e10
REFERENCE_K = 296.0
STRENGTH_UNCERTAINTY = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Isotopologue:
    abundance: float
    origin_cm1: float
    rotation_cm1: tuple[float, float]
    distortion_cm1: tuple[float, float]


def hydrogen_chloride_lines() -> LineList:
    """Lines of H35Cl and H37Cl, 1–0 band, at natural abundance (74 lines, 2500 to 3100 cm-1)."""
    isotopologues = (
        _Isotopologue(
            abundance=0.757587,
            origin_cm1=2885.9775,
            rotation_cm1=(10.440254, 10.136228),
            distortion_cm1=(5.2828e-4, 5.2157e-4),
        ),
        _Isotopologue(
            abundance=0.242257,
            origin_cm1=2883.8705,
            rotation_cm1=(10.424568, 10.121233),
            distortion_cm1=(5.2668e-4, 5.1999e-4),
        ),
    )
    return _band(
        "hydrogen chloride",
        isotopologues,
        einstein_per_s=HCL_EINSTEIN_PER_S,
        herman_wallis=-0.0256,
        widths_cm1_atm=(0.080, 0.22),
        molar_mass_kg_mol=0.03646,
    )


def carbon_monoxide_lines() -> LineList:
    """Lines of 12C16O and 13C16O, 1–0 band, at natural abundance (2000 to 2250 cm-1)."""
    isotopologues = (
        _Isotopologue(
            abundance=0.986544,
            origin_cm1=2143.2711,
            rotation_cm1=(1.9225290, 1.9050259),
            distortion_cm1=(6.1206e-6, 6.1194e-6),
        ),
        _Isotopologue(
            abundance=0.011084,
            origin_cm1=2096.0671,
            rotation_cm1=(1.8379720, 1.8216098),
            distortion_cm1=(5.5940e-6, 5.5929e-6),
        ),
    )
    return _band(
        "carbon monoxide",
        isotopologues,
        einstein_per_s=34.3,
        herman_wallis=2.1e-4,
        widths_cm1_atm=(0.058, 0.064),
        molar_mass_kg_mol=0.02801,
    )


HCL_EINSTEIN_PER_S = 40.0
"""Einstein coefficient of the HCl fundamental [s-1]."""


def _band(
    gas: str,
    isotopologues: tuple[_Isotopologue, ...],
    *,
    einstein_per_s: float,
    herman_wallis: float,
    widths_cm1_atm: tuple[float, float],
    molar_mass_kg_mol: float,
) -> LineList:
    parts = [_lines(one, einstein_per_s=einstein_per_s, herman_wallis=herman_wallis) for one in isotopologues]
    position, strength, lower = (np.concatenate([part[i] for part in parts]) for i in range(3))
    order = np.argsort(position)
    ones = np.ones(position.size)
    return LineList(
        gas=gas,
        position_cm1=position[order],
        strength_cm=strength[order],
        broadening_air_cm1_atm=widths_cm1_atm[0] * ones,
        broadening_self_cm1_atm=widths_cm1_atm[1] * ones,
        lower_energy_cm1=lower[order],
        temperature_exponent=0.7 * ones,
        shift_air_cm1_atm=0.0 * ones,
        molar_mass_kg_mol=molar_mass_kg_mol,
        rotational_exponent=1.0,
        source="computed from published molecular constants",
        relative_uncertainty=STRENGTH_UNCERTAINTY,
    )


def _lines(
    one: _Isotopologue, *, einstein_per_s: float, herman_wallis: float, most: int = 35
) -> tuple[Floats, Floats, Floats]:
    def term(level: int, j: Floats) -> Floats:
        product = j * (j + 1.0)
        return one.rotation_cm1[level] * product - one.distortion_cm1[level] * product**2

    # m = J+1 in the R branch, -J in the P branch.
    m = np.concatenate([np.arange(-most, 0), np.arange(1, most + 1)]).astype(float)
    lower_j = np.where(m > 0, m - 1.0, -m)
    upper_j = np.where(m > 0, m, -m - 1.0)
    lower = term(0, lower_j)
    position = one.origin_cm1 + term(1, upper_j) - lower
    levels = np.arange(0.0, 80.0)
    partition = np.sum((2 * levels + 1) * np.exp(-SECOND_RADIATION_CM_K * term(0, levels) / REFERENCE_K))
    band_cm = einstein_per_s / (8 * np.pi * LIGHT_CM_S * one.origin_cm1**2)
    strength = (
        one.abundance
        * band_cm
        * (position / one.origin_cm1)
        * np.abs(m)
        * np.clip(1 + herman_wallis * m, 0.0, None)
        * np.exp(-SECOND_RADIATION_CM_K * lower / REFERENCE_K)
        * (1 - np.exp(-SECOND_RADIATION_CM_K * position / REFERENCE_K))
        / partition
    )
    keep = strength > 1e-26
    return position[keep], strength[keep], lower[keep]
