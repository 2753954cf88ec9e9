import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from plumeline.errors import ConfigurationError
from plumeline.sources import InferenceSettings
from plumeline.sources.likelihood import _t_cdf
from plumeline.sources.prepare import prepare
from plumeline.sources.problem import normal, uniform
from plumeline.sources.regions import highest_density_region, relabel
from plumeline.sources.smc import _next_step, systematic
from surveys import survey_of


def stream(seed):
    return np.array([seed], np.uint64)


def test_uniform_and_normal_numbers_are_what_they_say():
    rng = stream(7)
    u = np.array([uniform(rng) for _ in range(20_000)])
    n = np.array([normal(rng) for _ in range(20_000)])
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert stats.kstest(n, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.03


@given(st.floats(-30, 30), st.sampled_from([3.0, 4.0, 7.0, 30.0]))
def test_t_distribution_agrees_with_scipy(t, dof):
    assert _t_cdf(t, dof) == pytest.approx(stats.t.cdf(t, dof), abs=2e-3)


def test_resampling_keeps_the_weights_shares():
    weight = np.random.default_rng(2).random(200)
    taken = np.bincount(systematic(weight, np.random.default_rng(0)), minlength=200)
    expected = weight / weight.sum() * 200
    assert np.all(np.abs(taken - expected) < 1.0)


def test_a_tempering_step_keeps_the_wanted_share():
    log_like = np.random.default_rng(1).normal(0, 50, 500)
    step = _next_step(log_like, 1.0, 0.6)
    weight = np.exp(step * (log_like - log_like.max()))
    assert weight.sum() ** 2 / (500 * np.sum(weight**2)) == pytest.approx(0.6, abs=0.01)


def test_labels_follow_places():
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [50.0, 10.0], [-30.0, 60.0]])
    places = centres + rng.normal(0, 3, (200, 3, 2))
    rates = np.array([3.0, 2.0, 1.0]) * rng.lognormal(0, 0.8, (200, 3))
    shuffle = np.array([rng.permutation(3) for _ in range(200)])
    shuffled = np.take_along_axis(places, shuffle[:, :, None], axis=1)
    order = relabel(shuffled, np.take_along_axis(rates, shuffle, axis=1))
    back = np.take_along_axis(shuffled, order[:, :, None], axis=1)
    np.testing.assert_allclose(back.mean(axis=0), centres, atol=1.5)


def test_region_of_normal_draws_has_the_normal_area():
    points = np.random.default_rng(3).normal(0, 10, (1500, 2))
    region = highest_density_region(points, 0.9)
    assert region.area_m2 == pytest.approx(np.pi * 100 * stats.chi2.ppf(0.9, 2), rel=0.25)
    fresh = shapely.points(np.random.default_rng(4).normal(0, 10, (4000, 2)))
    assert np.mean(shapely.covers(region.shape, fresh)) == pytest.approx(0.9, abs=0.04)


@pytest.mark.parametrize(("ratio", "degrees"), [(5, 45), (10, 30)])
def test_a_long_oblique_region_is_no_larger_than_it_must_be(ratio, degrees):
    areas, held = [], []
    turn = np.radians(degrees)
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    for seed in range(8):
        rng = np.random.default_rng(seed)
        draws, others = ((rng.standard_normal((600, 2)) * [10.0 * ratio, 10.0]) @ axes.T for _ in range(2))
        region = highest_density_region(draws, 0.9)
        areas.append(region.area_m2)
        held.append(shapely.contains_xy(region.shape, others[:, 0], others[:, 1]).mean())
    exact = -2.0 * np.log(0.1) * np.pi * 10.0 * 10.0 * ratio
    assert np.mean(areas) == pytest.approx(exact, rel=0.1)
    assert np.mean(held) == pytest.approx(0.9, abs=0.03)


def test_two_far_clouds_give_two_pieces():
    rng = np.random.default_rng(5)
    points = np.vstack([rng.normal(0, 2, (300, 2)), rng.normal(60, 2, (300, 2))])
    assert len(highest_density_region(points, 0.9).shape.geoms) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"particles": 0},
        {"prior_no_source": 1.0},
        {"dof": 1.0},
        {"rate_median_kg_s": float("nan")},
        {"seed": -1},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigurationError):
        InferenceSettings(**wrong)


def test_a_wind_without_a_stated_error_is_not_taken_as_perfect():
    n = 60

    def widest(sigma):
        survey = survey_of(
            np.zeros(n),
            np.zeros(n),
            np.full(n, 2.0),
            np.full(n, 1e-6),
            (3.0, 0.0),
            seconds=np.arange(n) * 60.0,
        )
        survey.in_situ["wind_sigma"][:] = sigma
        survey.in_situ["averaging_time"] = ("reading", np.full(n, 60.0), {"units": "s"})
        return prepare(survey, InferenceSettings()).problem.elements[6].max()

    assert widest(np.nan) > widest(0.0)
