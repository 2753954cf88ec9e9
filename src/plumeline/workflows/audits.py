"""The audit log: signed heads, export, and its check with or without the store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from plumeline.access.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from plumeline.access.guard import Kind, Verb
from plumeline.access.ledger import Entry, chain_faults, export_lines
from plumeline.access.merkle import root
from plumeline.access.records import from_plain
from plumeline.errors import StoreError
from plumeline.store.cases_tables import CHECKPOINT

if TYPE_CHECKING:
    from plumeline.store.cases_session import Session
    from plumeline.workflows.desk import Desk

LOG_ID = "L-LOG"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCheck:
    """What a check of the whole log found."""

    size: int
    """Entries."""
    checkpoints: int
    """Signed heads that agree with them."""


def _need_log(desk: Desk, session: Session) -> None:
    """The log's size and gaps tell of every compartment, so it is for auditors who hold all of them."""
    resource = desk.resource(Kind.LOG, LOG_ID, compartments=session.all_compartments())
    session.guard.require(Verb.VIEW, resource)
    session.log(Verb.VIEW, "log-read", resource)


def sign_head(desk: Desk) -> str:
    """Sign the log's head as it is now and keep it.

    Args:
        desk: an auditor's.

    Returns:
        The signed checkpoint, to be given to witnesses.

    Raises:
        AccessError: not an auditor.
    """
    with desk.session() as session:
        _need_log(desk, session)
        return _sign(desk, session)


def _sign(desk: Desk, session: Session) -> str:
    leaves = [leaf for _, leaf, _ in session.audit_rows()]
    head = Checkpoint(origin=desk.log_name, size=len(leaves), root=root(leaves))
    note = sign_checkpoint(head, desk.store.setting.vault.log_key)
    session.connection.execute(insert(CHECKPOINT).values(size=head.size, note=note))
    return note


def export_log(desk: Desk, *, without: frozenset[str] = frozenset()) -> str:
    """The log as a file that verifies without the store.

    Args:
        desk: an auditor's, who holds every compartment.
        without: compartments whose entries are given as hashes only, for a reader who may not know of them; such a
            reader still learns how many there are.

    Returns:
        JSON lines, ending with the signed head.

    Raises:
        AccessError: not an auditor.
    """
    with desk.session() as session:
        _need_log(desk, session)
        rows = session.audit_rows()
        shown = [
            None if from_plain(Entry, json.loads(data)).compartments & without else data
            for data, _, _ in rows
        ]
        return export_lines(shown, [leaf for _, leaf, _ in rows], _sign(desk, session))


def list_log(desk: Desk, *, last: int) -> list[Entry]:
    """The newest entries.

    Args:
        desk: an auditor's.
        last: at most this many.

    Returns:
        Entries, oldest first.

    Raises:
        AccessError: not an auditor.
    """
    with desk.session() as session:
        _need_log(desk, session)
        rows = session.audit_rows()[-last:]
    return [from_plain(Entry, json.loads(data)) for data, _, _ in rows]


def check_log(desk: Desk) -> LogCheck:
    """Check the stored log against its own chain and every head that was ever signed.

    Args:
        desk: an auditor's.

    Returns:
        Its size and how many heads agree.

    Raises:
        AccessError: not an auditor.
        StoreError: an entry was changed, inserted, left out or reordered.
    """
    with desk.session() as session:
        _need_log(desk, session)
        rows = session.audit_rows()
        notes = (
            session.connection.execute(select(CHECKPOINT.c.note).order_by(CHECKPOINT.c.size)).scalars().all()
        )
    faults = chain_faults(rows)
    if faults:
        raise StoreError(
            f"the audit log was changed at entry {faults[0]} ({len(faults)} entries depart from the chain)",
            remedy="compare with an exported copy or a witness's head",
        )
    leaves = [leaf for _, leaf, _ in rows]
    for note in notes:
        head = verify_checkpoint(note, {desk.log_name: desk.store.setting.vault.log_key.public_hex})
        if head.size > len(leaves) or root(leaves[: head.size]) != head.root:
            raise StoreError(f"the audit log is not the one that was signed at size {head.size}")
    return LogCheck(size=len(rows), checkpoints=len(notes))
