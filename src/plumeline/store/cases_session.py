"""One actor's work on the case store, in one transaction and through one guard."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, insert, select, update

from plumeline.access.actors import Actor
from plumeline.access.guard import Guard, HiddenError, Kind, Resource, Verb
from plumeline.access.ledger import CHAIN_START, Entry, next_chain
from plumeline.access.merkle import leaf_hash
from plumeline.access.records import from_plain, to_plain
from plumeline.cases.events import Recorded
from plumeline.errors import ConflictError, StoreError
from plumeline.provenance import canonical_json
from plumeline.store.cases_places import Box, near, place
from plumeline.store.cases_records import Change, Head, head_of, row_of
from plumeline.store.cases_tables import AUDIT, BLOB, EVENT, META, STREAM, STREAM_COMPARTMENT
from plumeline.store.vault import Vault, lock, unlock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

CLOCK_TOLERANCE_S = 2.0
"""A clock may step back this far [s]; more is refused, for times in the log must not run backwards."""


_LAST_ENTRY = select(AUDIT.c.index, AUDIT.c.chain, AUDIT.c.data).order_by(AUDIT.c.index.desc()).limit(1)
_APPEND_ENTRY = insert(AUDIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a session works with."""

    vault: Vault
    """The opened keyring."""
    events: Mapping[str, type]
    """Event type name to class."""
    clock: Callable[[], datetime]
    """Tells the time, UTC."""


