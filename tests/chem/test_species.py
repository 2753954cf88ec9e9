"""The species table against independent references and against itself."""

import re

import chemicals
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline.chem import QUANTITIES, all_species, emergency_level, species
from plumeline.chem.species import is_cas_number, read_table
from plumeline.errors import InputError

DATE = re.compile(r"^(19|20)\d\d(-\d\d(-\d\d)?)?$")
EVERY = all_species()


def names(one):
    return one.name


def test_table_holds_at_least_forty_substances_with_unique_numbers():
    assert len(EVERY) >= 40
    assert len({one.cas for one in EVERY}) == len(EVERY)


@pytest.mark.parametrize("one", EVERY, ids=names)
def test_every_value_has_a_source_with_a_date_and_its_published_unit(one):
    for quantity, cited in one.values.items():
        assert DATE.match(cited.source.date), cited.source
        assert cited.source.title
        number, unit = cited.published.split(" ", 1)
        assert unit == QUANTITIES[quantity].published_unit
        assert cited.value == pytest.approx(float(number) * QUANTITIES[quantity].factor, rel=1e-5)


@pytest.mark.parametrize("one", EVERY, ids=names)
def test_limits_are_in_order_and_possible(one):
    for scheme in ("aegl", "erpg", "pac"):
        tiers = [one.get(f"{scheme}_{tier}") for tier in (1, 2, 3)]
        known = [tier.value for tier in tiers if tier is not None]
        assert known == sorted(known)
    twa, stel = one.get("twa"), one.get("stel")
    if twa and stel:
        assert twa.value <= stel.value
    lfl, ufl = one.get("lfl"), one.get("ufl")
    if lfl and ufl:
        assert 0 < lfl.value < ufl.value < 1
    for quantity in ("idlh", "aegl_3", "odour_threshold"):
        cited = one.get(quantity)
        assert cited is None or 0 < cited.value < 1


@pytest.mark.parametrize("one", EVERY, ids=names)
def test_emergency_level_above_a_tenth_of_the_flammable_limit_says_so(one):
    level = emergency_level(one, 3)
    lfl = one.get("lfl")
    if level and lfl:
        assert level.above_tenth_of_lfl == (level.cited.value > 0.1 * lfl.value)


@pytest.mark.parametrize("one", EVERY, ids=names)
def test_molar_mass_agrees_with_the_formula(one):
    atoms = chemicals.nested_formula_parser(one.formula)
    assert one.molar_mass_kg_mol == pytest.approx(chemicals.molecular_weight(atoms) / 1000, rel=2e-4)


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("ammonia", (30, 160, 1100)),
        ("acetone", (200, 3200, 5700)),
        ("chlorine", (0.5, 2, 20)),
        ("HCl", (1.8, 22, 100)),
        ("H2S", (0.51, 27, 50)),
        ("phosphine", (None, 2, 3.6)),
    ],
)
def test_sixty_minute_aegl_values_match_the_published_ones(name, levels):
    for tier, expected in zip((1, 2, 3), levels, strict=True):
        cited = species(name).get(f"aegl_{tier}")
        assert (cited and cited.value) == (expected and pytest.approx(expected * 1e-6))


def test_butane_aegl_3_is_flagged_because_fire_comes_first():
    assert emergency_level(species("butane"), 3).above_tenth_of_lfl
    assert not emergency_level(species("ammonia"), 2).above_tenth_of_lfl


def test_names_aliases_formulas_and_numbers_find_the_same_substance():
    assert species("PCE") is species("127-18-4") is species("Tetrachloroethylene")
    assert species("NH3") is species("H3N")
    # Three xylenes and ethylbenzene share C8H10: a formula that names several names none.
    with pytest.raises(InputError):
        species("C8H10")


def test_an_unknown_name_suggests_close_ones():
    with pytest.raises(InputError, match="acetone"):
        species("acetonne")


def test_missing_stays_missing():
    iodine = species("iodine")
    assert iodine.get("idlh") is None
    assert "idlh" in iodine.missing
    with pytest.raises(InputError):
        iodine.get("yield")


def test_vapour_is_heavier_than_air_for_solvents_and_lighter_for_ammonia():
    assert species("ammonia").relative_vapour_density == pytest.approx(0.59, abs=0.01)
    assert species("PCE").relative_vapour_density == pytest.approx(5.7, abs=0.05)


@given(st.integers(min_value=10, max_value=9_999_999), st.integers(0, 99), st.integers(1, 9))
def test_a_changed_check_digit_is_found(head, middle, shift):
    digits = f"{head}{middle:02d}"
    check = sum(place * int(digit) for place, digit in enumerate(reversed(digits), start=1)) % 10
    assert is_cas_number(f"{head}-{middle:02d}-{check}")
    assert not is_cas_number(f"{head}-{middle:02d}-{(check + shift) % 10}")


HEAD = '[source.a]\ntitle = "t"\ndate = "2020"\n[species.x]\ncas = "67-64-1"\nformula = "C"\n'


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "idlh_ppm = { value = 1 }",
        HEAD + 'idlh_ppm = { value = 1, source = "b" }',
        HEAD + 'idlh = { value = 1, source = "a" }',
        HEAD.replace("67-64-1", "67-64-2"),
        HEAD.replace('date = "2020"', 'date = ""'),
    ],
)
def test_a_table_that_breaks_its_rules_is_refused(text):
    with pytest.raises(InputError):
        read_table(text)


@pytest.mark.parametrize("one", EVERY, ids=names)
def test_occupational_limits_lie_below_immediate_danger(one):
    idlh = one.get("idlh")
    for quantity in ("pel", "pel_ceiling"):
        cited = one.get(quantity)
        assert cited is None or idlh is None or cited.value <= idlh.value


@pytest.mark.parametrize("one", EVERY, ids=names)
def test_a_detector_factor_is_given_only_for_what_its_lamp_ionises(one):
    energy, factor = one.get("ionisation_energy"), one.get("pid_correction")
    if factor is not None and energy is not None:
        # A tenth of an electronvolt above the lamp's 10.6 eV still answers faintly: acetic acid, factor 22.
        assert energy.value < 10.7
        assert 0.3 < factor.value < 70


@pytest.mark.parametrize(
    ("name", "pel_ppm", "ceiling_ppm"),
    [
        ("acetone", 1000, None),
        ("ammonia", 50, None),
        ("benzene", 1, None),
        ("chloroform", None, 50),
        ("HCl", None, 5),
        ("hydrogen sulfide", None, 20),
        ("diethyl ether", 400, None),
        ("tetrahydrofuran", 200, None),
        ("toluene", 200, None),
        ("trimethylamine", None, None),
    ],
)
def test_us_limits_match_the_regulation(name, pel_ppm, ceiling_ppm):
    for quantity, expected in (("pel", pel_ppm), ("pel_ceiling", ceiling_ppm)):
        cited = species(name).get(quantity)
        assert (cited and cited.value) == (expected and pytest.approx(expected * 1e-6))
        assert (
            cited is None
            or "1910.10" in cited.source.title
            or "NIOSH" in cited.source.title
            or "OSHA" in cited.source.title
        )


def test_a_spanish_name_finds_its_substance():
    assert species("acetona") is species("acetone")
    assert species("Amoníaco").name == "ammonia"
    assert all(one.name_es for one in EVERY)


def test_most_substances_have_the_columns_a_detector_needs():
    known = {name: sum(one.get(name) is not None for one in EVERY) for name in QUANTITIES}
    assert known["pel"] + known["pel_ceiling"] >= 50
    assert known["ionisation_energy"] >= 50
    assert known["pid_correction"] >= 25
