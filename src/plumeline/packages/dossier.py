"""The dossier: one template, two languages, as a tagged PDF."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import shapely
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from plumeline.cases.sections import Candidate
from plumeline.facilities.phrase import whole
from plumeline.frames import LocalFrame, lonlat
from plumeline.packages.texts import Words

if TYPE_CHECKING:
    from plumeline.cases import Finding
    from plumeline.facilities import Language
    from plumeline.packages.content import Content

DRAWING_PX = 220
MOST_BUILDINGS = 10
LEAST_PERCENT = 0.1
OTHERS, NONE = "other buildings", "none of these"
UNNAMED = {OTHERS, NONE}
"""Labels of `sections.candidates` that are no building of a register."""


def dossier_html(content: Content, language: Language) -> str:
    """The dossier as HTML.

    Args:
        content: what the package says.
        language: en or es.

    Returns:
        A whole page.
    """
    template = files("plumeline.packages").joinpath("static/dossier.html.jinja").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(template).render(
        c=content,
        w=Words(language),
        drawing=drawing,
        shown=_shown,
        number=rounded,
        percent=_percent,
        grams=lambda value: rounded(1e3 * value),
        milligrams=lambda value: rounded(1e6 * value),
    )


def rounded(value: float) -> str:
    """A number to two digits, or to whole units from 100 on; thousands are set apart as in both languages."""
    digits = value if value == 0 else float(f"{value:.2g}")
    return whole(digits) if abs(digits) >= 100 else f"{digits:g}"


def _percent(share: float) -> str:
    percent = 100 * share
    if percent < LEAST_PERCENT:
        return f"< {LEAST_PERCENT:g} %"
    if percent > 100 - LEAST_PERCENT:
        return f"> {100 - LEAST_PERCENT:g} %"
    return f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"


def _shown(candidates: tuple[Candidate, ...]) -> list[Candidate]:
    """The likeliest buildings; the rest in one line, and "none of these" always; `case.json` lists each."""
    named = sorted((one for one in candidates if one.label not in UNNAMED), key=lambda one: -one.probability)
    rest = sum(
        one.probability for one in (*named[MOST_BUILDINGS:], *(c for c in candidates if c.label == OTHERS))
    )
    others = [Candidate(label=OTHERS, probability=min(1.0, rest))] if rest > 0 else []
    return [*named[:MOST_BUILDINGS], *others, *(one for one in candidates if one.label == NONE)]


def dossier_pdf(content: Content, language: Language) -> bytes:
    """The dossier as PDF/UA.

    Args:
        content: what the package says.
        language: en or es.

    Returns:
        The file's bytes; the same for the same content.
    """
    from weasyprint import HTML  # noqa: PLC0415 (slow to import, and only a release needs it)

    pdf: bytes = HTML(string=dossier_html(content, language)).write_pdf(pdf_variant="pdf/ua-1")
    return pdf


def drawing(finding: Finding) -> Markup:
    """A region's outline with a scale bar, as inline SVG.

    Args:
        finding: whose region.

    Returns:
        The SVG; there is no mark inside the region.
    """
    middle = finding.region_90.centroid
    frame = LocalFrame(origin=lonlat(middle.x, middle.y))

    def to_plane(
        corners: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return np.column_stack(frame.to_local(corners[:, 0], corners[:, 1]))

    outline = shapely.transform(finding.region_90, to_plane)
    west, south, east, north = outline.bounds
    half_m = 0.65 * max(east - west, north - south)
    centre_x, centre_y = (west + east) / 2, (south + north) / 2
    scale = DRAWING_PX / (2 * half_m)
    paths = []
    for part in outline.geoms:
        for ring in (part.exterior, *part.interiors):
            points = " ".join(
                f"{(x - centre_x + half_m) * scale:.1f},{(centre_y + half_m - y) * scale:.1f}"
                for x, y in ring.coords
            )
            paths.append(f'<polygon points="{points}" fill="#d9e6f2" stroke="#1b4f72" stroke-width="1"/>')
    bar_m = 10 ** np.floor(np.log10(half_m))
    bar_px = bar_m * scale
    return Markup(  # noqa: S704 (numbers only)
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="90 %" width="{DRAWING_PX}" '
        f'height="{DRAWING_PX + 18}" viewBox="0 0 {DRAWING_PX} {DRAWING_PX + 18}">{"".join(paths)}'
        f'<line x1="4" y1="{DRAWING_PX + 4}" x2="{4 + bar_px:.1f}" y2="{DRAWING_PX + 4}" stroke="#111" '
        f'stroke-width="2"/><text x="4" y="{DRAWING_PX + 15}" font-size="9">{bar_m:g} m</text></svg>'
    )
