"""The debrief: points, a map of truth against answer, and the evidence that was there to be seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.chem import spanish_name
from plumeline.frames import LocalFrame
from plumeline.simulations.exercise import ExerciseFolder, mark_answer
from plumeline.simulations.scoring import FOUND_WITHIN_M
from plumeline.simulations.towns import ORIGIN
from plumeline.workflows.exercise.pages import kind_title, render, words
from plumeline.workflows.exercise.running import answer_of, write_page
from plumeline.workflows.report.charts import Chart, padded

if TYPE_CHECKING:
    from pathlib import Path

MAX_PASSES = 8
"""Passes listed per source; the strongest ones."""


def debrief(root: Path) -> Path:
    """Write the debrief page.

    Args:
        root: the exercise, answered.

    Returns:
        The page.

    Raises:
        InputError: this is no exercise, it has no answer, or its truth is missing or altered.
        OutputError: the page cannot be written.
    """
    from markupsafe import Markup  # noqa: PLC0415 (slow to import)

    folder = ExerciseFolder(root=root)
    facts, secret, answer = folder.facts(), folder.secret(), answer_of(folder)
    language = str(facts["language"])
    text = words(language)
    mark = mark_answer(answer, secret["truth"])
    page = render(
        language,
        heading=text["debrief"],
        id=facts["id"],
        title=facts["title"][language],
        points=f"{mark.points:.0f}",
        parts=[
            {"text": text[f"parts_{name}"], "points": f"{points:+.0f}"} for name, points in mark.parts.items()
        ],
        map=Markup(_map(folder, secret, answer, text)),  # noqa: S704 (our own SVG, text escaped)
        sources=[
            {"number": number} | _source(source, evidence, answer, language)
            for number, (source, evidence) in enumerate(
                zip(secret["truth"]["sources"], secret["evidence"], strict=True), 1
            )
        ],
    )
    path = root / "EXERCISE-debrief.html"
    write_page(path, page)
    return path


def _source(
    source: dict[str, Any], evidence: dict[str, Any], answer: dict[str, Any], language: str
) -> dict[str, Any]:
    text = words(language)
    frame = LocalFrame(origin=ORIGIN)
    near = [
        np.hypot(*np.subtract(frame.to_local(entry["lon"], entry["lat"]), (source["x_m"], source["y_m"])))
        for entry in answer["sources"]
    ]
    passes = sorted(evidence["passes"], key=lambda one: -one["snr"])[:MAX_PASSES]
    rates = sorted(source["rate_kg_s"].items(), key=lambda item: -item[1])
    return {
        "kind": kind_title(source["kind"], language),
        "building": source["building"],
        "rate": ", ".join(f"{_gas(name, language)} {1e3 * rate:.3g} g/s" for name, rate in rates),
        "on": f"{100 * source['on_share']:.0f} %",
        "sought": text["yes"] if source["is_sought"] else text["no"],
        "outcome": text["found"] if near and min(near) <= FOUND_WITHIN_M else text["missed"],
        "passes": [
            f"{_clock(one['first_s'])}–{_clock(one['last_s'])} ({one['x_m']:.0f}, {one['y_m']:.0f}) m, "
            f"{one['height_m']:.0f} {text['at_height']}, {one['snr']:.0f} {text['times_noise']}"
            for one in sorted(passes, key=lambda one: one["first_s"])
        ],
    }


def _gas(name: str, language: str) -> str:
    return spanish_name(name) if language == "es" else name


def _clock(seconds: int) -> str:
    return f"{seconds // 60:02d}:{seconds % 60:02d}"


def _map(folder: ExerciseFolder, secret: dict[str, Any], answer: dict[str, Any], text: dict[str, Any]) -> str:
    from shapely.geometry import shape  # noqa: PLC0415 (slow to import)

    frame = LocalFrame(origin=ORIGIN)
    track = np.array(secret["track"], float)
    sources = secret["truth"]["sources"]
    east = np.concatenate([track[:, 0], [source["x_m"] for source in sources]])
    north = np.concatenate([track[:, 1], [source["y_m"] for source in sources]])
    chart = Chart(
        width_px=720, height_px=620, x_range=padded(east), y_range=padded(north), title=text["map"],
        x_label=text["east"], y_label=text["north"], equal=True,
    )  # fmt: skip
    town = json.loads((folder.root / "scene" / "EXERCISE-footprints.geojson").read_text(encoding="utf-8"))
    for feature in town["features"]:
        ring = np.array(feature["geometry"]["coordinates"][0], float)
        chart.polygon(*frame.to_local(ring[:, 0], ring[:, 1]), "house")
    chart.dots(track[:, 0], track[:, 1], "flown")
    strong = track[:, 2] > np.nanquantile(track[:, 2], 0.9)
    chart.dots(track[strong, 0], track[strong, 1], "high", radius_px=2.6)
    for entry in answer["sources"]:
        region = shape(entry["region_90"])
        for piece in getattr(region, "geoms", [region]):
            ring = np.array(piece.exterior.coords, float)
            chart.polygon(*frame.to_local(ring[:, 0], ring[:, 1]), "answer")
    for number, source in enumerate(sources, 1):
        x, y = float(source["x_m"]), float(source["y_m"])
        for dx, dy in ((6.0, 6.0), (6.0, -6.0)):
            chart.line(np.array([x - dx, x + dx]), np.array([y - dy, y + dy]), "true")
        chart.text(x + 8, y, str(number))
    return chart.svg()
