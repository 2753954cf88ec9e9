import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from plumeline.errors import ConfigurationError, InputError
from plumeline.observations.clocks import by_correlation
from plumeline.observations.deconvolution import deconvolve
from plumeline.observations.response import (
    T90_PER_TIME_CONSTANT,
    Response,
    inverse_by_difference,
    kernel,
    known_response,
    respond,
)

RESPONSES = [
    Response(rise_s=8.0),
    Response(rise_s=8.0, second_s=4.0),
    Response(rise_s=8.0, second_s=8.0),
    Response(rise_s=4.0, decay_s=15.0),
    Response(rise_s=40.0),
]


def air(seed=1, n=1_200):
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.uniform(0.8, 1.2, n))
    truth = np.full(n, 2.0)
    for centre in rng.uniform(0, n, 18):
        truth += rng.uniform(1, 10) * np.exp(-0.5 * ((t - centre) / rng.uniform(6, 25)) ** 2)
    return t, truth, rng


def test_step_reaches_90_percent_after_t90():
    t = np.arange(0.0, 60.0, 0.01)
    step = np.where(t > 5.0, 1.0, 0.0)
    reading = respond(t, step, Response(rise_s=4.0, delay_s=3.0))
    assert t[np.argmax(reading > 0.9)] == pytest.approx(8.0 + T90_PER_TIME_CONSTANT * 4.0, abs=0.03)


def test_two_equal_stages_follow_the_gamma_curve():
    t = np.arange(0.0, 80.0, 0.01)
    reading = respond(t, np.where(t > 0, 1.0, 0.0), Response(rise_s=6.0, second_s=6.0))
    assert reading == pytest.approx(1 - np.exp(-t / 6) * (1 + t / 6), abs=2e-3)


def test_slow_decay_is_slower_than_the_rise():
    t = np.arange(0.0, 200.0)
    box = np.where((t > 20) & (t < 80), 1.0, 0.0)
    reading = respond(t, box, Response(rise_s=5.0, decay_s=25.0))
    assert reading[31] > 0.8
    assert reading[91] > 0.5


@given(st.floats(0.1, 50.0), st.floats(0.0, 20.0), st.floats(0.0, 30.0))
def test_kernel_keeps_constant_air_and_never_overshoots(rise, delay, second):
    t = np.cumsum(np.random.default_rng(2).uniform(0.5, 3.0, 40))
    matrix = kernel(t, Response(rise_s=rise, delay_s=delay, second_s=second))
    assert matrix.sum(axis=1) == pytest.approx(np.ones(40))
    assert matrix.min() > -1e-9


def test_kernel_is_the_forward_model():
    t, truth, _ = air(n=200)
    response = Response(rise_s=7.0, delay_s=2.5, second_s=3.0)
    assert kernel(t, response) @ truth == pytest.approx(respond(t, truth, response))


def test_asymmetric_sensor_has_no_kernel():
    with pytest.raises(ConfigurationError, match="forward model"):
        kernel(np.arange(5.0), Response(rise_s=1.0, decay_s=2.0))


@pytest.mark.parametrize("response", RESPONSES)
def test_forward_then_inverse_is_the_identity_within_the_stated_error(response):
    t, truth, rng = air()
    reading = respond(t, truth, response) + rng.normal(0, 0.05, t.size)
    found = deconvolve(t, reading, response, noise=0.05)
    assert found.corrected
    error = found.air - truth
    assert np.std(error) < 0.15 * np.std(reading - truth)
    assert np.mean(np.abs(error) < 1.645 * found.sigma) > 0.9
    assert np.median(found.sigma) > 0.05


def test_error_is_honest_for_air_that_is_as_rough_as_assumed():
    # A random walk is the model's own prior: coverage must be near nominal, not just above it.
    rng = np.random.default_rng(7)
    t = np.arange(3_000.0)
    truth = np.cumsum(rng.normal(0, 0.3, t.size))
    reading = respond(t, truth, Response(rise_s=6.0)) + rng.normal(0, 0.1, t.size)
    found = deconvolve(t, reading, Response(rise_s=6.0, sigma=0.0), noise=0.1)
    assert np.mean(np.abs(found.air - truth) < 1.645 * found.sigma) == pytest.approx(0.9, abs=0.04)


def test_gaps_are_bridged_with_a_larger_error():
    t, truth, rng = air()
    reading = respond(t, truth, Response(rise_s=8.0)) + rng.normal(0, 0.05, t.size)
    reading[500:560] = np.nan
    found = deconvolve(t, reading, Response(rise_s=8.0), noise=0.05)
    assert np.isfinite(found.air).all()
    assert found.sigma[530] > 3 * found.sigma[700]


