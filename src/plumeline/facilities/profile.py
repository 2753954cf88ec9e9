"""Emission profiles of facility types: what such places release, when, from how high, and how they are registered.

A profile states ranges, never points: `low` and `high` are the 5 % and 95 % quantiles over places of that type.
Shipped profiles are benign, plus one generic "unexplained" and one "other"; an agency's own profiles have the
same schema and come only from a sealed, signed pack.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from plumeline.chem import species as find_species
from plumeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

QUANTILE_SPAN = 2 * 1.6448536269514722
"""Standard deviations between the 5 % and 95 % quantiles of a normal distribution."""


class Kind(StrEnum):
    """What a profile stands for."""

    BENIGN = "benign"
    """A registered trade, farm, plant or road."""
    UNEXPLAINED = "unexplained"
    """A solvent mixture with no registered reason; what it is for is not said."""
    OTHER = "other"
    """Anything that no profile describes."""


class Period(StrEnum):
    """Part of the week, in local time."""

    WORKING = "working"
    """Monday to Friday, 08-18 h."""
    EVENING = "evening"
    """Monday to Friday, 18-22 h."""
    NIGHT = "night"
    """Any day, 22-08 h."""
    WEEKEND = "weekend"
    """Saturday and Sunday, 08-22 h."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A cited 5-95 % range."""

    low: float
    """5 % quantile."""
    high: float
    """95 % quantile."""
    source: str
    """Title and date of the document."""
    is_cited: bool
    """Whether the numbers stand in the source; otherwise they are assumed, and widened for it."""

    @property
    def middle(self) -> float:
        """Middle on a linear scale."""
        return (self.low + self.high) / 2

    @property
    def sigma(self) -> float:
        """Standard deviation on a linear scale."""
        return (self.high - self.low) / QUANTILE_SPAN

    @property
    def ln_middle(self) -> float:
        """Middle of the natural logarithm."""
        return (math.log(self.low) + math.log(self.high)) / 2

    @property
    def ln_sigma(self) -> float:
        """Standard deviation of the natural logarithm."""
        return (math.log(self.high) - math.log(self.low)) / QUANTILE_SPAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How much of a species such places emit."""

    ratio: Range
    """Mass rate of the species over the profile's rate."""
    present: float
    """Fraction of such places that emit it at all, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of one type of place."""

    name: str
    """Stable key."""
    title: Mapping[str, str]
    """Title by language ("en", "es")."""
    kind: Kind
    """What it stands for."""
    registered_as: tuple[str, ...]
    """OSM tags (`key=value`) or register categories under which such places are listed."""
    rate_kg_s: Range
    """Rate while emitting [kg s-1]."""
    species: Mapping[str, Share]
    """Shares by species."""
    hours: Mapping[Period, Range]
    """Probability of emitting at a moment of each period."""
    burstiness: Range
    """Standard deviation of the natural logarithm of the rate between passes of one visit."""
    height_m: Range
    """Height of the release above ground [m]."""
    register_completeness: Range
    """Probability that the register lists such a place."""
    minimum_species: int
    """Fewest species that such a place emits together, 1 or 2."""


@cache
def shipped_profiles() -> tuple[Profile, ...]:
    """The profiles that come with Plumeline, by name.

    Returns:
        Benign ones first, then "unexplained", then "other".

    Raises:
        InputError: a shipped file is broken.
    """
    folder = files("plumeline.facilities").joinpath("profiles")
    texts = sorted((entry.name, entry.read_text(encoding="utf-8")) for entry in folder.iterdir())
    profiles = [read_profile(text, where=name) for name, text in texts if name.endswith(".toml")]
    order = list(Kind)
    return tuple(sorted(profiles, key=lambda profile: (order.index(profile.kind), profile.name)))


