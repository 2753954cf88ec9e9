import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline import units
from plumeline.errors import ConfigurationError, UnitError
from plumeline.observations.concentration import (
    PID_RESPONSE,
    correct_pid,
    gas,
    standard_pressure_pa,
    to_mass_concentration,
)

AIR = {"temperature_k": 298.15, "pressure_pa": 101_325.0}


@pytest.mark.parametrize(
    ("name", "g_mol"),
    # NIST Chemistry WebBook molecular weights.
    [
        ("CH4", 16.0425),
        ("SO2", 64.064),
        ("toluene", 92.1384),
        ("Acetone", 58.0791),
        ("SF6", 146.055),
        ("HCl", 36.461),
    ],
)
def test_molar_mass(name, g_mol):
    assert gas(name).molar_mass_kg_mol * 1e3 == pytest.approx(g_mol, rel=1e-4)


def test_names_are_recognised_however_they_are_spelt():
    assert gas("Carbon_Dioxide") == gas("co2") == gas("carbon dioxide")


def test_unknown_species_names_the_nearest():
    with pytest.raises(ConfigurationError, match="toluene"):
        gas("tolune")


def test_one_ppm_is_molar_mass_over_molar_volume():
    # NIOSH Pocket Guide: 1 ppm NH3 = 0.70 mg m-3, 1 ppm SO2 = 2.62 mg m-3, 1 ppm toluene = 3.77 mg m-3 at 25 °C, 1 atm.
    for name, mg in [("NH3", 0.70), ("SO2", 2.62), ("toluene", 3.77)]:
        kg = to_mass_concentration(np.array([1.0]), "ppm", gas=gas(name), **AIR)
        assert kg[0] * 1e6 == pytest.approx(mg, abs=0.006)


@given(st.floats(1e-3, 1e5), st.sampled_from(["CH4", "SO2", "acetone"]), st.floats(1.0, 500.0))
def test_units_agree_with_each_other(ppm, name, length):
    substance = gas(name)
    kg = to_mass_concentration(np.array([ppm]), "ppm", gas=substance, **AIR)
    ppb = to_mass_concentration(np.array([ppm * 1e3]), "ppb", gas=substance, **AIR)
    column = to_mass_concentration(
        np.array([ppm * length]), "ppm m", gas=substance, path_length_m=length, **AIR
    )
    mass = to_mass_concentration(kg * 1e6, "mg m-3", gas=substance, **AIR)
    back = units.mole_fraction(kg, molar_mass_kg_mol=substance.molar_mass_kg_mol, **AIR)
    assert ppb == pytest.approx(kg, rel=1e-12)
    assert column == pytest.approx(kg, rel=1e-12)
    assert mass == pytest.approx(kg, rel=1e-12)
    assert back * 1e6 == pytest.approx(ppm, rel=1e-12)


def test_column_without_a_path_is_refused():
    with pytest.raises(UnitError, match="length of its path"):
        to_mass_concentration(np.array([5.0]), "ppm-m", gas=gas("CH4"), **AIR)


def test_missing_unit_is_refused_with_the_known_ones():
    with pytest.raises(UnitError, match=r"ppm, ppmv.*mg m-3.*ppm m"):
        to_mass_concentration(np.array([5.0]), "", gas=gas("CH4"), **AIR)


def test_pid_alone_identifies_nothing():
    assert gas("PID").name == PID_RESPONSE
    assert correct_pid(np.array([2.0]), gas=gas("pid_response"))[0] == 2.0
    # TN-106 (10.6 eV): m-xylene 0.43.
    assert correct_pid(np.array([2.0]), gas=gas("m-xylene"))[0] == pytest.approx(0.86)
    assert correct_pid(np.array([2.0]), gas=gas("methane", pid_factor=3.0))[0] == pytest.approx(6.0)
    with pytest.raises(ConfigurationError, match="methane"):
        correct_pid(np.array([2.0]), gas=gas("methane"))


def test_standard_atmosphere():
    # ISO 2533: 898.75 hPa at 1,000 m and 795.01 hPa at 2,000 m.
    assert standard_pressure_pa(np.array([1000.0, 2000.0])) == pytest.approx([89_875, 79_495], rel=2e-4)
