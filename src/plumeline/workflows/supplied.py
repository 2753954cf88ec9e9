"""The dossier's supplied parts, made from what `facilities` says about a site; nothing is invented in between."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from plumeline.cases.sections import (
    Activity,
    Bilingual,
    Candidate,
    GasHazard,
    NeighbourHarm,
    Receptor,
    ReceptorKind,
    ResponderSheet,
    Rival,
    Sections,
)
from plumeline.chem import emergency_level, species
from plumeline.errors import InputError
from plumeline.facilities import State, Weather
from plumeline.facilities.hazard import (
    AIR_PRESSURE_PA,
    AIR_TEMPERATURE_K,
    WORST_WEATHER,
    indoor_mole_fraction,
    vent_distance_m,
)
from plumeline.facilities.neighbours import IN_REGION
from plumeline.facilities.responder import LIGHT_WIND_M_S, WIDEST_SPREAD_DEG
from plumeline.units import mass_concentration_kg_m3

if TYPE_CHECKING:
    from plumeline.chem import Species
    from plumeline.facilities import BuildingRanking, Neighbours, Responder
    from plumeline.sources import Interval

_ACTIVITY = {State.ACTIVE: Activity.ACTIVE, State.RECENT: Activity.RECENT, State.COLD: Activity.COLD}
_RECEPTORS = {
    "school": ReceptorKind.SCHOOL,
    "kindergarten": ReceptorKind.SCHOOL,
    "clinic": ReceptorKind.CLINIC,
    "hospital": ReceptorKind.CLINIC,
    "nursing home": ReceptorKind.CARE_HOME,
    "social facility": ReceptorKind.CARE_HOME,
}
ADVICE = (
    Bilingual(
        en="Before an entry, warn the downwind side; move people across the wind, not along it.",
        es="Antes de entrar, avise al lado de sotavento; mueva a la gente de través al viento, no a lo largo.",
    ),
    Bilingual(
        en="Who shares a wall with a candidate building is as near as who is inside.",
        es="Quien comparte pared con un edificio candidato está tan cerca como quien está dentro.",
    ),
)
"""Holds at every site."""


def sections_of(site: Responder) -> Sections:
    """The supplied parts of a dossier.

    Args:
        site: all that the responder sheet is made from.

    Returns:
        Rival explanations, candidates, neighbours, responder sheet and unknowns, as far as they are known; what is
        missing stays missing, and a release without it is refused.

    Raises:
        InputError: no gas of the site is in the species table.
    """
    unknowns = (*_sheet_lines("unknowns"), *_gaps(site))
    return Sections(
        rivals=tuple(
            Rival(
                explanation=Bilingual(en=one.profile.title["en"], es=one.profile.title["es"]),
                probability=min(1.0, max(0.0, one.posterior)),
            )
            for one in (site.assessment.explanations if site.assessment is not None else ())
        ),
        candidates=_candidates(site.buildings),
        neighbours=None if site.neighbours is None else _neighbours(site.neighbours, site),
        responder=ResponderSheet(
            activity=_ACTIVITY.get(site.activity.state, Activity.UNKNOWN),
            last_seen=site.activity.last_seen,
            gases=_gases(site),
            approach=_approach(site),
            protection=_joined(_sheet_lines("ppe")),
            unknowns=unknowns,
        ),
        unknowns=unknowns,
    )


GAPS = {
    "people": Bilingual(
        en="How many people live or work in the region and downwind of it.",
        es="Cuántas personas viven o trabajan en la región y a sotavento de ella.",
    ),
    "receptors": Bilingual(
        en="Whether schools, clinics or care homes are near.",
        es="Si hay cerca escuelas, clínicas o residencias.",
    ),
    "buildings": Bilingual(en="Which buildings stand in the region.", es="Qué edificios hay en la región."),
    "wind": Bilingual(en="The wind now.", es="El viento de ahora."),
}
"""What a site may lack; each is said when it does."""


def _gaps(site: Responder) -> tuple[Bilingual, ...]:
    found, ranking = site.neighbours, site.buildings
    lacking = {
        "people": found is None or all(one.people is None for one in found.people),
        "receptors": found is None or found.receptors is None,
        "buildings": ranking is None or not ranking.is_known,
        "wind": site.wind is None,
    }
    return tuple(GAPS[name] for name, missing in lacking.items() if missing)


def _sheet_lines(key: str) -> tuple[Bilingual, ...]:
    """Lines of the responder sheet's own word lists, without their source numbers."""
    folder = files("plumeline.facilities").joinpath("sheet")
    both: list[Any] = [
        tomllib.loads(folder.joinpath(f"{each}.toml").read_text("utf-8"))[key] for each in ("en", "es")
    ]
    return tuple(
        Bilingual(en=re.sub(r"\s*\{\d\}", "", en), es=re.sub(r"\s*\{\d\}", "", es))
        for en, es in zip(*both, strict=True)
    )


