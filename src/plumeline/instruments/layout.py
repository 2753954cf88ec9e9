"""A mapping laid over one file's header: which column feeds which variable of which raw table, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from plumeline.errors import ConfigurationError, ReadError, UnitError
from plumeline.instruments import quantities
from plumeline.instruments.settings import nearest
from plumeline.instruments.tables import ALTITUDE_REFERENCES, DIRECTION_FRAMES, KINDS, MEANINGS, MOTIONS
from plumeline.instruments.textfile import find_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from plumeline.instruments.mapping import (
        MeteorologySection,
        TableMapping,
        ValueSection,
        WindSection,
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
class Source:
    """Where one variable's numbers come from."""

    column: str = ""
    """Header name; empty for a constant."""
    constant: float | None = None
    """The constant, in the file's unit."""
    convert: Convert = quantities.same
    """From the file's unit to the raw table's."""
    per_sensor: bool = False
    """Whether the column stands in the sensors' own file."""
    file_units: str = ""
    """Unit in the file."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Further attributes of the variable."""


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


class Columns:
    """Looks a mapping's column names up in a header, and in the sensors' own file."""

    def __init__(self, header: Sequence[str], sensor_header: Sequence[str], where: str) -> None:
        self.header = header
        self.sensor_header = sensor_header
        self.where = where

    def find(self, column: Column) -> Source | None:
        """A column or constant.

        Args:
            column: name, alternatives or constant of the mapping.

        Returns:
            Where its numbers come from; None when it is not mapped, or optional and absent.

        Raises:
            ReadError: a column that must be there is not.
        """
        if column is None:
            return None
        if isinstance(column, float):
            return Source(constant=column)
        names = alternatives(column)
        if (name := find_column(names, self.header)) is not None:
            return Source(column=name)
        if (name := find_column(names, self.sensor_header)) is not None:
            return Source(column=name, per_sensor=True)
        if is_optional(column):
            return None
        raise ReadError(
            f"there is no column {' or '.join(map(repr, names))}",
            where=self.where,
            remedy=nearest(names[0], [*self.header, *self.sensor_header]),
        )

    def take(
        self, column: Column, convert: Convert, file_units: str = "", **attributes: str
    ) -> Source | None:
        """A column with its conversion and attributes; None when there is none.

        Raises:
            ReadError: a column that must be there is not.
        """
        found = self.find(column)
        if found is None:
            return None
        return Source(
            column=found.column,
            constant=found.constant,
            per_sensor=found.per_sensor,
            convert=convert,
            file_units=file_units,
            attributes=attributes,
        )


def alternatives(column: Column | tuple[str, ...]) -> tuple[str, ...]:
    """Names of a column in order of preference, without the mark of an optional one.

    Args:
        column: a mapping's column.

    Returns:
        The names; none for a constant.
    """
    if column is None or isinstance(column, float):
        return ()
    names = (column,) if isinstance(column, str) else column
    return tuple(name.removesuffix("?") for name in names)


def is_optional(column: Column | tuple[str, ...]) -> bool:
    """Whether a column may be absent: a name that ends in `?`.

    Args:
        column: a mapping's column.

    Returns:
        True for an optional column.
    """
    names = (column,) if isinstance(column, str) else column
    return isinstance(names, tuple) and any(name.endswith("?") for name in names)


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
    at_a_point = {name for name in position if not name.endswith(("_start", "_end"))}
    track = {name: position[name] for name in at_a_point} | _motion(mapping, columns) if moving else {}
    if not ({"latitude", "longitude"} <= set(track) or {"x", "y"} <= set(track)):
        track = {}
    wind = {} if mapping.wind is None or mapping.wind.file else lay_wind(mapping.wind, columns)
    weather = mapping.meteorology
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
        found[name] = columns.take(getattr(section, name), degrees, section.angle_unit, **attributes)
    for name in SPEED_NAMES:
        found[name] = columns.take(getattr(section, name), metres_per_second, section.speed_unit)
    for name in PLAIN_NAMES:
        found[name] = columns.take(getattr(section, name), quantities.same, "1")
    return {name: source for name, source in found.items() if source is not None}


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
        return [(match.group(1) if pattern.groups else match.string, match.string) for match in matches]
    if value.columns:
        return [(name, found) for name in value.columns for found in _names(columns, [name])]
    return [(value.sensor, found) for found in _names(columns, [value.column])]


def lay_wind(section: WindSection, columns: Columns) -> dict[str, Source]:
    """Lay the wind section over a header.

    Args:
        section: the section.
        columns: the columns of the file it speaks of.

    Returns:
        Sources of the wind table's variables; none when all its columns are optional and absent.

    Raises:
        ReadError: a column that must be there is not.
        UnitError: the wind's unit is missing or unknown.
    """
    found: dict[str, Source | None] = {}
    speed_names = ("speed", "eastward", "northward", "upward", "gust", "speed_sigma")
    present = {name: columns.find(getattr(section, name)) for name in speed_names}
    if any(source is not None for source in present.values()):
        try:
            metres_per_second = quantities.speed(section.speed_unit)
        except UnitError as error:
            raise UnitError(
                error.what, where=f"{columns.where}, [wind] speed_unit", remedy=error.remedy
            ) from None
        sign = -1.0 if section.component_sense == "from" else 1.0
        for name in speed_names:
            turned = sign if name in {"eastward", "northward", "upward"} else 1.0
            convert = _signed(metres_per_second, turned)
            found[name] = columns.take(getattr(section, name), convert, section.speed_unit)
    found["direction_from"] = columns.take(section.direction, _direction(section), section.direction_unit)
    spread = quantities.angle(section.sigma_unit)
    for name in ("direction_sigma", "elevation_sigma"):
        found[name] = columns.take(getattr(section, name), spread, section.sigma_unit)
    kept = {name: source for name, source in found.items() if source is not None}
    height = columns.take(section.height, quantities.same, "m")
    return kept | {"height": height} if kept and height is not None else kept


def _signed(convert: Convert, sign: float) -> Convert:
    return lambda values: sign * convert(values)


def _direction(section: WindSection) -> Convert:
    degrees = quantities.angle(section.direction_unit)
    return lambda values: quantities.north_clockwise_from(
        degrees(values),
        sense=section.direction_sense,
        zero=section.direction_zero,
        turn=section.direction_turn,
    )


def lay_meteorology(section: MeteorologySection, columns: Columns) -> dict[str, Source]:
    """Lay the meteorology section over a header.

    Args:
        section: the section.
        columns: the columns of the file it speaks of.

    Returns:
        Sources of the meteorology table's variables.

    Raises:
        ReadError: a column that must be there is not.
        UnitError: a unit is missing or unknown.
    """
    found: dict[str, Source | None] = {}
    if columns.find(section.air_temperature) is not None:
        convert = quantities.temperature(section.temperature_unit)
        found["air_temperature"] = columns.take(section.air_temperature, convert, section.temperature_unit)
    if columns.find(section.air_pressure) is not None:
        convert = quantities.pressure(section.pressure_unit)
        found["air_pressure"] = columns.take(section.air_pressure, convert, section.pressure_unit)
    found["relative_humidity"] = columns.take(
        section.relative_humidity, quantities.humidity(section.humidity_unit), section.humidity_unit
    )
    found["obukhov_length"] = columns.take(section.obukhov_length, quantities.same, "m")
    found["friction_velocity"] = columns.take(section.friction_velocity, quantities.same, "m s-1")
    return {name: source for name, source in found.items() if source is not None}
