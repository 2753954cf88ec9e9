"""Blind exercises: what trainees get, what the instructor keeps, how an answer is scored.

An exercise is marked in its id, its folder's file names and every page, and its ground lies in the open ocean, so that it
can never pass for a live case.

```
EXERCISE-…/
├── exercise.json    id, scenario's title in both languages, language; marked
├── flight/          recordings, every name starts with EXERCISE
├── scene/           footprints and register, marked
├── answer.toml      form the trainee fills in
└── instructor/      injects, sealed truth, and when which source could be seen
```
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import ConfigurationError, InputError
from plumeline.frames import LocalFrame
from plumeline.provenance import canonical_json
from plumeline.simulations.blind import snr_of, truth_of
from plumeline.simulations.case_folder import write_flight
from plumeline.simulations.scene import Flight, fly
from plumeline.simulations.scoring import CaseScore, score_case
from plumeline.simulations.town_plan import write_footprints, write_register
from plumeline.simulations.towns import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from plumeline.simulations.scenario import Scenario

MARK = "EXERCISE"
LANGUAGES = ("en", "es")
CARD = {"mark", "id", "scenario", "title", "language", "truth_sha256"}
"""What stands on an exercise's card."""
SEEN_SNR = 3.0
"""A second's signal above this many noise sigmas is evidence that could have been noticed."""
WEIGHTS = {"found": 45.0, "region": 20.0, "rate": 15.0, "kind": 10.0, "building": 10.0}
"""Points for what a full answer holds; they add up to 100."""
FALSE_SOURCE_POINTS = -20.0
"""Points for each reported source that is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseFolder:
    """Where the parts of an exercise are."""

    root: Path
    """The exercise's folder."""

    @property
    def card(self) -> Path:
        """What it is."""
        return self.root / "exercise.json"

    @property
    def form(self) -> Path:
        """The trainee's form."""
        return self.root / "answer.toml"

    @property
    def answer(self) -> Path:
        """The handed-in answer."""
        return self.root / "answer.json"

    @property
    def instructor(self) -> Path:
        """What trainees must not see."""
        return self.root / "instructor"

    def facts(self) -> dict[str, Any]:
        """The card.

        Returns:
            Id, titles, language.

        Raises:
            InputError: this is no exercise.
        """
        try:
            facts: dict[str, Any] = json.loads(self.card.read_text(encoding="utf-8"))
            complete = set(facts) >= CARD and facts["language"] in LANGUAGES
        except (OSError, ValueError, TypeError):
            complete = False
        if not complete:
            raise InputError(
                "not an exercise", where=str(self.root), remedy="make one: plumeline exercise new"
            )
        if facts["mark"] != MARK:
            raise InputError("the card is not marked as an exercise", where=str(self.card))
        return facts

    def secret(self) -> dict[str, Any]:
        """The instructor's file, checked against the seal on the card.

        Returns:
            Truth, evidence, injects.

        Raises:
            InputError: it is missing or altered.
        """
        facts = self.facts()
        try:
            text = (self.instructor / "truth.json").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise InputError(
                "the instructor's folder is not here",
                where=str(self.instructor),
                remedy="only the instructor scores: put the folder back",
            ) from None
        if hashlib.sha256(text.encode()).hexdigest() != facts["truth_sha256"]:
            raise InputError("the truth was altered after it was sealed", where=str(self.instructor))
        secret: dict[str, Any] = json.loads(text)
        return secret


