"""Sources of several flights become sites: same place, same gases, one history.

Two sightings are one site when their positions are more likely to be the same than two places of the area, and their
gases keep their ratios; the rate itself may change between flights. What a flight over the site did not see counts as
a visit with its detection limit. Several hits are needed before a site is brought to anybody's attention.

References: Stone, Streit, Corwin and Bell, Bayesian Multiple Target Tracking, 2nd edition, chapter 4 (association by
likelihood ratio); the several-hits rule is that of the European project LOTUS, https://cordis.europa.eu/project/id/217925.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from plumeline.errors import InputError
from plumeline.sources.estimate import Interval, Region, SourceEstimate
from plumeline.sources.flight import Flight, draws_of, limits_at
from plumeline.sources.regions import highest_density_region

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from plumeline.frames import LocalFrame

    Floats = NDArray[np.float64]

DRAWS = 1500
"""Draws of a fused position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionSettings:
    """When two sightings are one site."""

    position_sigma_m: float = 3.0
    """Error between flights that no flight knows of (clock, GNSS, wind), per axis [m]."""
    ratio_sigma: float = 0.3
    """Change of ln(ratio of two gases) of one place between flights."""
    other_ratio_sigma: float = 2.0
    """Difference of ln(ratio) between two different places."""
    alert_hits: int = 2
    """Hits before a site is brought to attention."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sighting:
    """One source of one flight."""

    flight: str
    """Name of the survey."""
    time: np.datetime64
    """Middle of the flight, UTC."""
    estimate: SourceEstimate
    """What the flight says of it."""
    points_m: Floats
    """Draws of its position in the common frame [m], shape (draw, 2)."""
    ln_rate: Mapping[str, tuple[float, float]]
    """Median and standard deviation of ln(rate) by species."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteVisit:
    """One flight over a site."""

    flight: str
    """Name of the survey."""
    time: np.datetime64
    """Middle of the flight, UTC."""
    is_seen: bool
    """Whether a source was located there."""
    limit_kg_s: Mapping[str, float]
    """Least rate that would have been seen there, by species [kg s-1]; empty when the flight could not see it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FusedSite:
    """One place over all flights."""

    label: str
    """"A", "B", … by decreasing number of hits."""
    frame: LocalFrame
    """Frame of all positions."""
    points_m: Floats
    """Draws of its position [m], shape (draw, 2)."""
    region_50: Region
    """50 % region."""
    region_90: Region
    """90 % region."""
    rate_kg_s: Mapping[str, Interval]
    """Rate while emitting, over all sightings, by species [kg s-1]."""
    sightings: tuple[Sighting, ...]
    """By time."""
    visits: tuple[SiteVisit, ...]
    """All flights that came by, by time: its history."""
    is_alert: bool
    """Whether there are enough hits to bring it to attention."""
    remarks: tuple[str, ...] = ()
    """Contradictions and assumptions."""


def fuse(flights: Sequence[Flight], *, settings: FusionSettings | None = None) -> tuple[FusedSite, ...]:
    """Join the sources of several flights.

    Args:
        flights: one visit each.
        settings: when two sightings are one site; the default if None.

    Returns:
        Sites, those with most hits first.

    Raises:
        InputError: no report, a flight twice, or flights whose frames cannot be brought together.
    """
    settings = settings or FusionSettings()
    flights = told_apart(flights)
    frame, remarks = _common_frame(flights)
    sightings = [one for flight in flights for one in _sightings(flight, frame)]
    sightings.sort(key=lambda one: (one.time, one.flight, one.estimate.label))
    area_m2 = _area_m2(sightings)
    groups: list[list[Sighting]] = []
    for sighting in sightings:
        odds = [_log_odds(sighting, group, area_m2, settings) for group in groups]
        best = int(np.argmax(odds)) if odds else -1
        if best >= 0 and odds[best] > 0:
            groups[best].append(sighting)
        else:
            groups.append([sighting])
    groups.sort(key=lambda group: (-len(group), group[0].time, group[0].estimate.label))
    return tuple(
        _site(_label(index), group, flights, frame=frame, settings=settings, remarks=remarks)
        for index, group in enumerate(groups)
    )


def _label(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else f"{_label(index // 26 - 1)}{_label(index % 26)}"


def told_apart(flights: Sequence[Flight]) -> Sequence[Flight]:
    """Flights by names that differ: loggers give every flight's file the same name, so the time is added to those.

    Args:
        flights: one visit each.

    Returns:
        The flights in their order.

    Raises:
        InputError: a flight is given twice.
    """
    flown = [(flight.name, flight.time) for flight in flights]
    doubles = {name for name, time in flown if flown.count((name, time)) > 1}
    if doubles:
        raise InputError(
            f"flights {sorted(doubles)} are given twice", where="fusion", remedy="a flight is one visit"
        )
    names = [flight.name for flight in flights]
    return [
        replace(flight, name=f"{flight.name} {np.datetime_as_string(flight.time, unit='s')}Z")
        if names.count(flight.name) > 1
        else flight
        for flight in flights
    ]


def _common_frame(flights: Sequence[Flight]) -> tuple[LocalFrame, tuple[str, ...]]:
    if not flights:
        raise InputError("there is no flight to fuse", where="fusion")
    frames = [flight.frame for flight in flights]
    placed = [frame.is_placed for frame in frames]
    if all(placed) or len(flights) == 1:
        return frames[0], ()
    if any(placed):
        raise InputError(
            "some flights are placed on Earth and some are not",
            where="fusion",
            remedy="give every survey file an origin",
        )
    return frames[0], ("No flight is placed on Earth; their local coordinates were taken to be the same.",)


def _sightings(flight: Flight, frame: LocalFrame) -> list[Sighting]:
    return [
        Sighting(
            flight=flight.name,
            time=flight.time,
            estimate=estimate,
            points_m=_moved(draws_of(flight, estimate), flight.frame, frame),
            ln_rate=_ln_rates(estimate),
        )
        for estimate in flight.sources
    ]


def _moved(points_m: Floats, old: LocalFrame, new: LocalFrame) -> Floats:
    if old == new:
        return points_m
    return np.column_stack(new.to_local(*old.to_lonlat(points_m[:, 0], points_m[:, 1])))


def _ln_rates(estimate: SourceEstimate) -> dict[str, tuple[float, float]]:
    return {
        name: (math.log(rate.median), max(math.log(rate.high / rate.low) / 3.29, 0.05))
        for name, rate in estimate.rate_kg_s.items()
        if rate.low > 0
    }


def _area_m2(sightings: Sequence[Sighting]) -> float:
    """Area over which a different source could have been, at least a hectare [m2]."""
    if not sightings:
        return 1e4
    points = np.vstack([one.points_m for one in sightings])
    return float(max(np.prod(np.ptp(points, axis=0) + 50.0), 1e4))


def _log_odds(one: Sighting, group: Sequence[Sighting], area_m2: float, settings: FusionSettings) -> float:
    """Log odds "one of this site" : "another site"; a flight's two sources are never one."""
    if any(one.flight == other.flight for other in group):
        return -math.inf
    return min(
        _log_same_place(one, other, area_m2, settings) + _log_same_gases(one, other, settings)
        for other in group
    )


