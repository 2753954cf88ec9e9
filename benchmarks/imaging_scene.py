"""The short-wave scene of the imaging benchmarks, and the protocol by which one method is run in its own process.

1000 lines x 600 samples x 60 bands, float32, band-interleaved by pixel: six smooth surfaces times log-normal albedo,
0.3 % noise or that of a real sensor, gain striping per detector column and band, and a puffing plume of at most 3000 ppm m whose band
transmittance follows a Malkmus random-band model (the retrievals know only its weak-column limit).
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import uniform_filter1d

from plumeline.simulations.scene_plume import ScenePlume, plume_mass_kg_m2

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Single = NDArray[np.float32]
    Doubles = NDArray[np.float64]

LINES, SAMPLES, BANDS = 1000, 600, 60
MOST_PPM_M = 3000.0
SEED = 20
BAND_NM = (2105.0, 2430.0)
"""Where the scene's bands lie when a sensor's noise is put on them [nm]."""

SOIL_UW_CM2_SR_NM = 0.4
"""Radiance of dry soil near 2.3 µm at a high sun [µW cm-2 sr-1 nm-1]: 7 µW cm-2 nm-1 of sunlight on a fifth of white."""


@dataclass(frozen=True, kw_only=True)
class ShortwaveScene:
    """A scene with its truth."""

    cube: Single
    """Radiance, shape (line, sample, band)."""
    truth_ppm_m: Single
    """Column, shape (line, sample)."""
    absorbance_per_ppm_m: Doubles
    """Weak-column absorbance, shape (band,)."""
    table: Doubles
    """Band transmittance at `plumeline.detections.saturation.TABLE_PPM_M`, shape (column, band)."""


def malkmus(column_ppm_m: NDArray[np.floating], weak: Doubles, overlap: Doubles) -> Doubles:
    """Random-band transmittance, Goody & Yung, Atmospheric Radiation (1989), equation 4.31; shape (..., band)."""
    u = np.asarray(column_ppm_m, float)[..., None]
    return np.asarray(np.exp(-0.5 * overlap * (np.sqrt(1 + 4 * weak * u / overlap) - 1)))


@dataclass(frozen=True, kw_only=True)
class SensorNoise:
    """A real imager's noise, from a published table."""

    gain: Doubles
    """Gain of each detector column and band, its stripes, shape (sample, band)."""
    at_one: Doubles
    """Noise of a pixel of mean signal, relative to it, shape (sample, band)."""
    floor: Doubles
    """Signal, relative to the mean, that the dark noise is worth, shape (sample, band)."""

    def sigma(self, signal: Doubles) -> Doubles:
        """Noise of pixels: shot noise over a floor, 1 sigma, shape (sample, band)."""
        return np.asarray(self.at_one * np.sqrt((np.maximum(signal, 0.0) + self.floor) / (1 + self.floor)))


def emit_noise(data: Path, samples: int) -> SensorNoise:
    """EMIT's noise model, noise = a sqrt(b + radiance) + c in µW cm-2 sr-1 nm-1, over ground as bright as dry soil."""
    wavelength, a, b, c, _ = np.loadtxt(data / "imager-noise" / "emit_noise.txt", unpack=True)
    at = np.linspace(*BAND_NM, BANDS)
    a, b, c = (np.interp(at, wavelength, column) for column in (a, b, c))
    relative = (a * np.sqrt(b + SOIL_UW_CM2_SR_NM) + c) / SOIL_UW_CM2_SR_NM
    shape = (samples, BANDS)
    return SensorNoise(
        gain=np.ones(shape),
        at_one=np.broadcast_to(relative, shape),
        floor=np.broadcast_to(b / SOIL_UW_CM2_SR_NM, shape),
    )


