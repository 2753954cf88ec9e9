"""The case store: histories of records, read only through a guard and changed only together with the audit log.

A `Session` is one actor's work in one transaction. There is no way to read without a guard: `need` gives one record
if the policies permit the verb, `find` lists those they permit, and both write to the log. A refusal is logged after
the rest was rolled back, and says the same whether the record is hidden or does not exist.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from plumeline.errors import AccessError
from plumeline.store.cases_engine import transaction
from plumeline.store.cases_session import Session, Setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from plumeline.access.actors import Actor
    from plumeline.access.guard import Guard


class CaseStore:
    """An opened store.

    Args:
        engine: the database.
        setting: keyring, events and clock.
    """

    def __init__(self, engine: Engine, setting: Setting) -> None:
        self.engine = engine
        self.setting = setting

    @contextmanager
    def session(self, guard: Guard) -> Iterator[Session]:
        """One actor's work, in one transaction.

        Args:
            guard: the actor and the policies.

        Yields:
            The session.

        Raises:
            AccessError: something was not permitted; the attempt is in the log.
        """
        session: Session | None = None
        try:
            with transaction(self.engine, guard.actor.compartments) as connection:
                session = Session(self.setting, guard, connection)
                yield session
        except AccessError:
            if session is not None and session.refused is not None:
                verb, identifier = session.refused
                with transaction(self.engine, guard.actor.compartments) as connection:
                    Session(self.setting, guard, connection).note_refusal(verb, identifier)
            raise

    def actor_record(self, badge: str) -> Actor | None:
        """An actor's own record, to build its guard from or to check its signatures; None if there is none."""
        with transaction(self.engine) as connection:
            session = Session.bare(connection)
            session.setting = self.setting
            return session.actor_record(badge)
