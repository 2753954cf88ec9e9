"""When an answer is due, what is overdue or stale, and how many sources were answered for.

The periods are the product's defaults and stand in one table; no regulation is quoted (decision 0076). Response
rates count distinct sources, as the UNEP methane alerts do, so that sending twice does not raise the rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from plumeline.outcomes.events import AnswerKind, Urgency
from plumeline.outcomes.handover import SUBSTANTIVE, Handover, HandoverState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is due when after sending."""

    acknowledge: timedelta
    """Time to say that it was received."""
    act: timedelta
    """Time to act or decline."""
    stale: timedelta
    """After this without a word the finding is stale: confirm it again before acting."""


TERMS = {
    Urgency.IMMEDIATE: Terms(
        acknowledge=timedelta(hours=4), act=timedelta(hours=24), stale=timedelta(days=3)
    ),
    Urgency.PRIORITY: Terms(acknowledge=timedelta(days=1), act=timedelta(days=7), stale=timedelta(days=14)),
    Urgency.ROUTINE: Terms(acknowledge=timedelta(days=5), act=timedelta(days=30), stale=timedelta(days=60)),
}
"""By urgency class."""

_FINAL = {HandoverState.CLOSED, HandoverState.WITHDRAWN, HandoverState.DECLINED, HandoverState.VERIFIED}
_UNACKNOWLEDGED = {HandoverState.SENT, HandoverState.DELIVERED, HandoverState.OPENED}
_WAITING_TO_ACT = {HandoverState.ACKNOWLEDGED, HandoverState.ACCEPTED, HandoverState.FORWARDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLine:
    """One open hand-over on the screen."""

    handover: str
    """Which."""
    case: str
    """Of which case."""
    recipient: str
    """Whose turn it is."""
    state: HandoverState
    """Where it stands."""
    urgency: Urgency
    """How soon an answer is due."""
    age_s: float
    """Since it was sent [s]."""
    waiting_for: str
    """What comes next."""
    due: datetime | None
    """When that is due; None when nothing is."""
    overdue: bool
    """Whether that has passed."""
    stale: bool
    """Whether the finding is too old to act on unseen."""
    last_word: datetime
    """When anything was last heard of it."""
    reminders: int
    """How many were sent."""


def clock_line(handover: Handover, now: datetime) -> ClockLine:
    """Where a hand-over stands against its terms.

    Args:
        handover: which.
        now: the time.

    Returns:
        The line for the screen.
    """
    sent = handover.sent
    terms = TERMS[sent.event.urgency]
    waiting_for, due = _next_due(handover, terms)
    last_word = max([sent.time, *(recorded.time for recorded in handover.answers)])
    return ClockLine(
        handover=handover.id,
        case=sent.event.case,
        recipient=sent.event.recipient,
        state=handover.state,
        urgency=sent.event.urgency,
        age_s=(now - sent.time).total_seconds(),
        waiting_for=waiting_for,
        due=due,
        overdue=due is not None and now > due,
        stale=handover.state not in _FINAL and now - last_word > terms.stale,
        last_word=last_word,
        reminders=len(handover.reminders),
    )


def _next_due(handover: Handover, terms: Terms) -> tuple[str, datetime | None]:
    sent = handover.sent.time
    if handover.state in _UNACKNOWLEDGED:
        return "acknowledgement", sent + terms.acknowledge
    if handover.state in _WAITING_TO_ACT:
        return "action or outcome", sent + terms.act
    return {
        HandoverState.CLAIM_PENDING: (
            "our decision on the error claim",
            handover.answers[-1].time + terms.act,
        )
        if handover.answers
        else ("our decision on the error claim", None),
        HandoverState.ACTED: ("outcome", sent + terms.act + terms.acknowledge),
        HandoverState.OUTCOME: ("re-survey", None),
        HandoverState.VERIFIED: ("closure", None),
    }.get(handover.state, ("nothing", None))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRate:
    """How many distinct sources were answered for."""

    sources: int
    """Distinct sources handed over."""
    acknowledged: int
    """Of these, at least received and said so."""
    answered: int
    """Of these, with an answer of substance."""
    median_acknowledge_s: float | None
    """Median time from sending to acknowledgement [s]; None if there was none."""


def response_rate(handovers: Iterable[Handover]) -> ResponseRate:
    """Count responses by distinct source.

    Args:
        handovers: those the reader may see.

    Returns:
        The counts.
    """
    sources: dict[str, list[Handover]] = {}
    for handover in handovers:
        sources.setdefault(handover.sent.event.source, []).append(handover)
    waits = sorted(
        (first.time - handover.sent.time).total_seconds()
        for group in sources.values()
        for handover in group
        if (first := handover.first(AnswerKind.ACKNOWLEDGED, *SUBSTANTIVE)) is not None
    )
    return ResponseRate(
        sources=len(sources),
        acknowledged=sum(
            any(h.first(AnswerKind.ACKNOWLEDGED, *SUBSTANTIVE) for h in group) for group in sources.values()
        ),
        answered=sum(any(h.first(*SUBSTANTIVE) for h in group) for group in sources.values()),
        median_acknowledge_s=waits[len(waits) // 2] if waits else None,
    )
