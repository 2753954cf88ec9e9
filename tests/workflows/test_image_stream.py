"""A cube line by line: alarms in the plume and not outside it, and memory that does not grow with the cube."""

import json
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from plumeline.chem.spectra import CrossSection, Grade, Library, write_library
from plumeline.cli.main import main
from plumeline.instruments.cubes import write_envi
from plumeline.provenance import sha256_of_file
from plumeline.radiometry import planck_w_m2_sr_cm1

SAMPLES, BANDS = 24, 16
CENTRE = np.linspace(800.0, 1200.0, BANDS)
FIELDS = {
    "wavelength": ",".join(f"{c:.4f}" for c in CENTRE),
    "wavelength units": "Wavenumber",
    "data units": "W m-2 sr-1 (cm-1)-1",
    "map info": "UTM, 1, 1, 500000, 2600000, 0.5, 0.5, 13, North, WGS-84",
}
GRID = np.arange(700.0, 1300.0)
GAS = CrossSection(
    gas="acetone",
    wavenumber_cm1=GRID,
    cross_section_m2=4e-23 * np.exp(-0.5 * ((GRID - 950.0) / 12.0) ** 2),
    temperature_k=296.0,
    pressure_pa=101325.0,
    resolution_cm1=0.5,
    grade=Grade.ABSOLUTE,
    relative_uncertainty=0.03,
    source="made up",
)


def ground(lines, rng):
    kelvin = 303.0 + 2.0 * rng.standard_normal((lines, SAMPLES, 1))
    radiance = planck_w_m2_sr_cm1(CENTRE, kelvin)
    return radiance + 2e-4 * rng.standard_normal(radiance.shape)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("stream")
    write_library(root / "spectra.h5", Library(cross_sections=(GAS,)))
    scene = ground(400, np.random.default_rng(0))
    # A cold plume of 60 ppm m before warm ground, lines 300 to 330, samples 8 to 14.
    optical = 60.0 * GAS.absorbance_per_ppm_m(CENTRE)
    inside = scene[300:330, 8:14]
    scene[300:330, 8:14] = inside + (1 - np.exp(-optical)) * (planck_w_m2_sr_cm1(CENTRE, 293.15) - inside)
    scene[200] = np.nan
    write_envi(root / "scene.bip", scene.astype("f4"), FIELDS)
    return root


def stream(folder, out, *words):
    with pytest.raises(SystemExit) as left:
        main([
            "image",
            str(folder / "scene.bip"),
            *("-l", str(folder / "spectra.h5"), "-o", str(out)),
            *("--plume-temperature", "20", "--stream", *words),
        ])
    return left.value.code


def test_alarms_stand_in_the_plume_and_nowhere_else(folder, tmp_path, capsys):
    import rasterio

    assert stream(folder, tmp_path / "out", "--line-period", "10000") == 0
    said = capsys.readouterr().out
    assert "line 304: acetone?" in said
    assert "keeps up with a line every 10000 ms" in said
    alarms = [json.loads(line) for line in (tmp_path / "out" / "alarms.jsonl").read_text().splitlines()]
    lines = {alarm["line"] for alarm in alarms}
    assert set(range(304, 330)) <= lines <= set(range(300, 336))
    assert all(7 <= alarm["sample"] <= 14 for alarm in alarms)
    with rasterio.open(tmp_path / "out" / "stream.tif") as file:
        score, gas, column = file.read()
    assert np.isnan(score[:300]).all()
    middle = (slice(305, 328), slice(9, 13))
    alarmed = np.isfinite(score[middle])
    assert alarmed.mean() > 0.6
    assert (gas[middle][alarmed] == 0).all()
    assert np.median(column[middle][alarmed]) == pytest.approx(60.0, rel=0.25)
    document = json.loads((tmp_path / "out" / "stream.json").read_text())
    assert document["alarm_lines"] == len(lines)
    assert "the first 81 lines taught the statistics; nothing is said of them" in document["warnings"]
    # Line 200 holds no values.
    assert any(warning.startswith(f"{SAMPLES} further pixels hold") for warning in document["warnings"])
    # A single pixel's limit; gathered neighbours show the plume of half of it.
    assert 0 < document["limits_ppm_m"]["acetone"] < 200.0
    times = json.loads((tmp_path / "out" / "timing.json").read_text())
    assert 0 < times["median_s"] <= times["p99_s"] <= times["worst_s"] <= times["worst_behind_s"]


