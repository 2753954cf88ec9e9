"""A located result as a case needs it: regions in degrees with rates and limits, and what it was made from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from plumeline.access.records import utc
from plumeline.cases.findings import (
    MachineScore,
    Quantity,
    SpeciesRate,
    published_region,
    widened_area_m2,
)
from plumeline.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.frames import LocalFrame
    from plumeline.sources import SourceReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A located result, as a case needs it: from a report in memory or a result folder."""

    findings: tuple[dict[str, Any], ...]
    """Per source: label, region (degrees), area, height, rates, limits, remarks."""
    scores: tuple[MachineScore, ...]
    """What the machine thinks of each."""
    probability_no_source: float
    """That nothing emits here at all."""
    frame: LocalFrame
    """The local frame of `detectability`."""
    detectability: xr.Dataset
    """Schema `detectability`: what this flight could have seen."""
    readings: frozenset[tuple[str, int]]
    """Sensor and time [ms since 1970] of every reading that was used."""
    start: str
    """First of them."""
    end: str
    """Last of them."""
    inputs: frozenset[str]
    """Digests of the files it came from."""
    estimate: str
    """Digest of its provenance."""
    method: str
    """Plumeline's version."""

    @property
    def ended(self) -> datetime:
        """Time of the last reading, UTC."""
        return utc(self.end)

    def limits_over(self, regions: list[shapely.MultiPolygon]) -> dict[str, float]:
        """Per species, the worst minimum detectable rate over regions in degrees [kg s-1].

        A region that the flight did not cover gives no limit: its cells are not in `detectability`.
        """

        def to_plane(corners: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.column_stack(self.frame.to_local(corners[:, 0], corners[:, 1]))

        worst: dict[str, float] = {}
        for index, region in enumerate(regions):
            limits = limits_in(self.detectability, shapely.transform(region, to_plane))
            worst = {
                name: max(worst.get(name, 0.0), value)
                for name, value in limits.items()
                if index == 0 or name in worst
            }
        return worst


def located_of(report: SourceReport) -> Located:
    """A report as a case needs it.

    Args:
        report: what an inversion says; its survey must be placed on Earth.

    Returns:
        Regions in degrees, without centres, draws or 50 % regions.

    Raises:
        InputError: it has no provenance or no place on Earth.
    """
    if report.provenance is None:
        raise InputError("the result has no provenance, so nothing can be traced from it")
    frame = report.survey.frame
    fit = report.fit
    sensors = np.asarray(fit["sensor_label"].to_numpy()).astype(str)
    times = fit["time"].to_numpy()
    return Located(
        findings=tuple(_source(source, report, frame) for source in report.sources),
        scores=tuple(
            MachineScore(
                label=source.label,
                probability=min(1.0, max(0.0, source.probability)),
                false_alarm_probability=min(1.0, max(0.0, report.false_alarm_probability)),
                log10_bayes_factor=max(-1e6, min(1e6, report.log10_bayes_factor)),
            )
            for source in report.sources
        ),
        probability_no_source=report.probability_no_source,
        frame=frame,
        detectability=report.detectability,
        readings=frozenset(
            zip(map(str, sensors), map(int, times.astype("datetime64[ms]").astype(int)), strict=True)
        ),
        start=_iso(times.min()),
        end=_iso(times.max()),
        inputs=frozenset(report.provenance.inputs.values()),
        estimate=report.provenance.digest,
        method=report.provenance.version,
    )


def _source(source: Any, report: SourceReport, frame: LocalFrame) -> dict[str, Any]:
    region = published_region(source.region_90.shape, frame)
    limits = limits_in(report.detectability, source.region_90.shape)
    return {
        "label": source.label,
        "region_90": region,
        "area_m2": widened_area_m2(region, frame),
        "height_m": _quantity(source.height_m),
        "species": tuple(
            SpeciesRate(
                species=name, rate_kg_s=_quantity(rate), minimum_detectable_rate_kg_s=limits.get(name)
            )
            for name, rate in source.rate_kg_s.items()
        ),
        "remarks": tuple(
            text for text in (*report.warnings, *((source.outside_survey,) if source.outside_survey else ()))
        ),
    }


def _quantity(interval: Any) -> Quantity:
    return Quantity(median=interval.median, low=interval.low, high=interval.high)


def limits_in(detectability: xr.Dataset, region: shapely.MultiPolygon) -> dict[str, float]:
    """Per species, the worst minimum detectable rate over a region [kg s-1]; without those that are infinite.

    Args:
        detectability: schema `detectability`.
        region: in the same local frame [m].

    Returns:
        Species to rate.
    """
    x, y = np.meshgrid(detectability["x"].to_numpy(), detectability["y"].to_numpy())
    inside: NDArray[np.bool_] = np.asarray(shapely.contains_xy(region, x, y))
    west, south, east, north = region.bounds
    if west < x.min() or east > x.max() or south < y.min() or north > y.max():
        return {}
    if not inside.any():
        middle = region.representative_point()
        inside = np.zeros(x.shape, bool)
        inside[np.unravel_index(np.hypot(x - middle.x, y - middle.y).argmin(), x.shape)] = True
    rates = detectability["minimum_detectable_rate"].to_numpy()
    worst = {
        str(name): float(rates[index][inside].max())
        for index, name in enumerate(detectability["species"].to_numpy())
    }
    return {name: value for name, value in worst.items() if math.isfinite(value)}


def _iso(value: np.datetime64) -> str:
    return f"{np.datetime_as_string(value, unit='ms')}Z"
