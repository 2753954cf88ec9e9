"""All that can happen to a case. A case is the sum of its events; none is ever changed or taken back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from plumeline.access.records import (
    ActorId,
    Digest,
    Instant,
    OrganisationId,
    Probability,
    StreamId,
    Text,
    record,
)
from plumeline.cases.findings import Dossier
from plumeline.cases.sections import Sections


class Assessment(StrEnum):
    """What a person makes of it."""

    UNEXPLAINED = "emission without a known reason"
    EXPLAINED = "emission with an ordinary reason"
    NOTHING = "no emission"
    CANNOT_TELL = "cannot tell"


@record
class CaseOpened:
    """A located source became a case."""

    dossier: Dossier
    """Findings, scores, recordings, authority, marking."""


@record
class SectionsSet:
    """The supplied parts were written or replaced."""

    sections: Sections
    """All of them."""


@record
class NoteAdded:
    """Somebody remarked something."""

    text: Text
    """What."""


@record
class MachineScoreShown:
    """An actor has seen the machine's scores, and can no longer score blind."""


@record
class BlindScored:
    """A reviewer scored before seeing the machine's score."""

    assessment: Assessment
    """What the reviewer makes of it."""
    confidence: Probability
    """How sure."""


@record
class DissentRecorded:
    """Somebody disagrees; it travels with every package."""

    text: Text
    """Why."""


@record
class Concluded:
    """The analyst's conclusion, under the rules then in force."""

    assessment: Assessment
    """What it is."""
    grounds: Text
    """Why."""
    rules: Digest
    """Digest of the rules in force."""


@record
class Reapproved:
    """The conclusion was confirmed under changed rules."""

    rules: Digest
    """Digest of the rules now in force."""


@record
class Reopened:
    """The conclusion was taken up again."""

    reason: Text
    """Why."""


@record
class ReleasedTo:
    """A sealed package went out."""

    recipient: OrganisationId
    """To whom."""
    release: StreamId
    """Which release."""
    handover: StreamId
    """Its clock."""


@record
class Withdrawn:
    """The case was withdrawn; its packages are recalled."""

    reason: Text
    """Why."""
    claim: StreamId | None = None
    """The hand-over whose error claim was upheld, if that is the reason."""


@record
class ResurveyRecorded:
    """What a flight after the action saw."""

    time: Instant
    """When it was flown."""
    estimate: Digest
    """Digest of the new estimate's provenance."""
    source_seen: bool
    """Whether anything was located in or near the region."""
    minimum_detectable_rate_kg_s: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]]
    """Per species, the worst over the region [kg s-1]."""
    adequate: bool
    """Whether the old source would have been seen."""


@record
class Closed:
    """Verified inactive by a re-survey."""

    handover: StreamId
    """Whose action it was."""


@record
class ReactivationSeen:
    """A new case lies at the same place."""

    case: StreamId
    """Which."""


@record
class HoldSet:
    """Legal hold: nothing is deleted until it is lifted."""

    reason: Text
    """Why."""


@record
class HoldLifted:
    """The legal hold ended."""

    reason: Text
    """Why."""


CaseEvent = (
    CaseOpened
    | SectionsSet
    | NoteAdded
    | MachineScoreShown
    | BlindScored
    | DissentRecorded
    | Concluded
    | Reapproved
    | Reopened
    | ReleasedTo
    | Withdrawn
    | ResurveyRecorded
    | Closed
    | ReactivationSeen
    | HoldSet
    | HoldLifted
)


@record
class Recorded:
    """An event with who, when and where in the history."""

    sequence: Annotated[int, Field(ge=1)]
    """1, 2, … within its record."""
    actor: ActorId
    """Who."""
    time: datetime
    """When, UTC."""
    event: Any
    """What."""