def prisma_noise(data: Path, samples: int) -> SensorNoise:
    """PRISMA's signal-to-noise ratio and mean radiance by detector column, as found in a scene: with its real stripes."""
    table = np.load(data / "imager-noise" / "prisma_snr_columnwise.npz")
    order = np.argsort(table["band_nm"])
    columns = table["valid_columns"][:samples]
    at = np.linspace(*BAND_NM, BANDS)
    wavelength = table["band_nm"][order].astype(float)

    def on_bands(values: NDArray[np.floating]) -> Doubles:
        rows = values[order][:, columns].astype(float).T
        return np.stack([np.interp(at, wavelength, row) for row in rows])

    radiance = on_bands(table["mean_radiance"])
    stripes = radiance / uniform_filter1d(radiance, 21, axis=0)
    shape = (samples, BANDS)
    return SensorNoise(gain=stripes, at_one=1.0 / on_bands(table["snr"]), floor=np.zeros(shape))


def shortwave(
    striping: float,
    *,
    lines: int = LINES,
    samples: int = SAMPLES,
    seed: int = SEED,
    noise: SensorNoise | None = None,
) -> ShortwaveScene:
    """Make the scene; a share of striping of 0.01 is 1 %. A real sensor's noise takes the place of 0.3 %."""
    from plumeline.detections.saturation import TABLE_PPM_M  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    band = np.arange(BANDS)
    weak = 2.2e-5 * (np.exp(-(((band - 40) / 9) ** 2)) + 0.4 * np.exp(-(((band - 15) / 6) ** 2)))
    weak *= 1 + 0.5 * np.sin(band * 1.7)
    overlap = rng.uniform(0.5, 2.0, BANDS)
    surfaces = np.stack([1 + 0.3 * np.sin(band / rng.uniform(6, 15) + rng.uniform(0, 6)) for _ in range(6)])
    plume = ScenePlume(line=0.75 * lines, sample=0.3 * samples, rate_kg_s=1.0, wind_m_s=3.0, toward_deg=40.0)
    mass = plume_mass_kg_m2(plume, shape=(lines, samples), pixel_m=0.5, rng=rng)
    truth = (MOST_PPM_M * mass / mass.max()).astype(np.float32)
    gain = 1 + striping * rng.standard_normal((samples, BANDS))
    cube = np.empty((lines, samples, BANDS), np.float32)
    for line in range(lines):
        share = rng.dirichlet(np.ones(6), samples)
        albedo = rng.lognormal(0, 0.3, (samples, 1))
        clean = share @ surfaces * albedo * gain * malkmus(truth[line], weak, overlap)
        if noise is not None:
            clean = clean * noise.gain
            cube[line] = clean + noise.sigma(clean) * rng.standard_normal((samples, BANDS))
            continue
        cube[line] = clean * (1 + 0.003 * rng.standard_normal((samples, BANDS)))
    return ShortwaveScene(
        cube=cube, truth_ppm_m=truth, absorbance_per_ppm_m=weak, table=malkmus(TABLE_PPM_M, weak, overlap)
    )


def run_method(python: str, script: str, method: str, folder: Path, repeats: int) -> dict[str, Any]:
    """Run one method in a process of its own; it prints one line of JSON with its times and peak memory."""
    done = subprocess.run(
        [python, str(Path(__file__).with_name(script)), method, str(folder), str(repeats)],
        capture_output=True,
        text=True,
        check=False,
        env={
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "NUMBA_NUM_THREADS": "2",
            "PATH": "/usr/bin:/bin",
        }
        | ({"NUMBA_CACHE_DIR": str(folder / "numba")} if python == sys.executable else {}),
        timeout=600,
    )
    if done.returncode:
        return {
            "method": method,
            "error": done.stderr.strip().splitlines()[-1][:160] if done.stderr else "failed",
        }
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def area_under_curve(score: NDArray[np.floating], truth: Single, *, above: float = 200.0) -> float:
    """Chance that a plume pixel (above so many ppm m) scores above a clean one (below 1 ppm m)."""
    plume = np.asarray(score, float)[(truth > above) & np.isfinite(score)]
    clean = np.sort(np.asarray(score, float)[(truth < 1.0) & np.isfinite(score)])
    rank = np.searchsorted(clean, plume, side="left") + np.searchsorted(clean, plume, side="right")
    return float(rank.mean() / (2 * clean.size))
