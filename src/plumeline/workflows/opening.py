"""From a located result to a case, if its recording kept to the authority."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from plumeline.access.fences import jurisdiction_of
from plumeline.access.guard import Kind, Verb, resource_of
from plumeline.access.records import utc
from plumeline.cases.case import CaseState, fold
from plumeline.cases.events import CaseOpened, ReactivationSeen
from plumeline.cases.findings import (
    Basis,
    Dossier,
    Finding,
    Override,
)
from plumeline.errors import AccessError, InputError, RefusedError
from plumeline.store.cases_places import box_around
from plumeline.store.cases_records import Change, new_id
from plumeline.workflows.authorities import find_authority

if TYPE_CHECKING:
    from plumeline.access.actors import Marking
    from plumeline.access.authority import Authority
    from plumeline.cases.recordings import Ingested
    from plumeline.store.cases_session import Session
    from plumeline.workflows.desk import Desk
    from plumeline.workflows.located import Located


def open_case(
    desk: Desk, recording: str, located: Located, marking: Marking, *, override_ground: str | None = None
) -> str:
    """Make a case of a located result.

    Args:
        desk: an analyst's.
        recording: the ingested recording it rests on.
        located: the result.
        marking: who may see it.
        override_ground: why quarantined samples may be used; the package shows it with the actor's badge.

    Returns:
        The case's identifier.

    Raises:
        AccessError: the recording is hidden, the authority expired, or quarantined samples were used.
        RefusedError: nothing was located.
        InputError: the result does not rest on this recording, or live and exercise are mixed.
    """
    if not located.findings:
        raise RefusedError("nothing was located, so there is nothing to open a case with")
    if marking.exercise != desk.exercise or marking.originator != desk.organisation:
        raise InputError(
            "the marking is not of this store: another originator, or live and exercise are mixed"
        )
    identifier = new_id("C", exercise=desk.exercise)
    with desk.session() as session:
        head = session.need(Verb.VIEW, recording, kind=Kind.RECORDING)
        if not head.resource.compartments <= marking.compartments:
            raise InputError("a case needs at least the compartments of its recording")
        entered: Ingested = session.history(head)[-1].event
        permission = find_authority(session, entered.fence.authority)
        permission.require_alive(desk.now)
        used = _quarantined_used(located, entered, override_ground)
        regions = [facts["region_90"] for facts in located.findings]
        former = _closed_case_at(session, regions, marking)
        dossier = Dossier(
            findings=_findings(located, entered, permission),
            scores=located.scores,
            recordings=(entered.recording,),
            basis=Basis(
                fence=entered.fence,
                instrument=permission.instrument,
                article=permission.article,
                issuing_body=permission.issuing_body,
                mode=permission.mode.value,
                override=Override(actor=desk.actor.id, ground=override_ground, samples=used)
                if used and override_ground
                else None,
            ),
            marking=marking,
            probability_no_source=located.probability_no_source,
            reactivation_of=former,
        )
        session.write(
            Verb.ANNOTATE,
            "case-opened-by-override" if used else "case-opened",
            Change(
                resource=resource_of(Kind.CASE, identifier, marking),
                events=[CaseOpened(dossier=dossier)],
                state=CaseState.OPEN.value,
                box=box_around(regions),
                parent=recording,
            ),
        )
        if former is not None:
            _note_reactivation(session, former, identifier)
    return identifier


def _quarantined_used(located: Located, entered: Ingested, override_ground: str | None) -> int:
    """How many quarantined samples a result rests on, if that is allowed.

    Raises:
        AccessError: there are some, and nobody overrides it.
        InputError: the result does not rest on this recording.
    """
    if not located.inputs or not located.inputs <= set(entered.files):
        raise InputError(
            "the result does not rest on this recording: a file's digest is not among its own",
            remedy="ingest every file the result was made from",
        )
    used = sum(
        (sensor, time) in located.readings for sensor, times in entered.quarantined.items() for time in times
    )
    if used and override_ground is None:
        raise AccessError(
            f"{used} quarantined samples were used for this result",
            remedy="locate again with what the ingest gave back, or override by name and ground",
        )
    return used


def _findings(located: Located, entered: Ingested, permission: Authority) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            **facts,
            jurisdiction=jurisdiction_of(facts["region_90"], permission),
            first_seen=utc(located.start),
            last_seen=utc(located.end),
            recordings=(entered.recording.sha256,),
            estimate=located.estimate,
            method=located.method,
        )
        for facts in located.findings
    )


def _closed_case_at(session: Session, regions: list[shapely.MultiPolygon], marking: Marking) -> str | None:
    """The reactivation watch: a closed case the actor may see whose region this one meets.

    A case of more compartments than the new one is not named in it: its readers may not know of that.
    """
    for head in session.find(Kind.CASE, state=CaseState.CLOSED.value, box=box_around(regions)):
        case = fold(head.id, session.history(head))
        if head.resource.compartments <= marking.compartments and any(
            shapely.intersects(old.region_90, new) for old in case.dossier.findings for new in regions
        ):
            return head.id
    return None


def _note_reactivation(session: Session, former: str, identifier: str) -> None:
    head = session.need(Verb.ANNOTATE, former, kind=Kind.CASE)
    session.write(
        Verb.ANNOTATE,
        "reactivation-seen",
        Change(
            resource=head.resource,
            events=[ReactivationSeen(case=identifier)],
            state=head.state,
            expected=head.version,
            parent=head.parent,
            due=head.due,
            on_hold=head.on_hold,
        ),
    )
