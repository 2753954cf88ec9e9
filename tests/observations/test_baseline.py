import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline.errors import InputError
from plumeline.observations.baseline import drifting_baseline, noise_sigma


def record(seed, *, n=3_000, noise=0.05, plumes=12):
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.uniform(0.5, 1.5, n))
    truth = 2.0 + 0.3 * np.sin(2 * np.pi * t / 2_500) + 1e-4 * t
    plume = np.zeros(n)
    for centre in rng.uniform(0, t[-1], plumes):
        plume += rng.uniform(0.3, 5.0) * np.exp(-0.5 * ((t - centre) / rng.uniform(3, 12)) ** 2)
    return t, truth, truth + plume + rng.normal(0, noise, n), noise


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_found_under_plumes_and_drift(seed):
    _, _, values, noise = record(seed)
    assert noise_sigma(values) == pytest.approx(noise, rel=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_baseline_follows_the_drift_and_not_the_plumes(seed):
    t, truth, values, noise = record(seed)
    found = drifting_baseline(t, values, window_s=600.0)
    error = found.level - truth
    assert np.sqrt(np.mean(error**2)) < 0.5 * noise
    assert abs(np.mean(error)) < 0.3 * noise
    assert found.noise == pytest.approx(noise, rel=0.2)


@given(st.floats(-100, 100), st.floats(0.01, 100))
def test_baseline_moves_and_scales_with_the_readings(offset, scale):
    t, _, values, _ = record(3, n=400)
    one = drifting_baseline(t, values).level
    other = drifting_baseline(t, offset + scale * values).level
    assert other == pytest.approx(offset + scale * one, abs=2e-2 * scale)


def test_baseline_bridges_missing_readings():
    t, truth, values, noise = record(4)
    values[500:700] = np.nan
    found = drifting_baseline(t, values)
    assert np.isfinite(found.level).all()
    assert found.sigma[600] > found.sigma[1500]
    assert abs(found.level[600] - truth[600]) < 4 * noise


def test_noise_of_a_coarse_sensor_is_its_resolution_not_zero():
    values = np.repeat([1.0, 2.0, 1.0], 40)
    assert noise_sigma(values) == pytest.approx(1 / np.sqrt(12))


def test_time_must_increase():
    with pytest.raises(InputError, match="increase"):
        drifting_baseline(np.zeros(10), np.arange(10.0))
    with pytest.raises(InputError, match="five"):
        drifting_baseline(np.arange(10.0), np.full(10, np.nan))
