"""The end of retention: a case's content is destroyed, with a signed certificate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from plumeline.access.envelope import sign_payload
from plumeline.access.guard import Kind, Verb
from plumeline.access.records import to_plain
from plumeline.cases.retention import CERTIFICATE_TYPE, DeletionCertificate, keep_until, require_deletable
from plumeline.store.cases_records import Change, new_id
from plumeline.workflows.review import read_case

if TYPE_CHECKING:
    from plumeline.workflows.desk import Desk


def delete_expired(desk: Desk, identifier: str) -> bytes:
    """Destroy a case's content at the end of its retention.

    Args:
        desk: a custodian's.
        identifier: which case.

    Returns:
        The signed deletion certificate.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: it must still be kept.
    """
    with desk.session() as session:
        head, case = read_case(session, identifier, Verb.ADMINISTER)
        due = keep_until(case)
        require_deletable(due=due, on_hold=head.on_hold, now=desk.now)
        certificate = DeletionCertificate(
            case=identifier, time=desk.now, actor=desk.actor.id, due=due, payloads=session.destroy(head)
        )
        session.write(
            Verb.ADMINISTER,
            "content-deleted",
            Change(
                resource=replace(
                    head.resource, kind=Kind.CERTIFICATE, id=new_id("D", exercise=desk.exercise)
                ),
                events=[certificate],
                state="issued",
                parent=identifier,
            ),
        )
    return sign_payload(to_plain(certificate), CERTIFICATE_TYPE, [desk.keys.signing])
