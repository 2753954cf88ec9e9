"""The page of one site: benign explanations first, buildings, activity, neighbours, history; one file, no network."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from plumeline.workflows.site.document import site_document

if TYPE_CHECKING:
    from plumeline.workflows.assess import SiteAssessment

MAP_PX = 460.0
"""Side of the drawn map [px]."""

CHART_PX = (460.0, 120.0)
"""Width and height of the forecast [px]."""


def site_page(found: SiteAssessment) -> str:
    """One site as one HTML page.

    Args:
        found: the assessed site.

    Returns:
        HTML; the same site gives the same bytes.
    """
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 (slow to import)

    text = files("plumeline.workflows.site").joinpath("site.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(text)
    return page.render(d=site_document(found), map=_map(found), forecast=_forecast(found))


def _map(found: SiteAssessment) -> dict[str, Any]:
    """Regions and ranked buildings as outlines in pixels; nothing finer than the 90 % region is drawn."""
    region = found.site.region_90.shape
    west, south, east, north = region.bounds
    side = max(east - west, north - south) + 60.0
    middle = ((west + east) / 2, (south + north) / 2)
    scale = MAP_PX / side

    def path(shape: Any) -> str:
        pieces = []
        for part in shapely.get_parts(shape):
            for ring in [part.exterior, *part.interiors]:
                corners = np.array(ring.coords)
                x = (corners[:, 0] - middle[0]) * scale + MAP_PX / 2
                y = MAP_PX / 2 - (corners[:, 1] - middle[1]) * scale
                pieces.append("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)) + "Z")
        return "".join(pieces)

    return {
        "px": MAP_PX,
        "region": path(region),
        "buildings": [
            {
                "path": path(one.building.shape),
                "opacity": f"{0.15 + 0.8 * one.probability:.2f}",
                "words": f"{one.building.key}: {one.probability:.0%}",
            }
            for one in found.buildings.candidates
        ],
        "bar_px": f"{20 * scale:.1f}",
    }


def _forecast(found: SiteAssessment) -> dict[str, Any] | None:
    if not found.activity.forecast:
        return None
    width, height = CHART_PX
    chances = [chance for _, chance in found.activity.forecast]
    step = width / (len(chances) - 1)
    line = "M" + "L".join(
        f"{index * step:.1f} {height * (1 - chance):.1f}" for index, chance in enumerate(chances)
    )
    return {"width": width, "height": height, "line": line, "hours": len(chances) - 1}
