"""Named fakes: reports with an analytic posterior, so that what shows a result can be tested before and without an inversion.

The fake flight is a lawn-mower downwind of a source; readings follow a Gaussian plume with power-law spread, the
posterior is a bivariate normal, its regions are that normal's own ellipses, and detectability is a closed formula.
"""

import math
from dataclasses import replace

import numpy as np
import shapely
import xarray as xr

from plumeline.frames import LocalFrame, lonlat
from plumeline.observations import Survey
from plumeline.provenance import Provenance
from plumeline.sources import Interval, Region, SourceEstimate, SourceReport

ORIGIN = lonlat(4.8721, 52.3314)
NO_SOURCE_REMARK = "no wind sensor on board: wind is from the airport 7 km away"
SPECIES = ("methane", "acetone")
MOLAR_MASS_KG_MOL = {"methane": 0.01604, "acetone": 0.05808}
RATE_KG_S = {"methane": 4e-4, "acetone": 6e-5}
BACKGROUND_KG_M3 = {"methane": 1.3e-6, "acetone": 0.0}
NOISE_KG_M3 = 6e-8
START = np.datetime64("2026-03-02T09:40:00", "ns")
SOURCE = (12.0, -8.0)
COVARIANCE_M2 = np.array([[64.0, 18.0], [18.0, 25.0]])
WIND_M_S = (0.6, 3.4)


def _plume(x_m, y_m, z_m, at, rate_kg_s):
    """Gaussian plume toward north [kg m-3]."""
    along = np.maximum(y_m - at[1], 0.1)
    sigma_y, sigma_z = 0.22 * along**0.9 + 0.5, 0.14 * along**0.9 + 0.5
    cross = (x_m - at[0] - WIND_M_S[0] / WIND_M_S[1] * along) / sigma_y
    vertical = np.exp(-0.5 * ((z_m - 1.0) / sigma_z) ** 2) + np.exp(-0.5 * ((z_m + 1.0) / sigma_z) ** 2)
    value = rate_kg_s / (2 * math.pi * WIND_M_S[1] * sigma_y * sigma_z) * np.exp(-0.5 * cross**2) * vertical
    return np.where(y_m > at[1], value, 0.0)


def _track(count):
    """Lawn-mower of six east-west legs, north of the source: time, x, y, z."""
    phase = np.linspace(0.0, 6.0, count, endpoint=False)
    leg = np.floor(phase).astype(int)
    along = phase - leg
    x_m = np.where(leg % 2 == 0, -60 + 120 * along, 60 - 120 * along)
    y_m = 15.0 + 14.0 * leg
    z_m = np.full(count, 6.0)
    time = START + (np.arange(count) * 2_000_000_000).astype("timedelta64[ns]")
    return time, x_m, y_m, z_m


def _reading(dims, values, units=None):
    return (dims, values, {} if units is None else {"units": units})


def _common(time, species, measured, quality):
    count = time.size
    one = ("reading",)
    both = ("reading", "species")
    full = np.ones(count)
    return {
        "time": _reading(one, time),
        "sensor": _reading(one, np.zeros(count, int)),
        "sensor_name": _reading(("sensor_index",), np.array(["nose"])),
        "species": _reading(("species",), np.array(species)),
        "quality": _reading(both, quality),
        "wind_eastward": _reading(one, WIND_M_S[0] + 0.3 * np.sin(np.arange(count) / 9.0), "m s-1"),
        "wind_northward": _reading(one, WIND_M_S[1] + 0.3 * np.cos(np.arange(count) / 7.0), "m s-1"),
        "wind_sigma": _reading(one, 0.4 * full, "m s-1"),
        "wind_height": _reading(one, 3.0 * full, "m"),
        "mass_concentration": _reading(both, measured, "kg m-3"),
        "mass_concentration_sigma": _reading(both, np.full(measured.shape, NOISE_KG_M3), "kg m-3"),
        "detection_limit": _reading(both, np.full(measured.shape, 2 * NOISE_KG_M3), "kg m-3"),
        "molar_mass": _reading(("species",), np.array([MOLAR_MASS_KG_MOL[s] for s in species]), "kg mol-1"),
    }


