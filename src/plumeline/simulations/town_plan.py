"""Who works where in a simulated town: businesses, the register that lists (most of) them, receptors, exports.

In a town nobody lives in, outlines go out as GeoJSON and the register as CSV, in the shape that registers and
footprints of real towns are read from.
"""

from __future__ import annotations

import csv
import json
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from shapely.geometry.polygon import orient

from plumeline.errors import ConfigurationError
from plumeline.simulations.emission import Emitter, Pattern, Schedule
from plumeline.simulations.species import gas

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from plumeline.frames import LocalFrame
    from plumeline.simulations.towns import Building

RECEPTORS: Mapping[str, Mapping[str, str]] = {
    "school": {"en": "School", "es": "Escuela"},
    "clinic": {"en": "Clinic", "es": "Clínica"},
}
"""Uses that must be protected first, with the register's names for them; each town has one of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What one kind of business emits."""

    name: str
    """Profile name."""
    title: Mapping[str, str]
    """What the register calls it, by language."""
    tags: tuple[str, ...]
    """Register words; empty for what no register lists."""
    rate_g_s: tuple[float, float]
    """Least and greatest total rate while it works [g s-1]."""
    shares: Mapping[str, float]
    """Mass share per gas."""
    pattern: Pattern
    """Kind of schedule."""
    hours: tuple[float, float]
    """Opening and closing, local time [h]."""
    source: str
    """Where the range comes from."""
    pool: tuple[str, ...] = ()
    """Gases of which two to four are drawn where mixtures vary; empty for a trade with a mixture of its own."""

    def mixture(self, rng: np.random.Generator) -> dict[str, float]:
        """Draw one place's mixture: its trade's, each share off by about a third, or gases of the pool.

        Args:
            rng: draws.

        Returns:
            Mass share per gas; they add up to 1.
        """
        names, weights = tuple(self.shares), np.array(tuple(self.shares.values()))
        if self.pool:
            names = tuple(str(n) for n in rng.choice(self.pool, size=int(rng.integers(2, 5)), replace=False))
            weights = rng.dirichlet(np.full(len(names), 2.0))
        weights = weights * np.exp(0.3 * rng.standard_normal(weights.size))
        return dict(zip(names, (weights / weights.sum()).tolist(), strict=True))


@cache
def trades() -> Mapping[str, Trade]:
    """Every kind of emitter the simulator knows, by name.

    Returns:
        The trades.

    Raises:
        ConfigurationError: shares do not add up to 1.
    """
    table = tomllib.loads(
        files("plumeline.simulations").joinpath("emitters.toml").read_text(encoding="utf-8")
    )
    found = {}
    for name, entry in table.items():
        if abs(sum(entry["shares"].values()) - 1.0) > 1e-9:
            raise ConfigurationError(f"shares of {name} do not add up to 1", where="emitters.toml")
        found[name] = Trade(
            name=name,
            title={"en": entry["title"], "es": entry["titulo"]},
            tags=tuple(entry["tags"]),
            rate_g_s=tuple(entry["rate_g_s"]),
            shares={gas(species).name: share for species, share in entry["shares"].items()},
            pattern=entry["pattern"],
            hours=tuple(entry["hours"]),
            source=entry["source"],
            pool=tuple(gas(species).name for species in entry.get("pool", ())),
        )
    return found


def trade(name: str) -> Trade:
    """Look a kind of emitter up.

    Args:
        name: its name.

    Returns:
        The trade.

    Raises:
        ConfigurationError: there is no such kind.
    """
    if name not in trades():
        raise ConfigurationError(
            f"emitter kind {name!r} is unknown", remedy="use one of: " + ", ".join(trades())
        )
    return trades()[name]


def settle(
    buildings: Sequence[Building], businesses: Mapping[str, int], rng: np.random.Generator
) -> tuple[Building, ...]:
    """Give businesses and receptors a building each; all others stay homes.

    Args:
        buildings: the town.
        businesses: number of each kind.
        rng: draws the places.

    Returns:
        The same buildings with their uses.

    Raises:
        ConfigurationError: a kind is unknown or there are more businesses than buildings.
    """
    uses = [trade(kind).name for kind in sorted(businesses) for _ in range(businesses[kind])]
    uses += [use for use in RECEPTORS if len(buildings) > len(uses) + len(RECEPTORS)]
    if len(uses) > len(buildings):
        raise ConfigurationError(f"{len(uses)} businesses do not fit into {len(buildings)} buildings")
    chosen = rng.permutation(len(buildings))[: len(uses)]
    given = dict(zip(chosen.tolist(), uses, strict=True))
    return tuple(
        replace(building, use=given[number], residents=building.residents if given[number] in trades() else 0)
        if number in given
        else building
        for number, building in enumerate(buildings)
    )


