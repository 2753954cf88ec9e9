"""QGIS styles (QML) of the layers: in the GeoPackage's `layer_styles` table and as files beside it.

Colours are those of the report: Okabe and Ito's blue and vermilion and steps of cividis, which people with any
colour vision can tell apart.

References: QGIS 3.34 documentation, "QGIS QML"; Okabe and Ito 2008, "Color Universal Design"; Nuñez et al. 2018,
doi:10.1371/journal.pone.0199239 (cividis).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from plumeline.store.layers import Layer

VERMILION = (213, 94, 0)
GREY = (90, 90, 90)
CIVIDIS = ((0, 34, 78), (53, 69, 108), (102, 105, 112), (148, 142, 119), (200, 184, 102), (254, 232, 56))
HEADER = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
VERSION = "3.34.0"

Colour = tuple[int, int, int]


def write_styles(layers: tuple[Layer, ...], folder: Path) -> list[Path]:
    """Write `NAME.qml` for every layer, for the GeoJSON or a copy of the data.

    Args:
        layers: the layers.
        folder: where to write.

    Returns:
        The files.

    Raises:
        OSError: a file cannot be written.
    """
    folder.mkdir(exist_ok=True)
    paths = []
    for layer in layers:
        path = folder / f"{layer.name}.qml"
        path.write_text(layer_style(layer), encoding="utf-8")
        paths.append(path)
    return paths


def layer_style(layer: Layer) -> str:
    """QML of one layer.

    Args:
        layer: the layer; the steps of a graduated style come from its values.

    Returns:
        The document.
    """
    draw = {
        "regions": _regions,
        "sources": _sources,
        "readings": _readings,
        "paths": _readings,
        "detectability": _detectability,
    }.get(layer.name, _plain_line)
    body = draw(layer)
    return f'{HEADER}<qgis version="{VERSION}" styleCategories="Symbology|Labeling">\n{body}</qgis>\n'


def _rgba(colour: Colour, alpha: int = 255) -> str:
    return ",".join(str(part) for part in (*colour, alpha))


def _symbol(name: str, kind: str, layer_class: str, options: dict[str, str]) -> str:
    rows = "".join(
        f"<Option name={quoteattr(key)} type='QString' value={quoteattr(value)}/>"
        for key, value in options.items()
    )
    return (
        f"<symbol name={quoteattr(name)} type='{kind}' alpha='1' clip_to_extent='1' force_rhr='0'>"
        f"<layer class='{layer_class}' enabled='1' pass='0' locked='0'><Option type='Map'>{rows}</Option></layer></symbol>\n"
    )


def _fill(name: str, colour: Colour, alpha: int, outline_mm: float) -> str:
    return _symbol(
        name,
        "fill",
        "SimpleFill",
        {
            "color": _rgba(colour, alpha),
            "outline_color": _rgba(colour),
            "outline_style": "solid",
            "outline_width": str(outline_mm),
            "outline_width_unit": "MM",
            "style": "solid",
        },
    )


def _marker(name: str, shape: str, colour: Colour, size_mm: float) -> str:
    options = {"name": shape, "color": _rgba(colour), "size": str(size_mm), "size_unit": "MM"}
    outline = {"outline_color": _rgba((255, 255, 255)), "outline_width": "0.2", "outline_width_unit": "MM"}
    if shape == "cross":
        outline = {"outline_color": _rgba(colour), "outline_width": "0.8", "outline_width_unit": "MM"}
    return _symbol(name, "marker", "SimpleMarker", options | outline)


def _line(name: str, colour: Colour, width_mm: float) -> str:
    options = {"line_color": _rgba(colour), "line_width": str(width_mm), "line_width_unit": "MM"}
    return _symbol(name, "line", "SimpleLine", options | {"line_style": "solid", "capstyle": "round"})


def _renderer(kind: str, attributes: str, steps: str, symbols: str) -> str:
    return f"<renderer-v2 type='{kind}' {attributes} enableorderby='0' forceraster='0'>\n{steps}<symbols>\n{symbols}</symbols>\n</renderer-v2>\n"


def _categories(attribute: str, rows: list[tuple[float, str, str]]) -> str:
    steps = "".join(
        f"<category value='{value:.10g}' type='double' symbol='{index}' label={quoteattr(label)} render='true'/>\n"
        for index, (value, label, _) in enumerate(rows)
    )
    symbols = "".join(symbol for _, _, symbol in rows)
    return _renderer(
        "categorizedSymbol", f"attr='{attribute}'", f"<categories>\n{steps}</categories>\n", symbols
    )


def _regions(layer: Layer) -> str:
    del layer
    return _categories(
        "probability",
        [
            (0.9, "90 % region", _fill("0", VERMILION, 40, 0.5)),
            (0.5, "50 % region", _fill("1", VERMILION, 110, 0.3)),
        ],
    )


def _sources(layer: Layer) -> str:
    del layer
    renderer = _renderer("singleSymbol", "symbollevels='0'", "", _marker("0", "cross", VERMILION, 4.0))
    expression = "\"source\" || ': within ' || round(\"radius_90_m\") || ' m (90 %)'"
    return renderer + (
        "<labeling type='simple'><settings calloutType='simple'>"
        f"<text-style fieldName={quoteattr(expression)} isExpression='1' fontSize='9' fontSizeUnit='Point' "
        f"textColor='{_rgba((20, 20, 20))}'>"
        f"<text-buffer bufferDraw='1' bufferSize='0.8' bufferSizeUnits='MM' bufferColor='{_rgba((255, 255, 255))}'/>"
        "</text-style><placement placement='1' quadOffset='1' yOffset='-3' offsetUnits='MM'/></settings></labeling>\n"
    )


def _readings(layer: Layer) -> str:
    attribute = next((name for name in layer.fields if name.endswith("_kg_m3")), None)
    if attribute is None:
        return _plain_line(layer)
    values = np.asarray(layer.fields[attribute], float)
    finite = values[np.isfinite(values)]
    edges = (
        np.unique(np.quantile(finite, [0.0, 0.5, 0.75, 0.9, 0.97, 0.99, 1.0])) if finite.size else np.zeros(1)
    )
    if edges.size == 1:
        edges = np.repeat(edges, 2)
    pairs = list(pairwise(edges.tolist()))
    colours = [CIVIDIS[round(i * (len(CIVIDIS) - 1) / max(len(pairs) - 1, 1))] for i in range(len(pairs))]
    steps = "".join(
        f"<range lower='{low:.10g}' upper='{high:.10g}' symbol='{i}' label='{1e6 * low:.3g} to {1e6 * high:.3g} mg/m³' render='true'/>\n"
        for i, (low, high) in enumerate(pairs)
    )
    if layer.geometry_type == "Point":
        symbols = "".join(
            _marker(str(i), "circle", colour, 1.6 + 0.2 * i) for i, colour in enumerate(colours)
        )
    else:
        symbols = "".join(_line(str(i), colour, 0.3 + 0.1 * i) for i, colour in enumerate(colours))
    return _renderer(
        "graduatedSymbol",
        f"attr='{attribute}' graduatedMethod='GraduatedColor'",
        f"<ranges>\n{steps}</ranges>\n",
        symbols,
    )


def _detectability(layer: Layer) -> str:
    rates = sorted(set(np.asarray(layer.fields["rate_g_s"], float).tolist()))
    rows = []
    for index, rate in enumerate(rates):
        colour = CIVIDIS[::-1][round(index * (len(CIVIDIS) - 1) / max(len(rates) - 1, 1))]
        rows.append((rate, f"{rate:g} g/s would have been seen", _fill(str(index), colour, 0, 0.4)))
    return _categories("rate_g_s", rows)


def _plain_line(layer: Layer) -> str:
    del layer
    return _renderer("singleSymbol", "symbollevels='0'", "", _line("0", GREY, 0.3))
