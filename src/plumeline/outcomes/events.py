"""What can happen to a hand-over, and the answers a recipient can give.

An answer is a file that the recipient makes offline and signs with the key it found inside its own package, or with
its registered key. There is no field for a person: arrests are a number.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from plumeline.access.records import Count, Digest, Instant, OrganisationId, StreamId, Text, record

ANSWER_TYPE = "application/vnd.plumeline.answer+json"


class Urgency(StrEnum):
    """How soon an answer is due."""

    IMMEDIATE = "immediate"
    PRIORITY = "priority"
    ROUTINE = "routine"


class AnswerKind(StrEnum):
    """What a recipient can say."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    FORWARDED = "forwarded"
    ERROR_CLAIMED = "error claimed"
    ACTED = "acted"
    OUTCOME = "outcome"


class OutcomeKind(StrEnum):
    """What was found or done."""

    SHUT = "lab shut"
    INACTIVE = "inactive on arrival"
    BENIGN = "benign"
    NOT_FOUND = "not found"
    MOVED = "moved"
    ARRESTS = "arrests made"
    NO_ACTION = "no action"
    UNSAFE = "unsafe"


@record
class Answer:
    """One answer of a recipient."""

    package: StreamId
    """The release it answers."""
    kind: AnswerKind
    """What it says."""
    time: Instant
    """When, by the recipient's clock."""
    outcome: OutcomeKind | None = None
    """With kind "outcome": what was found or done."""
    arrests: Count | None = None
    """With outcome "arrests made": how many, and nothing else about them."""
    reason: Text | None = None
    """With a declined or error claim: why."""
    onward: OrganisationId | None = None
    """With kind "forwarded": to which organisation."""
    serial: Annotated[str, Field(pattern="^[0-9a-f]{16,64}$")]
    """Random, so that the same answer is not counted twice."""

    def __post_init__(self) -> None:
        needs = {
            AnswerKind.OUTCOME: ("outcome", self.outcome),
            AnswerKind.DECLINED: ("reason", self.reason),
            AnswerKind.ERROR_CLAIMED: ("reason", self.reason),
            AnswerKind.FORWARDED: ("onward", self.onward),
        }
        name, value = needs.get(self.kind, ("", self.kind))
        if value is None:
            raise ValueError(f'an answer "{self.kind.value}" needs its {name}')
        if (self.arrests is not None) != (self.outcome is OutcomeKind.ARRESTS):
            raise ValueError('a count of arrests goes with the outcome "arrests made" and only with it')


@record
class Sent:
    """A sealed package left the house."""

    case: StreamId
    """Of which case."""
    source: StreamId
    """Of which distinct source; several hand-overs can be about one."""
    release: StreamId
    """Which package."""
    package: Digest
    """SHA-256 of the sealed file."""
    recipient: OrganisationId
    """To whom."""
    urgency: Urgency
    """How soon an answer is due."""
    score: Annotated[float, Field(ge=0, le=1)]
    """The machine's probability at release, for the learning loop."""
    sensors: tuple[str, ...]
    """The sensors it rests on, for the learning loop."""
    answer_keys: Annotated[tuple[Digest, ...], Field(min_length=1)]
    """Public keys its answers may be signed with: the one inside the package, and the recipient's own if registered."""


@record
class Delivered:
    """The file was handed over or its transmission confirmed."""


@record
class Answered:
    """A signed answer came back."""

    answer: Answer
    """What it says."""
    document: Digest
    """SHA-256 of the signed file."""


@record
class Reminded:
    """A reminder was sent."""


@record
class ClaimDecided:
    """An error claim was decided."""

    upheld: bool
    """True withdraws the case everywhere."""
    reason: Text
    """Why."""


@record
class Verified:
    """A re-survey after the action saw nothing where it would have seen the old source."""

    estimate: Digest
    """Digest of the re-survey's provenance."""


@record
class HandoverClosed:
    """Nothing more is to be done."""


@record
class NoticeIssued:
    """A signed recall or supersede notice went out."""

    notice: Digest
    """SHA-256 of the signed notice."""


HandoverEvent = (
    Sent | Delivered | Answered | Reminded | ClaimDecided | Verified | HandoverClosed | NoticeIssued
)
