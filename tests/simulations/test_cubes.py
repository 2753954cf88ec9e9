"""Simulated cubes come back through the product's own readers and its imaging command."""

import json

import numpy as np
import pytest

from plumeline.chem.spectra import CrossSection, Grade, Library, write_library
from plumeline.cli.main import main
from plumeline.errors import ConfigurationError, InputError
from plumeline.instruments.cubes import read_cube
from plumeline.simulations.image_scenario import SHIPPED, parse_image
from plumeline.simulations.scenario import shipped, toml_of
from plumeline.simulations.shortwave_scenes import sunlight_uw_cm2_nm
from plumeline.workflows.simulate import simulate_scenario


def spectrum(gas, low, high, centres, strength):
    grid = np.arange(low, high, 0.5)
    value = sum(strength * np.exp(-0.5 * ((grid - at) / 15.0) ** 2) for at in centres)
    return CrossSection(
        gas=gas,
        wavenumber_cm1=grid,
        cross_section_m2=value,
        temperature_k=296.0,
        pressure_pa=101_325.0,
        resolution_cm1=0.5,
        grade=Grade.ABSOLUTE,
        relative_uncertainty=0.03,
        source=f"made up: {gas}",
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("spectra") / "spectra.h5"
    sections = (
        spectrum("acetone", 700, 1400, (900.0, 1093.0, 1216.0), 4e-23),
        spectrum("ammonia", 700, 1400, (930.0, 967.0), 8e-23),
        spectrum("methane", 3900, 5200, (4220.0, 4310.0, 4400.0), 4e-25),
    )
    write_library(path, Library(cross_sections=sections))
    return path


# The drone's cube has no map of its own; `test_drone_cube` looks at it.
@pytest.fixture(scope="module", params=[name for name in SHIPPED if name != "lwir-drone"])
def case(request, tmp_path_factory, library):
    folder = tmp_path_factory.mktemp("cube") / request.param
    return simulate_scenario(request.param, seed=3, folder=folder, library=library), request.param


def test_the_products_reader_reads_the_cube(case):
    folder, name = case
    scenario = parse_image(toml_of(shipped(name), name), where=name)
    path = next(path for path in folder.flight.iterdir() if path.suffix in {".bip", ".nc"})
    cube = read_cube(path)
    assert cube.shape == (scenario.settings.lines, scenario.settings.samples, scenario.settings.bands)
    assert cube.wavelength_unit == ("cm-1" if scenario.kind == "lwir" else "nm")
    assert cube.grid is not None
    signal = cube.read(0, 20)
    assert np.isfinite(signal).all()
    assert signal.min() > 0


def test_the_truth_is_sealed_and_apart(case):
    folder, _ = case
    truth = json.loads(folder.truth.read_text())
    facts = json.loads((folder.scene / "scene.json").read_text())
    assert truth["sources"][0]["rate_kg_s"]
    assert "rate" not in json.dumps(facts)
    assert len(facts["truth_sha256"]) == 64


def test_the_same_seed_gives_the_same_cube(case, library, tmp_path):
    folder, name = case
    again = simulate_scenario(name, seed=3, folder=tmp_path / "again", library=library)
    for path in folder.root.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (again.root / path.relative_to(folder.root)).read_bytes(), path


def test_the_imaging_command_finds_the_thermal_plume(case, library, tmp_path, capsys):
    folder, name = case
    options = {
        "lwir-plume": ["--plume-temperature", "21.85", "--wind-speed", "2.5", "--wind-from", "200"],
        "vswir-plume": ["--solar-zenith", "35", "--wind-speed", "3", "--wind-from", "230"],
    }[name]
    gas = {"lwir-plume": "acetone", "vswir-plume": "methane"}[name]
    path = next(path for path in folder.flight.iterdir() if path.suffix in {".bip", ".nc"})
    with pytest.raises(SystemExit) as left:
        main(["image", str(path), "-l", str(library), "-o", str(tmp_path / "out"), *options])
    said = capsys.readouterr()
    assert left.value.code == 0, said.err
    assert gas in said.out


def test_sunlight_is_that_of_the_standard_spectrum_at_2_3_micrometres():
    # ASTM E490: about 0.063 W m-2 nm-1 (6.3 µW cm-2 nm-1) at 2.3 µm; the sun is no perfect black body.
    assert sunlight_uw_cm2_nm(np.array([2300.0]))[0] == pytest.approx(6.3, rel=0.15)
    wavelength = np.linspace(200, 100_000, 200_000)
    total = np.sum(sunlight_uw_cm2_nm(wavelength)) * (wavelength[1] - wavelength[0]) / 100.0
    assert total == pytest.approx(1361.0, rel=0.01)  # W m-2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('kind = "lwir"', 'kind = "xray"'), "xray"),
        (('format = "envi"', 'format = "emit"'), "emit"),
        (("lines = 160", "lines = 16000000"), "too large"),
        (("bands = 80", "bands = 2"), "bands"),
        (("pixel_m = 0.5", "pixel_m = -1.0"), "pixel_m"),
        (("lines = 160", 'lines = "many"'), "lines"),
        (("acetone = 4.0", "acetone = -4.0"), "acetone"),
        (("acetone = 4.0", "unobtainium = 4.0"), "unobtainium"),
        (("wind_speed_m_s = 2.5", "wind_speed_m_s = 0"), "wind_speed_m_s"),
        (('name = "lwir-plume"', 'name = "a/b"'), "file name"),
        (("[cube]", "[cube]\nseed = 4"), "seed"),
    ],
)
def test_a_malformed_cube_is_a_clear_error(change, message):
    with pytest.raises((ConfigurationError, InputError), match=message):
        parse_image(toml_of(shipped("lwir-plume").replace(*change), "mine"), where="mine")


def test_a_cube_without_a_library_or_with_one_that_lacks_the_gas_is_refused(tmp_path, library):
    with pytest.raises(ConfigurationError, match="spectra"):
        simulate_scenario("lwir-plume", seed=1, folder=tmp_path / "a")
    text = shipped("lwir-plume").replace("acetone = 4.0", "methane = 4.0")
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(InputError, match="no spectrum of methane"):
        simulate_scenario(tmp_path / "mine.toml", seed=1, folder=tmp_path / "b", library=library)
