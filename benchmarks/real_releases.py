"""Real controlled releases: ADED 2022, Ginninderra 2015, Chilbolton 2017, Prairie Grass 1956.

One inversion per release (per part of a 6-hour window at Ginninderra, split by whether the source was on), with no
candidate list and the default settings. `--data DIR` runs another folder of the same layout, so that sets nobody
tuned on can be run.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import real_sets
from benchmarks.results import Figures
from benchmarks.scoring import Known, Score, score, summary
from plumeline.errors import InputError
from plumeline.observations import Survey
from plumeline.sources import InferenceSettings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    import xarray as xr

WINDOW = np.timedelta64(6, "h")
LEAST_ENTRIES = 12
"""Fewest 5-min truth entries (one hour) that make a part of a window worth an inversion."""
SETS = ("aded", "ginninderra", "chilbolton", "prairie_grass")

Case = tuple[str, Survey, list[Known]]


def add_options(parser: argparse.ArgumentParser) -> None:
    real_sets.add_data_option(parser)
    parser.add_argument("--sets", default=",".join(SETS), help="comma-separated sets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=None, help="most surveys per set")


def run(options: argparse.Namespace) -> Figures:
    folder = real_sets.data_folder(options.data)
    settings = InferenceSettings(seed=options.seed)
    figures: dict[str, float] = {}
    everything: list[Score] = []
    for name in options.sets.split(","):
        scores = [_scored(case, settings) for case in list(cases(name, folder))[: options.limit]]
        if scores:
            figures |= summary(scores, name)
            everything += scores
    if everything:
        located = [one for one in everything if not one.case.startswith("Prairie")]
        figures |= summary(located or everything, "all_but_prairie_grass")
    return Figures(
        figures=figures,
        table=[one.row() for one in everything],
        seeds=[options.seed],
        notes=[
            "the settings were chosen with these sets in view (development sets); run --data on others to judge them",
            "coverage, rates and errors are over the sources that were found; `found` says how many were",
        ],
    )


def _scored(case: Case, settings: InferenceSettings) -> Score:
    result = score(*case, settings)
    sys.stderr.write(f"{result.row()}\n")
    return result


def cases(name: str, folder: Path) -> Iterator[Case]:
    """Surveys of one set with what was known to emit."""
    releases = getattr(real_sets, name)(folder)
    for title, survey, truth in releases:
        if name == "ginninderra":
            yield from _windows(survey, truth)
        else:
            yield title, survey, [Known(x_m=one.x_m, y_m=one.y_m, rate_kg_s=one.rate_kg_s) for one in truth]


def _windows(survey: Survey, truth: tuple[real_sets.Truth, ...]) -> Iterator[Case]:
    """Parts of 6-hour windows in which the source was on, or off, all the time that is known."""
    first = min(one.start for one in truth).astype("datetime64[D]")
    for on in (True, False):
        chosen = [one for one in truth if (one.rate_kg_s > 0) == on]
        starts = sorted({int((one.start - first) / WINDOW) for one in chosen})
        for number in starts:
            inside = [one for one in chosen if int((one.start - first) / WINDOW) == number]
            if len(inside) < LEAST_ENTRIES:
                continue
            times = np.array([one.start for one in inside])
            try:
                part = _at(survey, times)
            except InputError:
                continue
            source = inside[0]
            rate = float(np.mean([one.rate_kg_s for one in inside]))
            known = [Known(x_m=source.x_m, y_m=source.y_m, rate_kg_s=rate)] if on else []
            yield f"Ginninderra {'on' if on else 'off'} {str(times.min())[:16]}", part, known


def _at(survey: Survey, times: np.ndarray) -> Survey:
    """The readings at exactly these times."""

    def cut(dataset: xr.Dataset | None) -> xr.Dataset | None:
        if dataset is None:
            return None
        index = np.flatnonzero(
            np.isin(dataset["time"].to_numpy().astype("datetime64[s]"), times.astype("datetime64[s]"))
        )
        return dataset.isel(reading=index) if index.size else None

    return Survey(
        name=survey.name,
        frame=survey.frame,
        in_situ=cut(survey.in_situ),
        open_path=cut(survey.open_path),
        inputs=survey.inputs,
        remarks=survey.remarks,
    )
