"""Connections to the case store: SQLite with full synchronisation, or PostgreSQL with its session's barrier set."""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DatabaseError, OperationalError

from plumeline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection, Engine

BUSY_MS = 5000
"""How long to wait for another process that is writing [ms]."""
_LOG_LOCK = 0x706C756D
"""PostgreSQL advisory lock that orders the writers of the audit log."""


@lru_cache(maxsize=32)
def connect(url: str) -> Engine:
    """An engine on a store; one a process and address.

    Args:
        url: `sqlite:///PATH` or `postgresql+psycopg://…`.

    Returns:
        The engine; nothing is opened yet.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")


def _begin_sqlite(connection: Connection) -> None:
    # pysqlite would begin late and leave table changes outside; IMMEDIATE takes the writer's lock at once.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def transaction(engine: Engine, compartments: Iterable[str] = ()) -> Iterator[Connection]:
    """One transaction: all of it is kept, or none.

    Args:
        engine: the store.
        compartments: what the actor at work holds; PostgreSQL's own barrier is set to them.

    Yields:
        The connection.

    Raises:
        StoreError: the store is locked, full, damaged or cannot be reached.
    """
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(
                    text("SELECT set_config('plumeline.compartments', :held, true)"),
                    {"held": ",".join(sorted(compartments))},
                )
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOG_LOCK})
            yield connection
    except (OperationalError, DatabaseError) as error:
        what, where, remedy = _explained(error, engine)
        raise StoreError(what, where=where, remedy=remedy) from None


def _explained(error: DatabaseError, engine: Engine) -> tuple[str, str, str]:
    cause = str(error.orig)
    where = (
        Path(engine.url.database or "").name
        if engine.dialect.name == "sqlite"
        else engine.url.host or "the server"
    )
    for sign, what, remedy in (
        (
            "locked",
            "another process is writing to the case store",
            "wait until it is done; nothing was changed",
        ),
        (
            "full",
            "the disk is full",
            "make room; nothing of this step was written and nothing before it is lost",
        ),
        ("disk I/O", "the disk does not answer", "check the disk; nothing before this step is lost"),
        (
            "no such table",
            "this is not a case store, or it is of an older version",
            "plumeline case init, or upgrade",
        ),
        ("malformed", "the case store is damaged", "restore it from a back-up"),
        ("not a database", "this file is not a case store", "check its path"),
        ("unable to open", "the case store cannot be opened", "check its path and your rights to it"),
        ("history is never changed", "history is never changed", ""),
    ):
        if sign in cause:
            return what, where, remedy
    return f"the case store does not answer: {cause.splitlines()[0]}", where, ""


def migrate(engine: Engine) -> None:
    """Bring a store to this version, in one transaction or not at all.

    Args:
        engine: the store.

    Raises:
        StoreError: it is locked, or of a newer version than this program.
    """
    from alembic import command  # noqa: PLC0415 (slow, and needed only here)
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    settings = Config()
    settings.set_main_option("script_location", "plumeline.store:cases_migrations")
    with transaction(engine) as connection:
        settings.attributes["connection"] = connection
        try:
            command.upgrade(settings, "head")
        except CommandError:
            raise StoreError(
                "the case store is of a newer version than this program", remedy="use the newer Plumeline"
            ) from None
