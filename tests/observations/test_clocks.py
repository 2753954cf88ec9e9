import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline.errors import InputError
from plumeline.observations.clocks import (
    ClockOffset,
    by_correlation,
    corrected,
    from_satellite_time,
    with_drift,
)

START = np.datetime64("2026-01-01T00:00", "ns")


def at(seconds):
    return START + np.rint(np.asarray(seconds) * 1e9).astype("timedelta64[ns]")


def plumes(t, seed=0):
    rng = np.random.default_rng(seed)
    centres, widths, sizes = rng.uniform(-100, 1_300, 25), rng.uniform(3, 15, 25), rng.uniform(1, 10, 25)
    return (sizes * np.exp(-0.5 * ((t[:, None] - centres) / widths) ** 2)).sum(axis=1)


@pytest.mark.parametrize("flight", ["flight-1", "validation"])
def test_co2_trails_so2_by_28_to_30_seconds_on_the_vulcano_flights(real_data, flight):
    table = pd.read_csv(real_data / "vulcano-uav-2022" / f"{flight}.csv")
    t = table["duration / s"].to_numpy(float)
    found = by_correlation(t, table["CO2 / ppm"].to_numpy(), t, table["SO2 / ppm"].to_numpy())
    assert 28.0 <= found.offset_s <= 30.0
    assert found.distinct
    assert 2.0 < found.sigma_s < 10.0


@given(st.floats(-60, 60), st.floats(-1e6, 1e6))
def test_shift_is_recovered_wherever_the_clocks_start(lag, start):
    rng = np.random.default_rng(3)
    t = np.arange(0.0, 1_200.0, 2.0)
    other = np.sort(rng.uniform(0, 1_200, 700))
    values = plumes(other - lag) + rng.normal(0, 0.2, other.size)
    found = by_correlation(start + other, 3 * values + 400, start + t, plumes(t))
    assert found.distinct
    assert found.offset_s == pytest.approx(lag, abs=1.0)


def test_height_and_pressure_agree_with_opposite_sign():
    t = np.arange(0.0, 900.0)
    height = plumes(t, seed=4)
    found = by_correlation(t + 12.0, 101_325 - 12 * height, t, height, either_sign=True)
    assert found.offset_s == pytest.approx(12.0, abs=0.6)
    assert found.correlation < -0.9


@pytest.mark.parametrize("seed", range(8))
def test_unrelated_logs_are_refused(seed):
    rng = np.random.default_rng(seed)
    t = np.arange(0.0, 1_200.0, 3.0)
    found = by_correlation(t, rng.normal(size=t.size).cumsum(), t, rng.normal(size=t.size).cumsum())
    assert not found.distinct
    assert found.remark


def test_a_repeating_pattern_is_refused():
    t = np.arange(0.0, 1_200.0, 2.0)
    values = np.sin(2 * np.pi * t / 40.0) ** 8
    assert "several lags" in by_correlation(t, values, t, values).remark


def test_too_little_overlap_is_an_error():
    t = np.arange(0.0, 100.0, 2.0)
    with pytest.raises(InputError, match="overlap"):
        by_correlation(t, plumes(t), t + 1e6, plumes(t))


def test_satellite_time_gives_offset_and_drift():
    rng = np.random.default_rng(5)
    utc = np.arange(0.0, 3_600.0, 1.0)
    clock = utc + 37.25 + 2e-5 * (utc - 1_800) + rng.normal(0, 0.02, utc.size)
    utc_times = at(utc)
    utc_times[::7] = np.datetime64("NaT")
    found = from_satellite_time(at(clock), utc_times)
    assert found.offset_s == pytest.approx(37.25, abs=0.01)
    assert found.drift == pytest.approx(2e-5, rel=0.1)
    error = (corrected(at(clock), found) - at(utc)) / np.timedelta64(1, "s")
    assert np.abs(error).max() < 0.12


def test_one_gross_error_in_satellite_time_does_not_matter():
    utc = np.arange(0.0, 100.0)
    clock = at(utc + 5.0)
    clock[50] = at(10_000.0)
    assert from_satellite_time(clock, at(utc)).offset_s == pytest.approx(5.0, abs=1e-6)


def test_drift_is_only_reported_when_it_shows():
    parts = [(at(t), ClockOffset(offset_s=10.0 + 1e-3 * t, sigma_s=0.1)) for t in (0.0, 1_000.0, 2_000.0)]
    assert with_drift(parts).drift == pytest.approx(1e-3, rel=0.01)
    flat = [(at(t), ClockOffset(offset_s=10.0, sigma_s=1.0)) for t in (0.0, 1_000.0)]
    assert with_drift(flat).drift == 0.0
    with pytest.raises(InputError, match="distinct"):
        with_drift([(at(0.0), ClockOffset(offset_s=0.0, sigma_s=1.0, distinct=False))])


@given(st.floats(-1e4, 1e4))
def test_correction_is_exact_to_the_nanosecond(offset):
    time = at([0.0, 1.0, 2.5])
    there = corrected(time, ClockOffset(offset_s=offset, sigma_s=0.0))
    assert np.array_equal(corrected(there, ClockOffset(offset_s=-offset, sigma_s=0.0)), time)
