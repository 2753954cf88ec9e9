"""Flights over nothing: how often is a source claimed, and how the claim rate falls with the threshold (ROC).

Empty flights come from the simulator's empty suite; the other side of the curve from its easy one. Seeds from 1000 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.calibration import FIRST_SEED, blind_score, interval
from benchmarks.results import Figures

if TYPE_CHECKING:
    import argparse

THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=int, default=60)


def run(options: argparse.Namespace) -> Figures:
    seeds = list(range(FIRST_SEED, FIRST_SEED + options.cases))
    empty = [blind_score(seed, "empty") for seed in seeds]
    there = [blind_score(seed, "mixed") for seed in seeds[: options.cases // 2]]
    there = [one for one in there if one.true]
    claimed = float(np.mean([one.reported > 0 for one in empty]))
    low, high = interval(claimed, len(empty))
    rows = [
        {
            "threshold": threshold,
            "claimed_when_empty": float(
                np.mean([1 - one.probability_no_source >= threshold for one in empty])
            ),
            "claimed_when_there": float(
                np.mean([1 - one.probability_no_source >= threshold for one in there])
            ),
        }
        for threshold in THRESHOLDS
    ]
    return Figures(
        figures={
            "empty_flights": float(len(empty)),
            "claimed": claimed,
            "claimed_low": low,
            "claimed_high": high,
        },
        table=rows,
        seeds=seeds,
    )
