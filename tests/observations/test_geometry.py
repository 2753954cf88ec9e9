import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline.errors import InputError
from plumeline.frames import latlon
from plumeline.observations.geometry import (
    Track,
    at_times,
    check_extent,
    check_same_place,
    choose_frame,
    height_from_pressure_m,
    velocity_m_s,
)


def test_frame_lies_in_the_middle_of_the_positions():
    frame = choose_frame([4.90, 4.92, np.nan], [52.30, 52.40, np.nan])
    assert (frame.origin.lon_deg, frame.origin.lat_deg) == (4.91, 52.35)
    assert choose_frame([4.9], [52.3], origin=latlon(1.0, 2.0)).origin == latlon(1.0, 2.0)


def test_impossible_latitude_hints_at_swapped_columns():
    with pytest.raises(InputError, match="swapped"):
        choose_frame([40.6], [-105.1])


def test_swapped_columns_are_recognised_against_a_second_file():
    with pytest.raises(InputError, match=r"swapped in sensor\.csv or track\.csv"):
        check_same_place(latlon(38.41, 14.96), latlon(14.96, 38.41), names=("sensor.csv", "track.csv"))
    with pytest.raises(InputError, match="km apart"):
        check_same_place(latlon(38.41, 14.96), latlon(52.0, 4.0), names=("a", "b"))
    check_same_place(latlon(38.41, 14.96), latlon(38.42, 14.97), names=("a", "b"))


def test_scattered_positions_are_not_one_survey():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="50 km"):
        check_extent(rng.uniform(0, 1e6, 50), rng.uniform(0, 1e6, 50), what="sensor.csv")
    check_extent([0.0, 10.0, 5e5, 20.0, 30.0, 5.0], [0.0] * 6, what="one outlier is a glitch")


def straight(n=20):
    t = np.arange(float(n))
    return Track(time_s=t, x_m=3.0 * t, y_m=np.zeros(n), z_m=np.full(n, 20.0), heading_deg=np.full(n, 90.0))


def test_positions_are_interpolated_but_not_invented():
    track = straight()
    x, _, z = at_times(track, np.array([2.5, 25.0, -1.0, -9.0]))
    assert x == pytest.approx([7.5, np.nan, 0.0, np.nan], nan_ok=True)
    assert z[0] == 20.0
    holed = Track(time_s=np.array([0.0, 100.0]), x_m=np.array([0.0, 9.0]), y_m=np.zeros(2), z_m=np.zeros(2))
    assert np.isnan(at_times(holed, np.array([50.0]))[0][0])


def test_a_sensor_on_a_boom_is_ahead_of_the_receiver():
    x, y, z = at_times(straight(), np.array([5.0]), lever_m=(2.0, 0.5, -0.3))
    assert (x[0], y[0], z[0]) == pytest.approx((17.0, -0.5, 19.7))


@given(st.floats(0, 360))
def test_turning_the_flight_turns_the_lever_with_it(turn):
    angle = np.deg2rad(turn)
    t = np.arange(5.0)
    track = Track(
        time_s=t, x_m=t * np.sin(angle), y_m=t * np.cos(angle), z_m=np.zeros(5), heading_deg=np.full(5, turn)
    )
    x, y, _ = at_times(track, np.array([2.0]), lever_m=(3.0, 0.0, 0.0))
    assert (x[0], y[0]) == pytest.approx((5 * np.sin(angle), 5 * np.cos(angle)), abs=1e-9)


def test_height_from_pressure_matches_the_standard_atmosphere():
    # ISO 2533: 1013.25 hPa at 0 m, 1001.29 hPa at 100 m (mean temperature 287.8 K).
    assert height_from_pressure_m(np.array([100_129.4]), 287.8, ground_pressure_pa=101_325.0)[
        0
    ] == pytest.approx(100.0, abs=0.2)


def test_velocity_of_a_straight_flight():
    east, north = velocity_m_s(straight())
    assert east == pytest.approx(np.full(20, 3.0))
    assert north == pytest.approx(np.zeros(20), abs=1e-12)
