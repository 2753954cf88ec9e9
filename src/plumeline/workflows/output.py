"""Where a command's new folder goes: it is complete or not there, and a folder that holds something is never touched."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from plumeline.errors import OutputError
from plumeline.store.folder import result_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def fresh_folder(target: Path) -> Iterator[Path]:
    """Give a folder to write into and put it in place when the block ends well.

    Args:
        target: where it shall stand: nothing yet, or an empty folder.

    Yields:
        The folder to write into.

    Raises:
        OutputError: the target is a file, holds something, or cannot be written; nothing is left behind then, and
                an empty folder stays.
    """
    target = target.absolute()
    was_there = target.is_dir()
    if was_there:
        try:
            is_empty = not any(target.iterdir())
            if is_empty:
                target.rmdir()
        except OSError as error:
            raise OutputError(
                f"the folder cannot be used: {error.strerror}",
                where=str(target),
                remedy="choose another with -o",
            ) from None
        if not is_empty:
            raise OutputError("the folder is not empty", where=str(target), remedy="choose another with -o")
    try:
        with result_folder(target) as folder:
            yield folder
    finally:
        if was_there:
            target.mkdir(exist_ok=True)
