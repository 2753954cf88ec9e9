"""A result folder that is either complete or not there: written beside its place, synced, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from plumeline.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL_BELOW_BYTES = 1 << 20
"""A failed write on a disk with less room than this is put down to the full disk [bytes]."""

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def result_folder(target: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary sibling to write into, and put it in place when the block ends well.

    Args:
        target: where the folder shall stand.
        force: whether an existing folder may be replaced; it is kept beside as `NAME.backup-1`, `-2`, ….

    Yields:
        The folder to write into.

    Raises:
        OutputError: the target exists and `force` is off, or something could not be written; nothing is left
            behind then, and what stood at the target is unchanged.
    """
    check_free(target, force=force)
    partial = target.with_name(f".{target.name}.partial-{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        yield partial
        _sync_tree(partial)
        _put_in_place(partial, target)
    except OSError as error:
        what, remedy = _what(error, target.parent)
        raise OutputError(what, where=str(target), remedy=remedy) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_free(target: Path, *, force: bool) -> None:
    """Refuse before any work is done when the result could not be put in place.

    Args:
        target: where a folder shall stand.
        force: whether an existing folder may be replaced.

    Raises:
        OutputError: the target is a file, or a folder that may not be replaced.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(
            "the output is a file, not a folder", where=str(target), remedy="choose another with -o"
        )
    if not force:
        raise OutputError(
            "the output folder exists already",
            where=str(target),
            remedy="choose another with -o, or give --force to replace it (the old one is kept as a backup)",
        )


def _put_in_place(partial: Path, target: Path) -> None:
    backup = _next_backup(target) if target.exists() else None
    if backup is not None:
        target.rename(backup)
    try:
        partial.rename(target)
    except OSError:
        if backup is not None:
            backup.rename(target)
        raise
    sync(target.parent)


def _next_backup(target: Path) -> Path:
    number = 1
    while (backup := target.with_name(f"{target.name}.backup-{number}")).exists():
        number += 1
    return backup


def _what(error: OSError, parent: Path) -> tuple[str, str]:
    """What went wrong and what to do about it; libraries do not always pass on that the disk is full."""
    if error.errno in _NO_SPACE or (parent.is_dir() and shutil.disk_usage(parent).free < FULL_BELOW_BYTES):
        return (
            "the disk is full, so no result was written",
            "free some space or choose another disk with -o",
        )
    return f"cannot write the result: {error.strerror or error}", "choose another place with -o"


def _sync_tree(folder: Path) -> None:
    for parent, _, names in os.walk(folder):
        for name in names:
            sync(Path(parent, name))
        sync(Path(parent))


def sync(path: Path) -> None:
    """Have a file's content, or a folder's list of names, on the disk before going on.

    Args:
        path: the file or folder.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