def test_only_the_times_differ_between_two_runs_and_a_slow_sensor_is_told(folder, tmp_path, capsys):
    for name in ("one", "two"):
        assert stream(folder, tmp_path / name, "--line-period", "0.01") == 0
    assert "falls behind with a line every 0.01 ms" in capsys.readouterr().out
    for file in ("alarms.jsonl", "stream.json", "stream.tif"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_memory_too_small_for_the_sensor_is_told(folder, tmp_path, capsys):
    assert stream(folder, tmp_path / "out", "--memory", "0.05") == 3
    assert "give --memory" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_scene_that_teaches_nothing_and_a_dead_column_are_told(tmp_path, capsys):
    write_library(tmp_path / "spectra.h5", Library(cross_sections=(GAS,)))
    for lines, said in ((60, "60 lines are too few"), (200, "1 detector column(s) never had a score")):
        scene = ground(lines, np.random.default_rng(2))
        scene[:, 5] = np.nan
        write_envi(tmp_path / "scene.bip", scene.astype("f4"), FIELDS)
        assert stream(tmp_path, tmp_path / f"out{lines}") == 0
        assert said in capsys.readouterr().out


LIMITED = """
import resource, sys
from plumeline.cli.main import main

def run(*words):
    try:
        main(list(words))
    except SystemExit as left:
        return left.code

small, large, library, out = sys.argv[1:]
common = ["-l", library, "--plume-temperature", "20", "--memory", "24", "--stream"]
assert run("image", small, "-o", out + "-small", *common) == 0  # everything is imported now
held = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData"))
limit = 1024 * held + 24_000_000
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
sys.exit(run("image", large, "-o", out, *common))
"""


def test_a_cube_four_times_the_memory_limit_streams_through(folder, tmp_path):
    wide = np.tile(ground(200, np.random.default_rng(1)).astype("f4"), (1, 8, 1))
    repeats = 40
    with (tmp_path / "large.bip").open("wb") as file:
        for shift in range(repeats):
            file.write(np.roll(wide, 7 * shift, axis=0).tobytes())
    write_envi(tmp_path / "head.bip", wide[:1], FIELDS | {"lines": str(repeats * len(wide))})
    (tmp_path / "head.bip.hdr").rename(tmp_path / "large.bip.hdr")
    assert (tmp_path / "large.bip").stat().st_size > 4 * 24_000_000
    places = [folder / "scene.bip", tmp_path / "large.bip", folder / "spectra.h5", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *map(str, places)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    document = json.loads((tmp_path / "out" / "stream.json").read_text())
    assert document["lines"] == repeats * 200
    assert document["limits_ppm_m"]["acetone"] > 0


def test_a_cube_that_is_being_written_is_followed_to_its_end(folder, tmp_path, capsys):
    """A sensor writes 400 lines in bursts that end within a line; the alarms are those of the whole file."""
    whole = (folder / "scene.bip").read_bytes()
    (tmp_path / "live.bip.hdr").write_text((folder / "scene.bip.hdr").read_text())
    live = tmp_path / "live.bip"
    live.write_bytes(whole[:1000])

    def sensor():
        with live.open("ab") as file:
            for start in range(1000, len(whole), 20_001):
                file.write(whole[start : start + 20_001])
                file.flush()
                time.sleep(0.01)

    writer = threading.Thread(target=sensor)
    writer.start()
    with pytest.raises(SystemExit) as left:
        main([
            *("image", str(live), "-l", str(folder / "spectra.h5"), "-o", str(tmp_path / "out")),
            *("--plume-temperature", "20", "--stream", "--follow", "20"),
        ])
    writer.join()
    assert left.value.code == 0
    assert stream(folder, tmp_path / "whole") == 0
    files = [tmp_path / name / "alarms.jsonl" for name in ("out", "whole")]
    assert files[0].read_bytes() == files[1].read_bytes() != b""
    document = json.loads((tmp_path / "out" / "stream.json").read_text())
    assert document["lines"] == document["lines_declared"] == 400
    assert document["provenance"]["inputs"]["live.bip"] == sha256_of_file(live)


def test_a_sensor_that_stops_early_ends_the_stream_with_what_came(folder, tmp_path, capsys):
    import rasterio

    whole = (folder / "scene.bip").read_bytes()
    (tmp_path / "live.bip.hdr").write_text((folder / "scene.bip.hdr").read_text())
    (tmp_path / "live.bip").write_bytes(whole[: len(whole) * 320 // 400 + 7])
    words = [
        "image",
        str(tmp_path / "live.bip"),
        "-l",
        str(folder / "spectra.h5"),
        "--plume-temperature",
        "20",
    ]
    with pytest.raises(SystemExit) as left:
        main([*words, "-o", str(tmp_path / "out"), "--stream", "--follow", "0.2"])
    assert left.value.code == 0
    assert "320 of the 400 lines that the header declares came" in capsys.readouterr().out
    document = json.loads((tmp_path / "out" / "stream.json").read_text())
    assert (document["lines"], document["lines_declared"]) == (320, 400)
    with rasterio.open(tmp_path / "out" / "stream.tif") as file:
        score = file.read(1)
    assert np.isfinite(score[300:320]).any()
    assert np.isnan(score[320:]).all()


@pytest.mark.parametrize(
    ("lines", "words", "code", "said"),
    [
        (10, ("--stream", "--follow", "0.2"), 3, "holds 10 lines and none came for 0.2 s"),
        (400, ("--follow", "1"), 2, "--follow goes with --stream"),
        (400, ("--stream", "--follow", "0"), 2, "0.1"),
    ],
)
def test_what_cannot_be_followed_is_told(folder, tmp_path, capsys, lines, words, code, said):
    whole = (folder / "scene.bip").read_bytes()
    (tmp_path / "live.bip.hdr").write_text((folder / "scene.bip.hdr").read_text())
    (tmp_path / "live.bip").write_bytes(whole[: len(whole) * lines // 400])
    with pytest.raises(SystemExit) as left:
        main([
            *(
                "image",
                str(tmp_path / "live.bip"),
                "-l",
                str(folder / "spectra.h5"),
                "-o",
                str(tmp_path / "out"),
            ),
            *("--plume-temperature", "20", *words),
        ])
    assert left.value.code == code
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()
