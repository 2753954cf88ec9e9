"""Radiance units, per wavenumber and per wavelength, against Planck's law in either form."""

import numpy as np
import pytest
from scipy import constants

from plumeline.instruments.cubes import radiance_factor
from plumeline.radiometry import planck_w_m2_sr_cm1

CENTRE = np.array([800.0, 1000.0, 1250.0])


def planck_per_m(wavelength_m, kelvin):
    h, c, k = constants.h, constants.c, constants.k
    return 2 * h * c**2 / wavelength_m**5 / np.expm1(h * c / (wavelength_m * k * kelvin))


@pytest.mark.parametrize(
    ("unit", "per_si"),
    [
        ("W/(m^2 sr um)", 1e-6),
        ("W m-2 sr-1 µm-1", 1e-6),
        ("microflicks", 1e-6 * 1e-4 * 1e6),
        ("uW/cm^2/sr/nm", 1e-9 * 1e-4 * 1e6),
        ("mW/(m2*sr*nm)", 1e-9 * 1e3),
    ],
)
def test_a_black_body_per_wavelength_is_the_same_per_wavenumber(unit, per_si):
    stated = planck_per_m(1e-2 / CENTRE, 300.0) * per_si
    factor = radiance_factor(unit, CENTRE)
    np.testing.assert_allclose(stated * factor, planck_w_m2_sr_cm1(CENTRE, 300.0), rtol=1e-6)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("W m-2 sr-1 (cm-1)-1", 1.0),
        ("W/(m^2 sr cm^-1)", 1.0),
        ("nW/(cm2 sr cm-1)", 1e-5),
        ("Watts/cm^2/sr/cm^-1", 1e4),
        ("W/(cm**2 sr cm**-1)", 1e4),
    ],
)
def test_units_per_wavenumber(unit, factor):
    np.testing.assert_allclose(radiance_factor(unit, CENTRE), factor)


@pytest.mark.parametrize("unit", ["unknown", "counts", "W/m2", "W/(m2 sr)", "K", "", "W W/(m2 sr cm-1)"])
def test_what_is_no_spectral_radiance(unit):
    assert radiance_factor(unit, CENTRE) is None
