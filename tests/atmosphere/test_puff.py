import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline.atmosphere.plume import HALF_WIDTH_M, point_coupling
from plumeline.atmosphere.puff import Growth, drift_of, puff_coupling
from plumeline.errors import InputError

TIMES = (200.0, 100.0)
IY, IZ = 0.08, 0.06
SECONDS = np.arange(0.0, 400.0)


def shifting(turn=1.2, speed=2.5):
    """A wind that turns by `turn` radians over the record, and dies down in its middle."""
    angle = turn * SECONDS / SECONDS[-1]
    strength = speed * (1.0 - 0.8 * np.exp(-0.5 * ((SECONDS - 200.0) / 30.0) ** 2))
    return strength[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


def steady(u, v=0.0, **options):
    wind = np.column_stack([np.full(SECONDS.size, u), np.full(SECONDS.size, v)])
    return drift_of(SECONDS, wind, oldest_s=400.0, **options)


def read(air, moment, start, end=None, *, height=1.0, lid=math.inf, factor=1.0, iy=IY, iz=None):
    path = (0.0, 0.0, 0.0) if end is None else tuple(np.subtract(end, start).astype(float))
    start = tuple(float(value) for value in start)
    growth = Growth(HALF_WIDTH_M, HALF_WIDTH_M, iy, IZ if iz is None else iz, *TIMES, lid)
    return puff_coupling(air, moment, start, path, height, factor, growth)


def brute(air_wind, moment, place, *, height=1.0, emission=None, oldest=400.0, dt=0.02):
    """Puffs every 0.02 s, added up one by one with plain numpy; the wind integrated on the same fine steps."""
    age = (np.arange(int(oldest / dt)) + 0.5) * dt
    released = moment - age
    u = np.interp(released, SECONDS, air_wind[:, 0])
    v = np.interp(released, SECONDS, air_wind[:, 1])

    def to_now(values):
        return np.cumsum(values) * dt - 0.5 * values * dt

    x, y, way = to_now(u), to_now(v), to_now(np.hypot(u, v))
    sy2 = HALF_WIDTH_M**2 + (IY * way) ** 2 / (1 + age / (2 * TIMES[0]))
    sz2 = HALF_WIDTH_M**2 + (IZ * way) ** 2 / (1 + age / (2 * TIMES[1]))
    share = np.ones(age.size) if emission is None else np.interp(released, SECONDS, emission)
    flat = np.exp(-((place[0] - x) ** 2 + (place[1] - y) ** 2) / (2 * sy2)) / (2 * math.pi * sy2)
    tall = sum(np.exp(-((place[2] + sign * height) ** 2) / (2 * sz2)) for sign in (-1, 1))
    return float(np.sum(share * flat * tall / np.sqrt(2 * math.pi * sz2)) * dt)


@pytest.mark.parametrize("moment", [80.0, 215.3, 390.0])
def test_puffs_agree_with_a_brute_sum_in_a_shifting_wind(moment):
    wind = shifting()
    air = drift_of(SECONDS, wind, oldest_s=400.0)
    rng = np.random.default_rng(int(moment))
    places = np.column_stack([rng.uniform(-20, 300, 60), rng.uniform(-60, 250, 60), rng.uniform(0, 12, 60)])
    places[:20, :2] = rng.uniform(-6, 12, (20, 2))
    found = np.array([read(air, moment, place) for place in places])
    expected = np.array([brute(wind, moment, place) for place in places])
    assert (expected > 1e-5).sum() >= 5
    assert found == pytest.approx(expected, rel=6e-3, abs=1e-4 * expected.max())


def test_puffs_agree_with_a_brute_sum_when_the_source_is_switched():
    wind, emission = shifting(), ((SECONDS > 150) & (SECONDS < 180)).astype(float)
    air = drift_of(SECONDS, wind, oldest_s=400.0, emission=emission)
    for place in ((60.0, 20.0, 2.0), (75.0, 30.0, 1.0), (90.0, 40.0, 4.0)):
        expected = brute(wind, 230.0, place, emission=emission)
        assert read(air, 230.0, place) == pytest.approx(expected, rel=0.05, abs=1e-6)


def test_every_gram_that_was_emitted_is_somewhere():
    # The volume integral is the time the source was on, in a wind that turns and all but stops, under a lid or not.
    emission = ((SECONDS >= 60) & (SECONDS < 110)).astype(float) * 0.7
    air = drift_of(SECONDS, shifting(), oldest_s=400.0, emission=emission)
    axis_x, axis_y, axis_z = np.arange(60, 520, 6.0), np.arange(-60, 340, 6.0), np.arange(1.0, 60, 2.0)
    for lid, heights in ((math.inf, axis_z), (20.0, axis_z[axis_z < 20.0])):
        total = sum(read(air, 260.0, (x, y, z), lid=lid) for x in axis_x for y in axis_y for z in heights)
        assert total * 72.0 == pytest.approx(0.7 * 50.0, rel=2e-3)


@pytest.mark.parametrize("distance", [10.0, 60.0, 250.0])
def test_in_steady_wind_the_axis_is_the_plumes(distance):
    air = steady(3.0)
    plume = point_coupling(distance, 0.0, 2.0, 1.0, 3.0, 0.0, 3.0, IY, IZ, *TIMES, 0.4)[0]
    assert read(air, 399.0, (distance, 0.0, 2.0)) == pytest.approx(plume, rel=5e-3)


def test_what_parts_puff_from_plume_shrinks_with_the_square_of_the_angle():
    def parted(iy):
        sigma = math.sqrt(HALF_WIDTH_M**2 + (iy * 100.0) ** 2 / (1 + 100.0 / (6.0 * TIMES[0])))
        plume = point_coupling(100.0, 2 * sigma, 2.0, 1.0, 3.0, 0.0, 3.0, iy, IZ, *TIMES, 0.4)[0]
        return read(steady(3.0), 399.0, (100.0, 2 * sigma, 2.0), iy=iy) / plume - 1.0

    assert abs(parted(0.16)) < 8 * 0.16**2
    assert parted(0.16) / parted(0.08) == pytest.approx(4.0, rel=0.15)
    assert parted(0.08) / parted(0.04) == pytest.approx(4.0, rel=0.15)


@given(st.floats(0, 2 * math.pi), st.floats(-30, 200), st.floats(-60, 60), st.floats(50, 390))
def test_turning_everything_changes_nothing(angle, along, across, moment):
    c, s = math.cos(angle), math.sin(angle)
    wind = shifting()
    turned = wind @ np.array([[c, s], [-s, c]])
    first = read(drift_of(SECONDS, wind, oldest_s=200.0), moment, (along, across, 2.0))
    place = (c * along - s * across, s * along + c * across, 2.0)
    second = read(drift_of(SECONDS, turned, oldest_s=200.0), moment, place)
    assert second == pytest.approx(first, rel=1e-6, abs=1e-12)


def test_emissions_add_up():
    wind, rng = shifting(), np.random.default_rng(3)
    early, late = (SECONDS < 200).astype(float), (SECONDS >= 200).astype(float)
    airs = [drift_of(SECONDS, wind, oldest_s=400.0, emission=share) for share in (early, late, early + late)]
    for place in rng.uniform((0, -20, 0), (200, 150, 8), (40, 3)):
        first, second, both = (read(air, 330.0, place) for air in airs)
        assert both == pytest.approx(first + second, rel=1e-4, abs=1e-12)


def test_a_faster_wind_by_the_factor_is_a_faster_wind():
    wind = shifting()
    place = (90.0, 25.0, 2.0)
    scaled = read(drift_of(SECONDS, 1.3 * wind, oldest_s=300.0), 180.0, place)
    assert read(drift_of(SECONDS, wind, oldest_s=300.0), 180.0, place, factor=1.3) == pytest.approx(
        scaled, rel=2e-3
    )


@pytest.mark.parametrize(
    "ends",
    [
        ((40.0, -30.0, 1.5), (40.0, 40.0, 1.5)),
        ((10.0, -20.0, 1.0), (90.0, 35.0, 8.0)),
        ((60.0, 2.0, 30.0), (60.0, 2.0, 0.0)),
    ],
)
def test_a_path_is_the_mean_of_its_points(ends):
    air = drift_of(SECONDS, shifting(turn=0.6), oldest_s=400.0)
    start, end = (np.array(one) for one in ends)
    share = (np.arange(2000) + 0.5) / 2000
    points = [read(air, 150.0, start + t * (end - start), lid=60.0) for t in share]
    assert read(air, 150.0, start, end, lid=60.0) == pytest.approx(np.mean(points), rel=1e-3)


def test_under_a_lid_the_gas_is_mixed_far_away():
    air = steady(2.0)
    profile = [read(air, 399.0, (700.0, 0.0, z), lid=8.0, iz=0.3) for z in (0.0, 2.0, 4.0, 8.0)]
    assert profile == pytest.approx([profile[0]] * 4, rel=5e-3)
    open_air = read(air, 399.0, (700.0, 0.0, 0.0), iz=0.3)
    assert profile[0] > 3 * open_air


def test_gas_needs_time_to_arrive():
    air = steady(3.0, emission=(SECONDS >= 100).astype(float))
    assert read(air, 110.0, (120.0, 0.0, 1.0)) == 0.0
    assert read(air, 160.0, (120.0, 0.0, 1.0)) == pytest.approx(
        read(steady(3.0), 160.0, (120.0, 0.0, 1.0)), rel=1e-5
    )


@pytest.mark.parametrize(
    ("time", "wind", "emission"),
    [
        ([0.0, 1.0], [[1.0, 0.0]], None),
        ([1.0, 0.0], [[1.0, 0.0], [1.0, 0.0]], None),
        ([0.0, 1.0], [[1.0, np.nan], [1.0, 0.0]], None),
        ([0.0, 1.0], [[1.0, 0.0], [1.0, 0.0]], [1.0]),
        ([], np.zeros((0, 2)), None),
    ],
)
def test_a_series_that_is_none_is_refused(time, wind, emission):
    with pytest.raises(InputError):
        drift_of(np.array(time), np.array(wind), oldest_s=10.0, emission=emission)
