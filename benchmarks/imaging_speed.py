"""Detectors on 600,000 pixels x 60 bands, ours and the peers' in the same run, each in a process of its own.

Peers run with the Python of an environment that holds them: `--peers /path/to/python` with spectral, mag1c,
fastmag1c and marshsi installed. CPU seconds are the honest figure on a machine that is shared; wall seconds are printed beside.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.imaging_scene import BANDS, LINES, SAMPLES, SEED, run_method, shortwave
from benchmarks.results import Figures

if TYPE_CHECKING:
    import argparse

OURS = {
    "column matched filter": "column_mf",
    "matched filter, shrinkage": "column_mf_shrunk",
    "matched filter + ACE, 40 gases": "mf_ace_40",
    "sparse columns, 30 rounds": "sparse",
    "read once": "read_once",
}
PEERS = (
    "SPy matched_filter, scene-wide",
    "SPy matched_filter, per column",
    "SPy ace, scene-wide",
    "fastmag1c, 30 rounds",
    "mag1c acrwl1mf, 30 rounds",
    "marshsi matched filter, per column",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--peers", help="Python of an environment with spectral, mag1c, fastmag1c and marshsi"
    )
    parser.add_argument("--repeats", type=int, default=3)


def run(options: argparse.Namespace) -> Figures:
    table, figures = [], {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        scene = shortwave(0.01)
        np.save(folder / "cube.npy", scene.cube)
        np.save(folder / "weak.npy", scene.absorbance_per_ppm_m)
        cube_mb = scene.cube.nbytes / 1e6
        del scene
        for method, name in OURS.items():
            found = run_method(sys.executable, "imaging_ours.py", method, folder, options.repeats)
            table.append(_row("plumeline", found))
            for key in ("wall_s", "cpu_s", "peak_mb", "added_mb"):
                if key in found:
                    figures[f"{name}_{key}"] = float(found[key])
        table.extend(
            _row("peer", run_method(options.peers, "imaging_peers.py", method, folder, 1))
            for method in (PEERS if options.peers else ())
        )
    figures["cube_mb"] = cube_mb
    if {"mf_ace_40_added_mb", "column_mf_cpu_s", "read_once_cpu_s"} <= figures.keys():
        figures["mf_ace_40_peak_over_cube"] = 1 + figures["mf_ace_40_added_mb"] / cube_mb
        figures["column_mf_share_of_one_read"] = figures["read_once_cpu_s"] / figures["column_mf_cpu_s"]
    notes = [
        (
            f"{LINES} x {SAMPLES} x {BANDS} float32; best of {options.repeats} runs (peers: one run); BLAS kept to one thread "
            "a worker, two workers"
        ),
        "peak over cube counts the cube itself and what the method adds to it, not the interpreter and its libraries",
    ]
    return Figures(figures=figures, table=table, seeds=[SEED], notes=notes)


def _row(who: str, found: dict[str, object]) -> dict[str, object]:
    return {"who": who} | {
        key: found.get(key, "-") for key in ("method", "cpu_s", "wall_s", "peak_mb", "error")
    }
