"""Lines a second of the stream at 600 detector columns and 60 bands, one gas and forty, once its statistics are learnt.

Each line of the benchmark's short-wave scene is pushed, scored, gathered and learnt from, on one core with BLAS kept to one
thread. Processor time tells the rate of an idle machine; wall time is what a busy one makes of it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.imaging_scene import BANDS, SAMPLES, SEED, shortwave
from benchmarks.results import Figures
from plumeline.detections import LineStream, LineWatch, ReflectedTarget

if TYPE_CHECKING:
    import argparse

LINES = 500
GASES = (1, 40)


def add_options(_: argparse.ArgumentParser) -> None: ...


def run(_: argparse.Namespace) -> Figures:
    scene = shortwave(0.01, lines=LINES, samples=SAMPLES)
    rng = np.random.default_rng(SEED)
    figures: dict[str, float] = {}
    for count in GASES:
        others = [
            np.roll(scene.absorbance_per_ppm_m, k) * rng.uniform(0.5, 2.0, BANDS) for k in range(1, count)
        ]
        model = ReflectedTarget(
            gases=tuple(f"gas {k}" for k in range(count)),
            absorbance_per_ppm_m=np.stack([scene.absorbance_per_ppm_m, *others]),
        )
        stream = LineStream(model, samples=SAMPLES, bands=BANDS)
        watch = LineWatch(samples=SAMPLES, gases=count)
        wall, processor = [], []
        with threadpool_limits(limits=1, user_api="blas"):
            for line in scene.cube:
                warm = stream.is_warm
                began, used = time.perf_counter(), time.process_time()
                watch.look(stream.push(line), stream.contrast(line))
                if warm:
                    wall.append(time.perf_counter() - began)
                    processor.append(time.process_time() - used)
        figures[f"lines_per_cpu_s_{count}_gases"] = 1.0 / float(np.mean(processor))
        figures[f"median_wall_ms_{count}_gases"] = 1e3 * float(np.median(wall))
    return Figures(figures=figures, seeds=[SEED])
