"""The inference side of the blind benchmark: `python -m plumeline.workflows.benchmark.answering INBOX OUTBOX`.

It runs in a process of its own. INBOX holds one folder per case with the instrument files a crew would bring home;
the truth is in another process's memory and on no disk that this one is told of.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import PlumelineError
from plumeline.sources import infer
from plumeline.workflows.assess import AssessRequest, assess_flights
from plumeline.workflows.flights import read_flight
from plumeline.workflows.ingest import load_survey

if TYPE_CHECKING:
    from shapely import MultiPolygon

    from plumeline.frames import LocalFrame
    from plumeline.sources import SourceEstimate
    from plumeline.workflows.assess import SiteAssessment


def answer(folder: Path) -> dict[str, Any]:
    """Read a case and infer its sources; of several visits, also what the place is, whose, and whether it works.

    Args:
        folder: instrument files, or a folder of them per visit beside the public part of the scene.

    Returns:
        The answer as plain values; a refusal is an answer without sources.
    """
    begin = time.process_time()
    visits = sorted(folder.glob("visit-*"))
    try:
        if visits:
            return _assessed(visits, folder / "scene") | {"seconds": time.process_time() - begin}
        survey = load_survey(folder)
        report = infer(survey)
    except PlumelineError as error:
        return {
            "sources": [],
            "probability_no_source": None,
            "false_alarm_probability": None,
            "seconds": time.process_time() - begin,
            "refusal": str(error),
        }
    return {
        "sources": [_source(source, survey.frame) for source in report.sources],
        "probability_no_source": report.probability_no_source,
        "false_alarm_probability": report.false_alarm_probability,
        "seconds": time.process_time() - begin,
        "warnings": list(report.warnings),
    }


def _assessed(visits: list[Path], scene: Path) -> dict[str, Any]:
    """Sites of several flights with what may be said of each, by the way of `plumeline assess`."""
    known = [read_flight(visit) for visit in visits]
    sites = assess_flights(
        known,
        AssessRequest(
            flights=tuple(visits),
            footprints=scene / "footprints.geojson",
            register=scene / "register.csv",
        ),
    )
    return {
        "sources": [_site(site) for site in sites],
        "probability_no_source": None,
        "false_alarm_probability": None,
        "warnings": [line for one in known for line in one.warnings],
    }


def _site(assessed: SiteAssessment) -> dict[str, Any]:
    site = assessed.site
    east, north = site.points_m.mean(axis=0)
    lon, lat = site.frame.to_lonlat(east, north)
    return {
        "label": site.label,
        "lon": float(lon),
        "lat": float(lat),
        "region_50": _geometry(site.region_50.shape, site.frame),
        "region_90": _geometry(site.region_90.shape, site.frame),
        "rate_kg_s": {name: [rate.low, rate.median, rate.high] for name, rate in site.rate_kg_s.items()},
        "site": {
            "leading": assessed.explanations.leading.profile.name,
            "verdict": str(assessed.explanations.verdict),
            "buildings": [one.building.key for one in assessed.buildings.candidates],
            "state": str(assessed.activity.state),
        },
    }


def _source(source: SourceEstimate, frame: LocalFrame) -> dict[str, Any]:
    lon, lat = frame.to_lonlat(source.x_m, source.y_m)
    return {
        "label": source.label,
        "lon": float(lon),
        "lat": float(lat),
        "probability": source.probability,
        "region_50": _geometry(source.region_50.shape, frame),
        "region_90": _geometry(source.region_90.shape, frame),
        "rate_kg_s": {name: [rate.low, rate.median, rate.high] for name, rate in source.rate_kg_s.items()},
    }


def _geometry(shape: MultiPolygon, frame: LocalFrame) -> Any:
    from shapely import transform  # noqa: PLC0415 (slow to import)
    from shapely.geometry import mapping  # noqa: PLC0415

    def placed(places: Any) -> Any:
        return np.column_stack(frame.to_lonlat(places[:, 0], places[:, 1]))

    return mapping(transform(shape, placed))


def main(inbox: Path, outbox: Path) -> None:
    """Answer every case of the inbox, in order of their names.

    Args:
        inbox: folder of case folders.
        outbox: where answers go, one JSON file a case.

    Raises:
        OSError: an answer cannot be written.
    """
    for folder in sorted(path for path in inbox.iterdir() if path.is_dir()):
        text = json.dumps(answer(folder))
        part = outbox / f".{folder.name}.part"
        part.write_text(text, encoding="utf-8")
        part.rename(outbox / f"{folder.name}.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
