import math

import numpy as np
import pytest
from benchmarks.blind import regressions
from scipy.stats import binomtest

from plumeline.errors import InputError
from plumeline.frames import LocalFrame
from plumeline.simulations.scoring import score_case, summarise, wilson
from plumeline.simulations.towns import ORIGIN

FRAME = LocalFrame(origin=ORIGIN)


def true_source(x, y, *, rate=1e-3, snr=100.0, on=1.0):
    return {"x_m": x, "y_m": y, "rate_kg_s": {"acetone": rate}, "on_share": on, "total_snr": snr}


def reported(x, y, *, radius=20.0, rate=(5e-4, 1e-3, 2e-3)):
    lon, lat = FRAME.to_lonlat(x, y)

    def circle(size):
        angle = np.linspace(0, 2 * np.pi, 60)[:-1]
        ring = FRAME.to_lonlat(x + size * np.cos(angle), y + size * np.sin(angle))
        return {"type": "Polygon", "coordinates": [np.column_stack(ring).tolist()]}

    return {
        "lon": float(lon),
        "lat": float(lat),
        "region_50": circle(radius / 2),
        "region_90": circle(radius),
        "rate_kg_s": {"acetone": list(rate)},
    }


def scored(truth, answer, suite="easy"):
    whole = {"probability_no_source": 0.0, "false_alarm_probability": 0.01, "seconds": 1.0, "sources": answer}
    return score_case(suite, {"name": "case", "sources": truth}, whole, FRAME)


def test_a_near_answer_is_found_and_its_figures_are_right():
    score = scored([true_source(10, 20)], [reported(16, 28)])
    pair = score.pairs[0]
    assert pair.distance_m == pytest.approx(10.0, abs=1e-3)
    assert pair.is_found
    assert pair.in_90
    assert not pair.in_50 or pair.distance_m <= 10.0
    assert pair.area_90_m2 == pytest.approx(math.pi * 400, rel=0.01)
    assert pair.rate_ratio == pytest.approx(1.0)
    assert pair.rate_in_90
    assert (score.found, score.false_sources) == (1, 0)


def test_a_far_answer_is_a_miss_a_false_source_and_counts_against_coverage():
    score = scored([true_source(0, 0)], [reported(200, 0)])
    assert (score.found, score.false_sources) == (0, 1)
    summary = summarise("easy", [score])
    assert summary.cover_90.share == 0.0
    assert summary.detection.share == 0.0
    assert summary.false_alarm.share == 1.0
    assert summary.distances_m == ()


def test_each_reported_source_serves_one_true_source():
    score = scored([true_source(0, 0), true_source(8, 0)], [reported(2, 0)])
    assert score.found == 1
    assert score.false_sources == 0


def test_an_invisible_source_is_no_miss():
    summary = summarise("weak", [scored([true_source(0, 0, snr=1.0)], [])])
    assert summary.detection.trials == 0
    assert math.isnan(summary.detection.share)
    assert summary.detection_all.trials == 1


def test_a_source_that_was_off_is_no_source():
    assert scored([true_source(0, 0, on=0.0)], []).true_count == 0


def test_rate_is_judged_against_the_mean_over_the_flight():
    pair = scored([true_source(0, 0, rate=2e-3, on=0.5)], [reported(0, 0)]).pairs[0]
    assert pair.rate_ratio == pytest.approx(1.0)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (7, 10), (10, 10), (431, 1000)])
def test_wilson_interval_is_scipys(successes, trials):
    found = binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson(successes, trials) == pytest.approx((found.low, found.high), abs=1e-12)


def test_an_answer_without_its_parts_is_refused():
    with pytest.raises(InputError, match="not an answer"):
        score_case("easy", {"name": "case", "sources": []}, {"sources": [{}]}, FRAME)


def suite_counts(found, trials, distances, *, refused=0):
    return {
        "easy": {
            "detection": [found, trials],
            "cover_90": [found, trials],
            "false_alarm": [trials - found, trials],
            "refusals": [refused, trials],
            "distances_m": distances,
        }
    }


def test_the_baseline_check_fails_on_a_real_loss_and_not_on_noise():
    good = suite_counts(38, 40, [3.0, 4.0, 5.0, 6.0] * 5)
    assert regressions(good, good) == []
    assert regressions(good, suite_counts(36, 40, [3.5, 4.2, 5.0, 6.5] * 5)) == []
    worse = regressions(good, suite_counts(15, 40, [30.0, 40.0, 50.0, 60.0] * 5))
    assert len(worse) == 8  # detection, coverage, false alarms, distances; in the suite and over all
    assert regressions(suite_counts(15, 40, [30.0, 40.0] * 5), good) == []


def test_even_the_quick_subset_shows_a_broken_inference():
    good = {suite: suite_counts(4, 4, [5.0] * 4)["easy"] for suite in ("easy", "urban", "empty")}
    refusing = {suite: suite_counts(0, 4, [], refused=4)["easy"] for suite in good}
    assert any("refusals" in line for line in regressions(good, refusing))
    blind = {suite: suite_counts(1, 4, [5.0])["easy"] for suite in good}
    assert any("all suites detection" in line for line in regressions(good, blind))
