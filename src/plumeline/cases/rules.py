"""The policy registry: designations, agreements and releasability rules with effective dates.

A conclusion records the digest of the rules in force for its case. When that digest changes, by a new version or
because a date has come, the case is affected: nothing of it is released until somebody has approved it again. An
old case is read under the rules of its own time by asking for them at that time.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from plumeline.access.records import (
    Compartment,
    Instant,
    Label,
    OrganisationId,
    SetOf,
    StreamId,
    Text,
    record,
)
from plumeline.errors import RefusedError
from plumeline.provenance import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from plumeline.cases.case import Case


class RuleKind(StrEnum):
    """What a rule is about."""

    DESIGNATION = "designation"
    AGREEMENT = "agreement"
    RELEASABILITY = "releasability"


class Effect(StrEnum):
    """What it does to a release."""

    ALLOW = "allow"
    BAR = "bar"
    NOTE = "note"


@record
class Rule:
    """One version of one rule."""

    id: StreamId
    """Opaque identifier."""
    version: Annotated[int, Field(ge=1)]
    """1, 2, …; the newest issued holds."""
    kind: RuleKind
    """What it is about."""
    effect: Effect
    """What it does."""
    title: Label
    """What it is called."""
    text: Text
    """What it says."""
    organisations: SetOf[OrganisationId] = frozenset()
    """To which recipients it applies; empty is all."""
    compartments: SetOf[Compartment] = frozenset()
    """To which compartments it applies; empty is all."""
    species: SetOf[Label] = frozenset()
    """To which gases it applies; empty is all."""
    issued: Instant
    """When this version became known."""
    effective_from: Instant
    """From when it holds."""
    effective_to: Instant | None = None
    """Until when it holds; None is without end."""

    def applies(self, case: Case) -> bool:
        """Whether it concerns a case at all."""
        marking = case.dossier.marking
        gases = {rate.species for finding in case.dossier.findings for rate in finding.species}
        return (
            (not self.organisations or bool(self.organisations & marking.releasable_to))
            and (not self.compartments or bool(self.compartments & marking.compartments))
            and (not self.species or bool(self.species & gases))
        )


def in_force(rules: Iterable[Rule], at: datetime) -> list[Rule]:
    """The newest version of each rule known at a time, if it holds then; sorted by identifier."""
    newest: dict[str, Rule] = {}
    for rule in rules:
        known = newest.get(rule.id)
        if rule.issued <= at and (known is None or rule.version > known.version):
            newest[rule.id] = rule
    return [
        rule
        for _, rule in sorted(newest.items())
        if rule.effective_from <= at and (rule.effective_to is None or at < rule.effective_to)
    ]


def rules_digest(case: Case, rules: Iterable[Rule], at: datetime) -> str:
    """One name for "these rules hold for this case at this time"."""
    named = [[rule.id, rule.version] for rule in in_force(rules, at) if rule.applies(case)]
    return hashlib.sha256(canonical_json(named).encode()).hexdigest()


def is_affected(case: Case, rules: Iterable[Rule], at: datetime) -> bool:
    """Whether a concluded case stands under other rules than it was approved under."""
    return case.rules is not None and case.rules != rules_digest(case, rules, at)


def require_receivable(case: Case, recipient: str, rules: Iterable[Rule], at: datetime) -> None:
    """Raise unless the rules allow this case to go to this recipient now.

    Args:
        case: the case.
        recipient: the organisation.
        rules: all versions of all rules.
        at: now.

    Raises:
        RefusedError: the rules changed since the case was approved, none allows it, or one bars it.
    """
    rules = list(rules)
    if is_affected(case, rules, at):
        raise RefusedError(
            "the rules have changed since this case was approved",
            remedy="approve it again: plumeline review reapprove",
        )
    ruling = [
        rule
        for rule in in_force(rules, at)
        if rule.applies(case) and (not rule.organisations or recipient in rule.organisations)
    ]
    barring = [rule for rule in ruling if rule.effect is Effect.BAR]
    if barring:
        raise RefusedError(f"rule {barring[0].id} bars this release: {barring[0].title}")
    if not any(rule.effect is Effect.ALLOW and recipient in rule.organisations for rule in ruling):
        raise RefusedError(
            "no agreement in force allows a release to this recipient",
            remedy="a custodian enters it: plumeline policy add",
        )
