"""The wind and weather sections of a mapping, laid over a file's header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plumeline.errors import UnitError
from plumeline.instruments import quantities

if TYPE_CHECKING:
    from plumeline.instruments.columns import Columns, Source
    from plumeline.instruments.mapping import MeteorologySection, WindSection
    from plumeline.instruments.quantities import Convert


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
