"""Emission rates of found plumes against the rates that were put in: errors of both methods and how often intervals hold.

Thermal scenes at drone scale with one puffing plume of a known rate, wind of 1.5 to 5 m/s told with an error of 0.3 m/s,
turbulence, plume temperature and strength drawn anew. Plumes come from `detect`, masks and columns with all their faults;
a scene without a named plume counts as missed. Seeds are none that the effective wind was fitted on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.imaging_limits import PLUME_K, real_library, thermal_target
from benchmarks.results import Figures
from plumeline.detections import Wind, detect, plume_amounts, sought_gases
from plumeline.simulations.scene_plume import ScenePlume
from plumeline.simulations.scenes import Emission, ThermalSceneSettings, thermal_scene

if TYPE_CHECKING:
    import argparse

    from plumeline.chem.spectra import Library

SEED = 900
GASES = ("acetone", "ethyl acetate", "dichloromethane", "sulfur hexafluoride", "acetic acid", "methanol")
EMITTED = {"acetone": 4e-3, "ethyl acetate": 1e-3, "dichloromethane": 8e-3, "sulfur hexafluoride": 3e-4}
"""Usual rate [kg s-1]; each scene's is up to twice or half as much."""

WIND_SIGMA_M_S = 0.3


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PLUMELINE_DATA", "../shared/data")))
    parser.add_argument("--scenes", type=int, default=24)


def run(options: argparse.Namespace) -> Figures:
    library = real_library(options.data)
    table = [measured_plume(library, SEED + number) for number in range(options.scenes)]
    figures = {"named": float(np.mean([row["named"] for row in table]))}
    for method in ("ime", "csf"):
        ratio = np.array([row[f"{method}_ratio"] for row in table])
        held = np.array([row[f"{method}_held"] for row in table], float)
        known = np.isfinite(ratio)
        figures |= {
            f"{method}_given": float(known.mean()),
            f"{method}_median_ratio": float(np.median(ratio[known])),
            f"{method}_scatter_log": float(np.std(np.log(ratio[known]))),
            f"{method}_within_2": float(np.mean(np.abs(np.log(ratio[known])) <= np.log(2))),
            f"{method}_interval_90_holds": float(held[known].mean()),
        }
    return Figures(figures=figures, table=table, seeds=[row["seed"] for row in table])


def measured_plume(library: Library, seed: int) -> dict[str, Any]:
    """One scene: what was put in and what is measured of it."""
    rng = np.random.default_rng(seed)
    gas = str(rng.choice(list(EMITTED)))
    settings = ThermalSceneSettings(lines=320, samples=96, bands=64, fwhm_cm1=9.0, seed=seed)
    rate = EMITTED[gas] * float(np.exp(rng.uniform(-np.log(2), np.log(2))))
    source = ScenePlume(
        line=260.0,
        sample=35.0,
        rate_kg_s=rate,
        wind_m_s=float(rng.uniform(1.5, 5.0)),
        toward_deg=float(rng.uniform(0, 40)),
        turbulence=float(rng.uniform(0.15, 0.4)),
    )
    span = (settings.low_cm1, settings.high_cm1)
    emission = Emission(plume=source, gases={gas: rate}, temperature_k=PLUME_K + float(rng.normal(0, 0.5)))
    scene = thermal_scene({gas: library.best(gas, span_cm1=span)}, (emission,), settings)
    gases, _ = sought_gases(library, scene.response, names=GASES)
    found = detect(scene.radiance_w_m2_sr_cm1, thermal_target(scene, gases), gases, scene.response)
    row: dict[str, Any] = {"seed": seed, "gas": gas, "rate_g_s": 1e3 * rate, "named": False}
    row |= dict.fromkeys(("wind_m_s", "mass_kg", "area_m2"), np.nan)
    row |= {f"{m}_{k}": v for m in ("ime", "csf") for k, v in (("ratio", np.nan), ("held", False))}
    plumes = [
        one.plume
        for one in found.plumes
        if one.identification is not None and any(gas in c.gases for c in one.identification.named)
    ]
    if not plumes:
        return row
    angle = np.radians(source.toward_deg)
    told = Wind(
        speed_m_s=max(source.wind_m_s + float(rng.normal(0, WIND_SIGMA_M_S)), 0.5),
        speed_sigma_m_s=WIND_SIGMA_M_S,
        toward_eastward=float(np.sin(angle)),
        toward_northward=float(np.cos(angle)),
    )
    one = next(g for g in gases if g.gas == gas)
    amounts = plume_amounts(
        gas,
        found.columns_ppm_m[gas],
        found.scores.sigma_ppm_m(gas),
        plumes[0].full_mask(found.scores.factor.shape[:2]),
        pixel_m=(settings.pixel_m, settings.pixel_m),
        molar_mass_kg_mol=one.molar_mass_kg_mol,
        scale_uncertainty=one.spectrum.relative_uncertainty,
        wind=told,
    )
    row |= {
        "named": True,
        "wind_m_s": source.wind_m_s,
        "mass_kg": amounts.mass_kg.value,
        "area_m2": amounts.area_m2,
    }
    for method, amount in (("ime", amounts.rate_ime_kg_s), ("csf", amounts.rate_csf_kg_s)):
        if amount is not None:
            row[f"{method}_ratio"] = amount.value / rate
            row[f"{method}_held"] = amount.low <= rate <= amount.high
    return row
