"""Spectral importers against each other, against physics, and against broken files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline.chem.spectra import (
    MOLECULES_PER_PPM_M,
    CrossSection,
    Grade,
    Library,
    agreement,
    carbon_monoxide_lines,
    gas_named,
    hydrogen_chloride_lines,
    molar_mass_kg_mol,
    read_aer,
    read_jcamp,
    read_library,
    read_par,
    read_sli,
    read_xsc,
    write_library,
)
from plumeline.errors import InputError, ReadError

HEAD = """##TITLE=Acetone
##CAS REGISTRY NO=67-64-1
##XUNITS=cm-1
##YUNITS=(micromol/mol)-1m-1 (base 10)
##XFACTOR=1.0
##YFACTOR=1E-6
##FIRSTX=1000
##LASTX=1005
##NPOINTS=6
##XYDATA=(X++(Y..Y))
"""
ORDINATES = [10, 12, 12, 12, -5, 103]
# The same six ordinates as fixed, packed, squeezed and difference/duplicate forms (JCAMP-DX 4.24, section 5).
FORMS = {
    "fixed": "1000 10 12 12\n1003 12 -5 103\n",
    "packed": "1000+10+12+12\n1003+12-5+103\n",
    "squeezed": "1000A0A2A2\n1003A2e A03\n",
    "duplicated": "1000A0A2U\n1004eA03\n",
    "difference": "1000A0K%%\n1003A2j7J08\n1005A03\n",
}


def write(tmp_path, body, *, name="a.jdx", head=HEAD):
    path = tmp_path / name
    path.write_text(head + body + "##END=\n")
    return path


@pytest.mark.parametrize("form", FORMS)
def test_every_ordinate_form_says_the_same(tmp_path, form):
    spectrum = read_jcamp(write(tmp_path, FORMS[form]))
    expected = np.array(ORDINATES) * 1e-6 * np.log(10) / MOLECULES_PER_PPM_M
    np.testing.assert_allclose(spectrum.cross_section_m2, expected, rtol=1e-12)
    assert spectrum.gas == "acetone"
    assert spectrum.grade is Grade.ABSOLUTE


def test_a_failed_ordinate_check_is_told(tmp_path):
    with pytest.raises(ReadError, match="check failed"):
        read_jcamp(write(tmp_path, "1000A0K%%\n1003A3j7J08\n1005A03\n"))


def test_a_truncated_file_is_told(tmp_path):
    with pytest.raises(ReadError, match="declares 6 points and holds 3"):
        read_jcamp(write(tmp_path, "1000 10 12 12\n"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("XUNITS=cm-1", "XUNITS=MICROMETERS", "not cm-1"),
        ("(micromol/mol)-1m-1 (base 10)", "counts", "not known"),
        ("NPOINTS=6", "NPOINTS=six", "not a number"),
        ("##TITLE=Acetone\n##CAS REGISTRY NO=67-64-1\n", "##TITLE=sample 4\n", "names no known gas"),
    ],
)
def test_a_wrong_header_is_told(tmp_path, old, new, message):
    with pytest.raises(ReadError, match=message):
        read_jcamp(write(tmp_path, FORMS["fixed"], head=HEAD.replace(old, new)))


def test_a_cell_spectrum_is_approximate_and_in_the_right_units(tmp_path):
    # 10 cm at 76 mmHg is 1e4 ppm m (0.1 atm × 0.1 m): transmittance 1/e there is 1e-4 napierian per ppm m.
    head = (
        HEAD
        .replace("(micromol/mol)-1m-1 (base 10)", "TRANSMITTANCE")
        .replace("YFACTOR=1E-6", "YFACTOR=1")
        .replace("##XFACTOR", "##PARTIAL_PRESSURE=76 mmHg\n##PATH LENGTH=10 CM\n##XFACTOR")
    )
    spectrum = read_jcamp(write(tmp_path, f"1000 1 1 {np.exp(-1):.12f}\n1003 1 1 1\n", head=head))
    assert spectrum.grade is Grade.APPROXIMATE
    assert spectrum.cross_section_m2[2] * MOLECULES_PER_PPM_M == pytest.approx(1e-4, rel=1e-5)


def test_one_ppm_m_is_counted_at_296_k_and_one_atmosphere():
    # Loschmidt constant at 273.15 K, 101.325 kPa (CODATA 2018): 2.686780111e25 m-3.
    assert pytest.approx(2.686780111e25 * 273.15 / 296.0 * 1e-6, rel=1e-9) == MOLECULES_PER_PPM_M


def test_molar_mass_of_a_formula():
    assert molar_mass_kg_mol("C2H4Cl2") == pytest.approx(0.09896, abs=1e-5)
    with pytest.raises(InputError):
        molar_mass_kg_mol("Xx2")
    with pytest.raises(InputError):
        gas_named("unobtainium")


# AER over QUANT-IR, the comparison in which both are absolute.
PAIRS = [
    ("SF6AT2", "sulphur hexafluoride", (770.0, 1300.0)),
    ("ACETAT1", "acetone", (770.0, 1300.0)),
    ("CHCNBT2", "acetonitrile", (880.0, 1150.0)),
]


@pytest.mark.parametrize(("aer", "jcamp", "span"), PAIRS, ids=[p[0] for p in PAIRS])
def test_independent_libraries_agree_within_five_percent(real_data, aer, jcamp, span):
    ratio, correlation = agreement(
        read_aer(real_data / "spectra/aer" / aer),
        read_jcamp(real_data / "spectra/jcamp" / f"{jcamp}.jdx"),
        span_cm1=span,
    )
    assert abs(ratio - 1) <= 0.05
    assert correlation > 0.99


def test_computed_co_strengths_match_the_literature_band_strength():
    # HITRAN 2012 sums to 1.010e-17 cm/molecule over 2000-2250 cm-1.
    lines = carbon_monoxide_lines()
    assert lines.strength_cm.sum() == pytest.approx(1.01e-17, rel=0.03)
    strongest = lines.position_cm1[np.argmax(lines.strength_cm)]
    assert strongest == pytest.approx(2172.7588, abs=2e-3)


def test_computed_hcl_lines_stand_where_they_were_measured():
    # H35Cl P(1), R(0), R(3) and H37Cl R(0): Rank et al. 1965.
    lines = hydrogen_chloride_lines()
    for measured in (2865.098, 2906.247, 2963.285, 2904.111):
        assert np.abs(lines.position_cm1 - measured).min() < 3e-3


def test_a_line_list_is_read_in_full(real_data):
    lines = read_par(real_data / "spectra/hitran/28_hit12.par")
    assert lines.gas == "phosphine"
    assert lines.position_cm1.size == 22189
    assert lines.position_cm1[0] == pytest.approx(1.901e-6)
    assert lines.broadening_air_cm1_atm[0] == pytest.approx(0.0594)
    assert lines.lower_energy_cm1[0] == pytest.approx(672.9858)


def test_a_cut_line_list_is_told(tmp_path):
    path = tmp_path / "28.par"
    path.write_text("281    0.000001901 1.298E-36\n")
    with pytest.raises(ReadError, match="shorter than 160"):
        read_par(path)


def test_an_xsc_file_is_read_and_a_short_one_told(tmp_path):
    head = f"{'SF6':>20}{900.0:10.4f}{900.9:10.4f}{10:7d}{296.0:7.1f}{760.0:6.1f}{1e-18:10.3E}{'0.03':>5}{'SF6':>15}"
    body = "".join(f"{v:10.3E}" for v in np.arange(1, 11) * 1e-19)
    path = tmp_path / "sf6.xsc"
    path.write_text(f"{head}\n{body}\n")
    spectrum = read_xsc(path)
    assert spectrum.gas == "sulfur hexafluoride"
    np.testing.assert_allclose(spectrum.cross_section_m2, np.arange(1, 11) * 1e-23)
    path.write_text(f"{head}\n{body[:40]}\n")
    with pytest.raises(ReadError, match="truncated"):
        read_xsc(path)


def test_a_reflectance_library_is_read_and_checked(tmp_path):
    values = np.arange(6, dtype="<f4").reshape(2, 3)
    path = tmp_path / "a.sli"
    path.write_bytes(values.tobytes())
    header = "ENVI\nsamples = 3\nlines = 2\ndata type = 4\nbyte order = 0\nwavelength units = Micrometers\n"
    (tmp_path / "a.hdr").write_text(header + "wavelength = {2.0, 2.1, 2.2}\nspectra names = {soil, roof}\n")
    soil, roof = read_sli(path)
    np.testing.assert_allclose(soil.wavelength_nm, [2000.0, 2100.0, 2200.0])
    assert (soil.name, roof.name) == ("soil", "roof")
    np.testing.assert_allclose(roof.reflectance, [3.0, 4.0, 5.0])
    path.write_bytes(values.tobytes()[:-4])
    with pytest.raises(ReadError, match="declares 6 values and holds 5"):
        read_sli(path)


def some_spectrum(gas="acetone", grade=Grade.ABSOLUTE, top=1300.0):
    grid = np.linspace(700.0, top, 50)
    return CrossSection(
        gas=gas,
        wavenumber_cm1=grid,
        cross_section_m2=np.exp(-((grid - 1000) ** 2) / 5000) * 1e-22,
        temperature_k=296.0,
        pressure_pa=101325.0,
        resolution_cm1=1.0,
        grade=grade,
        relative_uncertainty=0.03,
        source=f"{gas} {grade} {top}",
    )


def test_a_library_comes_back_as_it_went_and_in_the_same_bytes(tmp_path):
    library = Library(
        cross_sections=(some_spectrum("toluene"), some_spectrum(grade=Grade.APPROXIMATE), some_spectrum()),
        line_lists=(hydrogen_chloride_lines(),),
    )
    write_library(tmp_path / "a.h5", library)
    again = read_library(tmp_path / "a.h5")
    assert [s.gas for s in again.cross_sections] == ["acetone", "acetone", "toluene"]
    assert again.best("acetone").grade is Grade.ABSOLUTE
    np.testing.assert_array_equal(again.best("toluene").cross_section_m2, some_spectrum().cross_section_m2)
    write_library(tmp_path / "b.h5", again)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_damaged_library_is_told(tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(b"not hdf5")
    with pytest.raises(ReadError, match="cannot be read"):
        read_library(path)


@given(st.floats(0.1, 100.0))
def test_agreement_is_a_ratio(factor):
    one = some_spectrum()
    other = some_spectrum()
    scaled = CrossSection(
        **{f: getattr(other, f) for f in other.__dataclass_fields__ if f != "cross_section_m2"},
        cross_section_m2=other.cross_section_m2 * factor,
    )
    ratio, correlation = agreement(scaled, one, span_cm1=(800.0, 1200.0))
    assert ratio == pytest.approx(factor, rel=1e-9)
    assert correlation == pytest.approx(1.0)
