"""The responder sheet: one page, in English or Spanish, in which every number has its source.

Gases, the likely indoor range, distances outdoors, the side to approach from, protection, and what is not known.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from plumeline.chem import spanish_name
from plumeline.errors import InputError
from plumeline.facilities.hazard import WORST_WEATHER, Room, Weather
from plumeline.facilities.phrase import Language, spoken, whole
from plumeline.facilities.sheet_gases import Sizes, Sources, gas_row

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from plumeline.facilities.activity import Activity
    from plumeline.facilities.buildings import BuildingRanking
    from plumeline.facilities.explanation import Assessment
    from plumeline.facilities.neighbours import Neighbours
    from plumeline.sources import Interval, Region

MOST_GASES = 7
"""Gases on the page, those with the highest rate; the others are counted in words."""

LIGHT_WIND_M_S = 1.0
"""Below this no side is safe [m s-1]."""

WIDEST_SPREAD_DEG = 50.0
"""Above this no side is safe [degrees]."""

_FORMULAS = (
    "Room: steady well-mixed box (ASHRAE Fundamentals). Vent and puff: Gaussian plume with Briggs coefficients "
    "(DOE/TIC-11223, 1982). Pool: Mackay and Matsugu 1973. Worst case: 1.5 m/s, class F, open ground (40 CFR 68.22)"
)
_PPE_SOURCES = (
    "NIOSH Pocket Guide to Chemical Hazards, 2005-149 (2007)",
    "29 CFR 1910.146(b), hazardous atmosphere",
    "RAE Systems TN-106 (2010)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindNow:
    """Wind for the approach."""

    from_deg: float
    """Where it comes from, clockwise from north [degrees]."""
    spread_deg: float
    """Standard deviation of the direction [degrees]."""
    speed_m_s: float
    """Speed [m s-1]."""
    source: str
    """Which instrument, when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """All that the sheet is made from."""

    site: str
    """Label of the site."""
    now: datetime
    """State of knowledge, UTC."""
    region: Region
    """90 % region."""
    rate_kg_s: Mapping[str, Interval]
    """Rates by gas."""
    height_m: float
    """Release height [m]."""
    activity: Activity
    """Whether it is active."""
    wind: WindNow | None
    """Wind now; None when it is not known, and then only the worst case is stated."""
    forecast: tuple[WindNow, ...] = ()
    """Wind to come; `source` says when."""
    buildings: BuildingRanking | None = None
    """Ranked buildings."""
    neighbours: Neighbours | None = None
    """Who is near."""
    assessment: Assessment | None = None
    """Explanations."""
    room: Room = Room()  # noqa: RUF009 (frozen, so sharing it is safe)
    """Room behind the vent, stated."""
    puff_kg: float = 5.0
    """Sudden release that is looked at [kg]; a size for planning, not an estimate."""
    pool_m2: float = 4.0
    """Pool that is looked at [m2]; a size for planning, not an estimate."""
    is_exercise: bool = False
    """Whether this is an exercise."""


def sheet_html(what: Responder, language: Language = "en") -> str:
    """The sheet as one HTML page that needs nothing else.

    Args:
        what: all that it is made from.
        language: "en" or "es".

    Returns:
        HTML.

    Raises:
        InputError: there is no such language.
    """
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 (slow to import)

    folder = files("plumeline.facilities").joinpath("sheet")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(
        folder.joinpath("sheet.html.j2").read_text(encoding="utf-8")
    )
    return page.render(**sheet_facts(what, language))


def sheet_pdf(what: Responder, language: Language = "en") -> bytes:
    """The sheet as PDF; the same input gives the same bytes.

    Args:
        what: all that it is made from.
        language: "en" or "es".

    Returns:
        PDF.

    Raises:
        InputError: WeasyPrint or its system libraries are not installed.
    """
    try:
        import weasyprint  # noqa: PLC0415 (needs the extra "sheets")
    except (ImportError, OSError) as error:
        raise InputError(
            f"a PDF cannot be made here: {error}",
            remedy="install plumeline[sheets] and Pango, or print the HTML sheet from a browser",
        ) from None
    pdf: bytes = weasyprint.HTML(string=sheet_html(what, language)).write_pdf()
    return pdf


