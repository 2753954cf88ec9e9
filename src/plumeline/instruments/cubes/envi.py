"""ENVI cubes: BSQ, BIL and BIP, any data type, either byte order, with map info or a GLT beside them.

References: ENVI header format (NV5 Geospatial documentation); a GLT (geographic lookup table) holds, for each map
pixel, the raw sample and line that falls there, counted from 1, negative where filled from a neighbour, 0 where none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from plumeline.errors import ReadError
from plumeline.instruments.cubes.cube import UNKNOWN_UNIT, Cube, MapGrid, check_size
from plumeline.instruments.cubes.envi_header import (
    AXES,
    ignored_value,
    map_grid,
    numbers,
    read_header,
    stored_layout,
    wavelengths,
)
from plumeline.instruments.cubes.igm import lookup_from_geometry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Single = NDArray[np.float32]


def lines_there(cube: Cube) -> int:
    """Whole lines that an ENVI file that is still being written holds by now.

    Args:
        cube: the cube, interleaved by line or by pixel.

    Returns:
        Lines, at most those that the header declares.
    """
    (lines, samples, bands), dtype, _, offset = stored_layout(cube.facts, cube.path)
    there = max(0, cube.path.stat().st_size - offset) // (samples * bands * dtype.itemsize)
    return min(lines, int(there))


def read_envi(path: Path, *, glt: Path | None = None, growing: bool = False) -> Cube:
    """Open an ENVI cube; nothing but the header is read.

    Args:
        path: the data file or its header.
        glt: a GLT or IGM file that georeferences it; `NAME_glt` or `NAME_igm` beside it is taken if there.
        growing: the file is still being written and may hold fewer lines than the header declares.

    Returns:
        The cube.

    Raises:
        ReadError: the header is missing or wrong, or the file is not of the size that it says.
    """
    data, header = _pair(path)
    fields = read_header(header)
    layout = stored_layout(fields, header)
    shape, dtype, interleave, offset = layout
    if not growing:
        check_size(data, expected=int(np.prod(shape)) * dtype.itemsize, offset=offset, lines=shape[0])
    elif interleave == "bsq":
        raise ReadError(
            "is interleaved by band, so no line is whole before the last band",
            where=str(data),
            remedy="have the sensor write BIL or BIP to be followed",
        )
    centre, unit = wavelengths(fields, shape[2], header)
    fwhm, good = numbers(fields, "fwhm", header), numbers(fields, "bbl", header)
    lookup = glt or _beside(data)
    return Cube(
        name=data.name,
        path=data,
        shape=shape,
        centre=centre,
        fwhm=fwhm if fwhm.size == shape[2] else None,
        wavelength_unit=unit,
        unit=fields.get("data units", UNKNOWN_UNIT) or UNKNOWN_UNIT,
        read=_reader(data, layout, ignored_value(fields, header)),
        bad_bands=good == 0 if good.size == shape[2] else None,
        grid=_lookup_grid(lookup, shape[:2]) if lookup else map_grid(fields, header, shape[:2]),
        facts=fields | {"interleave": interleave},
    )


def _reader(
    data: Path, layout: tuple[tuple[int, int, int], np.dtype[np.generic], str, int], ignore: float | None
) -> Callable[[int, int], Single]:
    """Reads lines through a file handle: a memory map would count the whole cube against a process' limit."""
    (lines, samples, bands), dtype, interleave, offset = layout

    def values(stream: BinaryIO, first: int, count: int) -> NDArray[np.generic]:
        stream.seek(offset + first * dtype.itemsize)
        found = np.fromfile(stream, dtype, count)
        if found.size != count:
            raise ReadError("became shorter while it was read", where=str(data), remedy="copy it again")
        return found

    def read(start: int, stop: int) -> Single:
        count = stop - start
        with data.open("rb") as stream:
            if interleave == "bsq":
                block = np.empty((count, samples, bands), np.float32)
                for band in range(bands):
                    plane = values(stream, (band * lines + start) * samples, count * samples)
                    block[:, :, band] = plane.reshape(count, samples)
            else:
                raw = values(stream, start * samples * bands, count * samples * bands)
                raw = raw.reshape((count, samples, bands) if interleave == "bip" else (count, bands, samples))
                block = np.ascontiguousarray(
                    raw if interleave == "bip" else raw.transpose(0, 2, 1), np.float32
                )
        if ignore is not None:
            block[block == np.float32(ignore)] = np.nan
        return block

    return read


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


def _beside(data: Path) -> Path | None:
    for kind in ("_glt", "_igm"):
        for name in (data.with_name(data.name + kind), data.with_name(data.stem + kind + data.suffix)):
            if name.is_file():
                return name
    return None


def _lookup_grid(path: Path, shape: tuple[int, int]) -> MapGrid:
    data, header = _pair(path)
    fields = read_header(header)
    (rows, columns, bands), dtype, interleave, offset = stored_layout(fields, header)
    if bands < 2:
        raise ReadError("has one band where a GLT has two (sample, line)", where=str(path))
    stored = {"bsq": (bands, rows, columns), "bil": (rows, bands, columns), "bip": (rows, columns, bands)}[
        interleave
    ]
    count = int(np.prod(stored))
    check_size(data, expected=count * dtype.itemsize, offset=offset, lines=rows)
    values = np.fromfile(data, dtype, count, offset=offset).reshape(stored).transpose(AXES[interleave])
    if dtype.kind == "f":
        return _geometry_grid(values, fields, header, shape)
    table = np.abs(values.astype(np.int64))
    base = map_grid(fields, header, (rows, columns))
    if base is None:
        raise ReadError("a GLT needs map info", where=str(header))
    if base.lookup_line is not None:
        raise ReadError("a GLT on a turned map is not read", where=str(header), remedy="give an IGM")
    if int(table[..., 1].max()) > shape[0] or int(table[..., 0].max()) > shape[1]:
        raise ReadError("points to pixels that the cube does not have", where=str(path))
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
    base = map_grid(fields, header, shape)
    if not crs and base is not None:
        crs = base.crs
    if not crs:
        raise ReadError(
            "an IGM needs a coordinate system string", where=str(header), remedy="add it to the header"
        )
    places = np.asarray(values[..., :2], np.float64)
    ignore = ignored_value(fields, header)
    if ignore is not None:
        places = np.where(places == ignore, np.nan, places)
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
