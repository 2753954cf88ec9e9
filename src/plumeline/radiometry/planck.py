"""Planck's law per wavenumber, its slope and its inverse.

Reference: CODATA 2018 radiation constants; 1 W m-2 sr-1 (cm-1)-1 = 1e4 µflick-like units of 1e-4 W cm-2 sr-1 cm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FIRST_RADIATION_W_M2_SR_CM4 = 1.191042972e-8
"""2hc² for radiance per cm-1 [W m-2 sr-1 (cm-1)-4]."""

SECOND_RADIATION_CM_K = 1.438776877
"""hc/k [cm K]."""


def planck_w_m2_sr_cm1(wavenumber_cm1: Floats, temperature_k: Floats | float) -> Floats:
    """Blackbody radiance.

    Args:
        wavenumber_cm1: wavenumbers [cm-1], any shape.
        temperature_k: temperature [K], broadcast against them.

    Returns:
        Radiance [W m-2 sr-1 (cm-1)-1].
    """
    exponent = SECOND_RADIATION_CM_K * wavenumber_cm1 / temperature_k
    return np.asarray(FIRST_RADIATION_W_M2_SR_CM4 * wavenumber_cm1**3 / np.expm1(exponent))


def planck_derivative_w_m2_sr_cm1_k(wavenumber_cm1: Floats, temperature_k: Floats | float) -> Floats:
    """Slope of blackbody radiance with temperature.

    Args:
        wavenumber_cm1: wavenumbers [cm-1], any shape.
        temperature_k: temperature [K], broadcast against them.

    Returns:
        dB/dT [W m-2 sr-1 (cm-1)-1 K-1].
    """
    exponent = SECOND_RADIATION_CM_K * wavenumber_cm1 / temperature_k
    return np.asarray(
        planck_w_m2_sr_cm1(wavenumber_cm1, temperature_k) * exponent / temperature_k / -np.expm1(-exponent)
    )


def brightness_temperature_k(wavenumber_cm1: Floats, radiance_w_m2_sr_cm1: Floats) -> Floats:
    """Temperature of the blackbody that has this radiance; the inverse of `planck_w_m2_sr_cm1`.

    Args:
        wavenumber_cm1: wavenumbers [cm-1].
        radiance_w_m2_sr_cm1: radiance [W m-2 sr-1 (cm-1)-1], broadcast against them.

    Returns:
        Temperature [K]; NaN where the radiance is not positive.
    """
    radiance = np.where(radiance_w_m2_sr_cm1 > 0, radiance_w_m2_sr_cm1, np.nan)
    ratio = FIRST_RADIATION_W_M2_SR_CM4 * wavenumber_cm1**3 / radiance
    return np.asarray(SECOND_RADIATION_CM_K * wavenumber_cm1 / np.log1p(ratio))
