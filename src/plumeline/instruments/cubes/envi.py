"""ENVI cubes: BSQ, BIL and BIP, any data type, either byte order, with map info or a GLT beside them.

References: ENVI header format (NV5 Geospatial documentation); a GLT (geographic lookup table) holds, for each map
pixel, the raw sample and line that falls there, counted from 1, negative where filled from a neighbour, 0 where none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ReadError
from plumeline.instruments.cubes.cube import UNKNOWN_UNIT, Cube, MapGrid, check_size
from plumeline.instruments.cubes.igm import lookup_from_geometry

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Single = NDArray[np.float32]

DTYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"}
AXES = {"bsq": (1, 2, 0), "bil": (0, 2, 1), "bip": (0, 1, 2)}
"""Interleave to the axes of the stored array that are line, sample, band."""


def read_envi(path: Path, *, glt: Path | None = None) -> Cube:
    """Open an ENVI cube; nothing but the header is read.

    Args:
        path: the data file or its header.
        glt: a GLT or IGM file that georeferences it; `NAME_glt` or `NAME_igm` beside it is taken if there.

    Returns:
        The cube.

    Raises:
        ReadError: the header is missing or wrong, or the file is not of the size that it says.
    """
    data, header = _pair(path)
    fields = read_header(header)
    shape, dtype, interleave = _layout(fields, header)
    offset = int(fields.get("header offset", "0"))
    check_size(data, expected=int(np.prod(shape)) * dtype.itemsize, offset=offset, lines=shape[0])
    lines, samples, bands = shape
    stored = {"bsq": (bands, lines, samples), "bil": (lines, bands, samples), "bip": shape}[interleave]
    raw = np.memmap(data, dtype=dtype, mode="r", offset=offset, shape=stored)
    view = raw.transpose(AXES[interleave])
    missing = fields.get("data ignore value")
    ignore = float(missing) if missing else None

    def read(start: int, stop: int) -> Single:
        block = np.array(view[start:stop], dtype=np.float32, order="C")
        if ignore is not None:
            block[block == np.float32(ignore)] = np.nan
        return block

    centre, unit = _wavelengths(fields, bands, header)
    fwhm = _numbers(fields.get("fwhm", ""), header)
    good = _numbers(fields.get("bbl", ""), header)
    lookup = glt or _beside(data)
    return Cube(
        name=data.name,
        path=data,
        shape=shape,
        centre=centre,
        fwhm=fwhm if fwhm.size == bands else None,
        wavelength_unit=unit,
        unit=fields.get("data units", UNKNOWN_UNIT) or UNKNOWN_UNIT,
        read=read,
        bad_bands=good == 0 if good.size == bands else None,
        grid=_lookup_grid(lookup, shape[:2]) if lookup else _map_info(fields),
        facts=fields,
    )


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


def _pair(path: Path) -> tuple[Path, Path]:
    if path.suffix.casefold() == ".hdr":
        stem = path.with_suffix("")
        candidates = [stem, *(stem.with_suffix(s) for s in (".img", ".dat", ".bip", ".bil", ".bsq", ".raw"))]
        data = next((p for p in candidates if p.is_file()), None)
        if data is None:
            raise ReadError("stands alone: its data file is not beside it", where=str(path))
        return data, path
    headers = [path.with_name(path.name + ".hdr"), path.with_suffix(".hdr")]
    header = next((p for p in headers if p.is_file()), None)
    if header is None or not path.is_file():
        raise ReadError(
            "has no ENVI header beside it", where=str(path), remedy=f"put {headers[0].name} next to it"
        )
    return path, header


def _layout(fields: dict[str, str], header: Path) -> tuple[tuple[int, int, int], np.dtype[np.generic], str]:
    try:
        lines, samples, bands = (int(fields[key]) for key in ("lines", "samples", "bands"))
        kind = DTYPES[int(fields["data type"])]
        order = {"0": "<", "1": ">"}[fields.get("byte order", "0")]
        interleave = fields["interleave"].casefold()
        AXES[interleave]
    except (KeyError, ValueError) as error:
        raise ReadError(f"lacks or garbles {error}", where=str(header), remedy="mend the header") from None
    if min(lines, samples, bands) < 1:
        raise ReadError(f"declares {lines} lines, {samples} samples, {bands} bands", where=str(header))
    return (lines, samples, bands), np.dtype(order + kind), interleave


def _wavelengths(fields: dict[str, str], bands: int, header: Path) -> tuple[Doubles, str]:
    centre = _numbers(fields.get("wavelength", ""), header)
    if centre.size != bands:
        raise ReadError(
            f"declares {bands} bands and {centre.size} wavelengths",
            where=str(header),
            remedy="add `wavelength = {…}` with one number per band",
        )
    name = fields.get("wavelength units", "").casefold()
    if name.startswith("nano"):
        return centre, "nm"
    if name.startswith("micro") or name in {"um", "µm"}:
        return centre, "um"
    if name.startswith("wavenumber") or name in {"cm-1", "1/cm"}:
        return centre, "cm-1"
    if name in {"", "unknown"}:
        raise ReadError(
            "does not say the unit of its wavelengths",
            where=str(header),
            remedy="add `wavelength units = Nanometers`, Micrometers or Wavenumber",
        )
    raise ReadError(f"has wavelength units {name!r}", where=str(header), remedy="use nm, µm or cm-1")


def _numbers(text: str, header: Path) -> Doubles:
    try:
        return np.array([float(word) for word in text.replace("\n", " ").split(",") if word.strip()])
    except ValueError as error:
        raise ReadError(
            f"holds a list with something that is no number ({error})", where=str(header)
        ) from None


def _map_info(fields: dict[str, str]) -> MapGrid | None:
    words = [word.strip() for word in fields.get("map info", "").split(",")]
    if len(words) < 7:
        return None
    try:
        column, row, easting, northing, width, height = map(float, words[1:7])
    except ValueError:
        return None
    zone = words[7] if len(words) > 8 else ""
    crs = fields.get("coordinate system string", "")
    if words[0].casefold() == "utm" and zone.isdigit():
        crs = f"EPSG:{(327 if words[8].casefold().startswith('s') else 326)}{int(zone):02d}"
    elif words[0].casefold().startswith("geographic"):
        crs = "EPSG:4326"
    if not crs:
        return None
    return MapGrid(
        crs=crs,
        west=easting - (column - 1) * width,
        north=northing + (row - 1) * height,
        pixel=(width, height),
    )


def _beside(data: Path) -> Path | None:
    for kind in ("_glt", "_igm"):
        for name in (data.with_name(data.name + kind), data.with_name(data.stem + kind + data.suffix)):
            if name.is_file():
                return name
    return None


def _lookup_grid(path: Path, shape: tuple[int, int]) -> MapGrid:
    data, header = _pair(path)
    fields = read_header(header)
    (rows, columns, bands), dtype, interleave = _layout(fields, header)
    if bands < 2:
        raise ReadError("has one band where a GLT has two (sample, line)", where=str(path))
    stored = {"bsq": (bands, rows, columns), "bil": (rows, bands, columns), "bip": (rows, columns, bands)}[
        interleave
    ]
    check_size(data, expected=int(np.prod(stored)) * dtype.itemsize, offset=0, lines=rows)
    values = np.fromfile(data, dtype=dtype).reshape(stored).transpose(AXES[interleave])
    if dtype.kind == "f":
        return _geometry_grid(values, fields, header, shape)
    table = np.abs(values.astype(np.int64))
    base = _map_info(fields)
    if base is None:
        raise ReadError("a GLT needs map info", where=str(header))
    return MapGrid(
        crs=base.crs,
        west=base.west,
        north=base.north,
        pixel=base.pixel,
        lookup_line=(table[..., 1] - 1).astype(np.int32),
        lookup_sample=(table[..., 0] - 1).astype(np.int32),
    )


def _geometry_grid(
    values: NDArray[np.generic], fields: dict[str, str], header: Path, shape: tuple[int, int]
) -> MapGrid:
    """A grid from an IGM: floating-point easting and northing (or longitude and latitude) of every raw pixel.

    Raises:
        ReadError: it belongs to another cube, or does not say its reference system.
    """
    if values.shape[:2] != shape:
        raise ReadError(
            f"gives places to {values.shape[0]} x {values.shape[1]} pixels of a cube of {shape[0]} x {shape[1]}",
            where=str(header),
        )
    crs = fields.get("coordinate system string", "")
    base = _map_info(fields)
    if not crs and base is not None:
        crs = base.crs
    if not crs:
        raise ReadError(
            "an IGM needs a coordinate system string", where=str(header), remedy="add it to the header"
        )
    places = np.asarray(values[..., :2], np.float64)
    ignore = fields.get("data ignore value")
    if ignore:
        places = np.where(places == float(ignore), np.nan, places)
    return lookup_from_geometry(places[..., 0], places[..., 1], crs, where=header.name)


def write_envi(path: Path, signal: Single, fields: dict[str, str]) -> None:
    """Write a cube as ENVI BIP with its header, for simulated scenes.

    Args:
        path: data file; the header goes to `path.hdr`.
        signal: shape (line, sample, band).
        fields: further header fields, lists without braces.
    """
    np.ascontiguousarray(signal, "<f4").tofile(path)
    lines, samples, bands = signal.shape
    head = {
        "lines": str(lines),
        "samples": str(samples),
        "bands": str(bands),
        "header offset": "0",
        "data type": "4",
        "interleave": "bip",
        "byte order": "0",
    } | fields
    body = "".join(f"{key} = {'{' + text + '}' if ',' in text else text}\n" for key, text in head.items())
    path.with_name(path.name + ".hdr").write_text("ENVI\n" + body)
