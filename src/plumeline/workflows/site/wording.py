"""What a site's page says, in its language, before it is laid out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.chem import spanish_name
from plumeline.facilities import Kind, State, spoken, whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from plumeline.facilities import Activity, Assessment, BuildingRanking, Language, Neighbours, Settling
    from plumeline.sources import FusedSite
    from plumeline.workflows.assess import SiteAssessment

    Texts = Mapping[str, Any]

LEAST_SHOWN = 0.005
"""Benign explanations below this are left out after the first three."""

LEAST_OUTCOME = 0.05
"""Outcomes of a measurement that are less likely are left out."""


def percent(value: float, texts: Texts) -> str:
    """A probability in words.

    Args:
        value: 0 to 1, or not finite when it is not known.
        texts: the page's words.

    Returns:
        Whole percent.
    """
    if not math.isfinite(value):
        return str(texts["not_known"])
    return "< 1 %" if value < LEAST_SHOWN else f"{100 * value:.0f} %"


def minute(time: datetime | None, texts: Texts) -> str:
    """A time as people write it.

    Args:
        time: UTC, or None for never.
        texts: the page's words.

    Returns:
        To the minute.
    """
    return f"{time:%Y-%m-%d %H:%M} UTC" if time is not None else str(texts["never"])


def gas_name(name: str, language: Language) -> str:
    """A gas in the page's language.

    Args:
        name: as it stands in the result.
        language: "en" or "es".

    Returns:
        Its name.
    """
    return spanish_name(name) if language == "es" else name


def explanation_rows(assessment: Assessment, texts: Texts, language: Language) -> list[dict[str, str]]:
    """Explanations as rows, benign ones first.

    Args:
        assessment: the comparison.
        texts: the page's words.
        language: "en" or "es".

    Returns:
        Rows; unlikely benign ones are left out after the first three.
    """
    return [
        {
            "kind": one.profile.kind.value,
            "title": one.profile.title[language],
            "prior": percent(one.prior, texts),
            "posterior": percent(one.posterior, texts),
            "bar": f"{10 * one.posterior:.1f}",
        }
        for index, one in enumerate(assessment.explanations)
        if one.posterior >= LEAST_SHOWN or index < 3 or one.profile.kind is not Kind.BENIGN
    ]


def settling_rows(settling: tuple[Settling, ...], texts: Texts, language: Language) -> list[dict[str, Any]]:
    """Measurements that would settle it, as rows.

    Args:
        settling: the measurements.
        texts: the page's words.
        language: "en" or "es".

    Returns:
        Rows.
    """
    return [
        {
            "what": spoken(one.what, language),
            "gain_bit": one.gain_bit,
            "outcomes": [
                {
                    "outcome": spoken(outcome, language),
                    "chance": percent(chance, texts),
                    "leads": spoken(leads, language),
                }
                for outcome, chance, leads in one.outcomes
                if chance >= LEAST_OUTCOME
            ],
        }
        for one in settling
    ]


def building_rows(ranking: BuildingRanking, texts: Texts) -> list[dict[str, str]]:
    """Ranked buildings as rows.

    Args:
        ranking: the ranking.
        texts: the page's words.

    Returns:
        Rows; none when the buildings are not known.
    """
    return [
        {
            "key": one.building.key,
            "probability": percent(one.probability, texts),
            "walls": ", ".join(one.shares_wall_with),
        }
        for one in ranking.candidates
    ]


def activity_words(activity: Activity, texts: Texts) -> dict[str, str]:
    """Whether it is active, with when it was seen and looked at, and the limit then.

    Args:
        activity: the state.
        texts: the page's words.

    Returns:
        Sentences by name.
    """
    limit = activity.last_limit_kg_s
    tomorrow = activity.forecast[24][1] if len(activity.forecast) > 24 else math.nan
    return {
        "chances": texts["chances"].format(
            active=percent(activity.active, texts),
            pausing=percent(activity.pausing, texts),
            gone=percent(activity.gone, texts),
            now=minute(activity.now, texts),
        ),
        "seen_looked": texts["seen_looked"].format(
            seen=minute(activity.last_seen, texts),
            looked=minute(activity.last_looked, texts),
            limit=texts["unknown_rate"] if limit is None else f"{limit * 1e3:.2g} g/s",
        ),
        "forecast_words": texts["forecast_words"].format(
            hours=max(len(activity.forecast) - 1, 0), chance=percent(tomorrow, texts)
        ),
    }


def state_word(activity: Activity, texts: Texts) -> str:
    """The state in words.

    Args:
        activity: the state.
        texts: the page's words.

    Returns:
        The words.
    """
    key = "state_undecided" if activity.state is State.UNDECIDED else activity.state.value
    return str(texts[key])


def neighbour_lines(neighbours: Neighbours, texts: Texts, language: Language) -> list[str]:
    """Who is near, with what is not known.

    Args:
        neighbours: the neighbours.
        texts: the page's words.
        language: "en" or "es".

    Returns:
        Sentences.
    """
    lines = []
    for one in neighbours.people:
        if one.people is None:
            count = texts["count_unknown"]
        elif one.unknown_share:
            count = texts["count_partly"].format(
                count=f"{one.people:.0f}", share=percent(one.unknown_share, texts)
            )
        else:
            count = f"{one.people:.0f}"
        lines.append(texts["people"].format(area=spoken(one.area, language), count=count))
    lines = lines or [texts["people_none"]]
    if neighbours.receptors is None:
        lines.append(texts["receptors_unknown"])
    elif not neighbours.receptors:
        lines.append(texts["receptors_none"])
    lines += [
        texts["receptor"].format(
            kind=texts["kinds"].get(one.kind, one.kind),
            distance=f"{one.distance_m:.0f}",
            bearing=f"{one.bearing_deg % 360:.0f}",
        )
        for one in neighbours.receptors or ()
    ]
    vintage, source = spoken(neighbours.vintage, language), spoken(neighbours.source, language)
    return [*lines, texts["vintage"].format(vintage=vintage, source=source)]


def visit_rows(site: FusedSite, texts: Texts, language: Language) -> list[dict[str, str]]:
    """The site's history.

    Args:
        site: the site.
        texts: the page's words.
        language: "en" or "es".

    Returns:
        A row per flight, with what it would have seen.
    """
    return [
        {
            "flight": visit.flight,
            "time": f"{np.datetime_as_string(visit.time, unit='m').replace('T', ' ')} UTC",
            "seen": texts["yes"] if visit.is_seen else texts["no"],
            "limits": ", ".join(
                f"{gas_name(name, language)} {limit * 1e3:.2g}"
                for name, limit in sorted(visit.limit_kg_s.items())
            ),
        }
        for visit in site.visits
    ]


def at_a_glance(found: SiteAssessment, texts: Texts, language: Language) -> list[dict[str, str]]:
    """The five things to read first.

    Args:
        found: the assessed site.
        texts: the page's words.
        language: "en" or "es".

    Returns:
        Rows of a head and a text.
    """
    ranked = sorted(found.explanations.explanations, key=lambda one: -one.posterior)[:3]
    what = ", ".join(f"{one.profile.title[language]} {percent(one.posterior, texts)}" for one in ranked)
    seen = texts["last_seen"].format(time=minute(found.activity.last_seen, texts))
    settling = found.settling[0] if found.settling else None
    rows = [
        ("glance_what", what),
        ("glance_active", f"{state_word(found.activity, texts)}; {seen}"),
        ("glance_where", _where(found, texts)),
        ("glance_who", _who(found.neighbours, texts, language)),
        ("glance_next", "–" if settling is None else spoken(settling.what, language)),
    ]
    return [{"head": texts[key], "text": text} for key, text in rows]


def _where(found: SiteAssessment, texts: Texts) -> str:
    area_m2 = found.site.region_90.area_m2
    region = texts["region"].format(area=whole(area_m2), radius=f"{math.sqrt(area_m2 / math.pi):.0f}")
    ranking = found.buildings
    if not ranking.is_known:
        return f"{region}; {texts['buildings_unknown']}"
    first = ", ".join(
        f"{one.building.key} {percent(one.probability, texts)}" for one in ranking.candidates[:3]
    )
    listed = texts["first_buildings"].format(list=first or "–", none=percent(ranking.none, texts))
    return f"{region}; {listed}"


def _who(neighbours: Neighbours, texts: Texts, language: Language) -> str:
    known = [
        texts["people"].format(area=spoken(one.area, language), count=f"{one.people:.0f}")
        for one in neighbours.people[:1]
        if one.people is not None
    ]
    if neighbours.receptors:
        nearest = neighbours.receptors[0]
        kind = texts["kinds"].get(nearest.kind, nearest.kind)
        known.append(texts["nearest"].format(kind=kind, distance=f"{nearest.distance_m:.0f}"))
    return "; ".join(known) or str(texts["people_unknown"])
