"""What an absorption spectrum is here, and when two libraries agree on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import InputError
from plumeline.units import REFERENCE_PRESSURE_PA, REFERENCE_TEMPERATURE_K

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BOLTZMANN_J_K = 1.380649e-23
"""Boltzmann constant [J K-1], exact (SI 2019)."""

MOLECULES_PER_PPM_M = 1e-6 * REFERENCE_PRESSURE_PA / (BOLTZMANN_J_K * REFERENCE_TEMPERATURE_K)
"""Molecules per m2 in a column of 1 ppm m at 296 K and 101.325 kPa: 2.479e19 m-2."""


class Grade(StrEnum):
    """How far a spectrum's amounts can be trusted."""

    ABSOLUTE = "absolute"
    """Gravimetric or line-resolved with a stated uncertainty of a few percent: may be used for rates."""
    APPROXIMATE = "approximate"
    """Cell pressure and path are stated but the scale may be wrong by a factor near 2: identification only."""
    SHAPE = "shape"
    """No amount of gas is stated: band shape only, scaled to a peak of one arbitrary unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossSection:
    """Absorption cross-section of one gas at one temperature and pressure."""

    gas: str
    """Canonical name."""
    wavenumber_cm1: Floats
    """Ascending wavenumbers [cm-1], shape (n,)."""
    cross_section_m2: Floats
    """Absorption cross-section per molecule, base e [m2], shape (n,)."""
    temperature_k: float
    """Temperature of the gas [K]."""
    pressure_pa: float
    """Total pressure [Pa]."""
    resolution_cm1: float
    """Resolution of the record [cm-1]; what is finer cannot be known from it."""
    grade: Grade
    """How far the scale can be trusted."""
    relative_uncertainty: float
    """Relative uncertainty of the scale, 1 sigma."""
    source: str
    """Library and file name."""
    sha256: str = ""
    """Hash of the file."""

    def __post_init__(self) -> None:
        if self.wavenumber_cm1.size < 2 or self.wavenumber_cm1.shape != self.cross_section_m2.shape:
            raise InputError("a spectrum needs two or more points, and as many values", where=self.source)
        if not (np.all(np.diff(self.wavenumber_cm1) > 0) and np.all(np.isfinite(self.cross_section_m2))):
            raise InputError("wavenumbers must ascend and every value must be a number", where=self.source)

    @property
    def range_cm1(self) -> tuple[float, float]:
        """Least and greatest wavenumber [cm-1]."""
        return float(self.wavenumber_cm1[0]), float(self.wavenumber_cm1[-1])

    def absorbance_per_ppm_m(self, wavenumber_cm1: Floats) -> Floats:
        """Napierian absorbance of a column of 1 ppm m on another grid, by linear interpolation.

        Args:
            wavenumber_cm1: where to evaluate [cm-1], any shape.

        Returns:
            Absorbance per ppm m, same shape; 0 outside the record.
        """
        values: Floats = np.interp(
            wavenumber_cm1, self.wavenumber_cm1, self.cross_section_m2, left=0.0, right=0.0
        )
        return values * MOLECULES_PER_PPM_M


@dataclass(frozen=True, slots=True, kw_only=True)
class LineList:
    """Spectral lines of one gas at 296 K, in the columns and units of HITRAN."""

    gas: str
    """Canonical name."""
    position_cm1: Floats
    """Vacuum wavenumber [cm-1], ascending, shape (n,)."""
    strength_cm: Floats
    """Line strength at 296 K, isotopic abundance included [cm-1/(molecule cm-2)]."""
    broadening_air_cm1_atm: Floats
    """Half width at half maximum by air [cm-1 atm-1]."""
    broadening_self_cm1_atm: Floats
    """Half width at half maximum by the gas itself [cm-1 atm-1]."""
    lower_energy_cm1: Floats
    """Energy of the lower state [cm-1]."""
    temperature_exponent: Floats
    """Exponent of the air width's temperature dependence."""
    shift_air_cm1_atm: Floats
    """Pressure shift by air [cm-1 atm-1]."""
    molar_mass_kg_mol: float
    """Molar mass, for the Doppler width [kg mol-1]."""
    rotational_exponent: float
    """The rotational partition sum goes as T to this power: 1 linear, 1.5 non-linear."""
    source: str
    """Library and file name."""
    relative_uncertainty: float = 0.05
    """Relative uncertainty of the strengths, 1 sigma."""
    sha256: str = ""
    """Hash of the file."""


def agreement(
    one: CrossSection, other: CrossSection, *, span_cm1: tuple[float, float]
) -> tuple[float, float]:
    """How well two libraries agree on a band.

    Args:
        one: first spectrum.
        other: second spectrum.
        span_cm1: band over which to compare [cm-1].

    Returns:
        Ratio of the two band integrals (one over other) and correlation of the two at 4 cm-1 boxes.

    Raises:
        InputError: the band is not covered by both.
    """
    low, high = span_cm1
    for spectrum in (one, other):
        if spectrum.range_cm1[0] > low or spectrum.range_cm1[1] < high:
            raise InputError(f"does not cover {low:g} to {high:g} cm-1", where=spectrum.source)
    edges = np.arange(low, high + 1e-9, 4.0)
    first, second = (_box_means(spectrum, edges) for spectrum in (one, other))
    correlation = float(np.corrcoef(first, second)[0, 1])
    return float(first.sum() / second.sum()), correlation


def _box_means(spectrum: CrossSection, edges_cm1: Floats) -> Floats:
    fine = np.linspace(edges_cm1[0], edges_cm1[-1], 400 * (edges_cm1.size - 1) + 1)
    values = np.interp(fine, spectrum.wavenumber_cm1, spectrum.cross_section_m2)
    return np.asarray(values[:-1].reshape(edges_cm1.size - 1, 400).mean(axis=1))
