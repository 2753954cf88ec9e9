"""Facts about sources as frozen records; arrays stay in the datasets beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from shapely import MultiPolygon

    from plumeline.observations import Survey
    from plumeline.provenance import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A central value and its equal-tailed 90 % interval, all in the same unit."""

    median: float
    """Posterior median."""
    low: float
    """5 % quantile."""
    high: float
    """95 % quantile."""


ALWAYS_ON = Interval(median=1.0, low=1.0, high=1.0)
"""Share of time on of a steady source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A highest-density region of a source's position, possibly in several pieces."""

    probability: float
    """Probability that the source lies inside, 0 to 1."""
    shape: MultiPolygon
    """Outline in the survey's local frame [m]."""
    area_m2: float
    """Area [m2]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightSupport:
    """What one of several flights says of a source."""

    flight: str
    """Name of the survey."""
    evidence_nats: float
    """Evidence of this flight's readings alone, posterior mean [nats]; a source is claimed from about 11 on."""
    on_share: float
    """Share of this flight during which the source was on, posterior mean, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEstimate:
    """One located source. Its centre is a label for the region, never a finer position than the region itself."""

    label: str
    """"S1", "S2", … by decreasing probability of being there."""
    x_m: float
    """East of the region's centre in the local frame [m]."""
    y_m: float
    """North of the region's centre in the local frame [m]."""
    height_m: Interval
    """Height above ground [m]."""
    region_50: Region
    """50 % region."""
    region_90: Region
    """90 % region."""
    rate_kg_s: Mapping[str, Interval]
    """Emission rate per species [kg s-1], given that the source is there."""
    probability: float
    """Posterior probability that there is a source here, 0 to 1."""
    mixture: Mapping[str, Interval] = field(default_factory=dict)
    """Share of each species in the whole mass rate, 0 to 1; empty when there is one species."""
    on_share: Interval = ALWAYS_ON
    """Share of the survey during which it emitted, 0 to 1; the rate is that while it was on."""
    outside_survey: str = ""
    """Empty, or "outside, to the north-east" when the region reaches beyond what was surveyed."""
    flights: tuple[FlightSupport, ...] = ()
    """What each flight says of it, where several were joined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """All that an inversion says about a survey."""

    survey: Survey
    """What went in."""
    sources: tuple[SourceEstimate, ...]
    """Reported sources; empty when "no source" is the answer."""
    source_count_probability: tuple[float, ...]
    """Posterior probability of 0, 1, 2, … sources."""
    probability_no_source: float
    """Posterior probability that nothing emits here."""
    log10_bayes_factor: float
    """log10 of the evidence for "at least one source" over "no source"."""
    false_alarm_probability: float
    """Chance that a flight like this over nothing would give at least this much evidence, 0 to 1."""
    posterior: xr.Dataset
    """Schema `posterior`."""
    detectability: xr.Dataset
    """Schema `detectability`."""
    fit: xr.Dataset
    """Schema `fit`."""
    diagnostics: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    """Sampler and model checks by name."""
    warnings: tuple[str, ...] = ()
    """What the reader must know before using the answer, in plain sentences."""
    inseparable: tuple[tuple[str, ...], ...] = ()
    """Gases that these sensors cannot tell apart; each set has one rate under one name, "acetone or toluene"."""
    provenance: Provenance | None = None
    """Inputs, configuration, seed, version."""