@given(st.floats(-1e3, 1e3), st.floats(0.01, 1e3))
def test_deconvolution_shifts_and_scales_with_the_readings(offset, scale):
    t, truth, _ = air(n=300)
    reading = respond(t, truth, Response(rise_s=8.0))
    one = deconvolve(t, reading, Response(rise_s=8.0), noise=0.05).air
    other = deconvolve(t, offset + scale * reading, Response(rise_s=8.0), noise=0.05 * scale).air
    assert other == pytest.approx(offset + scale * one, abs=1e-3 * scale * np.ptp(truth))


def test_it_says_so_when_it_cannot():
    t = np.arange(0.0, 3_000.0, 10.0)
    rng = np.random.default_rng(8)
    slow_sampling = deconvolve(t, rng.normal(size=t.size), Response(rise_s=5.0))
    assert not slow_sampling.corrected
    assert "too slow" in slow_sampling.remark
    fine = deconvolve(t, rng.normal(size=t.size), Response(rise_s=1.0))
    assert fine.corrected
    assert "negligible" in fine.remark
    noise_only = deconvolve(t, rng.normal(size=t.size), Response(rise_s=40.0))
    assert not noise_only.corrected
    assert "too noisy" in noise_only.remark


def test_time_must_increase():
    with pytest.raises(InputError, match="increase"):
        deconvolve(np.zeros(30), np.zeros(30), Response(rise_s=5.0))


def test_impossible_responses_are_refused():
    with pytest.raises(ConfigurationError, match="negative"):
        Response(rise_s=-1.0)
    with pytest.raises(ConfigurationError, match="first"):
        Response(second_s=3.0)
    with pytest.raises(ConfigurationError, match="little-RAVEN SO2"):
        known_response("little RAVEN SO2")


def test_first_order_correction_reproduces_the_published_vulcano_columns(real_data):
    # Karbach et al. 2022 publish Savitzky-Golay (9, 3) smoothed readings corrected with tau 40 s (CO2) and 8 s (SO2);
    # the first two rows of "measurement flight 1" and "Validation flight" in their data repository.
    published = {
        ("flight-1", "CO2 / ppm", 40): [470.7160252090922, 481.4998461426415],
        ("flight-1", "SO2 / ppm", 8): [0.7277944899393912, 0.5284611359134188],
        ("validation", "CO2 / ppm", 40): [513.8086618363637, 499.6799175103897],
        ("validation", "SO2 / ppm", 8): [-0.1256878712525253, -0.0951478348275614],
    }
    for (flight, column, tau), expected in published.items():
        table = pd.read_csv(real_data / "vulcano-uav-2022" / f"{flight}.csv")
        smooth = savgol_filter(table[column].to_numpy(), 9, 3)
        found = inverse_by_difference(table["duration / s"].to_numpy(float), smooth, tau)
        assert found[:2] == pytest.approx(expected, abs=1e-9)


def test_slow_twin_agrees_with_the_fast_one_once_corrected(real_data):
    table = pd.read_csv(real_data / "vulcano-uav-2022" / "validation.csv")
    t, fast = table["duration / s"].to_numpy(float), table["CO2 (smartGAS) / ppm"].to_numpy()
    slow = table["CO2 / ppm"].to_numpy()
    found = deconvolve(t, slow, known_response("little-RAVEN CO2 (SCD41)"))
    assert found.corrected
    shifted = {lag: np.interp(t, t - lag, found.air) for lag in (5.0, 8.0, 11.0)}
    best = max(np.corrcoef(fast, values)[0, 1] for values in shifted.values())
    assert best > 0.88
    assert best > max(np.corrcoef(fast, np.interp(t, t - lag, slow))[0, 1] for lag in range(0, 60, 2)) + 0.05


@pytest.mark.parametrize("flight", ["flight-1", "validation"])
def test_what_is_left_after_the_correction_is_the_published_shift_of_11_s(real_data, flight):
    table = pd.read_csv(real_data / "vulcano-uav-2022" / f"{flight}.csv")
    t = table["duration / s"].to_numpy(float)
    found = deconvolve(t, table["CO2 / ppm"].to_numpy(), known_response("little-RAVEN CO2 (SCD41)"))
    left = by_correlation(t, found.air, t, table["SO2 / ppm"].to_numpy(), search_s=60.0)
    assert left.distinct
    assert abs(left.offset_s - 11.0) < 2.0 * left.sigma_s


def test_uncertain_time_constant_widens_where_the_reading_moves():
    t, truth, rng = air()
    reading = respond(t, truth, Response(rise_s=10.0)) + rng.normal(0, 0.05, t.size)
    sure = deconvolve(t, reading, Response(rise_s=8.0, sigma=0.0), noise=0.05)
    unsure = deconvolve(t, reading, Response(rise_s=8.0, sigma=0.25), noise=0.05)
    # The constant used is 20 % too small: only the second interval holds the truth.
    inside = [np.mean(np.abs(one.air - truth) < 1.645 * one.sigma) for one in (sure, unsure)]
    assert inside[1] > 0.95 > inside[0]
    assert np.array_equal(sure.air, unsure.air)
