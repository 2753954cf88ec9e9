"""A case: its states and transitions in one table, and how its events add up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from plumeline.cases.events import (
    BlindScored,
    CaseOpened,
    Closed,
    Concluded,
    DissentRecorded,
    HoldLifted,
    HoldSet,
    MachineScoreShown,
    NoteAdded,
    ReactivationSeen,
    Reapproved,
    ReleasedTo,
    Reopened,
    ResurveyRecorded,
    SectionsSet,
    Withdrawn,
)
from plumeline.cases.sections import Sections
from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from plumeline.cases.events import Recorded
    from plumeline.cases.findings import Dossier


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    REVIEWED = "reviewed"
    CONCLUDED = "concluded"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


_OPEN, _REVIEWED, _CONCLUDED = CaseState.OPEN, CaseState.REVIEWED, CaseState.CONCLUDED
_RELEASED, _WITHDRAWN, _CLOSED = CaseState.RELEASED, CaseState.WITHDRAWN, CaseState.CLOSED

TRANSITIONS: dict[tuple[CaseState | None, type], CaseState] = {
    (None, CaseOpened): _OPEN,
    (_OPEN, SectionsSet): _OPEN,
    (_OPEN, BlindScored): _REVIEWED,
    (_REVIEWED, SectionsSet): _REVIEWED,
    (_REVIEWED, BlindScored): _REVIEWED,
    (_REVIEWED, Concluded): _CONCLUDED,
    (_CONCLUDED, Reopened): _REVIEWED,
    (_CONCLUDED, Reapproved): _CONCLUDED,
    (_CONCLUDED, ReleasedTo): _RELEASED,
    (_RELEASED, ReleasedTo): _RELEASED,
    (_RELEASED, Reapproved): _RELEASED,
    (_RELEASED, ResurveyRecorded): _RELEASED,
    (_RELEASED, Closed): _CLOSED,
    (_OPEN, Withdrawn): _WITHDRAWN,
    (_REVIEWED, Withdrawn): _WITHDRAWN,
    (_CONCLUDED, Withdrawn): _WITHDRAWN,
    (_RELEASED, Withdrawn): _WITHDRAWN,
    (_CLOSED, ReactivationSeen): _CLOSED,
} | {
    (state, event): state
    for state in CaseState
    for event in (NoteAdded, DissentRecorded, MachineScoreShown, HoldSet, HoldLifted)
}
"""State and event to the next state; what is not here cannot happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as its events make it."""

    id: str
    """Opaque identifier."""
    version: int
    """Number of events."""
    state: CaseState
    """Where it stands."""
    dossier: Dossier
    """What it was opened with."""
    sections: Sections
    """The supplied parts."""
    exposed: frozenset[str]
    """Actors who have seen the machine's scores."""
    scores: tuple[Recorded, ...]
    """Blind scores."""
    dissents: tuple[Recorded, ...]
    """Dissents."""
    conclusion: Recorded | None
    """The conclusion that holds."""
    rules: str | None
    """Digest of the rules the conclusion was last approved under."""
    releases: tuple[Recorded, ...]
    """Packages that went out."""
    resurveys: tuple[Recorded, ...]
    """Flights after an action."""
    on_hold: bool
    """Whether a legal hold keeps it."""
    changed: Recorded
    """The last event."""

    @property
    def concluders(self) -> frozenset[str]:
        """Who concluded, and so may not release."""
        return frozenset([self.conclusion.actor]) if self.conclusion else frozenset()


_LISTS = {
    BlindScored: "scores",
    DissentRecorded: "dissents",
    ReleasedTo: "releases",
    ResurveyRecorded: "resurveys",
}


def next_state(state: CaseState | None, event: Any) -> CaseState:
    """The state an event leads to.

    Args:
        state: now; None before the first event.
        event: what is to happen.

    Returns:
        The next state.

    Raises:
        RefusedError: it cannot happen in this state.
    """
    found = TRANSITIONS.get((state, type(event)))
    if found is None:
        raise RefusedError(
            f"a case that is {state.value if state else 'not opened'} cannot take {type(event).__name__}",
            remedy="plumeline case show tells where it stands",
        )
    return found


def fold(identifier: str, history: Iterable[Recorded]) -> Case:
    """Add up the events of a case.

    Args:
        identifier: which case.
        history: its events, in order.

    Returns:
        The case.

    Raises:
        RefusedError: the history is empty or holds an event that could not happen then.
    """
    case: Case | None = None
    for recorded in history:
        case = _opened(identifier, recorded) if case is None else _after(case, recorded)
    if case is None:
        raise RefusedError("a case without events")
    return case


def _opened(identifier: str, recorded: Recorded) -> Case:
    state = next_state(None, recorded.event)
    return Case(
        id=identifier,
        version=recorded.sequence,
        state=state,
        dossier=recorded.event.dossier,
        sections=Sections(),
        exposed=frozenset([recorded.actor]),
        scores=(),
        dissents=(),
        conclusion=None,
        rules=None,
        releases=(),
        resurveys=(),
        on_hold=False,
        changed=recorded,
    )


def _after(case: Case, recorded: Recorded) -> Case:
    event = recorded.event
    changes: dict[str, Any] = {
        "state": next_state(case.state, event),
        "version": recorded.sequence,
        "changed": recorded,
    }
    listed = _LISTS.get(type(event))
    if listed is not None:
        changes[listed] = (*getattr(case, listed), recorded)
    match event:
        case SectionsSet():
            changes["sections"] = event.sections
        case MachineScoreShown():
            changes["exposed"] = case.exposed | {recorded.actor}
        case Concluded():
            changes |= {"conclusion": recorded, "rules": event.rules}
        case Reapproved():
            changes["rules"] = event.rules
        case Reopened():
            changes |= {"conclusion": None, "rules": None}
        case HoldSet() | HoldLifted():
            changes["on_hold"] = isinstance(event, HoldSet)
    return replace(case, **changes)
