import numpy as np
import pytest

from plumeline.sources import InferenceSettings, infer
from plumeline.sources.emission import emission_blocks, log_switching
from surveys import flight


@pytest.mark.parametrize("blocks", [1, 2, 5, 9])
def test_the_prior_of_all_courses_of_emission_is_one(blocks):
    table = np.exp(log_switching(blocks, 0.7))
    total = 0.0
    for code in range(1, 2**blocks):
        course = [(code >> b) & 1 for b in range(blocks)]
        changes = int(np.abs(np.diff(course)).sum())
        # Entry 0 holds the steady share, which only the course that is on throughout has: no other has 0 changes.
        total += table[changes]
    assert total == pytest.approx(1.0)


def test_fixed_sensors_are_steady_unless_asked():
    times = np.arange(0.0, 86_400.0, 300.0)
    assert emission_blocks(times, InferenceSettings(), moving=False)[1].size == 2
    asked = InferenceSettings(emission_block_s=7200.0)
    assert emission_blocks(times, asked, moving=False)[1].size == 12


def test_a_source_that_stops_is_said_to_have_stopped():
    survey = flight(rate=3e-3)
    readings = survey.in_situ
    late = np.arange(readings.sizes["reading"]) > readings.sizes["reading"] // 2
    low = float(np.quantile(readings["mass_concentration"], 0.1))
    noise = np.random.default_rng(0).normal(0.0, 0.02 * low, late.sum())
    readings["mass_concentration"][late, 0] = low + noise
    report = infer(survey, InferenceSettings(null_draws=0))
    assert report.sources
    assert report.sources[0].on_share.low < 0.9
