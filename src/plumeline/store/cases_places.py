"""Where a record lies, roughly enough to say nothing: boxes of whole tenths of a degree (about 10 km)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import literal_column, text

from plumeline.store.cases_tables import STREAM

if TYPE_CHECKING:
    from shapely import MultiPolygon
    from sqlalchemy import Connection

STEP_DEG = 0.1
"""Grain of the index in clear [degrees]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box in longitude and latitude [degrees]."""

    west: float
    """Least longitude."""
    south: float
    """Least latitude."""
    east: float
    """Greatest longitude."""
    north: float
    """Greatest latitude."""


def box_around(regions: list[MultiPolygon]) -> Box:
    """The box of whole steps around regions."""
    west, south, east, north = zip(*(region.bounds for region in regions), strict=True)
    return Box(
        west=math.floor(min(west) / STEP_DEG) * STEP_DEG,
        south=math.floor(min(south) / STEP_DEG) * STEP_DEG,
        east=math.ceil(max(east) / STEP_DEG) * STEP_DEG,
        north=math.ceil(max(north) / STEP_DEG) * STEP_DEG,
    )


def place(connection: Connection, identifier: str, box: Box | None) -> None:
    """Write a record's box, or take it away; None leaves a new record without one.

    Args:
        connection: in a transaction.
        identifier: which record.
        box: where; None where it has no place.
    """
    values: dict[str, Any] = {"id": identifier}
    if box is not None:
        values |= {"west": box.west, "east": box.east, "south": box.south, "north": box.north}
    if connection.dialect.name == "postgresql":
        made = "ST_MakeEnvelope(:west, :south, :east, :north, 4326)" if box is not None else "NULL"
        connection.execute(text(f"UPDATE stream SET box = {made} WHERE id = :id"), values)  # noqa: S608 (two constants)
        return
    connection.execute(
        text("DELETE FROM stream_box WHERE number = (SELECT number FROM stream WHERE id = :id)"), values
    )
    if box is not None:
        connection.execute(
            text(
                "INSERT INTO stream_box SELECT number, :west, :east, :south, :north FROM stream WHERE id = :id"
            ),
            values,
        )


def near(query: Any, box: Box, dialect: str) -> Any:
    """Narrow a query on streams to those whose box meets another."""
    values = {"west": box.west, "east": box.east, "south": box.south, "north": box.north}
    if dialect == "postgresql":
        return query.where(
            text("stream.box && ST_MakeEnvelope(:west, :south, :east, :north, 4326)").bindparams(**values)
        )
    inside = text(
        "SELECT number FROM stream_box WHERE west <= :east AND east >= :west AND south <= :north AND north >= :south"
    ).bindparams(**values)
    return query.where(STREAM.c.number.in_(inside.columns(literal_column("number"))))
