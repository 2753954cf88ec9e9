"""Pictures of the posterior: number of sources, rate and height."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely

from plumeline.workflows.report.charts import Chart, padded
from plumeline.workflows.report.panels import PANEL_PX, Panel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from plumeline.sources import SourceEstimate, SourceReport

    Floats = NDArray[np.float64]


def posterior_panels(report: SourceReport, words: Mapping[str, str]) -> list[Panel]:
    """How many sources, and rate and height of each reported one.

    Args:
        report: what an inversion says.
        words: the report's texts.

    Returns:
        Panels.
    """
    panels = [_count_panel(report, words)]
    for source in report.sources:
        near = _draws_near(report, source)
        if near.sum() < 10:
            continue
        for index, name in enumerate(str(s) for s in report.posterior["species"].to_numpy()):
            rate = 1e3 * report.posterior["rate"].to_numpy()[..., index][near]
            said = source.rate_kg_s[name]
            limits = (1e3 * said.low, 1e3 * said.median, 1e3 * said.high)
            panels.append(_rate_panel(f"{source.label}: {name}", rate, limits, words))
        height = report.posterior["z"].to_numpy()[near]
        up = source.height_m
        title, limits = f"{source.label}: {words['height']}", (up.low, up.median, up.high)
        panels.append(_histogram(title, height, limits, words["height_axis"], words))
    return panels


def _draws_near(report: SourceReport, source: SourceEstimate) -> NDArray[np.bool_]:
    """Which (draw, slot) pairs belong to a source: those inside its 90 % region."""
    x_m, y_m = (report.posterior[name].to_numpy() for name in "xy")
    return np.asarray(
        shapely.contains_xy(source.region_90.shape, np.nan_to_num(x_m, nan=1e9), np.nan_to_num(y_m, nan=1e9))
    )


def _count_panel(report: SourceReport, words: Mapping[str, str]) -> Panel:
    chances = np.array(report.source_count_probability, float)
    chart = Chart(
        width_px=PANEL_PX[0],
        height_px=PANEL_PX[1],
        x_range=(-0.6, max(chances.size, 2) - 0.4),
        y_range=(0.0, 1.0),
        title=words["count_title"],
        x_label=words["count_axis"],
        y_label=words["probability"],
    )
    for number, chance in enumerate(chances):
        chart.bars(np.array([number - 0.35, number + 0.35]), np.array([chance]), "bar")
        chart.text(number, min(chance + 0.03, 0.93), f"{chance:.2f}", "note middle")
    return Panel(title=words["count_title"], svg=chart.svg())


def _rate_panel(
    title: str, rate_g_s: Floats, limits_g_s: tuple[float, float, float], words: Mapping[str, str]
) -> Panel:
    logs = np.log10(rate_g_s[rate_g_s > 0])
    if logs.size < 10 or limits_g_s[0] <= 0:
        return _histogram(title, rate_g_s, limits_g_s, words["rate_axis"], words, unit="g/s")
    low, median, high = np.log10(limits_g_s)
    span = (float(min(logs.min(), low - 0.4)), float(max(logs.max(), high + 0.4)))
    span = (math.floor(2 * span[0]) / 2, math.ceil(2 * span[1]) / 2)
    edges = np.linspace(*span, 41)
    heights = np.histogram(logs, edges)[0].astype(float)
    chart = Chart(
        width_px=PANEL_PX[0],
        height_px=PANEL_PX[1],
        x_range=span,
        y_range=(0.0, 1.12 * heights.max()),
        title=f"{title}: {words['rate_title']}",
        x_label=words["rate_axis"],
        log_x=True,
        y_ticks=False,
        margins_px=(10.0, 14.0, 40.0, 16.0),
    )
    chart.bars(edges, heights, "bar")
    for value, css in ((low, "limit"), (median, "middle-line"), (high, "limit")):
        chart.upright(float(value), css)
    caption = words["interval_caption"].format(
        median=f"{10**median:.2g}", low=f"{10**low:.2g}", high=f"{10**high:.2g}", unit="g/s"
    )
    return Panel(title=title, svg=chart.svg(), caption=caption)


def _histogram(
    title: str,
    values: Floats,
    limits: tuple[float, float, float],
    axis: str,
    words: Mapping[str, str],
    *,
    unit: str = "m",
) -> Panel:
    finite = values[np.isfinite(values)]
    span = padded(finite, share=0.03)
    edges = np.linspace(*span, 36)
    heights = np.histogram(finite, edges)[0].astype(float)
    chart = Chart(
        width_px=PANEL_PX[0],
        height_px=PANEL_PX[1],
        x_range=span,
        y_range=(0.0, max(1.12 * heights.max(), 1.0)),
        title=title,
        x_label=axis,
        y_ticks=False,
        margins_px=(10.0, 14.0, 40.0, 16.0),
    )
    chart.bars(edges, heights, "bar")
    low, median, high = limits
    for value, css in ((low, "limit"), (median, "middle-line"), (high, "limit")):
        chart.upright(float(value), css)
    caption = words["interval_caption"].format(
        median=f"{median:.2g}", low=f"{low:.2g}", high=f"{high:.2g}", unit=unit
    )
    return Panel(title=title, svg=chart.svg(), caption=caption)
