"""Recall and supersede: signed notices. A package that went out is never un-shared, and none of this claims so."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from plumeline.access.envelope import open_envelope, sign_payload
from plumeline.access.records import (
    ActorId,
    Digest,
    Instant,
    OrganisationId,
    StreamId,
    Text,
    from_plain,
    record,
    to_plain,
)

if TYPE_CHECKING:
    from plumeline.access.keys import SigningKey
    from plumeline.packages.verify import TrustCard

NOTICE_TYPE = "application/vnd.plumeline.notice+json"


class NoticeKind(StrEnum):
    """What the recipient is asked to do."""

    RECALL = "recall"
    """Stop using it, destroy it and say so."""
    SUPERSEDE = "supersede"
    """Use the newer one instead."""


@record
class Notice:
    """One notice about one package."""

    kind: NoticeKind
    """Recall or supersede."""
    release: StreamId
    """Which release."""
    package: Digest
    """SHA-256 of the sealed file."""
    recipient: OrganisationId
    """Whom it was for."""
    by: ActorId
    """Who signs."""
    time: Instant
    """When."""
    reason: Text
    """Why."""
    superseded_by: StreamId | None = None
    """The newer release."""


def sign_notice(notice: Notice, key: SigningKey) -> bytes:
    """The notice as a signed document."""
    return sign_payload(to_plain(notice), NOTICE_TYPE, [key])


def read_notice(data: bytes, card: TrustCard, *, where: str = "") -> Notice:
    """A notice from its file.

    Args:
        data: the file's bytes.
        card: the originator's trust card.
        where: the file's name, for the error's text.

    Returns:
        The notice.

    Raises:
        AccessError: nobody on the card has signed it.
        InputError: it is no notice.
    """
    payload, _ = open_envelope(data, payload_type=NOTICE_TYPE, trusted=card.signers.values(), where=where)
    return from_plain(Notice, payload, where=where)
