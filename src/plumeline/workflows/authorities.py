"""Authority records: issued and signed by a custodian, read by whoever measures under them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from plumeline.access.authority import Authority, SignedAuthority, read_authority, sign_authority
from plumeline.access.guard import Kind, Verb
from plumeline.errors import AccessError, InputError
from plumeline.store.cases_records import Change

if TYPE_CHECKING:
    from plumeline.store.cases_session import Session
    from plumeline.workflows.desk import Desk


def issue_authority(desk: Desk, authority: Authority) -> None:
    """Sign and enter a new version of an authority.

    Args:
        desk: the approver's, who is a custodian.
        authority: the record; its version follows on the last.

    Raises:
        AccessError: not a custodian, or not the approver named.
        InputError: the version does not follow, or live and exercise are mixed.
    """
    if authority.approver != desk.actor.id:
        raise AccessError("an authority is entered and signed by the approver it names")
    if authority.exercise != desk.exercise:
        raise InputError("an exercise's authority cannot stand in a live store, nor the other way round")
    with desk.session() as session:
        known = session.known(authority.id)
        expected = 0 if known is None else known.version
        if authority.version != expected + 1:
            raise InputError(f"the next version of {authority.id} is {expected + 1}, not {authority.version}")
        session.write(
            Verb.ADMINISTER,
            "authority-issued",
            Change(
                resource=desk.resource(Kind.AUTHORITY, authority.id),
                events=[
                    SignedAuthority(
                        authority=authority,
                        envelope=base64.b64encode(sign_authority(authority, desk.keys.signing)).decode(),
                    )
                ],
                state="in force",
                expected=expected,
                due=authority.expiry.isoformat(),
            ),
        )


def find_authority(session: Session, identifier: str) -> Authority:
    """The newest version of an authority, its signature checked.

    Args:
        session: of somebody who may view it.
        identifier: which.

    Returns:
        The record.

    Raises:
        AccessError: hidden, not there, or its approver has not signed it.
    """
    head = session.need(Verb.VIEW, identifier, kind=Kind.AUTHORITY)
    signed: SignedAuthority = session.history(head)[-1].event
    approver = session.actor_record(signed.authority.approver)
    if approver is None:
        raise AccessError("the approver of this authority is not known here", where=identifier)
    return read_authority(
        base64.b64decode(signed.envelope), approver_key=approver.verify_key, where=identifier
    )
