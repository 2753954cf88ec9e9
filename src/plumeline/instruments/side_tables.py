"""Small tables beside a recording: the sensors' positions, and tables looked up by a shared key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from plumeline.errors import ConfigurationError, ReadError
from plumeline.instruments.columns import Columns
from plumeline.instruments.textfile import open_table
from plumeline.provenance import sha256_of_file

if TYPE_CHECKING:
    from pathlib import Path

    from plumeline.instruments.mapping import TableMapping
    from plumeline.instruments.textfile import TextTable

MAX_SIDE_ROWS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A second table looked up by a shared key."""

    on: str
    columns: tuple[str, ...]
    table: pd.DataFrame

    @classmethod
    def open(
        cls, path: Path, file: str, on: str, text: TextTable, beside: dict[str, str], mapping: TableMapping
    ) -> Join:
        """Read the second table.

        Args:
            path: the recording.
            file: name of the second table, beside it.
            on: the shared column.
            text: the recording's layout.
            beside: takes the second file's name and hash.
            mapping: for the comment sign.

        Returns:
            The table, ready to be looked up.

        Raises:
            ConfigurationError: the mapping names no file or no column.
            ReadError: the file is missing, no table, or lacks the column.
        """
        if not on or not file:
            raise ConfigurationError("[[join]] needs file and on", where=path.name)
        found = Columns(text.header, (), path.name).find(on)
        table = whole_table(path.parent / file, (on,), mapping, beside).drop_duplicates(on).set_index(on)
        table = table[[name for name in table.columns if name not in text.header]]
        return cls(on=found.column if found else on, columns=tuple(table.columns), table=table)

    def widen(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows with the joined columns, empty where the key is unknown."""
        joined = self.table.reindex(frame[self.on].str.strip()).fillna("").reset_index(drop=True)
        return pd.concat([frame, joined.astype(object)], axis=1)


def whole_table(
    path: Path, needed: tuple[str, ...], mapping: TableMapping, beside: dict[str, str]
) -> pd.DataFrame:
    """A small table as text, whole.

    Args:
        path: the file.
        needed: columns that must be there.
        mapping: for the comment sign.
        beside: takes the file's name and hash.

    Returns:
        All rows, each cell stripped.

    Raises:
        ReadError: the file is missing, no table, or too long.
    """
    if not path.is_file():
        raise ReadError(
            "the file that the mapping names is not there",
            where=path.name,
            remedy="put it beside the recording",
        )
    text = open_table(path, type(mapping.file)(comment=mapping.file.comment), [(name,) for name in needed])
    beside[path.name] = sha256_of_file(path)
    frames = []
    for block in text.blocks(text.header, text.header):
        frames.append(block.frame)
        if text.row_count > MAX_SIDE_ROWS:
            raise ReadError(f"has more than {MAX_SIDE_ROWS} rows, too many to be looked up", where=path.name)
    text.closing_remarks()
    whole: pd.DataFrame = pd.concat(frames).apply(lambda column: column.str.strip())
    return whole


def sensor_table(path: Path, mapping: TableMapping, beside: dict[str, str]) -> pd.DataFrame | None:
    """The sensors' own file.

    Args:
        path: the recording.
        mapping: names the file and its key.
        beside: takes the file's name and hash.

    Returns:
        The table as text, indexed by sensor name; None when the mapping names no such file.

    Raises:
        ConfigurationError: the mapping names no key.
        ReadError: the file is missing or no table.
    """
    section = mapping.sensors
    if not section.file:
        return None
    if not section.key:
        raise ConfigurationError(
            "[sensors] file needs key",
            where=path.name,
            remedy="name the column that holds the sensors' names",
        )
    return whole_table(path.parent / section.file, (section.key,), mapping, beside).set_index(section.key)
