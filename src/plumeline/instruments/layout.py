"""A mapping laid over one file's header: which column feeds which variable of which raw table, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from plumeline.errors import ConfigurationError, ReadError, UnitError
from plumeline.instruments import quantities
from plumeline.instruments.columns import Columns, Source, alternatives, is_optional
from plumeline.instruments.settings import nearest
from plumeline.instruments.tables import ALTITUDE_REFERENCES, DIRECTION_FRAMES, KINDS, MEANINGS, MOTIONS
from plumeline.instruments.weather_layout import lay_meteorology, lay_wind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plumeline.instruments.mapping import (
        TableMapping,
        ValueSection,
    )
    from plumeline.instruments.quantities import Convert
    from plumeline.instruments.settings import Column

ANGLE_NAMES = ("heading", "pitch", "roll", "course")
SPEED_NAMES = ("ground_speed", "velocity_eastward", "velocity_northward", "velocity_upward")
PLAIN_NAMES = ("satellites", "horizontal_dilution")
DIRECTION_WORDS = {
    "direction_sense": ("from", "toward"),
    "direction_zero": ("north", "east"),
    "direction_turn": ("clockwise", "counterclockwise"),
    "component_sense": ("from", "toward"),
    "frame": DIRECTION_FRAMES,
    "mounting": ("fixed", "platform", "estimate"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GasColumn:
    """One gas of one sensor."""

    sensor: str
    species: str
    column: str
    settings: ValueSection


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Everything the streaming reader needs to know."""

    track: dict[str, Source]
    position: dict[str, Source]
    gases: tuple[GasColumn, ...]
    wind: dict[str, Source]
    meteorology: dict[str, Source]
    status: dict[str, str]
    time_columns: tuple[str, ...]
    sensor_columns: tuple[str, ...]


def needed_columns(mapping: TableMapping) -> list[tuple[str, ...]]:
    """Columns that a file must have for a mapping to fit, each with its alternatives.

    Args:
        mapping: the mapping.

    Returns:
        Names; columns that may stand in another file (sensors, join, wind beside) are not among them.
    """
    wanted: list[Any] = [
        mapping.time.column,
        *mapping.time.columns,
        mapping.sensors.column,
        *mapping.sensors.columns,
    ]
    elsewhere = bool(mapping.sensors.file or mapping.join)
    for value in mapping.value:
        wanted += [value.column, *value.columns]
    if not elsewhere:
        sections: list[Any] = [mapping.position, mapping.track]
        sections += [
            part for part in (mapping.wind, mapping.meteorology) if part is not None and not part.file
        ]
        wanted += [column for section in sections for column in section_columns(section)]
    if mapping.join:
        wanted = [*mapping.sensors.columns, mapping.sensors.column, *(join.on for join in mapping.join)]
        wanted += [column for value in mapping.value for column in (value.column, *value.columns)]
    required = [alternatives(column) for column in wanted if column is not None and not is_optional(column)]
    return [names for names in required if names]


NOT_COLUMNS = frozenset({
    "time",
    "file",
    "frame",
    "motion",
    "mounting",
    "altitude_reference",
    "heading_frame",
})


def section_columns(section: Any) -> list[Column]:
    """The columns a section names.

    Args:
        section: a position, track, wind or meteorology section.

    Returns:
        Its columns; units and conventions are not among them.
    """
    words = NOT_COLUMNS | set(DIRECTION_WORDS)
    return [
        getattr(section, key.name)
        for key in fields(section)
        if key.name not in words and not key.name.endswith("_unit") and getattr(section, key.name) is not None
    ]


def lay(mapping: TableMapping, columns: Columns) -> Layout:
    """Lay a mapping over a header.

    Args:
        mapping: the mapping.
        columns: the file's columns.

    Returns:
        The layout.

    Raises:
        ConfigurationError: the mapping contradicts itself or uses an unknown word.
        ReadError: a column that must be there is not.
        UnitError: a unit is missing or unknown.
    """
    _check_words(mapping, columns.where)
    position = _position(mapping, columns)
    moving = mapping.platform == "moving" and not any(s.per_sensor for s in position.values())
    at_a_point = [name for name in position if not name.endswith(("_start", "_end"))]
    track = {name: position[name] for name in at_a_point} | _motion(mapping, columns) if moving else {}
    if not ({"latitude", "longitude"} <= set(track) or {"x", "y"} <= set(track)):
        track = {}
    wind = {} if mapping.wind is None or mapping.wind.file else lay_wind(mapping.wind, columns)
    weather = mapping.meteorology
    taken = {*KINDS["readings"].variables, *(value.species for value in mapping.value)}
    if wrong := [name for name in mapping.status if name in taken]:
        raise ConfigurationError(
            f"[status] {wrong[0]} is the name of another variable",
            where=columns.where,
            remedy="name it otherwise",
        )
    status = {name: columns.find(column) for name, column in mapping.status.items()}
    return Layout(
        track=track,
        position=position,
        gases=_gases(mapping, columns),
        wind=wind,
        meteorology={} if weather is None or weather.file else lay_meteorology(weather, columns),
        status={name: source.column for name, source in status.items() if source and source.column},
        time_columns=time_columns(mapping.time.column, mapping.time.columns, columns),
        sensor_columns=_names(columns, [mapping.sensors.column, *mapping.sensors.columns]),
    )


