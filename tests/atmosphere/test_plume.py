import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from plumeline.atmosphere.plume import HALF_WIDTH_M, path_coupling, point_coupling

TIMES = (200.0, 100.0)


def textbook(dx, dy, z, height, u, v, iy, iz):
    """The formula of the module's docstring, written out independently with plain Python."""
    speed = math.hypot(u, v)
    x = (dx * u + dy * v) / speed
    y = (dy * u - dx * v) / speed
    if x <= 0:
        return 0.0
    sy = math.sqrt(HALF_WIDTH_M**2 + (iy * x) ** 2 / (1 + x / (2 * speed * TIMES[0])))
    sz = math.sqrt(HALF_WIDTH_M**2 + (iz * x) ** 2 / (1 + x / (2 * speed * TIMES[1])))
    vertical = math.exp(-((z - height) ** 2) / (2 * sz**2)) + math.exp(-((z + height) ** 2) / (2 * sz**2))
    return math.exp(-(y**2) / (2 * sy**2)) * vertical / (2 * math.pi * speed * sy * sz)


def point(dx, dy, z, height, u, v, iy=0.2, iz=0.1):
    return point_coupling(dx, dy, z, height, u, v, math.hypot(u, v), iy, iz, *TIMES, 0.4)[0]


@given(
    st.floats(-200, 200),
    st.floats(-200, 200),
    st.floats(0, 30),
    st.floats(0, 10),
    st.floats(-6, 6),
    st.floats(0.3, 6),
)
def test_point_agrees_with_the_textbook_formula(dx, dy, z, height, u, v):
    expected = textbook(dx, dy, z, height, u, v, 0.2, 0.1)
    assert point(dx, dy, z, height, u, v) == pytest.approx(
        expected, rel=1e-9, abs=2e-7 / (math.pi * 0.3 * 0.25)
    )


def test_mass_flux_through_a_plane_is_the_rate():
    # ∫∫ C U dy dz over a plane across the wind equals Q wherever the plane stands.
    speed = 3.0
    for distance in (10.0, 80.0, 300.0):
        y = np.linspace(-300, 300, 1201)
        z = np.linspace(0, 200, 801)
        column = [
            np.trapezoid([point(distance, b, c, 2.0, speed, 0.0) for c in z[::8]], z[::8]) for b in y[::6]
        ]
        assert np.trapezoid(column, y[::6]) * speed == pytest.approx(1.0, rel=5e-3)


@given(st.floats(0, 2 * math.pi), st.floats(1, 150), st.floats(-40, 40))
def test_turning_everything_changes_nothing(angle, along, across):
    c, s = math.cos(angle), math.sin(angle)
    turned = point(c * along - s * across, s * along + c * across, 2.0, 1.0, 3 * c, 3 * s)
    assert turned == pytest.approx(point(along, across, 2.0, 1.0, 3.0, 0.0), rel=1e-6, abs=1e-9)


def test_nothing_goes_upwind():
    assert point(-5.0, 0.0, 1.0, 1.0, 3.0, 0.0) == 0.0


@pytest.mark.parametrize(
    "path",
    [
        (30.0, -40.0, 2.0, 30.0, 60.0, 2.0),
        (20.0, -40.0, 1.0, 70.0, 50.0, 6.0),
        (-10.0, 5.0, 2.0, 90.0, 8.0, 2.0),
        (40.0, 0.5, 20.0, 40.0, 0.5, 0.0),
    ],
)
def test_path_is_the_mean_of_points_along_it(path):
    start, end = np.array(path[:3]), np.array(path[3:])

    def along(t):
        x, y, z = start + t * (end - start)
        return textbook(x, y, z, 1.5, 3.0, 0.4, 0.25, 0.12)

    expected, _ = quad(along, 0, 1, limit=400, points=np.linspace(0.05, 0.95, 19))
    found = path_coupling(
        np.array(path), 0.0, 0.0, 1.5, 3.0, 0.4, math.hypot(3.0, 0.4), 0.25, 0.12, *TIMES, 0.4
    )[0]
    assert found == pytest.approx(expected, rel=0.08)


def test_a_path_across_the_wind_is_exact():
    path = np.array([50.0, -80.0, 2.0, 50.0, 80.0, 2.0])
    expected, _ = quad(
        lambda t: textbook(50.0, -80 + 160 * t, 2.0, 1.5, 3.0, 0.0, 0.25, 0.12), 0, 1, points=[0.5]
    )
    found = path_coupling(path, 0.0, 0.0, 1.5, 3.0, 0.0, 3.0, 0.25, 0.12, *TIMES, 0.4)[0]
    assert found == pytest.approx(expected, rel=1e-9)


def test_the_wide_plume_is_the_plume_of_that_angle():
    narrow = point_coupling(60.0, 9.0, 2.0, 1.0, 3.0, 0.0, 3.0, 0.2, 0.1, *TIMES, 0.45)
    wide = point_coupling(60.0, 9.0, 2.0, 1.0, 3.0, 0.0, 3.0, 0.45, 0.1, *TIMES, 0.6)
    assert narrow[1] == pytest.approx(wide[0], rel=1e-12)
