"""Text tables as they come: encoding, delimiter, decimal sign and header are found; then blocks of lines stream by.

A line that does not have the header's number of fields is set apart with its line number, never guessed at.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from plumeline.errors import ReadError
from plumeline.instruments.recording import Remark
from plumeline.instruments.text_layout import check_file_section, find_header, head_lines, split

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from plumeline.instruments.mapping import FileSection

    Progress = Callable[[int, int], None]

FEW = 5
NO_VALUE = ("", "NaN", "nan", "NA", "N/A", "null", "None")
"""Texts that mean "no value" in any table."""
BLOCK_CHARACTERS = 1 << 23
DECIMAL_COMMA = re.compile(r"^\s*-?\d+,\d+\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some consecutive lines of a table."""

    frame: pd.DataFrame
    """One column per wanted name: numbers where all cells are, text where one is not."""
    lines: NDArray[np.int64]
    """Line of each row in the file, from 1."""


@dataclass(slots=True, kw_only=True)
class TextTable:
    """A text file that is a table, with its layout worked out."""

    path: Path
    encoding: str
    delimiter: str
    decimal: str
    header: tuple[str, ...]
    header_line: int
    comment: str
    missing: tuple[str, ...] = ()
    remarks: list[Remark] = field(default_factory=list)
    ragged: list[tuple[int, int]] = field(default_factory=list)
    """Line and number of fields of the first lines set apart."""
    ragged_count: int = 0
    row_count: int = 0
    ends_torn: bool = False
    """Whether the last line has no line end."""

    def blocks(
        self, wanted: Sequence[str], texts: Collection[str] = (), progress: Progress | None = None
    ) -> Iterator[Block]:
        """Stream the rows.

        Args:
            wanted: names of the columns to keep, in the header's order.
            texts: those of them that are not numbers.
            progress: called with bytes done and bytes in all.

        Yields:
            Blocks in file order, bounded in size.
        """
        size = max(self.path.stat().st_size, 1)
        with self.path.open(encoding=self.encoding, errors="replace", newline=None) as stream:
            number = 0
            for _ in range(self.header_line):
                stream.readline()
                number += 1
            done = 0
            while lines := stream.readlines(BLOCK_CHARACTERS):
                self.ends_torn = not lines[-1].endswith("\n")
                good, kept = self._regular(lines, number)
                number += len(lines)
                done += sum(map(len, lines))
                if good:
                    yield Block(frame=self._parsed(good, wanted, texts), lines=np.asarray(kept, "int64"))
                if progress is not None:
                    progress(min(done, size), size)

    def _regular(self, lines: list[str], before: int) -> tuple[list[str], list[int]]:
        """The lines with the header's number of fields, as plain delimited text, and their numbers."""
        good, kept = [], []
        separators = len(self.header) - 1
        delimiter, comment = self.delimiter, self.comment
        plain = delimiter != " "
        for number, line in enumerate(lines, start=before + 1):
            if comment and line.startswith(comment):
                continue
            if not (plain and line.count(delimiter) == separators and '"' not in line and "\0" not in line):
                line = self._mended(line, number)  # noqa: PLW2901 (the same line, in plain form)
            elif not separators and not line.strip():
                continue
            if line:
                good.append(line)
                kept.append(number)
        self.row_count += len(good)
        return good, kept

    def _mended(self, line: str, number: int) -> str:
        """A quoted, blank-separated or over-long line in plain form; empty when it is blank or ragged."""
        text = line.rstrip("\n").replace("\0", "\ufffd")
        if not text.strip():
            return ""
        fields = split(text, self.delimiter)
        while len(fields) > len(self.header) and not fields[-1].strip():
            fields.pop()
        if len(fields) != len(self.header):
            self.ragged_count += 1
            if len(self.ragged) < FEW:
                self.ragged.append((number, len(fields)))
            return ""
        out = io.StringIO()
        delimiter = "\t" if self.delimiter == " " else self.delimiter
        csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(
            f.replace("\n", " ") for f in fields
        )
        return out.getvalue()

    def _parsed(self, lines: list[str], wanted: Sequence[str], texts: Collection[str]) -> pd.DataFrame:
        """The wanted columns of plain lines; a column of numbers that holds anything else stays text."""
        positions = [self.header.index(name) for name in wanted]
        none = [*NO_VALUE, *self.missing]
        texts_at = {position: object for position in positions if self.header[position] in texts}
        frame = pd.read_csv(
            io.StringIO("".join(lines)),
            sep="\t" if self.delimiter == " " else self.delimiter,
            header=None,
            names=list(range(len(self.header))),
            usecols=positions,
            dtype=cast("Any", texts_at),
            na_values=cast("Any", {position: none for position in positions if position not in texts_at}),
            keep_default_na=False,
            decimal=self.decimal,
            skip_blank_lines=False,
            low_memory=False,
            engine="c",
        )
        return frame[positions].set_axis(list(wanted), axis=1)

    def closing_remarks(self) -> list[Remark]:
        """Remarks that are known only once the whole file has gone by.

        Raises:
            ReadError: no line could be read as a row.
        """
        remarks = list(self.remarks)
        width = len(self.header)
        if not self.row_count and self.ragged_count:
            line, found = self.ragged[0]
            raise ReadError(
                f"every line has another number of fields than the header ({found} instead of {width})",
                where=f"{self.path.name}, line {line}",
                remedy="give [file] delimiter and decimal in the mapping; decimal commas need another delimiter",
            )
        if not self.row_count:
            raise ReadError(
                "there is a header but no row",
                where=self.path.name,
                remedy="check that the recording was kept",
            )
        torn = self.ends_torn and bool(self.ragged) and self.ragged_count <= 5
        if torn and self.ragged_count == 1:
            remarks.append(
                Remark(
                    what=f"the last line is torn ({self.ragged[0][1]} of {width} fields)",
                    consequence="left out; all lines before it are whole",
                    lines=(self.ragged[0][0],),
                )
            )
        elif self.ragged_count:
            remarks.append(
                Remark(
                    what=f"{self.ragged_count} lines do not have the header's {width} fields",
                    consequence="left out",
                    lines=tuple(line for line, _ in self.ragged),
                    count=self.ragged_count,
                )
            )
        if self.ends_torn and not torn:
            remarks.append(
                Remark(
                    what="the last line has no line end",
                    consequence="kept, but its last value may be cut short",
                )
            )
        return remarks


