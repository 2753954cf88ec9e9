"""Flights in, sites out: fusion, explanations, buildings, activity, neighbours and the responder sheet of each site.

This is the verb behind `plumeline assess`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ConfigurationError
from plumeline.facilities import (
    Activity,
    Assessment,
    BuildingRanking,
    Neighbours,
    Phrase,
    Prior,
    Responder,
    Room,
    Settling,
    WindNow,
    assess_activity,
    explain,
    rank_buildings,
    read_footprints,
    read_register,
    search_register,
    settle,
    shipped_profiles,
    survey_neighbours,
    unknown_footprints,
)
from plumeline.sources import fuse, told_apart
from plumeline.workflows.flights import read_flight
from plumeline.workflows.site_evidence import evidence_of, looks_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from plumeline.facilities import Profile, Register
    from plumeline.sources import FusedSite
    from plumeline.workflows.flights import KnownFlight


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessRequest:
    """What to assess, with what beside it."""

    flights: tuple[Path, ...]
    """Result folders of `plumeline locate`, or surveys."""
    footprints: Path | None = None
    """Building footprints."""
    register: Path | None = None
    """Known places: CSV or OSM."""
    osm: Path | None = None
    """OSM extract, for schools and clinics."""
    population: Path | None = None
    """Population grid."""
    vintage: str = ""
    """Year of the population grid; looked for in its name when empty."""
    wind: WindNow | None = None
    """Wind at the site; that of the last flight when None."""
    forecast: tuple[WindNow, ...] = ()
    """Wind to come."""
    utc_offset_h: float = 0.0
    """Local time minus UTC [h], for opening hours."""
    now: datetime | None = None
    """Time to speak of, UTC; the last flight when None, so that the same input gives the same answer."""
    prior: Prior = field(default_factory=Prior)
    """Prior of the explanations."""
    profiles: tuple[Profile, ...] = ()
    """Profiles from a sealed pack, beside the shipped ones."""
    room: Room = field(default_factory=Room)
    """Room behind the vent, stated."""
    is_exercise: bool = False
    """Whether this is an exercise."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteAssessment:
    """All that is known of one site."""

    site: FusedSite
    """Where, how much, when."""
    explanations: Assessment
    """What it may be."""
    settling: tuple[Settling, ...]
    """What would settle it."""
    buildings: BuildingRanking
    """Whose it may be."""
    activity: Activity
    """Whether it is active."""
    neighbours: Neighbours
    """Whom it concerns."""
    wind: WindNow | None
    """Wind for the approach."""
    responder: Responder
    """The responder sheet's content."""
    warnings: tuple[str, ...]
    """What the reader must know."""


def assess(request: AssessRequest) -> tuple[SiteAssessment, ...]:
    """Assess every site that the flights show.

    Args:
        request: what to assess.

    Returns:
        Sites, those with most hits first; empty when no flight located a source.

    Raises:
        ConfigurationError: no flight was given.
        PlumelineError: a file cannot be used; see `plumeline.errors`.
    """
    if not request.flights:
        raise ConfigurationError("there is no flight to assess", remedy="give result folders or surveys")
    known = [read_flight(path) for path in request.flights]
    return assess_flights(known, request)


def assess_flights(known: Sequence[KnownFlight], request: AssessRequest) -> tuple[SiteAssessment, ...]:
    """Assess flights that are in memory.

    Args:
        known: the flights.
        request: what stands beside them.

    Returns:
        Sites, those with most hits first.

    Raises:
        PlumelineError: a file cannot be used; see `plumeline.errors`.
    """
    flights = told_apart([one.flight for one in known])
    known = [replace(one, flight=flight) for one, flight in zip(known, flights, strict=True)]
    sites = fuse(flights)
    return tuple(_assess_site(site, known, request) for site in sites)


def _assess_site(site: FusedSite, known: Sequence[KnownFlight], request: AssessRequest) -> SiteAssessment:
    looks = looks_of(site)
    now = request.now or looks[-1].time + timedelta(minutes=1)
    wind = request.wind or _last_wind(known)
    region = site.region_90.shape
    register = read_register(request.register, site.frame) if request.register is not None else None
    evidence = evidence_of(
        site,
        [one.flight for one in known],
        search_register(register, region),
        utc_offset_h=request.utc_offset_h,
    )
    explanations = explain(evidence, profiles=(*shipped_profiles(), *request.profiles), prior=request.prior)
    buildings = _buildings(site, request)
    activity = assess_activity(looks, now)
    neighbours = _neighbours(site, wind, register, request)
    return SiteAssessment(
        site=site,
        explanations=explanations,
        settling=settle(explanations),
        buildings=buildings,
        activity=activity,
        neighbours=neighbours,
        wind=wind,
        responder=Responder(
            site=site.label,
            now=now,
            region=site.region_90,
            rate_kg_s={
                name: rate
                for name, rate in site.rate_kg_s.items()
                if evidence.mixture is None or name in evidence.mixture.rate_kg_s
            },
            height_m=float(np.median([one.estimate.height_m.median for one in site.sightings])),
            activity=activity,
            wind=wind,
            forecast=request.forecast,
            buildings=buildings,
            neighbours=neighbours,
            assessment=explanations,
            room=request.room,
            is_exercise=request.is_exercise,
        ),
        warnings=tuple(dict.fromkeys([*site.remarks, *(line for one in known for line in one.warnings)])),
    )


def _last_wind(known: Sequence[KnownFlight]) -> WindNow | None:
    """Mean wind of the last flight that had one."""
    windy = [one for one in known if one.wind is not None]
    return max(windy, key=lambda one: one.flight.time).wind if windy else None


def _buildings(site: FusedSite, request: AssessRequest) -> BuildingRanking:
    x_m, y_m = site.points_m[:, 0], site.points_m[:, 1]
    if request.footprints is None:
        footprints = unknown_footprints(
            Phrase("no footprint file was given", es="no se dio un archivo de edificios")
        )
    elif not site.frame.is_placed:
        footprints = unknown_footprints(
            Phrase("the survey is not placed on Earth", es="el vuelo no está situado en la Tierra")
        )
    else:
        footprints = read_footprints(
            request.footprints, site.frame, x_m=float(x_m.mean()), y_m=float(y_m.mean())
        )
    return rank_buildings(x_m, y_m, footprints)


def _neighbours(
    site: FusedSite, wind: WindNow | None, register: Register | None, request: AssessRequest
) -> Neighbours:
    if not site.frame.is_placed:
        return Neighbours(
            receptors=None,
            people=(),
            vintage=Phrase("no population grid", es="sin malla de población"),
            source=Phrase("the survey is not placed on Earth", es="el vuelo no está situado en la Tierra"),
        )
    return survey_neighbours(
        site.frame,
        site.region_90.shape,
        toward_deg=None if wind is None else (wind.from_deg + 180) % 360,
        osm=request.osm,
        register=register,
        population=request.population,
        vintage=request.vintage,
    )
