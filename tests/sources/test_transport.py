"""Puffs and towns in the inversion: limits against the plume, and what only the wind's history explains."""

import numpy as np
import pytest

from plumeline.atmosphere.plume_rows import Air, point_couplings
from plumeline.errors import ConfigurationError
from plumeline.sources import InferenceSettings
from plumeline.sources.likelihood import column
from plumeline.sources.prepare import prepare
from plumeline.sources.problem import undisturbed
from surveys import flight, survey_of

PUFF = InferenceSettings(transport="puff")


def couplings(survey, source, settings, *, theta=None, detour=0.0):
    problem = prepare(survey, settings).problem
    out = np.zeros((2, problem.row_start.size - 1), np.float32)
    stretches = problem.stretch_row.size - 1
    way = np.tile([detour, 0.0], (stretches, 1))
    own = undisturbed(problem) if theta is None else theta
    own[5] = -10.0  # a fast sensor
    column(problem, np.array(source), own, way, 0, stretches, out)
    return out.astype(float)


def straight(n=200, wind=(3.0, 0.0), **options):
    """A leg across a steady wind, 60 m downwind of the origin."""
    y = np.linspace(-30, 30, n)
    return survey_of(
        np.full(n, 60.0), y, np.full(n, 4.0), np.full(n, 1e-6), wind, seconds=np.arange(n), **options
    )


@pytest.mark.parametrize("detour", [0.0, 0.2])
@pytest.mark.parametrize("log_factor", [0.0, 0.3])
def test_in_a_steady_wind_puffs_are_the_plume(detour, log_factor):
    theta = np.array([0.2, -0.1, 0.1, log_factor, 0.0, 0.0])
    source = (0.0, 0.0, 1.0)
    plume = couplings(straight(), source, InferenceSettings(), theta=theta.copy(), detour=detour)
    puffs = couplings(straight(), source, PUFF, theta=theta.copy(), detour=detour)
    # Off the axis puffs also spread along the wind, which the plume leaves out: by the square of the angle.
    assert puffs[0] == pytest.approx(plume[0], rel=0.03, abs=0.02 * plume[0].max())


def test_gas_that_left_before_the_wind_turned_is_where_it_was_blown():
    # Wind to the east for 100 s, then to the north; 20 s after, gas is still in the east, which the plume denies.
    n = 120
    seconds = np.arange(n)
    wind = np.where((seconds < 100)[:, None], [3.0, 0.0], [0.0, 3.0])
    x, y = np.full(n, 150.0), np.where(seconds < 100, 0.0, 60.0)
    survey = survey_of(x, y, np.full(n, 4.0), np.full(n, 1e-6), wind, seconds=seconds)
    exact = InferenceSettings(transport="puff", max_rows=10_000)
    late = couplings(survey, (0.0, 0.0, 1.0), exact)[0][-1]
    early = couplings(survey, (0.0, 0.0, 1.0), exact)[0][0]
    assert late > 0.3 * early  # 20 s of 3 m/s carried the cloud 60 m north as a whole
    assert couplings(survey, (0.0, 0.0, 1.0), InferenceSettings(max_rows=10_000))[0][-1] < 1e-3 * late


def test_an_unknown_transport_is_refused():
    with pytest.raises(ConfigurationError, match="smoke"):
        InferenceSettings(transport="smoke")


def test_a_town_widens_sources_near_by_and_leaves_far_ones():
    town = InferenceSettings(urban=True, building_height_m=12.0, building_width_m=20.0).in_town()
    assert (town.source_width_m, town.source_depth_m) == pytest.approx((7.0, 8.4))
    open_ = InferenceSettings()
    for distance, low, high in ((20.0, 0.0, 0.3), (4000.0, 0.9, 1.001)):
        place = (60.0 - distance, 0.0, 4.0)
        ratio = couplings(straight(), place, town)[0].max() / couplings(straight(), place, open_)[0].max()
        assert low < ratio < high


def test_a_town_carries_the_same_gas_through_a_plane():
    # The integral of coupling times wind over a plane across the wind is one, however wide the wake.
    y, z = np.meshgrid(np.linspace(-120, 120, 121), np.linspace(0.5, 80, 80))
    n = y.size
    survey = survey_of(
        np.full(n, 60.0), y.ravel(), z.ravel(), np.full(n, 1e-6), (3.0, 0.0), seconds=np.arange(n),
        sensor=np.arange(n) % 40,
    )  # fmt: skip
    town = InferenceSettings(urban=True, max_rows=100_000).in_town()
    problem = prepare(survey, town, 0.0).problem
    assert problem.depth_m > problem.width_m > 3.0
    through = couplings_by_element(problem, (0.0, 0.0, 1.0)).sum() * 2.0 * (79.5 / 79) * 3.0
    assert through == pytest.approx(1.0, rel=0.02)


def couplings_by_element(problem, source):

    out = np.zeros((2, problem.elements.shape[1]), np.float32)
    air = Air(1.0, 1.0, 0.1, 200.0, 100.0, problem.width_m**2, problem.depth_m**2, np.inf)
    bounds, heading = np.array([0, out.shape[1]]), np.array([[1.0, 0.0, 1.0]])
    point_couplings(problem.elements, bounds, source, heading, air, out, 0)
    return out[0].astype(float)


def test_a_town_is_less_sure_of_its_wind():
    open_, town = (prepare(flight(), one.in_town()).priors for one in (
        InferenceSettings(), InferenceSettings(urban=True)))  # fmt: skip
    assert (town.theta_sd >= open_.theta_sd).all()
    assert (town.theta_sd[2:4] > open_.theta_sd[2:4]).all()
    assert (town.detour_sd > open_.detour_sd).all()


def test_no_town_changes_nothing():
    assert InferenceSettings(building_height_m=50.0).in_town() == InferenceSettings(building_height_m=50.0)
