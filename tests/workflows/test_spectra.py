"""`plumeline spectra` as a user meets it: folders of mixed files, what an instrument can tell apart, and columns of
gases whose lines the user supplies."""

import struct

import numpy as np
import pytest

from plumeline.chem.spectra import (
    MOLECULES_PER_PPM_M,
    CrossSection,
    Grade,
    Library,
    carbon_monoxide_lines,
    hydrogen_chloride_lines,
    read_library,
    write_library,
)
from plumeline.cli.main import main
from plumeline.radiometry import cross_section_from_lines

WINDOWS = {  # water, carbon dioxide, nitrous oxide, methane, sulfur dioxide
    1: (2027.0, 2840.0),
    2: (2042.0, 2555.0),
    4: (2432.0, 2558.0),
    6: (2430.0, 2843.0),
    9: (2440.0, 2545.0),
}
COLUMNS = {
    "water": 900.0,
    "carbon dioxide": 700.0,
    "nitrous oxide": 200.0,
    "methane": 300.0,
    "sulfur dioxide": 800.0,
    "carbon monoxide": 150.0,
    "hydrogen chloride": 400.0,
}


def run(capsys, *words):
    with pytest.raises(SystemExit) as left:
        main(["spectra", *map(str, words)])
    said = capsys.readouterr()
    return left.value.code, said.out, said.err


def par_line(molecule, position, strength):
    head = f"{molecule:2d}1{position:12.6f}{strength:10.3E}{1.0:10.3E}.0700{0.09:5.3f}{100.0:10.4f}{0.7:4.2f}-.001000"
    return f"{head:<160}\n"


def par_text(rng):
    out = []
    for molecule, (low, high) in WINDOWS.items():
        count = round((high - low) / 4.0)
        positions = np.sort(rng.uniform(low, high, count))
        out += [
            par_line(molecule, v, s)
            for v, s in zip(positions, rng.uniform(0.3, 2.0, count) * 1e-20, strict=True)
        ]
    return "".join(out)


def spc(path, wavenumber_cm1, signal):
    head = bytearray(512)
    head[1] = 0x4B
    struct.pack_into("b", head, 3, -128)
    struct.pack_into("<iddi", head, 4, signal.size, wavenumber_cm1[0], wavenumber_cm1[-1], 1)
    head[28] = 1
    path.write_bytes(bytes(head) + bytes(32) + signal.astype("<f4").tobytes())


def measured(lists, rng):
    """A single-beam spectrum by direct quadrature with the line shape of 1 cm path difference."""
    step = 0.01
    fine = np.arange(2020.0, 2880.0, step)
    depth = np.zeros(fine.size)
    for lines in lists:
        record = cross_section_from_lines(lines, span_cm1=(2010.0, 2890.0), step_cm1=step)
        depth += (
            COLUMNS[lines.gas]
            * MOLECULES_PER_PPM_M
            * np.interp(fine, record.wavenumber_cm1, record.cross_section_m2)
        )
    through = np.exp(-depth)
    x = np.linspace(2032.0, 2868.0, 3470)
    offsets = np.arange(-8.0, 8.0 + step / 2, step)
    weights = np.sinc(2.0 * offsets)
    weights /= weights.sum()
    middle = np.round((x - fine[0]) / step).astype(int)
    around = np.round(offsets / step).astype(int)
    seen = np.array([weights @ through[m + around] for m in middle])
    return x, 1e4 * (1 + 0.1 * (x - 2450) / 400) * seen * (1 + 0.001 * rng.standard_normal(x.size))


