"""Authority records: under which instrument of law, where, when, how high, with which sensors one may measure.

A recording becomes a finding only under one. The record is signed by who approved it, carries a version, and is
never changed: a new version replaces it from then on.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from plumeline.access.envelope import open_envelope, sign_payload
from plumeline.access.records import (
    ActorId,
    Instant,
    Label,
    NonNegative,
    Region,
    StreamId,
    Text,
    from_plain,
    record,
    to_plain,
)
from plumeline.errors import AccessError, InputError

if TYPE_CHECKING:
    from datetime import datetime

    from plumeline.access.keys import SigningKey

PAYLOAD_TYPE = "application/vnd.plumeline.authority+json"


class Mode(StrEnum):
    """How the flown line and the other jurisdiction relate."""

    PERMITTED_INSIDE = "permitted inside"
    """The area may be flown in, on whichever side of the border it lies."""
    STAND_OFF = "stand-off"
    """The border is never crossed; what lies beyond may be reported as seen from outside."""


class Senses(StrEnum):
    """What kind of measurement a sensor makes, as the law sees it."""

    AIR_SAMPLE = "air sample"
    OPEN_PATH = "open path"
    GAS_IMAGE = "gas image"
    THERMAL_IMAGE = "thermal image"


class ResidentialRule(StrEnum):
    """What holds over homes."""

    NO_RESTRICTION = "no restriction"
    NO_THERMAL_IMAGE = "no thermal image of homes"
    NO_OVERFLIGHT = "no flight over homes"


@record
class Sensor:
    """A sensor the authority allows."""

    label: Label
    """Name as it stands in the recording."""
    senses: Senses
    """What it measures."""


@record
class Border:
    """Where another jurisdiction lies, and how well that is known."""

    beyond: Region
    """The other jurisdiction's land, at least as far as the survey can reach."""
    dataset: Label
    """Where the line comes from."""
    vintage: Label
    """Of which year."""
    error_m: NonNegative
    """How far the line may be from the truth [m], 95 %."""


@record
class Authority:
    """One permission to measure."""

    id: StreamId
    """Opaque identifier."""
    version: Annotated[int, Field(ge=1)]
    """1, 2, …; the newest holds."""
    instrument: Label
    """The instrument of law."""
    article: Label
    """The article that allows it."""
    issuing_body: Label
    """The office that issued it."""
    area: Region
    """Where one may fly."""
    altitude_low_m: float
    """Least height above ground [m]."""
    altitude_high_m: float
    """Greatest height above ground [m]."""
    start: Instant
    """From when one may fly."""
    end: Instant
    """Until when one may fly."""
    expiry: Instant
    """After this nothing may be processed or released under it."""
    sensors: Annotated[tuple[Sensor, ...], Field(min_length=1)]
    """Which sensors."""
    residential: ResidentialRule
    """What holds over homes."""
    homes: Region | None = None
    """Where the homes are; needed for any rule but "no restriction"."""
    mode: Mode
    """How the border is treated."""
    border: Border | None = None
    """The line; needed for stand-off."""
    approver: ActorId
    """Who approved and signed it."""
    exercise: bool = False
    """Whether it belongs to an exercise."""
    remark: Text | None = None
    """What a reader should know."""

    def __post_init__(self) -> None:
        if self.mode is Mode.STAND_OFF and self.border is None:
            raise ValueError("a stand-off authority needs the border it stands off from")
        if self.residential is not ResidentialRule.NO_RESTRICTION and self.homes is None:
            raise ValueError("the residential rule needs the region in which the homes are")
        if not self.start < self.end <= self.expiry or self.altitude_low_m >= self.altitude_high_m:
            raise ValueError("start < end ≤ expiry and low < high are needed")

    def require_alive(self, now: datetime) -> None:
        """Raise if the authority has expired.

        Args:
            now: the time.

        Raises:
            AccessError: it expired.
        """
        if now > self.expiry:
            raise AccessError(
                f"authority {self.id} version {self.version} expired on {self.expiry:%Y-%m-%d %H:%M} UTC",
                remedy="ask its approver for a new version",
            )


@record
class SignedAuthority:
    """An authority with its approver's signature, as the store keeps it."""

    authority: Authority
    """The record."""
    envelope: str
    """The signed document, base64."""


def sign_authority(authority: Authority, key: SigningKey) -> bytes:
    """The authority as a signed document."""
    return sign_payload(to_plain(authority), PAYLOAD_TYPE, [key])


def read_authority(envelope: bytes, *, approver_key: str, where: str = "") -> Authority:
    """The authority in a signed document.

    Args:
        envelope: what `sign_authority` gave.
        approver_key: the approver's public key (hexadecimal).
        where: the file's name, for the error's text.

    Returns:
        The record.

    Raises:
        AccessError: the approver has not signed exactly this.
        InputError: it is no authority record.
    """
    payload, _ = open_envelope(envelope, payload_type=PAYLOAD_TYPE, trusted=[approver_key], where=where)
    if not isinstance(payload, dict):
        raise InputError("not an authority record", where=where)
    return from_plain(Authority, payload, where=where)
