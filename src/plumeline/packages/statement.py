"""The release statement: what two persons sign, and the audit log's proof that it was entered.

References: in-toto attestation framework, Statement v1.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from plumeline.access.records import (
    ActorId,
    Count,
    Digest,
    Instant,
    Label,
    OrganisationId,
    StreamId,
    record,
    to_plain,
)
from plumeline.packages.bag import ALGORITHMS
from plumeline.provenance import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:plumeline:release:1"


@record
class LogProof:
    """That the release was entered in the audit log, without showing the entry."""

    checkpoint: str
    """The signed head."""
    index: Count
    """The entry's place."""
    leaf: Digest
    """The entry's leaf hash."""
    path: tuple[Digest, ...]
    """Siblings from the leaf to the root."""


@record
class Predicate:
    """What is said about the bag."""

    case: StreamId
    """Which case."""
    release: StreamId
    """Which release."""
    recipient: OrganisationId
    """Whom it is for."""
    originator: OrganisationId
    """Whose it is."""
    concluded_by: ActorId
    """Signs first."""
    released_by: ActorId
    """Signs second; another person."""
    prepared: Instant
    """When."""
    receipt_key: Digest
    """Public half of the key inside the package that answers are signed with."""
    exercise: bool
    """Whether it belongs to an exercise."""
    version: Label
    """Plumeline's version."""
    log: LogProof
    """The audit log's proof."""


def statement_bytes(bag: Mapping[str, bytes], predicate: Predicate) -> bytes:
    """The statement over a bag, as the bytes that are signed."""
    subject = [
        {"name": name, "digest": {"sha256": hashlib.sha256(bag[name]).hexdigest()}}
        for name in (f"tagmanifest-{algorithm}.txt" for algorithm in ALGORITHMS)
    ]
    plain = {
        "_type": STATEMENT,
        "subject": subject,
        "predicateType": PREDICATE,
        "predicate": to_plain(predicate),
    }
    return canonical_json(plain).encode()
