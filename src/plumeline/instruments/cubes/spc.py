"""GRAMS SPC spectra (Thermo Galactic), new format, little- and big-endian; the first subfile of a multifile.

Reference: Galactic Industries, "A Brief Guide to SPC File Format" (1997): 512-byte header, 32-byte subheader, data
as 4-byte floats (exponent byte 0x80) or as scaled 4-byte integers, then a text log.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ReadError
from plumeline.instruments.cubes.spectrum import Spectrum
from plumeline.provenance import sha256_of_file

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = {0x4B: "<", 0x4C: ">"}
"""Second byte to byte order."""

HEADER_BYTES = 512
SUBHEADER_BYTES = 32
EXPLICIT_X = 0x80
FLOAT_EXPONENT = -128
WAVENUMBER_AXIS = 1


def read_spc(path: Path) -> Spectrum:
    """Read one SPC file.

    Args:
        path: the file.

    Returns:
        The spectrum, ascending in wavenumber.

    Raises:
        ReadError: the header is not that of the format, the axis is not wavenumber, or the file is truncated.
    """
    data = path.read_bytes()
    where = str(path)
    if len(data) < HEADER_BYTES or data[1] not in VERSIONS:
        raise ReadError("has no SPC header", where=where, remedy="only the new SPC format (1996) is read")
    order = VERSIONS[data[1]]
    flags, exponent = data[0], struct.unpack_from("b", data, 3)[0]
    count, first, last = struct.unpack_from(order + "idd", data, 4)
    stamp, log_offset = (struct.unpack_from(order + "i", data, at)[0] for at in (32, 248))
    if data[28] != WAVENUMBER_AXIS:
        raise ReadError(f"its abscissa is of type {data[28]}, not wavenumber (1)", where=where)
    start = HEADER_BYTES
    grid = np.linspace(first, last, max(count, 2))
    if flags & EXPLICIT_X:
        grid = _array(data, start, count, order + "f4", where)
        start += 4 * count
    start += SUBHEADER_BYTES
    signal = _array(data, start, count, order + ("f4" if exponent == FLOAT_EXPONENT else "i4"), where)
    if exponent != FLOAT_EXPONENT:
        signal = signal * 2.0 ** (exponent - 32)
    if not np.all(np.isfinite(signal)) or count < 2 or first == last:
        raise ReadError("holds values that are no numbers, or no axis", where=where)
    ascending = slice(None) if grid[-1] > grid[0] else slice(None, None, -1)
    settings = _settings(data[log_offset:]) if 0 < log_offset < len(data) else {}
    return Spectrum(
        name=path.name,
        wavenumber_cm1=grid[ascending],
        signal=signal[ascending],
        time=_time(stamp),
        path_difference_cm=_path_difference_cm(settings, abs(last - first) / (count - 1)),
        triangular=settings.get("Apodization", "").casefold().startswith("triang"),
        settings=settings,
        sha256=sha256_of_file(path),
    )


def _array(data: bytes, start: int, count: int, kind: str, where: str) -> np.ndarray:
    if count < 0 or start + 4 * count > len(data):
        raise ReadError(
            f"declares {count} points and holds {max(0, (len(data) - start) // 4)}",
            where=where,
            remedy="the file is truncated; copy it again from the instrument",
        )
    return np.frombuffer(data, dtype=kind, count=count, offset=start).astype(float)


def _settings(log: bytes) -> dict[str, str]:
    text = log[64:].decode("latin-1") if len(log) > 64 else ""
    pairs = re.findall(r"^\s*([^=\r\n\[\]]+?)\s*=\s*([^\r\n\x00]*)", text, re.MULTILINE)
    return {key.strip(): value.strip() for key, value in pairs}


def _time(stamp: int) -> np.datetime64 | None:
    year, month, day = (stamp >> 20) & 0xFFF, (stamp >> 16) & 0xF, (stamp >> 11) & 0x1F
    hour, minute = (stamp >> 6) & 0x1F, stamp & 0x3F
    try:
        return np.datetime64(f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}", "ns")
    except ValueError:
        return None


def _path_difference_cm(settings: dict[str, str], step_cm1: float) -> float | None:
    filled = re.match(r"(\d+)", settings.get("Zero Fill", ""))
    return 1.0 / (2.0 * step_cm1 * int(filled.group(1))) if filled and int(filled.group(1)) else None
