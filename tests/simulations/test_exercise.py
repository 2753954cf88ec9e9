import json
import re
import shutil
import subprocess
import sys

import pytest

from plumeline.chem import all_species
from plumeline.cli.main import main
from plumeline.errors import ConfigurationError, InputError
from plumeline.frames import LocalFrame
from plumeline.simulations.answer_form import read_form
from plumeline.simulations.exercise import ExerciseFolder
from plumeline.simulations.scenario import load
from plumeline.simulations.town_plan import trades
from plumeline.simulations.towns import ORIGIN
from plumeline.workflows.exercise import debrief, hand_in, new, score, words


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


MARKS = {"en": "EXERCISE – not a live case", "es": "EXERCISE – EJERCICIO – no es un caso real"}


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_trainers_walk_from_new_to_debrief(tmp_path, capsys, language):
    root = tmp_path / "walk"
    assert (
        main_code(["exercise", "new", "next-door", "--seed", "2", "--language", language, "-o", str(root)])
        == 0
    )
    truth = ExerciseFolder(root=root).secret()["truth"]["sources"]
    sought = next(source for source in truth if source["is_sought"])
    lon, lat = LocalFrame(origin=ORIGIN).to_lonlat(sought["x_m"], sought["y_m"])
    gas = next(iter(sought["rate_kg_s"]))
    rate_g_s = 1e3 * sought["rate_kg_s"][gas] * sought["on_share"]
    with (root / "answer.toml").open("a") as form:
        form.write(
            f"[[source]]\nlat = {float(lat)!r}\nlon = {float(lon)!r}\nradius_90_m = 30\ngas = '{gas}'\n"
            f'rate_g_s = {rate_g_s!r}\nbuilding = "{sought["building"]}"\n'
        )
    assert main_code(["exercise", "answer", str(root)]) == 0
    assert main_code(["exercise", "score", str(root)]) == 0
    said = capsys.readouterr().out
    # All but the kind, which the form leaves out.
    assert {"en": "90 of 100", "es": "90 de 100"}[language] in said
    assert main_code(["exercise", "debrief", str(root)]) == 0
    pages = [
        root / "EXERCISE-briefing.html",
        root / "EXERCISE-debrief.html",
        root / "instructor" / "EXERCISE-injects.html",
    ]
    for page in pages:
        html = page.read_text()
        assert f'<html lang="{language}">' in html
        assert html.count(MARKS[language]) == 2, page
        assert ExerciseFolder(root=root).facts()["id"] in html
    debriefing = pages[1].read_text()
    # Every emitter of the town is shown, with the passes in which it could have been seen or a line that says it could not.
    assert debriefing.count("<h3>") == len(truth)
    assert re.search(r"\d\d:\d\d–\d\d:\d\d", debriefing)
    assert trades()["dry_cleaner_pce"].title[language] in debriefing
    assert load("next-door").injects[0][language] in pages[2].read_text()
    register = (root / "scene" / "EXERCISE-register.csv").read_text()
    assert f"EXERCISE {trades()['bakery'].title[language]}" in register
    if language == "es":
        spoken = [visible(page.read_text()) for page in pages]
        no_english(" ".join([*spoken, said.replace(str(root), ""), register.replace("amenity=clinic", "")]))
        form = (root / "answer.toml").read_text()
        assert "rellena este formulario" in form
        assert "Fill" not in form


def visible(html):
    """What a reader sees of a page."""
    html = re.sub(r"(?s)<style>.*?</style>", " ", html)
    return re.sub(r"<[^>]+>", " ", re.sub(r"<code>.*?</code>", " ", html))


def no_english(text):
    """None of the words that the English pages are made of, where the Spanish ones differ."""
    said = {
        value
        for key, value in words("en").items()
        if isinstance(value, str) and key not in {"banner", "form"}
    }
    said |= {trade.title["en"] for trade in trades().values()} | {one.name for one in all_species()}
    said |= {load("next-door").title} | {inject["en"] for inject in load("next-door").injects}
    spanish = {value for value in words("es").values() if isinstance(value, str)}
    spanish |= {trade.title["es"] for trade in trades().values()} | {one.name_es for one in all_species()}
    for phrase in said - spanish - {"score"}:
        assert not re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", text), phrase


