"""What a reader returns: the file, its hash, its raw tables, and every remark about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from plumeline.instruments.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import xarray as xr


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something a user of the recording must know; nothing was dropped or mended without one."""

    what: str
    """What was found, one sentence without its final stop."""
    consequence: str
    """What the reader did about it, or what a later step should do."""
    lines: tuple[int, ...] = ()
    """The first few lines (or message numbers, in a binary log) it was found on, counted from 1."""
    count: int = 1
    """How often it was found."""

    def __str__(self) -> str:
        """One line: where, what, consequence."""
        where = ""
        if self.lines:
            listed = ", ".join(str(line) for line in self.lines)
            where = f"line{'s' if len(self.lines) > 1 else ''} {listed}"
            where += " …: " if self.count > len(self.lines) else ": "
        return f"{where}{self.what}; {self.consequence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A file exactly as the sensor, autopilot or weather station wrote it, as raw tables.

    Raises:
        SchemaError: a table departs from the schema of its kind.
    """

    path: Path
    """The file."""
    sha256: str
    """Hash of its bytes."""
    format_name: str
    """Name of the format, as in the table of formats."""
    tables: Mapping[str, xr.Dataset]
    """Raw tables by kind: "track", "attitude", "readings", "wind", "meteorology"; only those the file holds."""
    remarks: tuple[Remark, ...] = ()
    """Everything a user of the tables must know."""
    beside: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Name and SHA-256 of the other files the mapping joined in (sensor positions, wind)."""

    def __post_init__(self) -> None:
        for kind, table in self.tables.items():
            KINDS[kind].validate(table)

    def inputs(self) -> dict[str, str]:
        """Name and SHA-256 of every file this came from."""
        return {self.path.name: self.sha256, **self.beside}
