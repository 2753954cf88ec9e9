"""Raw recordings that travel inside a package, if the house decides so; else their digests do."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from plumeline.errors import InputError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from plumeline.cases import Case

FOLDER = "recordings"
MOST_BYTES = 512 * 1024 * 1024
"""Raw files in one package; it is put together in memory."""


def raw_files(case: Case, paths: Iterable[Path]) -> dict[str, bytes]:
    """The raw files of a case's recordings, found by their digests among files on disk.

    Args:
        case: names its files by digest.
        paths: files, or folders that hold them.

    Returns:
        Name in the package (the digest, with the file's ending) to content; every file of the recordings.

    Raises:
        RefusedError: the recordings hold quarantined samples and nobody overrode that.
        InputError: a file is missing, cannot be read, or they are too large.
    """
    basis = case.dossier.basis
    if basis.fence.quarantined and basis.override is None:
        raise RefusedError(
            f"the recordings hold {basis.fence.quarantined} quarantined samples, so only their digests may leave",
            remedy="prepare it without --raw",
        )
    wanted = {digest for recording in case.dossier.recordings for digest in recording.files}
    made: dict[str, bytes] = {}
    size = 0
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            data = _read(file) if file.is_file() or not path.is_dir() else b""
            digest = hashlib.sha256(data).hexdigest()
            if digest in wanted:
                wanted.discard(digest)
                size += len(data)
                made[f"{FOLDER}/{digest}{file.suffix.lower() if file.suffix.isascii() else ''}"] = data
            if size > MOST_BYTES:
                raise InputError(
                    f"the raw files are larger than {MOST_BYTES // 2**20} MiB together",
                    remedy="prepare it without --raw and hand them over beside the package; it names their digests",
                )
    if wanted:
        raise InputError(
            f"{len(wanted)} raw file(s) of this case are not there: {min(wanted)[:16]}…",
            remedy="give the files, unchanged, as they were ingested",
        )
    return made


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(file)) from None
