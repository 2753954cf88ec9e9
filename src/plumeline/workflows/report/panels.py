"""Pictures with captions, and the first of them: readings over time with the fit and its band."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.workflows.report.charts import Chart, padded
from plumeline.workflows.report.mapdata import MILLIGRAMS_PER_KILOGRAM, significant

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.sources import SourceReport

    Floats = NDArray[np.float64]

MAX_SERIES = 16
"""Panels of time series at most; those with the largest excess are shown."""

COLUMNS = 420
"""Points of a time series at most: beyond that the least and the largest of each group stand for it."""

PANEL_PX = (320.0, 230.0)
"""Width and height of a small picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A picture with its caption."""

    title: str
    """Heading."""
    svg: str
    """The picture."""
    caption: str = ""
    """What to read from it."""
    data: Any = None
    """Values for the pointer's read-out, or None."""


def time_series(report: SourceReport, words: Mapping[str, str]) -> tuple[list[Panel], int]:
    """Readings with the fit and its 90 % band, per sensor and species.

    Args:
        report: what an inversion says.
        words: the report's texts.

    Returns:
        Panels, those with the largest excess first, and how many more there are.
    """
    fit = report.fit
    sensor, species = fit["sensor_label"].to_numpy().astype(str), fit["species_label"].to_numpy().astype(str)
    excess = np.nan_to_num(fit["observed"].to_numpy() - fit["background"].to_numpy())
    pairs = sorted(set(zip(sensor.tolist(), species.tolist(), strict=True)))
    rows = {pair: np.flatnonzero((sensor == pair[0]) & (species == pair[1])) for pair in pairs}
    ranked = sorted(pairs, key=lambda pair: (-float(excess[rows[pair]].max()), pair))[:MAX_SERIES]
    panels = [_series(fit, rows[pair], pair, words) for pair in ranked]
    return panels, len(pairs) - len(panels)


def _series(
    fit: xr.Dataset, rows: NDArray[np.intp], pair: tuple[str, str], words: Mapping[str, str]
) -> Panel:
    rows = rows[np.argsort(fit["time"].to_numpy()[rows], kind="stable")]
    time_s = fit["time"].to_numpy()[rows].astype("datetime64[ms]").astype(np.int64) / 1e3
    values = {
        name: MILLIGRAMS_PER_KILOGRAM * fit[name].to_numpy()[rows]
        for name in ("observed", "background", "predicted", "predicted_low", "predicted_high")
    }
    kept = _thinned(values["observed"], values["predicted"])
    time_s, values = time_s[kept], {name: value[kept] for name, value in values.items()}
    y_range = padded(np.concatenate([values[n] for n in ("observed", "predicted_low", "predicted_high")]))
    title = f"{pair[0]}: {pair[1]}"
    span = (float(time_s[0]), float(time_s[-1])) if time_s[-1] > time_s[0] else (time_s[0] - 1, time_s[0] + 1)
    chart = Chart(
        width_px=860,
        height_px=210,
        x_range=span,
        y_range=y_range,
        title=title,
        x_label=words["time_utc"],
        y_label="mg m⁻³",
        time_x=True,
    )
    chart.band(time_s, values["predicted_low"], values["predicted_high"], "band")
    chart.line(time_s, values["background"], "background")
    chart.line(time_s, values["predicted"], "fit")
    chart.dots(time_s, values["observed"], "observed")
    inside = (values["observed"] >= values["predicted_low"]) & (
        values["observed"] <= values["predicted_high"]
    )
    left, _, right, _ = chart.inner
    data = {
        "x_px": significant(chart.x_px(time_s), 5),
        "time": [str(np.datetime64(int(t), "s"))[11:] for t in time_s],
        "observed": significant(values["observed"]),
        "predicted": significant(values["predicted"]),
        "low": significant(values["predicted_low"]),
        "high": significant(values["predicted_high"]),
        "x_m": significant(fit["x"].to_numpy()[rows][kept], 6),
        "y_m": significant(fit["y"].to_numpy()[rows][kept], 6),
        "inner": [left, right],
    }
    caption = words["series_caption"].format(count=rows.size, inside=f"{100 * inside.mean():.0f}")
    return Panel(title=title, svg=chart.svg('class="series"'), caption=caption, data=data)


def _thinned(observed: Floats, predicted: Floats) -> NDArray[np.intp]:
    """Rows that keep the picture: the least and largest reading and the largest fit of each group."""
    count = observed.size
    if count <= 3 * COLUMNS:
        return np.arange(count)
    edges = np.linspace(0, count, COLUMNS + 1).astype(int)
    keep: set[int] = {0, count - 1}
    for a, b in pairwise(edges.tolist()):
        seen = np.nan_to_num(
            observed[a:b], nan=np.nanmedian(observed) if np.isfinite(observed).any() else 0.0
        )
        keep |= {
            a + int(seen.argmin()),
            a + int(seen.argmax()),
            a + int(np.nan_to_num(predicted[a:b]).argmax()),
        }
    return np.array(sorted(keep))