def _apart(one: Sighting, other: Sighting, settings: FusionSettings) -> tuple[Floats, Floats]:
    """Difference of two positions [m] and its covariance [m2]."""
    error = 2 * settings.position_sigma_m**2 * np.eye(2)
    covariance = np.cov(one.points_m.T) + np.cov(other.points_m.T) + error
    return one.points_m.mean(axis=0) - other.points_m.mean(axis=0), covariance


def _is_near(one: Sighting, other: Sighting, settings: FusionSettings) -> bool:
    """Whether two positions agree within the 99 % of their errors."""
    apart, covariance = _apart(one, other, settings)
    return float(apart @ np.linalg.solve(covariance, apart)) < float(stats.chi2.ppf(0.99, 2))


def _log_same_place(one: Sighting, other: Sighting, area_m2: float, settings: FusionSettings) -> float:
    apart, covariance = _apart(one, other, settings)
    return float(stats.multivariate_t.logpdf(apart, shape=covariance, df=5)) + math.log(area_m2)


def _log_same_gases(one: Sighting, other: Sighting, settings: FusionSettings) -> float:
    shared = sorted(set(one.ln_rate) & set(other.ln_rate))
    if len(shared) < 2:
        return 0.0
    change = np.array([one.ln_rate[name][0] - other.ln_rate[name][0] for name in shared])
    ratio = change[1:] - change[0]
    same = settings.ratio_sigma * math.sqrt(2)
    return float(
        np.sum(stats.t.logpdf(ratio, 5, scale=same) - stats.norm.logpdf(ratio, 0, settings.other_ratio_sigma))
    )


