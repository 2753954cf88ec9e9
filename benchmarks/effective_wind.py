"""Effective wind of the integrated-mass method at drone scale: Q = IME · U_eff / √area for plumes as they are found.

The scenes of `imaging_rates` with other seeds: masks and columns are those that `detect` gives, not those of the truth.
Two thirds of the plumes fit U_eff / U = a · (area / 100 m²)^p, the others tell bias and scatter.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import least_squares

from benchmarks.imaging_limits import real_library
from benchmarks.imaging_rates import measured_plume
from benchmarks.results import Figures

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

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
    area = np.array([row["area_m2"] for row in rows])
    fitted = np.arange(wind.size) % 3 > 0
    known, wanted = np.log(area / 100.0), np.log(needed / wind)
    # A plume in ten is half hidden by ground at its own temperature, so the loss grows slower than the square.

    def misfit(p: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(p[0] + p[1] * known[fitted] - wanted[fitted])

    share, power = least_squares(misfit, [0.0, 0.0], loss="soft_l1", f_scale=0.2).x
    error = share + power * known[~fitted] - wanted[~fitted]
    return Figures(
        figures={
            "share_at_100_m2": float(np.exp(share)),
            "power": float(power),
            "scatter_log": float(np.std(error)),
            "bias": float(np.exp(np.median(error)) - 1),
        },
        seeds=[SEED + number for number in range(options.plumes)],
        notes=[f"{int(fitted.sum())} plumes fitted, {int((~fitted).sum())} held out"],
    )
