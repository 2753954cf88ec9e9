"""How long a case is kept, and the signed certificate of its deletion.

Nothing is deleted before its retention ends or while a legal hold lasts. Deletion destroys the case's own data key
and its payloads; identifiers, digests and the audit log stay, so that what was deleted, when and by whom can be
proved. The periods are the product's defaults, not a reading of any law (decision 0075).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from plumeline.access.records import ActorId, Digest, Instant, StreamId, record
from plumeline.cases.case import CaseState
from plumeline.cases.events import Assessment
from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from datetime import datetime

    from plumeline.cases.case import Case

CERTIFICATE_TYPE = "application/vnd.plumeline.deletion+json"

DAYS_BY_ASSESSMENT = {
    Assessment.NOTHING: 30,
    Assessment.EXPLAINED: 90,
    Assessment.CANNOT_TELL: 180,
    Assessment.UNEXPLAINED: 3650,
}
"""Days after the last event, by conclusion."""
DAYS_WITHDRAWN = 90
"""Days after withdrawal."""
DAYS_UNDECIDED = 365
"""Days after the last event of a case that was never concluded."""


@record
class DeletionCertificate:
    """Proof that a case's content was destroyed."""

    case: StreamId
    """Which case."""
    time: Instant
    """When."""
    actor: ActorId
    """By whom."""
    due: Instant
    """When its retention had ended."""
    payloads: tuple[Digest, ...]
    """Digests of the payloads that were destroyed."""


def keep_until(case: Case) -> datetime:
    """When a case's retention ends."""
    if case.state is CaseState.WITHDRAWN:
        days = DAYS_WITHDRAWN
    elif case.conclusion is not None:
        days = DAYS_BY_ASSESSMENT[case.conclusion.event.assessment]
    else:
        days = DAYS_UNDECIDED
    return case.changed.time + timedelta(days=days)


def require_deletable(*, due: datetime, on_hold: bool, now: datetime) -> None:
    """Raise unless a case may be deleted now.

    Args:
        due: when its retention ends.
        on_hold: whether a legal hold lasts.
        now: the time.

    Raises:
        RefusedError: it must be kept.
    """
    if on_hold:
        raise RefusedError("a legal hold keeps this case", remedy="nothing is deleted until it is lifted")
    if now < due:
        raise RefusedError(f"this case is kept until {due:%Y-%m-%d %H:%M} UTC")
