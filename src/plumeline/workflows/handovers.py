"""After the package left: delivery, the recipient's answers, reminders, error claims, re-survey, closure, counts."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import shapely

from plumeline.access.envelope import open_envelope, read_envelope
from plumeline.access.guard import HiddenError, Kind, Verb
from plumeline.access.records import from_plain
from plumeline.cases.events import Closed, ResurveyRecorded
from plumeline.errors import InputError, RefusedError
from plumeline.outcomes.clock import ClockLine, ResponseRate, clock_line, response_rate
from plumeline.outcomes.events import (
    ANSWER_TYPE,
    Answer,
    Answered,
    AnswerKind,
    ClaimDecided,
    Delivered,
    HandoverClosed,
    Reminded,
    Verified,
)
from plumeline.outcomes.handover import Handover, HandoverState, fold_handover, next_state
from plumeline.outcomes.learning import BandCount, reliability
from plumeline.outcomes.resurvey import judge, require_closable
from plumeline.store.cases_records import Change
from plumeline.workflows.recall import recall_in
from plumeline.workflows.review import read_case, write_case

if TYPE_CHECKING:
    from plumeline.store.cases_records import Head
    from plumeline.store.cases_session import Session
    from plumeline.workflows.desk import Desk
    from plumeline.workflows.located import Located

NEAR_DEG = 0.001
"""A re-survey's source this near to the old region is taken for the old one: about 100 m."""


def _read(
    session: Session, identifier: str, verb: Verb, *, recipient: str | None = None
) -> tuple[Head, Handover]:
    head = session.need(verb, identifier, kind=Kind.HANDOVER, recipient=recipient)
    return head, fold_handover(identifier, session.history(head))


def _write(
    session: Session,
    head: Head,
    handover: Handover,
    event: Any,
    *,
    verb: Verb,
    occasion: str,
    recipient: str | None = None,
) -> None:
    session.write(
        verb,
        occasion,
        Change(
            resource=head.resource,
            events=[event],
            state=next_state(handover, event).value,
            expected=head.version,
            parent=head.parent,
        ),
        recipient=recipient,
    )


def _append(desk: Desk, identifier: str, event: Any, occasion: str) -> None:
    with desk.session() as session:
        head, handover = _read(session, identifier, Verb.ANNOTATE)
        _write(session, head, handover, event, verb=Verb.ANNOTATE, occasion=occasion)


def delivered(desk: Desk, handover: str) -> None:
    """Record that the sealed file arrived.

    Args:
        desk: the house's or the recipient's.
        handover: which.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: it is past that.
    """
    _append(desk, handover, Delivered(), "delivered")


def reminded(desk: Desk, handover: str) -> None:
    """Record that a reminder was sent.

    Args:
        desk: the house's.
        handover: which.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: it is closed.
    """
    _append(desk, handover, Reminded(), "reminded")


def enter_answer(desk: Desk, data: bytes, *, where: str = "") -> tuple[str, Answer]:
    """Enter a signed answer file that came back.

    Args:
        desk: the house's or the recipient's.
        data: the file.
        where: its name, for the error's text.

    Returns:
        The hand-over and what was answered.

    Raises:
        HiddenError: there is no such hand-over for this actor.
        AccessError: it is not signed with the package's key or the recipient's registered one.
        InputError: it is no answer.
        RefusedError: it was entered already, or cannot come in this state.
    """
    envelope = read_envelope(data, payload_type=ANSWER_TYPE, where=where)
    claimed = from_plain(Answer, json.loads(envelope.payload), where=where)
    with desk.session() as session:
        for head in session.find(Kind.HANDOVER, verb=Verb.ANNOTATE):
            handover = fold_handover(head.id, session.history(head))
            sent = handover.sent.event
            if sent.release != claimed.package:
                continue
            payload, _ = open_envelope(data, payload_type=ANSWER_TYPE, trusted=sent.answer_keys, where=where)
            answer = from_plain(Answer, payload, where=where)
            event = Answered(answer=answer, document=hashlib.sha256(data).hexdigest())
            occasion = f"answer-{answer.kind.value.replace(' ', '-')}"
            _write(session, head, handover, event, verb=Verb.ANNOTATE, occasion=occasion)
            return head.id, answer
    raise HiddenError


