"""Makes an exercise, takes in an answer, scores it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from plumeline.errors import InputError
from plumeline.simulations.exercise import ExerciseFolder, Mark, mark_answer, new_exercise, read_form
from plumeline.simulations.scenario import load
from plumeline.workflows.exercise.pages import render, words

if TYPE_CHECKING:
    from pathlib import Path

FORM = """# {mark} {id}
# Fill this in and hand it in: plumeline exercise answer FOLDER
exercise = "{id}"

# true when your answer is that nothing emits here; then give no [[source]]
nothing_there = false

# One block per source. radius_90_m: you are 90 % sure that the source is within it.
# [[source]]
# lat = 0.5
# lon = -20.0
# radius_90_m = 30.0
# gas = "acetone"
# rate_g_s = 0.1
# rate_low_g_s = 0.05
# rate_high_g_s = 0.2
# kind = "unexplained_solvent_mixture"
# building = "B001"
"""


def new(scenario: str, *, seed: int, root: Path, language: str) -> ExerciseFolder:
    """Make an exercise with its briefing, form and instructor's sheet.

    Args:
        scenario: a TOML file, or the name of a shipped scenario.
        seed: the random seed.
        root: new or empty folder.
        language: "en" or "es".

    Returns:
        The exercise.

    Raises:
        ConfigurationError: the scenario or the language cannot be used.
        InputError: the folder is not empty.
        OSError: a file cannot be written.
    """
    wanted = load(scenario)
    folder = new_exercise(wanted, seed=seed, root=root, language=language)
    facts = folder.facts()
    common = {"id": facts["id"], "title": facts["title"][language]}
    text = words(language)
    page = render(language, heading=text["briefing"], briefing=True, **common)
    (root / "EXERCISE-briefing.html").write_text(page, encoding="utf-8")
    injects = [{"minute": inject["minute"], "text": inject[language]} for inject in wanted.injects]
    page = render(language, heading=text["injects"], injects=injects, **common)
    (folder.instructor / "EXERCISE-injects.html").write_text(page, encoding="utf-8")
    folder.form.write_text(FORM.format(id=facts["id"], mark=facts["mark"]), encoding="utf-8")
    return folder


def hand_in(root: Path, *, result: Path | None = None) -> ExerciseFolder:
    """Take in an answer: the filled-in form, or a result folder of `plumeline locate`.

    Args:
        root: the exercise.
        result: folder (or its `result.json`) with the answer; the form if None.

    Returns:
        The exercise.

    Raises:
        InputError: this is no exercise, it was answered already, or the result is none.
        ConfigurationError: the form is wrong.
        OSError: a file cannot be read or written.
    """
    folder = ExerciseFolder(root=root)
    facts = folder.facts()
    if folder.answer.exists():
        raise InputError("this exercise was answered already", where=str(root), remedy="an answer is final")
    if result is None:
        answer = read_form(folder.form.read_text(encoding="utf-8"), facts["id"])
    else:
        answer = _from_result(result / "result.json" if result.is_dir() else result)
    text = json.dumps({"mark": facts["mark"], "exercise": facts["id"]} | answer, indent=1, sort_keys=True)
    folder.answer.write_text(text + "\n", encoding="utf-8")
    return folder


def _from_result(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not document["frame"]["placed"]:
            raise InputError("the result is not placed on Earth", where=str(path))
        sources = [
            {
                "lat": source["region_centre"]["lat_deg"],
                "lon": source["region_centre"]["lon_deg"],
                "region_50": source["region_50"]["geojson"],
                "region_90": source["region_90"]["geojson"],
                "rate_kg_s": {
                    rate["species"]: [1e-3 * rate[key] for key in ("low_g_s", "median_g_s", "high_g_s")]
                    for rate in source["rates"]
                },
            }
            for source in document["sources"]
        ]
    except (OSError, json.JSONDecodeError, KeyError, TypeError):
        raise InputError(
            "not a result of plumeline locate", where=str(path), remedy="give the folder that it wrote"
        ) from None
    return {
        "sources": sources,
        "probability_no_source": document["probability_no_source"],
        "false_alarm_probability": document["false_alarm_probability"],
        "seconds": 0.0,
    }


def score(root: Path) -> Mark:
    """Break the seal and score the answer.

    Args:
        root: the exercise.

    Returns:
        Points by part.

    Raises:
        InputError: this is no exercise, it has no answer, or its truth is missing or altered.
    """
    folder = ExerciseFolder(root=root)
    folder.facts()
    return mark_answer(answer_of(folder), folder.secret()["truth"])


def answer_of(folder: ExerciseFolder) -> dict[str, Any]:
    """The handed-in answer.

    Args:
        folder: the exercise.

    Returns:
        The answer.

    Raises:
        InputError: there is none.
    """
    if not folder.answer.exists():
        raise InputError(
            "there is no answer yet", where=str(folder.root), remedy="hand one in: plumeline exercise answer"
        )
    answer: dict[str, Any] = json.loads(folder.answer.read_text(encoding="utf-8"))
    return answer
