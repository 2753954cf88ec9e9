"""Pictures of what bounds the answer: how small a source would have been seen, and the wind."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from plumeline.workflows.report.charts import Chart
from plumeline.workflows.report.panels import PANEL_PX, Panel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from plumeline.sources import SourceReport

    Floats = NDArray[np.float64]

WIND_SECTORS = 16

DECADES = 5
"""Rates so many powers of ten above the least that could have been seen are beyond the picture: no source is like that."""


def detection_panels(report: SourceReport, words: Mapping[str, str]) -> list[Panel]:
    """Share of the area in which a source of at least each rate would have been seen, per species.

    Args:
        report: what an inversion says.
        words: the report's texts.

    Returns:
        One panel a species.
    """
    panels = []
    rates = 1e3 * report.detectability["minimum_detectable_rate"].to_numpy()
    for index, name in enumerate(str(s) for s in report.detectability["species"].to_numpy()):
        logs = np.sort(np.log10(rates[index][np.isfinite(rates[index])]))
        if not logs.size:
            continue
        share = np.arange(1, logs.size + 1) / rates[index].size
        first = math.floor(logs[0])
        span = (first, min(max(math.ceil(logs[-1]), first + 1), first + DECADES))
        step = max(1, logs.size // 200)
        chart = Chart(
            width_px=PANEL_PX[0],
            height_px=PANEL_PX[1],
            x_range=(float(span[0]), float(span[1])),
            y_range=(0.0, 1.0),
            title=words["visible_title"].format(species=name),
            x_label=words["rate_axis"],
            y_label=words["visible_axis"],
            log_x=True,
        )
        at = np.r_[span[0], logs[::step], logs[-1], max(logs[-1], span[1])]
        chart.line(at, np.r_[0.0, share[::step], share[-1], share[-1]], "fit")
        caption = words["visible_caption"].format(
            least=f"{10 ** logs[0]:.2g}",
            median=f"{10 ** np.median(logs):.2g}",
            share=f"{100 * share[-1]:.0f}",
        )
        panels.append(
            Panel(title=words["visible_title"].format(species=name), svg=chart.svg(), caption=caption)
        )
    return panels


def wind_panel(report: SourceReport, words: Mapping[str, str]) -> Panel | None:
    """Rose of where the wind came from, each petal as long as its share of the readings.

    Args:
        report: what an inversion says.
        words: the report's texts.

    Returns:
        The panel, or None when no reading has wind.
    """
    u, v = (
        np.concatenate([dataset[name].to_numpy() for dataset in report.survey.datasets])
        for name in ("wind_eastward", "wind_northward")
    )
    good = np.isfinite(u) & np.isfinite(v)
    if not good.any():
        return None
    u, v = u[good], v[good]
    speed = np.hypot(u, v)
    come_from = np.degrees(np.arctan2(-u, -v)) % 360
    sector = np.round(come_from / (360 / WIND_SECTORS)).astype(int) % WIND_SECTORS
    share = np.bincount(sector, minlength=WIND_SECTORS) / sector.size
    reach = 1.25 * float(share.max())
    chart = Chart(
        width_px=260,
        height_px=260,
        x_range=(-reach, reach),
        y_range=(-reach, reach),
        title=words["wind_title"],
        bare=True,
        equal=True,
        margins_px=(10.0, 10.0, 10.0, 10.0),
    )
    turn = np.linspace(0, 2 * np.pi, 73)
    for ring in (0.5, 1.0):
        chart.line(ring * share.max() * np.sin(turn), ring * share.max() * np.cos(turn), "grid")
    for index in np.flatnonzero(share):
        middle, half = 2 * math.pi * index / WIND_SECTORS, 0.85 * math.pi / WIND_SECTORS
        arc = np.linspace(middle - half, middle + half, 9)
        chart.polygon(np.r_[0, share[index] * np.sin(arc)], np.r_[0, share[index] * np.cos(arc)], "bar")
    for letter, east, north in (
        (words["north"], 0, 1),
        (words["east"], 1, 0),
        (words["south"], 0, -1),
        (words["west"], -1, 0),
    ):
        chart.text(
            1.12 * share.max() * east, 1.12 * share.max() * north - 0.03 * reach, letter, "note middle"
        )
    mean = math.degrees(math.atan2(-u.mean(), -v.mean())) % 360
    caption = words["wind_caption"].format(
        speed=f"{speed.mean():.1f}",
        least=f"{speed.min():.1f}",
        most=f"{speed.max():.1f}",
        degrees=f"{mean:.0f}",
    )
    return Panel(title=words["wind_title"], svg=chart.svg('class="rose"'), caption=caption)
