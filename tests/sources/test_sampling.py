"""The sampler against what is known beforehand: its moves leave the prior alone, its runs are judged as written."""

import numpy as np
import pytest
from scipy import stats

from plumeline.sources import InferenceSettings
from plumeline.sources.convergence import LARGEST_NONE_GAP, _agreement
from plumeline.sources.discrepancy import reach, with_discrepancy
from plumeline.sources.prepare import prepare
from plumeline.sources.smc import MOVE_NAMES, sample
from surveys import flight

PARTICLES = 600
LEAST_P = 1e-4
"""Of one test in some thirty; the seed is fixed, so a good sampler always passes."""


@pytest.fixture(scope="module")
def prepared():
    return prepare(flight(), InferenceSettings())


@pytest.fixture(scope="module")
def moved(prepared):
    """Draws that were moved many times while the readings counted for nothing."""
    return sample(
        prepared.problem, prepared.priors, particles=PARTICLES, sweeps=10, seed=5, temper=1e-12, rounds=2
    )


def test_every_kind_of_move_was_made(moved):
    silent = {"course of emission"} if moved.population.active.shape[2] == 1 else set()
    made = {name for name, share in zip(MOVE_NAMES, moved.acceptance, strict=True) if share > 0}
    assert len(made) >= len(MOVE_NAMES) - max(1, len(silent))


def test_moves_leave_the_number_of_sources_as_the_prior_has_it(prepared, moved):
    last = moved.population.count[-PARTICLES:, 0]
    share = np.exp(prepared.priors.log_count - np.logaddexp.reduce(prepared.priors.log_count))
    counted = np.bincount(last, minlength=share.size)
    assert stats.chisquare(counted, share * PARTICLES).pvalue > LEAST_P


def test_moves_leave_places_heights_and_rates_as_the_prior_has_them(prepared, moved):
    problem, priors = prepared.problem, prepared.priors
    population = moved.population
    # One source of each draw: those of one draw were moved with the same transport.
    some = np.flatnonzero(population.count[-PARTICLES:, 0] > 0) + population.count.shape[0] - PARTICLES
    first = population.sources[some, 0]
    low_x, high_x, low_y, high_y, top = problem.box
    for values, prior in (
        (first[:, 0], stats.uniform(low_x, high_x - low_x)),
        (first[:, 1], stats.uniform(low_y, high_y - low_y)),
        (first[:, 2], stats.truncnorm(0.0, top / priors.height_sd, scale=priors.height_sd)),
        (first[:, 3], stats.norm(priors.log_rate_mean[0], priors.log_rate_sd)),
    ):
        assert stats.kstest(values, prior.cdf).pvalue > LEAST_P


def test_moves_leave_air_noise_and_background_as_the_prior_has_them(prepared, moved):
    priors, last = prepared.priors, moved.population.at(np.arange(PARTICLES) + PARTICLES)
    for i in range(last.theta.shape[1]):
        standard = (last.theta[:, i] - priors.theta_mean[i]) / priors.theta_sd[i]
        assert stats.kstest(standard, "norm").pvalue > LEAST_P, i
    for values in (
        last.beta[:, 0],
        last.beta[:, -1],
        last.log_noise[:, 0] / priors.log_noise_sd,
        last.detour[:, 0, 0] / priors.detour_sd[0],
        last.detour[:, -1, 1] / priors.detour_sd[1],
    ):
        assert stats.kstest(values, "norm").pvalue > LEAST_P


def test_without_readings_the_evidence_is_one(moved):
    assert moved.log_evidence == pytest.approx(0.0, abs=1e-6)


def test_repeats_give_more_draws_of_the_same_error(prepared, moved):
    problem, population, settings = prepared.problem, moved.population, InferenceSettings()
    sources = with_discrepancy(problem, population, settings, repeats=3)
    draws = population.sources.shape[0]
    assert sources.shape == (3 * draws, *population.sources.shape[1:])
    some = np.flatnonzero(population.count[:, 0] > 0)
    distance = reach(problem, population, 0)[0][some, 0]
    spread = []
    for r in range(3):
        error = sources[r * draws + some, 0] - population.sources[some, 0]
        assert error[:, 2] == pytest.approx(0.0)  # heights are left alone
        spread.append(np.median(np.hypot(error[:, 0], error[:, 1]) / np.maximum(distance, 1.0)))
    assert np.ptp(spread) < 0.25 * np.mean(spread)
    first, second = (sources[r * draws + some, 0, 0] - population.sources[some, 0, 0] for r in range(2))
    assert abs(stats.spearmanr(first, second).statistic) < 0.15  # each repeat errs on its own


@pytest.mark.parametrize(("shares", "counted"), [((0.02, 0.30), True), ((0.30, 0.60), False)])
def test_runs_must_agree_on_no_source_only_where_one_could_be_claimed(prepared, moved, shares, counted):
    """Whether .3 or .6 of the draws have none, nothing is claimed; between .02 and .3 a claim hangs on it."""
    outcomes = []
    for share in shares:
        population = moved.population.copy()
        none = np.arange(population.count.shape[0]) < share * population.count.shape[0]
        population.count[:, 0] = np.where(none, 0, 1)
        outcomes.append(type(moved)(
            population=population, log_evidence=0.0, temper=1.0, stages=1, acceptance=moved.acceptance
        ))  # fmt: skip
    agreement = _agreement(prepared.problem, InferenceSettings(), outcomes)
    assert (agreement.none_gap > LARGEST_NONE_GAP) is counted
