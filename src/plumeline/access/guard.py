"""One rule under every read and write: an actor, a verb, a resource, and Cedar's answer.

`Guard.allows` checks one resource and `Guard.visible` filters a list, by the same policies; there is no second
implementation that could disagree. A refusal never says whether the thing exists.

References: Cedar policy language 4, https://docs.cedarpolicy.com.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import cedarpy

from plumeline.access.records import (
    ActorId,
    Compartment,
    Instant,
    OrganisationId,
    SetOf,
    StreamId,
    record,
    to_plain,
)
from plumeline.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from plumeline.access.actors import Actor, Marking


class Verb(StrEnum):
    """All that can be done; nothing can be deleted, only withdrawn."""

    VIEW = "view"
    ANNOTATE = "annotate"
    REVIEW = "review"
    RELEASE = "release"
    ADMINISTER = "administer"


class Kind(StrEnum):
    """All that something can be done to."""

    CASE = "case"
    RECORDING = "recording"
    AUTHORITY = "authority"
    RULE = "rule"
    RELEASE = "release"
    HANDOVER = "handover"
    ACTOR = "actor"
    ORGANISATION = "organisation"
    CERTIFICATE = "certificate"
    LOG = "log"


@record
class Resource:
    """What a policy needs to know about a thing; no content."""

    kind: Kind
    """What it is."""
    id: StreamId
    """Which one."""
    originator: OrganisationId
    """Whose it is."""
    compartments: SetOf[Compartment] = frozenset()
    """All of these are needed to know of it."""
    releasable_to: SetOf[OrganisationId] = frozenset()
    """To whom it may be released."""
    recipient: OrganisationId | None = None
    """To whom it was released, for a hand-over."""
    concluders: SetOf[ActorId] = frozenset()
    """Who concluded it, and so may not release it."""
    handle_until: Instant | None = None
    """After this it may not be released."""
    exercise: bool = False
    """Whether it belongs to an exercise."""


def resource_of(kind: Kind, identifier: str, marking: Marking, **more: Any) -> Resource:
    """The resource of a marked thing."""
    return Resource(
        kind=kind,
        id=identifier,
        originator=marking.originator,
        compartments=marking.compartments,
        releasable_to=marking.releasable_to,
        handle_until=marking.handle_until,
        exercise=marking.exercise,
        **more,
    )


class HiddenError(AccessError):
    """The one answer to everything that is not permitted or not there."""

    def __init__(self) -> None:
        super().__init__(
            "no such record, or not yours to see or do this with",
            remedy="ask your custodian if you need it for your work",
        )


class Guard:
    """An actor at work, at a moment, in the live or the exercise world.

    Args:
        actor: who.
        exercise: whether the workspace is an exercise.
        now: the time, for what is released until a time.
    """

    def __init__(self, actor: Actor, *, exercise: bool, now: datetime) -> None:
        self.actor = actor
        self.exercise = exercise
        self.now = now
        self._principal = {
            "uid": {"type": "Actor", "id": actor.id},
            "attrs": {
                "badge": actor.id,
                "organisation": actor.organisation,
                "roles": sorted(actor.roles),
                "compartments": sorted(actor.compartments),
                "active": actor.active,
            },
            "parents": [],
        }

    def allows(self, verb: Verb, resource: Resource, *, recipient: str | None = None) -> bool:
        """Whether the actor may do this to that.

        Args:
            verb: what.
            resource: to what.
            recipient: to which organisation, for a release.

        Returns:
            True only if a policy permits it and none forbids it.
        """
        return self._decide(verb, [resource], recipient)[0]

    def require(self, verb: Verb, resource: Resource | None, *, recipient: str | None = None) -> None:
        """Raise unless the actor may do this; a missing resource and a hidden one give the same answer.

        Args:
            verb: what.
            resource: to what; None if there is no such thing.
            recipient: to which organisation, for a release.

        Raises:
            HiddenError: it is not permitted, or not there.
        """
        if resource is None or not self.allows(verb, resource, recipient=recipient):
            raise HiddenError

    def visible(self, resources: Sequence[Resource], verb: Verb = Verb.VIEW) -> list[Resource]:
        """Those of the resources that the actor may see (or do `verb` to)."""
        allowed = self._decide(verb, resources, None)
        return [resource for resource, yes in zip(resources, allowed, strict=True) if yes]

    def _decide(self, verb: Verb, resources: Sequence[Resource], recipient: str | None) -> list[bool]:
        if not resources:
            return []
        context: dict[str, Any] = {"exercise": self.exercise}
        if recipient is not None:
            context["recipient"] = recipient
        unique = {resource.id: resource for resource in resources}
        entities = [self._principal, *(self._entity(resource) for resource in unique.values())]
        requests = [
            {
                "principal": {"type": "Actor", "id": self.actor.id},
                "action": {"type": "Action", "id": verb.value},
                "resource": {"type": "Thing", "id": resource.id},
                "context": context,
            }
            for resource in resources
        ]
        answers = cedarpy.is_authorized_batch(requests, policies(), entities)
        return [answer.allowed and not answer.diagnostics.errors for answer in answers]

    def _entity(self, resource: Resource) -> dict[str, Any]:
        attributes = {key: value for key, value in to_plain(resource).items() if value is not None}
        attributes.pop("handle_until", None)
        attributes["expired"] = resource.handle_until is not None and self.now > resource.handle_until
        return {"uid": {"type": "Thing", "id": resource.id}, "attrs": attributes, "parents": []}


@lru_cache(maxsize=1)
def policies() -> cedarpy.PolicySet:
    """The parsed policies."""
    return cedarpy.PolicySet.from_str(policy_text())


def policy_text() -> str:
    """The policies as they are written."""
    return files("plumeline.access").joinpath("policies.cedar").read_text(encoding="utf-8")
