from datetime import timedelta
from itertools import product

import pytest

import casework
from casework import OTHER, PARTNER, START
from plumeline.cases import Assessment, CaseState
from plumeline.cases.case import TRANSITIONS, next_state
from plumeline.cases.events import (
    BlindScored,
    CaseEvent,
    Closed,
    Concluded,
    MachineScoreShown,
    ReleasedTo,
    Reopened,
    SectionsSet,
    Withdrawn,
)
from plumeline.cases.retention import DAYS_BY_ASSESSMENT, DAYS_WITHDRAWN, keep_until, require_deletable
from plumeline.cases.review import (
    must_stay_blind,
    require_blind,
    require_ready_to_conclude,
    require_releasable,
)
from plumeline.cases.rules import Effect, in_force, is_affected, require_receivable, rules_digest
from plumeline.cases.sections import Sections
from plumeline.errors import RefusedError

CASE = casework.folded_case()


def with_(case, **changes):
    from dataclasses import replace

    return replace(case, **changes)


def bare(kind):
    """An event of a kind, whatever it says: the table looks at its type alone."""
    return object.__new__(kind)


def test_nothing_but_an_opening_begins_a_case_and_no_state_is_a_dead_end_by_mistake():
    for kind in CaseEvent.__args__:
        if (None, kind) in TRANSITIONS:
            assert TRANSITIONS[None, kind] is CaseState.OPEN
    final = {
        state
        for state in CaseState
        if all(after is state for (before, _), after in TRANSITIONS.items() if before is state)
    }
    assert final == {CaseState.WITHDRAWN, CaseState.CLOSED}


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (CaseState.OPEN, Concluded),
        (CaseState.OPEN, ReleasedTo),
        (CaseState.REVIEWED, ReleasedTo),
        (CaseState.CONCLUDED, SectionsSet),
        (CaseState.CONCLUDED, BlindScored),
        (CaseState.RELEASED, Reopened),
        (CaseState.CONCLUDED, Closed),
        (CaseState.WITHDRAWN, ReleasedTo),
        (CaseState.CLOSED, Withdrawn),
    ],
)
def test_what_must_not_happen_cannot(state, kind):
    with pytest.raises(RefusedError):
        next_state(state, bare(kind))


def test_a_case_cannot_skip_review_on_any_way_to_release():
    # Walk every path of the table: RELEASED is reached only through REVIEWED and CONCLUDED.
    seen, front = set(), {(CaseState.OPEN, ())}
    while front:
        state, way = front.pop()
        if (state, way) in seen:
            continue
        seen.add((state, way))
        for (before, _), after in TRANSITIONS.items():
            if before is state and after is not state and after not in way:
                front.add((after, (*way, state)))
    ways = [way for state, way in seen if state is CaseState.RELEASED]
    assert ways
    assert all(CaseState.REVIEWED in way and CaseState.CONCLUDED in way for way in ways)


def test_the_case_adds_up():
    assert CASE.state is CaseState.CONCLUDED
    assert CASE.version == 5
    assert CASE.concluders == {"A-ANAL01"}
    assert [recorded.actor for recorded in CASE.scores] == ["A-REVW01"]
    assert CASE.sections == casework.sections()


def test_who_has_seen_the_scores_cannot_score_blind():
    fresh = with_(CASE, state=CaseState.OPEN, scores=())
    assert must_stay_blind(fresh, "A-REVW02", is_reviewer=True)
    assert not must_stay_blind(fresh, "A-REVW02", is_reviewer=False)
    require_blind(fresh, "A-REVW02")
    for case, actor in (
        (fresh, "A-ANAL01"),
        (CASE, "A-REVW01"),
        (with_(fresh, exposed=frozenset({"A-REVW02"})), "A-REVW02"),
    ):
        with pytest.raises(RefusedError):
            require_blind(case, actor)


def test_a_conclusion_needs_another_s_blind_score_and_a_written_dissent():
    with pytest.raises(RefusedError, match="nobody but"):
        require_ready_to_conclude(with_(CASE, scores=()), "A-ANAL01", Assessment.UNEXPLAINED)
    with pytest.raises(RefusedError, match="nobody but"):
        require_ready_to_conclude(CASE, "A-REVW01", Assessment.UNEXPLAINED)
    with pytest.raises(RefusedError, match="have not said why"):
        require_ready_to_conclude(with_(CASE, dissents=()), "A-ANAL01", Assessment.NOTHING)
    require_ready_to_conclude(CASE, "A-ANAL01", Assessment.NOTHING)  # the reviewer has dissented in writing


