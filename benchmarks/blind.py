"""The blind benchmark: nine seeded suites, truth sealed from the inference process; `--compare` against the baseline.

Seeds from 1,000,000 are kept for reporting: nothing is calibrated on them. `--compare` runs the baseline's own suites and
fails when detection, coverage, false alarms or refusals are worse than the stored counts beyond chance (one-sided Fisher
test, p < 0.01), or the errors are greater (one-sided Mann-Whitney, p < 0.01). Nothing that it compares depends on how fast
the machine is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from benchmarks.results import Figures
from plumeline.errors import PlumelineError
from plumeline.simulations.naming import confusion, shares
from plumeline.simulations.scoring import quantile
from plumeline.workflows.benchmark import BenchmarkRequest, BenchmarkResult, run_benchmark
from plumeline.workflows.benchmark.page import COLUMNS, as_plain, benchmark_page, cells

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

BASELINE = Path(__file__).parent / "baselines" / "blind.json"
QUICK = ("easy", "urban", "empty")
QUICK_SEED, QUICK_CASES = 2_000_000, 4
NOISE_P = 0.01
WORSE_WHEN: dict[str, Literal["less", "greater"]] = {
    "detection": "less",
    "cover_90": "less",
    "false_alarm": "greater",
    "refusals": "greater",
}
"""Which way each count gets worse."""


COUNTS = {
    "detection_visible": "detection",
    "detection_all": "detection_all",
    "false_case_share": "false_alarm",
    "cover_50": "cover_50",
    "cover_90": "cover_90",
    "rate_within_2": "within_two",
    "rate_cover_90": "rate_cover",
}
"""Figure to the count of a suite that it is the share of."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=int, default=10, help="cases per suite")
    parser.add_argument("--suites", nargs="*", default=list(BenchmarkRequest().suites))
    parser.add_argument("--seed", type=int, default=BenchmarkRequest().seed)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--page", type=Path, help="write the results page here")
    parser.add_argument("--quick", action="store_true", help="the small subset that CI runs")
    parser.add_argument(
        "--write-baseline", action="store_true", help="store this run as the baseline of its suites"
    )
    parser.add_argument(
        "--compare", action="store_true", help="fail when worse than the baseline beyond noise"
    )


def run(options: argparse.Namespace) -> Figures:
    request = BenchmarkRequest(
        suites=QUICK if options.quick else tuple(options.suites),
        cases=QUICK_CASES if options.quick else options.cases,
        seed=QUICK_SEED if options.quick else options.seed,
        processes=options.processes,
    )
    result = run_benchmark(request)
    plain = as_plain(result)
    if options.write_baseline:
        stored = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
        BASELINE.parent.mkdir(exist_ok=True)
        BASELINE.write_text(json.dumps(stored | plain, indent=1, sort_keys=True) + "\n")
    if options.compare and not BASELINE.exists():
        raise PlumelineError(
            "there is no stored baseline",
            where=str(BASELINE),
            remedy="make one: python -m benchmarks blind --quick --write-baseline",
        )
    if options.compare:
        worse = regressions(json.loads(BASELINE.read_text()), plain)
        if worse:
            raise PlumelineError("worse than the stored baseline beyond noise: " + "; ".join(worse))
    if options.page is not None:
        options.page.write_text(benchmark_page(result), encoding="utf-8")
    return _figures(result)


def regressions(baseline: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What got worse beyond chance, per suite that stands in both."""
    from scipy.stats import fisher_exact, mannwhitneyu  # noqa: PLC0415 (slow to import)

    worse = []
    shared = sorted(set(baseline) & set(now))
    before_all, after_all = ({name: now_or_then[name] for name in shared} for now_or_then in (baseline, now))
    pools = [(name, baseline[name], now[name]) for name in shared]
    for suite, before, after in [*pools, ("all suites", _pooled(before_all), _pooled(after_all))]:
        for name, bad in WORSE_WHEN.items():
            (k0, n0), (k1, n1) = before[name], after[name]
            p = float(fisher_exact(np.array([[k1, n1 - k1], [k0, n0 - k0]]), alternative=bad).pvalue)
            if p < NOISE_P:
                worse.append(f"{suite} {name} {k0}/{n0} -> {k1}/{n1} (p = {p:.1e})")
        if min(len(before["distances_m"]), len(after["distances_m"])) >= 4:
            p = float(mannwhitneyu(after["distances_m"], before["distances_m"], alternative="greater").pvalue)
            if p < NOISE_P:
                worse.append(f"{suite} distances are greater (p = {p:.1e})")
    return worse


def _pooled(suites: Mapping[str, Any]) -> dict[str, Any]:
    """Counts and distances of several suites together: small suites cannot show a loss alone."""
    pooled: dict[str, Any] = {
        name: [sum(suite[name][k] for suite in suites.values()) for k in range(2)] for name in WORSE_WHEN
    }
    return pooled | {"distances_m": [value for suite in suites.values() for value in suite["distances_m"]]}


def _figures(result: BenchmarkResult) -> Figures:
    figures: dict[str, float] = {}
    for suite in result.suites:
        values: dict[str, float] = {
            "cases": float(suite.cases),
            "refused": float(suite.refused),
            "median_m": quantile(suite.distances_m, 0.5),
            "p90_m": quantile(suite.distances_m, 0.9),
            "median_area_90_m2": quantile(suite.areas_90_m2, 0.5),
            "rate_median_ratio": quantile(suite.rate_ratios, 0.5),
            "rate_p10_ratio": quantile(suite.rate_ratios, 0.1),
            "rate_p90_ratio": quantile(suite.rate_ratios, 0.9),
            "seconds": quantile(suite.seconds, 0.5),
        }
        counts = {name: getattr(suite, field) for name, field in COUNTS.items()}
        if suite.namings:
            counts |= {what.replace(" ", "_"): count for what, count in shares(suite.namings).items()}
            counts |= {
                f"confusion_{truth}_{answer}": count
                for truth, row in confusion(suite.namings).items()
                for answer, count in row.items()
            }
        for name, count in counts.items():
            values |= {name: count.share, f"{name}_of": float(count.trials)}
        figures |= {f"{suite.suite}_{name}": value for name, value in values.items()}
    pairs = [pair for score in result.scores for pair in score.pairs]
    count = len(result.scores)
    # The median leaves out the first case, which pays for compilation.
    cpu_s = result.simulation_cpu_s / count + quantile([score.seconds for score in result.scores], 0.5)
    figures |= {
        "all_cover_90": float(np.mean([pair.in_90 for pair in pairs])) if pairs else float("nan"),
        "all_cover_50": float(np.mean([pair.in_50 for pair in pairs])) if pairs else float("nan"),
        "simulation_cpu_s_per_case": result.simulation_cpu_s / count,
        "cpu_s_per_case": cpu_s,
        # Two cores; processor time, because the wall time of a shared machine says nothing.
        "minutes_per_1000_cases": cpu_s * 1000.0 / 60.0 / 2.0,
        "wall_minutes_of_this_run": (result.simulation_s + result.inference_s) / 60.0,
        "cases": float(count),
    }
    return Figures(
        figures={name: value for name, value in figures.items() if np.isfinite(value)},
        table=[
            {"suite": suite.suite} | dict(zip(COLUMNS, cells(suite), strict=True)) for suite in result.suites
        ],
        seeds=[result.request.seed],
    )