def fake_survey(*, count=240, species=("methane",), placed=True, open_path=False, emitting=True):
    """A lawn-mower flight (or a set of paths) past one source."""
    rng = np.random.default_rng(11)
    time, x_m, y_m, z_m = _track(count)
    clean = np.column_stack([
        BACKGROUND_KG_M3[name] + emitting * _plume(x_m, y_m, z_m, SOURCE, RATE_KG_S[name]) for name in species
    ])
    measured = clean + NOISE_KG_M3 * rng.standard_normal(clean.shape)
    quality = np.zeros(measured.shape, int)
    quality[5] = 16
    quality[6] = 4
    measured[6] = np.nan
    common = _common(time, species, measured, quality)
    names = ("x", "y", "z") if not open_path else ("x_start", "y_start", "z_start", "x_end", "y_end", "z_end")
    places = dict(zip(names, (x_m, y_m, z_m, x_m + 25.0, y_m + 4.0, z_m), strict=False))
    dataset = xr.Dataset(common | {k: _reading(("reading",), v, "m") for k, v in places.items()})
    return Survey(
        name="fake flight",
        frame=LocalFrame(origin=ORIGIN if placed else None),
        in_situ=None if open_path else dataset,
        open_path=dataset if open_path else None,
        inputs={"flight.csv": "0" * 64},
        remarks=(NO_SOURCE_REMARK,),
    )


def _region(probability, at, covariance_m2):
    """Highest-density ellipse of a bivariate normal."""
    radius = math.sqrt(-2 * math.log(1 - probability))
    angle = np.linspace(0.0, 2 * math.pi, 72, endpoint=False)
    ring = radius * np.linalg.cholesky(covariance_m2) @ np.vstack([np.cos(angle), np.sin(angle)])
    shape = shapely.MultiPolygon([shapely.Polygon(np.column_stack([ring[0] + at[0], ring[1] + at[1]]))])
    return Region(probability=probability, shape=shape, area_m2=float(shape.area))


def _estimate(label, at, covariance_m2, species, probability):
    return SourceEstimate(
        label=label,
        x_m=at[0],
        y_m=at[1],
        height_m=Interval(median=1.1, low=0.2, high=2.6),
        region_50=_region(0.5, at, covariance_m2),
        region_90=_region(0.9, at, covariance_m2),
        rate_kg_s={
            s: Interval(median=RATE_KG_S[s], low=0.6 * RATE_KG_S[s], high=1.7 * RATE_KG_S[s]) for s in species
        },
        probability=probability,
    )


def _posterior(species, sources, draws=400):
    rng = np.random.default_rng(5)
    slots = max(len(sources), 1)
    place = np.full((draws, slots, 2), np.nan)
    rate = np.full((draws, slots, len(species)), np.nan)
    for slot, (at, covariance) in enumerate(sources):
        place[:, slot] = rng.multivariate_normal(at, covariance, draws)
        for column, name in enumerate(species):
            rate[:, slot, column] = RATE_KG_S[name] * np.exp(0.3 * rng.standard_normal(draws))
    gone = rng.random(draws) < (0.02 if sources else 0.91)
    place[gone], rate[gone] = np.nan, np.nan
    height = np.where(np.isnan(place[..., 0]), np.nan, rng.uniform(0.1, 2.7, (draws, slots)))
    two = ("draw", "slot")
    return xr.Dataset({
        "source_count": _reading(("draw",), np.isfinite(place[..., 0]).sum(axis=1)),
        "x": _reading(two, place[..., 0], "m"),
        "y": _reading(two, place[..., 1], "m"),
        "z": _reading(two, height, "m"),
        "rate": _reading(("draw", "slot", "species"), rate, "kg s-1"),
        "species": _reading(("species",), np.array(species)),
        "log_likelihood": _reading(("draw",), -0.5 * rng.chisquare(5, draws), "1"),
    })


