"""What can happen to a release."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from plumeline.access.records import ActorId, Count, Digest, OrganisationId, StreamId, record
from plumeline.packages.content import Content

HexSeed = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@record
class ReleasePrepared:
    """A bag was put together for one recipient; nobody has signed it yet."""

    content: Content
    """What it says."""
    case_version: Count
    """The case's version it was made from; a later change voids it."""
    recipient: OrganisationId
    """For whom."""
    concluded_by: ActorId
    """Must sign."""
    released_by: ActorId
    """Must sign too."""
    receipt_key: Digest
    """Public half of the key its answers are signed with."""


@record
class ReleaseSigned:
    """One of the two signed."""

    role: Annotated[str, Field(pattern="^(concluded|released)$")]
    """Which of the two."""
    statement: Digest
    """SHA-256 of what was signed."""
    dsse: Annotated[str, Field(pattern="^[0-9a-f]{128}$")]
    """Signature over the envelope's content."""
    minisign: Annotated[str, Field(max_length=500)]
    """The `.minisig` file."""


@record
class ReleaseSealed:
    """The finished archive was encrypted to the recipient; it is what it is from now on."""

    package: Digest
    """SHA-256 of the sealed file."""
    size: Count
    """Its bytes."""
    handover: StreamId
    """Its clock."""


@record
class ReleaseNoticed:
    """A recall or supersede notice was signed."""

    notice: Digest
    """SHA-256 of the signed notice."""
    kind: str
    """Recall or supersede."""


ReleaseEvent = ReleasePrepared | ReleaseSigned | ReleaseSealed | ReleaseNoticed
