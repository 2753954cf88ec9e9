"""The case store's tables, the same on SQLite and PostgreSQL.

What a filter needs stands in clear: kinds, states, opaque identifiers, compartment names, dates, and a box of whole
tenths of a degree. Everything else is in the encrypted payloads.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

STREAM = Table(
    "stream",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("parent", Text, index=True),
    Column("due", Text),
    Column("on_hold", Boolean, nullable=False),
    Column("exercise", Boolean, nullable=False),
    Column("data_key", LargeBinary),
)
"""One row a record with a history; `resource` is what the policies know of it, `due` when it needs attention."""

STREAM_COMPARTMENT = Table(
    "stream_compartment",
    METADATA,
    Column("stream", Text, ForeignKey("stream.id"), primary_key=True),
    Column("compartment", Text, primary_key=True),
)
"""The compartments that a reader of a record must all hold."""

EVENT = Table(
    "event",
    METADATA,
    Column("stream", Text, ForeignKey("stream.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("payload", LargeBinary),
    Column("digest", Text, nullable=False),
)
"""What happened, encrypted; the payload is gone after deletion, the digest stays."""

AUDIT = Table(
    "audit",
    METADATA,
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("chain", LargeBinary, nullable=False),
)
"""The audit log; no row is ever changed."""

CHECKPOINT = Table(
    "checkpoint",
    METADATA,
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)
"""Signed heads of the audit log."""

BLOB = Table(
    "blob",
    METADATA,
    Column("stream", Text, ForeignKey("stream.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    UniqueConstraint("stream", "name"),
)
"""Packages: the bag until it is signed (encrypted by us), then the sealed file (encrypted to its recipient)."""

META = Table(
    "meta",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""Facts about the store, and its keyring sealed to the actors."""
