"""A located result as a case needs it: regions in degrees with rates and limits, and what it was made from."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import shape

from plumeline.access.records import utc
from plumeline.cases.findings import (
    MachineScore,
    Quantity,
    SpeciesRate,
    published_region,
    widened_area_m2,
)
from plumeline.errors import InputError
from plumeline.frames import LocalFrame, lonlat
from plumeline.provenance import Provenance
from plumeline.units import RATE_UNITS

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.sources import SourceEstimate, SourceReport


MOST_LOG10 = 1e6
"""Evidence is capped here; a document has null where it is infinite."""


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

    def only(self, labels: Collection[str]) -> Located:
        """The same with some of its sources.

        Args:
            labels: such as S1; all sources when empty.

        Returns:
            The part.

        Raises:
            InputError: there is no such source.
        """
        known = [facts["label"] for facts in self.findings]
        unknown = sorted(set(labels) - set(known))
        if unknown:
            raise InputError(
                f"the result has no source {', '.join(unknown)}",
                remedy=f"it has: {', '.join(known) or 'none'}",
            )
        if not labels:
            return self
        return replace(
            self,
            findings=tuple(facts for facts in self.findings if facts["label"] in labels),
            scores=tuple(score for score in self.scores if score.label in labels),
        )

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
    times = fit["time"].to_numpy()
    return Located(
        findings=tuple(_source(source, report, frame) for source in report.sources),
        scores=tuple(
            _score(
                source.label,
                source.probability,
                {
                    "false_alarm_probability": report.false_alarm_probability,
                    "log10_bayes_factor": report.log10_bayes_factor,
                },
            )
            for source in report.sources
        ),
        probability_no_source=report.probability_no_source,
        frame=frame,
        detectability=report.detectability,
        readings=_readings(fit),
        start=_iso(times.min()),
        end=_iso(times.max()),
        inputs=frozenset(report.provenance.inputs.values()),
        estimate=report.provenance.digest,
        method=report.provenance.version,
    )


def _score(label: str, probability: float, evidence: dict[str, Any]) -> MachineScore:
    bayes = evidence["log10_bayes_factor"]
    return MachineScore(
        label=label,
        probability=min(1.0, max(0.0, probability)),
        false_alarm_probability=min(1.0, max(0.0, evidence["false_alarm_probability"])),
        log10_bayes_factor=MOST_LOG10 if bayes is None else max(-MOST_LOG10, min(MOST_LOG10, bayes)),
    )


def _readings(fit: xr.Dataset) -> frozenset[tuple[str, int]]:
    sensors = np.asarray(fit["sensor_label"].to_numpy()).astype(str)
    millis = fit["time"].to_numpy().astype("datetime64[ms]").astype(int)
    return frozenset(zip(map(str, sensors), map(int, millis), strict=True))


def _source(source: SourceEstimate, report: SourceReport, frame: LocalFrame) -> dict[str, Any]:
    return _facts(
        source.label,
        source.region_90.shape,
        height_m=_quantity(source.height_m),
        rates={name: _quantity(rate) for name, rate in source.rate_kg_s.items()},
        remarks=[*report.warnings, source.outside_survey],
        detectability=report.detectability,
        frame=frame,
    )


def _facts(
    label: str,
    local: shapely.MultiPolygon,
    *,
    height_m: Quantity,
    rates: dict[str, Quantity],
    remarks: list[str],
    detectability: xr.Dataset,
    frame: LocalFrame,
) -> dict[str, Any]:
    region = published_region(local, frame)
    limits = limits_in(detectability, local)
    return {
        "label": label,
        "region_90": region,
        "area_m2": widened_area_m2(region, frame),
        "height_m": height_m,
        "species": tuple(
            SpeciesRate(species=name, rate_kg_s=rate, minimum_detectable_rate_kg_s=limits.get(name))
            for name, rate in rates.items()
        ),
        "remarks": tuple(remark for remark in remarks if remark),
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


def located_from_folder(folder: Path) -> Located:
    """A result folder of `plumeline locate` as a case needs it.

    Args:
        folder: holds `result.json` and one `.nc` file with the groups `detectability` and `fit`.

    Returns:
        The same as `located_of` gives for the report.

    Raises:
        InputError: the folder is not a whole result, has no provenance, or is not placed on Earth.
    """
    try:
        document = json.loads((folder / "result.json").read_bytes())
        place, made = document["frame"], document["provenance"]
        frame = LocalFrame(origin=lonlat(place["origin_lon_deg"], place["origin_lat_deg"]))
        provenance = Provenance(
            inputs=made["inputs"],
            configuration=made["configuration"],
            seed=made["seed"],
            version=made["version"],
        )
        detectability, fit = _arrays(folder)
        return Located(
            findings=tuple(
                _from_document(one, document, detectability, frame) for one in document["sources"]
            ),
            scores=tuple(_score(one["label"], one["probability"], document) for one in document["sources"]),
            probability_no_source=document["probability_no_source"],
            frame=frame,
            detectability=detectability,
            readings=_readings(fit),
            start=_iso(fit["time"].to_numpy().min()),
            end=_iso(fit["time"].to_numpy().max()),
            inputs=frozenset(provenance.inputs.values()),
            estimate=provenance.digest,
            method=provenance.version,
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            "not a whole result that is placed on Earth",
            where=str(folder),
            remedy="give the folder that plumeline locate wrote, of a survey with an origin",
        ) from None


def _arrays(folder: Path) -> tuple[xr.Dataset, xr.Dataset]:
    import xarray as xr  # noqa: PLC0415 (slow to import)

    (path,) = folder.glob("*.nc")
    groups = []
    for name in ("detectability", "fit"):
        with xr.open_dataset(path, group=name, engine="h5netcdf") as dataset:
            groups.append(dataset.load())
    return groups[0], groups[1]


def _from_document(
    source: dict[str, Any], document: dict[str, Any], detectability: xr.Dataset, frame: LocalFrame
) -> dict[str, Any]:
    local: Any = shape(source["region_90"]["local_m"])
    return _facts(
        source["label"],
        local if isinstance(local, shapely.MultiPolygon) else shapely.MultiPolygon([local]),
        height_m=Quantity(**source["height_m"]),
        rates={
            rate["species"]: Quantity(**{
                name: RATE_UNITS["g/s"] * rate[f"{name}_g_s"] for name in ("median", "low", "high")
            })
            for rate in source["rates"]
        },
        remarks=[*document["warnings"], source["outside_survey"]],
        detectability=detectability,
        frame=frame,
    )
