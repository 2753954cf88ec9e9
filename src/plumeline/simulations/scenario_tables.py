"""The tables of a scenario file, each with its ranges: what is outside them is refused where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from plumeline.errors import ConfigurationError
from plumeline.instruments.settings import build
from plumeline.simulations.emission import Schedule
from plumeline.simulations.flights import MAX_SECONDS
from plumeline.simulations.ranges import within

if TYPE_CHECKING:
    from collections.abc import Mapping

Record = TypeVar("Record")

MOST_BUILDINGS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """Table `[air]`."""

    wind_speed_m_s: float
    wind_from_deg: float
    wind_height_m: float = 10.0
    stability_class: str = "D"
    roughness_m: float = 0.1
    mixing_height_m: float = 800.0
    turning_deg_h: float = 0.0
    gusts_per_hour: float = 0.0
    gust_factor: float = 1.5
    diurnal_amplitude: float = 0.0
    start_hour: float = 12.0
    temperature_k: float = 293.15
    pressure_pa: float = 101_325.0
    deposition_m_s: float = 0.0

    def __post_init__(self) -> None:
        within(0.2, 40.0, wind_speed_m_s=self.wind_speed_m_s)
        within(-360.0, 360.0, wind_from_deg=self.wind_from_deg, turning_deg_h=self.turning_deg_h)
        within(1e-4, 3.0, roughness_m=self.roughness_m)
        within(max(0.5, 2.0 * self.roughness_m), 300.0, wind_height_m=self.wind_height_m)
        within(20.0, 5000.0, mixing_height_m=self.mixing_height_m)
        within(0.0, 600.0, gusts_per_hour=self.gusts_per_hour)
        within(1.0, 5.0, gust_factor=self.gust_factor)
        within(0.0, 0.9, diurnal_amplitude=self.diurnal_amplitude)
        within(0.0, 24.0, start_hour=self.start_hour)
        within(200.0, 340.0, temperature_k=self.temperature_k)
        within(30_000.0, 110_000.0, pressure_pa=self.pressure_pa)
        within(0.0, 0.1, deposition_m_s=self.deposition_m_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class TownTable:
    """Table `[town]`."""

    buildings: int
    turn_deg: float = 0.0
    mean_height_m: float = 5.0
    businesses: dict[str, int] = field(default_factory=dict)
    sought: str = ""
    """Kind of emitter that the survey looks for, put into one more building; empty for none."""

    def __post_init__(self) -> None:
        within(1, MOST_BUILDINGS, buildings=self.buildings)
        within(-360.0, 360.0, turn_deg=self.turn_deg)
        within(3.0, 25.0, mean_height_m=self.mean_height_m)
        within(0, MOST_BUILDINGS, **self.businesses)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmitterTable:
    """Table `[[emitter]]`."""

    name: str
    rates_g_s: dict[str, float]
    east_m: float = 0.0
    north_m: float = 0.0
    height_m: float = 3.0
    building: str = ""
    """Id of a building of the town: the source then sits on its roof instead of at a place."""
    kind: str = "unexplained_solvent_mixture"
    sought: bool = True
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.rates_g_s:
            raise ConfigurationError("an emitter needs a name and at least one rate")
        within(1e-9, 1e5, **self.rates_g_s)
        within(-20_000.0, 20_000.0, east_m=self.east_m, north_m=self.north_m)
        within(0.0, 300.0, height_m=self.height_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectTable:
    """Table `[[inject]]`."""

    minute: float
    en: str
    es: str

    def __post_init__(self) -> None:
        within(0.0, MAX_SECONDS / 60.0, minute=self.minute)


def record(kind: type[Record], entry: Mapping[str, Any], where: str) -> Record:
    """A table as a record: its keys are the record's fields.

    Args:
        kind: the record's class.
        entry: the table.
        where: name for messages.

    Returns:
        The record.

    Raises:
        ConfigurationError: it is no table, or a key is unknown, missing, of a wrong type or out of range.
    """
    if not isinstance(entry, dict):
        raise ConfigurationError("is no table", where=where, remedy="write it as [table] with keys")
    try:
        return build(kind, entry, where=where)
    except ConfigurationError as error:
        raise (
            error if error.where else ConfigurationError(error.what, where=where, remedy=error.remedy)
        ) from None


def tables(table: Mapping[str, Any], key: str, where: str) -> tuple[Mapping[str, Any], ...]:
    """All tables of an array of tables.

    Args:
        table: the whole file.
        key: name of the array.
        where: name for messages.

    Returns:
        The tables; none when the key is not there.

    Raises:
        ConfigurationError: the key holds something else.
    """
    found = table.get(key, [])
    if not isinstance(found, list):
        raise ConfigurationError(f"{key} is no list of tables", where=where, remedy=f"write [[{key}]]")
    return tuple(found)


def refuse_unknown(entry: Mapping[str, Any], known: set[str], where: str) -> None:
    """Refuse keys that are not known.

    Args:
        entry: a table.
        known: its keys.
        where: name for messages.

    Raises:
        ConfigurationError: it has another key.
    """
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ConfigurationError(
            f"unknown key {', '.join(unknown)}", where=where, remedy="known keys: " + ", ".join(sorted(known))
        )


def refuse_missing(entry: Mapping[str, Any], wanted: set[str], where: str) -> None:
    """Refuse a table that lacks a key.

    Args:
        entry: a table.
        wanted: keys that must be there.
        where: name for messages.

    Raises:
        ConfigurationError: one is not.
    """
    missing = sorted(wanted - set(entry))
    if missing:
        raise ConfigurationError(f"missing {', '.join(missing)}", where=where)


def plain_name(table: Mapping[str, Any], where: str) -> str:
    """The scenario's name, which becomes part of file names.

    Args:
        table: the whole file.
        where: name for messages.

    Returns:
        The name.

    Raises:
        ConfigurationError: it holds anything but letters, digits, hyphens and underscores.
    """
    name = table["name"]
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise ConfigurationError(
            f"name {name!r} cannot be part of a file name",
            where=where,
            remedy="use up to 64 letters, digits, hyphens and underscores",
        )
    return name


def start_of(table: Mapping[str, Any], where: str) -> str | None:
    """First reading of the flight.

    Args:
        table: the whole file.
        where: name for messages.

    Returns:
        UTC in ISO form without a zone; None when the file does not say.

    Raises:
        ConfigurationError: it is no time.
    """
    if "start_utc" not in table:
        return None
    try:
        when = datetime.fromisoformat(str(table["start_utc"]))
    except ValueError:
        raise ConfigurationError(
            f"start_utc {table['start_utc']!r} is no time",
            where=where,
            remedy='write it as "2030-01-15T15:00:00Z"',
        ) from None
    if when.tzinfo is not None:
        when = when.astimezone(UTC).replace(tzinfo=None)
    if not 1980 <= when.year <= 2100:
        raise ConfigurationError(f"start_utc {when:%Y-%m-%d} is not between 1980 and 2100", where=where)
    return when.isoformat(timespec="seconds")
