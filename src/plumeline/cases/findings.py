"""What a case is about: located sources as regions, with what limits them and where they come from.

A finding's only position is its 90 % region, in longitude and latitude; the centre, the posterior draws and the 50 %
region of the estimate stay behind. A region smaller than the positions it was made from can support is widened.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import numpy as np
import shapely
from pydantic import Field

from plumeline.access.actors import Marking
from plumeline.access.fences import FenceReport, Jurisdiction
from plumeline.access.records import (
    ActorId,
    Count,
    Digest,
    Instant,
    Label,
    NonNegative,
    Probability,
    Region,
    StreamId,
    Text,
    record,
)
from plumeline.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.frames import LocalFrame
    from plumeline.sources import SourceEstimate

LEAST_RADIUS_M = 10.0
"""Equivalent radius below which a published region is widened: a hand-held satellite receiver's error (decision 0070)."""
REGION_DECIMALS = 6
"""Decimals of a published corner in degrees: 0.1 m."""


@record
class Quantity:
    """A median with its equal-tailed 90 % interval."""

    median: float
    """50 %."""
    low: float
    """5 %."""
    high: float
    """95 %."""


@record
class SpeciesRate:
    """How much of one species a source emits, and how little could have been seen there."""

    species: Label
    """Which gas."""
    rate_kg_s: Quantity
    """Emission rate [kg s-1]."""
    minimum_detectable_rate_kg_s: NonNegative | None
    """Least rate that would have been seen everywhere in the region with probability 0.9 [kg s-1]; None if none."""


@record
class Recording:
    """What the sensors wrote, known by the digests of the files."""

    sha256: Digest
    """Of the sorted digests of its files, as canonical JSON."""
    label: Label
    """What it is; never its path."""
    sensor: Label
    """What wrote it."""
    start: Instant
    """First sample."""
    end: Instant
    """Last sample."""
    samples: Count
    """How many."""
    exercise: bool = False
    """Whether it belongs to an exercise."""
    files: tuple[Digest, ...] = ()
    """SHA-256 of each of its files, sorted; `sha256` is over the canonical JSON of this list."""


@record
class Override:
    """A named decision to use quarantined samples; always shown in the package."""

    actor: ActorId
    """Who decided."""
    ground: Text
    """Why, and under which article."""
    samples: Count
    """How many samples it lets in."""


@record
class Basis:
    """Under which authority the recordings were made, and whether they kept to it."""

    fence: FenceReport
    """The replay of the track against the authority."""
    instrument: Label
    """The authority's instrument of law."""
    article: Label
    """Its article."""
    issuing_body: Label
    """Who issued it."""
    mode: Label
    """Permitted inside, or stand-off."""
    override: Override | None = None
    """If quarantined samples were used, who decided so and why."""


@record
class Finding:
    """One located source."""

    label: Label
    """S1, S2, … within the case."""
    region_90: Region
    """90 % region of its position; no finer position is held anywhere."""
    area_m2: NonNegative
    """Area of the region [m2]."""
    height_m: Quantity
    """Height above ground [m]."""
    species: Annotated[tuple[SpeciesRate, ...], Field(min_length=1)]
    """Rates and limits."""
    jurisdiction: Jurisdiction
    """On which side of a border it lies."""
    first_seen: Instant
    """First sample it rests on."""
    last_seen: Instant
    """Last sample it rests on."""
    recordings: Annotated[tuple[Digest, ...], Field(min_length=1)]
    """The recordings it rests on."""
    estimate: Digest
    """Digest of the estimate's provenance: inputs, configuration, seed, version."""
    method: Label
    """Plumeline's version."""
    remarks: tuple[Text, ...] = ()
    """What a reader must know, from the inversion."""


@record
class MachineScore:
    """What the machine concludes; hidden from a reviewer until the blind score is given."""

    label: Label
    """Of which finding."""
    probability: Probability
    """That there is a source here."""
    false_alarm_probability: Probability
    """That a flight over nothing would give as much evidence."""
    log10_bayes_factor: float
    """Evidence for at least one source over none."""


@record
class Dossier:
    """All that a case is opened with."""

    findings: Annotated[tuple[Finding, ...], Field(min_length=1)]
    """What was located."""
    scores: tuple[MachineScore, ...]
    """What the machine thinks of it."""
    recordings: Annotated[tuple[Recording, ...], Field(min_length=1)]
    """What it rests on."""
    basis: Basis
    """Under which authority."""
    marking: Marking
    """Who may see it."""
    probability_no_source: Probability
    """That nothing emits here at all."""
    reactivation_of: StreamId | None = None
    """A closed case at the same place, if there is one."""


def published_region(region: shapely.MultiPolygon, frame: LocalFrame) -> shapely.MultiPolygon:
    """A 90 % region as it leaves the local frame: in degrees, and never smaller than positions can be known.

    Args:
        region: outline in the local frame [m].
        frame: the local frame; must be placed on Earth.

    Returns:
        Outline in longitude, latitude [degrees].

    Raises:
        InputError: the region is empty, or the frame has no place on Earth.
    """
    if region.is_empty or not region.area > 0:
        raise InputError("a source without a 90 % region cannot become a finding")
    radius_m = math.sqrt(region.area / math.pi)
    wide = region if radius_m >= LEAST_RADIUS_M else region.buffer(LEAST_RADIUS_M - radius_m)

    def to_degrees(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        lon, lat = frame.to_lonlat(corners[:, 0], corners[:, 1])
        return np.column_stack([np.round(lon, REGION_DECIMALS), np.round(lat, REGION_DECIMALS)])

    made = shapely.make_valid(shapely.transform(wide, to_degrees))
    pieces = [part for part in getattr(made, "geoms", [made]) if isinstance(part, shapely.Polygon)]
    return shapely.MultiPolygon([part for part in pieces if part.area > 0])


def widened_area_m2(region: shapely.MultiPolygon, frame: LocalFrame) -> float:
    """Area of a published region [m2]."""

    def to_plane(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(frame.to_local(corners[:, 0], corners[:, 1]))

    return float(shapely.transform(region, to_plane).area)


def quantity(interval: object) -> Quantity:
    """A `sources.Interval` as a record."""
    return Quantity(median=interval.median, low=interval.low, high=interval.high)  # type: ignore[attr-defined]


def score_of(source: SourceEstimate, *, false_alarm: float, log10_bayes: float) -> MachineScore:
    """The machine's opinion of one source."""
    return MachineScore(
        label=source.label,
        probability=min(1.0, max(0.0, source.probability)),
        false_alarm_probability=min(1.0, max(0.0, false_alarm)),
        log10_bayes_factor=log10_bayes,
    )
