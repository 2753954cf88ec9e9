"""What an ENVI header says: layout, wavelengths, map. Whatever is garbled is told by its field's name.

Reference: ENVI header format (NV5 Geospatial documentation).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ReadError
from plumeline.instruments.cubes.cube import MapGrid
from plumeline.instruments.cubes.igm import lookup_from_geometry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

DTYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"}
AXES = {"bsq": (1, 2, 0), "bil": (0, 2, 1), "bip": (0, 1, 2)}
"""Interleave to the axes of the stored array that are line, sample, band."""

MOST_BYTES = 2**56
"""A header that declares more than this lies."""


def read_header(header: Path) -> dict[str, str]:
    """Fields of an ENVI header, keys in lower case, braces taken off.

    Args:
        header: the `.hdr` file.

    Returns:
        The fields.

    Raises:
        ReadError: the file does not begin with ENVI.
    """
    text = header.read_text("latin-1")
    if not text.lstrip().startswith("ENVI"):
        raise ReadError("is no ENVI header: its first word is not ENVI", where=str(header))
    found = re.findall(r"^[ \t]*([^={}\n;]+?)[ \t]*=[ \t]*(\{[^}]*\}|[^\n]*)", text, re.MULTILINE)
    return {key.strip().casefold(): value.strip().strip("{}").strip() for key, value in found}


def stored_layout(
    fields: Mapping[str, str], header: Path
) -> tuple[tuple[int, int, int], np.dtype[np.generic], str, int]:
    """How the data file is laid out.

    Args:
        fields: the header's fields.
        header: the header, for messages.

    Returns:
        Lines, samples and bands; type of a value; interleave; bytes before the first value.

    Raises:
        ReadError: a field is missing, garbled or out of range.
    """
    try:
        lines, samples, bands = (int(fields[key]) for key in ("lines", "samples", "bands"))
        kind = DTYPES[int(fields["data type"])]
        order = {"0": "<", "1": ">"}[fields.get("byte order", "0")]
        interleave = fields["interleave"].casefold()
        AXES[interleave]
        offset = int(fields.get("header offset", "0") or "0")
    except (KeyError, ValueError) as error:
        raise ReadError(f"lacks or garbles {error}", where=str(header), remedy="mend the header") from None
    if min(lines, samples, bands) < 1 or offset < 0 or lines * samples * bands > MOST_BYTES:
        raise ReadError(
            f"declares {lines} lines, {samples} samples, {bands} bands after {offset} bytes",
            where=str(header),
            remedy="mend the header",
        )
    return (lines, samples, bands), np.dtype(order + kind), interleave, offset


def wavelengths(fields: Mapping[str, str], bands: int, header: Path) -> tuple[Doubles, str]:
    """Band centres and their unit.

    Args:
        fields: the header's fields.
        bands: how many there must be.
        header: the header, for messages.

    Returns:
        Centres, shape (band,), and "nm", "um" or "cm-1".

    Raises:
        ReadError: they are missing, too few, garbled, or without a unit.
    """
    centre = numbers(fields, "wavelength", header)
    if centre.size != bands:
        raise ReadError(
            f"declares {bands} bands and {centre.size} wavelengths",
            where=str(header),
            remedy="add `wavelength = {…}` with one number per band",
        )
    name = fields.get("wavelength units", "").casefold()
    if name.startswith("nano") or name == "nm":
        return centre, "nm"
    if name.startswith("micro") or name in {"um", "µm"}:
        return centre, "um"
    if name.startswith("wavenumber") or name in {"cm-1", "1/cm"}:
        return centre, "cm-1"
    if name in {"", "unknown", "index"}:
        raise ReadError(
            "does not say the unit of its wavelengths",
            where=str(header),
            remedy="add `wavelength units = Nanometers`, Micrometers or Wavenumber",
        )
    raise ReadError(f"has wavelength units {name!r}", where=str(header), remedy="use nm, µm or cm-1")


def numbers(fields: Mapping[str, str], key: str, header: Path) -> Doubles:
    """A field that is a list of numbers, empty when it is not there.

    Args:
        fields: the header's fields.
        key: which field.
        header: the header, for messages.

    Returns:
        The numbers.

    Raises:
        ReadError: one of them is none.
    """
    text = fields.get(key, "")
    try:
        return np.array([float(word) for word in text.replace("\n", " ").split(",") if word.strip()])
    except ValueError as error:
        raise ReadError(
            f"holds in `{key}` something that is no number ({error})", where=str(header)
        ) from None


def ignored_value(fields: Mapping[str, str], header: Path) -> float | None:
    """The value that stands for none, or None.

    Args:
        fields: the header's fields.
        header: the header, for messages.

    Returns:
        The value.

    Raises:
        ReadError: it is no number.
    """
    found = numbers(fields, "data ignore value", header)
    return float(found[0]) if found.size else None


def map_grid(fields: Mapping[str, str], header: Path, shape: tuple[int, int]) -> MapGrid | None:
    """The map that `map info` lays the pixels on; a turned one becomes a lookup from a north-up grid.

    Args:
        fields: the header's fields.
        header: the header, for messages.
        shape: lines and samples.

    Returns:
        The grid; None when the header has no map, or one without a reference system.

    Raises:
        ReadError: the map is garbled, or its pixels have no size.
    """
    words = [word.strip() for word in fields.get("map info", "").split(",")]
    if words == [""]:
        return None
    try:
        column, row, easting, northing, width, height = map(float, words[1:7])
        turn = next((float(w.split("=")[1]) for w in words if w.casefold().startswith("rotation")), 0.0)
    except (ValueError, IndexError):
        raise ReadError(
            "its `map info` is garbled", where=str(header), remedy="mend it, or take it out and give --pixel"
        ) from None
    if not (width > 0 and height > 0 and np.all(np.isfinite([column, row, easting, northing]))):
        raise ReadError(
            f"its `map info` gives pixels of {width:g} x {height:g}",
            where=str(header),
            remedy="mend it, or take it out and give --pixel",
        )
    crs = _reference_system(words, fields)
    if not crs:
        return None
    if turn:
        return _turned(shape, (column, row, easting, northing), (width, height), turn, crs, header.name)
    return MapGrid(
        crs=crs,
        west=easting - (column - 1) * width,
        north=northing + (row - 1) * height,
        pixel=(width, height),
    )


def _reference_system(words: list[str], fields: Mapping[str, str]) -> str:
    zone = words[7] if len(words) > 8 else ""
    if words[0].casefold() == "utm" and zone.isdigit():
        return f"EPSG:{(327 if words[8].casefold().startswith('s') else 326)}{int(zone):02d}"
    if words[0].casefold().startswith("geographic"):
        return "EPSG:4326"
    return fields.get("coordinate system string", "")


def _turned(
    shape: tuple[int, int],
    reference: tuple[float, float, float, float],
    pixel: tuple[float, float],
    turn_deg: float,
    crs: str,
    where: str,
) -> MapGrid:
    """A grid for a map turned by `rotation`, which GDAL reads as clockwise from the map to the image."""
    column, row, easting, northing = reference
    sample = np.arange(shape[1]) + 1.5 - column
    line = (np.arange(shape[0]) + 1.5 - row)[:, None]
    cosine, sine = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    east = easting + pixel[0] * (cosine * sample + sine * line)
    north = northing + pixel[1] * (sine * sample - cosine * line)
    return lookup_from_geometry(east, north, crs, where=where)
