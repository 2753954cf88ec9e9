"""Lines of a text log, numbered from 1, streamed, with the encoding found and the progress told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plumeline.instruments.text_layout import head_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from plumeline.instruments.textfile import Progress

LONGEST_LINE = 1 << 16
LINES_BETWEEN_REPORTS = 50_000


def numbered_lines(path: Path, encoding: str, progress: Progress | None) -> Iterator[tuple[int, str]]:
    """Lines with their numbers.

    Args:
        path: the file.
        encoding: a codec name; found from the bytes when empty.
        progress: called with bytes done and bytes in all.

    Yields:
        Line number, and the line without its end (at most 65,536 characters of it).

    Raises:
        ReadError: the file is empty, unreadable or binary.
    """
    _, encoding, _ = head_lines(path, encoding)
    size = max(path.stat().st_size, 1)
    done = 0
    with path.open(encoding=encoding, errors="replace", newline=None) as stream:
        for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE), ""), start=1):
            done += len(line)
            if progress is not None and number % LINES_BETWEEN_REPORTS == 0:
                progress(min(done, size), size)
            yield number, line.rstrip("\r\n")
    if progress is not None:
        progress(size, size)
