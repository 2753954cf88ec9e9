"""EMIT L1B radiance (NetCDF 4): radiance, band parameters and the GLT that lays it on the map.

Reference: EMIT L1B user guide (JPL, 2023): `radiance` in µW cm-2 sr-1 nm-1, fill -9999; groups
`sensor_band_parameters` (wavelengths, fwhm in nm) and `location` (glt_x, glt_y counted from 1, 0 where none).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np

from plumeline.errors import ReadError
from plumeline.instruments.cubes.cube import Cube, MapGrid

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Single = NDArray[np.float32]

FILL = -9999.0


def read_emit(path: Path) -> Cube:
    """Open an EMIT L1B radiance granule; nothing but the metadata is read.

    Args:
        path: the `.nc` file.

    Returns:
        The cube.

    Raises:
        ReadError: the file is damaged, or is no EMIT radiance granule.
    """
    try:
        with h5py.File(path, "r") as file:
            shape: tuple[int, int, int] = file["radiance"].shape
            unit = _text(file["radiance"].attrs.get("units", "uW/cm^2/SR/nm"))
            centre = np.asarray(file["sensor_band_parameters/wavelengths"], float)
            fwhm = np.asarray(file["sensor_band_parameters/fwhm"], float)
            grid = _grid(file)
    except (OSError, KeyError) as error:
        raise ReadError(f"is no whole EMIT radiance granule ({error})", where=str(path)) from None
    if centre.size != shape[-1]:
        raise ReadError(f"holds {shape} radiances and {centre.size} wavelengths", where=str(path))

    def read(start: int, stop: int) -> Single:
        with h5py.File(path, "r") as file:
            block = np.asarray(file["radiance"][start:stop], np.float32)
        block[block <= np.float32(FILL)] = np.nan
        return block

    return Cube(
        name=path.name,
        path=path,
        shape=shape,
        centre=centre,
        fwhm=fwhm if fwhm.size == shape[2] else None,
        wavelength_unit="nm",
        unit=unit,
        read=read,
        grid=grid,
    )


def _grid(file: h5py.File) -> MapGrid | None:
    transform = file.attrs.get("geotransform")
    if transform is None or "location/glt_x" not in file:
        return None
    west, width, _, north, _, height = (float(value) for value in transform)
    return MapGrid(
        crs=_text(file.attrs.get("spatial_ref", "EPSG:4326")),
        west=west,
        north=north,
        pixel=(abs(width), abs(height)),
        lookup_line=np.asarray(file["location/glt_y"], np.int32) - 1,
        lookup_sample=np.asarray(file["location/glt_x"], np.int32) - 1,
    )


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
