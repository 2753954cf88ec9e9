"""Flights to assess: read back from result folders of `plumeline locate`, or located here from a survey."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from plumeline.errors import ReadError
from plumeline.facilities import Phrase, WindNow
from plumeline.frames import LocalFrame, lonlat
from plumeline.observations import mean_wind
from plumeline.sources import Flight, Interval, Region, SourceEstimate, flight_of, infer
from plumeline.sources.estimate import ALWAYS_ON
from plumeline.sources.flight import middle_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from plumeline.observations import Survey
    from plumeline.sources import SourceReport

GRAMS = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownFlight:
    """A flight with what only its survey knows."""

    flight: Flight
    """For fusion."""
    wind: WindNow | None
    """Mean wind of the flight; None when the result does not hold it."""
    warnings: tuple[str, ...]
    """What the reader of the result must know."""


def read_flight(path: Path) -> KnownFlight:
    """Read one flight.

    Args:
        path: a result folder of `plumeline locate`, or a survey (file, folder or TOML), which is located first.

    Returns:
        The flight.

    Raises:
        ReadError: a result folder is broken.
        PlumelineError: the survey cannot be used; see `plumeline.errors`.
    """
    if (path / "result.json").is_file():
        return _from_folder(path)
    from plumeline.workflows.ingest import load_survey  # noqa: PLC0415 (slow to import)

    return known_flight(infer(load_survey(path)))


def known_flight(report: SourceReport) -> KnownFlight:
    """A flight that was just located.

    Args:
        report: what the inversion says.

    Returns:
        The flight with its wind.
    """
    wind = _survey_wind(report.survey)
    return KnownFlight(flight=flight_of(report), wind=wind, warnings=report.warnings)


def _of_survey(name: str) -> Phrase:
    return Phrase(f"survey {name}", es=f"vuelo {name}")


def _survey_wind(survey: Survey) -> WindNow | None:
    found = mean_wind(survey)
    if found is None:
        return None
    return WindNow(
        from_deg=found.from_deg,
        spread_deg=found.spread_deg,
        speed_m_s=found.speed_m_s,
        source=_of_survey(survey.name),
    )


def _stored_wind(entry: Mapping[str, Any]) -> WindNow | None:
    """Wind as the result folder holds it; results written before schema 1.1 hold none."""
    wind = entry.get("wind")
    return WindNow(**wind, source=_of_survey(entry["name"])) if wind is not None else None


def _from_folder(path: Path) -> KnownFlight:
    import xarray as xr  # noqa: PLC0415 (slow to import)

    try:
        document = json.loads((path / "result.json").read_text(encoding="utf-8"))
        groups = {
            name: xr.load_dataset(path / "result.nc", group=name, engine="h5netcdf")
            for name in ("posterior", "detectability", "fit")
        }
        flight = Flight(
            name=document["survey"]["name"],
            time=_middle(document, groups["fit"]),
            frame=_frame(document["frame"]),
            sources=tuple(_source(entry) for entry in document["sources"]),
            posterior=groups["posterior"],
            detectability=groups["detectability"],
        )
        wind = _stored_wind(document["survey"])
        warnings = tuple(document.get("warnings", ()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReadError(
            f"is no whole result folder: {error}", where=str(path), remedy="locate the survey again"
        ) from None
    return KnownFlight(flight=flight, wind=wind, warnings=warnings)


def _middle(document: Mapping[str, Any], fit: Any) -> np.datetime64:
    survey = document["survey"]
    if survey.get("start") and survey.get("end"):
        ends = [np.datetime64(survey[key].removesuffix("Z"), "ms") for key in ("start", "end")]
        return middle_of(np.array(ends))
    return middle_of(fit["time"].to_numpy())


def _frame(entry: Mapping[str, Any]) -> LocalFrame:
    if not entry["placed"]:
        return LocalFrame(origin=None)
    return LocalFrame(origin=lonlat(entry["origin_lon_deg"], entry["origin_lat_deg"]))


def _source(entry: Mapping[str, Any]) -> SourceEstimate:
    return SourceEstimate(
        label=entry["label"],
        x_m=entry["region_centre"]["x_m"],
        y_m=entry["region_centre"]["y_m"],
        height_m=_interval(entry["height_m"], "", 1.0),
        region_50=_region(entry["region_50"]),
        region_90=_region(entry["region_90"]),
        rate_kg_s={rate["species"]: _interval(rate, "_g_s", GRAMS) for rate in entry["rates"]},
        probability=entry["probability"],
        # Results written before this was reported are of steady sources.
        on_share=_interval(entry["on_share"], "", 1.0) if "on_share" in entry else ALWAYS_ON,
        outside_survey=entry.get("outside_survey") or "",
    )


def _interval(entry: Mapping[str, Any], suffix: str, factor: float) -> Interval:
    return Interval(**{key: factor * entry[f"{key}{suffix}"] for key in ("median", "low", "high")})


def _region(entry: Mapping[str, Any]) -> Region:
    shape = shapely.from_geojson(json.dumps(entry["local_m"]))
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
    whole = shapely.MultiPolygon(parts)
    return Region(probability=entry["probability"], shape=whole, area_m2=entry["area_m2"])
