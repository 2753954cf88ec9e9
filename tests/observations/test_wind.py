import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline.errors import InputError
from plumeline.observations.wind import (
    Gaps,
    at_times,
    by_priority,
    components_m_s,
    constant_wind,
    speed_and_direction,
    variability_m_s,
    wind_series,
    with_representativity,
)

START = np.datetime64("2026-01-01T00:00", "ns")


def times(*seconds):
    return START + np.array([round(s * 1e9) for s in seconds]).astype("timedelta64[ns]")


def test_a_west_wind_blows_toward_east():
    east, north = components_m_s([5.0, 5.0], [270.0, 0.0])
    assert east == pytest.approx([5.0, 0.0], abs=1e-12)
    assert north == pytest.approx([0.0, -5.0], abs=1e-12)


@given(st.floats(0.1, 40.0), st.floats(0.0, 359.99))
def test_components_and_direction_are_inverse(speed, direction):
    back = speed_and_direction(*components_m_s([speed], [direction]))
    assert back[0][0] == pytest.approx(speed)
    assert np.cos(np.deg2rad(back[1][0] - direction)) == pytest.approx(1.0)


def test_interpolation_is_of_vectors_not_angles():
    # From 350 to 10 degrees the mean is 0, not 180.
    series = wind_series(times(0, 60), *components_m_s([3.0, 3.0], [350.0, 10.0]), sigma_m_s=[0.1, 0.1])
    found = at_times(series, times(30))
    _, direction = speed_and_direction(found["wind_eastward"], found["wind_northward"])
    assert np.cos(np.deg2rad(direction[0])) == pytest.approx(1.0)


def test_no_wind_is_invented_across_a_gap():
    series = wind_series(times(0, 10_000), [1.0, 2.0], [0.0, 0.0], sigma_m_s=[0.1, 0.1])
    found = at_times(series, times(-30, -90, 0, 50, 5_000, 9_990, 10_000, 10_090), gaps=Gaps())
    expected = [1.0, np.nan, 1.0, 1.0, np.nan, 2.0, 2.0, np.nan]
    assert found["wind_eastward"] == pytest.approx(expected, nan_ok=True)


@given(st.integers(-10_000, 10_000))
def test_shifting_all_clocks_together_changes_nothing(shift):
    rng = np.random.default_rng(1)
    known, wanted = np.sort(rng.uniform(0, 500, 20)), rng.uniform(0, 500, 30)
    east = rng.normal(size=20)
    first = at_times(wind_series(times(*known), east, east), times(*wanted))
    second = at_times(wind_series(times(*(known + shift)), east, east), times(*(wanted + shift)))
    assert second["wind_eastward"] == pytest.approx(first["wind_eastward"], nan_ok=True, abs=1e-6)


def test_order_and_duplicates_of_the_file_do_not_matter():
    a = wind_series(times(0, 60, 120), [1.0, 2.0, 3.0], [0.0, 0.0, 0.0], sigma_m_s=[0.1] * 3)
    b = wind_series(times(120, 0, 60, 60), [3.0, 1.0, 2.0, 2.0], [0.0] * 4, sigma_m_s=[0.1] * 4)
    assert a.equals(b)


def test_variability_finds_white_noise_and_ignores_a_front():
    rng = np.random.default_rng(2)
    front = np.where(np.arange(2_000) < 1_000, 1.0, 9.0)
    east, north = front + rng.normal(0, 0.4, 2_000), rng.normal(0, 0.4, 2_000)
    assert np.median(variability_m_s(east, north)) == pytest.approx(0.4, rel=0.1)
    assert variability_m_s(east, north).max() < 1.2


def test_first_source_wins_and_others_fill_in():
    first = wind_series(times(0, 60), [1.0, 1.0], [0.0, 0.0], sigma_m_s=[0.1, 0.1])
    second = wind_series(times(0, 60, 200), [9.0, 9.0, 9.0], [0.0] * 3, sigma_m_s=[1.0] * 3)
    found = by_priority([first, second], times(30, 190, 5_000), gaps=Gaps(hold_s=30))
    assert found["wind_eastward"] == pytest.approx([1.0, 9.0, np.nan], nan_ok=True)
    assert found["wind_source"].tolist() == [0, 1, -1]


def test_no_wind_at_all_is_an_error():
    with pytest.raises(InputError, match="no wind"):
        by_priority([], times(0))
    with pytest.raises(InputError, match="no wind"):
        wind_series(times(0, 1), [np.nan, np.nan], [0.0, 0.0])


def test_a_far_station_is_trusted_less():
    near = constant_wind(times(0, 600), speed_m_s=5.0, direction_from_deg=90.0, sigma_m_s=0.3)
    sigmas = [
        float(with_representativity(near, distance_m=d)["wind_sigma"][0])
        for d in (0.0, 100.0, 3_000.0, 30_000.0)
    ]
    assert sigmas[0] == pytest.approx(0.3)
    assert sigmas == sorted(sigmas)
    assert sigmas[-1] > 2.5


def test_hourly_reports_stand_for_their_hour_and_minutes_for_minutes():
    reports = wind_series(times(0, 3_600, 7_200), [1.0, 2.0, 3.0], [0.0] * 3, sigma_m_s=[1.0] * 3)
    assert at_times(reports, times(1_800))["wind_eastward"][0] == pytest.approx(1.5)
    minutes = wind_series(times(0, 60, 120, 7_200), [1.0, 2.0, 3.0, 4.0], [0.0] * 4, sigma_m_s=[1.0] * 4)
    assert np.isnan(at_times(minutes, times(3_000))["wind_eastward"][0])