@pytest.mark.parametrize("missing", ["rivals", "neighbours", "responder", "unknowns"])
def test_an_incomplete_dossier_is_refused_and_the_gap_named(missing):
    from dataclasses import fields, replace

    empty = {field.name: field.default for field in fields(Sections)}
    with pytest.raises(RefusedError, match="it lacks"):
        require_releasable(with_(CASE, sections=replace(CASE.sections, **{missing: empty[missing]})))
    require_releasable(CASE)


def test_only_an_unexplained_emission_with_an_audience_is_released():
    from dataclasses import replace

    benign = replace(CASE.conclusion.event, assessment=Assessment.EXPLAINED)
    with pytest.raises(RefusedError, match="a reason to release"):
        require_releasable(with_(CASE, conclusion=replace(CASE.conclusion, event=benign)))
    alone = replace(CASE.dossier, marking=casework.marking(releasable_to=set()))
    with pytest.raises(RefusedError, match="audience"):
        require_releasable(with_(CASE, dossier=alone))


def approved(rules, at):
    return with_(CASE, rules=rules_digest(CASE, rules, at))


def test_a_changed_rule_blocks_until_it_is_approved_again():
    first = casework.agreement()
    case = approved([first], START)
    require_receivable(case, PARTNER, [first], START)
    second = casework.agreement(
        version=2, issued=START + timedelta(days=1), effective_from=START + timedelta(days=2)
    )
    both = [first, second]
    assert not is_affected(case, both, START)  # not known yet
    assert is_affected(case, both, START + timedelta(days=3))
    with pytest.raises(RefusedError, match="rules have changed"):
        require_receivable(case, PARTNER, both, START + timedelta(days=3))
    again = approved(both, START + timedelta(days=3))
    require_receivable(again, PARTNER, both, START + timedelta(days=3))


def test_a_rule_s_own_dates_block_without_anybody_doing_anything():
    ends = casework.agreement(effective_to=START + timedelta(days=5))
    case = approved([ends], START)
    assert is_affected(case, [ends], START + timedelta(days=6))
    assert in_force([ends], START + timedelta(days=6)) == []


def test_an_old_case_is_read_under_the_rules_of_its_time():
    old = casework.agreement()
    new = casework.agreement(
        version=2,
        effect=Effect.BAR,
        issued=START + timedelta(days=100),
        effective_from=START + timedelta(days=100),
    )
    assert [r.effect for r in in_force([old, new], START)] == [Effect.ALLOW]
    assert [r.effect for r in in_force([old, new], START + timedelta(days=200))] == [Effect.BAR]


def test_a_bar_beats_an_agreement_and_silence_is_no():
    allow = casework.agreement()
    bar = casework.agreement(
        id="G-BAR001", effect=Effect.BAR, organisations={OTHER}, title="No release", text="Suspended."
    )
    rules = [allow, bar]
    case = approved(rules, START)
    require_receivable(case, PARTNER, rules, START)
    with pytest.raises(RefusedError, match="bars"):
        require_receivable(case, OTHER, rules, START)
    with pytest.raises(RefusedError, match="no agreement"):
        require_receivable(approved([], START), PARTNER, [], START)
    everybody = casework.agreement(organisations=set())
    with pytest.raises(RefusedError, match="no agreement"):
        require_receivable(approved([everybody], START), PARTNER, [everybody], START)


def test_a_rule_about_other_gases_or_compartments_does_not_concern_the_case():
    for narrow in ({"species": {"ammonia"}}, {"compartments": {"OTHERS"}}):
        assert not casework.agreement(**narrow).applies(CASE)
    assert casework.agreement(species={"acetone"}, compartments={casework.COMPARTMENT}).applies(CASE)


@pytest.mark.parametrize("assessment", list(Assessment))
def test_retention_follows_the_conclusion(assessment):
    from dataclasses import replace

    conclusion = replace(CASE.conclusion, event=replace(CASE.conclusion.event, assessment=assessment))
    case = with_(CASE, conclusion=conclusion)
    assert keep_until(case) - CASE.changed.time == timedelta(days=DAYS_BY_ASSESSMENT[assessment])
    assert keep_until(with_(case, state=CaseState.WITHDRAWN)) - CASE.changed.time == timedelta(
        days=DAYS_WITHDRAWN
    )


def test_nothing_is_deleted_early_or_on_hold():
    for due, on_hold in product((START, START + timedelta(days=2)), (False, True)):
        allowed = not on_hold and due <= START + timedelta(days=1)
        if allowed:
            require_deletable(due=due, on_hold=on_hold, now=START + timedelta(days=1))
        else:
            with pytest.raises(RefusedError):
                require_deletable(due=due, on_hold=on_hold, now=START + timedelta(days=1))


def test_no_event_deletes():
    assert not [kind.__name__ for kind in CaseEvent.__args__ if "delet" in kind.__name__.lower()]
    assert MachineScoreShown in CaseEvent.__args__