def numbers(column: pd.Series[Any], decimal: str, missing: Sequence[str]) -> tuple[NDArray[np.float64], Any]:
    """Numbers of a text column.

    Args:
        column: texts, shape (record,).
        decimal: "." or ",".
        missing: texts that mean "no value", besides an empty cell, NaN, NA, N/A, null and None.

    Returns:
        Numbers, NaN where there is none, and a mask of the texts that are neither a number nor "no value".
    """
    codes = pd.to_numeric(pd.Series(list(missing), dtype=object), errors="coerce").dropna().to_numpy(float)
    if column.dtype.kind in "iuf":
        values = column.to_numpy(float, copy=True)
        unreadable = np.zeros(values.size, bool)
    else:
        text = column.astype(object).fillna("").astype(str).str.strip()
        if decimal == ",":
            text = text.str.replace(",", ".", regex=False)
        none = text.isin(["-", *NO_VALUE, *missing]).to_numpy(bool)
        values = pd.to_numeric(text.where(~none), errors="coerce").to_numpy(float, copy=True)
        unreadable = np.isnan(values) & ~none
    values[np.isin(values, codes)] = np.nan
    return values, unreadable


def open_table(path: Path, section: FileSection, needed: Sequence[Sequence[str]]) -> TextTable:
    """Work out a table's layout.

    Args:
        path: the file.
        section: what the mapping says about the layout.
        needed: columns that must be there, each with its alternatives.

    Returns:
        The table, ready to stream.

    Raises:
        ConfigurationError: the mapping's `[file]` contradicts itself.
        ReadError: no header with the needed columns is found.
    """
    check_file_section(section, path.name)
    lines, encoding, remarks = head_lines(path, section.encoding)
    header_line, delimiter, header = find_header(path, section, needed, lines)
    rows = [
        split(line, delimiter)
        for line in lines[header_line : header_line + 50]
        if line.strip() and not (section.comment and line.startswith(section.comment))
    ]
    decimal = section.decimal or "."
    if not section.decimal and delimiter != ",":
        with_comma = sum(bool(DECIMAL_COMMA.match(cell)) for row in rows for cell in row)
        with_point = sum(bool(re.match(r"^\s*-?\d+\.\d+\s*$", cell)) for row in rows for cell in row)
        if with_comma > with_point:
            decimal = ","
            remarks.append(
                Remark(what="numbers have a decimal comma", consequence="read so; [file] decimal settles it")
            )
    return TextTable(
        path=path,
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal,
        header=header,
        header_line=header_line,
        comment=section.comment,
        missing=section.missing,
        remarks=remarks,
    )
