"""Blind simulated flights: do 50 % and 90 % regions, and rate intervals, hold the truth as often as they say?

The flights come from the filament simulator, which shares no dispersion code with the inversion. Seeds 0 to 49 and
1000 to 1029 were seen while settings were chosen; this benchmark runs seeds from 2000 on only.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.results import Figures
from benchmarks.scoring import Known, Score, score, summary
from plumeline.frames import LocalFrame
from plumeline.observations import Survey
from plumeline.simulations.blind import blind_flight
from plumeline.sources import InferenceSettings

if TYPE_CHECKING:
    import argparse

FIRST_SEED = 2000


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--suite", default="mixed")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)


def run(options: argparse.Namespace) -> Figures:
    seeds = list(range(options.first_seed, options.first_seed + options.cases))
    scores = [blind_score(seed, options.suite) for seed in seeds]
    single = [one for one in scores if one.true == 1]
    return Figures(
        figures=summary(scores, "all") | summary(single, "single"),
        table=[one.row() for one in scores],
        seeds=seeds,
        notes=["'single' are the flights with one true source; 'all' has 0 to 3"],
    )


def blind_score(seed: int, suite: str) -> Score:
    """Fly one blind case and score the answer."""
    readings, truth = blind_flight(seed, suite)
    survey = Survey(name=f"{suite} {seed}", frame=LocalFrame(origin=None), in_situ=readings)
    known = [
        Known(x_m=one.x_m, y_m=one.y_m, rate_kg_s=next(iter(one.rate_kg_s.values()))) for one in truth.sources
    ]
    result = score(survey.name, survey, known, InferenceSettings())
    sys.stderr.write(f"{result.row()}\n")
    return result


def interval(share: float, count: int) -> tuple[float, float]:
    """95 % Wilson interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * float(np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)))
    return max(middle - half, 0.0), min(middle + half, 1.0)
