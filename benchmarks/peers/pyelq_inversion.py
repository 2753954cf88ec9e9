"""pyELQ on one case, in an environment of its own: `pyelq_inversion.py CASE.npz ITERATIONS SEED` prints JSON.

Runs without Plumeline, through pyELQ's public classes only. The settings are those of its examples for an unknown
number of sources, with priors that fit what the tracks hold (Poisson 1, rates of a few kg/h, 5 sources to start from).

A source is reported where at least half of the kept draws have one: the densest place first, with everything within
`RADIUS_M` of it, then the densest of what is left.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import json
import resource
import sys
import time
import warnings
from typing import Any

import numpy as np

RADIUS_M = 15.0
LEAST_SHARE = 0.5
KEPT = 0.5
"""Share of the chain that is kept: its second half."""


def main(case: str, iterations: int, seed: int) -> None:
    warnings.simplefilter("ignore")
    with np.load(case) as file:
        told = {key: file[key] for key in file.files}
    np.random.seed(seed)  # noqa: NPY002 (the peer draws from the global generator)
    import pyelq.model  # noqa: F401, PLC0415 (its import is not counted)

    begin = time.process_time()
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        model, sampler_s = run(told, iterations)
    source = model.components["source"]
    first = int(iterations * (1.0 - KEPT))
    east, north = (
        np.asarray(axis)[:, first:]
        for axis in (source.all_source_locations.east, source.all_source_locations.north)
    )
    answer = {
        "version": importlib.metadata.version("pyelq"),
        "iterations": iterations,
        "seed": seed,
        "observations": int(told["ppm"].size),
        "cpu_s": round(time.process_time() - begin, 1),
        "sampler_cpu_s": round(sampler_s, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "mean_sources": round(float(np.mean(np.asarray(source.number_on_sources)[first:])), 2),
        "sources": summarise(east, north, np.asarray(source.emission_rate)[:, first:]),
    }
    print(json.dumps(answer))


def run(told: dict[str, Any], iterations: int) -> tuple[Any, float]:
    from pyelq.component.background import TemporalBackground  # noqa: PLC0415
    from pyelq.component.error_model import BySensor  # noqa: PLC0415
    from pyelq.component.offset import PerSensor  # noqa: PLC0415
    from pyelq.component.source_model import Normal  # noqa: PLC0415
    from pyelq.coordinate_system import ENU  # noqa: PLC0415
    from pyelq.dispersion_model.gaussian_plume import GaussianPlume  # noqa: PLC0415
    from pyelq.gas_species import CH4  # noqa: PLC0415
    from pyelq.model import ELQModel  # noqa: PLC0415
    from pyelq.source_map import SourceMap  # noqa: PLC0415

    sensors, winds = groups(told)
    places = SourceMap()
    places.location = ENU(ref_latitude=0.0, ref_longitude=0.0, ref_altitude=0.0)
    source = _with(
        Normal(),
        dispersion_model=GaussianPlume(source_map=places),
        reversible_jump=True,
        rate_num_sources=1.0,
        site_limits=told["limits"],
        update_precision=False,
        initial_precision=np.array([1.0 / 2.5**2]),
        emission_rate_mean=np.array([0.0]),
    )
    background = _with(
        TemporalBackground(),
        mean_bg=float(np.median(told["ppm"])),
        initial_precision=1.0 / 1e-3**2,
        precision_time_0=1.0 / 0.1**2,
        update_precision=False,
    )
    noise = _with(
        BySensor(), initial_precision=1.0 / 0.05**2, prior_precision_shape=1e-2, prior_precision_rate=1e-2
    )
    offset = None
    if len(sensors) > 1:
        offset = _with(PerSensor(), update_precision=False, initial_precision=1.0 / 0.02**2)
    gas = CH4()
    source.generate_sources(sensors, winds, gas, nof_sources=5)
    model = ELQModel(
        sensor_object=sensors,
        meteorology=winds,
        gas_species=gas,
        background=background,
        source_model=source,
        error_model=noise,
        offset_model=offset,
    )
    model.n_iter = iterations
    model.initialise()
    model.to_mcmc()
    begin = time.process_time()
    model.run_mcmc()
    used = time.process_time() - begin
    model.from_mcmc()
    return model, used


def _with(thing: Any, **values: Any) -> Any:
    for name, value in values.items():
        if not hasattr(thing, name) and name not in type(thing).__dataclass_fields__:
            raise AttributeError(name)
        setattr(thing, name, value)
    return thing


def groups(told: dict[str, Any]) -> tuple[Any, Any]:
    """The case as the peer's sensors and meteorology."""
    import pandas as pd  # noqa: PLC0415
    from pyelq.coordinate_system import ENU  # noqa: PLC0415
    from pyelq.meteorology.meteorology import Meteorology, MeteorologyGroup  # noqa: PLC0415
    from pyelq.sensor.sensor import Sensor, SensorGroup  # noqa: PLC0415

    sensors, winds = SensorGroup(), MeteorologyGroup()
    for number in np.unique(told["sensor"]):
        mine = told["sensor"] == number
        place = np.column_stack([told[axis][mine] for axis in "xyz"])
        if np.ptp(place, axis=0).max() == 0.0:
            place = place[:1]
        local = ENU(ref_latitude=0.0, ref_longitude=0.0, ref_altitude=0.0)
        local.from_array(place)
        sensor = Sensor()
        sensor.label = f"sensor {int(number)}"
        moments = pd.Timestamp("2030-01-15") + pd.to_timedelta(told["t"][mine], unit="s")
        sensor.time = pd.array(moments, dtype="datetime64[ns]")
        sensor.location = local.to_lla()
        sensor.concentration = told["ppm"][mine]
        sensors.add_sensor(sensor)
        wind = Meteorology()
        wind.label = sensor.label
        wind.time = sensor.time
        wind.u_component, wind.v_component = told["u"][mine], told["v"][mine]
        wind.calculate_wind_speed_from_uv()
        wind.calculate_wind_direction_from_uv()
        wind.temperature, wind.pressure = told["temperature_k"][mine], told["pressure_kpa"][mine]
        wind.wind_turbulence_horizontal = told["theta"][mine]
        wind.wind_turbulence_vertical = told["phi"][mine]
        winds.add_object(wind)
    return sensors, winds


