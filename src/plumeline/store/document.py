"""One JSON document that says all of a result: what `plumeline locate --json` prints and `result.json` holds.

Numbers are in the unit that the key names; what does not exist (an infinite limit, a place without an origin) is null.
The schema is `schemas/locate-1.schema.json`; a change that could break a reader raises the version.
"""

from __future__ import annotations

import json
import math
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline import __version__
from plumeline.observations import mean_wind
from plumeline.observations.products import UNUSABLE
from plumeline.store.geojson import geometry_dict, on_earth
from plumeline.store.layers import centre_m, degree_decimals, enclosing_radius_m, rounding_step_m

if TYPE_CHECKING:
    import xarray as xr

    from plumeline.frames import LocalFrame
    from plumeline.observations import Survey
    from plumeline.sources import Interval, Region, SourceEstimate, SourceReport

LOCATE_SCHEMA_VERSION = "1.2"
"""Version of the document; the first number changes when a reader could break."""

PARTS_PER_KILOGRAM = 1e3


def locate_schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    text = resources.files("plumeline.store").joinpath("schemas/locate-1.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def locate_document(report: SourceReport) -> dict[str, Any]:
    """All that a report says, as plain values.

    Args:
        report: what an inversion says.

    Returns:
        A document that matches `locate_schema()`.
    """
    frame = report.survey.frame
    return {
        "schema": "plumeline/locate",
        "schema_version": LOCATE_SCHEMA_VERSION,
        "plumeline_version": __version__,
        "survey": _survey(report.survey),
        "frame": _frame(frame),
        "found": bool(report.sources),
        "probability_no_source": _number(report.probability_no_source),
        "false_alarm_probability": _number(report.false_alarm_probability),
        "log10_bayes_factor": _number(report.log10_bayes_factor),
        "source_count_probability": [_number(value) for value in report.source_count_probability],
        "sources": [_source(source, frame) for source in report.sources],
        "inseparable": [list(names) for names in report.inseparable],
        "minimum_detectable_rate": minimum_detectable_rates(report.detectability),
        "diagnostics": {name: _plain(value) for name, value in sorted(report.diagnostics.items())},
        "warnings": [line for line in report.warnings if line not in report.survey.remarks],
        "remarks": list(report.survey.remarks),
        "provenance": None if report.provenance is None else report.provenance.as_dict(),
    }


def minimum_detectable_rates(detectability: xr.Dataset) -> list[dict[str, Any]]:
    """How small a source each species' survey would have seen, over the surveyed area.

    Args:
        detectability: schema `detectability`.

    Returns:
        Per species: least and median over the cells in which anything could be seen [g s-1], and the share of
        such cells.
    """
    rows = []
    rates = detectability["minimum_detectable_rate"].to_numpy()
    for index, name in enumerate(detectability["species"].to_numpy()):
        finite = rates[index][np.isfinite(rates[index])]
        rows.append({
            "species": str(name),
            "least_g_s": _number(1e3 * finite.min()) if finite.size else None,
            "median_g_s": _number(1e3 * np.median(finite)) if finite.size else None,
            "visible_share": _number(finite.size / rates[index].size),
        })
    return rows


def _survey(survey: Survey) -> dict[str, Any]:
    times = np.concatenate([dataset["time"].to_numpy() for dataset in survey.datasets])
    good = times[~np.isnat(times)]
    return {
        "name": survey.name,
        "start": f"{np.datetime_as_string(good.min(), unit='ms')}Z" if good.size else None,
        "end": f"{np.datetime_as_string(good.max(), unit='ms')}Z" if good.size else None,
        "reading_count": survey.reading_count,
        "used_reading_count": sum(
            int((dataset["quality"].to_numpy() & int(UNUSABLE) == 0).any(axis=1).sum())
            for dataset in survey.datasets
        ),
        "species": list(survey.species),
        "wind": _wind(survey),
        "flights": [_flight(one) for one in survey.parts],
    }


def _flight(survey: Survey) -> dict[str, Any]:
    """One of several flights that a result rests on."""
    whole = _survey(survey)
    return {key: whole[key] for key in ("name", "start", "end", "reading_count", "species", "wind")}


def _wind(survey: Survey) -> dict[str, Any] | None:
    found = mean_wind(survey)
    if found is None:
        return None
    return {
        "from_deg": _number(found.from_deg),
        "spread_deg": _number(found.spread_deg),
        "speed_m_s": _number(found.speed_m_s),
    }


def _frame(frame: LocalFrame) -> dict[str, Any]:
    if frame.origin is None:
        return {"placed": False, "origin_lon_deg": None, "origin_lat_deg": None}
    return {"placed": True, "origin_lon_deg": frame.origin.lon_deg, "origin_lat_deg": frame.origin.lat_deg}


def _source(source: SourceEstimate, frame: LocalFrame) -> dict[str, Any]:
    x_m, y_m = centre_m(source)
    decimals = degree_decimals(rounding_step_m(enclosing_radius_m(source)))
    lon_deg, lat_deg = (
        (round(float(v), decimals) for v in frame.to_lonlat(x_m, y_m)) if frame.is_placed else (None, None)
    )
    return {
        "label": source.label,
        "probability": _number(source.probability),
        "region_centre": {"x_m": x_m, "y_m": y_m, "lon_deg": lon_deg, "lat_deg": lat_deg},
        "radius_90_m": _number(enclosing_radius_m(source)),
        "height_m": _interval(source.height_m, 1.0),
        "region_50": _region(source.region_50, frame),
        "region_90": _region(source.region_90, frame),
        "rates": [
            {
                "species": name,
                **{f"{key}_g_s": value for key, value in _interval(rate, PARTS_PER_KILOGRAM).items()},
            }
            for name, rate in source.rate_kg_s.items()
        ],
        "mixture": [{"species": name, **_interval(share, 1.0)} for name, share in source.mixture.items()],
        "on_share": _interval(source.on_share, 1.0),
        "outside_survey": source.outside_survey or None,
        "flights": [
            {
                "name": one.flight,
                "evidence_nats": _number(one.evidence_nats),
                "on_share": _number(one.on_share),
            }
            for one in source.flights
        ],
    }


def _region(region: Region, frame: LocalFrame) -> dict[str, Any]:
    placed = geometry_dict(on_earth(region.shape, frame), 7) if frame.is_placed else None
    return {
        "probability": region.probability,
        "area_m2": _number(region.area_m2),
        "local_m": geometry_dict(region.shape, 2),
        "geojson": placed,
    }


def _interval(interval: Interval, factor: float) -> dict[str, float | None]:
    return {name: _number(factor * getattr(interval, name)) for name in ("median", "low", "high")}


def _number(value: float) -> float | None:
    return float(f"{float(value):.6g}") if math.isfinite(value) else None


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return _number(value) if isinstance(value, float) else value
