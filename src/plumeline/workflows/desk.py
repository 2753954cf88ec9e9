"""An actor at work on a case store: the one place where store, keys, clock and policies come together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from plumeline.access.actors import Actor, Organisation, Role
from plumeline.access.authority import SignedAuthority
from plumeline.access.guard import Guard, Kind, Resource, Verb
from plumeline.access.records import to_plain
from plumeline.cases.events import CaseEvent
from plumeline.cases.recordings import Ingested
from plumeline.cases.retention import DeletionCertificate
from plumeline.cases.rules import Rule
from plumeline.errors import AccessError, InputError, StoreError
from plumeline.outcomes.events import HandoverEvent
from plumeline.packages.events import ReleaseEvent
from plumeline.packages.verify import TrustCard
from plumeline.provenance import canonical_json
from plumeline.store.cases import CaseStore
from plumeline.store.cases_engine import connect, migrate, transaction
from plumeline.store.cases_records import Change, Head
from plumeline.store.cases_session import Session, Setting
from plumeline.store.vault import new_vault, open_vault

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from plumeline.access.keys import ActorKeys

EVENTS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *get_args(CaseEvent),
        *get_args(HandoverEvent),
        *get_args(ReleaseEvent),
        Actor,
        Organisation,
        SignedAuthority,
        Rule,
        Ingested,
        DeletionCertificate,
    )
}
"""Every event a store can hold, by name."""

STORE_FILE = "cases.sqlite"


def system_clock() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """An actor with an opened store; every workflow takes one."""

    store: CaseStore
    """The store."""
    keys: ActorKeys
    """The actor's keys."""
    actor: Actor
    """The actor, as the store knows it."""
    organisation: str
    """Whose store it is."""
    exercise: bool
    """Whether it is an exercise's."""

    @property
    def now(self) -> datetime:
        """The time, UTC."""
        return self.store.setting.clock()

    @property
    def log_name(self) -> str:
        """Name of the audit log in its checkpoints."""
        return f"plumeline/{self.organisation}{'/exercise' if self.exercise else ''}"

    def guard(self) -> Guard:
        """The policies, for this actor now."""
        return Guard(self.actor, exercise=self.exercise, now=self.now)

    def session(self) -> AbstractContextManager[Session]:
        """One transaction of this actor's work."""
        return self.store.session(self.guard())

    def resource(self, kind: Kind, identifier: str, **more: Any) -> Resource:
        """A resource of the house without compartments: registers and the log."""
        return Resource(
            kind=kind, id=identifier, originator=self.organisation, exercise=self.exercise, **more
        )


def store_url(where: Path | str) -> str:
    """The database's address: a folder means the SQLite file in it.

    Args:
        where: a folder, or a `postgresql+psycopg://` address.

    Returns:
        The address.
    """
    text = str(where)
    return text if "://" in text else f"sqlite:///{text}/{STORE_FILE}"


def create_store(
    where: Path | str,
    *,
    organisation: Organisation,
    custodian: ActorKeys,
    exercise: bool = False,
    clock: Callable[[], datetime] = system_clock,
) -> Desk:
    """Make an empty case store with its first custodian.

    Args:
        where: a folder that exists, or a PostgreSQL address.
        organisation: whose it is.
        custodian: keys of the first actor, who admits the others.
        exercise: whether it is for an exercise; that can never be changed.
        clock: tells the time.

    Returns:
        The custodian's desk.

    Raises:
        StoreError: there is a store already.
    """
    engine = connect(store_url(where))
    migrate(engine)
    vault = new_vault()
    store = CaseStore(engine, Setting(vault=vault, events=EVENTS, clock=clock))
    actor = Actor(
        id=custodian.actor,
        organisation=organisation.id,
        roles=frozenset({Role.CUSTODIAN}),
        verify_key=custodian.signing.public_hex,
        sealing_key=custodian.sealing_key,
    )
    desk = Desk(store=store, keys=custodian, actor=actor, organisation=organisation.id, exercise=exercise)
    facts = {"organisation": organisation.id, "exercise": exercise}
    with desk.session() as session:
        if session.meta("facts") is not None:
            raise StoreError("there is a case store already", remedy="open it instead; nothing was changed")
        session.set_meta("facts", canonical_json(facts).encode())
        session.set_meta("keyring", vault.sealed_to([custodian.sealing_key]))
        _register(desk, session, Kind.ORGANISATION, organisation.id, organisation)
        _register(desk, session, Kind.ACTOR, actor.id, actor)
    return desk