def sheet_facts(what: Responder, language: Language = "en") -> dict[str, Any]:
    """What the sheet says, in its language, before it is laid out.

    Args:
        what: all that it is made from.
        language: "en" or "es".

    Returns:
        Texts and rows by name; `t` holds the sheet's words.

    Raises:
        InputError: there is no such language.
    """
    folder = files("plumeline.facilities").joinpath("sheet")
    if language not in {"en", "es"}:
        raise InputError(f"there is no responder sheet in {language!r}", remedy="use en or es")
    texts = tomllib.loads(folder.joinpath(f"{language}.toml").read_text(encoding="utf-8"))
    sources = Sources()
    now = Weather(wind_m_s=max(what.wind.speed_m_s, 0.5)) if what.wind is not None else WORST_WEATHER
    ranked = sorted(what.rate_kg_s.items(), key=lambda pair: -pair[1].median)
    sizes = Sizes(room=what.room, puff_kg=what.puff_kg, pool_m2=what.pool_m2)
    rows = [
        gas_row(name, rate, sizes, now, texts=texts, sources=sources) for name, rate in ranked[:MOST_GASES]
    ]
    if language == "es":
        rows = [row | {"name": spanish_name(row["name"])} for row in rows]
    ppe = [_numbered(line, sources) for line in texts["ppe"]]
    sources.number(_FORMULAS)
    return {
        "t": texts,
        "language": language,
        "site": what.site,
        "exercise": what.is_exercise,
        "made": f"{what.now:%Y-%m-%d %H:%M} UTC",
        "activity": _activity(what.activity, texts),
        "where": _where(what, texts, language),
        "approach": _approach(what, texts, language),
        "gases": rows,
        "tier": "AEGL-2 / ERPG-2 / PAC-2",
        "heads": {
            "vent": texts["vent"],
            "puff": texts["puff"].format(mass=f"{what.puff_kg:g}"),
            "pool": texts["pool"].format(area=f"{what.pool_m2:g}"),
        },
        "notes": _notes(what, now, texts),
        "neighbours": _neighbours(what.neighbours, texts, language),
        "explanations": _explanations(what.assessment, texts, language),
        "ppe": ppe,
        "unknowns": _unknowns(what, texts, language),
        "sources": sources.titles,
    }


def _numbered(line: str, sources: Sources) -> dict[str, Any]:
    for index, title in enumerate(_PPE_SOURCES, start=1):
        mark = f"{{{index}}}"
        if mark in line:
            return {"text": line.replace(mark, "").strip(), "ref": sources.number(title)}
    return {"text": line, "ref": ""}


def _activity(activity: Activity, texts: dict[str, Any]) -> dict[str, Any]:
    lines = []
    if math.isfinite(activity.active):
        lines.append(
            texts["chances"].format(
                active=f"{activity.active:.0%}",
                pausing=f"{activity.pausing:.0%}",
                gone=f"{activity.gone:.0%}",
            )
        )
    seen = activity.last_seen
    lines.append(
        texts["last_seen"].format(time=f"{seen:%Y-%m-%d %H:%M} UTC") if seen else texts["never_seen"]
    )
    if activity.last_looked:
        limit = activity.last_limit_kg_s
        lines.append(
            texts["last_looked"].format(
                time=f"{activity.last_looked:%Y-%m-%d %H:%M} UTC",
                limit=texts["missing"] if limit is None else f"{limit * 1e3:.2g} g/s",
            )
        )
    if len(activity.forecast) > 24:
        lines.append(texts["tomorrow"].format(chance=f"{activity.forecast[24][1]:.0%}"))
    return {"state": texts[activity.state.value], "lines": lines}


def _where(what: Responder, texts: dict[str, Any], language: Language) -> list[str]:
    radius = math.sqrt(what.region.area_m2 / math.pi)
    lines = [texts["region"].format(area=whole(what.region.area_m2), radius=f"{radius:.0f}")]
    ranking = what.buildings
    if ranking is None or not ranking.is_known:
        if ranking is not None and ranking.remarks:
            return [*lines, spoken(ranking.remarks[0], language)]
        return [*lines, texts["buildings_unknown"]]
    listed = []
    for one in ranking.candidates[:3]:
        wall = (
            f" ({texts['shares_wall'].format(keys=', '.join(one.shares_wall_with))})"
            if one.shares_wall_with
            else ""
        )
        listed.append(f"{one.building.key} {one.probability:.0%}{wall}")
    return [*lines, texts["buildings"].format(list=", ".join(listed) or "–", none=f"{ranking.none:.0%}")]


