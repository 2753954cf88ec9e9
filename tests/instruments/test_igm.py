"""Georeferencing from the places of raw pixels: every pixel lands where it lies, and the radiance stays as it was."""

import numpy as np
import pytest

from plumeline.errors import ReadError
from plumeline.instruments.cubes import read_cube, write_envi

UTM = "EPSG:32613"


def cube_with_geometry(folder, east, north, **fields):
    lines, samples = east.shape
    signal = np.arange(lines * samples, dtype=np.float32).reshape(lines, samples, 1).repeat(3, axis=2)
    write_envi(folder / "c.bip", signal, {"wavelength": "900,1000,1100", "wavelength units": "Wavenumber"})
    places = np.stack([east, north, np.zeros_like(east)], axis=2)
    write_envi(folder / "c_igm.bip", places.astype(np.float32), {"coordinate system string": UTM} | fields)
    return read_cube(folder / "c.bip"), signal[..., 0]


@pytest.mark.parametrize("heading_deg", [0.0, 37.0, 180.0, 270.0])
def test_every_pixel_lands_where_it_lies(tmp_path, heading_deg):
    line, sample = np.mgrid[:40, :30].astype(float)
    a = np.radians(heading_deg)
    east = 1000 + 2 * (sample * np.cos(a) + line * np.sin(a))
    north = 5000 + 2 * (line * np.cos(a) - sample * np.sin(a))
    cube, layer = cube_with_geometry(tmp_path, east, north)
    grid = cube.grid
    laid = grid.on_grid(layer)
    row, column = np.nonzero(np.isfinite(laid))
    assert set(np.unique(laid[row, column])) <= set(layer.ravel())
    # At the raw spacing a turned grid leaves some raw pixels out; most are there.
    assert np.isin(layer, laid).mean() > 0.8
    raw = laid[row, column].astype(int)
    at_east = grid.west + (column + 0.5) * grid.pixel[0]
    at_north = grid.north - (row + 0.5) * grid.pixel[1]
    error = np.hypot(at_east - east.ravel()[raw], at_north - north.ravel()[raw])
    assert error.max() <= grid.pixel[0]
    np.testing.assert_array_equal(cube.block(0, 40)[..., 0], layer)


def test_pixels_without_a_place_are_left_out(tmp_path):
    line, sample = np.mgrid[:20, :20].astype(float)
    sample[5] = -9999.0
    cube, layer = cube_with_geometry(tmp_path, sample, 100 - line, **{"data ignore value": "-9999"})
    laid = cube.grid.on_grid(layer)
    assert not np.isin(layer[5], laid).any()


@pytest.mark.parametrize("fault", ["shape", "crs", "scattered"])
def test_bad_geometry_is_refused(tmp_path, fault):
    line, sample = np.mgrid[:20, :20].astype(float)
    if fault == "scattered":
        sample[0, 0] = 1e9
    fields = {"coordinate system string": ""} if fault == "crs" else {}
    if fault == "shape":
        cube_with_geometry(tmp_path, sample, -line)
        write_envi(tmp_path / "c_igm.bip", np.ones((3, 3, 2), np.float32), {"coordinate system string": UTM})
        with pytest.raises(ReadError, match="gives places to 3 x 3"):
            read_cube(tmp_path / "c.bip")
        return
    with pytest.raises(ReadError, match=r"coordinate system|scatters"):
        cube_with_geometry(tmp_path, sample, -line, **fields)
