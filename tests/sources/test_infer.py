import numpy as np
import pytest
import shapely

from plumeline.errors import CalmWindError, InputError
from plumeline.observations import Quality
from plumeline.sources import InferenceSettings, infer
from plumeline.sources.detectability import HIGHEST_KG_S
from surveys import flight, survey_of

QUICK = InferenceSettings(particles=160, sweeps=3, null_draws=12)


@pytest.fixture(scope="module")
def report():
    return infer(flight(), QUICK)


def test_a_strong_source_is_found_where_it_is(report):
    assert report.probability_no_source < 1e-3
    assert report.log10_bayes_factor > 3
    (source,) = report.sources
    assert np.hypot(source.x_m - 20.0, source.y_m + 30.0) < 25.0
    assert source.region_90.shape.covers(shapely.Point(20.0, -30.0))
    rate = source.rate_kg_s["methane"]
    assert rate.low < 3e-4 < rate.high


def test_regions_nest_and_hold_their_share_of_the_draws(report):
    (source,) = report.sources
    assert 0 < source.region_50.area_m2 < source.region_90.area_m2
    draws = report.posterior.where(report.posterior.source_count == 1, drop=True)
    points = shapely.points(draws["x"].to_numpy()[:, 0], draws["y"].to_numpy()[:, 0])
    for region in (source.region_50, source.region_90):
        assert np.mean(shapely.covers(region.shape, points)) == pytest.approx(region.probability, abs=0.08)


def test_same_seed_same_answer_and_another_seed_another(report):
    again = infer(flight(), QUICK)
    np.testing.assert_array_equal(again.posterior["x"], report.posterior["x"])
    assert again.false_alarm_probability == report.false_alarm_probability
    other = infer(flight(), InferenceSettings(particles=160, sweeps=3, null_draws=12, seed=2))
    assert not np.array_equal(other.posterior["x"], report.posterior["x"])


def test_turning_and_moving_the_world_moves_the_answer_along(report):
    turn, shift = 1.1, np.array([500.0, -200.0])
    moved = infer(flight(turn=turn, shift=shift), QUICK)
    c, s = np.cos(turn), np.sin(turn)
    expected = np.array([c * 20 + s * 30, s * 20 - c * 30]) + shift
    (source,) = moved.sources
    assert np.hypot(source.x_m - expected[0], source.y_m - expected[1]) < 30.0
    assert source.region_90.shape.covers(shapely.Point(*expected))


def test_no_source_claims_none_and_says_what_could_be_seen():
    report = infer(flight(rate=0.0), QUICK)
    assert report.sources == ()
    assert report.probability_no_source > 0.3
    seen = report.detectability["minimum_detectable_rate"].to_numpy()
    assert np.nanmin(seen) < 3e-4
    assert np.isinf(seen).any()  # downwind of the whole track nothing can be seen
    assert seen[np.isfinite(seen)].max() <= HIGHEST_KG_S  # a limit no source reaches is no limit


def test_the_detection_limit_is_about_where_detection_begins():
    limit = infer(flight(rate=0.0), QUICK).detectability["minimum_detectable_rate"].isel(species=0)
    here = float(limit.sel(x=20.0, y=-30.0, method="nearest"))
    assert infer(flight(rate=10 * here), QUICK).probability_no_source < 0.1
    assert infer(flight(rate=here / 30), QUICK).probability_no_source > 0.1


def test_twice_the_rate_gives_about_twice_the_answer(report):
    double = infer(flight(rate=6e-4), QUICK)
    once, twice = report.sources[0].rate_kg_s["methane"], double.sources[0].rate_kg_s["methane"]
    assert twice.low < 6e-4 < twice.high
    assert 1.3 < twice.median / once.median < 3.0
    assert twice.low > once.low
    assert twice.high > once.high


def test_calm_is_refused():
    with pytest.raises(CalmWindError, match="more wind"):
        infer(flight(wind=(0.1, 0.1)), QUICK)


def test_a_survey_of_flagged_readings_is_refused_with_the_reason():
    bad = flight()
    bad.in_situ["quality"][:] = int(Quality.DROPOUT)
    with pytest.raises(InputError, match="flagged"):
        infer(bad, QUICK)


def test_non_detects_are_limits_not_zeros():
    survey = flight(rate=0.0)
    survey.in_situ["quality"][:] = int(Quality.BELOW_DETECTION)
    survey.in_situ["detection_limit"][:] = 1e-7
    report = infer(survey, QUICK)
    assert report.sources == ()
    assert np.isfinite(report.probability_no_source)


def test_a_sensor_that_never_changes_gives_no_source():
    n = 300
    survey = survey_of(
        np.linspace(0, 100, n),
        np.zeros(n),
        np.full(n, 5.0),
        np.full(n, 1e-6),
        (3.0, 0.0),
        seconds=np.arange(n),
    )
    assert infer(survey, QUICK).sources == ()


def test_progress_runs_from_start_to_end():
    seen = []
    infer(flight(), QUICK, progress=lambda share, text: seen.append((share, text)))
    shares = [share for share, _ in seen]
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert shares == sorted(shares)


def test_the_predicted_band_holds_about_nine_readings_of_ten(report):
    fit = report.fit
    inside = (fit["observed"] >= fit["predicted_low"]) & (fit["observed"] <= fit["predicted_high"])
    assert 0.8 < float(inside.mean()) <= 1.0
