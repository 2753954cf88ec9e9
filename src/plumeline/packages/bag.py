"""A package's files: a BagIt bag and its release folder, as one tar in exactly one form.

A bag is built in memory, so that its plain text never touches the disk. The tar is canonical: sorted names, no times,
no owners; a reader rebuilds it from its files and accepts it only if the bytes agree, so that no byte of it is free.

References: RFC 8493 (BagIt 1.0); POSIX.1-1988 ustar.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from typing import TYPE_CHECKING

from plumeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHMS = ("sha256", "sha512")
RELEASE_FOLDER = "release/"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$")

Files = dict[str, bytes]
"""Relative path to content."""


def make_bag(payload: Mapping[str, bytes], information: Mapping[str, str]) -> Files:
    """A bag over payload files.

    Args:
        payload: name (below `data/`) to content.
        information: label to value for `bag-info.txt`.

    Returns:
        All files of the bag, manifests included.
    """
    files: Files = {f"data/{name}": data for name, data in sorted(payload.items())}
    octets = sum(len(data) for data in files.values())
    lines = {**information, "Payload-Oxum": f"{octets}.{len(files)}"}
    files["bagit.txt"] = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    files["bag-info.txt"] = "".join(f"{label}: {value}\n" for label, value in lines.items()).encode()
    for algorithm in ALGORITHMS:
        files[f"manifest-{algorithm}.txt"] = _manifest(files, algorithm, payload=True)
    tags = {name: data for name, data in files.items() if not name.startswith("data/")}
    for algorithm in ALGORITHMS:
        files[f"tagmanifest-{algorithm}.txt"] = _manifest(tags, algorithm, payload=False)
    return files


def _manifest(files: Mapping[str, bytes], algorithm: str, *, payload: bool) -> bytes:
    lines = [
        f"{hashlib.new(algorithm, data).hexdigest()}  {name}\n"
        for name, data in sorted(files.items())
        if name.startswith("data/") == payload
    ]
    return "".join(lines).encode()


def bag_faults(files: Mapping[str, bytes]) -> list[str]:
    """Every way in which files depart from their bag's manifests; empty for a whole bag.

    Args:
        files: all files of the bag, without the release folder.

    Returns:
        One line a fault.
    """
    payload = {name.removeprefix("data/"): data for name, data in files.items() if name.startswith("data/")}
    rebuilt = make_bag(payload, {})
    faults = [] if files.get("bagit.txt") == rebuilt["bagit.txt"] else ["bagit.txt is not as it must be"]
    tags = {
        name: data
        for name, data in files.items()
        if not name.startswith("data/") and not name.startswith("tagmanifest-")
    }
    for algorithm in ALGORITHMS:
        if files.get(f"manifest-{algorithm}.txt") != rebuilt[f"manifest-{algorithm}.txt"]:
            faults.append(f"a file in data/ is not what manifest-{algorithm}.txt says")
        if files.get(f"tagmanifest-{algorithm}.txt") != _manifest(tags, algorithm, payload=False):
            faults.append(f"a tag file is not what tagmanifest-{algorithm}.txt says")
    allowed = {*rebuilt} | {"bag-info.txt"}
    faults += [f"{name} does not belong to the bag" for name in sorted(set(files) - allowed)]
    return faults


def pack(files: Mapping[str, bytes], folder: str) -> bytes:
    """The files as a canonical tar.

    Args:
        files: relative path to content.
        folder: the one folder they stand in.

    Returns:
        The tar's bytes.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(data)
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def unpack(data: bytes, *, where: str = "") -> tuple[str, Files]:
    """The files of a canonical tar.

    Args:
        data: the tar's bytes.
        where: the file's name, for the error's text.

    Returns:
        The folder's name and the files in it.

    Raises:
        InputError: it is torn, changed, or not a tar that `pack` made.
    """
    files: Files = {}
    folders: set[str] = set()
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                folder, _, name = member.name.partition("/")
                stream = tar.extractfile(member)
                if stream is not None and member.isreg() and _NAME.match(name):
                    folders.add(folder)
                    files[name] = stream.read()
    except (tarfile.TarError, ValueError, OverflowError, EOFError):
        files = {}
    if len(folders) != 1 or pack(files, next(iter(folders))) != data:
        raise InputError("the package is torn or was changed", where=where, remedy="ask for the file again")
    return folders.pop(), files
