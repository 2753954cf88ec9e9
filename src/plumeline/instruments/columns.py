"""A mapping's column names, looked up in a file's header and in the sensors' own file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from plumeline.errors import ReadError
from plumeline.instruments import quantities
from plumeline.instruments.settings import nearest
from plumeline.instruments.text_layout import find_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from plumeline.instruments.quantities import Convert
    from plumeline.instruments.settings import Column


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where one variable's numbers come from."""

    column: str = ""
    """Header name; empty for a constant."""
    constant: float | None = None
    """The constant, in the file's unit."""
    convert: Convert = quantities.same
    """From the file's unit to the raw table's."""
    per_sensor: bool = False
    """Whether the column stands in the sensors' own file."""
    file_units: str = ""
    """Unit in the file."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Further attributes of the variable."""


class Columns:
    """Looks a mapping's column names up in a header, and in the sensors' own file."""

    def __init__(self, header: Sequence[str], sensor_header: Sequence[str], where: str) -> None:
        self.header = header
        self.sensor_header = sensor_header
        self.where = where

    def find(self, column: Column) -> Source | None:
        """A column or constant.

        Args:
            column: name, alternatives or constant of the mapping.

        Returns:
            Where its numbers come from; None when it is not mapped, or optional and absent.

        Raises:
            ReadError: a column that must be there is not.
        """
        if column is None or column == ():
            return None
        if isinstance(column, float):
            return Source(constant=column)
        names = alternatives(column)
        if (name := find_column(names, self.header)) is not None:
            return Source(column=name)
        if (name := find_column(names, self.sensor_header)) is not None:
            return Source(column=name, per_sensor=True)
        if is_optional(column):
            return None
        raise ReadError(
            f"there is no column {' or '.join(map(repr, names))}",
            where=self.where,
            remedy=nearest(names[0], [*self.header, *self.sensor_header]),
        )

    def take(
        self, column: Column, convert: Convert, file_units: str = "", **attributes: str
    ) -> Source | None:
        """A column with its conversion and attributes; None when there is none.

        Raises:
            ReadError: a column that must be there is not.
        """
        found = self.find(column)
        if found is None:
            return None
        return Source(
            column=found.column,
            constant=found.constant,
            per_sensor=found.per_sensor,
            convert=convert,
            file_units=file_units,
            attributes=attributes,
        )


def alternatives(column: Column | tuple[str, ...]) -> tuple[str, ...]:
    """Names of a column in order of preference, without the mark of an optional one.

    Args:
        column: a mapping's column.

    Returns:
        The names; none for a constant.
    """
    if column is None or isinstance(column, float):
        return ()
    names = (column,) if isinstance(column, str) else column
    return tuple(name.removesuffix("?") for name in names)


def is_optional(column: Column | tuple[str, ...]) -> bool:
    """Whether a column may be absent: a name that ends in `?`.

    Args:
        column: a mapping's column.

    Returns:
        True for an optional column.
    """
    names = (column,) if isinstance(column, str) else column
    return isinstance(names, tuple) and any(name.endswith("?") for name in names)
