"""Effective wind of the integrated-mass method at drone scale: Q = IME · U_eff / √area on puffing plumes.

Plumes of the scene simulator at 0.25 to 1 m pixels, winds of 1 to 6 m/s, masks at a random detection threshold. Half of
the plumes fit U_eff = a + b·U, the other half tell the scatter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from benchmarks.results import Figures
from plumeline.simulations.scene_plume import ScenePlume, plume_mass_kg_m2

if TYPE_CHECKING:
    import argparse

SEED = 77


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plumes", type=int, default=240)


def run(options: argparse.Namespace) -> Figures:
    rng = np.random.default_rng(SEED)
    wind: list[float] = []
    needed: list[float] = []
    while len(wind) < options.plumes:
        pixel = float(rng.choice([0.25, 0.5, 1.0]))
        plume = ScenePlume(
            line=100.0,
            sample=25.0,
            rate_kg_s=1e-3,
            wind_m_s=float(rng.uniform(1, 6)),
            toward_deg=90.0,
            turbulence=float(rng.uniform(0.15, 0.4)),
            initial_m=float(rng.uniform(0.3, 1.2)),
        )
        mass = plume_mass_kg_m2(plume, shape=(200, 320), pixel_m=pixel, rng=rng)
        threshold = mass.max() * 10 ** rng.uniform(-1.6, -0.6)
        labels, _ = ndimage.label(mass > threshold, np.ones((3, 3)))
        mask = labels == labels[np.unravel_index(mass.argmax(), mass.shape)]
        if mask.sum() < 20:
            continue
        area = mask.sum() * pixel**2
        needed.append(plume.rate_kg_s * np.sqrt(area) / (mass[mask].sum() * pixel**2))
        wind.append(plume.wind_m_s)
    u, effective = np.array(wind), np.array(needed)
    half = u.size // 2
    design = np.stack([np.ones(half), u[:half]], axis=1)
    # Weighted by 1/U so that slow winds count as much as fast ones, relatively.
    offset, slope = np.linalg.lstsq(design / u[:half, None], effective[:half] / u[:half], rcond=None)[0]
    ratio = (offset + slope * u[half:]) / effective[half:]
    return Figures(
        figures={
            "offset_m_s": float(offset),
            "slope": float(slope),
            "scatter_log": float(np.std(np.log(ratio))),
            "bias": float(np.exp(np.mean(np.log(ratio))) - 1),
        },
        seeds=[SEED],
        notes=[f"{half} plumes fitted, {u.size - half} held out"],
    )