def read_profile(text: str, *, where: str = "profile") -> Profile:
    """Read one profile.

    Args:
        text: TOML.
        where: file name for the error's text.

    Returns:
        The profile.

    Raises:
        InputError: the file is not TOML, lacks something, or contradicts itself; all faults are listed.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not TOML: {error}", where=where) from None
    return profile_from_table(table, where=where)


def profile_from_table(table: Mapping[str, Any], *, where: str) -> Profile:
    """Make a profile from a parsed table.

    Args:
        table: as in the shipped files.
        where: file name for the error's text.

    Returns:
        The profile.

    Raises:
        InputError: something is missing or contradicts itself; all faults are listed.
    """
    faults = _faults(table)
    if faults:
        raise InputError("contradicts itself: " + "; ".join(faults), where=where)
    sources = table["source"]
    rate = _range(table["rate_g_s"], sources)
    return Profile(
        name=table["name"],
        title=table["title"],
        kind=Kind(table["kind"]),
        registered_as=tuple(table["registered_as"]),
        rate_kg_s=Range(
            low=rate.low * 1e-3, high=rate.high * 1e-3, source=rate.source, is_cited=rate.is_cited
        ),
        species={
            find_species(name).name: Share(ratio=_range(cell, sources), present=float(cell["present"]))
            for name, cell in table["species"].items()
        },
        hours={Period(name): _range(cell, sources) for name, cell in table["hours"].items()},
        burstiness=_range(table["burstiness"], sources),
        height_m=_range(table["height_m"], sources),
        register_completeness=_range(table["register_completeness"], sources),
        minimum_species=int(table.get("minimum_species", 1)),
    )


_REQUIRED = (
    "name",
    "title",
    "kind",
    "registered_as",
    "rate_g_s",
    "species",
    "hours",
    "burstiness",
    "height_m",
    "register_completeness",
    "source",
)


def _range(cell: Mapping[str, Any], sources: Mapping[str, Any]) -> Range:
    source = sources[cell["source"]]
    return Range(
        low=float(cell["low"]),
        high=float(cell["high"]),
        source=f"{source['title']} ({source['date']})",
        is_cited=cell.get("basis") == "cited",
    )


def _faults(table: Mapping[str, Any]) -> list[str]:
    missing = [f"{key} is missing" for key in _REQUIRED if key not in table]
    if missing:
        return missing
    faults = [f"unknown key {key}" for key in set(table) - set(_REQUIRED) - {"minimum_species"}]
    if table["kind"] not in set(Kind):
        faults.append(f"kind {table['kind']!r} is not one of {[kind.value for kind in Kind]}")
    if (table["kind"] == Kind.BENIGN) != bool(table["registered_as"]):
        faults.append("a benign place is registered as something; the others as nothing")
    if set(table["hours"]) != set(Period):
        faults.append(f"hours must hold exactly {[period.value for period in Period]}")
    if not 1 <= int(table.get("minimum_species", 1)) <= min(2, len(table["species"])):
        faults.append("minimum_species is 1 or 2, and no more than the species listed")
    return faults + _range_faults(table) + _species_faults(table)


def _range_faults(table: Mapping[str, Any]) -> list[str]:
    cells = {
        **{key: table[key] for key in ("rate_g_s", "burstiness", "height_m", "register_completeness")},
        **{f"hours.{key}": cell for key, cell in table["hours"].items()},
        **{f"species.{key}": cell for key, cell in table["species"].items()},
    }
    faults = []
    for key, cell in cells.items():
        if not {"low", "high", "source"} <= set(cell):
            faults.append(f"{key} needs low, high and source")
            continue
        source = table["source"].get(cell["source"], {})
        if not (source.get("title") and source.get("date")):
            faults.append(f"{key} has no dated source")
        if not 0 < cell["low"] < cell["high"]:
            faults.append(f"{key}: low {cell['low']} and high {cell['high']} are no range")
        if key.startswith(("hours.", "register_")) and cell["high"] > 1:
            faults.append(f"{key} is a probability above 1")
    return faults


def _species_faults(table: Mapping[str, Any]) -> list[str]:
    faults = []
    for name, cell in table["species"].items():
        try:
            find_species(name)
        except InputError as error:
            faults.append(error.what)
        if not 0 < cell.get("present", -1) <= 1:
            faults.append(f"species.{name}: present must lie in 0 to 1, above 0")
    always = [cell for cell in table["species"].values() if cell.get("present") == 1]
    if sum(cell.get("low", 0) for cell in always if cell.get("high", 2) <= 1) > 1:
        faults.append("species that are always there add up to more than the whole")
    return faults
