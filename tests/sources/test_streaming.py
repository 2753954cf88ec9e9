"""The inversion while readings arrive, against the batch run on the same readings."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from plumeline.errors import InputError
from plumeline.frames import LocalFrame
from plumeline.sources import InferenceSettings, Stream, infer
from plumeline.sources.carrying import carried
from plumeline.sources.following import ahead, log_like_of_some
from plumeline.sources.prepare import prepare
from plumeline.sources.smc import allocate, sample, start
from plumeline.sources.streaming import LEAST_READINGS
from surveys import flight

SETTINGS = InferenceSettings(particles=96, sweeps=3, null_draws=4)


def rows(survey, first, last):
    return replace(survey, in_situ=survey.in_situ.isel(reading=slice(first, last)))


def streamed(survey, *, step, seed=1):
    stream = Stream(replace(SETTINGS, seed=seed))
    for first in range(0, survey.reading_count, step):
        stream.update(rows(survey, first, first + step))
    return stream


@pytest.fixture(scope="module")
def finished():
    return streamed(flight(), step=20).settle()


def test_the_stream_ends_where_the_batch_run_does(finished):
    (batch,) = infer(flight(), SETTINGS).sources
    assert finished.is_settled
    (source,) = finished.sources()
    size_m = np.sqrt(batch.region_90.area_m2 / np.pi)
    assert np.hypot(source.x_m - batch.x_m, source.y_m - batch.y_m) < 0.5 * size_m
    shared = source.region_90.shape.intersection(batch.region_90.shape).area
    assert shared > 0.6 * min(source.region_90.area_m2, batch.region_90.area_m2)
    assert 0.4 < source.region_90.area_m2 / batch.region_90.area_m2 < 2.5
    assert source.region_90.shape.covers(shapely.Point(20.0, -30.0))
    one, other = source.rate_kg_s["methane"], batch.rate_kg_s["methane"]
    assert one.low < other.median < one.high


def test_draws_so_far_are_a_posterior_like_any_other(finished):
    posterior = finished.posterior()
    assert posterior.sizes["draw"] == SETTINGS.particles
    assert finished.reading_count == flight().reading_count


def drawn_from_the_prior(prepared, particles=200):
    population = allocate(prepared.problem, prepared.priors, particles, 1)
    start(prepared.problem, prepared.priors, population.arrays())
    return population


def test_the_likelihood_of_all_observations_is_the_kernels():
    prepared = prepare(rows(flight(), 0, 330), SETTINGS)
    population = drawn_from_the_prior(prepared)
    every = log_like_of_some(prepared, population, np.arange(prepared.problem.value.size))
    apart = every - population.log_like[:, 0]
    assert np.ptp(apart) < 1e-3 * np.ptp(every)


def test_readings_that_no_problem_holds_yet_weigh_draws_as_the_next_problem_will():
    survey = flight()
    known, new = rows(survey, 0, 420), [rows(survey, 420, 430), rows(survey, 430, 435)]
    was = prepare(known, SETTINGS)
    population = sample(was.problem, was.priors, particles=96, sweeps=2, seed=1, temper=0.1).population
    weight = ahead(was, population, known, new, SETTINGS)
    after = prepare(rows(survey, 0, 435), SETTINGS)
    grown = carried(population, was, after, np.random.default_rng(0)).log_like - population.log_like
    assert np.corrcoef(weight, grown[:, 0])[0, 1] > 0.85
    assert not ahead(was, population, known, [], SETTINGS).any()


def test_a_snapshot_stays_as_it_was():
    survey = flight()
    stream = Stream(SETTINGS)
    first = stream.update(rows(survey, 0, 200))
    kept = first.posterior()["x"].to_numpy().copy()
    stream.update(rows(survey, 200, 320))
    np.testing.assert_array_equal(first.posterior()["x"], kept)


def test_nothing_is_said_from_too_few_readings():
    survey = flight()
    stream = Stream(SETTINGS)
    early = stream.update(rows(survey, 0, LEAST_READINGS - 5))
    assert early.sources() == ()
    assert not early.is_settled
    assert early.probability_no_source == SETTINGS.prior_no_source
    with pytest.raises(InputError, match="too few"):
        early.posterior()


def test_the_same_readings_in_the_same_steps_give_the_same_draws():
    survey = rows(flight(), 0, 120)
    one, other = (streamed(survey, step=40).settle(most=2) for _ in range(2))
    np.testing.assert_array_equal(one.posterior()["x"], other.posterior()["x"])


def test_clean_air_claims_nothing():
    assert streamed(rows(flight(rate=0.0), 0, 300), step=30).settle().sources() == ()


def test_readings_of_another_frame_or_sensor_are_refused():
    survey = flight()
    stream = Stream(SETTINGS)
    stream.update(rows(survey, 0, 30))
    with pytest.raises(InputError, match="another local frame"):
        stream.update(replace(rows(survey, 30, 40), frame=LocalFrame(origin=None)))
    other = rows(survey, 30, 40)
    other = replace(other, in_situ=other.in_situ.assign(sensor_name=("sensor_index", np.array(["new"]))))
    with pytest.raises(InputError, match="sensor_name"):
        stream.update(other)
