"""The results page of the blind benchmark: one HTML file that needs no network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline import __version__
from plumeline.simulations import SUITES
from plumeline.simulations.naming import ANSWERS, confusion, kinds, shares
from plumeline.simulations.scoring import Count, SuiteScore, quantile
from plumeline.workflows.benchmark.real_sets import rows, stored_figures
from plumeline.workflows.report.charts import Chart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from plumeline.workflows.benchmark.running import BenchmarkResult

NOT_RUN = ("Imaging cubes: see the imaging benchmarks.",)


def benchmark_page(result: BenchmarkResult, ours: Mapping[str, float] | None = None) -> str:
    """Render the page.

    Args:
        result: what came out.
        ours: our own figures on the real sets by name; those of the committed benchmark when None.

    Returns:
        HTML.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 (slow to import)
    from markupsafe import Markup  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader("plumeline.workflows.benchmark"), autoescape=True, undefined=StrictUndefined
    )
    real = stored_figures() if ours is None else ours
    namings = [naming for suite in result.suites for naming in suite.namings]
    return environment.get_template("benchmark.html.j2").render(
        columns=COLUMNS,
        total=len(result.scores),
        seed=result.request.seed,
        processes=result.request.processes,
        simulation_s=f"{result.simulation_s:.0f}",
        inference_s=f"{result.inference_s:.0f}",
        rows=[
            {"suite": suite.suite, "doc": SUITES[suite.suite].doc, "cells": cells(suite)}
            for suite in result.suites
        ],
        charts=[Markup(chart.svg()) for chart in charts(result.suites)],  # noqa: S704 (our own SVG, text escaped)
        answers=ANSWERS,
        confusion=[
            (
                truth,
                [f"{count.successes} – {_share(count)}" if count.trials else "–" for count in row.values()],
            )
            for truth, row in (confusion(namings) if namings else {}).items()
        ],
        kinds=kinds(namings),
        named=[(what, _share(count)) for what, count in shares(namings).items()] if namings else [],
        naming_chart=Markup(_naming_chart(shares(namings)).svg()) if namings else "",  # noqa: S704 (as above)
        not_run=NOT_RUN,
        real=rows(real),
        has_ours=bool(real),
        version=__version__,
    )


COLUMNS = (
    "cases",
    "refused",
    "visible found",
    "all found",
    "cases with a false source",
    "error, median / p90",
    "in 50 %",
    "in 90 %",
    "90 % area, median",
    "rate, median ratio (p10 to p90)",
    "within ×2",
    "rate in 90 %",
    "CPU s per case",
)
"""What the cells of a suite hold."""


def cells(suite: SuiteScore) -> list[str]:
    """A suite's figures as text, in the order of the page's columns.

    Args:
        suite: the suite.

    Returns:
        Cells.
    """
    ratios = suite.rate_ratios
    return [
        str(suite.cases),
        str(suite.refused),
        _share(suite.detection),
        _share(suite.detection_all),
        _share(suite.false_alarm),
        f"{_number(quantile(suite.distances_m, 0.5))} / {_number(quantile(suite.distances_m, 0.9))} m",
        _share(suite.cover_50),
        _share(suite.cover_90),
        f"{_number(quantile(suite.areas_90_m2, 0.5))} m²",
        f"{_number(quantile(ratios, 0.5))} ({_number(quantile(ratios, 0.1))} to {_number(quantile(ratios, 0.9))})",
        _share(suite.within_two),
        _share(suite.rate_cover),
        _number(quantile(suite.seconds, 0.5)),
    ]


def charts(suites: Sequence[SuiteScore]) -> list[Chart]:
    """Detection, errors, coverage and rates as pictures.

    Args:
        suites: the suites.

    Returns:
        Charts.
    """

    def per_suite(title: str, count: Callable[[SuiteScore], Count], wanted: float | None = None) -> Chart:
        return _shares(title, {suite.suite: count(suite) for suite in suites}, wanted)

    return [
        per_suite("Visible sources found, with 95 % interval", lambda suite: suite.detection),
        per_suite("Cases with a false source", lambda suite: suite.false_alarm),
        per_suite("Truth inside the 90 % region", lambda suite: suite.cover_90, 0.9),
        per_suite("Truth inside the 50 % region", lambda suite: suite.cover_50, 0.5),
        _errors(suites),
        _rates(suites),
    ]


