"""GeoTIFF and cloud-optimised GeoTIFF: cubes in, product layers out (through rasterio).

Band centres are taken from each band's `wavelength` tag (GDAL's convention: `wavelength`, `wavelength_units`,
`fwhm`).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import ConfigurationError, ReadError
from plumeline.instruments.cubes.cube import UNKNOWN_UNIT, Cube, MapGrid

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Single = NDArray[np.float32]


def read_geotiff(path: Path) -> Cube:
    """Open a GeoTIFF cube; nothing but the tags is read.

    Args:
        path: the file.

    Returns:
        The cube.

    Raises:
        ReadError: the file is damaged, or its bands carry no wavelengths.
    """
    rasterio = _rasterio()
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


def write_cog(path: Path, layers: Single, names: list[str], grid: MapGrid | None) -> None:
    """Write layers as one cloud-optimised GeoTIFF, the same bytes for the same layers.

    Args:
        path: file to write.
        layers: shape (layer, row, column), NaN where there is no value.
        names: description of each layer.
        grid: where the pixels lie; None for image coordinates.
    """
    rasterio = _rasterio()
    profile: dict[str, Any] = {
        "driver": "COG",
        "dtype": "float32",
        "count": layers.shape[0],
        "height": layers.shape[1],
        "width": layers.shape[2],
        "nodata": float("nan"),
        "compress": "deflate",
        "predictor": 3,
        "overview_resampling": "average",
    }
    if grid is not None:
        profile["crs"] = grid.crs
        profile["transform"] = rasterio.Affine(grid.pixel[0], 0.0, grid.west, 0.0, -grid.pixel[1], grid.north)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, "w", **profile) as file:
            file.write(layers)
            for index, name in enumerate(names, 1):
                file.set_band_description(index, name)


def _grid(file: Any) -> MapGrid | None:
    transform = file.transform
    if file.crs is None or transform.b or transform.d:
        return None
    return MapGrid(
        crs=file.crs.to_wkt(), west=transform.c, north=transform.f, pixel=(transform.a, -transform.e)
    )


def _rasterio() -> Any:
    try:
        import rasterio  # noqa: PLC0415 (an extra)
        from rasterio import transform, windows  # noqa: F401, PLC0415 (load the submodules)
    except ImportError:
        raise ConfigurationError(
            "GeoTIFF needs rasterio, which is not installed", remedy="pip install 'plumeline[imaging]'"
        ) from None
    return rasterio
