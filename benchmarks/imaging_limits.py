"""Predicted noise-equivalent columns against Monte Carlo, and detection at four times that.

A thermal scene of real surfaces' kind (materials, texture, smile, striping). Monte Carlo: the spread of columns over a random
fifth of the pixels, kept out of the statistics, in units of the predicted noise-equivalent column. Detection: columns of exactly four noise-equivalent columns are
put into one pixel in fifty, by exp(−absorbance) and the plume's own emission; a pixel counts when its score passes 2.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.results import Figures
from plumeline.detections import (
    MDCL_PER_NECL,
    SoughtGas,
    ThermalTarget,
    find_materials,
    score_columns,
    sought_gases,
)
from plumeline.radiometry import planck_w_m2_sr_cm1
from plumeline.simulations.scenes import SimulatedScene, ThermalSceneSettings, thermal_scene
from plumeline.workflows.spectra import build_library

if TYPE_CHECKING:
    import argparse

    from plumeline.chem.spectra import Library

GASES = (
    "acetone",
    "ethyl acetate",
    "dichloromethane",
    "methanol",
    "toluene",
    "sulfur hexafluoride",
    "acetic acid",
)
SETTINGS = ThermalSceneSettings(lines=1200, samples=24, bands=52, fwhm_cm1=11.0, seed=41)
PLUME_K = 295.0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PLUMELINE_DATA", "../shared/data")))


def real_library(data: Path) -> Library:
    """The library of the real spectra at hand."""
    with tempfile.TemporaryDirectory() as place:
        return build_library(data / "spectra", Path(place) / "spectra.h5").library


def thermal_target(scene: SimulatedScene, gases: tuple[SoughtGas, ...]) -> ThermalTarget:
    """The target model as `plumeline image` makes it: no atmosphere, plume at the air's temperature."""
    centre = scene.response.centre_cm1
    return ThermalTarget(
        gases=tuple(gas.gas for gas in gases),
        absorbance_per_ppm_m=np.stack([gas.absorbance_per_ppm_m for gas in gases]),
        plume_radiance=planck_w_m2_sr_cm1(centre, PLUME_K),
        transmittance=np.ones(centre.size),
        path_radiance=np.zeros(centre.size),
    )


def run(options: argparse.Namespace) -> Figures:
    scene = thermal_scene({}, (), SETTINGS)
    gases, _ = sought_gases(real_library(options.data), scene.response, names=GASES)
    model = thermal_target(scene, gases)
    cube = scene.radiance_w_m2_sr_cm1
    materials = find_materials(cube)
    clean = score_columns(cube, model, materials=materials, ace=False, own_contrast=True)
    rng = np.random.default_rng(5)
    # Pixels that had no part in the statistics, as a plume's pixels have none.
    held = rng.random(cube.shape[:2]) < 0.2
    apart = score_columns(
        cube, model, materials=find_materials(cube, excluded=held), excluded=held, ace=False
    )
    spread = np.nanstd(apart.z[held].astype(np.float32), axis=0)
    table: list[dict[str, Any]] = []
    for index, gas in enumerate(gases):
        chosen = (rng.random(cube.shape[:2]) < 0.02) & (np.abs(clean.contrast(gas.gas)) > 0.2)
        limit = MDCL_PER_NECL * clean.sigma_ppm_m(gas.gas)
        planted = cube.copy()
        line, sample = np.nonzero(chosen)
        through = np.exp(-limit[line, sample, None] * gas.absorbance_per_ppm_m)
        planted[line, sample] = through * cube[line, sample] + (1 - through) * model.plume_radiance
        found = score_columns(planted, model, materials=materials, excluded=chosen, ace=False)
        score = found.z[:, :, index].astype(np.float32) * np.sign(clean.contrast(gas.gas))
        table.append({
            "gas": gas.gas,
            "necl_error": abs(float(spread[index]) - 1),
            "median_limit_ppm_m": float(np.median(limit)),
            "detected": float((score[chosen] > 2.0).mean()),
            "false": float((score[~chosen] > 2.0).mean()),
        })
    return Figures(
        figures={
            "necl_worst_relative_error": max(row["necl_error"] for row in table),
            "detection_probability": min(row["detected"] for row in table),
            "false_alarm_probability": max(row["false"] for row in table),
        },
        table=table,
        seeds=[SETTINGS.seed, 5],
        notes=["worst gas of each figure; threshold 2 noise-equivalent columns"],
    )