def _joined(lines: tuple[Bilingual, ...]) -> Bilingual:
    return Bilingual(en=" ".join(line.en for line in lines), es=" ".join(line.es for line in lines))


def _candidates(ranking: BuildingRanking | None) -> tuple[Candidate, ...]:
    if ranking is None or not ranking.is_known:
        return ()
    named = [
        Candidate(label=one.building.key, probability=min(1.0, one.probability)) for one in ranking.candidates
    ]
    rest = (
        [Candidate(label="other buildings", probability=min(1.0, ranking.rest))] if ranking.rest > 0 else []
    )
    return (*named, *rest, Candidate(label="none of these", probability=min(1.0, ranking.none)))


def _neighbours(found: Neighbours, site: Responder) -> NeighbourHarm:
    inside = next((one for one in found.people if one.area == IN_REGION), None)
    ranking = site.buildings
    nearest: dict[ReceptorKind, list[float]] = {}
    for one in found.receptors or ():
        nearest.setdefault(_RECEPTORS.get(one.kind, ReceptorKind.OTHER), []).append(one.distance_m)
    return NeighbourHarm(
        people_in_region=None if inside is None or inside.people is None else round(inside.people),
        buildings_in_region=len(ranking.candidates) if ranking is not None and ranking.is_known else None,
        data=f"population data {found.vintage}" if found.people else "no population data",
        downwind_m=_downwind_m(site),
        receptors=tuple(
            Receptor(kind=kind, number=len(distances), nearest_m=min(distances))
            for kind, distances in sorted(nearest.items())
        ),
        advice=ADVICE,
    )


def _known(site: Responder) -> list[tuple[Species, Interval]]:
    known = []
    for name, rate in sorted(site.rate_kg_s.items(), key=lambda pair: -pair[1].median):
        try:
            known.append((species(name), rate))
        except InputError:
            continue
    return known


def _downwind_m(site: Responder) -> float:
    """Farthest any gas passes its second emergency level, at its highest rate, now or in the worst weather [m]."""
    now = WORST_WEATHER if site.wind is None else Weather(wind_m_s=max(site.wind.speed_m_s, 0.5))
    reach_m = [0.0]
    for substance, rate in _known(site):
        level = emergency_level(substance, 2)
        if level is not None:
            reach_m += [
                vent_distance_m(rate.high, level.cited.value, substance, weather)
                for weather in (now, WORST_WEATHER)
            ]
    return max(reach_m)


def _gases(site: Responder) -> tuple[GasHazard, ...]:
    """Indoor range and limits of each gas.

    Raises:
        InputError: no gas is in the species table.
    """
    made = []
    for substance, rate in _known(site):

        def mass(fraction: float, substance: Species = substance) -> float:
            return float(
                mass_concentration_kg_m3(
                    fraction,
                    molar_mass_kg_mol=substance.molar_mass_kg_mol,
                    temperature_k=AIR_TEMPERATURE_K,
                    pressure_pa=AIR_PRESSURE_PA,
                )
            )

        low, high = indoor_mole_fraction(rate, site.room, substance.molar_mass_kg_mol)
        idlh, flammable = substance.get("idlh"), substance.get("lfl")
        made.append(
            GasHazard(
                species=substance.name,
                indoor_low_kg_m3=mass(low),
                indoor_high_kg_m3=mass(high),
                idlh_kg_m3=None if idlh is None else mass(idlh.value),
                flammable_from_kg_m3=None if flammable is None else mass(flammable.value),
            )
        )
    if not made:
        raise InputError("no gas of this site is in the species table, so there is no responder sheet")
    return tuple(made)


def _approach(site: Responder) -> Bilingual:
    wind = site.wind
    if wind is None:
        return Bilingual(
            en="The wind is not known: find it out before choosing a side.",
            es="No se conoce el viento: averígüelo antes de elegir un lado.",
        )
    if wind.speed_m_s < LIGHT_WIND_M_S or wind.spread_deg > WIDEST_SPREAD_DEG:
        return Bilingual(
            en="No safe side: the wind is too light or too variable. Keep to the outer distances all round.",
            es="Ningún lado es seguro: el viento es demasiado débil o variable. Mantenga las distancias exteriores.",
        )
    facts = f"{wind.from_deg % 360:.0f}° ± {wind.spread_deg:.0f}°, {wind.speed_m_s:.1f} m/s"
    return Bilingual(
        en=f"From the side the wind comes from: {facts}. Look at the wind again before going in.",
        es=f"Desde el lado de donde viene el viento: {facts}. Vuelva a mirar el viento antes de entrar.",
    )
