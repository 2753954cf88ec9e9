"""Text tables as they come: encoding, delimiter, decimal sign and header are found; then blocks of lines stream by.

A line that does not have the header's number of fields is set apart with its line number, never guessed at.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from plumeline.errors import ReadError
from plumeline.instruments.recording import Remark
from plumeline.instruments.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from plumeline.instruments.mapping import FileSection

    Progress = Callable[[int, int], None]

SAMPLE_BYTES = 1 << 18
BLOCK_CHARACTERS = 1 << 23
HEADER_SEARCH_LINES = 60
DELIMITERS = (",", ";", "\t", "|", " ")
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
DECIMAL_COMMA = re.compile(r"^\s*-?\d+,\d+\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some consecutive lines of a table."""

    frame: pd.DataFrame
    """One column per header name; text, not yet numbers."""
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

    def blocks(self, wanted: Sequence[str], progress: Progress | None = None) -> Iterator[Block]:
        """Stream the rows.

        Args:
            wanted: names of the columns to keep.
            progress: called with bytes done and bytes in all.

        Yields:
            Blocks in file order, bounded in size.
        """
        size = max(self.path.stat().st_size, 1)
        positions = [self.header.index(name) for name in wanted]
        with self.path.open(encoding=self.encoding, errors="replace", newline=None) as stream:
            number = 0
            for _ in range(self.header_line):
                stream.readline()
                number += 1
            done = 0
            while lines := stream.readlines(BLOCK_CHARACTERS):
                self.ends_torn = not lines[-1].endswith("\n")
                block = self._block(lines, number, positions, wanted)
                number += len(lines)
                done += sum(map(len, lines))
                if block is not None:
                    yield block
                if progress is not None:
                    progress(min(done, size), size)

    def _block(
        self, lines: list[str], before: int, positions: list[int], wanted: Sequence[str]
    ) -> Block | None:
        rows, kept = [], []
        width = len(self.header)
        for number, line in enumerate(lines, start=before + 1):
            text = line.rstrip("\n")
            if not text.strip() or (self.comment and text.startswith(self.comment)):
                continue
            fields = split(text, self.delimiter)
            while len(fields) > width and not fields[-1].strip():
                fields.pop()
            if len(fields) != width:
                self.ragged_count += 1
                if len(self.ragged) < 5:
                    self.ragged.append((number, len(fields)))
                continue
            rows.append([fields[position] for position in positions])
            kept.append(number)
        if not rows:
            return None
        self.row_count += len(rows)
        frame = pd.DataFrame(dict(zip(wanted, zip(*rows, strict=True), strict=True)), dtype=object)
        return Block(frame=frame, lines=np.asarray(kept, "int64"))

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


def split(text: str, delimiter: str) -> list[str]:
    """Fields of one line; quotes are honoured.

    Args:
        text: the line without its end.
        delimiter: one character; a blank stands for any run of blanks.

    Returns:
        The fields.
    """
    if delimiter == " ":
        return text.split()
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return text.split(delimiter)


def numbers(column: pd.Series[Any], decimal: str, missing: Sequence[str]) -> tuple[NDArray[np.float64], Any]:
    """Numbers of a text column.

    Args:
        column: texts, shape (record,).
        decimal: "." or ",".
        missing: texts that mean "no value", besides an empty cell, NaN, NA, N/A, null and None.

    Returns:
        Numbers, NaN where there is none, and a mask of the texts that are neither a number nor "no value".
    """
    text = column.str.strip()
    if decimal == ",":
        text = text.str.replace(",", ".", regex=False)
    none = text.isin(["", "NaN", "nan", "NA", "N/A", "null", "None", "-", *missing]).to_numpy(bool)
    values = pd.to_numeric(text.where(~none), errors="coerce").to_numpy(float, copy=True)
    unreadable = np.isnan(values) & ~none
    codes = pd.to_numeric(pd.Series(list(missing), dtype=object), errors="coerce").dropna().to_numpy(float)
    values[np.isin(values, codes)] = np.nan
    return values, unreadable