def test_with_lines_supplied_what_the_vent_lacks_is_retrieved(tmp_path, capsys):
    rng = np.random.default_rng(4)
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "all.par").write_text(par_text(rng))
    library = tmp_path / "spectra.h5"
    code, said, _ = run(capsys, "build", tmp_path / "lines", "-o", library)
    assert code == 0
    assert "HITRAN lines: 1 file(s): carbon dioxide, methane, nitrous oxide, sulfur dioxide, water" in said
    assert "computed from published constants: lines of hydrogen chloride, carbon monoxide" in said
    lists = read_library(library).line_lists
    assert len(lists) == 7
    spc(tmp_path / "a.spc", *measured(lists, rng))
    code, said, _ = run(
        capsys, "columns", tmp_path / "a.spc", "-l", library, "-g", "CO2", "-g", "H2O", "-g", "SO2"
    )
    assert code == 0
    found = {}
    for line in said.splitlines()[1:]:
        name = line[2:22].strip()
        assert "seen  " in line, line  # never "approximate", never "cannot"
        words = line[50:].split()
        found[name] = (float(words[0]), float(words[2]))
    assert set(found) == {"sulfur dioxide", "carbon dioxide", "water"}
    for gas, (column, sigma) in found.items():
        assert abs(column - COLUMNS[gas]) < max(3 * sigma, 0.05 * COLUMNS[gas]), gas


def test_without_their_lines_the_user_is_told_what_to_supply(tmp_path, capsys):
    grid = np.linspace(2000.0, 2900.0, 3735)
    spc(tmp_path / "a.spc", grid, np.ones(grid.size))
    write_library(
        tmp_path / "spectra.h5",
        Library(cross_sections=(), line_lists=(hydrogen_chloride_lines(), carbon_monoxide_lines())),
    )
    common = ("columns", tmp_path / "a.spc", "-l", tmp_path / "spectra.h5")
    code, said, _ = run(capsys, *common, "-g", "water")
    assert code == 0
    assert "cannot be retrieved" in said
    assert "supply HITRAN molecule 1 (.par), 2095 to 2175 cm-1" in said
    code, _, error = run(capsys, *common, "-g", "acetone")
    assert code == 3
    assert "no open-path window is known for acetone" in error


def some(gas, centre, grade=Grade.ABSOLUTE):
    grid = np.arange(700.0, 1400.0, 0.5)
    return CrossSection(
        gas=gas,
        wavenumber_cm1=grid,
        cross_section_m2=1e-22 * np.exp(-0.5 * ((grid - centre) / 8.0) ** 2),
        temperature_k=296.0,
        pressure_pa=101325.0,
        resolution_cm1=0.5,
        grade=grade,
        relative_uncertainty=0.03,
        source=f"made up {gas}",
    )


def test_classes_are_what_the_instrument_s_resolution_makes_them(tmp_path, capsys):
    gases = (
        some("acetone", 950.0),
        some("toluene", 957.0),
        some("ethanol", 1060.0),
        some("methanol", 900.0, Grade.SHAPE),
    )
    write_library(
        tmp_path / "spectra.h5", Library(cross_sections=gases, line_lists=(hydrogen_chloride_lines(),))
    )
    common = ("classes", "-l", tmp_path / "spectra.h5", "--range", 800, 1200)
    code, said, _ = run(capsys, *common, "--bands", 200)
    assert code == 0
    assert "3 gases can be seen" in said
    assert "every one of them can be told from every other" in said
    assert "not seen: hydrogen chloride" in said
    assert "not seen: methanol: its record states no amount of gas" in said
    code, said, _ = run(capsys, *common, "--bands", 14)
    assert code == 0
    assert "cannot be told apart: acetone, toluene\n" in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--range", 800, 1200), 2, "--range and --bands"),
        ((), 2, "give either --scene"),
        (("--range", 1200, 800, "--bands", 20), 3, "are no instrument"),
        (("--range", 800, 1200, "--bands", 20, "--width", "nan"), 3, "are no instrument"),
        (("--range", 5000, 6000, "--bands", 20), 3, "can be seen by this instrument"),
        (("--scene", "nowhere.bip"), 3, "there is no such file"),
    ],
)
def test_an_instrument_that_is_none_is_told(tmp_path, capsys, words, code, said):
    write_library(
        tmp_path / "spectra.h5", Library(cross_sections=(some("acetone", 950.0), some("toluene", 960.0)))
    )
    left, _, error = run(capsys, "classes", "-l", tmp_path / "spectra.h5", *words)
    assert left == code
    assert said in error.replace("\n", " ")


