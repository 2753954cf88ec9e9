import json
import re
import shutil

import pytest

from plumeline.cli.main import main
from plumeline.errors import ConfigurationError, InputError
from plumeline.frames import LocalFrame
from plumeline.simulations.exercise import ExerciseFolder, read_form
from plumeline.simulations.towns import ORIGIN
from plumeline.workflows.exercise import debrief, hand_in, new, score


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("exercise") / "es"
    new("night-batch", seed=3, root=root, language="es")
    return root


@pytest.fixture
def root(made, tmp_path):
    return shutil.copytree(made, tmp_path / "exercise")


def fill_in(root, *, offset_m=0.0, extra=""):
    truth = ExerciseFolder(root=root).secret()["truth"]["sources"][0]
    lon, lat = LocalFrame(origin=ORIGIN).to_lonlat(truth["x_m"] + offset_m, truth["y_m"])
    rate = 1e3 * truth["rate_kg_s"]["acetone"] * truth["on_share"]
    form = (root / "answer.toml").read_text()
    form += (
        f"[[source]]\nlat = {float(lat)!r}\nlon = {float(lon)!r}\nradius_90_m = 25.0\n"
        f'gas = "acetone"\nrate_g_s = {rate!r}\nkind = "{truth["kind"]}"\nbuilding = "{truth["building"]}"\n{extra}'
    )
    (root / "answer.toml").write_text(form)


def test_everything_is_marked_and_the_trainees_part_holds_no_truth(root):
    facts = ExerciseFolder(root=root).facts()
    assert facts["id"].startswith("EXERCISE-")
    for path in root.rglob("*"):
        if path.is_file():
            in_name = "EXERCISE" in path.name
            assert in_name or "EXERCISE" in path.read_text() or path.suffix == ".toml", path
    seen = "".join(
        path.read_text() for path in root.rglob("*") if path.is_file() and "instructor" not in path.parts
    )
    assert '"sources"' not in seen
    assert "source-1" not in seen


def test_the_walk_through_in_spanish(root, capsys):
    fill_in(root)
    assert main_code(["exercise", "answer", str(root)]) == 0
    assert main_code(["exercise", "score", str(root)]) == 0
    assert "100 of 100" in capsys.readouterr().out
    assert main_code(["exercise", "debrief", str(root)]) == 0
    page = (root / "EXERCISE-debrief.html").read_text()
    assert '<html lang="es">' in page
    assert "no es un caso real" in page
    assert "Puntos" in page
    assert "encontrada" in page
    assert "Points" not in page


def test_the_walk_through_in_english(tmp_path):
    root = tmp_path / "en"
    assert main_code(["exercise", "new", "next-door", "--seed", "2", "-o", str(root)]) == 0
    truth = ExerciseFolder(root=root).secret()["truth"]["sources"]
    sought = next(source for source in truth if source["is_sought"])
    lon, lat = LocalFrame(origin=ORIGIN).to_lonlat(sought["x_m"], sought["y_m"])
    with (root / "answer.toml").open("a") as form:
        form.write(f"[[source]]\nlat = {float(lat)!r}\nlon = {float(lon)!r}\nradius_90_m = 30\n")
    hand_in(root)
    parts = score(root).parts
    assert parts["found"] == 45.0
    assert parts["region"] == 20.0
    assert parts["kind"] == 0.0
    page = debrief(root).read_text()
    assert '<html lang="en">' in page
    assert "not a live case" in page
    # Every emitter of the town is shown, with the passes in which it could have been seen or a line that says it could not.
    for source in truth:
        assert source["name"] in page
    assert re.search(r"\d\d:\d\d–\d\d:\d\d", page)
    injects = (root / "instructor" / "EXERCISE-injects.html").read_text()
    assert "solvent delivery" in injects


def main_code(words):
    with pytest.raises(SystemExit) as left:
        main(words)
    return left.value.code


def test_a_far_answer_scores_nothing_and_costs_points(root):
    fill_in(root, offset_m=400.0)
    hand_in(root)
    marked = score(root)
    assert marked.parts["found"] == 0.0
    assert marked.parts["false_sources"] == -20.0
    assert marked.points < 25
    assert "no encontrada" in debrief(root).read_text()


def test_nothing_there_is_right_only_when_nothing_is(tmp_path, root):
    empty = tmp_path / "empty"
    new("nothing-there", seed=1, root=empty, language="en")
    for place, points in ((empty, 100.0), (root, 0.0)):
        form = (place / "answer.toml").read_text()
        (place / "answer.toml").write_text(form.replace("nothing_there = false", "nothing_there = true"))
        hand_in(place)
        assert score(place).points == points


def test_an_answer_is_final_and_the_seal_holds(root):
    fill_in(root)
    hand_in(root)
    with pytest.raises(InputError, match="already"):
        hand_in(root)
    truth = root / "instructor" / "truth.json"
    truth.write_text(truth.read_text().replace("source-1", "source-2"))
    with pytest.raises(InputError, match="altered"):
        score(root)


def test_a_locate_result_can_be_handed_in(root, tmp_path):
    truth = ExerciseFolder(root=root).secret()["truth"]["sources"][0]
    lon, lat = (float(value) for value in LocalFrame(origin=ORIGIN).to_lonlat(truth["x_m"], truth["y_m"]))
    ring = [
        [lon - 1e-4, lat - 1e-4],
        [lon + 1e-4, lat - 1e-4],
        [lon + 1e-4, lat + 1e-4],
        [lon - 1e-4, lat - 1e-4],
    ]
    region = {"geojson": {"type": "Polygon", "coordinates": [ring]}}
    document = {
        "frame": {"placed": True},
        "probability_no_source": 0.01,
        "false_alarm_probability": 0.02,
        "sources": [
            {
                "region_centre": {"lon_deg": lon, "lat_deg": lat},
                "region_50": region,
                "region_90": region,
                "rates": [{"species": "acetone", "low_g_s": 0.05, "median_g_s": 0.1, "high_g_s": 0.2}],
            }
        ],
    }
    (tmp_path / "result.json").write_text(json.dumps(document))
    hand_in(root, result=tmp_path)
    assert score(root).parts["found"] == 45.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exercise = 1", "is of exercise"),
        ('exercise = "E"', "not both"),
        ('exercise = "E"\n[[source]]\nlat = 1\nlon = 1', "radius_90_m"),
        ('exercise = "E"\n[[source]]\nlat = 1\nlon = 1\nradius_90_m = 5\nname = "x"', "unknown key name"),
        ('exercise = "E"\n[[source]]\nlat = 100\nlon = 1\nradius_90_m = 5', "no place on Earth"),
        ("exercise =", "not TOML"),
    ],
)
def test_a_wrong_form_says_what_is_wrong(text, message):
    with pytest.raises((ConfigurationError, InputError), match=message):
        read_form(text, "E")


def test_what_is_no_exercise_is_said_to_be_none(tmp_path):
    with pytest.raises(InputError, match="not an exercise"):
        score(tmp_path)


def test_one_seed_makes_the_same_exercise(made, tmp_path):
    new("night-batch", seed=3, root=tmp_path / "again", language="es")
    for path in made.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(made)).read_bytes(), path
