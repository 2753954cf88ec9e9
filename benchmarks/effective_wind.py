"""Effective wind of the integrated-mass method at drone scale: Q = IME · U_eff / √area for plumes as they are found.

The scenes of `imaging_rates` with other seeds: masks and columns are those that `detect` gives, not those of the truth.
Two thirds of the plumes fit U_eff = a + b·U, the others tell bias and scatter.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.imaging_limits import real_library
from benchmarks.imaging_rates import measured_plume
from benchmarks.results import Figures

if TYPE_CHECKING:
    import argparse

SEED = 3000


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PLUMELINE_DATA", "../shared/data")))
    parser.add_argument("--plumes", type=int, default=60)


def run(options: argparse.Namespace) -> Figures:
    library = real_library(options.data)
    rows = [measured_plume(library, SEED + number) for number in range(options.plumes)]
    rows = [row for row in rows if row["named"] and row["mass_kg"] > 0]
    wind = np.array([row["wind_m_s"] for row in rows])
    needed = np.array([1e-3 * row["rate_g_s"] * np.sqrt(row["area_m2"]) / row["mass_kg"] for row in rows])
    fitted = np.arange(wind.size) % 3 > 0
    design = np.stack([np.ones(wind.size), wind], axis=1)
    # Weighted by 1/U so that slow winds count as much as fast ones, relatively.
    weighted = design[fitted] / wind[fitted, None]
    offset, slope = np.linalg.lstsq(weighted, needed[fitted] / wind[fitted], rcond=None)[0]
    ratio = (offset + slope * wind[~fitted]) / needed[~fitted]
    return Figures(
        figures={
            "offset_m_s": float(offset),
            "slope": float(slope),
            "scatter_log": float(np.std(np.log(ratio))),
            "bias": float(np.exp(np.mean(np.log(ratio))) - 1),
        },
        seeds=[SEED + number for number in range(options.plumes)],
        notes=[f"{int(fitted.sum())} plumes fitted, {int((~fitted).sum())} held out"],
    )
