import json

import numpy as np
import pytest

from plumeline.errors import ConfigurationError
from plumeline.observations import IN_SITU, Quality
from plumeline.simulations import SUITES, blind_flight, draw_scene, fly
from plumeline.simulations.blind import DROPOUT


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_gives_valid_readings_and_truth_within_its_ranges(suite):
    dataset, truth = blind_flight(3, suite, seconds=300)
    IN_SITU.validate(dataset)
    sought = [source for source in truth.sources if source.is_sought]
    assert len(sought) in SUITES[suite].counts
    low, high = SUITES[suite].rate_kg_s
    for source in truth.sources:
        assert low <= source.rate_kg_s["acetone"] <= high
    assert json.loads(json.dumps(truth.as_dict()))["seed"] == 3


def test_one_seed_gives_the_same_bytes_and_another_seed_others():
    first, again, other = (blind_flight(seed, "mixed", seconds=200)[0] for seed in (5, 5, 6))
    for name in first.variables:
        assert first[name].to_numpy().tobytes() == again[name].to_numpy().tobytes(), name
    assert (
        first["mass_concentration"].to_numpy().tobytes() != other["mass_concentration"].to_numpy().tobytes()
    )


def test_the_dropout_flag_is_the_one_of_the_product():
    assert int(Quality.DROPOUT) == DROPOUT


def test_sources_add_up():
    flight = fly(draw_scene("multi-source", 1, seconds=300), 1)
    rates = np.array([emitter.rates_kg_s["acetone"] for emitter in flight.scene.emitters])
    one_by_one = sum(flight.coupling_s_m3[:, i] * rates[i] for i in range(len(rates)))
    np.testing.assert_allclose(one_by_one, flight.coupling_s_m3 @ rates, rtol=1e-9)
    assert len(rates) > 1


def test_an_unknown_suite_is_a_clear_error():
    with pytest.raises(ConfigurationError, match="unknown"):
        blind_flight(1, "no-such-suite")
