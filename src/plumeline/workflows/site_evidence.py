"""What a fused site gives as evidence for explanations and for activity."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.special import ndtr

from plumeline.chem import species as find_species
from plumeline.errors import InputError
from plumeline.facilities import Evidence, Height, Look, Mixture, PassSpread, Visit, period_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from plumeline.facilities import RegisterSearch
    from plumeline.sources import Flight, FusedSite, SiteVisit

LIMIT_SIGMA = 0.6
"""Spread of ln(rate that is seen) around the detection limit."""

LIMIT_QUANTILE = 1.2815515655446004
"""A detection limit is the rate that is seen with probability 0.9."""

VAGUE_RATIO = 30.0
"""A rate whose 90 % interval spans more than this factor was not measured."""


def _utc(time: np.datetime64) -> datetime:
    seconds = int(time.astype("datetime64[s]").astype("int64"))
    return datetime.fromtimestamp(seconds, tz=UTC)


def _detection_probability(visit: SiteVisit, rate_kg_s: Mapping[str, float]) -> float:
    """Chance that a visit sees the site emitting as on its hits: that of its most visible gas."""
    chances = [
        float(ndtr(LIMIT_QUANTILE + math.log(rate_kg_s[name] / limit) / LIMIT_SIGMA))
        for name, limit in visit.limit_kg_s.items()
        if rate_kg_s.get(name, 0) > 0
    ]
    return max(chances, default=0.0)


def looks_of(site: FusedSite) -> tuple[Look, ...]:
    """The site's visits as activity needs them.

    Args:
        site: the site.

    Returns:
        Visits by time.
    """
    rates = {name: rate.median for name, rate in site.rate_kg_s.items()}
    return tuple(
        Look(
            time=_utc(visit.time),
            is_emitting=visit.is_seen,
            detection_probability=0.9 if visit.is_seen else _detection_probability(visit, rates),
            limit_kg_s=min(visit.limit_kg_s.values(), default=None),
        )
        for visit in site.visits
    )


def evidence_of(
    site: FusedSite,
    flights: Sequence[Flight],
    register: RegisterSearch | None,
    *,
    utc_offset_h: float,
) -> Evidence:
    """What a site gives as evidence.

    Args:
        site: the site.
        flights: the flights it was made from.
        register: what is listed there; None when unknown.
        utc_offset_h: local time minus UTC [h].

    Returns:
        Evidence.
    """
    rates = {name: rate.median for name, rate in site.rate_kg_s.items()}
    looks = looks_of(site)
    return Evidence(
        mixture=_mixture(site, flights),
        visits=tuple(
            Visit(
                period=period_of(look.time + timedelta(hours=utc_offset_h)),
                is_emitting=look.is_emitting,
                detection_probability=look.detection_probability,
            )
            for look in looks
            if look.is_emitting or look.detection_probability > 0
        ),
        spread=_spread(site) if rates else None,
        height=_height(site),
        register=register,
    )


def _mixture(site: FusedSite, flights: Sequence[Flight]) -> Mixture | None:
    """Gases that were seen, with their spreads from the draws, and those that were looked for and not seen."""
    limits: dict[str, float] = {}
    for visit in site.visits:
        if visit.is_seen:
            for name, limit in visit.limit_kg_s.items():
                limits[name] = min(limits.get(name, math.inf), limit)
    seen, unseen = {}, {}
    for name, rate in site.rate_kg_s.items():
        limit = limits.get(name, 0.0)
        if not _is_substance(name):
            continue
        if rate.median < limit:
            unseen[find_species(name).name] = max(limit, rate.high)
        elif rate.low > 0 and rate.high / rate.low < VAGUE_RATIO:
            seen[find_species(name).name] = rate.median
    if not seen:
        return None
    common, own = _spreads(site, flights, list(site.rate_kg_s))
    return Mixture(
        rate_kg_s=seen,
        own_sigma={name: own.get(name, 0.3) for name in seen},
        common_sigma=common,
        limit_kg_s=unseen,
    )


def _is_substance(name: str) -> bool:
    try:
        find_species(name)
    except InputError:
        return False
    return True


def _spreads(
    site: FusedSite, flights: Sequence[Flight], names: Sequence[str]
) -> tuple[float, dict[str, float]]:
    """Shared and own standard deviation of ln(rate), from the draws of the last flight that saw the site."""
    sighting = site.sightings[-1]
    flight = next(one for one in flights if one.name == sighting.flight)
    posterior = flight.posterior
    x, y = posterior["x"].to_numpy(), posterior["y"].to_numpy()
    inside = np.isfinite(x) & shapely.contains_xy(sighting.estimate.region_90.shape, x, y)
    rate = posterior["rate"].to_numpy()[inside]
    columns = [str(name) for name in posterior["species"].to_numpy()]
    kept = [index for index, name in enumerate(columns) if name in names]
    if len(rate) < 20 or not kept:
        return 0.4, {}
    ln_rate = np.log(np.maximum(rate[:, kept], 1e-12))
    covariance = np.atleast_2d(np.cov(ln_rate.T))
    if len(kept) == 1:
        return math.sqrt(max(float(covariance[0, 0]), 0.04)), {find_species(columns[kept[0]]).name: 0.15}
    apart = covariance[~np.eye(len(kept), dtype=bool)]
    shared = max(float(np.median(apart)), 0.01)
    own = {
        find_species(columns[index]).name: math.sqrt(max(float(covariance[row, row]) - shared, 0.01))
        for row, index in enumerate(kept)
        if _is_substance(columns[index])
    }
    return math.sqrt(shared), own


def _spread(site: FusedSite) -> PassSpread | None:
    """How the total rate changed between flights; None with fewer than three."""
    totals = [sum(rate.median for rate in one.estimate.rate_kg_s.values()) for one in site.sightings]
    if len(totals) < 3:
        return None
    error = float(
        np.median([max(s for _, s in one.ln_rate.values()) for one in site.sightings if one.ln_rate])
    )
    return PassSpread(
        ln_sigma=float(np.std(np.log(totals), ddof=1)), passes=len(totals), own_sigma=max(error, 0.1)
    )


def _height(site: FusedSite) -> Height:
    heights = [one.estimate.height_m for one in site.sightings]
    return Height(
        median_m=max(float(np.median([height.median for height in heights])), 0.1),
        sigma_m=max(min((height.high - height.low) / 3.29 for height in heights), 0.5),
    )
