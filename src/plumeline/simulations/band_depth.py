"""Apparent optical depth of a gas column in the bands of an instrument, smile included; columns from mass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plumeline.chem.spectra import gas_named, molar_mass_kg_mol
from plumeline.radiometry import BandResponse
from plumeline.units import GAS_CONSTANT_J_MOL_K, REFERENCE_PRESSURE_PA, REFERENCE_TEMPERATURE_K

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.chem.spectra import CrossSection

    Doubles = NDArray[np.float64]

MOL_PER_M2_PPM_M = 1e-6 * REFERENCE_PRESSURE_PA / (GAS_CONSTANT_J_MOL_K * REFERENCE_TEMPERATURE_K)
TABLE_PPM_M = np.concatenate([[0.0], np.geomspace(0.3, 3e5, 60)])


def column_ppm_m(gas: str, mass_kg_m2: Doubles) -> Doubles:
    """Column of a gas.

    Args:
        gas: name.
        mass_kg_m2: column mass [kg m-2], any shape.

    Returns:
        Column [ppm m], same shape.
    """
    return np.asarray(mass_kg_m2 / molar_mass_kg_mol(gas_named(gas).formula) / MOL_PER_M2_PPM_M)


def optical_depth(
    spectrum: CrossSection, column: Doubles, *, centre_cm1: Doubles, fwhm_cm1: Doubles, shift_cm1: Doubles
) -> Doubles:
    """Apparent optical depth of each band, from the band mean of exp(-absorbance), with smile across samples.

    Args:
        spectrum: the gas.
        column: column along the light's way [ppm m], shape (line, sample).
        centre_cm1: band centres [cm-1], shape (band,).
        fwhm_cm1: band widths [cm-1], shape (band,).
        shift_cm1: shift of all centres per sample [cm-1], shape (sample,).

    Returns:
        Optical depth, shape (line, sample, band).
    """
    places = np.linspace(shift_cm1.min(), shift_cm1.max() + 1e-9, 3)
    tables = []
    for place in places:
        response = BandResponse(centre_cm1=centre_cm1 + place, fwhm_cm1=fwhm_cm1)
        tables.append(response.transmittance(spectrum, TABLE_PPM_M))
    depth = -np.log(np.maximum(np.stack(tables), 1e-12))
    out = np.empty((*column.shape, centre_cm1.size))
    position = np.interp(shift_cm1, places, np.arange(places.size))
    rank = np.interp(column, TABLE_PPM_M, np.arange(TABLE_PPM_M.size))
    for sample in range(column.shape[1]):
        low = min(int(position[sample]), places.size - 2)
        share = position[sample] - low
        table = (1 - share) * depth[low] + share * depth[low + 1]
        index = np.minimum(rank[:, sample].astype(int), TABLE_PPM_M.size - 2)
        part = (rank[:, sample] - index)[:, None]
        out[:, sample] = (1 - part) * table[index] + part * table[index + 1]
    return out