class Session:
    """One actor's work; use `CaseStore.session`."""

    def __init__(self, setting: Setting, guard: Guard, connection: Connection) -> None:
        self.setting = setting
        self.guard = guard
        self.connection = connection
        self.now = setting.clock()
        self.refused: tuple[Verb, str] | None = None

    @classmethod
    def bare(cls, connection: Connection) -> Session:
        """A session without an actor: it can read facts about the store and nothing else."""
        made = cls.__new__(cls)
        made.connection = connection
        return made

    def known(self, identifier: str) -> Head | None:
        """A register entry (actor, organisation, authority, rule) by its own name; never a case or what is of one."""
        head = self._head(identifier)
        registers = {Kind.ACTOR, Kind.ORGANISATION, Kind.AUTHORITY, Kind.RULE}
        return head if head is not None and head.resource.kind in registers else None

    def actor_record(self, badge: str) -> Actor | None:
        """An actor's own record, to build its guard from or to check its signatures; None if there is none."""
        head = self.known(badge)
        if head is None or head.resource.kind is not Kind.ACTOR:
            return None
        event = self.history(head)[-1].event
        return event if isinstance(event, Actor) else None

    def need(self, verb: Verb, identifier: str, *, kind: Kind, recipient: str | None = None) -> Head:
        """One record, if the actor may do this to it.

        Args:
            verb: what the actor is about to do.
            identifier: which record.
            kind: what it must be.
            recipient: to which organisation, for a release.

        Returns:
            Its head.

        Raises:
            HiddenError: it is not permitted, hidden, of another kind or not there; always in the same words.
        """
        head = self._head(identifier)
        resource = head.resource if head is not None and head.resource.kind is kind else self._nothing(kind)
        if (
            not self.guard.allows(verb, resource, recipient=recipient)
            or head is None
            or resource.id != head.id
        ):
            self.refused = (verb, identifier)
            raise HiddenError
        self.log(verb, "looked-up" if verb is Verb.VIEW else "asked-to", head.resource)
        return head

    def history(self, head: Head) -> list[Recorded]:
        """All that happened to a record got from `need` or `find`."""
        key = self.setting.vault.data_key(head.data_key, head.id)
        rows = self.connection.execute(
            select(EVENT).where(EVENT.c.stream == head.id).order_by(EVENT.c.sequence)
        ).mappings()
        return [self._recorded(dict(row), key) for row in rows]

    def find(
        self,
        kind: Kind,
        *,
        verb: Verb = Verb.VIEW,
        parent: str | None = None,
        state: str | None = None,
        box: Box | None = None,
    ) -> list[Head]:
        """All records of a kind that the actor may see (or do `verb` to), by identifier.

        Args:
            kind: what.
            verb: for what.
            parent: only those that belong to this record.
            state: only those in this state.
            box: only those whose coarse box meets this one.

        Returns:
            Their heads; nothing tells of others.
        """
        held = sorted(self.guard.actor.compartments)
        hidden = exists().where(
            and_(STREAM_COMPARTMENT.c.stream == STREAM.c.id, STREAM_COMPARTMENT.c.compartment.not_in(held))
        )
        query = select(STREAM).where(
            STREAM.c.kind == kind.value, STREAM.c.exercise == self.guard.exercise, ~hidden
        )
        if parent is not None:
            query = query.where(STREAM.c.parent == parent)
        if state is not None:
            query = query.where(STREAM.c.state == state)
        if box is not None:
            query = near(query, box, self.connection.dialect.name)
        heads = [
            head_of(dict(row)) for row in self.connection.execute(query.order_by(STREAM.c.id)).mappings()
        ]
        self.log(verb, "listed", self._nothing(kind))
        seen = {resource.id for resource in self.guard.visible([head.resource for head in heads], verb)}
        return [head for head in heads if head.id in seen]

    def write(self, verb: Verb, occasion: str, change: Change, *, recipient: str | None = None) -> int:
        """Append to a record's history, with the log's entry.

        Args:
            verb: by which permission.
            occasion: what was done, one hyphenated word.
            change: what happened.
            recipient: to which organisation, for a release.

        Returns:
            The log entry's index.

        Raises:
            HiddenError: the actor may not do this to the record as it is, or make one like this.
            ConflictError: somebody else changed it since it was read.
        """
        resource = change.resource
        before = self._head(resource.id)
        touched = [resource] if before is None else [before.resource, resource]
        if not all(self.guard.allows(verb, each, recipient=recipient) for each in touched):
            self.refused = (verb, resource.id)
            raise HiddenError
        key = self._create(change) if before is None else self._advance(change)
        for number, event in enumerate(change.events):
            self._add_event(resource, change.expected + 1 + number, event, key)
        if change.box is not None:
            place(self.connection, resource.id, change.box)
        content = canonical_json([[type(event).__name__, to_plain(event)] for event in change.events])
        digest = hashlib.sha256(content.encode()).hexdigest()
        return self.log(verb, occasion, resource, content=digest)

    def keep_blob(self, head: Head | str, name: str, data: bytes, *, locked: bool) -> None:
        """Store a package file with its record; `locked` encrypts it at rest.

        Args:
            head: the record, or its identifier if it was made in this session.
            name: of the file.
            data: its bytes.
            locked: False for what is encrypted to a recipient already.
        """
        identifier = head if isinstance(head, str) else head.id
        if locked:
            data = lock(self._data_key(identifier), data, f"{identifier}/{name}")
        self.connection.execute(BLOB.delete().where(BLOB.c.stream == identifier, BLOB.c.name == name))
        self.connection.execute(insert(BLOB).values(stream=identifier, name=name, data=data))

    def blob(self, head: Head, name: str, *, locked: bool) -> bytes:
        """A package file of a record got from `need`.

        Args:
            head: the record.
            name: of the file.
            locked: as it was kept.

        Returns:
            Its bytes.

        Raises:
            StoreError: there is no such file, or it was changed.
        """
        data = self.connection.execute(
            select(BLOB.c.data).where(BLOB.c.stream == head.id, BLOB.c.name == name)
        ).scalar()
        if data is None:
            raise StoreError(f"there is no {name} of this record", where=head.id)
        return unlock(self._data_key(head.id), data, f"{head.id}/{name}") if locked else bytes(data)

    def drop_blob(self, head: Head, name: str) -> None:
        """Remove a staged file; the record and its history stay."""
        self.connection.execute(BLOB.delete().where(BLOB.c.stream == head.id, BLOB.c.name == name))

    def destroy(self, head: Head) -> tuple[str, ...]:
        """Destroy a record's content at the end of its retention; `require_deletable` must have passed.

        Args:
            head: the record.

        Returns:
            Digests of the payloads that were destroyed.
        """
        digests = (
            self.connection.execute(select(EVENT.c.digest).where(EVENT.c.stream == head.id)).scalars().all()
        )
        self.connection.execute(update(EVENT).where(EVENT.c.stream == head.id).values(payload=None))
        self.connection.execute(BLOB.delete().where(BLOB.c.stream == head.id))
        self.connection.execute(
            update(STREAM).where(STREAM.c.id == head.id).values(data_key=None, state="deleted", due=None)
        )
        place(self.connection, head.id, None)
        return tuple(digests)

    def log(
        self,
        verb: Verb,
        occasion: str,
        resource: Resource,
        *,
        content: str | None = None,
        permitted: bool = True,
    ) -> int:
        """Append to the audit log.

        Args:
            verb: by which permission.
            occasion: what was done, one hyphenated word.
            resource: to what.
            content: digest of what was written.
            permitted: False for a refused attempt.

        Returns:
            The entry's index.

        Raises:
            StoreError: the clock was set back.
        """
        row = self.connection.execute(_LAST_ENTRY).first()
        index, chain, time = 0, CHAIN_START, self.now
        if row is not None:
            last = datetime.fromisoformat(json.loads(row[2])["time"])
            behind_s = (last - time).total_seconds()
            if behind_s > CLOCK_TOLERANCE_S:
                raise StoreError(
                    f"the clock says {time:%Y-%m-%d %H:%M:%S} UTC, {behind_s:.0f} s before the log's last entry",
                    remedy="set the clock right; times in the log must not run backwards",
                )
            index, chain, time = int(row[0]) + 1, bytes(row[1]), max(last, time)
        entry = Entry(
            index=index,
            time=time,
            actor=self.guard.actor.id,
            verb=verb,
            occasion=occasion,
            kind=resource.kind,
            subject=resource.id,
            compartments=resource.compartments,
            content=content,
            permitted=permitted,
            salt=os.urandom(16).hex(),
        )
        data = entry.data
        leaf = leaf_hash(data)
        self.connection.execute(
            _APPEND_ENTRY, {"index": index, "data": data, "leaf": leaf, "chain": next_chain(chain, leaf)}
        )
        return index

    def note_refusal(self, verb: Verb, identifier: str) -> None:
        """Log a refused attempt; what was asked for is named only if it has the form of an identifier."""
        head = self._head(identifier) if re.fullmatch(r"(X-)?[A-Z]{1,4}-[0-9A-Z]{2,26}", identifier) else None
        resource = head.resource if head is not None else self._nothing(Kind.CASE)
        self.log(verb, "refused", resource, permitted=False)

    def audit_rows(self) -> list[tuple[bytes, bytes, bytes]]:
        """Data, leaf hash and chain value of every log entry; who may see the data is the caller's question."""
        rows = self.connection.execute(
            select(AUDIT.c.data, AUDIT.c.leaf, AUDIT.c.chain).order_by(AUDIT.c.index)
        )
        return [(bytes(row.data), bytes(row.leaf), bytes(row.chain)) for row in rows]

    def all_compartments(self) -> frozenset[str]:
        """Every compartment that any record ever needed; for the question whether somebody holds all of them."""
        return frozenset(
            self.connection.execute(select(STREAM_COMPARTMENT.c.compartment).distinct()).scalars()
        )

    def meta(self, name: str) -> bytes | None:
        """A fact about the store."""
        found = self.connection.execute(select(META.c.value).where(META.c.name == name)).scalar()
        return None if found is None else bytes(found)

    def set_meta(self, name: str, value: bytes) -> None:
        """Write a fact about the store."""
        self.connection.execute(META.delete().where(META.c.name == name))
        self.connection.execute(insert(META).values(name=name, value=value))

    def _nothing(self, kind: Kind) -> Resource:
        return Resource(
            kind=kind, id="N-NONE", originator=self.guard.actor.organisation, exercise=self.guard.exercise
        )

    def _head(self, identifier: str) -> Head | None:
        row = self.connection.execute(select(STREAM).where(STREAM.c.id == identifier)).mappings().first()
        return None if row is None else head_of(dict(row))

    def _data_key(self, identifier: str) -> bytes:
        head = self._head(identifier)
        return self.setting.vault.data_key(None if head is None else head.data_key, identifier)

    def _create(self, change: Change) -> bytes:
        resource = change.resource
        plain, wrapped = self.setting.vault.new_data_key(resource.id)
        self.connection.execute(insert(STREAM).values(id=resource.id, data_key=wrapped, **row_of(change)))
        for compartment in sorted(resource.compartments):
            self.connection.execute(
                insert(STREAM_COMPARTMENT).values(stream=resource.id, compartment=compartment)
            )
        return plain

    def _advance(self, change: Change) -> bytes:
        identifier = change.resource.id
        done = self.connection.execute(
            update(STREAM)
            .where(STREAM.c.id == identifier, STREAM.c.version == change.expected)
            .values(**row_of(change))
        )
        if done.rowcount != 1:
            raise ConflictError(
                "somebody else changed this record meanwhile",
                where=identifier,
                remedy="look at it again, then repeat",
            )
        return self._data_key(identifier)

    def _add_event(self, resource: Resource, sequence: int, event: Any, key: bytes) -> None:
        plain = canonical_json(to_plain(event)).encode()
        self.connection.execute(
            insert(EVENT).values(
                stream=resource.id,
                sequence=sequence,
                type=type(event).__name__,
                actor=self.guard.actor.id,
                time=self.now.isoformat(),
                payload=lock(key, plain, f"{resource.id}/{sequence}"),
                digest=hashlib.sha256(plain).hexdigest(),
            )
        )

    def _recorded(self, row: dict[str, Any], key: bytes) -> Recorded:
        plain = unlock(key, row["payload"], f"{row['stream']}/{row['sequence']}")
        if hashlib.sha256(plain).hexdigest() != row["digest"]:
            raise StoreError("stored content does not match its digest", where=row["stream"])
        event: Any = from_plain(self.setting.events[row["type"]], json.loads(plain), where=row["stream"])
        return Recorded(sequence=row["sequence"], actor=row["actor"], time=row["time"], event=event)
