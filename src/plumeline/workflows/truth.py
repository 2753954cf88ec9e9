"""Answers beside a known truth: how far, inside which region, and how much off in rate."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plumeline.sources import SourceEstimate, SourceReport


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSource:
    """A source whose place and rate are known."""

    label: str
    """Name for tables."""
    x_m: float
    """East in the survey's local frame [m]."""
    y_m: float
    """North in the survey's local frame [m]."""
    rate_kg_s: Mapping[str, float] = field(default_factory=dict)
    """Rate per species [kg s-1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One known source and the answer nearest to it."""

    truth: KnownSource
    """What is known."""
    answer: SourceEstimate | None
    """The reported source whose centre is nearest, or None when nothing was reported."""
    distance_m: float
    """From the truth to the answer's centre [m]; infinite without an answer."""
    inside_50: bool
    """Whether the truth lies in any reported source's 50 % region."""
    inside_90: bool
    """The same for the 90 % region."""
    rate_ratio: Mapping[str, float]
    """Found over true rate per species."""


def compare(report: SourceReport, truth: tuple[KnownSource, ...]) -> tuple[Comparison, ...]:
    """Set every known source against the answer nearest to it.

    Args:
        report: what an inversion says.
        truth: what is known, in the report's local frame.

    Returns:
        One comparison a known source, in the same order.
    """
    return tuple(_compare_one(report, known) for known in truth)


def _compare_one(report: SourceReport, known: KnownSource) -> Comparison:
    at = shapely.Point(known.x_m, known.y_m)

    def distance_m(source: SourceEstimate) -> float:
        return math.hypot(source.x_m - known.x_m, source.y_m - known.y_m)

    answer = min(report.sources, key=distance_m, default=None)
    ratios = {
        species: answer.rate_kg_s[species].median / rate
        for species, rate in known.rate_kg_s.items()
        if answer is not None and species in answer.rate_kg_s and rate > 0
    }
    return Comparison(
        truth=known,
        answer=answer,
        distance_m=math.inf if answer is None else distance_m(answer),
        inside_50=any(source.region_50.shape.covers(at) for source in report.sources),
        inside_90=any(source.region_90.shape.covers(at) for source in report.sources),
        rate_ratio=ratios,
    )
