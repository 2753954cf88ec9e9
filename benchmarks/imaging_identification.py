"""One to five gases out of all the library holds, in thermal scenes whose plume physics the retrieval does not share.

Calibration: expected calibration error of the inclusion probabilities over ten bins, every gas of every found plume
counted. False identifications: gases named in clean scenes, per scene.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.imaging_limits import PLUME_K, real_library, thermal_target
from benchmarks.results import Figures
from plumeline.chem.spectra import Grade
from plumeline.detections import MDCL_PER_NECL, SceneDetections, detect, score_columns, sought_gases
from plumeline.simulations.band_depth import MOL_PER_M2_PPM_M
from plumeline.simulations.scene_plume import ScenePlume
from plumeline.simulations.scenes import Emission, ThermalSceneSettings, thermal_scene

if TYPE_CHECKING:
    import argparse

SEED = 500
PEAK_MASS_KG_M2_PER_KG_S = 0.2
"""Rough peak column of the simulator's plumes at 2.5 m/s, to choose rates by."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PLUMELINE_DATA", "../shared/data")))
    parser.add_argument("--scenes", type=int, default=10)
    parser.add_argument("--clean", type=int, default=5)


def run(options: argparse.Namespace) -> Figures:
    library = real_library(options.data)
    claimed: list[float] = []
    true: list[bool] = []
    table: list[dict[str, Any]] = []
    false_names = 0
    for number in range(options.scenes + options.clean):
        settings = ThermalSceneSettings(lines=320, samples=64, bands=64, fwhm_cm1=9.0, seed=SEED + number)
        rng = np.random.default_rng(SEED + number)
        clean = thermal_scene({}, (), settings)
        gases, _ = sought_gases(library, clean.response)
        model = thermal_target(clean, gases)
        emissions: tuple[Emission, ...] = ()
        if number < options.scenes:
            necl = np.median(
                score_columns(clean.radiance_w_m2_sr_cm1, model, shrink=True, ace=False).necl_ppm_m, axis=0
            )
            emissions = (_emission(gases, MDCL_PER_NECL * necl, rng),)
        members = set(emissions[0].gases) if emissions else set()
        spectra = {gas.gas: gas.spectrum for gas in gases if gas.gas in members}
        scene = thermal_scene(spectra, emissions, settings)
        found = detect(scene.radiance_w_m2_sr_cm1, model, gases, scene.response)
        named = _named(found)
        if emissions:
            hit = [p for p in found.plumes if p.identification is not None][:1]
            for plume in hit:
                inclusion = plume.identification.inclusion if plume.identification is not None else {}
                claimed += list(inclusion.values())
                true += [gas in members for gas in inclusion]
        else:
            false_names += len(named)
        table.append({
            "scene": number,
            "true": ", ".join(sorted(members)) or "-",
            "named": ", ".join(sorted(named)) or "-",
        })
    right = sum(
        len(set(r["true"].split(", ")) & set(r["named"].split(", "))) for r in table[: options.scenes]
    )
    wrong = sum(
        len(set(r["named"].split(", ")) - set(r["true"].split(", ")) - {"-"}) for r in table[: options.scenes]
    )
    there = sum(len(r["true"].split(", ")) for r in table[: options.scenes])
    return Figures(
        figures={
            "calibration_error": _calibration_error(np.array(claimed), np.array(true)),
            "false_identifications_per_clean_scene": false_names / max(options.clean, 1),
            "library_gases": float(len(gases)),
            "share_of_gases_named": right / max(there, 1),
            "wrong_names_per_plume_scene": wrong / max(options.scenes, 1),
        },
        table=table,
        seeds=list(range(SEED, SEED + options.scenes + options.clean)),
        notes=[
            "columns at the source are 2 to 20 times the pixel's detection limit; weaker members stay unnamed"
        ],
    )


def _emission(gases: tuple[Any, ...], limit: Any, rng: np.random.Generator) -> Emission:
    good = [k for k, gas in enumerate(gases) if gas.spectrum.grade is Grade.ABSOLUTE and limit[k] < 2000]
    chosen = rng.choice(good, int(rng.integers(1, 6)), replace=False)
    rates = {}
    for k in chosen:
        peak = float(limit[k] * np.exp(rng.uniform(np.log(2), np.log(20))))
        rates[gases[k].gas] = peak * gases[k].molar_mass_kg_mol * MOL_PER_M2_PPM_M / PEAK_MASS_KG_M2_PER_KG_S
    plume = ScenePlume(
        line=260.0,
        sample=20.0,
        rate_kg_s=next(iter(rates.values())),
        wind_m_s=2.5,
        toward_deg=float(rng.uniform(0, 40)),
    )
    return Emission(plume=plume, gases=rates, temperature_k=PLUME_K + float(rng.normal(0, 0.5)))


def _named(found: SceneDetections) -> set[str]:
    return {
        candidate.gases[0] if len(candidate.gases) == 1 else " or ".join(candidate.gases)
        for plume in found.plumes
        if plume.identification is not None
        for candidate in plume.identification.named
    }


def _calibration_error(claimed: Any, true: Any) -> float:
    if not claimed.size:
        return float("nan")
    bins = np.minimum((claimed * 10).astype(int), 9)
    return float(
        sum(
            (bins == b).mean() * abs(claimed[bins == b].mean() - true[bins == b].mean())
            for b in range(10)
            if (bins == b).any()
        )
    )