def new_exercise(scenario: Scenario, *, seed: int, root: Path, language: str) -> ExerciseFolder:
    """Simulate a scenario as an exercise.

    Args:
        scenario: what happens.
        seed: the same seed gives the same bytes.
        root: new or empty folder.
        language: "en" or "es".

    Returns:
        The exercise.

    Raises:
        ConfigurationError: the language is unknown.
        InputError: the folder is not empty.
        OSError: a file cannot be written.
    """
    if language not in LANGUAGES:
        raise ConfigurationError(f"language {language!r} is unknown", remedy="use en or es")
    if root.exists() and any(root.iterdir()):
        raise InputError("the folder is not empty", where=str(root), remedy="give a new folder")
    flight = fly(scenario.build(seed), seed)
    folder = ExerciseFolder(root=root)
    for path in (root / "scene", folder.instructor):
        path.mkdir(parents=True, exist_ok=True)
    write_flight(flight, root / "flight", stem=f"{MARK}-{scenario.name}", file_formats=scenario.file_formats)
    frame = LocalFrame(origin=ORIGIN)
    write_footprints(flight.scene.buildings, frame, root / "scene" / f"{MARK}-footprints.geojson", mark=MARK)
    write_register(
        flight.scene.buildings, frame, root / "scene" / f"{MARK}-register.csv", mark=MARK, language=language
    )
    secret = {
        "mark": MARK,
        "truth": truth_of(flight).as_dict(),
        "evidence": evidence_of(flight),
        "injects": [dict(inject) for inject in scenario.injects],
        "track": _thinned(flight),
    }
    text = canonical_json(secret) + "\n"
    (folder.instructor / "truth.json").write_text(text, encoding="utf-8")
    name = hashlib.sha256(f"{scenario.name} {seed}".encode()).hexdigest()[:8].upper()
    card = {
        "mark": MARK,
        "id": f"{MARK}-{name}",
        "scenario": scenario.name,
        "title": {"en": scenario.title, "es": scenario.titulo},
        "language": language,
        "truth_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    folder.card.write_text(
        json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return folder


def evidence_of(flight: Flight) -> list[dict[str, Any]]:
    """When and where each source could have been noticed.

    Args:
        flight: the flight.

    Returns:
        Per source: passes (first and last second, place of the strongest second, its signal-to-noise ratio).
    """
    out = []
    for number, emitter in enumerate(flight.scene.emitters):
        snr = snr_of(flight, number)
        passes = []
        for first, last in _runs(snr > SEEN_SNR, gap=5):
            top = first + int(np.argmax(snr[first : last + 1]))
            passes.append({
                "first_s": first,
                "last_s": last,
                "x_m": round(float(flight.reported_m[top, 0]), 1),
                "y_m": round(float(flight.reported_m[top, 1]), 1),
                "height_m": round(float(flight.reported_m[top, 2]), 1),
                "snr": round(float(snr[top]), 1),
            })
        out.append({"name": emitter.name, "passes": passes})
    return out


def _runs(is_on: np.ndarray[Any, np.dtype[np.bool_]], *, gap: int) -> list[tuple[int, int]]:
    """First and last index of each stretch, stretches less than `gap` apart joined."""
    index = np.flatnonzero(is_on)
    if not index.size:
        return []
    breaks = np.flatnonzero(np.diff(index) > gap)
    firsts = index[np.concatenate([[0], breaks + 1])]
    lasts = index[np.concatenate([breaks, [index.size - 1]])]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def _thinned(flight: Flight) -> list[list[float | None]]:
    """Every fifth reported place and first reading (none in a dropout), for the debrief's map."""
    rows = range(0, flight.time.size, 5)
    reading = flight.readings_ppb[0]
    return [
        [
            round(float(flight.reported_m[i, 0]), 1),
            round(float(flight.reported_m[i, 1]), 1),
            None if np.isnan(reading[i]) else round(float(reading[i]), 1),
        ]
        for i in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A scored answer."""

    points: float
    """0 to 100."""
    parts: Mapping[str, float]
    """Points by part; false sources are negative."""
    score: CaseScore
    """The underlying score."""


def mark_answer(answer: Mapping[str, Any], truth: Mapping[str, Any]) -> Mark:
    """Score an answer to an exercise.

    The sought sources carry the points; benign neighbours may be reported without loss. With no source to find, "nothing
    there" has all 100 points.

    Args:
        answer: in the scorer's shape.
        truth: the opened truth.

    Returns:
        Points by part.

    Raises:
        InputError: the answer lacks what an answer must hold.
    """
    frame = LocalFrame(origin=ORIGIN)
    score = score_case("exercise", truth, answer, frame)
    sought = [source for source in truth["sources"] if source["is_sought"] and source["on_share"] > 0]
    penalty = FALSE_SOURCE_POINTS * score.false_sources
    if not sought:
        parts = {"nothing_there": 100.0 if not answer["sources"] else 0.0, "false_sources": penalty}
        return Mark(points=max(sum(parts.values()), 0.0), parts=parts, score=score)
    only = score_case("exercise", dict(truth) | {"sources": sought}, answer, frame)
    named = _named(sought, answer)
    found = [pair for pair in only.pairs if pair.is_found]
    parts = {
        "found": WEIGHTS["found"] * len(found) / len(sought),
        "region": WEIGHTS["region"] * sum(pair.in_90 for pair in only.pairs) / len(sought),
        "rate": WEIGHTS["rate"] * sum(0.5 <= pair.rate_ratio <= 2.0 for pair in found) / len(sought),
        "kind": WEIGHTS["kind"] * named["kind"],
        "building": WEIGHTS["building"] * named["building"],
        "false_sources": penalty,
    }
    return Mark(points=max(sum(parts.values()), 0.0), parts=parts, score=score)


def _named(sought: list[Mapping[str, Any]], answer: Mapping[str, Any]) -> dict[str, float]:
    """Share of sought sources whose kind and building are named; a source outside any building asks for none."""
    given = {
        name: {str(source.get(name, "")) for source in answer["sources"]} for name in ("kind", "building")
    }
    return {
        name: sum(not source[name] or source[name] in given[name] for source in sought) / len(sought)
        if answer["sources"]
        else 0.0
        for name in ("kind", "building")
    }
