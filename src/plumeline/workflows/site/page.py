"""The page of one site: benign explanations first, buildings, activity, neighbours, responders, history; one file."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from plumeline import __version__
from plumeline.facilities import Phrase, in_both, sheet_facts, spoken, whole
from plumeline.workflows.site import wording

if TYPE_CHECKING:
    from plumeline.facilities import Language
    from plumeline.workflows.assess import SiteAssessment

MAP_PX = 460.0
"""Side of the drawn map [px]."""

CHART_PX = (460.0, 120.0)
"""Width and height of the forecast [px]."""


def page_name(label: str, language: Language) -> str:
    """File name of a site's page.

    Args:
        label: the site.
        language: "en" or "es".

    Returns:
        The name.
    """
    return f"site-{label}.html" if language == "en" else f"site-{label}.{language}.html"


def site_page(found: SiteAssessment, language: Language = "en") -> str:
    """One site as one HTML page.

    Args:
        found: the assessed site.
        language: "en" or "es".

    Returns:
        HTML; the same site gives the same bytes.
    """
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 (slow to import)

    folder = files("plumeline.workflows.site")
    texts = tomllib.loads(folder.joinpath("texts", f"{language}.toml").read_text(encoding="utf-8"))
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(
        folder.joinpath("site.html.j2").read_text(encoding="utf-8")
    )
    return page.render(**_facts(found, texts, language))


def _facts(found: SiteAssessment, texts: dict[str, Any], language: Language) -> dict[str, Any]:
    assessment, ranking, label = found.explanations, found.buildings, found.site.label
    area_m2 = whole(found.site.region_90.area_m2)
    return {
        "t": texts,
        "site": found.site,
        "version": __version__,
        "other": page_name(label, "es" if language == "en" else "en"),
        "sheet_file": f"responder-{label}.{language}.html",
        "sheet": sheet_facts(found.responder, language),
        "verdict": texts[assessment.verdict.value],
        "reason": spoken(assessment.reason, language),
        "support": assessment.support(language),
        "ratio": texts["ratio"].format(
            ratio=f"{assessment.log10_ratio_unexplained:.2f}", prior=f"{assessment.prior.unexplained:g}"
        ),
        "glance": wording.at_a_glance(found, texts, language),
        "explanations": wording.explanation_rows(assessment, texts, language),
        "contributions": [
            {
                "words": spoken(one.observation, language),
                "unexplained": one.log10_for_unexplained,
                "leading": one.log10_for_leading,
            }
            for one in assessment.contributions
        ],
        "remarks": [spoken(line, language) for line in assessment.remarks],
        "settling": wording.settling_rows(found.settling, texts, language),
        "map": _map(found),
        "map_words": texts["map_words"].format(area=area_m2),
        "buildings": wording.building_rows(ranking, texts),
        "rest_of": wording.percent(ranking.rest, texts),
        "none_of": wording.percent(ranking.none, texts),
        "building_remarks": [spoken(line, language) for line in ranking.remarks],
        "state": wording.state_word(found.activity, texts),
        "activity": wording.activity_words(found.activity, texts),
        "forecast": _forecast(found),
        "neighbours": wording.neighbour_lines(found.neighbours, texts, language),
        "visits": wording.visit_rows(found.site, texts, language),
        "site_remarks": [spoken(in_both(line), language) for line in found.site.remarks],
        "warnings": [
            {"words": spoken(said, language), "language": language if isinstance(said, Phrase) else "en"}
            for said in map(in_both, found.warnings)
            if said not in found.site.remarks
        ],
    }


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
