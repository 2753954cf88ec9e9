"""How a text file is laid out: its encoding, its header line, its delimiter and column names."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from plumeline.errors import ConfigurationError, ReadError
from plumeline.instruments.recording import Remark
from plumeline.instruments.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from plumeline.instruments.mapping import FileSection

SAMPLE_BYTES = 1 << 18
HEADER_SEARCH_LINES = 60
BINARY_TEST_CHARACTERS = 4096
MOST_CONTROLS = 0.005
"""A text with a larger share of control characters is no text."""
DELIMITERS = (",", ";", "\t", "|", " ")
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


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
    head = text[:BINARY_TEST_CHARACTERS]
    if sum(character < " " and not character.isspace() for character in head) > MOST_CONTROLS * len(head):
        raise ReadError(
            "this is a binary file, not a text table", where=path.name, remedy="run plumeline inspect on it"
        )
    lines = text.splitlines()
    if len(sample) == SAMPLE_BYTES and len(lines) < 2:
        raise ReadError("there is no line end", where=path.name, remedy="this is no text table")
    return lines[: HEADER_SEARCH_LINES + 200], encoding, remarks


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


def check_file_section(section: FileSection, where: str) -> None:
    """Check what a mapping says about a text's layout.

    Args:
        section: the mapping's `[file]`.
        where: the file, for errors.

    Raises:
        ConfigurationError: a value that cannot be.
    """
    try:
        "x".encode(section.encoding or "utf-8")
        encoding_remedy = ""
    except (LookupError, ValueError):
        encoding_remedy = 'use e.g. "utf-8", "utf-16" or "cp1252"'
    faults = {
        "encoding": encoding_remedy,
        "delimiter": ""
        if len(section.delimiter) <= 1 and section.delimiter not in {'"', "\n", "\r"}
        else "use one character",
        "decimal": "" if section.decimal in {"", ".", ","} else 'use "." or ","',
        "header_line": "" if section.header_line >= 0 else "count lines from 1",
        "columns": "" if len(set(section.columns)) == len(section.columns) else "name each column once",
    }
    if section.decimal and section.decimal == section.delimiter:
        faults["decimal"] = "it cannot be the delimiter too"
    for key, remedy in faults.items():
        if remedy:
            raise ConfigurationError(
                f"[file] {key} = {getattr(section, key)!r} cannot be", where=where, remedy=remedy
            )


def find_header(
    path: Path, section: FileSection, needed: Sequence[Sequence[str]], lines: list[str]
) -> tuple[int, str, tuple[str, ...]]:
    """Find the header of a text table.

    Args:
        path: the file, for errors.
        section: what the mapping says about the layout.
        needed: columns that must be there, each with its alternatives.
        lines: the file's first lines.

    Returns:
        The header's line number (0 in a file without a header), the delimiter, and the column names.

    Raises:
        ReadError: no line holds all the needed columns.
    """
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
    lost = next((names_ for names_ in needed if find_column(names_, names) is None), ("any",))
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