def sample_of(path: Path) -> bytes:
    """The first bytes of a file.

    Args:
        path: the file.

    Returns:
        At most `SAMPLE_BYTES` bytes.

    Raises:
        ReadError: the file is empty or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            sample = stream.read(SAMPLE_BYTES)
    except OSError as error:
        raise ReadError(
            f"cannot be read: {error.strerror}", where=str(path), remedy="check the path and its permissions"
        ) from None
    if not sample:
        raise ReadError("the file is empty", where=path.name, remedy="copy it from the instrument again")
    return sample


def encoding_of(sample: bytes) -> tuple[str, list[Remark]]:
    """The text encoding of a file's first bytes.

    Args:
        sample: the first bytes.

    Returns:
        A Python codec name, and a remark when it had to be guessed.
    """
    for mark, name in BOMS:
        if sample.startswith(mark):
            return name, []
    if sample[1:400:2].count(0) > 0.4 * len(sample[1:400:2]) > 4:
        return "utf-16-le", [
            Remark(what="UTF-16 without its mark", consequence="read as UTF-16 little-endian")
        ]
    try:
        io.TextIOWrapper(
            io.BytesIO(sample[: len(sample) - 4] if len(sample) >= SAMPLE_BYTES else sample), "utf-8"
        ).read()
    except UnicodeDecodeError:
        guess = _legacy_encoding(sample)
        return guess, [
            Remark(
                what="the text is not UTF-8", consequence=f"read as {guess}; give [file] encoding if wrong"
            )
        ]
    return "utf-8", []


def _legacy_encoding(sample: bytes) -> str:
    """GB 18030 when the bytes make Chinese text, Windows-1252 otherwise."""
    text = sample.decode("gb18030", errors="replace")
    chinese = sum("一" <= character <= "鿿" for character in text)
    faults = text.count("�")
    lone = sum(byte >= 0x80 for byte in sample) - 2 * chinese
    return "gb18030" if chinese and not faults and lone <= chinese // 4 else "cp1252"


def head_lines(path: Path, encoding: str = "") -> tuple[list[str], str, list[Remark]]:
    """The first lines of a text file.

    Args:
        path: the file.
        encoding: a codec name; found from the bytes when empty.

    Returns:
        Lines without their ends, the codec name, and remarks on it.

    Raises:
        ReadError: the file is empty, unreadable, binary, or has no line end in its first bytes.
    """
    sample = sample_of(path)
    remarks: list[Remark] = []
    if not encoding:
        encoding, remarks = encoding_of(sample)
    try:
        text = sample.decode(encoding, errors="replace")
    except LookupError:
        raise ReadError(
            f"encoding {encoding!r} is unknown",
            where=path.name,
            remedy='use e.g. "utf-8", "utf-16", "cp1252"',
        ) from None
    if text.count("\0") > 0.05 * len(text):
        raise ReadError(
            "this is a binary file, not a text table", where=path.name, remedy="run plumeline inspect on it"
        )
    lines = text.splitlines()
    if len(sample) == SAMPLE_BYTES and len(lines) < 2:
        raise ReadError("there is no line end", where=path.name, remedy="this is no text table")
    return lines[: HEADER_SEARCH_LINES + 200], encoding, remarks


def open_table(path: Path, section: FileSection, needed: Sequence[Sequence[str]]) -> TextTable:
    """Work out a table's layout.

    Args:
        path: the file.
        section: what the mapping says about the layout.
        needed: columns that must be there, each with its alternatives.

    Returns:
        The table, ready to stream.

    Raises:
        ReadError: no header with the needed columns is found.
    """
    lines, encoding, remarks = head_lines(path, section.encoding)
    header_line, delimiter, header = _header(path, section, needed, lines)
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


def _header(
    path: Path, section: FileSection, needed: Sequence[Sequence[str]], lines: list[str]
) -> tuple[int, str, tuple[str, ...]]:
    # Header's line number, delimiter and names; the line number is 0 for a file without a header.
    delimiters = (section.delimiter,) if section.delimiter else DELIMITERS
    if section.columns:
        first = next((line for line in lines[section.header_line :] if line.strip()), "")
        best = max(
            delimiters, key=lambda d: (len(split(first, d)) == len(section.columns), -delimiters.index(d))
        )
        return section.header_line, best, section.columns
    numbered = list(enumerate(lines, start=1))
    if section.header_line:
        numbered = numbered[section.header_line - 1 : section.header_line]
    best_found: tuple[int, int, str, tuple[str, ...]] = (-1, 0, "", ())
    for number, line in numbered[:HEADER_SEARCH_LINES]:
        for delimiter in delimiters:
            names = clean_header(split(line.lstrip("#") if number > 1 or needed else line, delimiter))
            found = sum(find_column(alternatives, names) is not None for alternatives in needed)
            if found == len(needed) and len(names) > (
                0 if section.delimiter else 1 if len(needed) > 1 else 0
            ):
                return number, delimiter, names
            if found > best_found[0] or (found == best_found[0] and len(names) > len(best_found[3])):
                best_found = (found, number, delimiter, names)
    _, number, _, names = best_found
    lost = next(alternatives for alternatives in needed if find_column(alternatives, names) is None)
    raise ReadError(
        f"no header holds the column {' or '.join(map(repr, lost))}",
        where=f"{path.name}, line {number or 1}",
        remedy=nearest(lost[0], names),
    )


def clean_header(names: Sequence[str]) -> tuple[str, ...]:
    """Header names without blanks around them, made unique by a number where they repeat.

    Args:
        names: names as in the file.

    Returns:
        Unique names, same length.
    """
    seen: dict[str, int] = {}
    out = []
    for position, raw in enumerate(names, start=1):
        name = raw.strip().strip("\ufeff").strip('"') or f"column {position}"
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(out)


def find_column(alternatives: Sequence[str], header: Sequence[str]) -> str | None:
    """The header name of a column.

    Args:
        alternatives: names in order of preference.
        header: names in the file.

    Returns:
        The first alternative that is there, else the first that is there but for case and blanks, else None.
    """
    for name in alternatives:
        if name in header:
            return name
    plain = {"".join(name.split()).lower(): name for name in reversed(header)}
    for name in alternatives:
        if (key := "".join(name.split()).lower()) in plain:
            return plain[key]
    return None
