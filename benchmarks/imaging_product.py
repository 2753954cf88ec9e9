"""From a thermal cube of a given size on disk to the whole product folder, with `plumeline image`'s own functions.

The scene: 640 samples x 104 bands, 400 lines of it laid end to end with fresh noise until the size is reached, and an
acetone plume in every tenth of them. All gases of the library at hand are sought. The time runs from opening the cube to
the last file of the product; reading the cube and its hash are in it, making it is not.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.imaging_limits import PLUME_K
from benchmarks.results import Figures
from plumeline.detections import Wind
from plumeline.radiometry import planck_w_m2_sr_cm1
from plumeline.simulations.band_depth import column_ppm_m, optical_depth
from plumeline.simulations.scene_plume import ScenePlume, plume_mass_kg_m2
from plumeline.simulations.scenes import ThermalSceneSettings, thermal_scene
from plumeline.workflows.image import process_scene
from plumeline.workflows.image_products import write_products
from plumeline.workflows.image_setup import ImageRequest
from plumeline.workflows.spectra import build_library

if TYPE_CHECKING:
    import argparse

    from plumeline.chem.spectra import Library

SETTINGS = ThermalSceneSettings(lines=400, samples=640, seed=61)
PLUME_EVERY = 10
GAS = "acetone"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PLUMELINE_DATA", "../shared/data")))
    parser.add_argument("--size", type=float, default=1.0, help="size of the cube [GB]")
    parser.add_argument("--memory", type=float, default=2000.0, help="working memory [MB]")


def run(options: argparse.Namespace) -> Figures:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        library = folder / "spectra.h5"
        spectra = build_library(options.data / "spectra", library).library
        cube = folder / "scene.bip"
        plumes = write_cube(cube, options.size, spectra)
        request = ImageRequest(
            scene=cube,
            library=library,
            plume_temperature_k=PLUME_K,
            wind=Wind(speed_m_s=2.5, speed_sigma_m_s=0.4, toward_eastward=0.34, toward_northward=0.94),
            memory_mb=options.memory,
        )
        start, used = time.perf_counter(), time.process_time()
        result = process_scene(request)
        write_products(result, folder / "out", force=False)
        wall, cpu = time.perf_counter() - start, time.process_time() - used
        size_gb = cube.stat().st_size / 1e9
    named = sum(
        any(GAS in one.gases for one in plume.found.identification.named)
        for plume in result.plumes
        if plume.found.identification is not None
    )
    return Figures(
        figures={
            "size_gb": size_gb,
            "minutes_per_gb": wall / 60 / size_gb,
            "cpu_minutes_per_gb": cpu / 60 / size_gb,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "plumes_planted": float(plumes),
            "plumes_named": float(named),
        },
        seeds=[SETTINGS.seed],
        notes=[f"{len(result.gases)} gases sought; working memory {options.memory:.0f} MB"],
    )


def write_cube(path: Path, size_gb: float, library: Library) -> int:
    """Write the cube as ENVI; returns how many plumes it holds."""
    s = SETTINGS
    centre = np.linspace(s.low_cm1, s.high_cm1, s.bands)
    base = thermal_scene({}, (), s).radiance_w_m2_sr_cm1
    rng = np.random.default_rng(s.seed)
    source = ScenePlume(line=300.0, sample=200.0, rate_kg_s=2e-3, wind_m_s=2.5, toward_deg=20.0)
    mass = plume_mass_kg_m2(source, shape=base.shape[:2], pixel_m=s.pixel_m, rng=rng)
    depth = optical_depth(
        library.best(GAS, span_cm1=(s.low_cm1, s.high_cm1)),
        column_ppm_m(GAS, mass),
        centre_cm1=centre,
        fwhm_cm1=np.full(s.bands, s.fwhm_cm1),
        shift_cm1=s.smile_cm1 * np.linspace(-1, 1, s.samples) ** 2,
    )
    through = np.exp(-depth).astype(np.float32)
    plume = through * base + (1 - through) * planck_w_m2_sr_cm1(centre, PLUME_K).astype(np.float32)
    copies = max(1, round(size_gb * 1e9 / base.nbytes))
    planted = 0
    with path.open("wb") as file:
        for copy in range(copies):
            holds = copy % PLUME_EVERY == 0
            planted += holds
            noise = s.noise_w_m2_sr_cm1 * rng.standard_normal(base.shape, np.float32)
            np.ascontiguousarray((plume if holds else base) + noise, "<f4").tofile(file)
    path.with_name(path.name + ".hdr").write_text(
        f"ENVI\nlines = {copies * s.lines}\nsamples = {s.samples}\nbands = {s.bands}\nheader offset = 0\n"
        "data type = 4\ninterleave = bip\nbyte order = 0\nwavelength units = Wavenumber\n"
        "data units = W m-2 sr-1 (cm-1)-1\n"
        f"wavelength = {{{','.join(f'{value:.4f}' for value in centre)}}}\n"
        f"fwhm = {{{','.join([f'{s.fwhm_cm1:.4f}'] * s.bands)}}}\n"
        f"map info = {{UTM, 1, 1, 611262.0, 55276.0, {s.pixel_m}, {s.pixel_m}, 27, North, WGS-84}}\n"
    )
    return planted
