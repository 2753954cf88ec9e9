"""Small SVG charts: axes, lines, bands, points and bars as text, the same bytes for the same numbers.

Colours come from the report's style sheet through class names, so that a page needs no inline style and prints well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TIME_STEPS_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000),
)
"""Steps between the ticks of a time axis [s]."""

MOST_DECADES = 6
"""A logarithmic axis names no more powers of ten than this, so that the names do not run into each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A plot area with its axes; what is drawn is added as SVG text."""

    width_px: float
    """Whole width."""
    height_px: float
    """Whole height."""
    x_range: tuple[float, float]
    """Values at the left and right edge."""
    y_range: tuple[float, float]
    """Values at the bottom and top edge."""
    title: str
    """What the picture shows, for those who do not see it."""
    x_label: str = ""
    """Name and unit of the horizontal axis."""
    y_label: str = ""
    """Name and unit of the vertical axis."""
    margins_px: tuple[float, float, float, float] = (10.0, 12.0, 40.0, 58.0)
    """Top, right, bottom, left."""
    log_x: bool = False
    """Whether the horizontal axis is logarithmic; its range is then in log10."""
    time_x: bool = False
    """Whether the horizontal axis is time; its range is then in seconds since 1970."""
    y_ticks: bool = True
    """Whether the vertical axis has ticks."""
    bare: bool = False
    """Whether grid, frame and ticks are left out."""
    equal: bool = False
    """Whether both axes have the same scale; the ranges are then widened to fit."""
    parts: list[str] = field(default_factory=list)
    """SVG elements so far."""

    @property
    def inner(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the plot area [px]."""
        top, right, bottom, left = self.margins_px
        return left, top, self.width_px - right, self.height_px - bottom

    def ranges(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top value, widened where both axes have the same scale."""
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        if not self.equal:
            return x0, x1, y0, y1
        left, top, right, bottom = self.inner
        scale = max((x1 - x0) / (right - left), (y1 - y0) / (bottom - top))
        half_x, half_y = 0.5 * scale * (right - left), 0.5 * scale * (bottom - top)
        mid_x, mid_y = 0.5 * (x0 + x1), 0.5 * (y0 + y1)
        return mid_x - half_x, mid_x + half_x, mid_y - half_y, mid_y + half_y

    def x_px(self, value: Floats) -> Floats:
        """Horizontal place of values [px]."""
        x0, x1, _, _ = self.ranges()
        left, _, right, _ = self.inner
        return left + (np.asarray(value, float) - x0) / (x1 - x0) * (right - left)

    def y_px(self, value: Floats) -> Floats:
        """Vertical place of values [px]."""
        _, _, y0, y1 = self.ranges()
        _, top, _, bottom = self.inner
        return bottom - (np.asarray(value, float) - y0) / (y1 - y0) * (bottom - top)

    def line(self, x: Floats, y: Floats, css: str) -> None:
        """A line through points; a gap where a value is missing."""
        for piece in _pieces(self.x_px(x), self.y_px(y)):
            self.parts.append(f'<polyline class="{css}" points="{piece}"/>')

    def band(self, x: Floats, low: Floats, high: Floats, css: str) -> None:
        """The area between two lines."""
        good = np.isfinite(low) & np.isfinite(high)
        if good.sum() < 2:
            return
        at = self.x_px(x[good])
        path = _points(np.r_[at, at[::-1]], np.r_[self.y_px(low[good]), self.y_px(high[good])[::-1]])
        self.parts.append(f'<polygon class="{css}" points="{path}"/>')

    def dots(self, x: Floats, y: Floats, css: str, *, radius_px: float = 1.7) -> None:
        """Points, all of one path so that ten thousand stay small."""
        px, py = self.x_px(x), self.y_px(y)
        good = np.isfinite(px) & np.isfinite(py)
        path = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(px[good], py[good], strict=True))
        if path:
            self.parts.append(f'<path class="{css}" d="{path}" stroke-width="{2 * radius_px:g}"/>')

    def bars(self, edges: Floats, heights: Floats, css: str) -> None:
        """A histogram from its edges, one more than its heights."""
        left, right = self.x_px(edges[:-1]), self.x_px(edges[1:])
        zero, top = float(self.y_px(np.zeros(1))[0]), self.y_px(heights)
        for a, b, c in zip(left, right, top, strict=True):
            if zero - c > 0.05:
                self.parts.append(
                    f'<rect class="{css}" x="{a:.1f}" y="{c:.1f}" width="{max(b - a - 0.6, 0.4):.1f}" height="{zero - c:.1f}"/>'
                )

    def polygon(self, x: Floats, y: Floats, css: str) -> None:
        """A filled shape."""
        self.parts.append(f'<polygon class="{css}" points="{_points(self.x_px(x), self.y_px(y))}"/>')

    def upright(self, value: float, css: str) -> None:
        """A vertical line over the whole height."""
        _, top, _, bottom = self.inner
        at = float(self.x_px(np.array([value]))[0])
        self.parts.append(f'<line class="{css}" x1="{at:.1f}" x2="{at:.1f}" y1="{top:g}" y2="{bottom:g}"/>')

    def text(self, x: float, y: float, words: str, css: str = "note") -> None:
        """Words at a place given in values."""
        at_x, at_y = float(self.x_px(np.array([x]))[0]), float(self.y_px(np.array([y]))[0])
        self.parts.append(f'<text class="{css}" x="{at_x:.1f}" y="{at_y:.1f}">{escape(words)}</text>')

    def svg(self, attributes: str = "") -> str:
        """The finished picture."""
        left, top, right, bottom = self.inner
        frame = f'<rect class="frame" x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}"/>'
        body = "".join(self.parts)
        if self.bare:
            return self._wrapped(body, attributes)
        clip = f"c{abs(hash_text(self.title + body)) % 10**10}"
        return self._wrapped(
            f'<clipPath id="{clip}"><rect x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}"/></clipPath>'
            f'{self._grid()}<g clip-path="url(#{clip})">{body}</g>{frame}{self._labels()}',
            attributes,
        )

    def _wrapped(self, body: str, attributes: str) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {self.width_px:g} {self.height_px:g}" '
            f'aria-label="{escape(self.title)}" {attributes}><title>{escape(self.title)}</title>{body}</svg>'
        )

    def _grid(self) -> str:
        left, top, right, bottom = self.inner
        x_ticks, y_ticks = self._x_ticks(), self._y_ticks()
        rows = [
            f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top:g}" y2="{bottom:g}"/>'
            f'<text class="tick middle" x="{at:.1f}" y="{bottom + 15:g}">{escape(name)}</text>'
            for at, name in x_ticks
        ]
        rows += [
            f'<line class="grid" x1="{left:g}" x2="{right:g}" y1="{at:.1f}" y2="{at:.1f}"/>'
            f'<text class="tick end" x="{left - 6:g}" y="{at + 4:.1f}">{escape(name)}</text>'
            for at, name in y_ticks
        ]
        return "".join(rows)

    def _x_ticks(self) -> list[tuple[float, str]]:
        x0, x1, _, _ = self.ranges()
        count = max(3, int((self.inner[2] - self.inner[0]) / 70))
        if self.time_x:
            values, names = time_ticks(x0, x1, count)
        elif self.log_x:
            values, names = decade_ticks(x0, x1)
        else:
            values, names = linear_ticks(x0, x1, count)
        return list(zip(self.x_px(np.array(values)).tolist(), names, strict=True))

    def _y_ticks(self) -> list[tuple[float, str]]:
        if not self.y_ticks:
            return []
        _, _, y0, y1 = self.ranges()
        values, names = linear_ticks(y0, y1, max(2, int((self.inner[3] - self.inner[1]) / 34)))
        return list(zip(self.y_px(np.array(values)).tolist(), names, strict=True))

    def _labels(self) -> str:
        left, top, right, bottom = self.inner
        out = f'<text class="label middle" x="{(left + right) / 2:g}" y="{bottom + 32:g}">{escape(self.x_label)}</text>'
        if self.y_label:
            x, y = 13.0, (top + bottom) / 2
            out += f'<text class="label middle" transform="translate({x:g} {y:g}) rotate(-90)">{escape(self.y_label)}</text>'
        return out


def linear_ticks(low: float, high: float, count: int) -> tuple[list[float], list[str]]:
    """Round values between two bounds, about `count` of them, and their names."""
    raw = max(high - low, 1e-300) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    values = [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]
    return values, [f"{0.0 if abs(v) < step * 1e-6 else v:.10g}" for v in values]


def decade_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Powers of ten between two log10 bounds, with 2 and 5 between them where there is room, fewer where there is none."""
    between = (1, 2, 5) if high - low < 2.2 else (1,)
    apart = max(1, math.ceil((high - low) / MOST_DECADES))
    marks = [m * 10.0**n for n in range(math.floor(low), math.ceil(high) + 1, apart) for m in between]
    kept = [mark for mark in marks if low - 1e-9 <= math.log10(mark) <= high + 1e-9]
    return [math.log10(mark) for mark in kept], [f"{mark:.6g}" for mark in kept]


def time_ticks(start_s: float, end_s: float, count: int) -> tuple[list[float], list[str]]:
    """Round times between two bounds [s since 1970], and their names in UTC."""
    raw = max(end_s - start_s, 1.0) / max(count, 1)
    step = next((s for s in TIME_STEPS_S if s >= raw), TIME_STEPS_S[-1])
    values = [float(n * step) for n in range(math.ceil(start_s / step), math.floor(end_s / step) + 1)]
    stamps = [str(np.datetime64(int(v), "s")) for v in values]
    if step >= TIME_STEPS_S[-4]:
        names = [stamp[5:10] for stamp in stamps]
    elif end_s - start_s > 86400:
        names = [f"{stamp[5:10]} {stamp[11:16]}" for stamp in stamps]
    else:
        names = [stamp[11:16] if step >= 60 else stamp[11:19] for stamp in stamps]
    return values, names


def padded(values: Floats, *, low: float | None = None, share: float = 0.06) -> tuple[float, float]:
    """A range that holds all finite values with some room, never empty.

    Args:
        values: any numbers.
        low: a lower end that is kept as it is.
        share: room at each end, as a share of the span.

    Returns:
        Lower and upper end.
    """
    finite = np.asarray(values, float)[np.isfinite(values)]
    if not finite.size:
        return (0.0, 1.0) if low is None else (low, low + 1.0)
    least, most = float(finite.min()), float(finite.max())
    room = share * (most - least) or max(abs(most) * share, 1e-12)
    return (least - room if low is None else low), most + room


def hash_text(text: str) -> int:
    """A number that depends on nothing but the text (Python's own hash changes with every process)."""
    value = 5381
    for byte in text.encode():
        value = (value * 33 + byte) % 2**61
    return value


def _points(x: Floats, y: Floats) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _pieces(x: Floats, y: Floats) -> Sequence[str]:
    good = np.isfinite(x) & np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8))).reshape(-1, 2)
    return [_points(x[a:b], y[a:b]) for a, b in edges if b - a > 1]
