"""Where a product comes from: hashes of its inputs, code version, effective configuration, random seed.

The same inputs give the same bytes, so nothing here reads the clock or the machine's name.

References: FIPS 180-4 (SHA-256); RFC 8785 (canonical JSON: sorted keys, no spaces, UTF-8).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from plumeline import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CHUNK_BYTES = 1 << 20


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces so that a 2 GB file needs no 2 GB of memory.

    Args:
        path: the file.

    Returns:
        Lower-case hexadecimal digest, 64 characters.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces, so that equal values give equal bytes.

    Args:
        value: anything `json` can write.

    Returns:
        One line of JSON.

    Raises:
        TypeError: the value holds something JSON cannot.
        ValueError: the value holds NaN or infinity, which JSON cannot.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a product was made from and by."""

    inputs: Mapping[str, str]
    """File name (without folders) to SHA-256."""
    configuration: Mapping[str, Any]
    """The effective configuration: every setting with the value that was used."""
    seed: int
    """The random seed."""
    version: str = field(default=__version__)
    """Plumeline's version."""

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON and dataset attributes."""
        return {
            "inputs": dict(self.inputs),
            "configuration": dict(self.configuration),
            "seed": self.seed,
            "version": self.version,
        }

    @property
    def digest(self) -> str:
        """SHA-256 over the whole record: one name for "made from exactly this"."""
        return hashlib.sha256(canonical_json(self.as_dict()).encode()).hexdigest()
