"""What the observations room recovers: sensor lags and responses, twin sensors, motion-corrected wind, baselines.

Real flights (Vulcano 2022, SkyHub samples) where they are at hand, known truth elsewhere; nothing is tuned on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.signal import savgol_filter

from benchmarks.real_sets import add_data_option, data_folder
from benchmarks.results import Figures
from plumeline.observations.anemometer import true_wind_m_s
from plumeline.observations.baseline import drifting_baseline
from plumeline.observations.clocks import by_correlation
from plumeline.observations.deconvolution import deconvolve
from plumeline.observations.response import Response, inverse_by_difference, known_response, respond
from plumeline.observations.wind import components_m_s, speed_and_direction

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEEDS = tuple(range(20))
CO2, SO2, TWIN = "CO2 / ppm", "SO2 / ppm", "CO2 (smartGAS) / ppm"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_data_option(parser)


def run(options: argparse.Namespace) -> Figures:
    folder = data_folder(options.data)
    figures: dict[str, float] = {}
    notes = []
    for part in (_vulcano, _true_wind):
        try:
            figures |= part(folder)
        except FileNotFoundError as error:
            notes.append(f"left out: {error.filename} is not there")
    figures |= _deconvolution() | _baseline()
    return Figures(figures=figures, seeds=list(SEEDS), notes=notes)


def _vulcano(folder: Path) -> dict[str, float]:
    out: dict[str, float] = {}
    for flight in ("flight-1", "validation"):
        table = pd.read_csv(folder / "vulcano-uav-2022" / f"{flight}.csv")
        t = table["duration / s"].to_numpy(np.float64)
        co2, so2 = table[CO2].to_numpy(np.float64), table[SO2].to_numpy(np.float64)
        name = flight.replace("-", "_")
        raw = by_correlation(t, co2, t, so2)
        out[f"{name}_co2_lag_s"], out[f"{name}_co2_lag_sigma_s"] = raw.offset_s, raw.sigma_s
        slow = deconvolve(t, co2, known_response("little-RAVEN CO2 (SCD41)"))
        left = by_correlation(t, slow.air, t, so2, search_s=60.0)
        out[f"{name}_shift_left_s"], out[f"{name}_shift_left_sigma_s"] = left.offset_s, left.sigma_s
        if TWIN in table:
            twin = table[TWIN].to_numpy(np.float64)
            out["twin_correlation_raw"] = by_correlation(t, co2, t, twin, search_s=60.0).correlation
            out["twin_correlation_corrected"] = by_correlation(
                t, slow.air, t, twin, search_s=60.0
            ).correlation
    table = pd.read_csv(folder / "vulcano-uav-2022" / "flight-1.csv")
    smooth = savgol_filter(table[CO2].to_numpy(np.float64), 9, 3)
    plain = inverse_by_difference(table["duration / s"].to_numpy(np.float64), smooth, 40.0)
    # First row of the published column "CO2 / ppm_smooth_9_3_rt_corrected_40" (Karbach et al. 2022, data repository).
    out["published_correction_difference_ppm"] = abs(float(plain[0]) - 470.7160252090922)
    return out


def _true_wind(folder: Path) -> dict[str, float]:
    table = pd.read_csv(folder / "uav-skyhub" / "true_wind_samples.csv")
    east, north = components_m_s(-table["Velocity"], table["Direction"])
    wind = true_wind_m_s(
        table["AIR:Speed"],
        table["AIR:Direction"],
        heading_deg=table["Direction"],
        eastward_m_s=east,
        northward_m_s=north,
    )
    speed, direction = speed_and_direction(*wind)
    turn = direction - table["Reference:TrueWindDirection"].to_numpy(np.float64)
    return {
        "true_wind_cases": float(len(table)),
        "true_wind_speed_error_m_s": float(
            np.abs(speed - table["Reference:TrueWindSpeed"].to_numpy(np.float64)).max()
        ),
        "true_wind_direction_error_deg": float(np.abs((turn + 180.0) % 360.0 - 180.0).max()),
    }


def _plumes(rng: np.random.Generator, t: Floats, *, narrow_s: float = 6.0, wide_s: float = 25.0) -> Floats:
    out = np.zeros(t.size)
    for centre in rng.uniform(0, t[-1], 18):
        out += rng.uniform(1, 10) * np.exp(-0.5 * ((t - centre) / rng.uniform(narrow_s, wide_s)) ** 2)
    return out


def _deconvolution() -> dict[str, float]:
    """Truth known: plumes seen once a second by a sensor of 8 s, and narrow ones every 2 s by a sensor of 40 s."""
    wide = _recovered(Response(rise_s=8.0), step_s=1.0, narrow_s=6.0, wide_s=25.0)
    narrow = _recovered(Response(rise_s=40.0), step_s=2.0, narrow_s=1.0, wide_s=6.0)
    return {
        "response_error_left": wide[0],
        "response_coverage_90": wide[1],
        "response_noise_gain": wide[2],
        "response_error_left_fast_plumes": narrow[0],
        "response_coverage_90_fast_plumes": narrow[1],
    }


def _recovered(
    response: Response, *, step_s: float, narrow_s: float, wide_s: float
) -> tuple[float, float, float]:
    """Error left, share of plume values inside the stated 90 % interval, and median gain of noise."""
    noise = 0.05
    left, inside, quiet = [], [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        t = np.cumsum(rng.uniform(0.8, 1.2, 1_200)) * step_s
        truth = _plumes(rng, t, narrow_s=narrow_s, wide_s=wide_s)
        # The sensor differs from what is declared by as much as the declaration says it may.
        true = Response(rise_s=response.rise_s * max(0.2, 1.0 + response.sigma * float(rng.normal())))
        reading = respond(t, truth, true) + rng.normal(0, noise, t.size)
        found = deconvolve(t, reading, response, noise=noise)
        error = np.abs(found.air - truth)
        left.append(float(np.std(found.air - truth) / np.std(reading - truth)))
        inside.append(float(np.mean((error < 1.645 * found.sigma)[truth > 5 * noise])))
        quiet.append(float(np.median(found.sigma)) / noise)
    return float(np.mean(left)), float(np.mean(inside)), float(np.mean(quiet))


def _baseline() -> dict[str, float]:
    """Truth known: a drift of 0.3 and plumes up to 10 on noise of 0.05."""
    errors, noises = [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        t = np.cumsum(rng.uniform(0.8, 1.2, 2_000))
        drift = 2.0 + 0.3 * np.sin(2 * np.pi * t / 2_500.0)
        found = drifting_baseline(t, drift + _plumes(rng, t) + rng.normal(0, 0.05, t.size))
        errors.append(float(np.sqrt(np.mean((found.level - drift) ** 2))) / 0.05)
        noises.append(found.noise / 0.05)
    return {"baseline_error_in_noise": float(np.mean(errors)), "baseline_noise_ratio": float(np.mean(noises))}
