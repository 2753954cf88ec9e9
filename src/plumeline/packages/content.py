"""What a package says: all that its files are made from, in one record.

It holds nothing of the house's own bookkeeping: no compartment, no other recipient, no note, no badge beyond those
who reviewed, concluded and dissented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from plumeline.access.actors import Caveat, Tlp
from plumeline.access.records import (
    ActorId,
    Digest,
    Instant,
    Label,
    OrganisationId,
    Probability,
    StreamId,
    Text,
    record,
)
from plumeline.cases.events import Assessment
from plumeline.cases.findings import Basis, Finding, MachineScore, Recording
from plumeline.cases.review import require_releasable
from plumeline.cases.sections import Bilingual, Candidate, NeighbourHarm, ResponderSheet, Rival
from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from datetime import datetime

    from plumeline.cases import Case


@record
class BlindScore:
    """A reviewer's score, given before seeing the machine's."""

    reviewer: ActorId
    """Who."""
    assessment: Assessment
    """What the reviewer made of it."""
    confidence: Probability
    """How sure."""


@record
class Dissent:
    """A disagreement."""

    actor: ActorId
    """Whose."""
    text: Text
    """Why."""


@record
class Conclusion:
    """The analyst's conclusion."""

    actor: ActorId
    """Whose."""
    time: Instant
    """When."""
    assessment: Assessment
    """What it is."""
    grounds: Text
    """Why."""
    rules: Digest
    """Digest of the rules it was last approved under."""


@record
class Handling:
    """What the recipient may do with it."""

    tlp: Tlp
    """For people."""
    originator: OrganisationId
    """Whose it is."""
    recipient: OrganisationId
    """Whom it is for."""
    caveats: tuple[Caveat, ...]
    """What must be heeded."""
    handle_until: Instant | None
    """Until when it may be handled."""
    permitted_use: Annotated[tuple[Bilingual, ...], Field(min_length=1)]
    """What it may and may not be used for."""


@record
class Content:
    """All that one package says."""

    case: StreamId
    """Which case."""
    release: StreamId
    """Which release of it."""
    supersedes: StreamId | None
    """The earlier release it replaces."""
    prepared: Instant
    """When it was put together."""
    exercise: bool
    """Whether it belongs to an exercise."""
    handling: Handling
    """What the recipient may do with it."""
    findings: tuple[Finding, ...]
    """What was located."""
    scores: tuple[MachineScore, ...]
    """What the machine thinks of it."""
    probability_no_source: Probability
    """That nothing emits here at all."""
    recordings: tuple[Recording, ...]
    """What it rests on."""
    basis: Basis
    """Under which authority."""
    rivals: tuple[Rival, ...]
    """Other explanations."""
    candidates: tuple[Candidate, ...]
    """Buildings, by the recipient's own labels."""
    neighbours: NeighbourHarm
    """The neighbour-harm page."""
    responder: ResponderSheet
    """The responder sheet."""
    unknowns: tuple[Bilingual, ...]
    """What we do not know."""
    reviews: tuple[BlindScore, ...]
    """Blind scores."""
    dissents: tuple[Dissent, ...]
    """Disagreements."""
    conclusion: Conclusion
    """What was concluded."""
    limits: tuple[Bilingual, ...]
    """What the method cannot do."""
    version: Label
    """Plumeline's version."""


PERMITTED_USE = (
    Bilingual(
        en="A lead for a health, safety or lawful inquiry by the named recipient; it must be confirmed by other means.",
        es="Un indicio para una investigación sanitaria, de seguridad o legal del destinatario nombrado; debe "
        "confirmarse por otros medios.",
    ),
    Bilingual(
        en="Not for any use of force, not for finding or following a person, and not to be passed on without the "
        "originator's consent.",
        es="No para ningún uso de la fuerza, ni para buscar o seguir a una persona, ni para transmitirlo sin el "
        "consentimiento del originador.",
    ),
)
"""Stands in every package."""

LIMITS = (
    Bilingual(
        en="The position is a region that holds the source with 90 % probability; no finer position exists.",
        es="La posición es una región que contiene la fuente con un 90 % de probabilidad; no existe una posición "
        "más fina.",
    ),
    Bilingual(
        en="A gas has many ordinary sources; the rate and one solvent prove nothing by themselves.",
        es="Un gas tiene muchas fuentes ordinarias; la tasa y un solo disolvente no prueban nada por sí mismos.",
    ),
    Bilingual(
        en="What emits less than the stated least detectable rate would not have been seen.",
        es="Lo que emite menos que la tasa mínima detectable indicada no se habría visto.",
    ),
)
"""Stands in every package."""


def content_of(
    case: Case, *, release: str, recipient: str, prepared: datetime, supersedes: str | None, version: str
) -> Content:
    """Put together what a package says, or refuse.

    Args:
        case: a concluded case.
        release: the release's identifier.
        recipient: whom it is for.
        prepared: now.
        supersedes: the earlier release it replaces.
        version: Plumeline's version.

    Returns:
        The content.

    Raises:
        RefusedError: the dossier is not complete, or the recipient is not in its audience.
    """
    require_releasable(case)
    marking, sections = case.dossier.marking, case.sections
    if recipient not in marking.releasable_to:
        raise RefusedError("the recipient is not in this case's audience")
    if (
        case.conclusion is None
        or sections.neighbours is None
        or sections.responder is None
        or case.rules is None
    ):
        raise RefusedError("the dossier is not complete")
    return Content(
        case=case.id,
        release=release,
        supersedes=supersedes,
        prepared=prepared,
        exercise=marking.exercise,
        handling=Handling(
            tlp=marking.tlp,
            originator=marking.originator,
            recipient=recipient,
            caveats=(Caveat.EXERCISE, *marking.caveats) if marking.exercise else marking.caveats,
            handle_until=marking.handle_until,
            permitted_use=PERMITTED_USE,
        ),
        findings=case.dossier.findings,
        scores=case.dossier.scores,
        probability_no_source=case.dossier.probability_no_source,
        recordings=case.dossier.recordings,
        basis=case.dossier.basis,
        rivals=sections.rivals,
        candidates=sections.candidates,
        neighbours=sections.neighbours,
        responder=sections.responder,
        unknowns=sections.unknowns,
        reviews=tuple(
            BlindScore(reviewer=r.actor, assessment=r.event.assessment, confidence=r.event.confidence)
            for r in case.scores
        ),
        dissents=tuple(Dissent(actor=r.actor, text=r.event.text) for r in case.dissents),
        conclusion=Conclusion(
            actor=case.conclusion.actor,
            time=case.conclusion.time,
            assessment=case.conclusion.event.assessment,
            grounds=case.conclusion.event.grounds,
            rules=case.rules,
        ),
        limits=LIMITS,
        version=version,
    )
