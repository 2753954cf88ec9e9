from pathlib import Path

import numpy as np
from benchmarks.blind_docs import NOT_RUN, PAGE, section, stored, written

from benchmarks import blind
from plumeline.simulations.naming import ANSWERS
from plumeline.simulations.scoring import CaseScore, Naming, Pair, summarise
from plumeline.simulations.visits import UNEXPLAINED
from plumeline.workflows.benchmark import BenchmarkRequest, BenchmarkResult


def score(number, suite, naming=None):
    pair = Pair(
        distance_m=5.0 + number, is_found=True, in_50=number < 2, in_90=True, area_50_m2=50.0, area_90_m2=400.0,
        rate_ratio=0.8, rate_in_90=True,
    )  # fmt: skip
    return CaseScore(
        name=f"flight-{number}", suite=suite, true_count=1, visible_count=1, visible_found=1, found=1, reported=1,
        pairs=(pair,), probability_no_source=0.0, false_alarm_probability=0.0, seconds=4.0, naming=naming,
    )  # fmt: skip


def result():
    namings = [
        Naming(
            kind=UNEXPLAINED, leading=UNEXPLAINED, verdict="refer", rank=1, is_working=True, state="active"
        ),
        Naming(
            kind=UNEXPLAINED, leading="bakery", verdict="explained", rank=2, is_working=True, state="active"
        ),
        Naming(kind="bakery", leading="bakery", verdict="explained", rank=0, is_working=False, state="cold"),
    ]
    easy = [score(number, "easy") for number in range(4)]
    named = [score(number, "identification", naming) for number, naming in enumerate(namings)]
    return BenchmarkResult(
        request=BenchmarkRequest(suites=("easy", "identification"), cases=4, seed=7),
        scores=(*easy, *named),
        suites=(summarise("easy", easy), summarise("identification", named)),
        simulation_s=9.0,
        simulation_cpu_s=3.5,
        inference_s=30.0,
    )


def test_the_page_says_what_the_stored_run_found():
    figures = blind._figures(result())
    text = section({
        "figures": figures.figures,
        "table": figures.table,
        "seeds": figures.seeds,
        "commit": "abc",
    })
    assert "7 cases, seeds from 7, code at abc" in text
    assert "| unexplained | 1 of 2 (9–91 %) | 0 of 2 (0–66 %) | 1 of 2 (9–91 %) |" in text
    assert "building first 1 of 3 (6–79 %)" in text
    # 3.5 s of simulation over 7 cases and 4 s of inference each: 4.5 s, 37.5 min per 1,000 on two cores.
    assert "4.5 s of processor time, 0.5 s of it for the simulation: 38 min per 1,000" in text
    assert "missed" in text
    row = next(line for line in text.splitlines() if line.startswith("| easy |"))
    assert "| 100 % (51–100, n=4) |" in row
    assert row.count("|") == len(figures.table[0]) + 1


def test_figures_of_the_confusion_matrix_are_finite_numbers():
    figures = blind._figures(result()).figures
    assert all(np.isfinite(list(figures.values())))
    assert sum(figures[f"identification_confusion_unexplained_{answer}"] for answer in ANSWERS) == 1.0


def test_the_documentation_holds_the_stored_run():
    page = Path(PAGE).read_text(encoding="utf-8")
    assert page == written(page, stored()), "write it again: python -m benchmarks.blind_docs"
    assert stored() is not None or NOT_RUN in page
