"""Every verb on every kind of thing in every role, against a table written by hand and not derived from the policies."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline.access import Actor, Guard, HiddenError, Kind, Resource, Role, Verb
from plumeline.access.guard import policies, policy_text

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUSE, PARTNER, STRANGER = "O-HOUSE", "O-PARTNER", "O-STRANGE"

IN_HOUSE = {
    (Role.ANALYST, Verb.VIEW): "case recording release handover authority rule organisation",
    (Role.ANALYST, Verb.ANNOTATE): "case recording handover",
    (Role.ANALYST, Verb.REVIEW): "case release",
    (Role.REVIEWER, Verb.VIEW): "case recording release handover authority rule",
    (Role.REVIEWER, Verb.ANNOTATE): "case recording",
    (Role.REVIEWER, Verb.REVIEW): "case release",
    (Role.RELEASER, Verb.VIEW): "case recording release handover authority rule organisation",
    (Role.RELEASER, Verb.ANNOTATE): "handover",
    (Role.RELEASER, Verb.RELEASE): "case release handover",
    (Role.CUSTODIAN, Verb.VIEW): "authority rule actor organisation certificate",
    (Role.CUSTODIAN, Verb.ADMINISTER): "authority rule actor organisation case recording certificate log",
    (Role.AUDITOR, Verb.VIEW): "authority rule actor organisation certificate log",
}
"""What a role may do to things of its own house. A partner may do nothing there."""


def expected(actor, verb, resource, recipient, exercise):
    if not actor.active or exercise != resource.exercise or not resource.compartments <= actor.compartments:
        return False
    late = resource.handle_until is not None and resource.handle_until < NOW
    if verb is Verb.RELEASE and (
        actor.id in resource.concluders
        or late
        or recipient is None
        or recipient not in resource.releasable_to
    ):
        return False
    own = actor.organisation == resource.originator
    for role in actor.roles:
        if own and resource.kind in IN_HOUSE.get((role, verb), "").split():
            return True
        if (
            role is Role.PARTNER
            and resource.kind is Kind.HANDOVER
            and verb in {Verb.VIEW, Verb.ANNOTATE}
            and resource.recipient == actor.organisation
        ):
            return True
        if (
            role in {Role.ANALYST, Role.REVIEWER, Role.RELEASER}
            and resource.kind is Kind.CASE
            and verb is Verb.VIEW
            and actor.organisation in resource.releasable_to
        ):
            return True
    return False


def actor(roles, *, organisation=HOUSE, compartments=("ALPHA",), active=True):
    return Actor(
        id="A-TEST01", organisation=organisation, roles=roles, compartments=compartments, active=active,
        verify_key="0" * 64, sealing_key="age1" + "q" * 58,
    )  # fmt: skip


def thing(kind, **changes):
    facts = {
        "kind": kind,
        "id": "C-THING1",
        "originator": HOUSE,
        "compartments": {"ALPHA"},
        "recipient": PARTNER,
    }
    return Resource(**facts | {"releasable_to": {PARTNER}} | changes)


@pytest.mark.parametrize(("verb", "kind"), list(product(Verb, Kind)))
def test_every_verb_on_every_kind_in_every_role(verb, kind):
    for role, organisation, recipient in product(Role, (HOUSE, PARTNER, STRANGER), (None, PARTNER, STRANGER)):
        who, what = actor({role}, organisation=organisation), thing(kind)
        got = Guard(who, exercise=False, now=NOW).allows(verb, what, recipient=recipient)
        assert got == expected(who, verb, what, recipient, exercise=False), (role, organisation, recipient)


sets = st.frozensets(st.sampled_from(["ALPHA", "BRAVO"]), max_size=2)


@given(
    roles=st.frozensets(st.sampled_from(list(Role)), max_size=3),
    verb=st.sampled_from(list(Verb)),
    kind=st.sampled_from(list(Kind)),
    organisation=st.sampled_from([HOUSE, PARTNER, STRANGER]),
    held=sets,
    needed=sets,
    facts=st.fixed_dictionaries({
        "releasable_to": st.frozensets(st.sampled_from([HOUSE, PARTNER]), max_size=2),
        "recipient": st.sampled_from([PARTNER, STRANGER]),
        "concluders": st.sampled_from([frozenset(), frozenset({"A-TEST01"})]),
        "handle_until": st.sampled_from([None, NOW - timedelta(days=1), NOW + timedelta(days=1)]),
        "exercise": st.booleans(),
    }),
    recipient=st.sampled_from([None, PARTNER, STRANGER]),
    exercise=st.booleans(),
    active=st.booleans(),
)
def test_any_mixture_agrees_with_the_table(
    roles, verb, kind, organisation, held, needed, facts, recipient, exercise, active
):
    who = actor(roles, organisation=organisation, compartments=held, active=active)
    what = thing(kind, compartments=needed, **facts)
    guard = Guard(who, exercise=exercise, now=NOW)
    assert guard.allows(verb, what, recipient=recipient) == expected(who, verb, what, recipient, exercise)


@given(needed=st.lists(sets, max_size=8), held=sets)
def test_a_list_shows_exactly_what_one_by_one_would(needed, held):
    guard = Guard(actor({Role.ANALYST}, compartments=held), exercise=False, now=NOW)
    things = [thing(Kind.CASE, id=f"C-{n:06d}", compartments=each) for n, each in enumerate(needed)]
    assert guard.visible(things) == [each for each in things if guard.allows(Verb.VIEW, each)]


def test_hidden_and_missing_are_answered_alike():
    guard = Guard(actor({Role.ANALYST}, compartments=()), exercise=False, now=NOW)
    said = []
    for what in (None, thing(Kind.CASE)):
        with pytest.raises(HiddenError) as refused:
            guard.require(Verb.VIEW, what)
        said.append((str(refused.value), refused.value.exit_code))
    assert said[0] == said[1]


def test_a_policy_that_cannot_be_evaluated_denies():
    # A hand-over always has a recipient; one without it makes a policy fail, and a failure is a no.
    lost = thing(Kind.HANDOVER, recipient=None)
    assert not Guard(actor({Role.ANALYST, Role.PARTNER}), exercise=False, now=NOW).allows(Verb.VIEW, lost)


def test_the_policies_parse_and_none_permits_deletion():
    assert len(policies()) > 10
    assert "delete" not in policy_text()
