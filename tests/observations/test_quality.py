import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from plumeline.frames import LocalFrame, latlon
from plumeline.observations import quality

START = np.datetime64("2026-01-01T00:00", "ns")


def times(*seconds):
    return START + np.array([round(s * 1e9) for s in seconds]).astype("timedelta64[ns]")


def plume(n=400, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    return 2.0 + 20 * np.exp(-0.5 * ((t - n / 2) / 30) ** 2) + rng.normal(0, 0.2, n)


def test_clipped_peak_is_saturated():
    values = np.minimum(plume(), 15.0)
    assert np.array_equal(quality.saturated(values), values == 15.0)


def test_free_peak_is_not_saturated_even_on_a_coarse_scale():
    assert not quality.saturated(plume()).any()
    assert not quality.saturated(np.round(plume())).any()


def test_declared_ceiling_counts_alone():
    assert quality.saturated([1.0, 5.0, 5.0, 2.0], ceiling=5.0).tolist() == [False, True, True, False]


def test_missing_and_stuck_readings_are_dropouts():
    values = plume()
    values[10:14] = np.nan
    values[100:160] = values[100]
    found = quality.dropped(values)
    assert found[10:14].all()
    assert found[100:160].all()
    assert found.sum() == 64


def test_repeats_of_a_coarse_sensor_and_zeros_are_not_dropouts():
    rng = np.random.default_rng(1)
    coarse = np.repeat(rng.integers(100, 110, 200), rng.integers(3, 9, 200)).astype(float)
    assert not quality.dropped(coarse).any()
    sparse = plume()
    sparse[50:200] = 0.0
    assert not quality.dropped(sparse).any()


def test_duplicates_and_disorder():
    time = times(0, 1, 1, 2, 1.5, 3)
    assert quality.duplicated(time, [0, 0, 0, 0, 0, 0]).tolist() == [False, False, True, False, False, False]
    assert not quality.duplicated(time, [0, 0, 1, 0, 0, 0]).any()
    assert quality.disordered(time).tolist() == [False] * 4 + [True, False]


def test_glitch_in_the_middle_and_stale_start_are_found():
    t = np.arange(100.0)
    x, y = 5.0 * t, np.zeros(100)
    x[40] += 5_000
    x[:3] += 900
    found = quality.glitched(t, x, y, speed_limit_m_s=30.0)
    assert np.flatnonzero(found).tolist() == [0, 1, 2, 40]


@given(st.integers(0, 2**32 - 1))
def test_a_track_within_the_speed_limit_has_no_glitch(seed):
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.uniform(0.1, 2.0, 80))
    step = rng.uniform(0, 25, 80) * np.append(0, np.diff(t))
    angle = rng.uniform(0, 2 * np.pi, 80)
    x, y = np.cumsum(step * np.cos(angle)), np.cumsum(step * np.sin(angle))
    assert not quality.glitched(t, x, y, speed_limit_m_s=25.0).any()


def test_missing_positions_are_not_glitches():
    assert not quality.glitched(np.arange(5.0), np.full(5, np.nan), np.zeros(5), speed_limit_m_s=1.0).any()


def test_skyhub_jump_is_found(real_data):
    table = pd.read_csv(real_data / "uav-skyhub" / "falcon1.csv")
    x, y = LocalFrame(origin=latlon(56.863225, 24.111822)).to_local(table.Longitude, table.Latitude)
    found = quality.glitched(table.Elapsed.to_numpy() * 1e-3, x, y, speed_limit_m_s=30.0)
    assert np.flatnonzero(found).tolist() == [0, 1]


def test_below_detection_is_of_the_enhancement():
    found = quality.below_detection([2.05, 2.5, 3.0], [0.1, 0.1, np.nan], background=2.0)
    assert found.tolist() == [True, False, False]
