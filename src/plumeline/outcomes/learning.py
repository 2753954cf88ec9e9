"""What outcomes say about the scores: counts and intervals per score band and sensor. Nothing tunes itself.

A hand-over counts as confirmed when something was found that fits (shut, inactive, moved, arrests made), as false
when it was benign or its error claim was upheld, and not at all while nobody went to see or nothing could be told
(not found, no action, unsafe). "Not found" is counted apart: it may be a wrong place or a cold trail.

References: Brown, Cai & DasGupta 2001, doi:10.1214/ss/1009213286 (Jeffreys interval).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from scipy.special import betaincinv

from plumeline.outcomes.events import OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from plumeline.outcomes.handover import Handover

BANDS = (0.0, 0.5, 0.8, 0.95, 1.0)
"""Edges of the score bands."""
CONFIRMED = {OutcomeKind.SHUT, OutcomeKind.INACTIVE, OutcomeKind.MOVED, OutcomeKind.ARRESTS}
FALSE = {OutcomeKind.BENIGN}
COVERAGE = 0.9
"""Of the intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandCount:
    """One score band of one sensor."""

    sensor: str
    """Which sensor, or "all"."""
    low: float
    """Lower edge of the band."""
    high: float
    """Upper edge of the band."""
    confirmed: int
    """Sources that were there."""
    false: int
    """False alarms."""
    undecided: int
    """Without an outcome that decides."""
    mean_score: float | None
    """Mean score of the decided ones: what the machine promised."""
    confirmed_share: float | None
    """What it kept; None without any decided one."""
    interval: tuple[float, float]
    """90 % Jeffreys interval of the confirmed share; (0, 1) without any."""


def verdict(handover: Handover) -> bool | None:
    """True for confirmed, False for a false alarm, None for undecided."""
    if any(recorded.event.upheld for recorded in handover.claims):
        return False
    answered = handover.outcome()
    kind = answered.answer.outcome if answered is not None else None
    if kind in CONFIRMED:
        return True
    return False if kind in FALSE else None


def reliability(handovers: Iterable[Handover]) -> list[BandCount]:
    """Count outcomes per score band and sensor, each distinct source once.

    Args:
        handovers: those the reader may see.

    Returns:
        One line per sensor and band that holds any; "all" sensors first.
    """
    sources: dict[str, Handover] = {}
    for handover in handovers:
        known = sources.get(handover.sent.event.source)
        if known is None or (verdict(known) is None and verdict(handover) is not None):
            sources[handover.sent.event.source] = handover
    sensors = sorted({sensor for handover in sources.values() for sensor in handover.sent.event.sensors})
    lines = []
    for sensor in ["all", *sensors]:
        chosen = [h for h in sources.values() if sensor == "all" or sensor in h.sent.event.sensors]
        for low, high in pairwise(BANDS):
            band = [
                h for h in chosen if low <= h.sent.event.score < high or h.sent.event.score == high == 1.0
            ]
            if band:
                lines.append(_count(sensor, low, high, band))
    return lines


def _count(sensor: str, low: float, high: float, band: list[Handover]) -> BandCount:
    decided = [h for h in band if verdict(h) is not None]
    confirmed = sum(verdict(h) is True for h in decided)
    false = len(decided) - confirmed
    tail = (1 - COVERAGE) / 2
    interval = (
        (
            float(betaincinv(confirmed + 0.5, false + 0.5, tail)) if confirmed else 0.0,
            float(betaincinv(confirmed + 0.5, false + 0.5, 1 - tail)) if false else 1.0,
        )
        if decided
        else (0.0, 1.0)
    )
    return BandCount(
        sensor=sensor,
        low=low,
        high=high,
        confirmed=confirmed,
        false=false,
        undecided=len(band) - len(decided),
        mean_score=sum(h.sent.event.score for h in decided) / len(decided) if decided else None,
        confirmed_share=confirmed / len(decided) if decided else None,
        interval=interval,
    )
