"""Several scenes judged together, and frame imagers' statistics by kind of surface."""

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from plumeline.chem.spectra import CrossSection, Grade, Library, write_library
from plumeline.cli.main import main
from plumeline.detections import Candidates, pooled_threshold
from plumeline.instruments.cubes import write_envi
from plumeline.radiometry import planck_w_m2_sr_cm1
from plumeline.simulations.scene_plume import ScenePlume
from plumeline.simulations.scenes import Emission, ThermalSceneSettings, thermal_scene

FRAME = ThermalSceneSettings(
    lines=96, samples=96, bands=40, fwhm_cm1=14.0, striping=0.0, smile_cm1=0.0, seed=3
)


def spectra():
    rng = np.random.default_rng(8)
    grid = np.arange(700.0, 1400.0, 0.5)
    found = {}
    for gas in ("acetone", "ethyl acetate", "toluene", "methanol"):
        value = np.zeros_like(grid)
        for _ in range(2):
            value += 4e-23 * np.exp(-0.5 * ((grid - rng.uniform(820, 1250)) / rng.uniform(8, 25)) ** 2)
        found[gas] = CrossSection(
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
    return found


def write(path, radiance, centre):
    fields = {
        "wavelength": ",".join(f"{c:.4f}" for c in centre),
        "wavelength units": "Wavenumber",
        "data units": "W m-2 sr-1 (cm-1)-1",
        "map info": "UTM, 1, 1, 500000, 2600000, 0.5, 0.5, 13, North, WGS-84",
    }
    write_envi(path, radiance, fields)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("scenes")
    known = spectra()
    write_library(root / "spectra.h5", Library(cross_sections=tuple(known.values())))
    plume = ScenePlume(line=76.0, sample=24.0, rate_kg_s=2e-3, wind_m_s=2.5, toward_deg=20.0)
    emission = Emission(plume=plume, gases={"acetone": 2e-3}, temperature_k=295.0)
    scene = thermal_scene(known, (emission,), FRAME)
    write(root / "plume.bip", scene.radiance_w_m2_sr_cm1, scene.response.centre_cm1)
    np.save(root / "truth.npy", scene.column_ppm_m["acetone"])
    clean = thermal_scene(known, (), replace(FRAME, seed=4))
    write(root / "clean.bip", clean.radiance_w_m2_sr_cm1, clean.response.centre_cm1)
    (root / "other").mkdir()
    air = planck_w_m2_sr_cm1(clean.response.centre_cm1, 295.0) * np.ones((96, 96, 1))
    noise = 2e-4 * np.random.default_rng(1).standard_normal(air.shape)
    write(root / "other" / "clean.bip", (air + noise).astype("f4"), clean.response.centre_cm1)
    return root


def image(folder, scenes, out, *words):
    with pytest.raises(SystemExit) as left:
        main([
            "image",
            *(str(folder / scene) for scene in scenes),
            *("-l", str(folder / "spectra.h5"), "-o", str(out), "--plume-temperature", "21.85"),
            *words,
        ])
    return left.value.code


def test_a_frame_imager_sees_less_gas_with_statistics_by_kind_of_surface(folder, tmp_path):
    said = {}
    for how in ("columns", "clusters"):
        assert image(folder, ["plume.bip"], tmp_path / how, "--background", how) == 0
        said[how] = json.loads((tmp_path / how / "image.json").read_text())
        assert said[how]["provenance"]["configuration"]["background"] == how
    assert said["clusters"]["limits_ppm_m"]["acetone"] < 0.75 * said["columns"]["limits_ppm_m"]["acetone"]
    first = said["clusters"]["plumes"][0]["candidates"][0]
    assert first["gases"] == ["acetone"]
    assert first["probability"] > 0.9
    with rasterio.open(tmp_path / "clusters" / "layers" / "column_acetone.tif") as file:
        column = file.read(1)
    truth = np.load(folder / "truth.npy")
    thick = (truth > 100) & np.isfinite(column)
    assert np.sum(column[thick] * truth[thick]) / np.sum(truth[thick] ** 2) == pytest.approx(1.0, abs=0.2)
    with rasterio.open(tmp_path / "clusters" / "layers" / "limits.tif") as file:
        assert np.isfinite(file.read(1)).mean() > 0.95


def test_several_scenes_are_judged_together_and_get_a_folder_each(folder, tmp_path, capsys):
    assert image(folder, ["plume.bip", "clean.bip"], tmp_path / "out", "--background", "clusters") == 0
    said = capsys.readouterr().out
    assert "plume:" in said
    assert "2 scenes judged together" in said
    scenes = json.loads((tmp_path / "out" / "scenes.json").read_text())
    assert scenes["scenes"] == ["plume", "clean"]
    judged = scenes["false_discovery"]
    assert judged["scenes"] == 2
    assert judged["rate"] == 0.05
    assert judged["candidates"] > 0
    documents = [
        json.loads((tmp_path / "out" / name / "image.json").read_text()) for name in ("plume", "clean")
    ]
    assert documents[0]["plumes"]
    assert not documents[1]["plumes"]
    assert documents[0]["false_discovery"] == documents[1]["false_discovery"] == judged
    assert (tmp_path / "out" / "clean" / "report.html").is_file()


def test_a_scene_that_says_nothing_does_not_stop_the_others(folder, tmp_path, capsys):
    code = image(folder, ["clean.bip", "other/clean.bip"], tmp_path / "out", "--background", "clusters")
    assert code == 4
    error = " ".join(capsys.readouterr().err.split())
    assert "nothing can be said of some scenes" in error
    assert "clean-2: the surfaces are at the plume's temperature" in error
    scenes = json.loads((tmp_path / "out" / "scenes.json").read_text())
    assert scenes["scenes"] == ["clean"]
    assert "clean-2" in scenes["refused"]
    assert not (tmp_path / "out" / "clean-2").exists()


@pytest.mark.parametrize(
    ("scenes", "words", "said"),
    [
        (
            ["clean.bip"],
            ("--stream", "--background", "clusters"),
            "--stream keeps statistics by detector column",
        ),
        (["clean.bip", "plume.bip"], ("--stream",), "--stream goes with one scene"),
        (["clean.bip", "plume.bip"], ("--glt", "a"), "--glt goes with one scene"),
    ],
)
def test_what_does_not_go_together_is_told(folder, tmp_path, capsys, scenes, words, said):
    assert image(folder, scenes, tmp_path / "out", *words) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_broken_scene_among_several_stops_all_before_anything_is_written(folder, tmp_path, capsys):
    (folder / "cut.bip").write_bytes((folder / "clean.bip").read_bytes()[:5000])
    (folder / "cut.bip.hdr").write_bytes((folder / "clean.bip.hdr").read_bytes())
    assert image(folder, ["plume.bip", "cut.bip"], tmp_path / "out") == 3
    assert "cut.bip" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_share_of_false_plumes_holds_over_all_scenes_together():
    """Forty scenes with noise of either sign and a few plumes: judged one by one, every scene would have to be sure."""
    rng = np.random.default_rng(0)
    false = true = kept = 0
    for _ in range(20):
        scenes, labels = [], []
        for _ in range(40):
            noise = rng.exponential(4.0, 6)
            side = rng.random(6) < 0.5
            plumes = rng.uniform(15, 60, int(rng.integers(0, 4)))
            labels.append([False] * int(side.sum()) + [True] * plumes.size)
            support = (*noise[side].tolist(), *plumes.tolist())
            scenes.append(
                Candidates(places=(None,) * len(support), support=support, decoys=(*noise[~side].tolist(),))
            )
        limit = pooled_threshold(scenes, rate=0.05)
        for scene, real in zip(scenes, labels, strict=True):
            above = np.array(scene.support) >= limit
            false += int((above & ~np.array(real, bool)).sum())
            true += int((above & np.array(real, bool)).sum())
            kept += int(above.sum())
    assert false / kept <= 0.06
    assert true / kept > 0.9
    assert true > 1000


def test_a_scene_full_of_false_places_raises_what_all_must_show():
    quiet = Candidates(places=(None,), support=(12.0,), decoys=(2.0,))
    loud = Candidates(places=(), support=(), decoys=(30.0, 28.0))
    assert quiet.above(pooled_threshold([quiet], rate=0.05)) == [None]
    assert quiet.above(pooled_threshold([quiet, loud], rate=0.05)) == []
