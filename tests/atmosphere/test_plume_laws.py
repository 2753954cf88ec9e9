"""Physical laws that any plume keeps, whatever its formula."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from plumeline.atmosphere.plume import path_coupling, point_coupling

LAGS = (200.0, 100.0)
angles = st.floats(0.02, 0.4)
speeds = st.floats(0.5, 10.0)
distances = st.floats(5.0, 400.0)


def point(dx, dy, z, height, u, v, *, iy=0.2, iz=0.1, lags=LAGS):
    return point_coupling(dx, dy, z, height, u, v, math.hypot(u, v), iy, iz, *lags, max(iy, 0.4))[0]


def sigma_y(far, speed, iy):
    return math.sqrt(0.25 + (iy * far) ** 2 / (1 + far / (2 * speed * LAGS[0])))


def sigma_z(far, speed, iz):
    return math.sqrt(0.25 + (iz * far) ** 2 / (1 + far / (2 * speed * LAGS[1])))


@settings(max_examples=15)
@given(distances, speeds, angles, angles, st.floats(0.0, 10.0), st.floats(0, 2 * math.pi))
def test_the_flux_through_every_plane_across_the_wind_is_the_rate(far, speed, iy, iz, height, heading):
    # ∫∫ C U dy dz = Q: the crosswind integral at each height by fine equal steps, then over height.
    c, s = math.cos(heading), math.sin(heading)
    sy, sz = sigma_y(far, speed, iy), sigma_z(far, speed, iz)
    across = np.linspace(-5.4, 5.4, 55) * sy
    up = np.linspace(0.0, height + 7.0 * sz, 181)
    places = [(c * far - s * y, s * far + c * y) for y in across]
    flux = np.array([
        speed * sum(point(x, y, z, height, speed * c, speed * s, iy=iy, iz=iz) for x, y in places) for z in up
    ])
    total = np.trapezoid(flux, up) * (across[1] - across[0])
    assert total == pytest.approx(1.0, rel=2e-3)


@given(distances, st.floats(-30, 30), speeds, st.floats(0.2, 5.0))
def test_a_wind_k_times_as_fast_thins_k_times(far, across, speed, k):
    # U -> kU with Lagrangian times T -> T/k leaves the spread at a place as it was.
    slow = point(far, across, 2.0, 1.0, speed, 0.0)
    fast = point(far, across, 2.0, 1.0, k * speed, 0.0, lags=(LAGS[0] / k, LAGS[1] / k))
    assert fast * k == pytest.approx(slow, rel=1e-9, abs=1e-15)


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(0, 2 * math.pi), distances, st.floats(-40, 40))
def test_moving_and_turning_a_path_with_its_source_changes_nothing(east, north, angle, far, across):
    path = np.array([far, across - 15.0, 2.0, far + 20.0, across + 25.0, 6.0])
    c, s = math.cos(angle), math.sin(angle)
    turned = path.copy()
    for i in (0, 3):
        turned[i : i + 2] = (c * path[i] - s * path[i + 1] + east, s * path[i] + c * path[i + 1] + north)
    first = path_coupling(path, 0.0, 0.0, 1.5, 3.0, 0.0, 3.0, 0.2, 0.1, *LAGS, 0.4)
    second = path_coupling(turned, east, north, 1.5, 3.0 * c, 3.0 * s, 3.0, 0.2, 0.1, *LAGS, 0.4)
    assert second == pytest.approx(first, rel=1e-6, abs=1e-12)


@given(distances, st.floats(-30, 30), st.floats(0, 15), st.floats(0, 15))
def test_source_and_reading_may_change_heights(far, across, z, height):
    assert point(far, across, z, height, 3.0, 0.0) == pytest.approx(
        point(far, across, height, z, 3.0, 0.0), rel=1e-9, abs=1e-18
    )


@given(distances, st.floats(-2.5, 2.5), speeds, angles, angles, st.floats(0.0, 6.0))
def test_a_nadir_column_is_the_crosswind_gaussian(far, sigmas, speed, iy, iz, height):
    # ∫ C dz from the ground up is Q/(sqrt(2 pi) sy U) exp(-Y²/2sy²), whatever the vertical spread.
    sy, top = sigma_y(far, speed, iy), height + 8.0 * sigma_z(far, speed, iz)
    across = sigmas * sy
    path = np.array([far, across, top, far, across, 0.0])
    mean = path_coupling(path, 0.0, 0.0, height, speed, 0.0, speed, iy, iz, *LAGS, max(iy, 0.4))[0]
    expected = math.exp(-0.5 * sigmas**2) / (math.sqrt(2 * math.pi) * sy * speed)
    assert mean * top == pytest.approx(expected, rel=1e-6)


@settings(max_examples=30)
@given(st.floats(20.0, 300.0), st.floats(-20, 20), st.floats(10, 120), st.floats(0.5, 12.0))
def test_a_level_beam_across_the_wind_is_the_mean_of_its_points(far, start, length, z):
    path = np.array([far, start, z, far, start + length, z])
    found = path_coupling(path, 0.0, 0.0, 1.5, 3.0, 0.0, 3.0, 0.2, 0.1, *LAGS, 0.4)[0]
    share = (np.arange(200) + 0.5) / 200
    points = [point(far, start + t * length, z, 1.5, 3.0, 0.0) for t in share]
    assert found == pytest.approx(np.mean(points), rel=2e-3, abs=1e-8)


def test_a_beam_through_the_whole_plume_sees_the_crosswind_integral():
    far, speed = 120.0, 3.0
    path = np.array([far, -400.0, 2.0, far, 400.0, 2.0])
    found = path_coupling(path, 0.0, 0.0, 1.0, speed, 0.0, speed, 0.2, 0.1, *LAGS, 0.4)[0] * 800.0
    sz = sigma_z(far, speed, 0.1)
    tall = math.exp(-0.5 * (1.0 / sz) ** 2) + math.exp(-0.5 * (3.0 / sz) ** 2)
    assert found == pytest.approx(tall / (math.sqrt(2 * math.pi) * sz * speed), rel=1e-9)


def test_no_gas_goes_through_the_ground():
    # Reflection: the vertical gradient is zero at z = 0.
    for far in (10.0, 50.0, 200.0):
        low, lower = (point(far, 0.0, z, 2.0, 3.0, 0.0) for z in (1e-3, 2e-3))
        assert low == pytest.approx(lower, rel=1e-5)


def test_the_flux_over_height_alone_at_one_place():
    # The same conservation by adaptive integration at a single distance, to 1e-6.
    far, speed = 80.0, 3.0
    sy, sz = sigma_y(far, speed, 0.2), sigma_z(far, speed, 0.1)
    peak, _ = quad(lambda z: point(far, 0.0, z, 2.0, speed, 0.0), 0.0, 2.0 + 9.0 * sz, limit=200)
    assert peak * math.sqrt(2 * math.pi) * sy * speed == pytest.approx(1.0, rel=1e-6)
