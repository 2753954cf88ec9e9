"""The map as one picture: for pages without JavaScript, for print, and for the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from plumeline.store.layers import centre_m, track_pieces
from plumeline.workflows.report.charts import Chart
from plumeline.workflows.report.mapdata import view_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources import SourceReport
    from plumeline.workflows.truth import Comparison

    Floats = NDArray[np.float64]

STEPS = 6
"""Colour steps of readings, classes `r0` (least) to `r5`."""

MAX_DOTS = 3000


def sketch(report: SourceReport, *, truth: tuple[Comparison, ...] = (), title: str = "Map") -> str:
    """Track, readings by size of the fit's excess, regions and centres, in local metres.

    Args:
        report: what an inversion says.
        truth: known sources to show beside the answers.
        title: what the picture is called for those who do not see it.

    Returns:
        SVG text.
    """
    west, south, east, north = view_m(report)
    chart = Chart(
        width_px=860,
        height_px=560,
        x_range=(west, east),
        y_range=(south, north),
        title=title,
        x_label="east (m)",
        y_label="north (m)",
        equal=True,
    )
    _track(chart, report)
    for source in report.sources:
        for region, css in ((source.region_90, "region90"), (source.region_50, "region50")):
            for polygon in shapely.get_parts(region.shape):
                x_m, y_m = np.asarray(polygon.exterior.coords)[:, :2].T
                chart.polygon(x_m, y_m, css)
    _readings(chart, report)
    for source in report.sources:
        x_m, y_m = centre_m(source)
        chart.text(x_m, y_m, source.label, "centre middle")
    for comparison in truth:
        chart.text(comparison.truth.x_m, comparison.truth.y_m, "✕", "truth middle")
    return chart.svg('class="sketch"')


def _track(chart: Chart, report: SourceReport) -> None:
    dataset = report.survey.in_situ
    if dataset is None:
        return
    x_m, y_m = dataset["x"].to_numpy(), dataset["y"].to_numpy()
    for _, rows in track_pieces(dataset):
        kept = rows[:: max(1, rows.size // MAX_DOTS)]
        chart.line(x_m[kept], y_m[kept], "track")


def _readings(chart: Chart, report: SourceReport) -> None:
    fit = report.fit
    excess = np.nan_to_num(fit["observed"].to_numpy() - fit["background"].to_numpy())
    order = np.argsort(excess, kind="stable")
    order = order[:: max(1, order.size // MAX_DOTS)]
    if not order.size:
        return
    top = max(float(excess[order[-1]]), 1e-300)
    step = np.clip((STEPS * np.maximum(excess[order], 0.0) / top).astype(int), 0, STEPS - 1)
    for number in range(STEPS):
        rows = order[step == number]
        chart.dots(
            fit["x"].to_numpy()[rows], fit["y"].to_numpy()[rows], f"r{number}", radius_px=1.8 + 0.3 * number
        )