def working(building: Building, rng: np.random.Generator, *, is_sought: bool = False) -> Emitter:
    """The emitter on a business's roof.

    Args:
        building: its building; `use` says what it does.
        rng: draws rate and timing from the trade's ranges.
        is_sought: whether this is what a survey looks for.

    Returns:
        The emitter.

    Raises:
        ConfigurationError: nothing in this building emits.
    """
    what = trade(building.use)
    low, high = np.log(what.rate_g_s)
    total_kg_s = 1e-3 * float(np.exp(rng.uniform(low, high)))
    period_s = float(rng.uniform(1500.0, 3600.0))
    vent = building.footprint.representative_point()
    return Emitter(
        name=f"{what.name}-{building.building_id}",
        east_m=float(vent.x),
        north_m=float(vent.y),
        height_m=building.height_m + 0.5,
        rates_kg_s={species: share * total_kg_s for species, share in what.shares.items()},
        schedule=Schedule(
            pattern=what.pattern,
            period_s=period_s,
            on_s=float(rng.uniform(0.3, 0.7)) * period_s,
            phase_s=float(rng.uniform(0.0, period_s)),
            opens_hour=what.hours[0],
            closes_hour=what.hours[1],
        ),
        kind=what.name,
        building=building.building_id,
        is_sought=is_sought,
    )


def write_footprints(buildings: Sequence[Building], frame: LocalFrame, path: Path, *, mark: str = "") -> None:
    """Write outlines, heights and residents as GeoJSON (RFC 7946); uses stand in the register only.

    Args:
        buildings: the town.
        frame: its placed frame.
        path: the file.
        mark: text every feature carries, e.g. "EXERCISE".

    Raises:
        OSError: the file cannot be written.
    """
    features = [
        {
            "type": "Feature",
            "id": building.building_id,
            "geometry": {"type": "Polygon", "coordinates": [_ring(building, frame)]},
            "properties": _properties(building, mark),
        }
        for building in buildings
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def write_register(
    buildings: Sequence[Building], frame: LocalFrame, path: Path, *, mark: str = "", language: str = "en"
) -> None:
    """Write the business register and the receptors as CSV; what no register lists is not in it.

    Args:
        buildings: the town.
        frame: its placed frame.
        path: the file.
        mark: text in front of every name, e.g. "EXERCISE".
        language: "en" or "es", of the names.

    Raises:
        OSError: the file cannot be written.
    """
    rows: list[list[object]] = []
    for building in buildings:
        if building.use in RECEPTORS:
            title, hours = RECEPTORS[building.use], (8.0, 18.0)
            tags: tuple[str, ...] = (f"amenity={building.use}",)
        elif building.use in trades() and trades()[building.use].tags:
            what = trades()[building.use]
            title, tags, hours = what.title, what.tags, what.hours
        else:
            continue
        lon, lat = frame.to_lonlat(building.footprint.centroid.x, building.footprint.centroid.y)
        name = f"{mark} {title[language]} {building.building_id}".strip()
        rows.append([
            building.building_id,
            name,
            ";".join(tags),
            f"{float(lat):.7f}",
            f"{float(lon):.7f}",
            *hours,
        ])
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([
            "building_id",
            "name",
            "tags",
            "latitude_deg",
            "longitude_deg",
            "opens_h",
            "closes_h",
        ])
        writer.writerows(rows)


def _ring(building: Building, frame: LocalFrame) -> list[list[float]]:
    """The outline as longitude, latitude pairs, anticlockwise."""
    east, north = orient(building.footprint).exterior.xy
    lon, lat = frame.to_lonlat(np.array(east), np.array(north))
    return [[round(float(x), 7), round(float(y), 7)] for x, y in zip(lon, lat, strict=True)]


def _properties(building: Building, mark: str) -> dict[str, Any]:
    """What a footprint says of its building."""
    shown: dict[str, Any] = {
        "building_id": building.building_id,
        "height_m": building.height_m,
        "residents": building.residents,
        "shares_wall_with": list(building.shares_wall_with),
    }
    return shown | ({"mark": mark} if mark else {})
