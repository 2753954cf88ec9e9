"""Column layers read back, and what is none."""

import numpy as np
import pytest

from plumeline.errors import ReadError
from plumeline.instruments.cubes import MapGrid, read_column_layer, write_cog

GRID = MapGrid(crs="EPSG:32631", west=500_000.0, north=5_800_240.0, pixel=(2.0, 2.0))
NAME = "methane column [ppm m]"


def layer(tmp_path, *, names=(NAME,), grid=GRID, value=100.0):
    path = tmp_path / "column.tif"
    values = np.full((30, 40), value, np.float32)
    values[0, 0] = np.nan
    write_cog(path, [values] * len(names), list(names), grid)
    return path


def test_what_was_written_is_read(tmp_path):
    read = read_column_layer(layer(tmp_path))
    assert read.gas == "methane"
    assert read.column_ppm_m.shape == (30, 40)
    assert np.isnan(read.column_ppm_m[0, 0])
    assert np.nanmax(read.column_ppm_m) == 100.0
    lon, lat = read.lonlat(np.array([0.0]), np.array([0.0]))
    # On the central meridian of zone 31 the easting is 500 km and the longitude 3 degrees.
    assert lon[0] == pytest.approx(3.0, abs=1e-9)
    assert 52.0 < lat[0] < 53.0
    east, south = read.lonlat(np.array([30.0]), np.array([40.0]))
    assert east[0] > lon[0]
    assert south[0] < lat[0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"grid": None}, "no map"),
        ({"names": ("number of the plume",)}, "none of its bands"),
        ({"names": (NAME, "ammonia column [ppm m]")}, "2 of its bands"),
        ({"names": ("methane minimum detectable column [ppm m]",)}, "none of its bands"),
        ({"value": np.nan}, "no columns"),
        ({"value": 1e9}, "no columns"),
    ],
)
def test_what_is_no_column_layer_is_refused(tmp_path, change, says):
    with pytest.raises(ReadError, match=says):
        read_column_layer(layer(tmp_path, **change))


def test_a_missing_or_broken_file_is_refused(tmp_path):
    with pytest.raises(ReadError, match="no such column layer"):
        read_column_layer(tmp_path / "none.tif")
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"II*\x00nothing")
    with pytest.raises(ReadError, match="GeoTIFF"):
        read_column_layer(broken)