def time_columns(
    column: Column, several: Sequence[str | tuple[str, ...]], columns: Columns
) -> tuple[str, ...]:
    """Header names of the time's columns.

    Args:
        column: the one column, or None.
        several: the columns whose texts are joined by a blank, or none.
        columns: the file's columns.

    Returns:
        Header names.

    Raises:
        ConfigurationError: no time is mapped.
        ReadError: a column that must be there is not.
    """
    found = _names(columns, [column, *several])
    if not found:
        raise ConfigurationError(
            "no time is mapped", where=columns.where, remedy='give [time] column = "…" in the mapping'
        )
    return found


def _names(columns: Columns, wanted: Sequence[Column]) -> tuple[str, ...]:
    sources = [columns.find(column) for column in wanted if column is not None]
    return tuple(source.column for source in sources if source is not None and source.column)


def _check_words(mapping: TableMapping, where: str) -> None:
    checks: list[tuple[str, str, tuple[str, ...]]] = [
        ("platform", mapping.platform, ("moving", "fixed")),
        ("altitude_reference", mapping.position.altitude_reference, ALTITUDE_REFERENCES),
        ("heading_frame", mapping.track.heading_frame, DIRECTION_FRAMES),
    ]
    checks += [("meaning", value.meaning, MEANINGS) for value in mapping.value]
    checks += [("empty", value.empty, ("missing", "not updated")) for value in mapping.value]
    if mapping.wind is not None:
        checks += [(key, getattr(mapping.wind, key), words) for key, words in DIRECTION_WORDS.items()]
        checks += [("motion", mapping.wind.motion, ("", *MOTIONS))]
    for key, word, words in checks:
        if word not in words:
            raise ConfigurationError(f"{key} = {word!r} is unknown", where=where, remedy=nearest(word, words))


def _position(mapping: TableMapping, columns: Columns) -> dict[str, Source]:
    section = mapping.position
    metres = quantities.length(section.length_unit)
    found: dict[str, Source | None] = {}
    for key in fields(section):
        name = key.name
        if name in {"altitude_reference", "length_unit"}:
            continue
        column = getattr(section, name)
        if name.startswith(("latitude", "longitude")):
            found[name] = columns.take(column, quantities.same, "degree")
        elif name == "altitude":
            reference = section.altitude_reference
            found[name] = columns.take(column, metres, section.length_unit, reference=reference)
        else:
            found[name] = columns.take(column, metres, section.length_unit)
    return {name: source for name, source in found.items() if source is not None}


def _motion(mapping: TableMapping, columns: Columns) -> dict[str, Source]:
    section = mapping.track
    degrees, metres_per_second = quantities.angle(section.angle_unit), quantities.speed(section.speed_unit)
    found: dict[str, Source | None] = {}
    for name in ANGLE_NAMES:
        attributes = {"frame": section.heading_frame} if name == "heading" else {}
        convert = _turned(degrees) if name in {"heading", "course"} else degrees
        found[name] = columns.take(getattr(section, name), convert, section.angle_unit, **attributes)
    for name in SPEED_NAMES:
        found[name] = columns.take(getattr(section, name), metres_per_second, section.speed_unit)
    for name in PLAIN_NAMES:
        found[name] = columns.take(getattr(section, name), quantities.same, "1")
    return {name: source for name, source in found.items() if source is not None}


def _turned(degrees: Convert) -> Convert:
    """Degrees between 0 and 360."""
    return lambda values: quantities.full_circle(degrees(values))


def _gases(mapping: TableMapping, columns: Columns) -> tuple[GasColumn, ...]:
    found: list[GasColumn] = []
    for value in mapping.value:
        if not value.species:
            raise ConfigurationError(
                "a [[value]] has no species",
                where=columns.where,
                remedy='give species = "CH4" or another name',
            )
        if value.species in KINDS["readings"].variables or not value.species.strip():
            raise ConfigurationError(
                f"species {value.species!r} is the name of another variable",
                where=columns.where,
                remedy="name the gas",
            )
        try:
            quantities.check_gas_unit(value.unit, value.species)
        except UnitError as error:
            raise UnitError(error.what, where=f"{columns.where}, [[value]]", remedy=error.remedy) from None
        found += [
            GasColumn(sensor=sensor, species=value.species, column=column, settings=value)
            for sensor, column in _value_columns(value, columns)
        ]
    seen: set[tuple[str, str]] = set()
    for gas in found:
        if (gas.sensor, gas.species) in seen:
            raise ConfigurationError(
                f"two columns give {gas.species} of one sensor",
                where=columns.where,
                remedy='name the sensors: sensor = "…" in each [[value]]',
            )
        seen.add((gas.sensor, gas.species))
    return tuple(found)


def _value_columns(value: ValueSection, columns: Columns) -> list[tuple[str, str]]:
    # Pairs of sensor name and header name.
    if value.pattern:
        try:
            pattern = re.compile(value.pattern)
        except re.error as error:
            raise ConfigurationError(
                f"pattern {value.pattern!r} is no regular expression: {error}", where=columns.where
            ) from None
        matches = [match for name in columns.header if (match := pattern.fullmatch(name))]
        if not matches:
            raise ReadError(
                f"no column matches the pattern {value.pattern!r}",
                where=columns.where,
                remedy="columns are: " + ", ".join(columns.header),
            )
        return [
            ((match.group(1) if pattern.groups else None) or match.string, match.string) for match in matches
        ]
    if value.columns:
        return [(name, found) for name in value.columns for found in _names(columns, [name])]
    return [(value.sensor, found) for found in _names(columns, [value.column])]
