"""How cost grows with samples and sources: CPU seconds, peak memory, and a half-hour flight at 10 Hz with three gases.

Every case runs in a process of its own, after a small one that loads the compiled kernels. Readings are made from a
textbook plume; what is measured is cost, not truth.
"""

from __future__ import annotations

import contextlib
import json
import math
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from benchmarks.results import Figures
from plumeline.errors import RefusedError
from plumeline.frames import LocalFrame
from plumeline.observations import Survey
from plumeline.sources import InferenceSettings, infer

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SAMPLES = (2_000, 10_000, 30_000, 100_000)
SOURCES = (1, 3, 10)
GASES = ("acetone", "toluene", "ammonia")
MOLAR_MASS = (0.05808, 0.09214, 0.01703)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="the two smallest sizes only")


def run(options: argparse.Namespace) -> Figures:
    samples = SAMPLES[:2] if options.quick else SAMPLES
    cases = [(n, 3, 1, 1.0) for n in samples] + [(10_000, k, 1, 1.0) for k in SOURCES]
    if not options.quick:
        cases += [(SAMPLES[-1], 10, 1, 1.0), (18_000, 3, 3, 10.0)]
    rows = [_measured(*case) for case in cases]
    by_samples, by_sources = rows[: len(samples)], rows[len(samples) : len(samples) + len(SOURCES)]
    figures = {
        "slope_in_samples": _slope([(one["samples"], one["cpu_s"]) for one in by_samples]),
        "slope_in_sources": _slope([(one["sources"], one["cpu_s"]) for one in by_sources]),
    }
    if not options.quick:
        figures |= {"largest_memory_mb": rows[-2]["memory_mb"], "largest_cpu_s": rows[-2]["cpu_s"]}
        figures |= {
            "ten_hz_three_gases_wall_s": rows[-1]["wall_s"],
            "ten_hz_three_gases_cpu_s": rows[-1]["cpu_s"],
        }
    return Figures(figures=figures, table=rows)


def _slope(points: list[tuple[float, float]]) -> float:
    """Slope of the least-squares line through log cost against log size."""
    x, y = np.log(np.array(points)).T
    return float(np.polyfit(x, y, 1)[0])


def _measured(samples: int, sources: int, gases: int, rate_hz: float) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.growth", str(samples), str(sources), str(gases), str(rate_hz)]
    return dict(json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout))


def survey(samples: int, sources: int, gases: int, rate_hz: float) -> Survey:
    """A lawn-mower flight over textbook plumes."""
    rng = np.random.default_rng(samples + sources)
    t = np.arange(samples) / rate_hz
    leg = (t * 5.0) % 600.0
    x = np.where(leg < 300.0, leg, 600.0 - leg)
    y = 300.0 * t / t[-1]
    height = 3.0
    place = rng.uniform(40.0, 260.0, (sources, 2))
    value = np.full((samples, gases), 1e-9)
    for k, (east, north) in enumerate(place):
        away, across = x - east, y - north
        reach = np.maximum(away, 1.0)
        sy, sz = 0.5 + 0.1 * reach, 0.5 + 0.07 * reach
        plume = np.exp(-0.5 * (across / sy) ** 2 - 0.5 * (height / sz) ** 2) / (math.pi * 4.0 * sy * sz)
        for gas in range(gases):
            value[:, gas] += np.where(away > 0, plume, 0.0) * 2e-4 * (1.0 + k % 3) / (1.0 + gas)
    value += rng.normal(0.0, 2e-9, value.shape)
    one, by_gas = ("reading",), ("reading", "species")

    def constant(number: float, units: str) -> tuple[tuple[str, ...], Floats, dict[str, str]]:
        return (one, np.full(samples, number), {"units": units})

    data = {
        "sensor": (one, np.zeros(samples, int)),
        "x": (one, x, {"units": "m"}),
        "y": (one, y, {"units": "m"}),
        "z": constant(height, "m"),
        "wind_eastward": constant(4.0, "m s-1"),
        "wind_northward": constant(0.2, "m s-1"),
        "wind_sigma": constant(0.3, "m s-1"),
        "wind_height": constant(height, "m"),
        "air_temperature": constant(288.15, "K"),
        "air_pressure": constant(101_325.0, "Pa"),
        "averaging_time": constant(1.0 / rate_hz, "s"),
        "mass_concentration": (by_gas, value, {"units": "kg m-3"}),
        "mass_concentration_sigma": (by_gas, np.full(value.shape, 2e-9), {"units": "kg m-3"}),
        "detection_limit": (by_gas, np.full(value.shape, 6e-9), {"units": "kg m-3"}),
        "quality": (by_gas, np.zeros(value.shape, int)),
        "time": (one, np.datetime64("2024-01-01", "ns") + (t * 1e9).astype("timedelta64[ns]")),
        "sensor_name": (("sensor_index",), np.array(["analyser"])),
        "species": (("species",), np.array(GASES[:gases])),
        "molar_mass": (("species",), np.array(MOLAR_MASS[:gases]), {"units": "kg mol-1"}),
    }
    return Survey(name="growth", frame=LocalFrame(origin=None), in_situ=xr.Dataset(data))


def _main(samples: int, sources: int, gases: int, rate_hz: float) -> None:
    with contextlib.suppress(RefusedError):
        infer(survey(600, 1, gases, 1.0), InferenceSettings(particles=32, sweeps=1, null_draws=2))
    made = survey(samples, sources, gases, rate_hz)
    cpu, wall = time.process_time(), time.perf_counter()
    report = infer(made, InferenceSettings(max_sources=max(5, sources)))
    row = {
        "samples": samples,
        "sources": sources,
        "gases": gases,
        "rows": int(report.diagnostics["rows"]),
        "reported": len(report.sources),
        "runs": int(report.diagnostics["runs"]),
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    }
    sys.stdout.write(json.dumps(row))


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