def summarise(east: Any, north: Any, rate: Any) -> list[dict[str, float]]:
    """Reported sources from draws, each array of shape (slot, draw), NaN where a slot is empty."""
    draw = np.broadcast_to(np.arange(rate.shape[1]), rate.shape)
    there = np.isfinite(rate) & np.isfinite(east) & (rate > 0)
    x, y, q, which = east[there], north[there], rate[there], draw[there]
    reported = []
    while x.size:
        cell = 2.0
        counts, edges_x, edges_y = np.histogram2d(
            x,
            y,
            bins=[
                np.arange(x.min() - cell, x.max() + 2 * cell, cell),
                np.arange(y.min() - cell, y.max() + 2 * cell, cell),
            ],
        )
        i, j = np.unravel_index(counts.argmax(), counts.shape)
        near = np.hypot(x - edges_x[i] - cell / 2, y - edges_y[j] - cell / 2) <= RADIUS_M
        total = np.bincount(which[near], q[near], rate.shape[1])
        share = float(np.mean(total > 0))
        if share < 0.05 or not near.any():
            break
        if share >= LEAST_SHARE:
            weight = q[near] / q[near].sum()
            low, middle, high = np.quantile(total[total > 0], [0.05, 0.5, 0.95])
            reported.append({
                "x_m": round(float(weight @ x[near]), 2),
                "y_m": round(float(weight @ y[near]), 2),
                "share": round(share, 3),
                "rate_kg_h": round(float(middle), 4),
                "low_kg_h": round(float(low), 4),
                "high_kg_h": round(float(high), 4),
            })
        x, y, q, which = x[~near], y[~near], q[~near], which[~near]
    return reported


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
