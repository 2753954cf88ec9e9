from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import casework
from casework import START
from plumeline.cases.events import Recorded, ResurveyRecorded
from plumeline.errors import RefusedError
from plumeline.outcomes import (
    Answer,
    AnswerKind,
    HandoverState,
    OutcomeKind,
    Urgency,
    clock_line,
    fold_handover,
    judge,
    reliability,
    require_closable,
    response_rate,
)
from plumeline.outcomes.clock import TERMS
from plumeline.outcomes.events import (
    Answered,
    ClaimDecided,
    Delivered,
    HandoverClosed,
    Sent,
    Verified,
)
from plumeline.outcomes.learning import BANDS
from plumeline.outcomes.resurvey import limits_needed

K, S = AnswerKind, HandoverState


def sent(**changes):
    facts = {
        "case": "C-CASE01", "source": "C-CASE01", "release": "P-REL001", "package": "a" * 64, "recipient": "O-PARTNER",
        "urgency": Urgency.PRIORITY, "score": 0.9, "sensors": ("pid",), "answer_keys": ("b" * 64,),
    }  # fmt: skip
    return Sent(**facts | changes)


def said(kind, *, serial=0, at=START, **facts):
    if kind is K.OUTCOME:
        facts = {"outcome": OutcomeKind.INACTIVE} | facts
    if kind in {K.DECLINED, K.ERROR_CLAIMED}:
        facts = {"reason": "not ours"} | facts
    if kind is K.FORWARDED:
        facts = {"onward": "O-OTHER"} | facts
    answer = Answer(package="P-REL001", kind=kind, time=at, serial=f"{serial:016x}", **facts)
    return Answered(answer=answer, document=f"{serial:064x}")


def story(*events, hours=1, name="H-CLOCK1"):
    history = [
        Recorded(sequence=n + 1, actor="A-ANAL01", time=START + timedelta(hours=n * hours), event=event)
        for n, event in enumerate(events)
    ]
    return fold_handover(name, history)


def test_the_long_way():
    done = story(
        sent(), Delivered(), said(K.OPENED, serial=1), said(K.ACKNOWLEDGED, serial=2), said(K.ACCEPTED, serial=3),
        said(K.ACTED, serial=4), said(K.OUTCOME, serial=5), Verified(estimate="b" * 64), HandoverClosed(),
    )  # fmt: skip
    assert done.state is S.CLOSED
    assert done.outcome().answer.outcome is OutcomeKind.INACTIVE


def test_a_claim_returns_to_where_it_stood_or_withdraws():
    before = [sent(), said(K.ACCEPTED, serial=1), said(K.ERROR_CLAIMED, serial=2)]
    assert story(*before).state is S.CLAIM_PENDING
    assert story(*before, ClaimDecided(upheld=False, reason="no")).state is S.ACCEPTED
    assert story(*before, ClaimDecided(upheld=True, reason="yes")).state is S.WITHDRAWN


@pytest.mark.parametrize(
    "events",
    [
        (Delivered(),),
        (sent(), Verified(estimate="b" * 64)),
        (sent(), HandoverClosed()),
        (sent(), said(K.OUTCOME, serial=1), said(K.ACKNOWLEDGED, serial=2)),
        (sent(), ClaimDecided(upheld=True, reason="none pending")),
        (sent(), said(K.OPENED, serial=1), said(K.OPENED, serial=1)),
        (sent(), said(K.OPENED, serial=1), Delivered()),
    ],
)
def test_what_cannot_follow_is_refused(events):
    with pytest.raises(RefusedError):
        story(*events)


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": K.OUTCOME},
        {"kind": K.DECLINED},
        {"kind": K.FORWARDED},
        {"kind": K.OUTCOME, "outcome": OutcomeKind.ARRESTS},
        {"kind": K.OUTCOME, "outcome": OutcomeKind.SHUT, "arrests": 2},
        {"kind": K.ACKNOWLEDGED, "arrests": 1},
        {"kind": K.DECLINED, "reason": "ask Mr Smith"},
        {"kind": K.ACKNOWLEDGED, "officer": "x"},
    ],
)
def test_an_answer_holds_what_its_kind_needs_and_no_person(facts):
    with pytest.raises((ValidationError, TypeError)):
        Answer(package="P-REL001", time=START, serial="0" * 16, **facts)


