"""A simulated thermal scene through the command line to its products; what cannot be done is refused."""

import json

import h5py
import numpy as np
import pytest
import shapely
import xarray as xr

from plumeline.chem.spectra import CrossSection, Grade, Library, write_library
from plumeline.cli.main import main
from plumeline.detections.origin import PLUME_ORIGIN
from plumeline.instruments.cubes import MapGrid, write_envi
from plumeline.radiometry import planck_w_m2_sr_cm1
from plumeline.simulations.scene_plume import ScenePlume
from plumeline.simulations.scenes import Emission, ThermalSceneSettings, thermal_scene
from plumeline.workflows.image_products import _in_metres

GASES = ("acetone", "ethyl acetate", "ammonia", "toluene", "methanol", "chloroform")
SETTINGS = ThermalSceneSettings(lines=220, samples=48, bands=40, fwhm_cm1=14.0, seed=2)


def made_up_spectra():
    """Two bands a gas, of a strength as real solvents have; the scene and the retrieval read the same record."""
    rng = np.random.default_rng(8)
    grid = np.arange(700.0, 1400.0, 0.5)
    spectra = {}
    for gas in GASES:
        value = np.zeros_like(grid)
        for _ in range(2):
            value += 4e-23 * np.exp(-0.5 * ((grid - rng.uniform(820, 1250)) / rng.uniform(8, 25)) ** 2)
        spectra[gas] = CrossSection(
            gas=gas,
            wavenumber_cm1=grid,
            cross_section_m2=value,
            temperature_k=296.0,
            pressure_pa=101325.0,
            resolution_cm1=0.5,
            grade=Grade.ABSOLUTE,
            relative_uncertainty=0.03,
            source=f"made up: {gas}",
        )
    return spectra


def header(scene, **more):
    centre = scene.response.centre_cm1
    return {
        "wavelength": ",".join(f"{c:.4f}" for c in centre),
        "fwhm": ",".join(f"{f:.4f}" for f in scene.response.fwhm_cm1),
        "wavelength units": "Wavenumber",
        "data units": "W m-2 sr-1 (cm-1)-1",
        "map info": "UTM, 1, 1, 500000, 2600000, 0.5, 0.5, 13, North, WGS-84",
    } | more


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("image")
    spectra = made_up_spectra()
    only_mid = CrossSection(
        gas="hydrogen chloride",
        wavenumber_cm1=np.array([2600.0, 3100.0]),
        cross_section_m2=np.array([1e-23, 1e-23]),
        temperature_k=296.0,
        pressure_pa=101325.0,
        resolution_cm1=0.5,
        grade=Grade.ABSOLUTE,
        relative_uncertainty=0.03,
        source="made up: HCl",
    )
    write_library(root / "spectra.h5", Library(cross_sections=(*spectra.values(), only_mid)))
    emission = Emission(
        plume=ScenePlume(line=180.0, sample=10.0, rate_kg_s=4e-3, wind_m_s=2.5, toward_deg=20.0),
        gases={"acetone": 4e-3},
        temperature_k=295.0,
    )
    scene = thermal_scene(spectra, (emission,), SETTINGS)
    write_envi(root / "plume.bip", scene.radiance_w_m2_sr_cm1, header(scene))
    clean = thermal_scene(spectra, (), SETTINGS)
    write_envi(root / "clean.bip", clean.radiance_w_m2_sr_cm1, header(clean))
    np.savez(root / "truth.npz", acetone=scene.column_ppm_m["acetone"])
    return root


def run(folder, scene, *words, name="out", force=True):
    arguments = [
        "image",
        str(folder / scene),
        "-l",
        str(folder / "spectra.h5"),
        "-o",
        str(folder / name),
        *words,
    ]
    with pytest.raises(SystemExit) as left:
        main(arguments + (["--force"] if force else []))
    return left.value.code


THERMAL = ("--plume-temperature", "21.85", "--wind-speed", "2.5", "--wind-from", "200")


def test_a_plume_is_found_named_measured_and_written(folder, capsys):
    assert run(folder, "plume.bip", *THERMAL) == 0
    assert "acetone" in capsys.readouterr().out
    out = folder / "out"
    said = json.loads((out / "image.json").read_text())
    assert [c["gases"] for c in said["plumes"][0]["candidates"] if c["probability"] > 0.9] == [["acetone"]]
    rate = said["plumes"][0]["amounts"][0]["rate_csf_kg_s"]
    assert rate[1] < 4e-3 < rate[2]
    assert said["cannot_be_seen"]["hydrogen chloride"]
    assert said["limits_ppm_m"]["acetone"] > 0
    for name in (
        "report.html",
        "plumes.gpkg",
        "plumes.kml",
        "plumes.kmz",
        "layers/plumes.tif",
        "layers/quality.tif",
        "layers/column_acetone.tif",
        "layers/limits.tif",
    ):
        assert (out / name).stat().st_size > 200, name
    report = (out / "report.html").read_text()
    assert "Screening, not validated" in report
    assert "hydrogen chloride" in report
    with xr.open_dataset(out / "plume_origins.nc", engine="h5netcdf") as origins:
        PLUME_ORIGIN.validate(origins.load())
        # The true source is at line 180, sample 10 of a grid whose corner is 500000 E, 2600000 N.
        error = np.hypot(origins["x"][0] - 500005.0, origins["y"][0] - (2600000.0 - 90.0))
        assert error < 8.0
        assert origins.attrs["crs"] == "EPSG:32613"