def decide_claim(desk: Desk, handover: str, *, upheld: bool, reason: str) -> dict[str, bytes]:
    """Decide an error claim; an upheld one withdraws the case everywhere.

    Args:
        desk: a releaser's.
        handover: whose claim.
        upheld: whether the recipient is right.
        reason: why.

    Returns:
        For an upheld claim, release to the signed recall notice; else empty.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: no claim is pending.
    """
    with desk.session() as session:
        seen = session.need(Verb.VIEW, handover, kind=Kind.HANDOVER)
        recipient = seen.resource.recipient
        head, state = _read(session, handover, Verb.RELEASE, recipient=recipient)
        event = ClaimDecided(upheld=upheld, reason=reason)
        _write(
            session,
            head,
            state,
            event,
            verb=Verb.RELEASE,
            occasion="claim-upheld" if upheld else "claim-rejected",
            recipient=recipient,
        )
        if not upheld:
            return {}
        return recall_in(desk, session, state.sent.event.case, reason, claim=handover)


def record_resurvey(desk: Desk, case_id: str, located: Located) -> ResurveyRecorded:
    """Enter what a flight after the action saw.

    Args:
        desk: an analyst's.
        case_id: which case.
        located: the new result over the same place; it may have located nothing.

    Returns:
        What it says: whether the source was seen, and whether it would have been.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: the case is not released.
    """
    with desk.session() as session:
        head, case = read_case(session, case_id, Verb.ANNOTATE)
        seen = any(
            shapely.distance(old.region_90, new["region_90"]) < NEAR_DEG
            for old in case.dossier.findings
            for new in located.findings
        )
        event = judge(
            case,
            time=located.ended,
            estimate=located.estimate,
            source_seen=seen,
            minimum_detectable_rate_kg_s=located.limits_over([f.region_90 for f in case.dossier.findings]),
        )
        write_case(session, head, case, event, verb=Verb.ANNOTATE, occasion="resurvey-recorded")
    return event


def close_case(desk: Desk, case_id: str, handover: str) -> None:
    """Close a case on the strength of a re-survey after the action.

    Args:
        desk: an analyst's or reviewer's.
        case_id: which case.
        handover: whose action and outcome it was.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: no outcome yet, or no adequate re-survey after it.
        InputError: the hand-over is of another case.
    """
    with desk.session() as session:
        head, case = read_case(session, case_id, Verb.REVIEW)
        clock_head, clock = _read(session, handover, Verb.ANNOTATE)
        if clock.sent.event.case != case_id:
            raise InputError("this hand-over is of another case")
        acted = clock.first(AnswerKind.ACTED, AnswerKind.OUTCOME)
        if acted is None or clock.state is not HandoverState.OUTCOME:
            raise RefusedError("the recipient has reported no outcome yet")
        resurvey = require_closable(case, acted.event.answer.time)
        event = Verified(estimate=resurvey.event.estimate)
        _write(session, clock_head, clock, event, verb=Verb.ANNOTATE, occasion="verified-by-resurvey")
        clock_head, clock = _read(session, handover, Verb.ANNOTATE)
        _write(session, clock_head, clock, HandoverClosed(), verb=Verb.ANNOTATE, occasion="handover-closed")
        write_case(session, head, case, Closed(handover=handover), verb=Verb.REVIEW, occasion="case-closed")


def _visible(desk: Desk) -> list[Handover]:
    with desk.session() as session:
        return [fold_handover(head.id, session.history(head)) for head in session.find(Kind.HANDOVER)]


def clock(desk: Desk) -> list[ClockLine]:
    """Every hand-over this actor may see, most overdue first.

    Args:
        desk: the house's or a recipient's.

    Returns:
        One line each.
    """
    now = desk.now
    lines = [clock_line(handover, now) for handover in _visible(desk)]
    return sorted(
        lines,
        key=lambda line: (not line.overdue, not line.stale, line.due is None, line.due or now, line.handover),
    )


def answers_rate(desk: Desk) -> ResponseRate:
    """Response rate by distinct source, over what this actor may see."""
    return response_rate(_visible(desk))


def reliability_table(desk: Desk) -> list[BandCount]:
    """What outcomes say about the scores, over what this actor may see; nothing is tuned by it."""
    return reliability(_visible(desk))
