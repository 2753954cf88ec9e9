"""Cube readers: every interleave says the same; what is broken is told."""

import h5py
import numpy as np
import pytest

from plumeline.errors import InputError, ReadError, UnknownFormatError
from plumeline.instruments.cubes import MapGrid, read_cube, read_geotiff, write_cog, write_envi

CUBE = np.arange(5 * 4 * 3, dtype=np.float32).reshape(5, 4, 3)
HEAD = """ENVI
samples = 4
lines = 5
bands = 3
header offset = {offset}
data type = {kind}
interleave = {interleave}
byte order = {order}
wavelength units = Nanometers
wavelength = {{ 2100,
 2200, 2300 }}
data ignore value = 7
map info = {{UTM, 1, 1, 500000, 4000000, 2, 2, 13, North, WGS-84}}
"""
AXES = {"bip": (0, 1, 2), "bil": (0, 2, 1), "bsq": (2, 0, 1)}


def envi(tmp_path, *, interleave="bip", kind=4, order=0, offset=0, head=HEAD, cut=0):
    path = tmp_path / "scene.img"
    dtype = np.dtype((">" if order else "<") + {4: "f4", 12: "u2"}[kind])
    data = bytes(offset) + np.ascontiguousarray(CUBE.transpose(AXES[interleave])).astype(dtype).tobytes()
    path.write_bytes(data[: len(data) - cut])
    (tmp_path / "scene.hdr").write_text(
        head.format(interleave=interleave, kind=kind, order=order, offset=offset)
    )
    return path


@pytest.mark.parametrize("interleave", AXES)
@pytest.mark.parametrize(("kind", "order", "offset"), [(4, 0, 0), (12, 1, 128)])
def test_every_layout_says_the_same(tmp_path, interleave, kind, order, offset):
    cube = read_cube(envi(tmp_path, interleave=interleave, kind=kind, order=order, offset=offset))
    expected = np.where(CUBE == 7, np.nan, CUBE)
    np.testing.assert_array_equal(cube.block(0, 5), expected)
    np.testing.assert_array_equal(cube.block(2, 4), expected[2:4])
    assert cube.grid.crs == "EPSG:32613"
    assert (cube.grid.west, cube.grid.north) == (500000, 4000000)


def test_a_lazy_dataset_reads_what_is_asked(tmp_path):
    dataset = read_cube(envi(tmp_path)).to_dataset()
    np.testing.assert_array_equal(dataset["signal"][3, 1:3, 2].to_numpy(), CUBE[3, 1:3, 2])
    np.testing.assert_array_equal(
        dataset["signal"][1:5:2, 0].to_numpy(), np.where(CUBE == 7, np.nan, CUBE)[1:5:2, 0]
    )


def test_a_truncated_cube_is_told_with_its_whole_lines(tmp_path):
    with pytest.raises(ReadError, match="declares 5 lines and 3 are there"):
        read_cube(envi(tmp_path, cut=60))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("bands = 3", "bands = 2", "2 bands and 3 wavelengths|holds"),
        ("samples = 4", "samples = 3", "holds"),
        ("lines = 5", "lines = many", "garbles"),
        ("interleave = {interleave}", "interleave = bxp", "garbles"),
        ("data type = {kind}", "data type = 6", "garbles"),
        ("wavelength units = Nanometers", "wavelength units = Unknown", "does not say the unit"),
        (" 2200,", " twenty,", "no number"),
        ("ENVI\n", "GIF\n", "first word"),
    ],
)
def test_a_lying_header_is_told(tmp_path, old, new, message):
    with pytest.raises(ReadError, match=message):
        read_cube(envi(tmp_path, head=HEAD.replace(old, new)))


def test_lines_outside_and_unknown_files_are_told(tmp_path):
    cube = read_cube(envi(tmp_path))
    with pytest.raises(InputError, match="not in a cube"):
        cube.block(3, 9)
    stray = tmp_path / "stray.bin"
    stray.write_bytes(b"0000")
    with pytest.raises(UnknownFormatError):
        read_cube(stray)
    with pytest.raises(InputError, match="no such file"):
        read_cube(tmp_path / "absent")


def test_a_glt_lays_products_on_the_map_and_not_the_radiance(tmp_path):
    path = envi(tmp_path)
    table = np.zeros((2, 3, 2), "<i4")
    table[0, 0] = (4, 5)
    table[1, 2] = (-1, 1)
    glt = tmp_path / "scene_glt.img"
    glt.write_bytes(table.tobytes())
    (tmp_path / "scene_glt.hdr").write_text(
        "ENVI\nsamples = 3\nlines = 2\nbands = 2\ndata type = 3\ninterleave = bip\nbyte order = 0\n"
        "map info = {Geographic Lat/Lon, 1, 1, -105, 40, 0.001, 0.001, WGS-84}\n"
    )
    cube = read_cube(path)
    laid = cube.grid.on_grid(CUBE[:, :, 0])
    assert laid[0, 0] == CUBE[4, 3, 0]
    assert laid[1, 2] == CUBE[0, 0, 0]
    assert np.isnan(laid[0, 1])
    assert cube.shape == (5, 4, 3)


def test_an_emit_granule_is_read(tmp_path):
    path = tmp_path / "emit.nc"
    with h5py.File(path, "w") as file:
        data = CUBE.copy()
        data[0, 0] = -9999
        file["radiance"] = data
        file["sensor_band_parameters/wavelengths"] = [400.0, 500.0, 600.0]
        file["sensor_band_parameters/fwhm"] = [8.0, 8.0, 8.0]
        file["location/glt_x"] = np.array([[1, 0]], "i4")
        file["location/glt_y"] = np.array([[2, 0]], "i4")
        file.attrs["geotransform"] = [-105.0, 0.0005, 0.0, 40.0, 0.0, -0.0005]
        file.attrs["spatial_ref"] = "EPSG:4326"
    cube = read_cube(path)
    assert np.isnan(cube.block(0, 1)[0, 0]).all()
    np.testing.assert_array_equal(cube.block(1, 2)[0], CUBE[1])
    assert cube.grid.on_grid(CUBE[:, :, 1])[0, 0] == CUBE[1, 0, 1]
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(ReadError, match="no whole EMIT"):
        read_cube(path)


def test_a_geotiff_without_wavelengths_is_told_and_layers_come_back(tmp_path):
    grid = MapGrid(crs="EPSG:32613", west=500000.0, north=4000000.0, pixel=(2.0, 2.0))
    path = tmp_path / "a.tif"
    write_cog(path, np.moveaxis(CUBE, 2, 0), ["a", "b", "c"], grid)
    with pytest.raises(ReadError, match="no wavelength tags"):
        read_geotiff(path)
    again = tmp_path / "b.tif"
    write_cog(again, np.moveaxis(CUBE, 2, 0), ["a", "b", "c"], grid)
    assert path.read_bytes() == again.read_bytes()


def test_a_written_cube_is_read_back(tmp_path):
    path = tmp_path / "w.bip"
    write_envi(path, CUBE, {"wavelength": "1,2,3", "wavelength units": "Wavenumber"})
    cube = read_cube(path)
    np.testing.assert_array_equal(cube.block(0, 5), CUBE)
    assert cube.wavelength_unit == "cm-1"
