"""Predicted noise-equivalent columns against Monte Carlo, and detection at the limit that is stated.

Thermal scenes of real surfaces' kind (materials, texture, smile, striping). Monte Carlo: the spread of columns over a random
fifth of the pixels, kept out of the statistics, in units of the predicted noise-equivalent column. Detection: the stated
limit (what is read as four noise-equivalent columns, saturation included) is put into one pixel in fifty, by the band mean
of exp(−absorbance) of the full record and the plume's own emission; a pixel counts when its score passes 2.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
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
    transmittance_table,
    true_columns,
    usual_readings,
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
SEEDS = tuple(range(41, 47))
"""Scenes; six of them, so that chance moves a detection probability by less than half a percent."""


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
    library = real_library(options.data)
    scenes = [_scene(library, replace(SETTINGS, seed=seed)) for seed in SEEDS]
    table: list[dict[str, Any]] = []
    for gas in GASES:
        rows = [row for scene in scenes for row in scene if row["gas"] == gas]
        planted = sum(row["planted"] for row in rows)
        detected = sum(row["found"] for row in rows) / planted
        table.append({
            "gas": gas,
            "necl_error": max(abs(row["spread"] - 1) for row in rows),
            "median_limit_ppm_m": float(np.median([row["limit"] for row in rows])),
            "detected": detected,
            "standard_error": float(np.sqrt(detected * (1 - detected) / planted)),
            "false": float(np.mean([row["false"] for row in rows])),
        })
    return Figures(
        figures={
            "necl_worst_relative_error": max(row["necl_error"] for row in table),
            "detection_probability": min(row["detected"] for row in table),
            "false_alarm_probability": max(row["false"] for row in table),
        },
        table=table,
        seeds=list(SEEDS),
        notes=["worst gas of each figure, over all scenes; threshold 2 noise-equivalent columns"],
    )


def _scene(library: Library, settings: ThermalSceneSettings) -> list[dict[str, Any]]:
    scene = thermal_scene({}, (), settings)
    gases, _ = sought_gases(library, scene.response, names=GASES)
    model = thermal_target(scene, gases)
    cube = scene.radiance_w_m2_sr_cm1
    materials = find_materials(cube)
    clean = score_columns(cube, model, materials=materials, ace=False, own_contrast=True)
    tables = [transmittance_table(gas.spectrum, scene.response) for gas in gases]
    readings = usual_readings(clean, tables, model.sign)
    rng = np.random.default_rng(5)
    # Pixels that had no part in the statistics, as a plume's pixels have none.
    held = rng.random(cube.shape[:2]) < 0.2
    apart = score_columns(
        cube, model, materials=find_materials(cube, excluded=held), excluded=held, ace=False
    )
    spread = np.nanstd(apart.z[held].astype(np.float32), axis=0)
    rows = []
    for index, gas in enumerate(gases):
        chosen = (rng.random(cube.shape[:2]) < 0.02) & (np.abs(clean.contrast(gas.gas)) > 0.2)
        limit = true_columns(MDCL_PER_NECL * clean.sigma_ppm_m(gas.gas), readings[index])
        planted = cube.copy()
        line, sample = np.nonzero(chosen)
        through = scene.response.transmittance(gas.spectrum, limit[line, sample].astype(np.float64))
        planted[line, sample] = through * cube[line, sample] + (1 - through) * model.plume_radiance
        found = score_columns(planted, model, materials=materials, excluded=chosen, ace=False)
        score = found.z[:, :, index].astype(np.float32) * np.sign(clean.contrast(gas.gas))
        rows.append({
            "gas": gas.gas,
            "spread": float(spread[index]),
            "limit": float(np.median(limit)),
            "planted": int(chosen.sum()),
            "found": int((score[chosen] > 2.0).sum()),
            "false": float((score[~chosen] > 2.0).mean()),
        })
    return rows
