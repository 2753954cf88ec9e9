"""A hand-over's states in one table, and how its events add up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from plumeline.errors import RefusedError
from plumeline.outcomes.events import (
    Answered,
    AnswerKind,
    ClaimDecided,
    Delivered,
    HandoverClosed,
    NoticeIssued,
    Reminded,
    Sent,
    Verified,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from plumeline.cases.events import Recorded


class HandoverState(StrEnum):
    """Where a hand-over stands."""

    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    FORWARDED = "forwarded"
    CLAIM_PENDING = "error claim pending"
    ACTED = "acted"
    OUTCOME = "outcome reported"
    VERIFIED = "verified by re-survey"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


S, K = HandoverState, AnswerKind

_EARLY = (S.SENT, S.DELIVERED, S.OPENED, S.ACKNOWLEDGED)
_TAKEN = (S.ACCEPTED, S.FORWARDED)
_LATE = (S.ACTED, S.OUTCOME)

ANSWERS: dict[AnswerKind, tuple[tuple[HandoverState, ...], HandoverState]] = {
    K.OPENED: ((S.SENT, S.DELIVERED), S.OPENED),
    K.ACKNOWLEDGED: ((S.SENT, S.DELIVERED, S.OPENED), S.ACKNOWLEDGED),
    K.ACCEPTED: ((*_EARLY, S.FORWARDED), S.ACCEPTED),
    K.DECLINED: ((*_EARLY, *_TAKEN), S.DECLINED),
    K.FORWARDED: ((*_EARLY, S.ACCEPTED), S.FORWARDED),
    K.ERROR_CLAIMED: ((*_EARLY, *_TAKEN, S.DECLINED, *_LATE), S.CLAIM_PENDING),
    K.ACTED: ((*_EARLY, *_TAKEN), S.ACTED),
    K.OUTCOME: ((*_EARLY, *_TAKEN, *_LATE), S.OUTCOME),
}
"""Answer to the states it may come in and the state it leads to. A recipient may skip steps, never go back."""

SUBSTANTIVE = {K.ACCEPTED, K.DECLINED, K.FORWARDED, K.ERROR_CLAIMED, K.ACTED, K.OUTCOME}
"""Answers that count as a response: more than having received and read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A hand-over as its events make it."""

    id: str
    """Opaque identifier."""
    version: int
    """Number of events."""
    state: HandoverState
    """Where it stands."""
    sent: Recorded
    """How it began."""
    answers: tuple[Recorded, ...]
    """What the recipient said."""
    before_claim: HandoverState | None
    """Where it stood when an error claim came, to return to if that is rejected."""
    claims: tuple[Recorded, ...]
    """Decisions on error claims."""
    reminders: tuple[Recorded, ...]
    """Reminders sent."""
    notices: tuple[Recorded, ...]
    """Recall and supersede notices."""
    verified: Recorded | None
    """The re-survey."""

    def first(self, *kinds: AnswerKind) -> Recorded | None:
        """The first answer of these kinds."""
        return next((recorded for recorded in self.answers if recorded.event.answer.kind in kinds), None)

    def outcome(self) -> Answered | None:
        """The last outcome reported."""
        found = [recorded.event for recorded in self.answers if recorded.event.answer.kind is K.OUTCOME]
        return found[-1] if found else None


def next_state(handover: Handover, event: Any) -> HandoverState:
    """The state an event leads to.

    Args:
        handover: as it stands.
        event: what is to happen.

    Returns:
        The next state.

    Raises:
        RefusedError: it cannot happen in this state, or it is an answer that was entered already.
    """
    if isinstance(event, Answered):
        _require_new(handover, event)
    following = _following(handover, event)
    if following is not None:
        return following
    raise RefusedError(
        f'a hand-over that is "{handover.state.value}" cannot take {_name(event)}',
        remedy="plumeline outcome clock tells where each stands",
    )


def _require_new(handover: Handover, event: Answered) -> None:
    known = {r.event.document for r in handover.answers} | {r.event.answer.serial for r in handover.answers}
    if event.document in known or event.answer.serial in known:
        raise RefusedError("this answer has been entered already; it is counted once")


def _following(handover: Handover, event: Any) -> HandoverState | None:
    state = handover.state
    found: HandoverState | None = None
    match event:
        case Answered():
            before, after = ANSWERS[event.answer.kind]
            found = after if state in before else None
        case Delivered() if state is S.SENT:
            found = S.DELIVERED
        case ClaimDecided() if state is S.CLAIM_PENDING:
            found = S.WITHDRAWN if event.upheld else (handover.before_claim or S.ACKNOWLEDGED)
        case Verified() if state is S.OUTCOME:
            found = S.VERIFIED
        case HandoverClosed() if state in {S.VERIFIED, S.DECLINED, S.WITHDRAWN}:
            found = S.CLOSED
        case Reminded() if state not in {S.CLOSED, S.WITHDRAWN}:
            found = state
        case NoticeIssued():
            found = state if state is S.CLOSED else S.WITHDRAWN
    return found


def _name(event: Any) -> str:
    return f'"{event.answer.kind.value}"' if isinstance(event, Answered) else type(event).__name__


def fold_handover(identifier: str, history: Iterable[Recorded]) -> Handover:
    """Add up the events of a hand-over.

    Args:
        identifier: which.
        history: its events, in order.

    Returns:
        The hand-over.

    Raises:
        RefusedError: the history does not begin with its sending.
    """
    made: Handover | None = None
    for recorded in history:
        made = _begun(identifier, recorded) if made is None else _after(made, recorded)
    if made is None:
        raise RefusedError("a hand-over without events")
    return made


def _begun(identifier: str, recorded: Recorded) -> Handover:
    if not isinstance(recorded.event, Sent):
        raise RefusedError("a hand-over begins with its sending")
    return Handover(
        id=identifier,
        version=recorded.sequence,
        state=HandoverState.SENT,
        sent=recorded,
        answers=(),
        before_claim=None,
        claims=(),
        reminders=(),
        notices=(),
        verified=None,
    )


def _after(handover: Handover, recorded: Recorded) -> Handover:
    event = recorded.event
    state = next_state(handover, event)
    changes: dict[str, Any] = {"state": state, "version": recorded.sequence}
    match event:
        case Answered():
            changes["answers"] = (*handover.answers, recorded)
            if state is S.CLAIM_PENDING:
                changes["before_claim"] = handover.state
        case ClaimDecided():
            changes["claims"] = (*handover.claims, recorded)
        case Reminded():
            changes["reminders"] = (*handover.reminders, recorded)
        case NoticeIssued():
            changes["notices"] = (*handover.notices, recorded)
        case Verified():
            changes["verified"] = recorded
    return replace(handover, **changes)