def test_origins_of_a_map_in_degrees_are_given_in_metres():
    degrees = MapGrid(crs="EPSG:4326", west=-40.0, north=30.0, pixel=(1e-5, 1e-5))
    (moved,), crs = _in_metres([shapely.box(-40.0001, 29.9999, -40.0, 30.0)], degrees)
    assert crs == "EPSG:32624"
    # A degree of latitude at 30° is 110,852 m on WGS 84, of longitude 96,486 m; UTM shrinks them by up to 0.04 %.
    assert moved.area == pytest.approx(11.0852 * 9.6486, rel=2e-3)


def test_the_result_keeps_hashes_and_no_picture_of_the_ground(folder):
    run(folder, "plume.bip", *THERMAL)
    radiance = np.fromfile(folder / "plume.bip", "<f4").reshape(220, 48, 40)
    said = json.loads((folder / "out" / "image.json").read_text())
    assert len(said["provenance"]["inputs"]["plume.bip"]) == 64
    import rasterio

    brightness = radiance.mean(axis=2)
    for path in (folder / "out" / "layers").glob("column_*.tif"):
        with rasterio.open(path) as file:
            column = file.read(1)
        good = np.isfinite(column)
        assert abs(np.corrcoef(column[good], brightness[good])[0, 1]) < 0.3


def test_homes_in_view_leave_columns_inside_plumes_and_no_layer_draws_the_ground(folder):
    import rasterio

    run(folder, "plume.bip", *THERMAL, "--residential", name="homes")
    layers = folder / "homes" / "layers"
    with rasterio.open(layers / "column_acetone.tif") as file:
        column = file.read(1)
    with rasterio.open(layers / "plumes.tif") as file:
        inside = file.read(1) > 0
    assert 0 < np.isfinite(column).mean() < 0.5
    assert not (np.isfinite(column) & ~inside).any()
    with rasterio.open(layers / "limits.tif") as file:
        for limit in file.read():
            assert np.unique(limit).size == 1
    with rasterio.open(layers / "quality.tif") as file:
        assert (file.read(1) == 0).all()


def test_a_clean_scene_names_nothing_and_shows_limits(folder, capsys):
    assert run(folder, "clean.bip", *THERMAL, name="clean_out") == 0
    said = json.loads((folder / "clean_out" / "image.json").read_text())
    named = [
        c for p in said["plumes"] if not p["abstained"] for c in p["candidates"] if c["probability"] > 0.9
    ]
    assert not named
    assert all(value for value in said["limits_ppm_m"].values())
    capsys.readouterr()


def test_the_same_scene_gives_the_same_bytes(folder):
    for name in ("one", "two"):
        run(folder, "plume.bip", *THERMAL, name=name)
    files = sorted(p.relative_to(folder / "one") for p in (folder / "one").rglob("*") if p.is_file())
    for file in files:
        assert (folder / "one" / file).read_bytes() == (folder / "two" / file).read_bytes(), file


def test_a_cube_beyond_the_memory_goes_through_in_segments(folder):
    size_mb = (folder / "plume.bip").stat().st_size / 1e6
    assert run(folder, "plume.bip", *THERMAL, "--memory", f"{4.5 * size_mb:.2f}", name="segments") == 0
    said = json.loads((folder / "segments" / "image.json").read_text())
    assert said["plumes"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 3, "plume's temperature"),
        (("--plume-temperature", "21.85", "-g", "unobtainium"), 3, "no gas is known"),
        (
            ("--plume-temperature", "21.85", "-g", "hydrogen chloride"),
            3,
            "hydrogen chloride cannot be seen by this instrument",
        ),
        (("--plume-temperature", "21.85", "--wind-speed", "3"), 2, "wind-from"),
        (("--plume-temperature", "21.85", "--memory", "0.2"), 3, "statistics need"),
    ],
)
def test_what_cannot_be_done_is_said(folder, capsys, words, code, message):
    assert run(folder, "plume.bip", *words, name="refused") == code
    assert message in capsys.readouterr().err
    assert not (folder / "refused").exists()


def test_without_wind_there_are_masses_and_no_rates(folder):
    run(folder, "plume.bip", "--plume-temperature", "21.85", name="calm")
    said = json.loads((folder / "calm" / "image.json").read_text())
    assert any("no wind" in warning for warning in said["warnings"])
    assert said["plumes"][0]["amounts"][0]["rate_ime_kg_s"] is None
    assert said["plumes"][0]["amounts"][0]["mass_kg"][0] > 0


def test_a_scene_without_contrast_is_refused(folder, capsys):
    centre = np.linspace(800.0, 1250.0, 40)
    flat = np.tile(planck_w_m2_sr_cm1(centre, 295.0), (120, 12, 1)).astype("f4")
    flat += 1e-5 * np.random.default_rng(0).standard_normal(flat.shape).astype("f4")
    fields = {
        "wavelength": ",".join(f"{c:.4f}" for c in centre),
        "wavelength units": "Wavenumber",
        "data units": "W m-2 sr-1 (cm-1)-1",
    }
    write_envi(folder / "flat.bip", flat, fields)
    assert run(folder, "flat.bip", "--plume-temperature", "21.85", name="flat") == 4
    assert "no thermal contrast" in capsys.readouterr().err
    write_envi(folder / "flat.bip", flat, fields | {"data units": "counts"})
    assert run(folder, "flat.bip", "--plume-temperature", "21.85", name="flat") == 3
    assert "--radiance-unit" in capsys.readouterr().err


def test_a_damaged_library_is_told(folder, capsys):
    with h5py.File(folder / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(SystemExit) as left:
        main(["image", str(folder / "plume.bip"), "-l", str(folder / "other.h5"), "-o", str(folder / "x")])
    assert left.value.code == 3
    assert "no spectral library" in capsys.readouterr().err
