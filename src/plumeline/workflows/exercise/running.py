"""Makes an exercise, takes in an answer, scores it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from plumeline.errors import InputError, OutputError
from plumeline.simulations.answer_form import read_form
from plumeline.simulations.exercise import ExerciseFolder, Mark, mark_answer, new_exercise
from plumeline.simulations.scenario import load
from plumeline.simulations.town_plan import trades
from plumeline.workflows.exercise.pages import kind_title, render, words
from plumeline.workflows.output import fresh_folder

if TYPE_CHECKING:
    from pathlib import Path


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
        OutputError: the folder is not empty or cannot be written.
    """
    wanted = load(scenario)
    with fresh_folder(root) as partial:
        folder = new_exercise(wanted, seed=seed, root=partial, language=language)
        facts = folder.facts()
        text = words(language)
        pages = {
            partial / "EXERCISE-briefing.html": {
                "heading": text["briefing"],
                "briefing": True,
                "kinds": [{"key": name, "title": kind_title(name, language)} for name in trades()],
            },
            folder.instructor / "EXERCISE-injects.html": {
                "heading": text["injects"],
                "injects": [
                    {"minute": f"{inject['minute']:g}", "text": inject[language]} for inject in wanted.injects
                ],
            },
        }
        for path, content in pages.items():
            page = render(language, id=facts["id"], title=facts["title"][language], **content)
            path.write_text(page, encoding="utf-8")
        form = text["form"].format(id=facts["id"], mark=facts["mark"])
        folder.form.write_text(form, encoding="utf-8")
    return ExerciseFolder(root=root)


def hand_in(root: Path, *, result: Path | None = None) -> ExerciseFolder:
    """Take in an answer: the filled-in form, or a result folder of `plumeline locate`.

    Args:
        root: the exercise.
        result: folder (or its `result.json`) with the answer; the form if None.

    Returns:
        The exercise.

    Raises:
        InputError: this is no exercise, it was answered already, the form is missing, or the result is none.
        ConfigurationError: the form is wrong.
        OutputError: the answer cannot be written.
    """
    folder = ExerciseFolder(root=root)
    facts = folder.facts()
    if folder.answer.exists():
        raise InputError("this exercise was answered already", where=str(root), remedy="an answer is final")
    if result is None:
        answer = read_form(_form_of(folder), facts["id"])
    else:
        answer = _from_result(result / "result.json" if result.is_dir() else result)
    text = json.dumps({"mark": facts["mark"], "exercise": facts["id"]} | answer, indent=1, sort_keys=True)
    write_page(folder.answer, text + "\n")
    return folder


def write_page(path: Path, text: str) -> None:
    """Write one file of an exercise, whole or not at all: a torn answer would be final.

    Args:
        path: the file.
        text: what it holds.

    Raises:
        OutputError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"cannot be written: {error.strerror}", where=str(path)) from None


def _form_of(folder: ExerciseFolder) -> str:
    try:
        return folder.form.read_text(encoding="utf-8-sig")
    except OSError as error:
        what = f"the form cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        what = "the form is no text in UTF-8"
    raise InputError(
        what,
        where=str(folder.form),
        remedy="fill in answer.toml, or give --result FOLDER of plumeline locate",
    )


def _from_result(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not document["frame"]["placed"]:
            raise InputError("the result is not placed on Earth", where=str(path))
        return {
            "sources": [
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
            ],
            "probability_no_source": document["probability_no_source"],
            "false_alarm_probability": document["false_alarm_probability"],
            "seconds": 0.0,
        }
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            "not a result of plumeline locate", where=str(path), remedy="give the folder that it wrote"
        ) from None


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
        InputError: there is none, or it was altered into something else.
    """
    if not folder.answer.exists():
        raise InputError(
            "there is no answer yet", where=str(folder.root), remedy="hand one in: plumeline exercise answer"
        )
    try:
        answer: dict[str, Any] = json.loads(folder.answer.read_text(encoding="utf-8"))
        is_answer = answer["exercise"] == folder.facts()["id"]
    except (OSError, ValueError, KeyError, TypeError):
        is_answer = False
    if not is_answer:
        raise InputError("this is no answer to this exercise", where=str(folder.answer))
    return answer
