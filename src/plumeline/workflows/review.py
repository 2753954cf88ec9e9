"""Looking at cases and reviewing them: blind first, then conclude, reopen, approve again, withdraw, hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from plumeline.access.actors import Role
from plumeline.access.guard import Kind, Verb
from plumeline.cases.case import Case, fold, next_state
from plumeline.cases.events import (
    Assessment,
    BlindScored,
    Concluded,
    DissentRecorded,
    HoldLifted,
    HoldSet,
    MachineScoreShown,
    NoteAdded,
    Reapproved,
    Reopened,
    SectionsSet,
    Withdrawn,
)
from plumeline.cases.review import CaseView, must_stay_blind, require_blind, require_ready_to_conclude
from plumeline.cases.rules import Rule, in_force, is_affected, rules_digest
from plumeline.errors import RefusedError
from plumeline.store.cases_records import Change

if TYPE_CHECKING:
    from datetime import datetime

    from plumeline.cases.sections import Sections
    from plumeline.store.cases_places import Box
    from plumeline.store.cases_records import Head
    from plumeline.store.cases_session import Session
    from plumeline.workflows.desk import Desk


def read_case(
    session: Session, identifier: str, verb: Verb = Verb.VIEW, *, recipient: str | None = None
) -> tuple[Head, Case]:
    """A case for a verb.

    Args:
        session: of the actor.
        identifier: which.
        verb: what the actor is about to do.
        recipient: to which organisation, for a release.

    Returns:
        Its head and itself.

    Raises:
        AccessError: hidden, not there or not permitted.
    """
    head = session.need(verb, identifier, kind=Kind.CASE, recipient=recipient)
    return head, fold(identifier, session.history(head))


def write_case(
    session: Session,
    head: Head,
    case: Case,
    event: Any,
    *,
    verb: Verb,
    occasion: str,
    recipient: str | None = None,
) -> None:
    """Append an event to a case, if its state allows it.

    Args:
        session: of the actor.
        head: as read.
        case: as read.
        event: what happens.
        verb: by which permission.
        occasion: for the log.
        recipient: to which organisation, for a release.

    Raises:
        RefusedError: it cannot happen in this state.
    """
    state = next_state(case.state, event)
    resource = head.resource
    if isinstance(event, Concluded):
        resource = replace(resource, concluders=frozenset([session.guard.actor.id]))
    if isinstance(event, Reopened):
        resource = replace(resource, concluders=frozenset())
    on_hold = isinstance(event, HoldSet) or (head.on_hold and not isinstance(event, HoldLifted))
    session.write(
        verb,
        occasion,
        Change(
            resource=resource,
            events=[event],
            state=state.value,
            expected=head.version,
            parent=head.parent,
            on_hold=on_hold,
        ),
        recipient=recipient,
    )


def list_cases(desk: Desk, *, state: str | None = None, box: Box | None = None) -> list[Head]:
    """The cases this actor may see, and no sign of others.

    Args:
        desk: anybody's.
        state: only those in this state.
        box: only those near here.

    Returns:
        Their heads.
    """
    with desk.session() as session:
        return session.find(Kind.CASE, state=state, box=box)


def show_case(desk: Desk, identifier: str, *, as_of: datetime | None = None) -> CaseView:
    """A case, with the machine's scores unless the reader has still to score blind.

    Args:
        desk: anybody's.
        identifier: which.
        as_of: as it stood then, under the rules in force then; now when None.

    Returns:
        The case; that the scores were shown is recorded.

    Raises:
        AccessError: hidden or not there.
        RefusedError: it was not open yet at that time.
    """
    with desk.session() as session:
        head, case = read_case(session, identifier)
        rules = all_rules(session)
        then = case if as_of is None else _as_of(session, head, as_of)
        at = as_of or desk.now
        governing = tuple(rule for rule in in_force(rules, at) if rule.applies(then))
        changed = is_affected(then, rules, at)
        if must_stay_blind(case, desk.actor.id, is_reviewer=Role.REVIEWER in desk.actor.roles):
            then = replace(
                then,
                dossier=replace(then.dossier, scores=()),
                scores=(),
                sections=replace(then.sections, rivals=()),
            )
            return CaseView(case=then, scores=None, as_of=as_of, rules=governing, rules_changed=changed)
        if desk.actor.id not in case.exposed and session.guard.allows(Verb.REVIEW, head.resource):
            write_case(session, head, case, MachineScoreShown(), verb=Verb.REVIEW, occasion="scores-shown")
        return CaseView(
            case=then, scores=then.dossier.scores, as_of=as_of, rules=governing, rules_changed=changed
        )


def _as_of(session: Session, head: Head, as_of: datetime) -> Case:
    history = [recorded for recorded in session.history(head) if recorded.time <= as_of]
    if not history:
        raise RefusedError(f"this case was not open yet at {as_of:%Y-%m-%d %H:%M:%S} UTC")
    return fold(head.id, history)


def _append(desk: Desk, identifier: str, event: Any, *, verb: Verb, occasion: str) -> None:
    with desk.session() as session:
        head, case = read_case(session, identifier, verb)
        write_case(session, head, case, event, verb=verb, occasion=occasion)


def set_sections(desk: Desk, identifier: str, sections: Sections) -> None:
    """Write the supplied parts of the dossier.

    Args:
        desk: an analyst's.
        identifier: which case.
        sections: all of them.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: the case is concluded already.
    """
    _append(desk, identifier, SectionsSet(sections=sections), verb=Verb.ANNOTATE, occasion="sections-set")


def add_note(desk: Desk, identifier: str, text: str) -> None:
    """Remark something about a case.

    Args:
        desk: an analyst's or reviewer's.
        identifier: which case.
        text: what.

    Raises:
        AccessError: hidden, not there or not permitted.
    """
    _append(desk, identifier, NoteAdded(text=text), verb=Verb.ANNOTATE, occasion="note-added")


def score_blind(desk: Desk, identifier: str, assessment: Assessment, confidence: float) -> None:
    """Score a case before seeing the machine's scores.

    Args:
        desk: a reviewer's.
        identifier: which case.
        assessment: what the reviewer makes of it.
        confidence: how sure, 0 to 1.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: the reviewer has seen the scores or scored already.
    """
    with desk.session() as session:
        head, case = read_case(session, identifier, Verb.REVIEW)
        require_blind(case, desk.actor.id)
        event = BlindScored(assessment=assessment, confidence=confidence)
        write_case(session, head, case, event, verb=Verb.REVIEW, occasion="scored-blind")


def dissent(desk: Desk, identifier: str, text: str) -> None:
    """Record a disagreement; it travels with every package.

    Args:
        desk: an analyst's or reviewer's.
        identifier: which case.
        text: why.

    Raises:
        AccessError: hidden, not there or not permitted.
    """
    _append(desk, identifier, DissentRecorded(text=text), verb=Verb.REVIEW, occasion="dissent-recorded")


def conclude(desk: Desk, identifier: str, assessment: Assessment, grounds: str) -> None:
    """Conclude a case under the rules now in force.

    Args:
        desk: the analyst's, who can then not release it.
        identifier: which case.
        assessment: the conclusion.
        grounds: why.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: no other's blind score, or an unexplained disagreement.
    """
    with desk.session() as session:
        head, case = read_case(session, identifier, Verb.REVIEW)
        require_ready_to_conclude(case, desk.actor.id, assessment)
        rules = rules_digest(case, all_rules(session), desk.now)
        event = Concluded(assessment=assessment, grounds=grounds, rules=rules)
        write_case(session, head, case, event, verb=Verb.REVIEW, occasion="concluded")


def reopen(desk: Desk, identifier: str, reason: str) -> None:
    """Take a conclusion up again.

    Args:
        desk: an analyst's or reviewer's.
        identifier: which case.
        reason: why.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: it is not concluded, or already released.
    """
    _append(desk, identifier, Reopened(reason=reason), verb=Verb.REVIEW, occasion="reopened")


def reapprove(desk: Desk, identifier: str) -> None:
    """Confirm a conclusion under changed rules; only another than the concluding analyst may.

    Args:
        desk: an analyst's or reviewer's.
        identifier: which case.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: it is not concluded, or by the same actor.
    """
    with desk.session() as session:
        head, case = read_case(session, identifier, Verb.REVIEW)
        if desk.actor.id in case.concluders:
            raise RefusedError("who concluded cannot approve it again", remedy="let another reviewer do it")
        event = Reapproved(rules=rules_digest(case, all_rules(session), desk.now))
        write_case(session, head, case, event, verb=Verb.REVIEW, occasion="reapproved")


def withdraw(desk: Desk, identifier: str, reason: str) -> None:
    """Withdraw a case that was not released; a released one is withdrawn by recall.

    Args:
        desk: an analyst's or reviewer's.
        identifier: which case.
        reason: why.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: it was released.
    """
    with desk.session() as session:
        head, case = read_case(session, identifier, Verb.REVIEW)
        if case.releases:
            raise RefusedError(
                "packages of this case are out", remedy="recall them: plumeline release recall"
            )
        write_case(session, head, case, Withdrawn(reason=reason), verb=Verb.REVIEW, occasion="withdrawn")


def hold(desk: Desk, identifier: str, reason: str, *, lift: bool = False) -> None:
    """Set or lift a legal hold.

    Args:
        desk: a custodian's.
        identifier: which case.
        reason: why.
        lift: whether to lift it.

    Raises:
        AccessError: hidden, not there or not permitted.
    """
    event = HoldLifted(reason=reason) if lift else HoldSet(reason=reason)
    _append(desk, identifier, event, verb=Verb.ADMINISTER, occasion="hold-lifted" if lift else "hold-set")


def enter_rule(desk: Desk, rule: Rule) -> list[str]:
    """Enter a new version of a rule, and list the cases it affects.

    Args:
        desk: a custodian's.
        rule: the record; its version follows on the last.

    Returns:
        Cases whose release is blocked until they are approved again; those this actor may administer.

    Raises:
        AccessError: not a custodian.
        RefusedError: the version does not follow.
    """
    with desk.session() as session:
        known = session.known(rule.id)
        expected = 0 if known is None else known.version
        if rule.version != expected + 1:
            raise RefusedError(f"the next version of {rule.id} is {expected + 1}, not {rule.version}")
        session.write(
            Verb.ADMINISTER,
            "rule-entered",
            Change(
                resource=desk.resource(Kind.RULE, rule.id),
                events=[rule],
                state=rule.effect.value,
                expected=expected,
                due=rule.effective_to.isoformat() if rule.effective_to else None,
            ),
        )
        return _affected(session, desk, Verb.ADMINISTER)


def affected_cases(desk: Desk) -> list[str]:
    """Cases whose release is blocked because the rules changed, of those the actor may see."""
    with desk.session() as session:
        return _affected(session, desk, Verb.VIEW)


def _affected(session: Session, desk: Desk, verb: Verb) -> list[str]:
    rules = all_rules(session)
    heads = [head for head in session.find(Kind.CASE, verb=verb) if head.data_key is not None]
    return [head.id for head in heads if is_affected(fold(head.id, session.history(head)), rules, desk.now)]


def all_rules(session: Session) -> list[Rule]:
    """Every version of every rule the actor may see."""
    return [recorded.event for head in session.find(Kind.RULE) for recorded in session.history(head)]
