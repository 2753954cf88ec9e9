"""The parts of a dossier that others supply; a release without one of them is refused.

They are written in both languages or not at all. Candidate buildings are named by the label the recipient's own
register knows, with a probability, and carry no coordinates.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from plumeline.access.records import Count, Instant, Label, NonNegative, Probability, Text, record


@record
class Bilingual:
    """One statement in English and in Spanish."""

    en: Text
    """English."""
    es: Text
    """Spanish."""


@record
class Rival:
    """One explanation of what was measured."""

    explanation: Bilingual
    """Such as "paint shop"."""
    probability: Probability
    """Share of belief."""
    supports: tuple[Bilingual, ...] = ()
    """What speaks for it."""
    opposes: tuple[Bilingual, ...] = ()
    """What speaks against it."""


@record
class Candidate:
    """A building that could hold the source, or "none of these"."""

    label: Label
    """As the recipient's register names it."""
    probability: Probability
    """That the source is in it."""


class ReceptorKind(StrEnum):
    """Places where people would suffer most."""

    SCHOOL = "school"
    CLINIC = "clinic"
    CARE_HOME = "care home"
    HOMES = "homes"
    OTHER = "other"


@record
class Receptor:
    """Sensitive places near the region."""

    kind: ReceptorKind
    """What they are."""
    number: Count
    """How many."""
    nearest_m: NonNegative
    """Distance of the nearest from the region's edge [m]."""


@record
class NeighbourHarm:
    """What a release of gas, an entry or a fire would mean for the neighbours."""

    people_in_region: Count | None
    """None when there are no data: unknown is not zero."""
    buildings_in_region: Count | None
    """None when there are no data."""
    data: Label
    """Which exposure data, of which year."""
    downwind_m: NonNegative
    """How far downwind a guideline value would be passed [m]."""
    receptors: tuple[Receptor, ...] = ()
    """Schools, clinics and the like."""
    advice: Annotated[tuple[Bilingual, ...], Field(min_length=1)]
    """What to do for them."""


class Activity(StrEnum):
    """Whether it is at work."""

    ACTIVE = "likely active"
    RECENT = "recently active"
    COLD = "cold"
    UNKNOWN = "unknown"


@record
class GasHazard:
    """One gas that a responder may meet."""

    species: Label
    """Which gas."""
    indoor_low_kg_m3: NonNegative
    """Low end of the likely indoor range [kg m-3]."""
    indoor_high_kg_m3: NonNegative
    """High end of the likely indoor range [kg m-3]."""
    idlh_kg_m3: NonNegative | None = None
    """Immediately dangerous to life or health [kg m-3]; None if there is no such value."""
    flammable_from_kg_m3: NonNegative | None = None
    """Lower flammable limit [kg m-3]; None if it does not burn."""


@record
class ResponderSheet:
    """One page for who goes in."""

    activity: Activity
    """Whether it is at work."""
    last_seen: Instant | None = None
    """When it was last seen at work."""
    gases: Annotated[tuple[GasHazard, ...], Field(min_length=1)]
    """What may be in the air inside."""
    approach: Bilingual
    """From which side, for the wind."""
    protection: Bilingual
    """What to wear and measure."""
    unknowns: Annotated[tuple[Bilingual, ...], Field(min_length=1)]
    """What is not known."""


@record
class Sections:
    """All supplied parts."""

    rivals: tuple[Rival, ...] = ()
    """Explanations, benign first; their probabilities sum to 1."""
    candidates: tuple[Candidate, ...] = ()
    """Buildings and "none of these"."""
    neighbours: NeighbourHarm | None = None
    """The neighbour-harm page."""
    responder: ResponderSheet | None = None
    """The responder sheet."""
    unknowns: tuple[Bilingual, ...] = ()
    """What we do not know."""

    def missing(self) -> tuple[str, ...]:
        """Names of the parts without which nothing is released."""
        absent = {
            "rival explanations": not self.rivals,
            "neighbour-harm page": self.neighbours is None,
            "responder sheet": self.responder is None,
            '"what we do not know"': not self.unknowns,
        }
        return tuple(name for name, gone in absent.items() if gone)
