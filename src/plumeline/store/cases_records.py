"""What the case store hands out and takes in: heads without content, and changes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plumeline.access.guard import Resource
from plumeline.access.records import from_plain, to_plain
from plumeline.provenance import canonical_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plumeline.store.cases_places import Box

_ID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_LENGTH = 16


def new_id(prefix: str, *, exercise: bool) -> str:
    """An opaque random identifier; says nothing of when it was made or how many there are."""
    letters = "".join(_ID_ALPHABET[byte % 32] for byte in os.urandom(_ID_LENGTH))
    return f"{'X-' if exercise else ''}{prefix}-{letters}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A record without its content."""

    resource: Resource
    """What the policies know of it."""
    version: int
    """Number of its events."""
    state: str
    """Where it stands."""
    parent: str | None
    """The record it belongs to."""
    due: str | None
    """When it needs attention, ISO 8601."""
    on_hold: bool
    """Whether a legal hold keeps it."""
    data_key: bytes | None
    """Its wrapped data key."""

    @property
    def id(self) -> str:
        """Its identifier."""
        return self.resource.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a write makes of a record."""

    resource: Resource
    """What the policies know of it from now on."""
    events: Sequence[Any]
    """What happened."""
    state: str
    """Where it stands from now on."""
    expected: int = 0
    """The version it was read at; 0 for a new record."""
    parent: str | None = None
    """The record it belongs to."""
    due: str | None = None
    """When it needs attention, ISO 8601."""
    on_hold: bool = False
    """Whether a legal hold keeps it."""
    box: Box | None = None
    """Where it lies, for the map's filter."""


def row_of(change: Change) -> dict[str, Any]:
    """A change as columns of the table `stream`."""
    return {
        "kind": change.resource.kind.value,
        "version": change.expected + len(change.events),
        "state": change.state,
        "resource": canonical_json(to_plain(change.resource)),
        "parent": change.parent,
        "due": change.due,
        "on_hold": change.on_hold,
        "exercise": change.resource.exercise,
    }


def head_of(row: dict[str, Any]) -> Head:
    """A row of the table `stream` as a head."""
    return Head(
        resource=from_plain(Resource, json.loads(row["resource"])),
        version=row["version"],
        state=row["state"],
        parent=row["parent"],
        due=row["due"],
        on_hold=bool(row["on_hold"]),
        data_key=row["data_key"],
    )