def _site(
    label: str,
    group: Sequence[Sighting],
    flights: Sequence[Flight],
    *,
    frame: LocalFrame,
    settings: FusionSettings,
    remarks: tuple[str, ...],
) -> FusedSite:
    points_m, agree = _fused_points(group, settings)
    agree = agree and all(_is_near(one, other, settings) for one, other in itertools.combinations(group, 2))
    said = list(remarks)
    if not agree:
        said.append(
            "The flights contradict each other about the position; the region covers what each of them says."
        )
    centre = points_m.mean(axis=0)
    seen_on = {one.flight for one in group}
    visits = sorted(
        (_visit(flight, centre, frame, is_seen=flight.name in seen_on) for flight in flights),
        key=lambda visit: (visit.time, visit.flight),
    )
    return FusedSite(
        label=label,
        frame=frame,
        points_m=points_m,
        region_50=highest_density_region(points_m, 0.5),
        region_90=highest_density_region(points_m, 0.9),
        rate_kg_s=_rates(group),
        sightings=tuple(group),
        visits=tuple(visits),
        is_alert=len(seen_on) >= settings.alert_hits,
        remarks=tuple(said),
    )


def _fused_points(group: Sequence[Sighting], settings: FusionSettings) -> tuple[Floats, bool]:
    """Draws of the product of the sightings' densities, and whether these agree at all."""
    if len(group) == 1:
        return group[0].points_m, True
    pool = np.vstack([one.points_m[np.linspace(0, len(one.points_m) - 1, 600).astype(int)] for one in group])
    density = np.array([_density(one.points_m, pool, settings) for one in group])
    weight = np.prod(density / density.max(axis=1, keepdims=True), axis=0) / density.mean(axis=0)
    weight /= weight.sum()
    if 1 / np.sum(weight**2) < 30:
        return pool, False
    picks = np.searchsorted(np.cumsum(weight), (np.arange(DRAWS) + 0.5) / DRAWS)
    # Picks of one pooled draw are spread by the kernel that made its density, so that they are not one point.
    jitter = np.random.default_rng(0).normal(0, settings.position_sigma_m / 2, (DRAWS, 2))
    return pool[np.minimum(picks, len(pool) - 1)] + jitter, True


def _density(points_m: Floats, at_m: Floats, settings: FusionSettings) -> Floats:
    """Heavy-tailed kernel density of a sighting, blurred by the error between flights."""
    centres = points_m[np.linspace(0, len(points_m) - 1, 200).astype(int)]
    width = np.hypot(settings.position_sigma_m, points_m.std(axis=0) * 200 ** (-1 / 6))
    square = ((at_m[:, None, :] - centres) ** 2 / width**2).sum(axis=2)
    kernel = np.asarray((1 + square / 5) ** (-3.5), float).mean(axis=1)
    return np.asarray(kernel / float(np.prod(width)), float)


def _visit(flight: Flight, centre_m: Floats, frame: LocalFrame, *, is_seen: bool) -> SiteVisit:
    limits = limits_at(flight, _moved(centre_m[None], frame, flight.frame)[0])
    return SiteVisit(flight=flight.name, time=flight.time, is_seen=is_seen, limit_kg_s=limits)


def _rates(group: Sequence[Sighting]) -> dict[str, Interval]:
    names = list(dict.fromkeys(itertools.chain.from_iterable(one.estimate.rate_kg_s for one in group)))
    found = {}
    for name in names:
        known = [one.estimate.rate_kg_s[name] for one in group if name in one.estimate.rate_kg_s]
        found[name] = Interval(
            median=float(np.median([rate.median for rate in known])),
            low=min(rate.low for rate in known),
            high=max(rate.high for rate in known),
        )
    return found
