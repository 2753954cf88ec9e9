"""Streams, events, audit log, blobs; triggers that keep history from being changed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEPT = {
    "audit": "BEFORE UPDATE OR DELETE",
    "checkpoint": "BEFORE UPDATE OR DELETE",
    "event": "BEFORE DELETE",
}
_CHANGED = (
    "NEW.payload IS NOT NULL OR NEW.digest <> OLD.digest OR NEW.actor <> OLD.actor OR NEW.time <> OLD.time "
    "OR NEW.type <> OLD.type"
)
"""The one change an event allows is that its payload is destroyed."""


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "stream",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False, index=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("parent", sa.Text, index=True),
        sa.Column("due", sa.Text),
        sa.Column("on_hold", sa.Boolean, nullable=False),
        sa.Column("exercise", sa.Boolean, nullable=False),
        sa.Column("data_key", sa.LargeBinary),
    )
    op.create_table(
        "stream_compartment",
        sa.Column("stream", sa.Text, sa.ForeignKey("stream.id"), primary_key=True),
        sa.Column("compartment", sa.Text, primary_key=True),
    )
    op.create_table(
        "event",
        sa.Column("stream", sa.Text, sa.ForeignKey("stream.id"), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("time", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary),
        sa.Column("digest", sa.Text, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "blob",
        sa.Column("stream", sa.Text, sa.ForeignKey("stream.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    _keep_history()


def _keep_history() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION plumeline_kept() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'history is never changed'; END $$"
        )
        for table, when in _KEPT.items():
            op.execute(
                f"CREATE TRIGGER {table}_kept {when} ON {table} FOR EACH ROW EXECUTE FUNCTION plumeline_kept()"
            )
        op.execute(
            "CREATE TRIGGER event_kept_update BEFORE UPDATE ON event FOR EACH ROW "
            f"WHEN ({_CHANGED}) EXECUTE FUNCTION plumeline_kept()"
        )
        return
    for table, when in _KEPT.items():
        for verb in when.removeprefix("BEFORE ").split(" OR "):
            op.execute(
                f"CREATE TRIGGER {table}_kept_{verb.lower()} BEFORE {verb} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'history is never changed'); END"
            )
    op.execute(
        f"CREATE TRIGGER event_kept_update BEFORE UPDATE ON event WHEN {_CHANGED} "
        "BEGIN SELECT RAISE(ABORT, 'history is never changed'); END"
    )


def downgrade() -> None:
    """Never: it would lose history.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError
