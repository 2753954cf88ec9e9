"""The inversion while readings arrive: updates a second, latency, and how near it ends to the batch answer.

Blind simulated flights (`calibration`'s worlds, seeds of their own) are read as if live: ten readings a second, one at a
time, on one core. Latency is from a reading's arrival to draws that weigh it, on the processor's clock; readings that
arrive while an update runs wait for it, so the wait of a queue fed at 10 Hz is counted too.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from benchmarks.results import Figures
from plumeline.frames import LocalFrame
from plumeline.observations import Survey
from plumeline.simulations.blind import Truth, blind_flight
from plumeline.sources import InferenceSettings, Snapshot, SourceEstimate, Stream, infer

if TYPE_CHECKING:
    import argparse

    import xarray as xr
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FIRST_SEED = 7000
"""Seeds that nothing was chosen on."""
RATE_HZ = 10.0
MOST_SECONDS = 1800
MEDIANS = ("apart_m", "batch_runs_apart_m", "overlap", "area_ratio", "live_apart_m", "settle_cpu_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One flight, streamed and in batch."""

    name: str
    latency_s: Floats
    """Of each update, the wait for the one before included."""
    work_s: Floats
    """Processor time of each update."""
    row: dict[str, float | str]
    """Figures of the flight."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=MOST_SECONDS, help="longest flight [s]")
    parser.add_argument("--suite", default="easy")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)


def run(options: argparse.Namespace) -> Figures:
    seeds = list(range(options.first_seed, options.first_seed + options.cases))
    _warm_up()
    cases = [_case(seed, options.suite, options.seconds) for seed in seeds]
    latency_ms = 1e3 * np.concatenate([one.latency_s for one in cases])
    work_s = np.concatenate([one.work_s for one in cases])
    rows = [one.row for one in cases]
    return Figures(
        figures={
            "flights": float(len(cases)),
            "readings": float(work_s.size),
            "updates_per_s": float(1.0 / work_s.mean()),
            "latency_median_ms": float(np.median(latency_ms)),
            "latency_p99_ms": float(np.quantile(latency_ms, 0.99)),
            "latency_max_ms": float(latency_ms.max()),
            "same_claim": float(np.mean([one["streamed"] == one["batch"] for one in rows])),
            **{f"{name}_median": _median(rows, name) for name in MEDIANS},
            "truth_held": _share(rows, "held"),
            "truth_held_by_batch": _share(rows, "batch_held"),
        },
        table=rows,
        seeds=seeds,
        notes=["readings of the simulator's seconds, interpolated to ten a second; one core, processor time"],
    )


def _median(rows: list[dict[str, float | str]], name: str) -> float:
    known = [float(one[name]) for one in rows if name in one]
    return float(np.median(known)) if known else float("nan")


def _share(rows: list[dict[str, float | str]], name: str) -> float:
    known = [float(one[name]) for one in rows if name in one]
    return float(np.mean(known)) if known else float("nan")


def _case(seed: int, suite: str, seconds: int) -> Case:
    readings, truth = blind_flight(seed, suite, seconds=seconds)
    survey = Survey(name=f"{suite} {seed}", frame=LocalFrame(origin=None), in_situ=_ten_a_second(readings))
    stream = Stream(InferenceSettings())
    work_s = np.empty(survey.reading_count)
    live = None
    for i in range(survey.reading_count):
        rows = _rows(survey, i, i + 1)
        start = time.process_time()
        live = stream.update(rows)
        work_s[i] = time.process_time() - start
    assert live is not None  # noqa: S101 (a flight has readings)
    start = time.process_time()
    ended = stream.settle()
    settle_s = time.process_time() - start
    start = time.process_time()
    batch, again = (infer(survey, InferenceSettings(null_draws=0, seed=seed_)).sources for seed_ in (0, 1))
    row: dict[str, float | str] = {
        "name": survey.name,
        "work_median_ms": 1e3 * float(np.median(work_s)),
        "work_max_ms": 1e3 * float(work_s.max()),
        "settle_cpu_s": settle_s,
        "batch_cpu_s": 0.5 * (time.process_time() - start),
        **_compared(live, ended, batch, again),
        **_held(ended.sources(), batch, truth),
    }
    sys.stderr.write(f"{row}\n")
    return Case(name=survey.name, latency_s=_queued(work_s), work_s=work_s, row=row)


def _compared(
    live: Snapshot,
    ended: Snapshot,
    batch: tuple[SourceEstimate, ...],
    again: tuple[SourceEstimate, ...],
) -> dict[str, float | str]:
    """How far the streamed answer is from the batch answer, beside how far two batch runs are from each other."""
    sources = ended.sources()
    row: dict[str, float | str] = {
        "exponent": ended.exponent,
        "live_exponent": live.exponent,
        "streamed": float(bool(sources)),
        "batch": float(bool(batch)),
    }
    if sources and batch:
        one, other = sources[0], min(batch, key=lambda each: _apart(each, sources[0]))
        shared = one.region_90.shape.intersection(other.region_90.shape).area
        row |= {
            "apart_m": _apart(one, other),
            "overlap": float(shared / min(one.region_90.area_m2, other.region_90.area_m2)),
            "area_ratio": one.region_90.area_m2 / other.region_90.area_m2,
            "batch_area_m2": other.region_90.area_m2,
        }
    if batch and again:
        row["batch_runs_apart_m"] = min(_apart(batch[0], each) for each in again)
    if batch and live.sources():
        row["live_apart_m"] = min(_apart(batch[0], each) for each in live.sources())
    return row


def _held(
    sources: tuple[SourceEstimate, ...], batch: tuple[SourceEstimate, ...], truth: Truth
) -> dict[str, float]:
    """Whether the 90 % region of the only true source's estimate holds it."""
    if len(truth.sources) != 1:
        return {}
    place = shapely.Point(truth.sources[0].x_m, truth.sources[0].y_m)
    return {
        name: float(any(one.region_90.shape.covers(place) for one in found))
        for name, found in (("held", sources), ("batch_held", batch))
        if found
    }