def test_every_file_that_cannot_be_taken_is_named_with_the_reason(tmp_path, capsys):
    folder = tmp_path / "mixed"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "28.par").write_text(par_line(28, 1000.0, 1e-20))
    (folder / "cut.par").write_text(par_line(1, 1000.0, 1e-20)[:100])
    (folder / "99.par").write_text(par_line(99, 1000.0, 1e-20))
    (folder / "garbled.jdx").write_text(
        "##TITLE=acetone\n##XUNITS=1/CM\n##YUNITS=TRANSMITTANCE\n##FIRSTX=1\n##LASTX=3\n##XYDATA=(X++(Y..Y))\n1S9\n##END=\n"
    )
    (folder / "notes.md").write_text("hello")
    (folder / "README").write_text("hello")
    (folder / "empty.xsc").write_text("")
    (folder / "alone.sli").write_bytes(bytes(8))
    np.array([[0.2, 0.3, -1.23e34]], "<f4").tofile(folder / "soil.sli")
    (folder / "soil.hdr").write_text(
        "ENVI\nsamples = 3\nlines = 1\ndata type = 4\nwavelength = {2.0, 2.1, 2.2}\nspectra names = {soil}\n"
    )
    code, said, _ = run(capsys, "build", folder, "-o", folder / "spectra.h5")
    assert code == 0
    assert "HITRAN lines: 1 file(s): phosphine" in said
    assert "surfaces: 1 file(s): soil" in said
    for reason in (
        "cut.par: line 1 is shorter than 160",
        "99.par: holds molecule '99', which is not known",
        "garbled.jdx: has a line that starts with a repeat",
        "notes.md: files ending in '.md'",
        "README: is no AER cross-section file",
        "empty.xsc: is no HITRAN cross-section file",
        "alone.sli: has no ENVI header beside it",
    ):
        assert f"not taken: {reason}" in said
    soil = read_library(folder / "spectra.h5").surfaces[0]
    np.testing.assert_allclose(soil.wavelength_nm, [2000.0, 2100.0])
    # A second time, with the library itself in the folder.
    assert run(capsys, "build", folder, "-o", folder / "spectra.h5")[0] == 0
    code, said, _ = run(capsys, "list", folder / "spectra.h5")
    assert code == 0
    assert "soil" in said
    assert "hydrogen chloride" in said


def test_a_library_that_cannot_be_written_or_found_is_told(tmp_path, capsys):
    (tmp_path / "28.par").write_text(par_line(28, 1000.0, 1e-20))
    code, _, error = run(capsys, "build", tmp_path, "-o", tmp_path / "no" / "spectra.h5")
    assert code != 0
    assert "cannot be written" in error
    (tmp_path / "none").mkdir()
    code, _, error = run(capsys, "build", tmp_path / "none", "-o", tmp_path / "spectra.h5")
    assert code == 3
    assert "holds no spectral file" in error
    code, _, error = run(capsys, "list", tmp_path / "nowhere.h5")
    assert code == 3
    assert "spectra build" in error


def test_lines_are_tabulated_at_the_temperature_that_is_given_and_the_nearest_record_is_used(
    tmp_path, capsys
):
    (tmp_path / "28.par").write_text("".join(par_line(28, v, 1e-20) for v in (950.0, 1000.0)))
    assert run(capsys, "build", tmp_path, "-o", tmp_path / "cold.h5", "--temperature", "-23.15")[0] == 0
    (record,) = read_library(tmp_path / "cold.h5").cross_sections
    assert record.temperature_k == pytest.approx(250.0)
    both = Library(cross_sections=(some("acetone", 950.0), some("acetone", 951.0)))
    warm, cold = both.cross_sections
    object.__setattr__(cold, "temperature_k", 270.0)
    assert both.best("acetone", span_cm1=(800, 1200)) is warm
    assert both.best("acetone", span_cm1=(800, 1200), temperature_k=272.0) is cold


def test_real_libraries_build_with_each_format_told(real_data, tmp_path, capsys):
    code, said, _ = run(capsys, "build", real_data / "spectra" / "aer", "-o", tmp_path / "spectra.h5")
    assert code == 0
    assert "HITRAN, absolute: 5 file(s): acetic acid, acetone, acetonitrile, sulfur hexafluoride" in said
    assert "not taken: FSCDXS: is no AER cross-section file" in said
