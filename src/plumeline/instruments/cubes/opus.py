"""Bruker OPUS spectra: the directory of blocks, and the first absorbance, transmittance or single-beam block.

Layout: magic FE FE 0A 0A; at byte 24 a directory of 12-byte entries (block kind, channel, text kind, one unused byte,
length in 4-byte words, offset); a parameter block holds entries of a 3-letter name, a zero, type (0 int32,
1 float64, else text), length in 2-byte words and the value.

Reference: the layout as described by the open readers `brukeropusreader` and `opusFC`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ReadError
from plumeline.instruments.cubes.spectrum import Spectrum
from plumeline.provenance import sha256_of_file

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"\n\n\xfe\xfe"
DIRECTORY_OFFSET = 24
DIRECTORY_END = 504
SPECTRUM_KINDS = (15, 7, 11)
"""Block kinds that hold a spectrum, best first: result, sample single beam, reference single beam."""

PARAMETER_SHIFT = 16
"""The parameters of data block k stand in block k + 16."""

TRIANGULAR = "TR"


def read_opus(path: Path) -> Spectrum:
    """Read one OPUS file.

    Args:
        path: the file.

    Returns:
        The spectrum, ascending in wavenumber.

    Raises:
        ReadError: it is no OPUS file, holds no spectrum, or is truncated.
    """
    data = path.read_bytes()
    where = str(path)
    if data[:4] != MAGIC:
        raise ReadError("is no OPUS file", where=where)
    blocks = _directory(data, where)
    kind = next((k for k in SPECTRUM_KINDS if k in blocks and k + PARAMETER_SHIFT in blocks), None)
    if kind is None:
        raise ReadError(
            "holds no spectrum block", where=where, remedy="save the spectrum, not the interferogram"
        )
    facts = _parameters(blocks[kind + PARAMETER_SHIFT], where)
    settings = {name: str(value) for block in blocks.values() for name, value in _safe(block, where).items()}
    try:
        count, first, last = int(facts["NPT"]), float(facts["FXV"]), float(facts["LXV"])
        scale = float(facts.get("CSF", 1.0))
    except (KeyError, ValueError) as error:
        raise ReadError(f"its data parameters lack {error}", where=where) from None
    body = blocks[kind]
    if count < 2 or 4 * count > len(body):
        raise ReadError(
            f"declares {count} points and holds {len(body) // 4}", where=where, remedy="copy it again"
        )
    signal = np.frombuffer(body, "<f4", count).astype(float) * scale
    grid = np.linspace(first, last, count)
    ascending = slice(None) if last > first else slice(None, None, -1)
    resolution = settings.get("RES", "")
    return Spectrum(
        name=path.name,
        wavenumber_cm1=grid[ascending],
        signal=signal[ascending],
        path_difference_cm=0.9 / float(resolution) if resolution.replace(".", "", 1).isdigit() else None,
        triangular=settings.get("APF", "") == TRIANGULAR,
        settings=settings,
        sha256=sha256_of_file(path),
    )


def _directory(data: bytes, where: str) -> dict[int, bytes]:
    blocks: dict[int, bytes] = {}
    for at in range(DIRECTORY_OFFSET, min(DIRECTORY_END, len(data) - 12), 12):
        kind, _, _, _, words, offset = struct.unpack_from("<BBBBii", data, at)
        if offset <= 0 or words <= 0:
            break
        if offset + 4 * words > len(data):
            raise ReadError(
                "a block reaches beyond the end of the file", where=where, remedy="it is truncated"
            )
        blocks.setdefault(kind, data[offset : offset + 4 * words])
    return blocks


def _parameters(block: bytes, where: str) -> dict[str, int | float | str]:
    facts: dict[str, int | float | str] = {}
    at = 0
    while at + 8 <= len(block):
        name = block[at : at + 3].decode("latin-1")
        if name == "END":
            break
        kind, words = struct.unpack_from("<HH", block, at + 4)
        value = block[at + 8 : at + 8 + 2 * words]
        if len(value) != 2 * words:
            raise ReadError(f"parameter {name!r} is cut off", where=where)
        if kind == 0 and words >= 2:
            facts[name] = int(struct.unpack_from("<i", value)[0])
        elif kind == 1 and words >= 4:
            facts[name] = float(struct.unpack_from("<d", value)[0])
        else:
            facts[name] = value.split(b"\0", 1)[0].decode("latin-1")
        at += 8 + 2 * words
    return facts


def _safe(block: bytes, where: str) -> dict[str, int | float | str]:
    """Parameters of a block that may be none: only names of three capital letters count."""
    if not block[:3].isalnum() or block[3:4] != b"\0":
        return {}
    return {name: value for name, value in _parameters(block, where).items() if name.isalnum()}