def _naming_chart(counts: Mapping[str, Count]) -> Chart:
    return _shares("Kind, building and activity, with 95 % interval", counts, None)


def _shares(title: str, counts: Mapping[str, Count], wanted: float | None) -> Chart:
    chart = Chart(
        width_px=420,
        height_px=70 + 24 * len(counts),
        x_range=(0.0, 1.0),
        y_range=(len(counts) - 0.5, -0.9),
        title=title,
        x_label=title,
        y_ticks=False,
        margins_px=(8.0, 12.0, 40.0, 96.0),
    )
    if wanted is not None:
        chart.upright(wanted, "wanted")
    for row, (name, count) in enumerate(counts.items()):
        level = np.array([row, row], float)
        if count.trials:
            chart.line(np.array(count.interval), level, "span")
            chart.dots(np.array([count.share]), level[:1], "found", radius_px=4)
        chart.text(0.01, row - 0.22, f"{name} ({count.successes} of {count.trials})")
    return chart


def _errors(suites: Sequence[SuiteScore]) -> Chart:
    values = np.sort(np.concatenate([np.array(suite.distances_m, float) for suite in suites]))
    chart = Chart(
        width_px=420,
        height_px=260,
        x_range=(-0.5, 2.5),
        y_range=(0.0, 1.0),
        title="Share of found sources nearer than a distance",
        x_label="distance between truth and answer [m]",
        y_label="share",
        log_x=True,
    )
    if values.size:
        chart.line(np.log10(np.maximum(values, 0.3)), (np.arange(values.size) + 1) / values.size, "step")
    return chart


def _rates(suites: Sequence[SuiteScore]) -> Chart:
    values = np.sort(np.concatenate([np.array(suite.rate_ratios, float) for suite in suites]))
    chart = Chart(
        width_px=420,
        height_px=260,
        x_range=(-2.0, 2.0),
        y_range=(0.0, 1.0),
        title="Reported over true rate of found sources",
        x_label="reported over true mean rate",
        y_label="share below",
        log_x=True,
    )
    chart.upright(0.0, "wanted")
    if values.size:
        chart.line(np.log10(np.clip(values, 0.01, 100.0)), (np.arange(values.size) + 1) / values.size, "step")
    return chart


def _share(count: Count) -> str:
    if not count.trials:
        return "–"
    low, high = count.interval
    return f"{100 * count.share:.0f} % ({100 * low:.0f}–{100 * high:.0f}, n={count.trials})"


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.3g}"


def as_plain(result: BenchmarkResult) -> dict[str, Any]:
    """Counts and values per suite for JSON: what the baseline holds.

    Args:
        result: what came out.

    Returns:
        Plain values by suite.
    """
    return {suite.suite: plain_suite(suite) for suite in result.suites}


def plain_suite(suite: SuiteScore) -> dict[str, Any]:
    """One suite's counts and values for JSON.

    Args:
        suite: the suite.

    Returns:
        Plain values.
    """
    counts = ("detection", "detection_all", "false_alarm", "cover_50", "cover_90", "rate_cover", "within_two")
    plain: dict[str, Any] = {
        name: [getattr(suite, name).successes, getattr(suite, name).trials] for name in counts
    }
    plain["refusals"] = [suite.refused, suite.cases]
    for name in ("distances_m", "areas_90_m2", "rate_ratios", "seconds"):
        plain[name] = [float(f"{value:.4g}") for value in getattr(suite, name)]
    if suite.namings:
        plain["naming"] = {
            what: [count.successes, count.trials] for what, count in shares(suite.namings).items()
        }
        plain["confusion"] = {
            truth: {said: count.successes for said, count in row.items()}
            for truth, row in confusion(suite.namings).items()
        }
    return plain | {"cases": suite.cases}
