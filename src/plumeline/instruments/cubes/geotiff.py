"""GeoTIFF and cloud-optimised GeoTIFF: cubes in, product layers out (through rasterio).

Band centres are taken from each band's `wavelength` tag (GDAL's convention: `wavelength`, `wavelength_units`,
`fwhm`).
"""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from plumeline.errors import ConfigurationError, ReadError
from plumeline.instruments.cubes.cube import UNKNOWN_UNIT, Cube, MapGrid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Single = NDArray[np.float32]

CACHE_MB = 8
"""What GDAL may hold of a file while it writes it."""

RAMP = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""Colours from dark to bright that stay apart for colour-blind eyes."""


def read_geotiff(path: Path) -> Cube:
    """Open a GeoTIFF cube; nothing but the tags is read.

    Args:
        path: the file.

    Returns:
        The cube.

    Raises:
        ReadError: the file is damaged, or its bands carry no wavelengths.
    """
    rasterio = raster_library()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(path) as file:
                shape = (file.height, file.width, file.count)
                tags = [file.tags(band) for band in range(1, file.count + 1)]
                common = file.tags()
                grid = _grid(file)
    except rasterio.errors.RasterioError as error:
        raise ReadError(f"cannot be read as a GeoTIFF ({error})", where=str(path)) from None
    try:
        centre = np.array([float(tag["wavelength"]) for tag in tags])
        fwhm = np.array([float(tag.get("fwhm", "nan")) for tag in tags])
    except (KeyError, ValueError):
        raise ReadError(
            "its bands carry no wavelength tags", where=str(path), remedy="write them with GDAL, or give ENVI"
        ) from None
    unit = str(tags[0].get("wavelength_units", common.get("wavelength_units", ""))).casefold()
    known = {
        "nanometers": "nm",
        "nm": "nm",
        "micrometers": "um",
        "um": "um",
        "cm-1": "cm-1",
        "wavenumber": "cm-1",
    }
    if unit not in known:
        raise ReadError(f"its wavelength unit is {unit!r}", where=str(path), remedy="use nm, um or cm-1")

    def read(start: int, stop: int) -> Single:
        with rasterio.open(path) as file:
            window = rasterio.windows.Window(0, start, shape[1], stop - start)
            data = file.read(window=window, out_dtype="float32", masked=True).filled(np.nan)
        return np.ascontiguousarray(np.moveaxis(data, 0, 2))

    return Cube(
        name=path.name,
        path=path,
        shape=shape,
        centre=centre,
        fwhm=fwhm if np.isfinite(fwhm).all() else None,
        wavelength_unit=known[unit],
        unit=str(common.get("units", UNKNOWN_UNIT)),
        read=read,
        grid=grid,
    )


def write_cog(path: Path, layers: Iterable[Single], names: Sequence[str], grid: MapGrid | None) -> None:
    """Write layers as one cloud-optimised GeoTIFF, the same bytes for the same layers.

    One layer is held at a time; they pass through an uncompressed file beside the result.

    Args:
        path: file to write.
        layers: as many as names, each of shape (row, column), NaN where there is no value.
        names: description of each layer.
        grid: where the pixels lie; None for image coordinates.
    """
    rest = iter(layers)
    first = next(rest)
    with LineRaster(path, first.shape, names, grid) as raster:
        for index, layer in enumerate(chain([first], rest), 1):
            raster.file.write(layer, index)


class LineRaster:
    """A cloud-optimised GeoTIFF that is written piece by piece, through an uncompressed file beside it.

    Args:
        path: file to write.
        shape: rows and columns.
        names: description of each layer.
        grid: where the pixels lie; None for image coordinates.
    """

    def __init__(
        self, path: Path, shape: tuple[int, ...], names: Sequence[str], grid: MapGrid | None
    ) -> None:
        self._path, self._names = path, names
        self._partial = path.with_name(path.name + ".part.tif")
        self._rasterio = raster_library()
        self._profile: dict[str, Any] = {
            "driver": "GTiff",
            "dtype": "float32",
            "count": len(names),
            "height": shape[0],
            "width": shape[1],
            "nodata": float("nan"),
            "BIGTIFF": "IF_SAFER",
        }
        if grid is not None:
            self._profile |= {"crs": grid.crs, "transform": _transform(grid)}
        self._stack = ExitStack()
        self.file: Any = None
        """The open file, as rasterio gives it."""

    def __enter__(self) -> Self:
        """Open the uncompressed file."""
        self._stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", self._rasterio.errors.NotGeoreferencedWarning)
        self._stack.enter_context(self._rasterio.Env(GDAL_CACHEMAX=CACHE_MB))
        self.file = self._rasterio.open(self._partial, "w", **self._profile)
        for index, name in enumerate(self._names, 1):
            self.file.set_band_description(index, name)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close it, and make the result of it when all went well."""
        with self._stack:
            self.file.close()
            if kind is None:
                options = {"compress": "deflate", "predictor": 3, "overview_resampling": "average"}
                self._rasterio.shutil.copy(self._partial, self._path, driver="COG", **options)
            self._partial.unlink()

    def write_row(self, row: int, values: Sequence[NDArray[np.floating]]) -> None:
        """Write one row of every layer.

        Args:
            row: which.
            values: of each layer, shape (column,).
        """
        window = self._rasterio.windows.Window(0, row, self._profile["width"], 1)
        self.file.write(np.asarray(values, np.float32)[:, None, :], window=window)


