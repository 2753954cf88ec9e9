"""The rules of review: blind first, two persons, dissent kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from plumeline.cases.case import CaseState
from plumeline.cases.events import Assessment
from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from datetime import datetime

    from plumeline.cases.case import Case
    from plumeline.cases.findings import MachineScore
    from plumeline.cases.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """What one reader may see of a case now."""

    case: Case
    """The case."""
    scores: tuple[MachineScore, ...] | None
    """The machine's scores; None while the reader has still to score blind."""
    as_of: datetime | None = None
    """The moment it is shown at; None is now."""
    rules: tuple[Rule, ...] = ()
    """The rules in force for it at that moment, of those the reader may see."""
    rules_changed: bool = False
    """Whether they are others than its conclusion was approved under."""


def must_stay_blind(case: Case, actor: str, *, is_reviewer: bool) -> bool:
    """Whether the machine's scores are withheld from a reader: a reviewer who has neither seen them nor scored."""
    scored = {recorded.actor for recorded in case.scores}
    return (
        is_reviewer
        and actor not in scored
        and actor not in case.exposed
        and case.state in {CaseState.OPEN, CaseState.REVIEWED}
    )


def require_blind(case: Case, actor: str) -> None:
    """Raise if this actor can no longer score blind.

    Args:
        case: the case.
        actor: who wants to score.

    Raises:
        RefusedError: the actor has seen the machine's scores, or has scored already.
    """
    if actor in {recorded.actor for recorded in case.scores}:
        raise RefusedError("this badge has scored already; a blind score is given once")
    if actor in case.exposed:
        raise RefusedError(
            "this badge has seen the machine's scores of this case, so its score would not be blind",
            remedy="let another reviewer score it",
        )


def require_ready_to_conclude(case: Case, actor: str, assessment: Assessment) -> None:
    """Raise unless a conclusion rests on somebody else's blind score, and disagreement was written down.

    Args:
        case: the case.
        actor: who concludes.
        assessment: the conclusion.

    Raises:
        RefusedError: there is no blind score by another, or a reviewer who scored otherwise has no dissent on record.
    """
    others = [recorded for recorded in case.scores if recorded.actor != actor]
    if not others:
        raise RefusedError(
            "nobody but the concluding analyst has scored this case blind",
            remedy="ask a reviewer to score it",
        )
    dissenters = {recorded.actor for recorded in case.dissents}
    silent = {
        recorded.actor
        for recorded in others
        if recorded.event.assessment not in {assessment, Assessment.CANNOT_TELL}
        and recorded.actor not in dissenters
    }
    if silent:
        raise RefusedError(
            f"{len(silent)} reviewer(s) scored otherwise and have not said why: {', '.join(sorted(silent))}",
            remedy="let each record a dissent first; it travels with the package",
        )


def require_releasable(case: Case) -> None:
    """Raise unless the case is concluded and its dossier complete.

    Args:
        case: the case.

    Raises:
        RefusedError: something is missing; every gap is listed.
    """
    gaps = list(case.sections.missing())
    if case.state not in {CaseState.CONCLUDED, CaseState.RELEASED}:
        gaps.insert(0, f"a conclusion (the case is {case.state.value})")
    elif case.conclusion is not None and case.conclusion.event.assessment is not Assessment.UNEXPLAINED:
        gaps.insert(0, f'a reason to release (the conclusion is "{case.conclusion.event.assessment.value}")')
    if not case.dossier.marking.releasable_to:
        gaps.append("an audience (releasable_to is empty)")
    if gaps:
        raise RefusedError("the dossier is not complete; it lacks " + ", ".join(gaps))
