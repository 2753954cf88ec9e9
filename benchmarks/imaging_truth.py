"""Detection and columns against truth: striped and unstriped short-wave scenes, beside the peers.

Area under the curve: plume pixels above 200 ppm m against clean ones. Column bias: mean column over mean truth in
bins from 50 to 3000 ppm m, after the second pass (plume and rim kept out of the statistics, saturation taken out). Two
more scenes carry the noise of real sensors, EMIT's model and PRISMA's by detector column with its real stripes; being noisier,
they tell a bias only where a bin holds enough pixels, so bins with a standard error above 2 % are listed and not counted.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from benchmarks.imaging_scene import (
    SEED,
    SensorNoise,
    ShortwaveScene,
    area_under_curve,
    emit_noise,
    prisma_noise,
    run_method,
    shortwave,
)
from benchmarks.results import Figures
from plumeline.detections import ReflectedTarget, desaturated, score_columns, smoothed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

PEERS = (
    "SPy matched_filter, scene-wide",
    "SPy matched_filter, per column",
    "SPy ace, scene-wide",
    "fastmag1c, 30 rounds",
    "mag1c acrwl1mf, 30 rounds",
    "marshsi matched filter, per column",
)
OURS = ("column matched filter", "matched filter, smoothed", "sparse columns, 30 rounds")
BINS = (50.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3000.0)
BIAS_SEEDS = tuple(range(SEED, SEED + 16))
"""Scenes behind the bias; the first is the one that the areas are taken on."""
TELLING = 0.02
"""Standard error of a bin's bias up to which the bin is counted."""

SAMPLES = 120
"""Fewer detector columns than in `imaging_speed`, so that the slow peers can run in full."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--peers", help="Python of an environment with spectral, mag1c, fastmag1c and marshsi"
    )
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PLUMELINE_DATA", "../shared/data")))


def run(options: argparse.Namespace) -> Figures:
    table: list[dict[str, object]] = []
    figures: dict[str, float] = {}
    makers: dict[str, Callable[[int], ShortwaveScene]] = {
        "plain": lambda seed: shortwave(0.0, samples=SAMPLES, seed=seed),
        "striped": lambda seed: shortwave(0.01, samples=SAMPLES, seed=seed),
    }
    for sensor, noise_of in (("emit", emit_noise), ("prisma", prisma_noise)):
        noise = noise_of(options.data, SAMPLES)
        makers[sensor] = partial(_with_noise, noise)
    for label, make in makers.items():
        ours, peers = _areas(make(SEED), label, options.peers, table)
        figures[f"auc_{label}"] = max(ours)
        if peers:
            figures[f"auc_{label}_best_peer"] = max(peers)
            figures[f"auc_{label}_minus_best_peer"] = max(ours) - max(peers)
        bias = column_bias(make(seed) for seed in BIAS_SEEDS)
        counted = [abs(value) for value, error in bias.values() if error <= TELLING]
        figures[f"worst_bias_{label}"] = max(counted)
        table += [
            {"scene": label, "who": "plumeline", "method": f"bias {k} ppm m", "value": v, "standard_error": e}
            for k, (v, e) in bias.items()
        ]
    notes = [
        f"1000 x {SAMPLES} x 60 per scene; our area is that of the better of plain and smoothed scores",
        f"bias over {len(BIAS_SEEDS)} scenes: one scene holds some 450 pixels of 50 to 100 ppm m, read to 90 ppm m each",
    ]
    return Figures(figures=figures, table=table, seeds=[SEED, *BIAS_SEEDS], notes=notes)


def _with_noise(noise: SensorNoise, seed: int) -> ShortwaveScene:
    return shortwave(0.0, samples=SAMPLES, seed=seed, noise=noise)


def _areas(
    scene: ShortwaveScene, label: str, peers: str | None, table: list[dict[str, object]]
) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        np.save(folder / "cube.npy", scene.cube)
        np.save(folder / "weak.npy", scene.absorbance_per_ppm_m)
        jobs = [(sys.executable, "imaging_ours.py", method) for method in OURS]
        jobs += [(peers, "imaging_peers.py", method) for method in PEERS] if peers else []
        for python, script, method in jobs:
            found = run_method(python, script, method, folder, 1)
            value: object = found.get("error")
            if value is None:
                area = area_under_curve(np.load(folder / "out.npy"), scene.truth_ppm_m)
                (ours if script == "imaging_ours.py" else theirs).append(area)
                value = area
            who = "plumeline" if script == "imaging_ours.py" else "peer"
            table.append({"scene": label, "who": who, "method": f"AUC {method}", "value": value})
    return ours, theirs


def column_bias(scenes: Iterable[ShortwaveScene]) -> dict[str, tuple[float, float]]:
    """Relative bias and its standard error per bin of true column, over scenes."""
    bins = list(itertools.pairwise(BINS))
    sums = np.zeros((len(bins), 3))
    for scene in scenes:
        column = found_columns(scene)
        for index, (low, high) in enumerate(bins):
            inside = (scene.truth_ppm_m >= low) & (scene.truth_ppm_m < high) & np.isfinite(column)
            truth = scene.truth_ppm_m[inside].astype(np.float64)
            error = column[inside] - truth
            sums[index] += (truth.sum(), error.sum(), np.square(error).sum())
    return {
        f"{low:.0f}-{high:.0f}": (float(error / truth), float(np.sqrt(square) / truth))
        for (low, high), (truth, error, square) in zip(bins, sums, strict=True)
    }


def found_columns(scene: ShortwaveScene) -> NDArray[np.float32]:
    """Columns from the plume that the detector itself finds, kept out of the statistics."""
    model = ReflectedTarget(gases=("gas",), absorbance_per_ppm_m=scene.absorbance_per_ppm_m[None])
    scores = score_columns(scene.cube, model, ace=False, exclusion_rounds=1)
    for _ in range(2):
        # 2 sigma of smoothed scores, connected to a 5 sigma core, with a rim of three pixels.
        field = smoothed(scores.z[:, :, 0].astype(np.float32), scores.factor)
        labels, _ = ndimage.label(field > 2.0, np.ones((3, 3)))
        core = np.unique(labels[field > 5.0])
        excluded = ndimage.binary_dilation(np.isin(labels, core[core > 0]), iterations=3)
        scores = score_columns(scene.cube, model, ace=False, excluded=excluded)
    return desaturated(
        scores.column_ppm_m("gas"), scores.weights[:, 0], scores.group, scene.table, sign=model.sign
    )
