import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline import units
from plumeline.errors import UnitError


@given(st.floats(1e-12, 1.0), st.floats(0.002, 0.3), st.floats(230, 330), st.floats(5e4, 1.1e5))
def test_mole_fraction_and_mass_concentration_are_inverse(fraction, molar_mass, temperature, pressure):
    mass = units.mass_concentration_kg_m3(
        fraction, molar_mass_kg_mol=molar_mass, temperature_k=temperature, pressure_pa=pressure
    )
    back = units.mole_fraction(
        mass, molar_mass_kg_mol=molar_mass, temperature_k=temperature, pressure_pa=pressure
    )
    assert back == pytest.approx(fraction, rel=1e-12)


def test_one_ppm_methane_at_standard_conditions():
    # 1 ppm CH4 at 25 °C and 1 atm is 0.656 mg m-3 (molar volume 24.465 L mol-1, NIOSH Pocket Guide appendix).
    mass = units.mass_concentration_kg_m3(
        1e-6, molar_mass_kg_mol=0.016043, temperature_k=298.15, pressure_pa=101_325.0
    )
    assert mass == pytest.approx(0.016043e-6 / 24.465e-3, rel=2e-4)


def test_knots_are_exact():
    assert units.factor("kn", units.SPEED_UNITS, "wind speed") == pytest.approx(1852 / 3600, rel=1e-15)


@pytest.mark.parametrize(
    ("value", "unit", "kelvin"), [(0.0, "C", 273.15), (32.0, "degF", 273.15), (5.0, "K", 5.0)]
)
def test_temperature(value, unit, kelvin):
    assert units.temperature_k(np.array([value]), unit)[0] == pytest.approx(kelvin)


def test_unknown_unit_says_what_is_known():
    with pytest.raises(UnitError, match=r"furlong.*wind speed.*m s-1"):
        units.factor("furlong", units.SPEED_UNITS, "wind speed")
    with pytest.raises(UnitError, match="Rankine"):
        units.temperature_k(1.0, "Rankine")
