"""What a stranger does: a table of their own, ten lines of mapping, one command."""

import hashlib
import json
import os
import subprocess
import sys

import jsonschema
import numpy as np
import pytest

import fakes
from plumeline.cli.main import main
from plumeline.store import locate_schema

pytestmark = pytest.mark.timeout(900)  # the first run compiles, and a busy machine takes its time

QUICK = ["--set", "particles=48", "--set", "sweeps=1", "--set", "null_draws=8"]
KG_M3_PER_PPM = 0.01604 * 101325 / (8.314462618 * 288.15) * 1e-6
MAPPING = """
title = "My table"
extensions = [".csv"]

[time]
columns = ["when"]

[position]
latitude = "lat"
longitude = "lon"
height = "agl"

[[value]]
column = "ch4"
species = "CH4"
unit = "ppm"
"""
SURVEY = """
[[file]]
path = "mine.csv"
mapping = "mine.toml"

[wind]
speed_m_s = 3.45
direction_from_deg = 190.0
sigma_m_s = 0.3
height_m = 3.0

[air]
temperature_k = 288.15
pressure_pa = 101325.0
"""


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")
    data = fakes.fake_survey(count=150).in_situ
    lon_deg, lat_deg = fakes.fake_survey().frame.to_lonlat(data["x"], data["y"])
    rows = [
        f"{np.datetime_as_string(t, unit='s')}Z,{a:.8f},{o:.8f},{z:.1f},{'' if np.isnan(c) else f'{c / KG_M3_PER_PPM:.4f}'}"
        for t, a, o, z, c in zip(
            data["time"].to_numpy(),
            lat_deg,
            lon_deg,
            data["z"].to_numpy(),
            data["mass_concentration"].to_numpy()[:, 0],
            strict=True,
        )
    ]
    (folder / "mine.csv").write_text("\n".join(["when,lat,lon,agl,ch4", *rows]) + "\n")
    (folder / "mine.toml").write_text(MAPPING)
    (folder / "survey.toml").write_text(SURVEY)
    return folder


def run(*words, cwd, kernels=None):
    """One command; with `kernels`, the compiled ones are kept in that folder."""
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    own = {} if kernels is None else {"NUMBA_CACHE_DIR": str(kernels)}
    return subprocess.run(
        [sys.executable, "-m", "plumeline", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=os.environ | threads | own,
    )


def test_a_stranger_gets_a_result_and_the_same_bytes_again(survey, tmp_path):
    kernels = tmp_path / "kernels"  # empty at first: a first run compiles, the second loads
    first = run("locate", survey, "-o", "one", *QUICK, cwd=tmp_path, kernels=kernels)
    assert first.returncode == 0, first.stderr
    assert any(kernels.rglob("*.nbc"))
    assert "open one/report.html" in first.stdout
    assert "sampling" in first.stderr
    again = run("locate", survey, "-o", "two", "--quiet", *QUICK, cwd=tmp_path, kernels=kernels)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    digests = [
        {
            str(path.relative_to(tmp_path / name)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("one", "two")
    ]
    assert digests[0] == digests[1]
    assert len(digests[0]) >= 8


def test_json_is_all_that_is_printed_and_matches_its_schema(survey, tmp_path):
    done = run("locate", survey, "--json", *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.Draft202012Validator(locate_schema()).validate(document)
    assert list(tmp_path.iterdir()) == []
    assert set(document["provenance"]["inputs"]) >= {"mine.csv"}
    assert document["provenance"]["configuration"]["inference"]["particles"] == 48


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere.csv"], 3, "no such file"),
        (["SURVEY", "--set", "partcles=3"], 2, "did you mean particles?"),
        (["SURVEY", "--species", "chlorine"], 2, "no chlorine"),
        (["SURVEY", "--start", "yesterday"], 2, "not a time"),
        (["SURVEY", "--end", "2001-01-01"], 3, "no reading"),
        (["SURVEY", "--basemap", "nothing.geojson"], 2, "no such basemap"),
        (["SURVEY", "-o", "TAKEN"], 6, "exists already"),
    ],
)
def test_a_mistake_is_one_clear_line_and_a_documented_code(
    survey, tmp_path, capsys, monkeypatch, words, code, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    names = {"SURVEY": str(survey), "TAKEN": str(tmp_path / "taken")}
    with pytest.raises(SystemExit) as left:
        main(["locate", "--quiet", *(names.get(word, word) for word in words)])
    told = capsys.readouterr()
    assert left.value.code == code
    assert said in told.err
    assert "Traceback" not in told.err
    assert told.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


RESPONSE = """
[[response]]
channel = "CH4"
species = "propane"
sensitivity = 1.6
"""


def test_gases_that_a_sensor_cannot_tell_apart_have_one_rate_in_every_file(survey, tmp_path, capsys):
    (tmp_path / "response.toml").write_text(RESPONSE)
    words = ["--response", tmp_path / "response.toml", "-o", tmp_path / "out", *QUICK]
    with pytest.raises(SystemExit) as left:
        main(["locate", str(survey), *map(str, words)])
    assert left.value.code in {0, None}
    told = capsys.readouterr().out
    assert "cannot tell methane from propane" in told
    document = json.loads((tmp_path / "out" / "result.json").read_text())
    jsonschema.Draft202012Validator(locate_schema()).validate(document)
    assert document["inseparable"] == [["methane", "propane"]]
    (source,) = document["sources"]
    assert [rate["species"] for rate in source["rates"]] == ["methane or propane"]
    layer = json.loads((tmp_path / "out" / "result.geojson").read_text())
    rates = [one["properties"].get("methane_or_propane_g_s") for one in layer["features"]]
    assert [rate > 0 for rate in rates if rate is not None] == [True]
    assert "methane or propane" in (tmp_path / "out" / "report.html").read_text()
    chosen = document["provenance"]["configuration"]["selection"]["responses"]
    assert [(one["channel"], one["species"]) for one in chosen] == [("methane", "propane")]
