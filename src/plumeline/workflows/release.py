"""Two-person release: prepare for one recipient, two signatures, seal."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from plumeline import __version__
from plumeline.access.checkpoint import Checkpoint, sign_checkpoint
from plumeline.access.guard import Kind, Verb, resource_of
from plumeline.access.keys import new_signing_key
from plumeline.access.merkle import inclusion_proof, root
from plumeline.cases.events import ReleasedTo
from plumeline.cases.rules import require_receivable
from plumeline.errors import AccessError, InputError, RefusedError
from plumeline.outcomes.events import Sent, Urgency
from plumeline.packages.bag import Files, pack, unpack
from plumeline.packages.content import content_of
from plumeline.packages.events import ReleasePrepared, ReleaseSealed, ReleaseSigned
from plumeline.packages.release import archive, bag_of, envelope_of, require_signature, sign_statement
from plumeline.packages.seal import seal
from plumeline.packages.statement import LogProof, Predicate, statement_bytes
from plumeline.packages.timestamp import request, stamped_at
from plumeline.store.cases_records import Change, new_id
from plumeline.workflows.authorities import find_authority
from plumeline.workflows.desk import latest
from plumeline.workflows.raw_files import raw_files
from plumeline.workflows.review import all_rules, read_case, write_case

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from plumeline.access.actors import Organisation
    from plumeline.cases import Case
    from plumeline.store.cases_records import Head
    from plumeline.store.cases_session import Session
    from plumeline.workflows.desk import Desk

STAGED_BAG = "bag.tar"
STATEMENT = "statement.json"
SEALED = "package.age"


def prepare_release(
    desk: Desk, case_id: str, recipient: str, *, supersedes: str | None = None, raw: Iterable[Path] = ()
) -> str:
    """Put a package together for one recipient; it is nothing until two persons have signed it.

    Args:
        desk: the releaser's, who will sign second.
        case_id: a concluded case.
        recipient: for which organisation.
        supersedes: an earlier release to the same recipient that this one replaces.
        raw: files or folders with the raw recordings, to put them in; without, only their digests are.

    Returns:
        The release's identifier.

    Raises:
        AccessError: hidden, not there, not permitted, or the authority has expired.
        RefusedError: the dossier is incomplete, the rules do not allow it, or raw files may not leave.
        InputError: the recipient has no sealing key, or a raw file is missing.
    """
    with desk.session() as session:
        _, case = read_case(session, case_id, Verb.RELEASE, recipient=recipient)
        require_receivable(case, recipient, all_rules(session), desk.now)
        find_authority(session, case.dossier.basis.fence.authority).require_alive(desk.now)
        _organisation(session, recipient)
        identifier = new_id("P", exercise=desk.exercise)
        receipt = new_signing_key()
        content = content_of(
            case,
            release=identifier,
            recipient=recipient,
            prepared=desk.now,
            supersedes=supersedes,
            version=__version__,
        )
        raw = tuple(raw)
        bag = bag_of(content, receipt, raw_files(case, raw) if raw else {})
        prepared = ReleasePrepared(
            content=content,
            case_version=case.version,
            recipient=recipient,
            concluded_by=content.conclusion.actor,
            released_by=desk.actor.id,
            receipt_key=receipt.public_hex,
        )
        resource = resource_of(
            Kind.RELEASE, identifier, case.dossier.marking, concluders=case.concluders, recipient=recipient
        )
        index = session.write(
            Verb.RELEASE,
            "release-prepared",
            Change(resource=resource, events=[prepared], state="prepared", parent=case_id),
            recipient=recipient,
        )
        statement = statement_bytes(bag, _predicate(desk, session, prepared, index))
        session.keep_blob(identifier, STAGED_BAG, pack(bag, identifier), locked=True)
        session.keep_blob(identifier, STATEMENT, statement, locked=True)
    return identifier


def _organisation(session: Session, identifier: str) -> Organisation:
    head = session.need(Verb.VIEW, identifier, kind=Kind.ORGANISATION)
    organisation: Organisation = latest(session, head)
    if not organisation.sealing_keys:
        raise InputError(
            "the recipient has no sealing key", where=identifier, remedy="a custodian enters it first"
        )
    return organisation


def _predicate(desk: Desk, session: Session, prepared: ReleasePrepared, index: int) -> Predicate:
    leaves = [leaf for _, leaf, _ in session.audit_rows()]
    head = Checkpoint(origin=desk.log_name, size=len(leaves), root=root(leaves))
    content = prepared.content
    return Predicate(
        case=content.case,
        release=content.release,
        recipient=prepared.recipient,
        originator=content.handling.originator,
        concluded_by=prepared.concluded_by,
        released_by=prepared.released_by,
        prepared=content.prepared,
        receipt_key=prepared.receipt_key,
        exercise=content.exercise,
        version=content.version,
        log=LogProof(
            checkpoint=sign_checkpoint(head, desk.store.setting.vault.log_key),
            index=index,
            leaf=leaves[index].hex(),
            path=tuple(sibling.hex() for sibling in inclusion_proof(leaves, index)),
        ),
    )


def review_release(desk: Desk, release: str) -> Files:
    """The files of a prepared release, for whoever is about to sign them.

    Args:
        desk: the concluding analyst's or the releaser's.
        release: which.

    Returns:
        Name to content.

    Raises:
        AccessError: hidden, not there or not permitted.
    """
    with desk.session() as session:
        head = session.need(Verb.VIEW, release, kind=Kind.RELEASE)
        return unpack(session.blob(head, STAGED_BAG, locked=True))[1]


def sign_release(desk: Desk, release: str) -> str:
    """Sign a prepared release as one of the two persons it names.

    Args:
        desk: the concluding analyst's or the releaser's.
        release: which.

    Returns:
        The role signed in: "concluded" or "released".

    Raises:
        AccessError: hidden, not there, or not one of the two.
        RefusedError: it is signed by this actor already, or sealed.
    """
    with desk.session() as session:
        head = session.need(Verb.VIEW, release, kind=Kind.RELEASE)
        prepared, signed = _history(session, head)
        roles = {
            prepared.concluded_by: ("concluded", Verb.REVIEW),
            prepared.released_by: ("released", Verb.RELEASE),
        }
        if desk.actor.id not in roles or prepared.concluded_by == prepared.released_by:
            raise AccessError("only the two persons this release names can sign it")
        role, verb = roles[desk.actor.id]
        if head.state != "prepared" or role in signed:
            raise RefusedError(f"this release is {head.state}, and its signature as {role} is not awaited")
        statement = session.blob(head, STATEMENT, locked=True)
        signature = sign_statement(statement, desk.keys.signing)
        event = ReleaseSigned(role=role, statement=hashlib.sha256(statement).hexdigest(), **signature)
        session.write(
            verb,
            f"release-signed-{role}",
            Change(
                resource=head.resource,
                events=[event],
                state="signed" if len(signed) == 1 else "prepared",
                expected=head.version,
                parent=head.parent,
            ),
            recipient=prepared.recipient,
        )
    return role


def _history(session: Session, head: Head) -> tuple[ReleasePrepared, dict[str, ReleaseSigned]]:
    events = [recorded.event for recorded in session.history(head)]
    return events[0], {event.role: event for event in events if isinstance(event, ReleaseSigned)}


def seal_release(
    desk: Desk, release: str, *, urgency: Urgency = Urgency.ROUTINE, timestamp: bytes | None = None
) -> bytes:
    """Seal a release that two persons signed; package, case and clock change together or not at all.

    Args:
        desk: the releaser's.
        release: which.
        urgency: how soon an answer is due.
        timestamp: an RFC 3161 response over the envelope, if there is one.

    Returns:
        The sealed file.

    Raises:
        AccessError: hidden, not there, not permitted, or a signature or the time-stamp is not good.
        InputError: the time-stamp is none.
        RefusedError: a signature is missing, or the case or the rules changed since it was prepared.
    """
    with desk.session() as session:
        head = session.need(Verb.VIEW, release, kind=Kind.RELEASE)
        prepared, signed = _history(session, head)
        recipient = prepared.recipient
        if head.state != "signed" or set(signed) != {"concluded", "released"}:
            raise RefusedError(
                f"this release is {head.state}; two signatures are needed before it can be sealed"
            )
        case_head, case = read_case(session, prepared.content.case, Verb.RELEASE, recipient=recipient)
        _require_unchanged(desk, session, prepared, case)
        sealed = _sealed(session, head, prepared, signed, timestamp)
        digest = hashlib.sha256(sealed).hexdigest()
        handover = new_id("H", exercise=desk.exercise)
        session.write(
            Verb.RELEASE,
            "release-sealed",
            Change(
                resource=head.resource,
                events=[ReleaseSealed(package=digest, size=len(sealed), handover=handover)],
                state="sealed",
                expected=head.version,
                parent=head.parent,
            ),
            recipient=recipient,
        )
        session.keep_blob(head, SEALED, sealed, locked=False)
        session.drop_blob(head, STAGED_BAG)
        event = ReleasedTo(recipient=recipient, release=release, handover=handover)
        write_case(
            session, case_head, case, event, verb=Verb.RELEASE, occasion="case-released", recipient=recipient
        )
        _start_clock(session, case, prepared, handover, digest, urgency)
    return sealed


def _require_unchanged(desk: Desk, session: Session, prepared: ReleasePrepared, case: Case) -> None:
    """Packages to several recipients may be sealed one after the other; any other change voids the preparation.

    Raises:
        RefusedError: the case or the rules changed.
    """
    releases = sum(recorded.sequence > prepared.case_version for recorded in case.releases)
    if case.version - releases != prepared.case_version:
        raise RefusedError("the case changed since this release was prepared", remedy="prepare it again")
    require_receivable(case, prepared.recipient, all_rules(session), desk.now)
    find_authority(session, case.dossier.basis.fence.authority).require_alive(desk.now)


def _sealed(
    session: Session,
    head: Head,
    prepared: ReleasePrepared,
    signed: dict[str, ReleaseSigned],
    timestamp: bytes | None,
) -> bytes:
    statement, signatures = _signatures(session, head, prepared, signed)
    if timestamp is not None:
        stamped_at(timestamp, envelope_of(statement, signatures))
    _, bag = unpack(session.blob(head, STAGED_BAG, locked=True))
    tar = archive(bag, statement, signatures, release=head.id, timestamp=timestamp)
    return seal(tar, _organisation(session, prepared.recipient).sealing_keys)


def _signatures(
    session: Session, head: Head, prepared: ReleasePrepared, signed: dict[str, ReleaseSigned]
) -> tuple[bytes, dict[str, tuple[str, dict[str, str]]]]:
    """The signed bytes, and role to public key and good signatures.

    Raises:
        AccessError: a signer is not known any more, or a signature is not good.
    """
    statement = session.blob(head, STATEMENT, locked=True)
    signatures = {}
    for role, badge in (("concluded", prepared.concluded_by), ("released", prepared.released_by)):
        actor = session.actor_record(badge)
        if actor is None:
            raise AccessError("a signer is not known here any more")
        both = {"dsse": signed[role].dsse, "minisign": signed[role].minisign}
        require_signature(statement, both, actor.verify_key)
        signatures[role] = (actor.verify_key, both)
    return statement, signatures


def timestamp_request(desk: Desk, release: str) -> bytes:
    """What to send to a time-stamping authority before a signed release is sealed.

    Args:
        desk: the releaser's.
        release: signed by both, not sealed yet.

    Returns:
        An RFC 3161 request over its envelope.

    Raises:
        AccessError: hidden, not there or not permitted.
        RefusedError: it is not signed by both, or sealed already.
    """
    with desk.session() as session:
        head = session.need(Verb.VIEW, release, kind=Kind.RELEASE)
        prepared, signed = _history(session, head)
        if head.state != "signed":
            raise RefusedError(f"this release is {head.state}; a time-stamp goes between signing and sealing")
        return request(envelope_of(*_signatures(session, head, prepared, signed)))


def _start_clock(
    session: Session, case: Case, prepared: ReleasePrepared, handover: str, package: str, urgency: Urgency
) -> None:
    marking = case.dossier.marking
    registered = _organisation(session, prepared.recipient).receipt_key
    keys = (prepared.receipt_key, registered) if registered is not None else (prepared.receipt_key,)
    session.write(
        Verb.RELEASE,
        "handover-begun",
        Change(
            resource=resource_of(Kind.HANDOVER, handover, marking, recipient=prepared.recipient),
            events=[
                Sent(
                    case=case.id,
                    source=case.id,
                    release=prepared.content.release,
                    package=package,
                    recipient=prepared.recipient,
                    urgency=urgency,
                    score=max((score.probability for score in case.dossier.scores), default=0.0),
                    sensors=tuple(sorted({recording.sensor for recording in case.dossier.recordings})),
                    answer_keys=keys,
                )
            ],
            state="sent",
            parent=case.id,
        ),
        recipient=prepared.recipient,
    )


def fetch_package(desk: Desk, release: str) -> bytes:
    """The sealed file once more.

    Args:
        desk: the house's.
        release: which.

    Returns:
        The same bytes that were sealed.

    Raises:
        AccessError: hidden, not there or not permitted.
        StoreError: it is not sealed yet.
    """
    with desk.session() as session:
        head = session.need(Verb.VIEW, release, kind=Kind.RELEASE)
        return session.blob(head, SEALED, locked=False)
