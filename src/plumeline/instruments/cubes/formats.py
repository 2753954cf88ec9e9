"""Which reader a file needs, told by its content and not by its name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plumeline.errors import InputError, UnknownFormatError
from plumeline.instruments.cubes import hcc, opus, spc
from plumeline.instruments.cubes.emit import read_emit
from plumeline.instruments.cubes.envi import read_envi
from plumeline.instruments.cubes.geotiff import read_geotiff

if TYPE_CHECKING:
    from pathlib import Path

    from plumeline.instruments.cubes.cube import Cube
    from plumeline.instruments.cubes.spectrum import Spectrum

HDF5_MAGIC = b"\x89HDF"
TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


CUBE_FORMATS = {
    "emit_l1b_nc": "EMIT L1B radiance",
    "cube_l1_geotiff": "GeoTIFF cube",
    "cube_l1_envi": "ENVI cube",
    "telops_l1_hcc": "Telops HCC sequence",
}
"""Cubes that are read: name of the format and what a person calls it."""

SPECTRUM_FORMATS = {"openpath_l1_opus": "Bruker OPUS spectrum", "openpath_l1_spc": "GRAMS SPC spectrum"}
"""The same for spectra."""


def format_of(path: Path) -> str | None:
    """Which cube or spectrum a file is, told by its first bytes and by a header beside it.

    Args:
        path: the file.

    Returns:
        A key of `CUBE_FORMATS` or `SPECTRUM_FORMATS`; None for anything else.

    Raises:
        InputError: there is no such file.
    """
    head = _head(path)
    beside = (path.with_name(path.name + ".hdr"), path.with_suffix(".hdr"))
    marks = {
        "emit_l1b_nc": head == HDF5_MAGIC,
        "cube_l1_geotiff": head in TIFF_MAGICS,
        "cube_l1_envi": path.suffix.casefold() == ".hdr" or any(p.is_file() for p in beside),
        "telops_l1_hcc": head[:2] == hcc.SIGNATURE,
        "openpath_l1_opus": head == opus.MAGIC,
        "openpath_l1_spc": len(head) == 4 and head[1] in spc.VERSIONS,
    }
    return next((name for name, found in marks.items() if found), None)


def read_spectrum(path: Path) -> Spectrum:
    """Read a spectrum in any supported format, recognised by content.

    Args:
        path: the file.

    Returns:
        The spectrum.

    Raises:
        UnknownFormatError: it is neither GRAMS SPC nor OPUS.
        ReadError: it is, but broken.
    """
    head = _head(path)
    if head == opus.MAGIC:
        return opus.read_opus(path)
    if len(head) == 4 and head[1] in spc.VERSIONS:
        return spc.read_spc(path)
    raise UnknownFormatError(
        "is no spectrum that can be read", where=str(path), remedy="give a GRAMS SPC or an OPUS file"
    )


def read_cube(path: Path, *, glt: Path | None = None) -> Cube:
    """Open a cube in any supported format; nothing but its metadata is read.

    Args:
        path: ENVI data file or header, EMIT L1B NetCDF, GeoTIFF, or Telops HCC.
        glt: a GLT file, for ENVI.

    Returns:
        The cube.

    Raises:
        UnknownFormatError: it is none of these.
        ReadError: it is, but broken.
    """
    name = format_of(path)
    if name == "emit_l1b_nc":
        return read_emit(path)
    if name == "cube_l1_geotiff":
        return read_geotiff(path)
    if name == "cube_l1_envi":
        return read_envi(path, glt=glt)
    if name == "telops_l1_hcc":
        return hcc.read_hcc(path)
    raise UnknownFormatError(
        "is no cube that can be read",
        where=str(path),
        remedy="give an ENVI file with its .hdr, an EMIT L1B .nc, a GeoTIFF or a Telops .hcc",
    )


def _head(path: Path) -> bytes:
    if not path.is_file():
        raise InputError("there is no such file", where=str(path))
    with path.open("rb") as stream:
        return stream.read(4)