def _side(from_deg: float, texts: dict[str, Any]) -> str:
    return str(texts["sides"][round(from_deg / 45) % 8])


def _approach(what: Responder, texts: dict[str, Any], language: Language) -> list[str]:
    wind = what.wind
    if wind is None:
        return [texts["approach_unknown"]]
    words = {
        "direction": f"{wind.from_deg % 360:.0f}",
        "spread": f"{wind.spread_deg:.0f}",
        "speed": f"{wind.speed_m_s:.1f}",
        "source": spoken(wind.source, language),
    }
    if wind.speed_m_s < LIGHT_WIND_M_S or wind.spread_deg > WIDEST_SPREAD_DEG:
        lines = [texts["approach_none"].format(**words)]
    else:
        lines = [texts["approach"].format(side=_side(wind.from_deg, texts), **words)]
    if what.forecast:
        coming = [
            f"{spoken(one.source, language)}: {_side(one.from_deg, texts)} {one.from_deg % 360:.0f}°, {one.speed_m_s:.0f} m/s"
            for one in what.forecast[:3]
        ]
        lines.append(texts["forecast"].format(list="; ".join(coming)))
    return lines


def _notes(what: Responder, now: Weather, texts: dict[str, Any]) -> dict[str, str]:
    room = what.room
    return {
        "indoor": texts["indoor_note"].format(
            volumes=f"{room.volume_m3[0]:g}–{room.volume_m3[1]:g}",
            changes=f"{room.air_changes_per_hour[0]:g}–{room.air_changes_per_hour[1]:g}",
        ),
        "outdoor": texts["outdoor_note"].format(
            now=f"{now.wind_m_s:.1f} m/s, {now.stability}",
            worst=f"{WORST_WEATHER.wind_m_s:g} m/s, {WORST_WEATHER.stability}",
        ),
    }


def _neighbours(neighbours: Neighbours | None, texts: dict[str, Any], language: Language) -> list[str]:
    if neighbours is None:
        return [texts["receptors_unknown"], texts["people"].format(area="", count=texts["people_unknown"])]
    lines = []
    for one in neighbours.people:
        if one.people is None:
            count = texts["people_unknown"]
        elif one.unknown_share:
            count = texts["people_partly"].format(count=f"{one.people:.0f}", share=f"{one.unknown_share:.0%}")
        else:
            count = f"{one.people:.0f}"
        lines.append(texts["people"].format(area=spoken(one.area, language), count=count))
    if neighbours.people:
        lines.append(texts["vintage"].format(vintage=spoken(neighbours.vintage, language)))
    else:
        lines.append(texts["people"].format(area="", count=texts["people_unknown"]))
    if neighbours.receptors is None:
        return [*lines, texts["receptors_unknown"]]
    if not neighbours.receptors:
        return [*lines, texts["receptors_none"]]
    return lines + [
        texts["receptor"].format(
            kind=texts["kinds"].get(one.kind, one.kind),
            distance=f"{one.distance_m:.0f}",
            bearing=f"{one.bearing_deg:.0f}",
        )
        for one in neighbours.receptors[:4]
    ]


def _explanations(assessment: Assessment | None, texts: dict[str, Any], language: Language) -> list[str]:
    if assessment is None:
        return [texts["missing"]]
    ranked = sorted(assessment.explanations, key=lambda one: -one.posterior)[:4]
    lines = [
        texts["explanation"].format(title=one.profile.title[language], probability=f"{one.posterior:.0%}")
        for one in ranked
    ]
    return ["; ".join(lines), assessment.support(language)]


def _unknowns(what: Responder, texts: dict[str, Any], language: Language) -> list[str]:
    lines = list(texts["unknowns"])
    mixture = what.assessment.evidence.mixture if what.assessment is not None else None
    if mixture is not None and mixture.limit_kg_s:
        names = list(mixture.limit_kg_s)[:12]
        if language == "es":
            names = [spanish_name(name) for name in names]
        lines.append(texts["not_looked"].format(list=", ".join(names)))
    return lines