@pytest.mark.parametrize("urgency", list(Urgency))
def test_each_class_is_due_on_time_overdue_after_and_stale_at_last(urgency):
    waiting, terms = story(sent(urgency=urgency)), TERMS[urgency]
    assert terms.acknowledge < terms.act < terms.stale
    for after, overdue, stale in (
        (terms.acknowledge - timedelta(seconds=1), False, False),
        (terms.acknowledge + timedelta(seconds=1), True, False),
        (terms.stale + timedelta(seconds=1), True, True),
    ):
        line = clock_line(waiting, START + after)
        assert (line.overdue, line.stale) == (overdue, stale)
    heard = story(sent(urgency=urgency), said(K.ACKNOWLEDGED, serial=1))
    assert (
        clock_line(heard, START + terms.acknowledge + timedelta(hours=1)).waiting_for == "action or outcome"
    )


def test_two_packages_about_one_source_count_once():
    twice = [
        story(sent(), said(K.ACCEPTED, serial=1)),
        story(sent(recipient="O-OTHER")),
        story(sent(source="C-CASE02"), said(K.ACKNOWLEDGED, serial=2)),
    ]
    rate = response_rate(twice)
    assert (rate.sources, rate.acknowledged, rate.answered) == (2, 2, 1)
    assert rate.median_acknowledge_s == pytest.approx(3600)


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([*OutcomeKind, None])), max_size=30))
def test_reliability_counts_every_source_once_and_its_interval_holds_its_share(rows):
    handovers = []
    for n, (score, outcome) in enumerate(rows):
        facts = {"arrests": 1} if outcome is OutcomeKind.ARRESTS else {}
        events = [sent(source=f"C-SRC{n:04d}", score=score)]
        if outcome is not None:
            events.append(said(K.OUTCOME, serial=n, outcome=outcome, **facts))
        handovers.append(story(*events))
    table = [line for line in reliability(handovers) if line.sensor == "all"]
    assert sum(line.confirmed + line.false + line.undecided for line in table) == len(rows)
    for line in table:
        low, high = line.interval
        assert 0 <= low <= high <= 1
        if line.confirmed_share is not None:
            assert low <= line.confirmed_share <= high
            assert line.low <= line.mean_score <= line.high


def test_the_interval_is_jeffreys():
    # 8 of 10: the density of Beta(8.5, 2.5), summed numerically, leaves 5 % on either side of the interval.
    rows = [
        story(
            sent(source=f"C-S{n:04d}"),
            said(K.OUTCOME, serial=n, outcome=OutcomeKind.SHUT if n < 8 else OutcomeKind.BENIGN),
        )
        for n in range(10)
    ]
    line = reliability(rows)[0]
    assert (line.confirmed, line.false, (line.low, line.high)) == (8, 2, (0.8, 0.95))
    grid = np.linspace(0, 1, 200_001)
    density = grid**7.5 * (1 - grid) ** 1.5
    below = np.cumsum(density) / density.sum()
    assert [float(np.interp(end, grid, below)) for end in line.interval] == pytest.approx(
        [0.05, 0.95], abs=1e-4
    )
    assert BANDS[0] == 0.0
    assert BANDS[-1] == 1.0


CASE = casework.folded_case()


def resurveyed(limit_kg_s, *, seen=False, days=3):
    event = judge(
        CASE, time=START + timedelta(days=days), estimate="e" * 64, source_seen=seen,
        minimum_detectable_rate_kg_s={"acetone": limit_kg_s},
    )  # fmt: skip
    from dataclasses import replace

    return event, replace(
        CASE,
        resurveys=(Recorded(sequence=9, actor="A-ANAL01", time=START + timedelta(days=days), event=event),),
    )


def test_closure_needs_a_flight_after_the_action_that_could_have_seen_and_did_not():
    low = limits_needed(CASE)["acetone"]
    assert low == pytest.approx(5e-5)
    acted = START + timedelta(days=2)
    event, case = resurveyed(0.99 * low)
    assert event.adequate
    assert require_closable(case, acted).event == event
    for limit, seen, days in ((1.01 * low, False, 3), (0.5 * low, True, 3), (0.5 * low, False, 1)):
        with pytest.raises(RefusedError):
            require_closable(resurveyed(limit, seen=seen, days=days)[1], acted)
    nothing = judge(
        CASE,
        time=acted,
        estimate="e" * 64,
        source_seen=False,
        minimum_detectable_rate_kg_s={"acetone": np.inf},
    )
    assert not nothing.adequate
    assert isinstance(nothing, ResurveyRecorded)
