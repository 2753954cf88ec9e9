"""One row of the responder sheet: a gas, the likely range indoors, its limits, and distances outdoors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plumeline.chem import emergency_level, species
from plumeline.errors import InputError
from plumeline.facilities.hazard import (
    LONGEST_M,
    SHORTEST_M,
    WORST_WEATHER,
    indoor_mole_fraction,
    pool_rate_kg_s,
    puff_distance_m,
    vent_distance_m,
)
from plumeline.facilities.phrase import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from plumeline.chem import Cited, Species
    from plumeline.facilities.hazard import Room, Weather
    from plumeline.sources import Interval


class Sources:
    """Numbers the sources in order of first use."""

    def __init__(self) -> None:
        self.titles: list[str] = []

    def number(self, title: str) -> int:
        """Number of a source, given on first use.

        Args:
            title: the source.

        Returns:
            1 for the first.
        """
        if title not in self.titles:
            self.titles.append(title)
        return self.titles.index(title) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Sizes that are stated for planning, not estimated."""

    room: Room
    """Room behind the vent."""
    puff_kg: float
    """Sudden release [kg]."""
    pool_m2: float
    """Pool [m2]."""


def _ppm(value: float) -> str:
    ppm = value * 1e6
    return whole(ppm) if ppm >= 10 else f"{ppm:.2g}"


def gas_row(
    name: str, rate: Interval, sizes: Sizes, now: Weather, *, texts: dict[str, Any], sources: Sources
) -> dict[str, Any]:
    """Cells of one gas.

    Args:
        name: the gas.
        rate: rate leaving the building, 90 % interval [kg s-1].
        sizes: sizes looked at.
        now: conditions now.
        texts: words in the sheet's language.
        sources: numbering of the sources.

    Returns:
        Texts by column.
    """
    substance = _known(name)
    grams = f"{rate.median * 1e3:.2g} ({rate.low * 1e3:.2g}–{rate.high * 1e3:.2g})"
    if substance is None:
        unknown = {"text": texts["missing"], "ref": ""}
        return {
            "name": name,
            "rate": grams,
            "indoor": texts["missing"],
            "warnings": [],
            "limits": [unknown] * 3,
            "vent": texts["missing"],
            "puff": texts["missing"],
            "pool": texts["missing"],
        }
    low, high = indoor_mole_fraction(rate, sizes.room, substance.molar_mass_kg_mol)
    idlh, lfl = substance.get("idlh"), substance.get("lfl")
    level = emergency_level(substance, 2)
    warnings = [texts["over_idlh"]] if idlh and high > idlh.value else []
    warnings += [texts["over_lfl"]] if lfl and high > lfl.value / 10 else []
    label = f"{level.label} " if level else ""
    return {
        "name": name,
        "rate": grams,
        "indoor": f"{_ppm(low)}–{_ppm(high)}",
        "warnings": warnings,
        "limits": [
            _limit(idlh, "", texts, sources),
            _limit(level.cited if level else None, label, texts, sources),
            _limit(lfl, "", texts, sources),
        ],
        **_distances(substance, rate, level.cited.value if level else None, sizes, now, texts),
    }


def _known(name: str) -> Species | None:
    try:
        return species(name)
    except InputError:
        return None


def _limit(cited: Cited | None, label: str, texts: dict[str, Any], sources: Sources) -> dict[str, Any]:
    if cited is None:
        return {"text": texts["missing"], "ref": ""}
    return {
        "text": f"{label}{cited.published}",
        "ref": sources.number(f"{cited.source.title} ({cited.source.date})"),
    }


def _distances(
    substance: Species,
    rate: Interval,
    limit: float | None,
    sizes: Sizes,
    now: Weather,
    texts: dict[str, Any],
) -> dict[str, str]:
    if limit is None:
        return dict.fromkeys(("vent", "puff", "pool"), texts["missing"])

    def both(distance: Callable[[Weather], float]) -> str:
        return f"{_metres(distance(now), texts)} / {_metres(distance(WORST_WEATHER), texts)}"

    def pool(weather: Weather) -> float:
        evaporating = pool_rate_kg_s(sizes.pool_m2, substance, weather)
        return vent_distance_m(evaporating or 0.0, limit, substance, weather)

    is_liquid = pool_rate_kg_s(sizes.pool_m2, substance, now) is not None
    return {
        "vent": both(lambda weather: vent_distance_m(rate.high, limit, substance, weather)),
        "puff": both(lambda weather: puff_distance_m(sizes.puff_kg, limit, substance, weather)),
        "pool": both(pool) if is_liquid else texts["no_pool"],
    }


def _metres(distance_m: float, texts: dict[str, Any]) -> str:
    if distance_m < SHORTEST_M:
        return str(texts["nowhere"])
    if distance_m >= LONGEST_M * 0.99:
        return str(texts["beyond"])
    step = 10 ** max(math.floor(math.log10(distance_m)) - 1, 0)
    return f"{whole(math.ceil(distance_m / step) * step)} m"
