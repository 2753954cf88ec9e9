"""Who acts, for which organisation, in which roles and compartments; and how a thing is marked."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from plumeline.access.records import ActorId, Compartment, Instant, Label, OrganisationId, SetOf, record


class Role(StrEnum):
    """What an actor may do, by the policies in `policies.cedar`."""

    ANALYST = "analyst"
    """Opens cases, writes sections, concludes."""
    REVIEWER = "reviewer"
    """Scores blind, then reviews."""
    RELEASER = "releaser"
    """Releases what another concluded; recalls it."""
    CUSTODIAN = "custodian"
    """Administers authorities, rules, actors, holds and retention; sees no case."""
    AUDITOR = "auditor"
    """Reads the audit log and the rules; sees no case."""
    PARTNER = "partner"
    """Sees the hand-overs to its own organisation and answers them."""


class Tlp(StrEnum):
    """Traffic Light Protocol 2.0, for people; what the machine enforces is `releasable_to`."""

    RED = "TLP:RED"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    AMBER = "TLP:AMBER"
    GREEN = "TLP:GREEN"
    CLEAR = "TLP:CLEAR"


class Caveat(StrEnum):
    """What a recipient may not do, or must do first."""

    NO_ONWARD_SHARING = "no onward sharing without the originator's consent"
    NO_ENFORCEMENT_ON_THIS_ALONE = "not sufficient by itself for entry, arrest or charge"
    LEAD_ONLY = "a lead for further inquiry, not evidence of an offence"
    SCREENING = "screening result, not validated by a laboratory"
    EXERCISE = "EXERCISE EXERCISE EXERCISE"


VerifyKey = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""Ed25519 public key, hexadecimal."""
SealingKey = Annotated[str, Field(pattern=r"^(age1[0-9a-z]{50,70}|ssh-(ed25519|rsa) [A-Za-z0-9+/=]+)$")]
"""An age (X25519) or SSH public key."""


@record
class Organisation:
    """An agency or partner."""

    id: OrganisationId
    """Opaque identifier."""
    label: Label
    """What it is called."""
    language: Annotated[str, Field(pattern="^(en|es)$")] = "en"
    """Language of its dossier: en or es."""
    sealing_keys: tuple[SealingKey, ...] = ()
    """Keys its packages are encrypted to."""
    receipt_key: VerifyKey | None = None
    """Key its receipts may be signed with, besides the one inside each package."""


@record
class Actor:
    """Somebody who may act, known by a badge alone."""

    id: ActorId
    """Opaque badge."""
    organisation: OrganisationId
    """For whom it acts."""
    roles: SetOf[Role]
    """What it may do."""
    compartments: SetOf[Compartment] = frozenset()
    """What it needs to know."""
    verify_key: VerifyKey
    """Its Ed25519 public key."""
    sealing_key: SealingKey
    """Its age public key; the store is opened with the matching secret."""
    active: bool = True
    """False once it may no longer act."""


@record
class Marking:
    """Who may see a thing and what they may do with it."""

    tlp: Tlp = Tlp.AMBER_STRICT
    """For people."""
    originator: OrganisationId
    """Whose it is."""
    releasable_to: SetOf[OrganisationId] = frozenset()
    """To whom it may be released; empty means nobody."""
    caveats: tuple[Caveat, ...] = (Caveat.LEAD_ONLY, Caveat.SCREENING)
    """What the recipient must heed."""
    compartments: SetOf[Compartment] = frozenset()
    """Who needs all of these sees neither content nor existence without them."""
    handle_until: Instant | None = None
    """After this it may no longer be released."""
    exercise: bool = False
    """Whether it belongs to an exercise."""
