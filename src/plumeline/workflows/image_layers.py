"""A scene's result as rasters: columns, limits, which pixel belongs to which plume, and why a pixel says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plumeline.instruments.cubes import write_cog

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from plumeline.instruments.cubes import MapGrid
    from plumeline.workflows.image_result import ImageResult

    Single = NDArray[np.float32]


def write_layers(result: ImageResult, folder: Path) -> None:
    """Write all rasters, one of them in memory at a time.

    Args:
        result: the scene's result.
        folder: an existing folder.
    """
    grid = result.cube.grid
    for gas, column in result.columns_ppm_m.items():
        write_cog(folder / f"column_{slug(gas)}.tif", [_laid(column, grid)], [f"{gas} column [ppm m]"], grid)
    names = [f"{gas.gas} minimum detectable column [ppm m]" for gas in result.gases]
    limits = (_laid(result.limit_map_ppm_m(gas.gas), grid) for gas in result.gases)
    write_cog(folder / "limits.tif", limits, names, grid)
    write_cog(
        folder / "plumes.tif",
        [_laid(plume_numbers(result), grid)],
        ["number of the plume, 0 outside plumes"],
        grid,
    )
    names = ["0 good, 1 no value, 2 saturated, 3 dead detector column, 4 no contrast"]
    write_cog(folder / "quality.tif", [_laid(result.quality.astype(np.float32), grid)], names, grid)


def plume_numbers(result: ImageResult) -> Single:
    """Number of the plume that each pixel belongs to.

    Args:
        result: the scene's result.

    Returns:
        1 for "P1", 2 for "P2", …, 0 outside plumes, shape (line, sample).
    """
    shape = (result.cube.shape[0], result.cube.shape[1])
    out = np.zeros(shape, np.float32)
    for number, plume in enumerate(result.plumes, 1):
        out[plume.scene_mask(shape)] = number
    return out


def slug(gas: str) -> str:
    """A gas' name as part of a file name.

    Args:
        gas: its name.

    Returns:
        Letters, digits and underscores.
    """
    return "".join(c if c.isalnum() else "_" for c in gas)


def _laid(values: Single, grid: MapGrid | None) -> Single:
    laid = values if grid is None else np.asarray(grid.on_grid(values), np.float32)
    return np.where(np.isfinite(laid), laid, np.float32(np.nan))