def test_the_survey_carries_the_mark_so_that_every_result_made_from_it_does(root):
    assert 'name = "EXERCISE-night-batch"' in (root / "flight" / "survey.toml").read_text()


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
        ('exercise = "E"\n[[source]]\nlat = 1\nlon = 1\nradius_90_m = 5\nname = "x"', "unknown key 'name'"),
        ('exercise = "E"\n[[source]]\nlat = 100\nlon = 1\nradius_90_m = 5', "no place on Earth"),
        ("exercise =", "not TOML"),
        ('exercise = "E"\nsource = 3', "no list of tables"),
        ('exercise = "E"\n[source]\nlat = 1', "no list of tables"),
        ('exercise = "E"\nsource = [3]', "no table"),
        ('exercise = "E"\nnothing_there = 1', "not both"),
        ('exercise = "E"\nwhere = 1', "unknown key where"),
        ('exercise = "E"\n[[source]]\nlat = "north"\nlon = 1\nradius_90_m = 5', "wrong type"),
        ('exercise = "E"\n[[source]]\nlat = 1\nlon = 1\nradius_90_m = -5', "not between"),
        ('exercise = "E"\n[[source]]\nlat = 1\nlon = 1\nradius_90_m = 5\nrate_g_s = 1', "the gas"),
        (
            'exercise = "E"\n[[source]]\nlat = 1\nlon = 1\nradius_90_m = 5\nrate_g_s = 1\ngas = "phlogiston"',
            "phlogiston",
        ),
        (
            'exercise = "E"\n[[source]]\nlat = 1\nlon = 1\nradius_90_m = 5\ngas = "acetone"\nrate_g_s = 1\nrate_low_g_s = 2',
            "ascend",
        ),
    ],
)
def test_a_wrong_form_says_what_is_wrong(text, message):
    with pytest.raises((ConfigurationError, InputError), match=message):
        read_form(text, "E")


def test_a_gas_may_be_named_in_spanish():
    text = 'exercise = "E"\n[[source]]\nlat = 1\nlon = 1\nradius_90_m = 5\ngas = "acetona"\nrate_g_s = 1'
    assert read_form(text, "E")["sources"][0]["rate_kg_s"] == {"acetone": [1e-3, 1e-3, 1e-3]}


def test_a_cube_is_no_exercise_and_nothing_is_left_behind(tmp_path, capsys):
    assert main_code(["exercise", "new", "lwir-plume", "-o", str(tmp_path / "x")]) == 2
    said = capsys.readouterr().err
    assert "makes a cube and no flight" in said
    assert "next-door" in said
    assert not any(tmp_path.iterdir())


def test_what_cannot_be_read_or_written_is_said(root, tmp_path, capsys):
    (root / "answer.toml").unlink()
    assert main_code(["exercise", "answer", str(root)]) == 3
    assert "the form cannot be read" in capsys.readouterr().err
    assert main_code(["exercise", "new", "night-batch", "-o", str(root)]) == 6
    assert "not empty" in capsys.readouterr().err
    (root / "answer.json").write_text("[]")
    assert main_code(["exercise", "score", str(root)]) == 3
    (root / "exercise.json").write_text('{"mark": "EXERCISE"}')
    assert main_code(["exercise", "debrief", str(root)]) == 3
    assert "not an exercise" in capsys.readouterr().err


def test_an_answer_that_a_full_disk_cuts_short_is_not_handed_in(root):
    fill_in(root)
    # A limit on the size of any file stands for a full disk.
    code = (
        "import resource, signal, sys; from pathlib import Path; from plumeline.workflows.exercise import hand_in\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))\n"
        "hand_in(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(root)], capture_output=True, text=True, check=False
    )
    assert "OutputError" in done.stderr
    assert not [path for path in root.iterdir() if "answer.json" in path.name]
    assert hand_in(root).answer.is_file()


def test_what_is_no_exercise_is_said_to_be_none(tmp_path):
    with pytest.raises(InputError, match="not an exercise"):
        score(tmp_path)


def test_one_seed_makes_the_same_exercise(made, tmp_path):
    new("night-batch", seed=3, root=tmp_path / "again", language="es")
    for path in made.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(made)).read_bytes(), path
