"""Pixels of a turned camera on flat ground, against trigonometry by hand; boresight from points."""

from dataclasses import replace
from math import radians, tan

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from plumeline.errors import InputError, RefusedError
from plumeline.instruments.cubes.camera import Camera, Kind, Pose, boresight, on_ground

BROOM = Camera(kind=Kind.PUSH_BROOM, focal_pixels=500.0, shape=(1, 201))
FRAME = Camera(kind=Kind.FRAME, focal_pixels=500.0, shape=(101, 201))


def pose(*, roll=0.0, pitch=0.0, heading=0.0, count=1, height=100.0):
    def full(value):
        return np.broadcast_to(np.asarray(value, float), (count,)).copy()

    return Pose(
        east_m=full(10.0), north_m=full(20.0), height_m=full(height),
        roll_deg=full(roll), pitch_deg=full(pitch), heading_deg=full(heading),
    )  # fmt: skip


def seen(camera, at, line, sample):
    east, north = on_ground(camera, at, np.array([float(line)]), np.array([float(sample)]))
    return float(east[0]), float(north[0])


def test_a_level_camera_sees_what_lies_below_and_its_samples_run_to_the_right():
    assert seen(BROOM, pose(), 0, 100) == pytest.approx((10.0, 20.0))
    assert seen(BROOM, pose(), 0, 200) == pytest.approx((30.0, 20.0))
    assert seen(BROOM, pose(heading=90.0), 0, 200) == pytest.approx((10.0, 0.0))
    assert seen(FRAME, pose(), 0, 100) == pytest.approx((10.0, 30.0))
    assert seen(FRAME, pose(heading=270.0), 0, 100) == pytest.approx((0.0, 20.0))


def test_a_raised_nose_looks_ahead_and_a_lowered_right_side_looks_left():
    assert seen(BROOM, pose(pitch=5.0), 0, 100) == pytest.approx((10.0, 20.0 + 100 * tan(radians(5.0))))
    assert seen(BROOM, pose(roll=5.0), 0, 100) == pytest.approx((10.0 - 100 * tan(radians(5.0)), 20.0))
    assert seen(BROOM, pose(pitch=5.0, heading=180.0), 0, 100) == pytest.approx((
        10.0,
        20.0 - 100 * tan(radians(5.0)),
    ))


def test_above_the_horizon_there_is_no_place():
    assert np.isnan(seen(BROOM, pose(pitch=89.0), 0, 100)).all()


def test_angles_are_turned_in_the_order_yaw_pitch_roll():
    turned = Rotation.from_euler("ZYX", [[200.0, 7.0, -4.0]], degrees=True)
    north, east, down = turned.apply([0.0, 40.0 / 500.0, 1.0])[0]
    expected = (10.0 + 100.0 * east / down, 20.0 + 100.0 * north / down)
    assert seen(BROOM, pose(roll=-4.0, pitch=7.0, heading=200.0), 0, 140) == pytest.approx(expected)


@pytest.mark.parametrize("camera", [BROOM, FRAME], ids=["push-broom", "frame"])
def test_boresight_angles_come_back_from_points_with_an_honest_error(camera):
    rng = np.random.default_rng(3)
    count = 40
    at = pose(
        roll=rng.normal(0, 3, count), pitch=rng.normal(0, 3, count),
        heading=rng.choice([10.0, 190.0], count), count=count,
    )  # fmt: skip
    true = replace(camera, boresight_deg=(0.8, -1.3, 2.1))
    line, sample = rng.uniform(0, camera.shape[0] - 1, count), rng.uniform(0, 200, count)
    east, north = on_ground(true, at, line, sample)
    east, north = east + rng.normal(0, 0.2, count), north + rng.normal(0, 0.2, count)
    found, sigma, rms = boresight(camera, at, line=line, sample=sample, east_m=east, north_m=north)
    error = np.abs(np.subtract(found.boresight_deg, true.boresight_deg))
    assert (error < 4 * np.array(sigma)).all()
    assert error.max() < 0.4
    assert error[:2].max() < 0.1
    assert rms == pytest.approx(0.2 * np.sqrt(2), rel=0.3)


def test_points_that_do_not_tell_the_angles_are_refused():
    at = pose(count=4)
    four = np.full(4, 100.0)
    with pytest.raises(InputError, match="three boresight angles"):
        boresight(BROOM, pose(count=2), line=four[:2], sample=four[:2], east_m=four[:2], north_m=four[:2])
    # All points at the image's middle: the yaw turns nothing.
    with pytest.raises(RefusedError, match="uncertain"):
        boresight(
            BROOM, at, line=four, sample=four, east_m=np.array([10.1, 9.9, 10.1, 9.9]), north_m=at.north_m
        )


def test_points_without_a_place_or_above_the_horizon_are_refused():
    at, line = pose(count=4), np.zeros(4)
    sample = np.array([0.0, 60.0, 140.0, 200.0])
    east, north = on_ground(BROOM, at, line, sample)
    with pytest.raises(InputError, match="point 3 has no place"):
        boresight(
            BROOM, at, line=line, sample=sample, north_m=north, east_m=np.array([*east[:2], np.nan, east[3]])
        )
    up = pose(count=4, pitch=np.array([0.0, 120.0, 0.0, 0.0]))
    with pytest.raises(RefusedError, match="point 2 would be seen at or above the horizon"):
        boresight(BROOM, up, line=line, sample=sample, east_m=east, north_m=north)