def _detectability(species):
    x_m, y_m = np.arange(-100.0, 101.0, 8.0), np.arange(-100.0, 121.0, 8.0)
    east, north = np.meshgrid(x_m, y_m)
    below = 4e-6 * (1 + (east / 40) ** 2) * np.exp(np.abs(north - 5) / 45)
    rate = np.stack([np.where(north < 95, below * (column + 1), np.inf) for column in range(len(species))])
    return xr.Dataset({
        "x": _reading(("x",), x_m, "m"),
        "y": _reading(("y",), y_m, "m"),
        "species": _reading(("species",), np.array(species)),
        "minimum_detectable_rate": _reading(("species", "y", "x"), rate, "kg s-1"),
    })


def _fit(survey, species, emitting):
    parts = []
    dataset = survey.datasets[0]
    for column, name in enumerate(species):
        good = dataset["quality"].to_numpy()[:, column] == 0
        x_name = "x" if "x" in dataset else "x_start"
        x_m, y_m = (dataset[n].to_numpy()[good] for n in (x_name, x_name.replace("x", "y", 1)))
        above = emitting * _plume(x_m, y_m, 6.0, SOURCE, RATE_KG_S[name])
        observed = dataset["mass_concentration"].to_numpy()[good, column]
        background = np.full(above.shape, BACKGROUND_KG_M3[name])
        sigma = NOISE_KG_M3 + 0.25 * above
        parts.append({
            "time": dataset["time"].to_numpy()[good],
            "sensor_label": np.full(above.shape, "nose"),
            "species_label": np.full(above.shape, name),
            "x": x_m,
            "y": y_m,
            "observed": observed,
            "background": background,
            "predicted": background + above,
            "predicted_low": background + above - 1.64 * sigma,
            "predicted_high": background + above + 1.64 * sigma,
            "standard_residual": (observed - background - above) / sigma,
        })
    units = {"x": "m", "y": "m", "standard_residual": "1"} | dict.fromkeys(
        ["observed", "background", "predicted", "predicted_low", "predicted_high"], "kg m-3"
    )
    return xr.Dataset({
        k: _reading(("reading",), np.concatenate([part[k] for part in parts]), units.get(k)) for k in parts[0]
    })


def fake_report(*, sources=1, species=("methane",), placed=True, open_path=False, count=240):
    """A report about 0, 1 or 2 sources with an analytic posterior."""
    survey = fake_survey(
        count=count, species=species, placed=placed, open_path=open_path, emitting=sources > 0
    )
    places = [(SOURCE, COVARIANCE_M2), ((-38.0, 22.0), COVARIANCE_M2 * 2.5)][:sources]
    estimates = tuple(
        _estimate(f"S{i + 1}", at, covariance, species, 0.98 - 0.2 * i)
        for i, (at, covariance) in enumerate(places)
    )
    none = 0.02 if sources else 0.91
    report = SourceReport(
        survey=survey,
        sources=estimates,
        source_count_probability=(none, 1 - none - 0.01, 0.01),
        probability_no_source=none,
        log10_bayes_factor=3.2 if sources else -0.9,
        false_alarm_probability=0.001 if sources else 0.62,
        posterior=_posterior(species, places),
        detectability=_detectability(species),
        fit=_fit(survey, species, sources > 0),
        diagnostics={"effective_sample_size": 1234.5, "swap_rate": 0.31, "converged": True, "chains": 4},
        warnings=("the wind turned by 20° during the flight",) if sources else (),
        provenance=Provenance(
            inputs=survey.inputs, configuration={"draws": 400, "species": list(species)}, seed=7
        ),
    )
    if sources > 1:
        outside = replace(estimates[1], outside_survey="outside, to the west")
        report = replace(report, sources=(estimates[0], outside))
    return report
