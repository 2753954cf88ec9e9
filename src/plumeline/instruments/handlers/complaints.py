"""What a library prints when a file displeases it: the first line is kept for a remark, the rest is let go."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 200


class Complaints(io.TextIOBase):
    """A stream that remembers only its first characters: a broken log may draw a complaint for each of its bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = ""

    def write(self, text: str) -> int:
        """Take a text."""
        if len(self._kept) < LONGEST:
            self._kept += text[:LONGEST]
        return len(text)

    @property
    def first(self) -> str:
        """The first line that was printed; empty when nothing was."""
        return next((line.strip() for line in self._kept.splitlines() if line.strip()), "")


@contextlib.contextmanager
def caught() -> Iterator[Complaints]:
    """Keep what is printed meanwhile off the terminal.

    Yields:
        Where it goes.
    """
    said = Complaints()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        yield said