def open_desk(where: Path | str, keys: ActorKeys, *, clock: Callable[[], datetime] = system_clock) -> Desk:
    """Open a case store as an actor.

    Args:
        where: its folder or address.
        keys: the actor's keys.
        clock: tells the time.

    Returns:
        The actor's desk.

    Raises:
        AccessError: the store does not know this key, or the actor may no longer act.
        StoreError: there is no store, or it cannot be used now.
    """
    engine = connect(store_url(where))
    with transaction(engine) as connection:
        probe = Session.bare(connection)
        facts, keyring = probe.meta("facts"), probe.meta("keyring")
    if facts is None or keyring is None:
        raise StoreError("there is no case store here", remedy="make one: plumeline case init")
    store = CaseStore(engine, Setting(vault=open_vault(keyring, keys), events=EVENTS, clock=clock))
    actor = store.actor_record(keys.actor)
    if actor is None or actor.verify_key != keys.signing.public_hex or not actor.active:
        raise AccessError("this badge may not act here", remedy="ask the custodian")
    plain = json.loads(facts)
    return Desk(
        store=store,
        keys=keys,
        actor=actor,
        organisation=plain["organisation"],
        exercise=plain["exercise"],
    )


def admit(desk: Desk, actor: Actor) -> None:
    """Enter or change an actor; the keyring is sealed again to all who are active.

    Args:
        desk: a custodian's.
        actor: the record that holds from now on.

    Raises:
        AccessError: not a custodian.
    """
    with desk.session() as session:
        _register(desk, session, Kind.ACTOR, actor.id, actor)
        actors = [latest(session, head) for head in session.find(Kind.ACTOR, verb=Verb.ADMINISTER)]
        session.set_meta(
            "keyring", desk.store.setting.vault.sealed_to(a.sealing_key for a in actors if a.active)
        )


def enter_organisation(desk: Desk, organisation: Organisation) -> None:
    """Enter or change a partner organisation.

    Args:
        desk: a custodian's.
        organisation: the record that holds from now on.

    Raises:
        AccessError: not a custodian.
    """
    with desk.session() as session:
        _register(desk, session, Kind.ORGANISATION, organisation.id, organisation)


def _register(desk: Desk, session: Session, kind: Kind, identifier: str, record: Any) -> None:
    known = session.known(identifier)
    if known is not None:
        session.need(Verb.ADMINISTER, identifier, kind=kind)
    session.write(
        Verb.ADMINISTER,
        "registered",
        Change(
            resource=desk.resource(kind, identifier),
            events=[record],
            state="held",
            expected=0 if known is None else known.version,
        ),
    )


def latest(session: Session, head: Head) -> Any:
    """The newest record of a register entry."""
    return session.history(head)[-1].event


def trust_card(desk: Desk) -> TrustCard:
    """What recipients must be given on another way than the packages.

    Args:
        desk: a custodian's or auditor's.

    Returns:
        Signing keys by badge, and the audit log's key.

    Raises:
        InputError: nobody can sign yet.
    """
    with desk.session() as session:
        actors = [latest(session, head) for head in session.find(Kind.ACTOR)]
    signers = {
        actor.id: actor.verify_key
        for actor in actors
        if actor.organisation == desk.organisation
        and actor.roles & {Role.ANALYST, Role.REVIEWER, Role.RELEASER}
    }
    if not signers:
        raise InputError(
            "no actor of this store signs anything yet", remedy="admit analysts and releasers first"
        )
    return TrustCard(
        organisation=desk.organisation,
        signers=signers,
        log_name=desk.log_name,
        log_key=desk.store.setting.vault.log_key.public_hex,
    )


def card_bytes(card: TrustCard) -> bytes:
    """The trust card as a file."""
    return json.dumps(to_plain(card), indent=1, sort_keys=True).encode() + b"\n"


__all__ = ["Desk", "admit", "card_bytes", "create_store", "enter_organisation", "open_desk", "trust_card"]
