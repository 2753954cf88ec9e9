"""The audit log's entries: who did what to which record, in a hash chain and a Merkle tree.

An entry holds no content, only identifiers and digests. Each has a random salt, so that somebody who is shown only
an entry's hash cannot find the entry by trying. The chain value of an entry covers all before it; the Merkle tree
over the entries' leaf hashes gives short proofs to outsiders.

An exported log is a file of JSON lines `{"entry": …}` or, for what the reader may not see, `{"leaf": …}`, followed
by the signed checkpoint; `verify_export` needs nothing else.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from plumeline.access.checkpoint import Checkpoint, verify_checkpoint
from plumeline.access.guard import Kind, Verb
from plumeline.access.merkle import leaf_hash, root
from plumeline.access.records import (
    ActorId,
    Compartment,
    Count,
    Digest,
    Instant,
    SetOf,
    StreamId,
    record,
    to_plain,
)
from plumeline.errors import AccessError, InputError
from plumeline.provenance import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CHAIN_START = bytes(32)
"""Chain value before the first entry."""

Occasion = Annotated[str, Field(pattern=r"^[a-z][a-z-]{2,39}$")]
"""What exactly was done, in one hyphenated word."""


@record
class Entry:
    """One line of the audit log."""

    index: Count
    """Place in the log, from 0."""
    time: Instant
    """When."""
    actor: ActorId
    """Who."""
    verb: Verb
    """By which permission."""
    occasion: Occasion
    """What exactly."""
    kind: Kind
    """To what kind of record."""
    subject: StreamId
    """To which record."""
    compartments: SetOf[Compartment] = frozenset()
    """What a reader of this entry must hold."""
    content: Digest | None = None
    """Digest of what was written, if anything was."""
    permitted: bool = True
    """False for a refused attempt."""
    salt: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    """Random, so that the entry's hash gives nothing away."""

    @property
    def data(self) -> bytes:
        """The bytes that are hashed."""
        return canonical_json(to_plain(self)).encode()

    @property
    def leaf(self) -> bytes:
        """Leaf hash in the Merkle tree."""
        return leaf_hash(self.data)


def next_chain(chain: bytes, leaf: bytes) -> bytes:
    """Chain value after one more entry."""
    return hashlib.sha256(chain + leaf).digest()


def chain_faults(rows: Iterable[tuple[bytes, bytes, bytes]]) -> list[int]:
    """Indices at which a stored log departs from its own chain.

    Args:
        rows: per entry its data, leaf hash and chain value, in order.

    Returns:
        Empty when nothing was changed, inserted, left out or reordered.
    """
    faults = []
    chain = CHAIN_START
    for index, (data, leaf, stored) in enumerate(rows):
        chain = next_chain(chain, leaf)
        if leaf_hash(data) != leaf or chain != stored or json.loads(data)["index"] != index:
            faults.append(index)
            chain = stored
    return faults


def export_lines(data: Sequence[bytes | None], leaves: Sequence[bytes], note: str) -> str:
    """A log as text: what may be seen in full, the rest as leaf hashes, then the signed head.

    Args:
        data: each entry's bytes, or None where the reader may not see it.
        leaves: each entry's leaf hash.
        note: the signed checkpoint over all of them.

    Returns:
        The file's text.
    """
    lines = [
        canonical_json({"entry": json.loads(seen)} if seen is not None else {"leaf": leaf.hex()})
        for seen, leaf in zip(data, leaves, strict=True)
    ]
    return "\n".join([*lines, canonical_json({"checkpoint": note})]) + "\n"


def verify_export(text: str, keys: Mapping[str, str], *, where: str = "") -> tuple[Checkpoint, int]:
    """Check an exported log against its signed head, without any database.

    Args:
        text: the exported file.
        keys: the log's name to its public key (hexadecimal).
        where: the file's name, for the error's text.

    Returns:
        The head and the number of entries shown in full.

    Raises:
        AccessError: the entries are not those the head was signed over.
        InputError: the file is torn or is no exported log.
    """
    leaves: list[bytes] = []
    shown = 0
    note: str | None = None
    for number, line in enumerate(text.splitlines()):
        item = _line(line, f"{where}:{number + 1}")
        if note is not None:
            raise InputError("text after the checkpoint", where=f"{where}:{number + 1}")
        if "checkpoint" in item:
            note = str(item["checkpoint"])
        elif "leaf" in item:
            leaves.append(bytes.fromhex(item["leaf"]))
        else:
            leaves.append(leaf_hash(canonical_json(item["entry"]).encode()))
            shown += 1
            if item["entry"].get("index") != len(leaves) - 1:
                raise AccessError("an entry stands in the wrong place", where=f"{where}:{number + 1}")
    if note is None or not text.endswith("\n"):
        raise InputError("the log ends before its checkpoint", where=where, remedy="ask for the whole file")
    head = verify_checkpoint(note, keys, where=where)
    if head.size != len(leaves) or head.root != root(leaves):
        raise AccessError(
            f"the {len(leaves)} entries are not those that the head of size {head.size} was signed over",
            where=where,
            remedy="the log was changed after it was signed",
        )
    return head, shown


def _line(line: str, where: str) -> dict[str, Any]:
    try:
        item = json.loads(line)
        good = canonical_json(item) == line and len(item) == 1 and _is_item(*next(iter(item.items())))
    except (ValueError, TypeError, AttributeError):
        good = False
    if not good:
        raise InputError("not a line of an exported log", where=where, remedy="ask for the whole file")
    return dict(item)


def _is_item(key: str, value: Any) -> bool:
    if key == "leaf":
        return len(bytes.fromhex(value)) == hashlib.sha256().digest_size
    return (
        isinstance(value, {"entry": dict, "checkpoint": str}[key])
        if key in {"entry", "checkpoint"}
        else False
    )
