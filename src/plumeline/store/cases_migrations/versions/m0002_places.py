"""Coarse boxes for the map's filter: R*Tree on SQLite, PostGIS with row-level security on PostgreSQL."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_VISIBLE = (
    "NOT EXISTS (SELECT 1 FROM stream_compartment c WHERE c.stream = {id} AND c.compartment <> ALL("
    "string_to_array(coalesce(current_setting('plumeline.compartments', true), ''), ',')))"
)


def upgrade() -> None:
    """Make the index."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE stream_box USING rtree(number, west, east, south, north)")
        return
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("ALTER TABLE stream ADD COLUMN box geometry(Polygon, 4326)")
    op.execute("CREATE INDEX stream_box ON stream USING gist (box)")
    # Row-level security keeps an index from being used with operators that are not leak-proof; comparing two boxes
    # tells nothing, so the overlap test may be marked so. That needs a superuser; without it queries are slower.
    op.execute(
        "DO $$ BEGIN ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF; "
        "EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE 'geometry_overlaps is not LEAKPROOF'; END $$"
    )
    for table, column in {"stream": "id", "event": "stream", "blob": "stream"}.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY {table}_compartments ON {table} USING ({_VISIBLE.format(id=f'{table}.{column}')})"
        )


def downgrade() -> None:
    """Never: it would lose history.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError
