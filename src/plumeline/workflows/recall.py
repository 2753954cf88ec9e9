"""Recall and supersede: signed notices to everybody who holds a package."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from plumeline.access.guard import Kind, Verb
from plumeline.cases.case import fold
from plumeline.cases.events import ReleasedTo, Withdrawn
from plumeline.errors import RefusedError
from plumeline.outcomes.events import NoticeIssued
from plumeline.outcomes.handover import fold_handover, next_state
from plumeline.packages.events import ReleaseNoticed, ReleaseSealed
from plumeline.packages.notice import Notice, NoticeKind, sign_notice
from plumeline.store.cases_records import Change
from plumeline.workflows.review import write_case

if TYPE_CHECKING:
    from plumeline.store.cases_session import Session
    from plumeline.workflows.desk import Desk


NOTICE = "notice.json"


def fetch_notice(desk: Desk, release: str) -> bytes:
    """The last notice about a release once more.

    Args:
        desk: the house's.
        release: which.

    Returns:
        The same bytes that were signed.

    Raises:
        AccessError: hidden, not there or not permitted.
        StoreError: there is no notice about it.
    """
    with desk.session() as session:
        head = session.need(Verb.VIEW, release, kind=Kind.RELEASE)
        return session.blob(head, NOTICE, locked=True)


def recall(desk: Desk, case_id: str, reason: str, *, claim: str | None = None) -> dict[str, bytes]:
    """Withdraw a released case everywhere: one signed recall notice for every package that is out.

    Args:
        desk: the releaser's.
        case_id: which case.
        reason: why.
        claim: the hand-over whose error claim was upheld, if that is the reason.

    Returns:
        Release to the signed notice, to be sent on the way the package went.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: nothing of it is out.
    """
    with desk.session() as session:
        return recall_in(desk, session, case_id, reason, claim=claim)


def recall_in(
    desk: Desk, session: Session, case_id: str, reason: str, *, claim: str | None = None
) -> dict[str, bytes]:
    """`recall` within a transaction that does more.

    Args:
        desk: the releaser's.
        session: its session.
        case_id: which case.
        reason: why.
        claim: the hand-over whose error claim was upheld, if that is the reason.

    Returns:
        Release to the signed notice.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: nothing of it is out.
    """
    head = session.need(Verb.VIEW, case_id, kind=Kind.CASE)
    case = fold(case_id, session.history(head))
    if not case.releases:
        raise RefusedError("no package of this case is out", remedy="withdraw it: plumeline review withdraw")
    notices: dict[str, bytes] = {}
    for recorded in case.releases:
        out = recorded.event
        notices[out.release] = _notice(desk, session, out, reason, superseded_by=None)
    recipient = case.releases[0].event.recipient
    event = Withdrawn(reason=reason, claim=claim)
    write_case(session, head, case, event, verb=Verb.RELEASE, occasion="case-recalled", recipient=recipient)
    return notices


def supersede(desk: Desk, old: str, new: str, reason: str) -> bytes:
    """Tell a recipient that a newer package replaces an older one.

    Args:
        desk: the releaser's.
        old: the older release.
        new: the newer one, sealed for the same recipient.
        reason: why.

    Returns:
        The signed notice.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: they are not two sealed packages for one recipient.
    """
    with desk.session() as session:
        heads = [session.need(Verb.VIEW, each, kind=Kind.RELEASE) for each in (old, new)]
        first, second = (head.resource.recipient for head in heads)
        if {head.state for head in heads} != {"sealed"} or first != second or first is None:
            raise RefusedError("a package is superseded by a sealed one for the same recipient")
        sealed: ReleaseSealed = next(
            recorded.event
            for recorded in session.history(heads[0])
            if isinstance(recorded.event, ReleaseSealed)
        )
        out = ReleasedTo(recipient=first, release=old, handover=sealed.handover)
        return _notice(desk, session, out, reason, superseded_by=new)


def _notice(
    desk: Desk, session: Session, out: ReleasedTo, reason: str, *, superseded_by: str | None
) -> bytes:
    head = session.need(Verb.RELEASE, out.release, kind=Kind.RELEASE, recipient=out.recipient)
    sealed = next(r.event for r in session.history(head) if isinstance(r.event, ReleaseSealed))
    kind = NoticeKind.SUPERSEDE if superseded_by else NoticeKind.RECALL
    signed = sign_notice(
        Notice(
            kind=kind,
            release=out.release,
            package=sealed.package,
            recipient=out.recipient,
            by=desk.actor.id,
            time=desk.now,
            reason=reason,
            superseded_by=superseded_by,
        ),
        desk.keys.signing,
    )
    digest = hashlib.sha256(signed).hexdigest()
    session.keep_blob(head, NOTICE, signed, locked=True)
    session.write(
        Verb.RELEASE,
        f"notice-{kind.value}",
        Change(
            resource=head.resource,
            events=[ReleaseNoticed(notice=digest, kind=kind.value)],
            state="recalled" if kind is NoticeKind.RECALL else "superseded",
            expected=head.version,
            parent=head.parent,
        ),
        recipient=out.recipient,
    )
    clock_head = session.need(Verb.RELEASE, out.handover, kind=Kind.HANDOVER, recipient=out.recipient)
    handover = fold_handover(out.handover, session.history(clock_head))
    event = NoticeIssued(notice=digest)
    session.write(
        Verb.RELEASE,
        f"handover-{kind.value}",
        Change(
            resource=clock_head.resource,
            events=[event],
            state=next_state(handover, event).value,
            expected=clock_head.version,
            parent=clock_head.parent,
        ),
        recipient=out.recipient,
    )
    return signed
