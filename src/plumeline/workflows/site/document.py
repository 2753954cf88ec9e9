"""One JSON document that says all of an assessed site, in the units that its keys name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline import __version__

if TYPE_CHECKING:
    from plumeline.facilities import Activity, Assessment, BuildingRanking, Neighbours
    from plumeline.sources import FusedSite
    from plumeline.workflows.assess import SiteAssessment

SITE_SCHEMA_VERSION = "1.0"
"""Version of the document; the first number changes when a reader could break."""


def site_document(found: SiteAssessment) -> dict[str, Any]:
    """All that is known of a site, as plain values.

    Args:
        found: the assessed site.

    Returns:
        A document; no position in it is finer than the 90 % region.
    """
    return {
        "schema": "plumeline/site",
        "schema_version": SITE_SCHEMA_VERSION,
        "plumeline_version": __version__,
        "exercise": found.responder.is_exercise,
        "site": _site(found.site),
        "explanations": _explanations(found.explanations),
        "settling": [
            {
                "what": one.what,
                "gain_bit": _number(one.gain_bit),
                "outcomes": [
                    {"outcome": outcome, "probability": _number(chance), "then_leads": leads}
                    for outcome, chance, leads in one.outcomes
                ],
            }
            for one in found.settling
        ],
        "buildings": _buildings(found.buildings),
        "activity": _activity(found.activity),
        "neighbours": _neighbours(found.neighbours),
        "warnings": list(found.warnings),
    }


def _site(site: FusedSite) -> dict[str, Any]:
    return {
        "label": site.label,
        "is_alert": site.is_alert,
        "area_90_m2": _number(site.region_90.area_m2),
        "rates": [
            {
                "species": name,
                "median_g_s": _number(rate.median * 1e3),
                "low_g_s": _number(rate.low * 1e3),
                "high_g_s": _number(rate.high * 1e3),
            }
            for name, rate in site.rate_kg_s.items()
        ],
        "visits": [
            {
                "flight": visit.flight,
                "time": f"{np.datetime_as_string(visit.time, unit='s')}Z",
                "seen": visit.is_seen,
                "limit_g_s": {name: _number(limit * 1e3) for name, limit in sorted(visit.limit_kg_s.items())},
            }
            for visit in site.visits
        ],
        "remarks": list(site.remarks),
    }


def _explanations(assessment: Assessment) -> dict[str, Any]:
    return {
        "verdict": assessment.verdict.value,
        "reason": assessment.reason,
        "log10_ratio_unexplained": _number(assessment.log10_ratio_unexplained),
        "support": {"en": assessment.support("en"), "es": assessment.support("es")},
        "prior": {"unexplained": assessment.prior.unexplained, "other": assessment.prior.other},
        "ranked": [
            {
                "name": one.profile.name,
                "kind": one.profile.kind.value,
                "title": dict(one.profile.title),
                "prior": _number(one.prior),
                "posterior": _number(one.posterior),
            }
            for one in assessment.explanations
        ],
        "contributions": [
            {
                "observation": one.observation,
                "log10_for_unexplained": _number(one.log10_for_unexplained),
                "log10_for_leading": _number(one.log10_for_leading),
            }
            for one in assessment.contributions
        ],
        "remarks": list(assessment.remarks),
    }


def _buildings(ranking: BuildingRanking) -> dict[str, Any]:
    return {
        "known": ranking.is_known,
        "candidates": [
            {
                "building": one.building.key,
                "probability": _number(one.probability),
                "shares_wall_with": list(one.shares_wall_with),
            }
            for one in ranking.candidates
        ],
        "rest": _number(ranking.rest) if ranking.is_known else None,
        "none_of_these": _number(ranking.none) if ranking.is_known else None,
        "remarks": list(ranking.remarks),
    }


def _activity(activity: Activity) -> dict[str, Any]:
    return {
        "state": activity.state.value,
        "now": activity.now.isoformat(),
        "active": _number(activity.active),
        "pausing": _number(activity.pausing),
        "gone": _number(activity.gone),
        "last_seen": activity.last_seen.isoformat() if activity.last_seen else None,
        "last_looked": activity.last_looked.isoformat() if activity.last_looked else None,
        "last_limit_g_s": None
        if activity.last_limit_kg_s is None
        else _number(activity.last_limit_kg_s * 1e3),
        "forecast": [
            {"time": time.isoformat(), "active": _number(chance)} for time, chance in activity.forecast
        ],
        "evidence": list(activity.evidence),
    }


def _neighbours(neighbours: Neighbours) -> dict[str, Any]:
    return {
        "receptors": None
        if neighbours.receptors is None
        else [
            {
                "kind": one.kind,
                "distance_m": round(one.distance_m),
                "bearing_deg": round(one.bearing_deg) % 360,
            }
            for one in neighbours.receptors
        ],
        "people": [
            {
                "area": one.area,
                "people": None if one.people is None else _number(one.people),
                "unknown_share": _number(one.unknown_share),
            }
            for one in neighbours.people
        ],
        "vintage": neighbours.vintage,
        "source": neighbours.source,
    }


def _number(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None
