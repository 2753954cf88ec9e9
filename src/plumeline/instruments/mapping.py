"""The mapping: which columns of a table hold what, in which unit. A TOML file of about ten lines.

A column is named by its header. A list of names means "the first of these that is there" (headers change between
versions), a name that ends in `?` may be absent, and a number instead of a name is a constant. Every key is
described in `docs/instruments.md`; an unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

from plumeline.errors import ConfigurationError
from plumeline.instruments.settings import Column, build, nearest

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSection:
    """`[file]`: how the text is laid out; all of it is worked out from the file when not given."""

    delimiter: str = ""
    encoding: str = ""
    decimal: str = ""
    comment: str = "#"
    header_line: int = 0
    columns: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSection:
    """`[time]`: when each record was taken."""

    column: Column = None
    columns: tuple[str | tuple[str, ...], ...] = ()
    format: str = "iso"
    timezone: str = ""
    unit: str = "s"
    start: str = ""
    date: str = ""
    rewrite: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSection:
    """`[position]`: where each record was taken, at a point or along a path."""

    latitude: Column = None
    longitude: Column = None
    x: Column = None
    y: Column = None
    altitude: Column = None
    altitude_reference: str = "unknown"
    height: Column = None
    length_unit: str = "m"
    latitude_start: Column = None
    longitude_start: Column = None
    x_start: Column = None
    y_start: Column = None
    height_start: Column = None
    latitude_end: Column = None
    longitude_end: Column = None
    x_end: Column = None
    y_end: Column = None
    height_end: Column = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSection:
    """`[track]`: how the platform was turned and moved."""

    heading: Column = None
    heading_frame: str = "unknown"
    pitch: Column = None
    roll: Column = None
    angle_unit: str = "degree"
    ground_speed: Column = None
    course: Column = None
    velocity_eastward: Column = None
    velocity_northward: Column = None
    velocity_upward: Column = None
    speed_unit: str = "m/s"
    satellites: Column = None
    horizontal_dilution: Column = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorsSection:
    """`[sensors]`: which sensor took each record, and a second file with what is fixed for each sensor."""

    column: Column = None
    columns: tuple[str, ...] = ()
    file: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSection:
    """`[[join]]`: a second table whose columns are looked up by a shared key."""

    file: str = ""
    on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSection:
    """`[[value]]`: one gas, in one column, several columns (one a sensor), or the columns that match a pattern."""

    column: Column = None
    columns: tuple[str, ...] = ()
    pattern: str = ""
    species: str = ""
    unit: str = ""
    meaning: str = "point"
    sensor: str = ""
    detection_limit: float | None = None
    ceiling: float | None = None
    noise: float | None = None
    empty: str = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindSection:
    """`[wind]`: wind as speed and direction, or as components, in this file or in one beside it."""

    file: str = ""
    time: TimeSection | None = None
    speed: Column = None
    speed_unit: str = ""
    direction: Column = None
    direction_unit: str = "degree"
    direction_sense: str = "from"
    direction_zero: str = "north"
    direction_turn: str = "clockwise"
    eastward: Column = None
    northward: Column = None
    upward: Column = None
    component_sense: str = "toward"
    gust: Column = None
    speed_sigma: Column = None
    direction_sigma: Column = None
    elevation_sigma: Column = None
    sigma_unit: str = "degree"
    height: Column = None
    frame: str = "true"
    motion: str = ""
    mounting: str = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteorologySection:
    """`[meteorology]`: weather and turbulence, in this file or in one beside it."""

    file: str = ""
    time: TimeSection | None = None
    air_temperature: Column = None
    temperature_unit: str = ""
    air_pressure: Column = None
    pressure_unit: str = ""
    relative_humidity: Column = None
    humidity_unit: str = "%"
    obukhov_length: Column = None
    friction_velocity: Column = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """A whole mapping file."""

    name: str
    title: str = ""
    doc: str = ""
    extensions: tuple[str, ...] = ()
    handler: str = "table"
    platform: str = "moving"
    signature: str = ""
    sources: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    extends: str = ""
    averaging_time_s: float | None = None
    file: FileSection = field(default_factory=FileSection)
    time: TimeSection = field(default_factory=TimeSection)
    position: PositionSection = field(default_factory=PositionSection)
    track: TrackSection = field(default_factory=TrackSection)
    sensors: SensorsSection = field(default_factory=SensorsSection)
    join: tuple[JoinSection, ...] = ()
    value: tuple[ValueSection, ...] = ()
    wind: WindSection | None = None
    meteorology: MeteorologySection | None = None
    status: dict[str, Column] = field(default_factory=dict)


def load_mapping(path: Path) -> TableMapping:
    """Read a mapping file.

    Args:
        path: the TOML file.

    Returns:
        The mapping.

    Raises:
        ConfigurationError: the file is missing, is no TOML, or holds an unknown key or a wrong value.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(
            f"mapping cannot be read: {error.strerror}", where=str(path), remedy="check the path"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"not a TOML file: {error}", where=str(path), remedy="see docs/how-to/own-csv.md for an example"
        ) from None
    if base := data.get("extends"):
        known = dict(built_in_texts())
        if base not in known:
            raise ConfigurationError(
                f"there is no built-in format {base!r} to extend",
                where=path.name,
                remedy=nearest(str(base), known),
            )
        data = _laid_over(tomllib.loads(known[base]), data)
        data.setdefault("name", base)
    data.setdefault("name", path.stem)
    return build(TableMapping, data, where=path.name)


def built_in_texts() -> list[tuple[str, str]]:
    """Name and TOML text of every built-in format, by name."""
    folder = resources.files("plumeline.instruments") / "specs"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return [(file.name.removesuffix(".toml"), file.read_text(encoding="utf-8")) for file in files]


def _laid_over(base: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """The base with the keys of `data` in place of its own, section by section."""
    out = dict(base)
    for key, value in data.items():
        inner = out.get(key)
        out[key] = _laid_over(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return out
