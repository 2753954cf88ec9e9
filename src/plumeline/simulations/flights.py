"""Where the simulated aircraft goes: lawn-mower, crosswind curtain, spiral; one place per second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

MAX_SECONDS = 14_400
"""Longest flight that is simulated in one piece [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Places in the local frame, one per second."""

    east_m: Floats
    """East [m]."""
    north_m: Floats
    """North [m]."""
    height_m: Floats
    """Height above ground [m]."""

    @property
    def count(self) -> int:
        """Number of seconds."""
        return int(self.east_m.size)

    @property
    def places_m(self) -> Floats:
        """(second, 3) east, north, height [m]."""
        return np.column_stack([self.east_m, self.north_m, self.height_m])

    @property
    def course_rad(self) -> Floats:
        """Direction of motion, anticlockwise from east [rad]; holds its value where the aircraft hovers."""
        course = np.arctan2(np.gradient(self.north_m), np.gradient(self.east_m))
        return np.asarray(course, float)

    def cut(self, seconds: int) -> Track:
        """The first part of the track.

        Args:
            seconds: length [s].

        Returns:
            The track's first `seconds` places.
        """
        return Track(
            east_m=self.east_m[:seconds], north_m=self.north_m[:seconds], height_m=self.height_m[:seconds]
        )


def through(waypoints_m: ArrayLike, speed_m_s: float) -> Track:
    """Fly straight from waypoint to waypoint at one speed.

    Args:
        waypoints_m: (waypoint, 3) east, north, height [m].
        speed_m_s: speed [m s-1].

    Returns:
        The track.

    Raises:
        ConfigurationError: the speed is not positive, there are fewer than two waypoints, or it takes over 4 h.
    """
    points = np.asarray(waypoints_m, float)
    if not speed_m_s > 0 or points.ndim != 2 or len(points) < 2:
        raise ConfigurationError("a flight needs a positive speed and at least two waypoints")
    distance = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    seconds = int(distance[-1] / speed_m_s)
    if not 2 <= seconds <= MAX_SECONDS:
        raise ConfigurationError(
            f"the flight takes {seconds} s", remedy=f"keep it between 2 and {MAX_SECONDS} s"
        )
    gone = speed_m_s * np.arange(seconds)
    east, north, height = (np.interp(gone, distance, points[:, i]) for i in range(3))
    return Track(east_m=east, north_m=north, height_m=height)


def lawn_mower(
    *,
    centre_m: tuple[float, float],
    size_m: tuple[float, float],
    spacing_m: float,
    heights_m: Sequence[float],
    speed_m_s: float,
    along_rad: float = 0.0,
) -> Track:
    """Parallel lines over a rectangle, once per height.

    Args:
        centre_m: the rectangle's middle, east and north [m].
        size_m: its length along the lines and across them [m].
        spacing_m: distance between lines [m].
        heights_m: heights above ground, flown one after the other [m].
        speed_m_s: speed [m s-1].
        along_rad: direction of the lines, anticlockwise from east [rad].

    Returns:
        The track.

    Raises:
        ConfigurationError: it cannot be flown (see `through`) or the spacing is not positive.
    """
    if not spacing_m > 0:
        raise ConfigurationError("the distance between lines must be positive")
    length, width = size_m
    offsets = np.arange(-width / 2, width / 2 + 1e-6, spacing_m)
    points = []
    for level, height in enumerate(heights_m):
        for number, offset in enumerate(offsets if level % 2 == 0 else offsets[::-1]):
            ends = (-length / 2, length / 2) if (number + level) % 2 == 0 else (length / 2, -length / 2)
            points += [(end, offset, height) for end in ends]
    return through(_turned(points, centre_m, along_rad), speed_m_s)


def curtain(
    *,
    centre_m: tuple[float, float],
    length_m: float,
    heights_m: Sequence[float],
    speed_m_s: float,
    along_rad: float,
    passes: int = 1,
) -> Track:
    """A vertical wall of lines, to be flown across the wind.

    Args:
        centre_m: the wall's middle, east and north [m].
        length_m: its length [m].
        heights_m: heights of the lines [m].
        speed_m_s: speed [m s-1].
        along_rad: direction of the wall, anticlockwise from east [rad].
        passes: how often the whole wall is flown.

    Returns:
        The track.

    Raises:
        ConfigurationError: it cannot be flown (see `through`).
    """
    points = []
    for number, height in enumerate([height for _ in range(passes) for height in heights_m]):
        side = 1.0 if number % 2 == 0 else -1.0
        points += [(-side * length_m / 2, 0.0, height), (side * length_m / 2, 0.0, height)]
    return through(_turned(points, centre_m, along_rad), speed_m_s)


def spiral(
    *,
    centre_m: tuple[float, float],
    radii_m: tuple[float, float],
    heights_m: tuple[float, float],
    turns: float,
    speed_m_s: float,
) -> Track:
    """Rings about a centre whose radius and height change steadily.

    Args:
        centre_m: east and north of the centre [m].
        radii_m: first and last radius [m].
        heights_m: first and last height [m].
        turns: number of turns.
        speed_m_s: speed [m s-1].

    Returns:
        The track.

    Raises:
        ConfigurationError: it cannot be flown (see `through`).
    """
    share = np.linspace(0.0, 1.0, max(int(48 * turns), 8))
    angle = 2 * np.pi * turns * share
    radius = radii_m[0] + (radii_m[1] - radii_m[0]) * share
    height = heights_m[0] + (heights_m[1] - heights_m[0]) * share
    points = np.column_stack([
        centre_m[0] + radius * np.cos(angle),
        centre_m[1] + radius * np.sin(angle),
        height,
    ])
    return through(points, speed_m_s)


def _turned(
    points: Sequence[tuple[float, float, float]], centre_m: tuple[float, float], angle: float
) -> Floats:
    """Rotate (along, across, height) points and move them to the centre."""
    values = np.asarray(points, float)
    along, across = values[:, 0], values[:, 1]
    east = centre_m[0] + along * np.cos(angle) - across * np.sin(angle)
    north = centre_m[1] + along * np.sin(angle) + across * np.cos(angle)
    return np.column_stack([east, north, values[:, 2]])
