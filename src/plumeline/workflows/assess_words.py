"""What a user writes on the command line of `plumeline assess`, read into what the workflow takes."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from plumeline.errors import ConfigurationError
from plumeline.facilities import Phrase, Room, WindNow

USUAL_SPREAD_DEG = 20.0
"""Spread of the direction of a wind that is given without one [degrees]."""


def parse_now(text: str) -> datetime:
    """A time of day as a user writes it.

    Args:
        text: ISO 8601; UTC when it names no zone.

    Returns:
        UTC.

    Raises:
        ConfigurationError: it is no time.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is no time", remedy="write it as 2026-11-24T09:52") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def parse_wind(text: str) -> WindNow:
    """Wind as a user writes it: "268,3.2".

    Args:
        text: degrees it comes from, and speed [m s-1].

    Returns:
        The wind, with the spread of direction that is usual at that speed not known and taken as 20°.

    Raises:
        ConfigurationError: these are no two numbers.
    """
    return _wind(text, text.split(","), Phrase("given by the user", es="dado por el usuario"), "268,3.2")


def parse_forecast(text: str) -> WindNow:
    """Wind to come as a user writes it: "2026-11-24T12:00,268,3.2".

    Args:
        text: time (UTC when it names no zone), degrees it comes from, and speed [m s-1].

    Returns:
        The wind; `source` says when.

    Raises:
        ConfigurationError: these are no time and two numbers.
    """
    when, *numbers = text.split(",")
    return _wind(text, numbers, f"{parse_now(when):%Y-%m-%d %H:%M} UTC", "2026-11-24T12:00,268,3.2")


def _wind(text: str, numbers: list[str], source: str, example: str) -> WindNow:
    try:
        direction, speed = (float(part) for part in numbers)
    except ValueError:
        raise ConfigurationError(f"{text!r} is no wind", remedy=f"write it as {example}") from None
    if not (0 <= direction <= 360 and 0 <= speed < 100):
        raise ConfigurationError(f"{text!r} is no wind", remedy="degrees 0 to 360, metres per second")
    return WindNow(from_deg=direction, spread_deg=USUAL_SPREAD_DEG, speed_m_s=speed, source=source)


def parse_room(volume_m3: str | None, air_changes_per_hour: str | None) -> Room:
    """The room behind the vent as a user states it: "30,300" and "0.3,6".

    Args:
        volume_m3: least and greatest volume [m3]; the default if None.
        air_changes_per_hour: least and greatest air change [h-1]; the default if None.

    Returns:
        The room.

    Raises:
        ConfigurationError: these are no two numbers.
        InputError: they are not above zero, or not in order.
    """
    usual = Room()
    return Room(
        volume_m3=_range(volume_m3, usual.volume_m3),
        air_changes_per_hour=_range(air_changes_per_hour, usual.air_changes_per_hour),
    )


def _range(text: str | None, usual: tuple[float, float]) -> tuple[float, float]:
    if text is None:
        return usual
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ConfigurationError(f"{text!r} is no range", remedy="write it as 30,300")
    return low, high
