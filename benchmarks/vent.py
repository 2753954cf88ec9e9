"""The real open-path spectra of a volcanic vent through `plumeline spectra columns`' own path.

There is no truth; what can be checked is whether a gas' line pattern fits better than at twelve wrong places, whether the
instrument's wavenumber stretch comes out alike in every spectrum, and that gases without lines are refused.
"""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.results import Figures
from plumeline.workflows.open_path import search_open_path
from plumeline.workflows.spectra import build_library

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PLUMELINE_DATA", "../shared/data")))
    parser.add_argument("--every", type=int, default=4, help="take every so many spectra")


def run(options: argparse.Namespace) -> Figures:
    vent = options.data / "openpath-ftir-vent-2021"
    files = sorted(vent.glob("vent*.spc"))[:: options.every]
    with tempfile.TemporaryDirectory() as place:
        library = build_library(options.data / "spectra", Path(place) / "spectra.h5").library
    found = search_open_path(files, library, self_emission=vent / "self_sbm.spc")
    by_gas = defaultdict(list)
    for _, findings in found:
        for one in findings:
            by_gas[one.gas].append(one)
    table, figures = [], {"spectra": float(len(files))}
    for gas, findings in by_gas.items():
        columns = np.array([one.column_ppm_m for one in findings])
        seen = np.array([str(one.verdict).startswith("seen") for one in findings])
        shift = np.array([one.fit.shift for one in findings if one.fit is not None])
        known = bool(np.isfinite(columns).any())
        table.append({
            "gas": gas,
            "seen": f"{int(seen.sum())}/{len(findings)}",
            "median_ppm_m": float(np.nanmedian(columns)) if known else "-",
            "median_sigma": float(np.nanmedian([one.sigma_ppm_m for one in findings])) if known else "-",
            "stretch": float(np.median(shift)) if shift.size else "-",
            "stretch_spread": float(shift.std()) if shift.size else "-",
            "said": findings[0].reason[:70],
        })
        figures[f"{gas.replace(' ', '_')}_seen_share"] = float(seen.mean())
    return Figures(figures=figures, table=table)
