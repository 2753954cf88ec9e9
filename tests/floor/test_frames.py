import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from plumeline.errors import InputError
from plumeline.frames import LocalFrame, latlon, lonlat


@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(-5e3, 5e3), st.floats(-5e3, 5e3))
def test_local_and_back(lon, lat, east, north):
    frame = LocalFrame(origin=lonlat(lon, lat))
    there = frame.to_lonlat(east, north)
    back = frame.to_local(*there)
    np.testing.assert_allclose(
        back, (east, north), atol=1e-4
    )  # PROJ returns the origin itself within 0.1 mm of it


def test_distance_agrees_with_the_geodesic():
    frame = LocalFrame(origin=latlon(52.0, 5.0))
    east, north = frame.to_local(5.01, 52.01)
    _, _, distance = Geod(ellps="WGS84").inv(5.0, 52.0, 5.01, 52.01)
    assert np.hypot(east, north) == pytest.approx(distance, rel=1e-9)


def test_swapped_coordinates_are_refused_where_that_can_be_seen():
    with pytest.raises(InputError, match="swapped"):
        latlon(151.2, -33.9)


def test_a_frame_without_origin_says_so():
    with pytest.raises(InputError, match="origin"):
        LocalFrame(origin=None).to_lonlat(0.0, 0.0)
