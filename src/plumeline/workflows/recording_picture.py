"""A picture of a recording: the track coloured by the first gas, and each gas, the wind and the height over time."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from plumeline.errors import ConfigurationError
from plumeline.instruments import gas_variables
from plumeline.instruments.summary import local_positions_m

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from plumeline.workflows.inspect import Inspection

MOST_POINTS = 20_000
MOST_SENSORS = 12
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font-family:system-ui,sans-serif;margin:2rem;max-width:70rem}}svg{{max-width:100%;height:auto}}
li{{margin:.3rem 0}}</style></head><body><h1>{title}</h1><p>{format}</p>{svg}
<h2>Missing for locating a source</h2><ul>{lacks}</ul><h2>Remarks</h2><ul>{remarks}</ul></body></html>
"""


def draw_recording(inspection: Inspection, target: Path) -> None:
    """Draw a recording into a file that needs nothing else to be seen.

    Args:
        inspection: the inspected file.
        target: a .png or .html file.

    Raises:
        ConfigurationError: the target is neither, or the file could not be read.
        OSError: the target cannot be written.
    """
    if target.suffix not in {".png", ".html"}:
        raise ConfigurationError(
            f"cannot draw into {target.suffix or 'a file without an extension'}",
            where=target.name,
            remedy="use a name that ends in .png or .html",
        )
    if inspection.recording is None:
        raise ConfigurationError("there is nothing to draw", where=inspection.path.name)
    figure = _figure(inspection.recording.tables)
    stream = io.BytesIO()
    if target.suffix == ".png":
        FigureCanvasAgg(figure)
        figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
        target.write_bytes(stream.getvalue())
        return
    FigureCanvasSVG(figure)
    with rc_context({"svg.hashsalt": "plumeline", "svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    svg = stream.getvalue().decode()
    page = PAGE.format(
        title=escape(inspection.path.name),
        format=escape(inspection.title),
        svg=svg[svg.index("<svg") :],
        lacks=_items(f"{lack.what}: {lack.remedy}" for lack in inspection.lacks),
        remarks=_items(str(remark) for remark in inspection.recording.remarks),
    )
    target.write_text(page, encoding="utf-8")


def _items(texts: Any) -> str:
    return "".join(f"<li>{escape(text)}</li>" for text in texts) or "<li>none</li>"


def _figure(tables: Any) -> Figure:
    series = _series(tables)
    placed = next(
        (tables[k] for k in ("readings", "track") if k in tables and local_positions_m(tables[k])), None
    )
    rows = max(len(series), 1)
    figure = Figure(figsize=(12, 2.2 + 1.9 * rows), layout="constrained")
    grid = figure.add_gridspec(rows, 2, width_ratios=(1, 1.6))
    if placed is not None:
        _map(figure.add_subplot(grid[:, 0]), placed)
    shared = None
    for row, (title, lines) in enumerate(series):
        axes = figure.add_subplot(grid[row, 1], sharex=shared)
        shared = shared or axes
        for label, time, values in lines:
            axes.plot(time, values, ".", markersize=2, label=label)
        axes.set_ylabel(title, fontsize=8)
        axes.tick_params(labelsize=7)
        if len(lines) > 1:
            axes.legend(fontsize=6, ncols=2)
    return figure


def _map(axes: Any, table: xr.Dataset) -> None:
    positions = local_positions_m(table)
    if positions is None:
        return
    east, north = (_thinned(values) for values in positions)
    gases = gas_variables(table)
    if gases:
        values = _thinned(table[gases[0]].to_numpy())
        points = axes.scatter(east, north, c=values, s=6, cmap="viridis")
        axes.figure.colorbar(
            points, ax=axes, shrink=0.6, label=f"{gases[0]} [{table[gases[0]].attrs['units']}]"
        )
    else:
        axes.plot(east, north, linewidth=0.8)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("east [m]")
    axes.set_ylabel("north [m]")


def _series(tables: Any) -> list[tuple[str, list[tuple[str, Any, Any]]]]:
    """Title and lines (label, time, values) of each panel."""
    panels = []
    readings = tables.get("readings")
    if readings is not None:
        names = readings["sensor_name"].to_numpy()
        sensor = readings["sensor"].to_numpy()
        for gas in gas_variables(readings):
            lines = [
                (str(names[at]), *_pair(readings, gas, sensor == at))
                for at in range(min(len(names), MOST_SENSORS))
            ]
            panels.append((f"{gas} [{readings[gas].attrs['units']}]", lines))
    wanted = (
        ("wind", ("speed", "eastward", "northward"), "wind [m s-1]"),
        ("wind", ("direction_from",), "wind from [degree]"),
        ("track", ("altitude", "height"), "height [m]"),
    )
    for kind, variables, title in wanted:
        table = tables.get(kind)
        if table is None:
            continue
        everything = np.ones(table.sizes["record"], bool)
        lines = [(name, *_pair(table, name, everything)) for name in variables if name in table]
        if lines:
            panels.append((title, lines))
    return panels


def _pair(table: xr.Dataset, name: str, chosen: Any) -> tuple[Any, Any]:
    return _thinned(table["time"].to_numpy()[chosen]), _thinned(table[name].to_numpy()[chosen])


def _thinned(values: Any) -> Any:
    return values[:: max(1, len(values) // MOST_POINTS)]
