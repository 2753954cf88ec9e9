"""A simulated case on disk: what an inference may see, and the sealed truth apart from it.

```
CASE/
├── flight/      instrument files and the crew's survey.toml: this is all that an inference gets
├── scene/       footprints.geojson, register.csv, scene.json (public facts and the seal of the truth)
└── truth/       truth.json, opened by the scorer afterwards; its SHA-256 is the seal in scene.json
```
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plumeline.errors import InputError
from plumeline.frames import LocalFrame
from plumeline.provenance import canonical_json
from plumeline.simulations.blind import truth_of
from plumeline.simulations.formats import WRITERS, check_formats
from plumeline.simulations.recordings import write_wind_csv
from plumeline.simulations.survey_files import write_survey_files
from plumeline.simulations.town_plan import write_footprints, write_register

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from plumeline.simulations.scene import Flight


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFolder:
    """Where the parts of a case are."""

    root: Path
    """The case's folder."""

    @property
    def flight(self) -> Path:
        """Instrument files."""
        return self.root / "flight"

    @property
    def scene(self) -> Path:
        """Public facts."""
        return self.root / "scene"

    @property
    def truth(self) -> Path:
        """The sealed truth."""
        return self.root / "truth" / "truth.json"


def write_case(
    flight: Flight, root: Path, *, file_formats: Sequence[str] = ("skyhub",), mark: str = ""
) -> CaseFolder:
    """Write a flight's instrument files, its scene and its sealed truth.

    Args:
        flight: the flight.
        root: folder of the case; made if it is not there.
        file_formats: names in `WRITERS`.
        mark: "EXERCISE" in an exercise: part of every file name and of the scene.

    Returns:
        The case's folder.

    Raises:
        InputError: the folder holds something already.
        OSError: a file cannot be written.
    """
    case = CaseFolder(root=root)
    if root.exists() and any(root.iterdir()):
        raise InputError("the folder is not empty", where=str(root), remedy="give a new folder")
    for folder in (case.scene, case.truth.parent):
        folder.mkdir(parents=True, exist_ok=True)
    stem = "-".join(part for part in (mark, flight.scene.name) if part)
    write_flight(flight, case.flight, stem=stem, file_formats=file_formats)
    truth = canonical_json(truth_of(flight).as_dict() | ({"mark": mark} if mark else {})) + "\n"
    case.truth.write_text(truth, encoding="utf-8")
    frame = LocalFrame(origin=flight.scene.origin)
    write_footprints(flight.scene.buildings, frame, case.scene / "footprints.geojson", mark=mark)
    write_register(flight.scene.buildings, frame, case.scene / "register.csv", mark=mark)
    facts = _public_facts(flight) | {"truth_sha256": hashlib.sha256(truth.encode()).hexdigest(), "mark": mark}
    (case.scene / "scene.json").write_text(
        json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    return case


def write_flight(
    flight: Flight, folder: Path, *, stem: str, file_formats: Sequence[str] = ("skyhub",)
) -> None:
    """Write what a crew brings home: the instruments' files and the crew's own survey file; nothing of the truth.

    Args:
        flight: the flight.
        folder: where to; made if it is not there.
        stem: start of the recordings' names, and the survey's name; it says nothing of seed or suite.
        file_formats: names in `WRITERS`.

    Raises:
        ConfigurationError: the formats do not make a flight.
        OSError: a file cannot be written.
    """
    check_formats(file_formats, flight.scene.sensors)
    folder.mkdir(parents=True, exist_ok=True)
    names = {form: f"{stem}{WRITERS[form].suffix}" for form in file_formats}
    for form, name in names.items():
        WRITERS[form].write(flight, folder / name)
    # The first with gas is the flight's; the others hold it again, but for the log of a sensor that knows no place.
    first = next(form for form in file_formats if WRITERS[form].has_gas)
    log = next((form for form in file_formats if not WRITERS[form].has_gas), "")
    files = [names[first], *([names[log]] if log and not WRITERS[first].has_place else [])]
    if flight.scene.anemometer.mast_height_m is not None or not WRITERS[first].has_wind:
        write_wind_csv(flight, folder / "wind.csv")
        files.append("wind.csv")
    write_survey_files(flight, folder, name=stem, form=first, files=files)


def open_truth(case: CaseFolder) -> dict[str, Any]:
    """Break the seal: read the truth and check that it is the one that was sealed.

    Args:
        case: the case.

    Returns:
        The truth as plain values, see `Truth`.

    Raises:
        InputError: a part is missing or the truth was altered after it was sealed.
    """
    try:
        text = case.truth.read_text(encoding="utf-8")
        facts = json.loads((case.scene / "scene.json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(f"not a complete case: {error}", where=str(case.root)) from None
    if hashlib.sha256(text.encode()).hexdigest() != facts.get("truth_sha256"):
        raise InputError(
            "the truth is not the one that was sealed",
            where=str(case.truth),
            remedy="simulate the case again",
        )
    truth: dict[str, Any] = json.loads(text)
    return truth


def _public_facts(flight: Flight) -> dict[str, Any]:
    """What a crew would know before it flies; nothing of the sources."""
    scene = flight.scene
    mast = scene.anemometer.mast_height_m
    return {
        "name": scene.name,
        "origin": {"lat": scene.origin.lat_deg, "lon": scene.origin.lon_deg},
        "start_utc": scene.start_utc,
        "is_simulated": True,
        "sensors": [
            {
                "kind": s.kind,
                "species": s.species,
                "noise_ppb": s.noise_ppb,
                "lag_s": s.lag_s,
                "rise_s": s.rise_s,
            }
            for s in scene.sensors
        ],
        "anemometer": {"mast_height_m": mast} if mast is not None else {"on_board": True},
    }