def picture_on_globe(
    layer: Single, grid: MapGrid, *, top: float
) -> tuple[tuple[float, float, float, float], bytes]:
    """A layer as a PNG on longitudes and latitudes, dark for 0 to bright for `top`, transparent where NaN.

    Args:
        layer: shape (row, column) of the grid.
        grid: where its pixels lie.
        top: value of the brightest colour.

    Returns:
        West, south, east and north [degrees], and the PNG.
    """
    rasterio = raster_library()
    rows, columns = layer.shape
    with warnings.catch_warnings():
        # rasterio multiplies transforms in a way that affine will drop; a PNG has no map by design.
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        source = _transform(grid)
        bounds = rasterio.transform.array_bounds(rows, columns, source)
        there, width, height = rasterio.warp.calculate_default_transform(
            grid.crs, "OGC:CRS84", columns, rows, *bounds
        )
        turned = np.full((height, width), np.nan, np.float32)
        rasterio.warp.reproject(
            layer,
            turned,
            src_crs=grid.crs,
            src_transform=source,
            src_nodata=np.nan,
            dst_crs="OGC:CRS84",
            dst_transform=there,
            dst_nodata=np.nan,
        )
        with rasterio.io.MemoryFile() as memory:
            with memory.open(driver="PNG", count=4, height=height, width=width, dtype="uint8") as file:
                file.write(_coloured(turned, top))
            png = bytes(memory.read())
        west, south, east, north = rasterio.transform.array_bounds(height, width, there)
    return (west, south, east, north), png


def _coloured(layer: Single, top: float) -> NDArray[np.uint8]:
    known = np.isfinite(layer)
    # Where nothing is known the colour does not matter: the pixel is transparent.
    share = np.clip(np.where(known, layer, 0.0) / max(top, 1e-30), 0.0, 1.0)
    colours = [np.interp(share, np.linspace(0, 1, len(RAMP)), channel) for channel in np.transpose(RAMP)]
    return np.stack([*colours, np.where(known, 200.0, 0.0)]).astype(np.uint8)


def _transform(grid: MapGrid) -> Any:
    return raster_library().Affine(grid.pixel[0], 0.0, grid.west, 0.0, -grid.pixel[1], grid.north)


def _grid(file: Any) -> MapGrid | None:
    transform = file.transform
    if file.crs is None or transform.b or transform.d:
        return None
    return MapGrid(
        crs=file.crs.to_wkt(), west=transform.c, north=transform.f, pixel=(transform.a, -transform.e)
    )


def raster_library() -> Any:
    """The rasterio package, which is an extra.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import rasterio  # noqa: PLC0415 (an extra)
        from rasterio import io, shutil, transform, warp, windows  # noqa: F401, PLC0415 (load the submodules)
    except ImportError:
        raise ConfigurationError(
            "GeoTIFF needs rasterio, which is not installed", remedy="pip install 'plumeline[imaging]'"
        ) from None
    return rasterio
