"""Closure: only a flight after the action that would have seen the old source, and saw nothing, closes a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plumeline.cases.events import ResurveyRecorded
from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from plumeline.cases import Case
    from plumeline.cases.events import Recorded


def limits_needed(case: Case) -> dict[str, float]:
    """Per species, the detection limit that a re-survey must reach: the low end of what was emitted [kg s-1]."""
    needed: dict[str, float] = {}
    for finding in case.dossier.findings:
        for rate in finding.species:
            needed[rate.species] = min(needed.get(rate.species, float("inf")), rate.rate_kg_s.low)
    return needed


def judge(
    case: Case,
    *,
    time: datetime,
    estimate: str,
    source_seen: bool,
    minimum_detectable_rate_kg_s: Mapping[str, float],
) -> ResurveyRecorded:
    """What a flight after the action says about a case.

    Args:
        case: the case.
        time: when it was flown.
        estimate: digest of its provenance.
        source_seen: whether it located anything in or near the region.
        minimum_detectable_rate_kg_s: per species, the worst over the case's regions [kg s-1].

    Returns:
        The record; `adequate` only if some species of the case would have been seen at the low end of its old rate.
    """
    needed = limits_needed(case)
    adequate = any(
        minimum_detectable_rate_kg_s.get(species, float("inf")) <= limit for species, limit in needed.items()
    )
    return ResurveyRecorded(
        time=time,
        estimate=estimate,
        source_seen=source_seen,
        minimum_detectable_rate_kg_s={
            species: value
            for species, value in sorted(minimum_detectable_rate_kg_s.items())
            if value != float("inf")
        },
        adequate=adequate,
    )


def require_closable(case: Case, acted_at: datetime) -> Recorded:
    """The re-survey that allows a case to be closed.

    Args:
        case: the case.
        acted_at: when the recipient acted.

    Returns:
        The re-survey.

    Raises:
        RefusedError: there is none after the action, it could not have seen the source, or it saw it.
    """
    after = [recorded for recorded in case.resurveys if recorded.event.time > acted_at]
    if not after:
        raise RefusedError(
            "no re-survey after the action", remedy="fly again, then: plumeline outcome resurvey"
        )
    last = after[-1]
    if last.event.source_seen:
        raise RefusedError("the last re-survey still saw a source there")
    if not last.event.adequate:
        raise RefusedError(
            "the last re-survey could not have seen the old source, so its silence proves nothing",
            remedy="fly lower, nearer or longer until the detection limit is below the old rate",
        )
    return last
