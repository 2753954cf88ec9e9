"""`plumeline inspect` on cubes and open-path spectra: what they are, and what is wrong with them."""

import json
import struct

import h5py
import numpy as np
import pytest

from plumeline.cli.main import main
from plumeline.instruments.cubes import write_envi, write_hcc
from plumeline.radiometry import planck_w_m2_sr_cm1

CENTRE = np.linspace(800.0, 1200.0, 16)
FIELDS = {
    "wavelength": ",".join(f"{c:.4f}" for c in CENTRE),
    "wavelength units": "Wavenumber",
    "data units": "W m-2 sr-1 (cm-1)-1",
    "map info": "UTM, 1, 1, 500000, 2600000, 0.5, 0.5, 13, North, WGS-84",
}


def call(capsys, *words):
    with pytest.raises(SystemExit) as left:
        main(["inspect", *map(str, words)])
    said = capsys.readouterr()
    return left.value.code, said.out, said.err


def ground(lines=40, samples=24):
    rng = np.random.default_rng(0)
    kelvin = 303.15 + rng.standard_normal((lines, samples, 1))
    return (planck_w_m2_sr_cm1(CENTRE, kelvin) + 2e-4 * rng.standard_normal((lines, samples, 16))).astype(
        "f4"
    )


@pytest.fixture
def scene(tmp_path):
    write_envi(tmp_path / "scene.bip", ground(), FIELDS)
    return tmp_path / "scene.bip"


def test_a_thermal_cube_is_told_with_its_bands_map_and_temperature(scene, capsys):
    for name in (scene, scene.with_name("scene.bip.hdr")):
        code, said, _ = call(capsys, name)
        assert code == 0
        for part in (
            "ENVI cube (cube_l1_envi)",
            "40 lines, 24 samples, 16 bands; 0.1 MB",
            "800 to 1200 cm-1",
            "thermal infrared",
            "EPSG:32613, pixels of 0.5 m by 0.5 m",
            "°C (median brightness temperature)",
            "wrong with it: nothing that shows",
            "the plume's temperature: --plume-temperature",
        ):
            assert part in said


def test_the_same_as_one_document(scene, capsys):
    code, said, _ = call(capsys, scene, "--json")
    assert code == 0
    document = json.loads(said)
    assert document["image"]["shape"] == [40, 24, 16]
    assert document["image"]["wavelength_unit"] == "cm-1"
    assert document["image"]["median_brightness_k"] == pytest.approx(303.15, abs=0.2)
    assert document["wrong"] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"wavelength": ",".join(f"{v:g}" for v in [*CENTRE[:8], *(1e4 / CENTRE[8:])])}, "do not run on"),
        ({"wavelength units": "Micrometers"}, "cannot be"),
        ({"data units": "W/(cm2 sr cm-1)"}, "°C"),
        ({"data units": "counts"}, "a known radiance unit, not 'counts'"),
        ({"fwhm": ",".join(["9000"] * 16)}, "gives widths around"),
    ],
)
def test_a_header_that_contradicts_its_values_is_told(tmp_path, capsys, change, said):
    write_envi(tmp_path / "scene.bip", ground(), FIELDS | change)
    code, out, error = call(capsys, tmp_path / "scene.bip")
    assert said in out + error, out + error
    assert "counts" in said or "nothing that shows" not in out
    assert code in {0, 3}


def test_a_cut_cube_is_told_with_its_whole_lines(scene, capsys):
    scene.write_bytes(scene.read_bytes()[: 30 * 24 * 16 * 4 + 5])
    code, _, error = call(capsys, scene)
    assert code == 3
    assert "the header declares 40 lines and 30 are there" in " ".join(error.split())


def test_missing_units_and_maps_are_what_is_needed_besides(tmp_path, capsys):
    fields = {key: FIELDS[key] for key in ("wavelength", "wavelength units")}
    write_envi(tmp_path / "scene.bip", ground(), fields)
    said = call(capsys, tmp_path / "scene.bip")[1]
    assert "no radiance unit: --radiance-unit" in said
    assert "no map: masses and places need --pixel" in said


def test_other_cubes_and_spectra_are_known(tmp_path, capsys):
    with h5py.File(tmp_path / "emit.nc", "w") as file:
        file["radiance"] = np.random.default_rng(1).uniform(1, 2, (30, 12, 20)).astype("f4")
        file["sensor_band_parameters/wavelengths"] = np.linspace(2100.0, 2400.0, 20)
        file["sensor_band_parameters/fwhm"] = np.full(20, 15.0)
    code, said, _ = call(capsys, tmp_path / "emit.nc")
    assert code == 0
    assert "EMIT L1B radiance" in said
    assert "2100 to 2400 nm" in said
    assert "short wave: " in said
    assert "the sun's zenith angle: --solar-zenith" in said
    head = bytearray(512)
    head[1] = 0x4B
    struct.pack_into("b", head, 3, -128)
    struct.pack_into("<iddi", head, 4, 4000, 2000.0, 2900.0, 1)
    head[28] = 1
    (tmp_path / "a.spc").write_bytes(bytes(head) + bytes(32) + np.ones(4000, "<f4").tobytes())
    code, said, _ = call(capsys, tmp_path / "a.spc")
    assert code == 0
    assert "GRAMS SPC spectrum" in said
    assert "2000.00 to 2900.00 cm-1, one every 0.225" in said
    assert "hydrogen chloride, carbon monoxide" in said
    write_hcc(tmp_path / "a.hcc", ground().transpose(2, 0, 1))
    (tmp_path / "a.bands.toml").write_text(f'unit = "cm-1"\ncentre = {CENTRE.tolist()}\n')
    code, said, error = call(capsys, tmp_path / "a.hcc")
    assert "Telops HCC" in said + error


def test_a_folder_lists_cubes_once_and_says_what_cannot_be_read(scene, capsys):
    (scene.parent / "notes.txt").write_text("FLIGHT over the yard\n")
    code, said, _ = call(capsys, scene.parent)
    assert code == 0
    assert said.count("cube_l1_envi") == 1
    assert "not read  notes.txt" in said
    assert "1 of 2 files can be read" in said


def test_a_real_vent_spectrum_is_known(real_data, capsys):
    code, said, _ = call(capsys, next((real_data / "openpath-ftir-vent-2021").glob("vent*.spc")))
    assert code == 0
    assert "16595 points" in said
    assert "sulfur dioxide" in said
