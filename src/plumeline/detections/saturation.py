"""Columns of strong plumes: the linear target's answer is inverted through the band transmittance.

A matched filter reads a plume of true column c as Σ_b w_b s (1 − T_b(c)), where w_b is what an opaque share of one in
band b would be read as and s the target's sign. T_b is the band mean of exp(−absorbance) at full resolution, so lines
that are black at their centre count once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.chem.spectra import CrossSection
    from plumeline.radiometry import BandResponse

    Doubles = NDArray[np.float64]
    Single = NDArray[np.float32]

TABLE_PPM_M = np.concatenate([[0.0], np.geomspace(1.0, 1e5, 41)])
"""True columns of the tables [ppm m]."""


def transmittance_table(spectrum: CrossSection, response: BandResponse, *, air_mass: float = 1.0) -> Doubles:
    """Band transmittance at `TABLE_PPM_M`.

    Args:
        spectrum: the gas.
        response: the instrument's bands.
        air_mass: how often the light passes the vertical column.

    Returns:
        Transmittance, shape (column, band).
    """
    return response.transmittance(spectrum, air_mass * TABLE_PPM_M)


def desaturated(
    column_ppm_m: Single,
    weights: NDArray[np.floating],
    group: NDArray[np.int32],
    transmittance: Doubles,
    *,
    sign: float,
) -> Single:
    """Take saturation out of linear columns.

    Args:
        column_ppm_m: linear columns [ppm m], shape (line, sample).
        weights: reading of an opaque share of one in each band [ppm m], shape (group, band).
        group: group of each pixel, shape (line, sample); -1 for none.
        transmittance: of the gas at `TABLE_PPM_M`, shape (column, band).
        sign: the target's sign.

    Returns:
        Columns [ppm m]; negative ones (noise) stay, those beyond the table's end stay at its end.
    """
    out = column_ppm_m.copy()
    answers = linear_readings(weights, transmittance, sign=sign)
    for index, answer in enumerate(answers.T):
        if not np.isfinite(answer).all() or answer[-1] <= 0:
            continue
        members = (group == index) & (column_ppm_m > 0)
        out[members] = np.interp(column_ppm_m[members], answer, TABLE_PPM_M)
    return out


def linear_readings(weights: NDArray[np.floating], transmittance: Doubles, *, sign: float) -> Doubles:
    """What the linear filters of groups read the columns of `TABLE_PPM_M` as.

    Args:
        weights: reading of an opaque share of one in each band [ppm m], shape (group, band).
        transmittance: of the gas at `TABLE_PPM_M`, shape (column, band).
        sign: the target's sign.

    Returns:
        Linear columns, rising [ppm m], shape (column, group).
    """
    answers = sign * ((1.0 - transmittance) @ np.asarray(weights, np.float64).T)
    return np.asarray(np.maximum.accumulate(answers, axis=0))


def true_columns(linear_ppm_m: NDArray[np.floating], reading_ppm_m: Doubles) -> Single:
    """Columns that linear filters would read as so much.

    Args:
        linear_ppm_m: linear columns [ppm m], any shape.
        reading_ppm_m: what the columns of `TABLE_PPM_M` are read as, shape (column,).

    Returns:
        Columns [ppm m], same shape; infinite beyond what any column of the table reads as, NaN where the input is.
    """
    return np.asarray(np.interp(linear_ppm_m, reading_ppm_m, TABLE_PPM_M, right=np.inf), np.float32)
