"""Pictures of what is left over: distribution, quantiles, and neighbours in time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from plumeline.workflows.report.charts import Chart
from plumeline.workflows.report.panels import PANEL_PX, Panel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from plumeline.sources import SourceReport

    Floats = NDArray[np.float64]


def residual_panels(report: SourceReport, words: Mapping[str, str]) -> list[Panel]:
    """Whether what is left looks like noise: its distribution, quantiles, and neighbours in time.

    Args:
        report: what an inversion says.
        words: the report's texts.

    Returns:
        Panels.
    """
    residual = report.fit["standard_residual"].to_numpy()
    residual = residual[np.isfinite(residual)]
    if residual.size < 5:
        return []
    return [_residual_histogram(residual, words), _quantile_plot(residual, words), _lag_plot(report, words)]


def _residual_histogram(residual: Floats, words: Mapping[str, str]) -> Panel:
    edges = np.linspace(-4.5, 4.5, 37)
    heights = np.histogram(np.clip(residual, -4.49, 4.49), edges)[0] / (residual.size * (edges[1] - edges[0]))
    at = np.linspace(-4.5, 4.5, 121)
    normal = np.exp(-0.5 * at**2) / math.sqrt(2 * math.pi)
    chart = Chart(
        width_px=PANEL_PX[0],
        height_px=PANEL_PX[1],
        x_range=(-4.5, 4.5),
        y_range=(0.0, 1.15 * max(float(heights.max()), 0.4)),
        title=words["residual_histogram"],
        x_label=words["residual_axis"],
        y_ticks=False,
        margins_px=(10.0, 14.0, 40.0, 16.0),
    )
    chart.bars(edges, heights, "bar")
    chart.line(at, normal, "fit")
    beyond = float((np.abs(residual) > 2).mean())
    return Panel(
        title=words["residual_histogram"],
        svg=chart.svg(),
        caption=words["residual_histogram_caption"].format(share=f"{100 * beyond:.1f}"),
    )


def _quantile_plot(residual: Floats, words: Mapping[str, str]) -> Panel:
    kept = np.sort(residual)
    wanted = ndtri((np.arange(kept.size) + 0.5) / kept.size)
    step = max(1, kept.size // 400)
    chart = Chart(
        width_px=PANEL_PX[0],
        height_px=PANEL_PX[1],
        x_range=(-4.0, 4.0),
        y_range=(-5.0, 5.0),
        title=words["quantile_title"],
        x_label=words["quantile_axis"],
        y_label=words["residual_axis"],
    )
    chart.line(np.array([-5.0, 5.0]), np.array([-5.0, 5.0]), "fit")
    chart.dots(wanted[::step], np.clip(kept[::step], -5, 5), "observed")
    return Panel(title=words["quantile_title"], svg=chart.svg(), caption=words["quantile_caption"])


def _lag_plot(report: SourceReport, words: Mapping[str, str]) -> Panel:
    """Correlation of each residual with those that follow it, over all sensors."""
    fit = report.fit
    keys = np.char.add(
        fit["sensor_label"].to_numpy().astype(str), fit["species_label"].to_numpy().astype(str)
    )
    lags = np.arange(1, 13)
    total, weight = np.zeros(lags.size), np.zeros(lags.size)
    for key in np.unique(keys):
        rows = np.flatnonzero(keys == key)
        values = fit["standard_residual"].to_numpy()[
            rows[np.argsort(fit["time"].to_numpy()[rows], kind="stable")]
        ]
        values = np.clip(np.nan_to_num(values), -5, 5)
        values = values - values.mean()
        for index, lag in enumerate(lags):
            if values.size > lag and values.any():
                total[index] += float((values[lag:] * values[:-lag]).sum())
                weight[index] += float((values**2).sum()) * (values.size - lag) / values.size
    correlation = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    limit = 1.96 / math.sqrt(max(fit.sizes["reading"], 1))
    chart = Chart(
        width_px=PANEL_PX[0],
        height_px=PANEL_PX[1],
        x_range=(0.2, 12.8),
        y_range=(min(-0.3, float(correlation.min()) - 0.05), max(1.0, float(correlation.max()) + 0.05)),
        title=words["lag_title"],
        x_label=words["lag_axis"],
        y_label=words["correlation"],
    )
    chart.band(np.array([0.0, 13.0]), np.full(2, -limit), np.full(2, limit), "band")
    for lag, value in zip(lags, correlation, strict=True):
        chart.polygon(
            np.array([lag - 0.3, lag + 0.3, lag + 0.3, lag - 0.3]), np.array([0, 0, value, value]), "bar"
        )
    return Panel(title=words["lag_title"], svg=chart.svg(), caption=words["lag_caption"])