def _apart(one: SourceEstimate, other: SourceEstimate) -> float:
    return float(np.hypot(one.x_m - other.x_m, one.y_m - other.y_m))


def _queued(work_s: Floats) -> Floats:
    """Time from each reading's arrival to its answer, when readings arrive at `RATE_HZ` and updates wait for each other [s]."""
    done, latency = 0.0, np.empty(work_s.size)
    for i, work in enumerate(work_s):
        arrival = i / RATE_HZ
        done = max(done, arrival) + work
        latency[i] = done - arrival
    return latency


def _ten_a_second(readings: xr.Dataset) -> xr.Dataset:
    """Readings of every second, interpolated to ten a second; flags and sensors are those of the second before."""
    time_s = (readings["time"].to_numpy() - readings["time"].to_numpy()[0]) / np.timedelta64(1, "s")
    wanted = np.arange(0.0, time_s[-1], 1.0 / RATE_HZ)
    before = np.clip(np.searchsorted(time_s, wanted, side="right") - 1, 0, time_s.size - 1)
    out = readings.isel(reading=before).copy()
    out["time"] = out["time"].copy(
        data=readings["time"].to_numpy()[0] + (1e9 * wanted).astype("timedelta64[ns]")
    )
    for name in ("x", "y", "z", "wind_eastward", "wind_northward", "mass_concentration"):
        values = readings[name].to_numpy()
        flat = values.reshape(time_s.size, -1)
        out[name] = out[name].copy(
            data=np.column_stack([np.interp(wanted, time_s, one) for one in flat.T]).reshape((
                wanted.size,
                *values.shape[1:],
            ))
        )
    return out.assign(averaging_time=out["averaging_time"].copy(data=np.full(wanted.size, 1.0 / RATE_HZ)))


def _rows(survey: Survey, first: int, last: int) -> Survey:
    assert survey.in_situ is not None  # noqa: S101 (made here)
    return replace(survey, in_situ=survey.in_situ.isel(reading=slice(first, last)))


def _warm_up() -> None:
    """Load the compiled kernels."""
    readings, _ = blind_flight(FIRST_SEED - 1, "easy", seconds=120)
    survey = Survey(name="warm", frame=LocalFrame(origin=None), in_situ=readings)
    stream = Stream(InferenceSettings(particles=16, sweeps=1))
    for first in range(0, survey.reading_count, 10):
        stream.update(_rows(survey, first, first + 10))
    stream.settle(most=1)
