"""Source-receptor evaluations a second of the plume kernels, each with its wide plume, on all cores.

A reading is evaluated for the plume and for the wider one of the error band: that is one evaluation here.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numba
import numpy as np

from benchmarks.results import Figures
from plumeline.atmosphere.plume_rows import ELEMENT_FIELDS, Air, piece_couplings, point_couplings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

READINGS, REPEATS = 2_000, 4_000


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=REPEATS)


def run(options: argparse.Namespace) -> Figures:
    threads = int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
    figures = {
        f"{name}_evaluations_per_s": _rate(kernel, threads, options.repeats)
        for name, kernel in (("point", point_couplings), ("path_piece", piece_couplings))
    }
    return Figures(figures=figures | {"threads": float(threads)})


def _rate(kernel: Callable[..., None], threads: int, repeats: int) -> float:
    rng = np.random.default_rng(0)
    table = np.zeros((ELEMENT_FIELDS, READINGS), np.float32)
    table[:2] = rng.uniform(-100.0, 100.0, (2, READINGS))
    table[2] = rng.uniform(0.0, 10.0, READINGS)
    angle = rng.normal(0.0, 0.3, READINGS)
    table[3], table[4] = np.cos(angle), np.sin(angle)
    table[5], table[6], table[7] = 0.25, 0.04, 0.01
    table[8:] = table[:3] + np.float32(4.0)
    bounds, heading = np.array([0, READINGS]), np.array([[1.0, 0.0, 1.0]])
    air = Air(1.0, 1.0, 0.1, 200.0, 100.0, 0.25, 0.25, np.inf)

    def work(count: int) -> None:
        out = np.zeros((2, READINGS), np.float32)
        for _ in range(count):
            kernel(table, bounds, (-90.0, 3.0, 2.0), heading, air, out, 0)

    work(1)
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, repeats // threads) for _ in range(threads)]:
            done.result()
    return repeats // threads * threads * READINGS / (time.perf_counter() - start)
