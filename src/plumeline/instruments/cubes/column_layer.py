"""A gas column layer: the GeoTIFF that `plumeline image` writes, read back, or one of the same form from elsewhere."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import Transformer

from plumeline.errors import ReadError
from plumeline.instruments.cubes.geotiff import raster_library
from plumeline.provenance import sha256_of_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BAND = re.compile(r"(?P<gas>.+) column \[ppm m\]")
"""What the band of a column layer is called."""
LARGEST_PPM_M = 1e7
"""Ten metres of the pure gas; more is not a column but a number without a meaning [ppm m]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnLayer:
    """Columns of one gas, seen from above."""

    name: str
    """Name of the file."""
    sha256: str
    """Its hash."""
    gas: str
    """Name of the gas."""
    column_ppm_m: Floats
    """Column of each pixel, NaN where none is known, shape (row, column) [ppm m]."""
    to_map: tuple[float, ...]
    """Affine map from (column, row) to the reference system: a, b, c, d, e, f."""
    crs: str
    """Reference system, WKT."""

    def lonlat(self, row: Floats, column: Floats) -> tuple[Floats, Floats]:
        """Longitude and latitude of places in the image.

        Args:
            row: rows and parts of rows from the upper edge.
            column: columns from the left edge.

        Returns:
            Longitude and latitude [degrees], in the arrays' shape.
        """
        a, b, c, d, e, f = self.to_map
        transformer = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        lon, lat = transformer.transform(a * column + b * row + c, d * column + e * row + f)
        return np.asarray(lon, float), np.asarray(lat, float)


def read_column_layer(path: Path) -> ColumnLayer:
    """Read a column layer.

    Args:
        path: a GeoTIFF with one band called "GAS column [ppm m]".

    Returns:
        The layer.

    Raises:
        ReadError: it cannot be read, has no map, no such band or more than one, or no value that a column can have.
    """
    where = str(path)
    if not path.is_file():
        raise ReadError("there is no such column layer", where=where)
    rasterio = raster_library()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(path) as file:
                band, gas = _band(file.descriptions, where)
                values = file.read(band, out_dtype="float64", masked=True).filled(np.nan)
                crs, transform = file.crs, file.transform
    except rasterio.errors.RasterioError as error:
        raise ReadError(f"cannot be read as a GeoTIFF ({error})", where=where) from None
    if crs is None:
        raise ReadError(
            "the column layer has no map: nobody knows where its pixels lie",
            where=where,
            remedy="give `plumeline image` a scene with map information or --pose",
        )
    known = values[np.isfinite(values)]
    if not known.size or np.abs(known).max() > LARGEST_PPM_M:
        raise ReadError("its values are no columns in ppm m", where=where)
    return ColumnLayer(
        name=path.name,
        sha256=sha256_of_file(path),
        gas=gas,
        column_ppm_m=np.where(np.isfinite(values), values, np.nan),
        to_map=tuple(float(one) for one in tuple(transform)[:6]),
        crs=crs.to_wkt(),
    )


def _band(descriptions: Any, where: str) -> tuple[int, str]:
    """Number of the band with columns, and its gas.

    Raises:
        ReadError: there is none, or more than one.
    """
    found = [(number, BAND.fullmatch(text or "")) for number, text in enumerate(descriptions, 1)]
    named = [
        (number, match["gas"])
        for number, match in found
        if match and not match["gas"].endswith("minimum detectable")
    ]
    if len(named) != 1:
        raise ReadError(
            f"{len(named) or 'none'} of its bands is called like 'methane column [ppm m]'",
            where=where,
            remedy="give one layers/column_GAS.tif that `plumeline image` wrote, or name the band so",
        )
    return named[0]
