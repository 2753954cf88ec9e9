import json
import tomllib
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

from plumeline.errors import ConfigurationError
from plumeline.simulations.naming import answer_to, confusion, shares
from plumeline.simulations.scoring import CaseScore, Naming, Pair, summarise
from plumeline.simulations.visits import UNEXPLAINED
from plumeline.workflows.benchmark import BenchmarkRequest, BenchmarkResult
from plumeline.workflows.benchmark.page import as_plain, benchmark_page
from plumeline.workflows.benchmark.real_sets import rows, stored_figures


def pair(distance_m, *, found=True):
    return Pair(
        distance_m=distance_m,
        is_found=found,
        in_50=distance_m < 5,
        in_90=distance_m < 15,
        area_50_m2=80.0,
        area_90_m2=500.0,
        rate_ratio=1.2,
        rate_in_90=True,
    )


def result():
    scores = [
        CaseScore(
            name=f"flight-{number}",
            suite=suite,
            true_count=int(suite == "easy"),
            visible_count=int(suite == "easy"),
            visible_found=int(suite == "easy"),
            found=int(suite == "easy"),
            reported=1 if suite == "easy" or number == 0 else 0,
            pairs=(pair(3.0 + 4 * number),) if suite == "easy" else (),
            probability_no_source=0.1,
            false_alarm_probability=0.02,
            seconds=9.0,
        )
        for suite in ("easy", "empty")
        for number in range(4)
    ]
    return BenchmarkResult(
        request=BenchmarkRequest(suites=("easy", "empty"), cases=4),
        scores=tuple(scores),
        suites=tuple(
            summarise(suite, [s for s in scores if s.suite == suite]) for suite in ("easy", "empty")
        ),
        simulation_s=2.0,
        simulation_cpu_s=1.0,
        inference_s=60.0,
    )


def test_the_page_shows_shares_with_intervals_and_counts():
    page = benchmark_page(result())
    assert "100 % (51–100, n=4)" in page  # 4 of 4 found: Wilson's lower end is 51 %
    assert "25 % (5–70, n=4)" in page  # 1 of 4 empty cases with a false source
    assert "75 % (30–95, n=4)" in page  # errors of 3, 7, 11 m inside the 90 % region, 15 m outside
    assert page.count("<svg") == 6
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert page == benchmark_page(result())


def test_peers_are_shown_with_their_source():
    text = files("plumeline.workflows.benchmark").joinpath("peers.toml").read_text(encoding="utf-8")
    page = benchmark_page(result())
    for peer in tomllib.loads(text)["peer"]:
        assert set(peer) == {"set", "name", "task", "figures", "source"}
        assert peer["name"] in page


OURS = {
    "aded_surveys": 9.0,
    "aded_cpu_s_mean": 12.0,
    "aded_found": 8 / 9,
    "aded_location_median_m": 7.25,
    "aded_location_p90_m": 11.0,
    "aded_region_90_holds": 0.75,
    "aded_rate_within_2": 0.5,
    "aded_rate_90_holds": 1.0,
    "aded_false_sources_per_survey": 0.25,
    "ginninderra_surveys": 4.0,
}


def test_our_own_figures_on_real_sets_stand_first_beside_the_peers_of_the_set():
    page = benchmark_page(result(), OURS)
    assert "median 7.2 m, p90 11.0 m" in page
    assert "found 89 % (57–98, n=9)" in page  # 8 of 9 releases
    assert "truth in the 90 % region 75 % (41–93, n=8)" in page  # 6 of the 8 that were found
    ours, dlq = page.index("Plumeline (9 releases)"), page.index("DLQ (104")
    assert ours < dlq < page.index("Ginninderra 2015")
    assert "Plumeline (" not in benchmark_page(result(), {})


def test_figures_that_nobody_stored_are_none(tmp_path):
    assert stored_figures(tmp_path / "none.json") == {}
    assert rows({})[0]["set"] == "ADED 2022"


def test_the_baselines_shape_is_plain_json():
    plain = json.loads(json.dumps(as_plain(result())))
    assert plain["easy"]["detection"] == [4, 4]
    assert plain["empty"]["false_alarm"] == [1, 4]
    assert np.allclose(plain["easy"]["distances_m"], [3, 7, 11, 15])


@pytest.mark.parametrize("change", [{"suites": ("nope",)}, {"suites": ()}, {"cases": 0}, {"processes": 0}])
def test_a_wrong_request_is_a_clear_error(change):
    with pytest.raises(ConfigurationError):
        BenchmarkRequest(**change)


def naming(kind, leading, verdict, *, rank=1, is_working=True, state="active"):
    return Naming(kind=kind, leading=leading, verdict=verdict, rank=rank, is_working=is_working, state=state)


NAMINGS = (
    naming(UNEXPLAINED, UNEXPLAINED, "refer"),
    naming(UNEXPLAINED, "bakery", "explained", rank=4, is_working=False),
    naming(UNEXPLAINED, "nothing", "", rank=0, state=""),
    naming("bakery", "bakery", "explained", state="undecided"),
    naming("bakery", "dairy", "explained", rank=0, is_working=False, state="recent"),
    naming("print_shop", UNEXPLAINED, "refer", rank=2),
    naming("nothing", "nothing", "", rank=0, is_working=False, state=""),
)


def test_the_confusion_matrix_counts_every_case_once():
    matrix = confusion(NAMINGS)
    assert sum(count.successes for row in matrix.values() for count in row.values()) == len(NAMINGS)
    assert matrix["unexplained"]["refer"].successes == 1
    assert matrix["unexplained"]["explained, wrong kind"].trials == 3
    assert matrix["business"]["explained, right kind"].successes == 1
    assert matrix["business"]["refer"].successes == 1
    assert matrix["nothing"]["not located"].successes == 1
    assert answer_to(NAMINGS[2]) == "not located"


def test_shares_are_of_the_cases_that_can_be_right():
    found = {what: (count.successes, count.trials) for what, count in shares(NAMINGS).items()}
    assert found["unexplained referred"] == (1, 3)
    assert found["business referred"] == (1, 3)
    assert found["leading kind right"] == (2, 5)  # of the five that were located
    assert found["building first"] == (2, 5)
    assert found["building in first three"] == (3, 5)
    assert found["activity answered"] == (4, 5)
    assert found["activity right when answered"] == (3, 4)


def test_the_page_leads_with_the_confusion_matrix_where_there_is_one():
    plain = result()
    suite = summarise("identification", [])
    with_names = replace(plain, suites=(*plain.suites, replace(suite, namings=NAMINGS)))
    page = benchmark_page(with_names)
    assert page.index("confusion matrix") < page.index("<h2>Suites")
    assert "explained, right kind" in page
    assert page.count("<svg") == 7
    assert as_plain(with_names)["identification"]["confusion"]["business"]["refer"] == 1
    assert "confusion matrix" not in benchmark_page(plain)
