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
    head = _head(path)
    if head == HDF5_MAGIC:
        return read_emit(path)
    if head in TIFF_MAGICS:
        return read_geotiff(path)
    beside = (path.with_name(path.name + ".hdr"), path.with_suffix(".hdr"))
    if path.suffix.casefold() == ".hdr" or any(p.is_file() for p in beside):
        return read_envi(path, glt=glt)
    if head[:2] == hcc.SIGNATURE:
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
