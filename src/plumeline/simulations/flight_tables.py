"""Table `[flight]` of a scenario file: the patterns that can be flown, each with its ranges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import ConfigurationError
from plumeline.simulations.flights import MAX_SECONDS, Track, curtain, lawn_mower, spiral
from plumeline.simulations.ranges import lengths, within
from plumeline.simulations.scenario_tables import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_LINES = 2000
"""Most lines, passes times heights, or turns of one flight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flight:
    """What every flight has."""

    centre_m: tuple[float, ...] = (0.0, 0.0)
    speed_m_s: float
    max_seconds: int = MAX_SECONDS

    def check(self, heights_m: Iterable[float], lines: float) -> None:
        lengths(2, centre_m=self.centre_m)
        within(0.5, 60.0, speed_m_s=self.speed_m_s)
        within(2, MAX_SECONDS, max_seconds=self.max_seconds)
        within(1, MOST_LINES, **{"number of lines": lines})
        for height in heights_m:
            within(0.5, 1000.0, heights_m=height)

    @property
    def middle(self) -> tuple[float, float]:
        return self.centre_m[0], self.centre_m[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LawnMowerTable(_Flight):
    """Table `[flight]` with `pattern = "lawn-mower"`."""

    size_m: tuple[float, ...]
    spacing_m: float
    heights_m: tuple[float, ...]
    along_deg: float | None = None

    def __post_init__(self) -> None:
        lengths(2, size_m=self.size_m)
        within(1.0, 20_000.0, length=self.size_m[0], width=self.size_m[1])
        within(0.1, 20_000.0, spacing_m=self.spacing_m)
        self.check(self.heights_m, len(self.heights_m) * (1 + self.size_m[1] / self.spacing_m))

    def track(self, across_rad: float) -> Track:
        """Lay it out; lines lie across the mean wind unless `along_deg` says otherwise."""
        return lawn_mower(
            centre_m=self.middle,
            size_m=(self.size_m[0], self.size_m[1]),
            spacing_m=self.spacing_m,
            heights_m=self.heights_m,
            speed_m_s=self.speed_m_s,
            along_rad=across_rad if self.along_deg is None else math.radians(self.along_deg),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CurtainTable(_Flight):
    """Table `[flight]` with `pattern = "curtain"`."""

    length_m: float
    heights_m: tuple[float, ...]
    passes: int = 1
    along_deg: float | None = None

    def __post_init__(self) -> None:
        within(1.0, 20_000.0, length_m=self.length_m)
        within(1, MOST_LINES, passes=self.passes)
        self.check(self.heights_m, len(self.heights_m) * self.passes)

    def track(self, across_rad: float) -> Track:
        """Lay it out; it stands across the mean wind unless `along_deg` says otherwise."""
        return curtain(
            centre_m=self.middle,
            length_m=self.length_m,
            heights_m=self.heights_m,
            speed_m_s=self.speed_m_s,
            along_rad=across_rad if self.along_deg is None else math.radians(self.along_deg),
            passes=self.passes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiralTable(_Flight):
    """Table `[flight]` with `pattern = "spiral"`."""

    radii_m: tuple[float, ...]
    heights_m: tuple[float, ...]
    turns: float

    def __post_init__(self) -> None:
        lengths(2, radii_m=self.radii_m, heights_m=self.heights_m)
        within(0.0, 20_000.0, first_radius=self.radii_m[0], last_radius=self.radii_m[1])
        within(0.1, MOST_LINES, turns=self.turns)
        self.check(self.heights_m, 1)

    def track(self, across_rad: float) -> Track:
        """Lay it out."""
        del across_rad
        return spiral(
            centre_m=self.middle,
            radii_m=(self.radii_m[0], self.radii_m[1]),
            heights_m=(self.heights_m[0], self.heights_m[1]),
            turns=self.turns,
            speed_m_s=self.speed_m_s,
        )


FLIGHTS: dict[str, type[LawnMowerTable | CurtainTable | SpiralTable]] = {
    "lawn-mower": LawnMowerTable,
    "curtain": CurtainTable,
    "spiral": SpiralTable,
}
"""Flight pattern to its table."""


def track_of(entry: Mapping[str, Any], toward_rad: float, where: str) -> Track:
    """The flight of table `[flight]`.

    Args:
        entry: the table.
        toward_rad: where the mean wind blows, anticlockwise from east [rad].
        where: name for messages.

    Returns:
        The track.

    Raises:
        ConfigurationError: the pattern is unknown, a key is wrong, or it cannot be flown.
    """
    if not isinstance(entry, dict):
        raise ConfigurationError("is no table", where=where, remedy="write it as [flight] with keys")
    settings = dict(entry)
    pattern = settings.pop("pattern", None)
    if not isinstance(pattern, str) or pattern not in FLIGHTS:
        raise ConfigurationError(
            f"flight pattern {pattern!r} is unknown", where=where, remedy="use one of: " + ", ".join(FLIGHTS)
        )
    plan = record(FLIGHTS[pattern], settings, where)
    return plan.track(toward_rad + np.pi / 2).cut(plan.max_seconds)
