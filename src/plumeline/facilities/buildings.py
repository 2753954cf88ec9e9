"""Which building a source belongs to: its posterior integrated over footprints, and "none of these".

Every building within reach is as likely as any other beforehand, and a known part of sources stands in the open. A
source of a building is a vent, on its roof or near its walls, seen through the position error of footprints and of
the survey. P(building | data) is its prior times the mean, over posterior draws, of the density of its vents; the draws'
own prior was flat, so it cancels.

Nothing here is finer than the 90 % region: the answer is a list of buildings with probabilities.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy.special import ndtr

from plumeline.errors import InputError
from plumeline.facilities.phrase import Phrase, spoken

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from plumeline.facilities.footprints import Building, Footprints

    Floats = NDArray[np.float64]

SHARED_WALL_GAP_M = 0.8
"""Buildings nearer than this share a wall [m]."""

SHARED_WALL_LENGTH_M = 2.0
"""Least length along which they do [m]."""

LEAST_SHOWN = 0.005
"""Buildings below this probability are added up, not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VentModel:
    """Where sources are relative to buildings."""

    open_air: float = 0.15
    """Probability beforehand that a source stands in the open or at a building that no footprint shows."""
    at_wall: float = 0.6
    """Of a building's sources, those at its walls; the others are on the roof."""
    wall_reach_m: float = 1.0
    """Standard deviation of a vent's distance from the wall [m]."""
    position_sigma_m: float = 3.0
    """Standard deviation, east and north, of footprints against the survey [m]."""

    def __post_init__(self) -> None:
        if not (0 < self.open_air < 1 and 0 <= self.at_wall <= 1 and self.position_sigma_m > 0):
            raise InputError(
                "a probability lies outside 0 to 1, or the position error is not above zero", where="vents"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingCandidate:
    """One building with its probability."""

    building: Building
    """The footprint."""
    probability: float
    """That the source belongs to it."""
    shares_wall_with: tuple[str, ...]
    """Keys of buildings that share a wall with it: who is behind the wall is also concerned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingRanking:
    """Ranked buildings; all probabilities with `none` and `rest` add up to 1."""

    candidates: tuple[BuildingCandidate, ...]
    """By decreasing probability."""
    rest: float
    """Of buildings too unlikely to list."""
    none: float
    """That it is none of the buildings known."""
    is_known: bool
    """False when there are no footprints: then nothing is said about buildings."""
    remarks: tuple[str, ...]
    """Where footprints came from and what was repaired."""


def rank_buildings(
    x_m: ArrayLike, y_m: ArrayLike, footprints: Footprints, *, vents: VentModel | None = None
) -> BuildingRanking:
    """Integrate a source's position over buildings.

    Args:
        x_m: east of posterior draws [m], shape (draw,).
        y_m: north of posterior draws [m], shape (draw,).
        footprints: the buildings.
        vents: where sources are; the default if None.

    Returns:
        The ranking; not known when the footprints are not.

    Raises:
        InputError: there are no draws, or some are not finite.
    """
    east, north = np.asarray(x_m, float).ravel(), np.asarray(y_m, float).ravel()
    if not east.size or not np.isfinite(east).all() or not np.isfinite(north).all():
        raise InputError("a building ranking needs posterior draws, all of them finite", where="draws")
    if not footprints.is_known:
        return BuildingRanking(
            candidates=(),
            rest=0.0,
            none=0.0,
            is_known=False,
            remarks=(
                Phrase(
                    f"Buildings are unknown: {footprints.source}.",
                    es=f"Edificios desconocidos: {spoken(footprints.source, 'es')}.",
                ),
            ),
        )
    vents = vents or VentModel()
    buildings, reach_m2 = _within_reach(east, north, footprints, vents)
    weight = np.append(
        [(1 - vents.open_air) / max(len(buildings), 1)] * len(buildings), vents.open_air / reach_m2
    )
    density = np.append(
        [float(_vent_density(east, north, building.shape, vents).mean()) for building in buildings], 1.0
    )
    probability = weight * density / float((weight * density).sum())
    order = sorted(range(len(buildings)), key=lambda index: (-probability[index], buildings[index].key))
    shown = [index for index in order if probability[index] >= LEAST_SHOWN]
    return BuildingRanking(
        candidates=tuple(
            BuildingCandidate(
                building=buildings[index],
                probability=float(probability[index]),
                shares_wall_with=shared_walls(buildings[index], footprints),
            )
            for index in shown
        ),
        rest=float(sum(probability[index] for index in order if index not in set(shown))),
        none=float(probability[-1]),
        is_known=True,
        remarks=(
            Phrase(f"Footprints: {footprints.source}.", es=f"Huellas de edificios: {footprints.source}."),
            *footprints.remarks,
        ),
    )


def _within_reach(
    east: Floats, north: Floats, footprints: Footprints, vents: VentModel
) -> tuple[list[Building], float]:
    """Buildings that the prior spreads over, and the area over which open-air sources are spread [m2]."""
    margin = 30.0 + 4 * vents.position_sigma_m
    area: Any = shapely.box(
        east.min() - margin, north.min() - margin, east.max() + margin, north.max() + margin
    )
    near = [building for building in footprints.buildings if shapely.intersects(building.shape, area)]
    return near, float(area.area)


def _vent_density(east: Floats, north: Floats, shape: Any, vents: VentModel) -> Floats:
    """Density of a building's vents at points [m-2]; integrates to 1 over the plane."""
    points = shapely.points(east, north)
    outside_m = shapely.distance(points, shapely.boundary(shape))
    signed_m = np.where(shapely.contains_xy(shape, east, north), -outside_m, outside_m)
    sigma = vents.position_sigma_m
    # Blurring adds area at the corners: (2π outside + 8 inside) σ²/4 for a rectangle.
    roof = ndtr(-signed_m / sigma) / (shape.area + (2 * math.pi + 8) / 4 * sigma**2)
    across = math.hypot(sigma, vents.wall_reach_m)
    wall = np.exp(-0.5 * (signed_m / across) ** 2) / (math.sqrt(2 * math.pi) * across * shape.length)
    return np.asarray((1 - vents.at_wall) * roof + vents.at_wall * wall, float)


def shared_walls(building: Building, footprints: Footprints) -> tuple[str, ...]:
    """Keys of the buildings that share a wall with one.

    Args:
        building: the building.
        footprints: all buildings.

    Returns:
        Keys, in the footprints' order.
    """
    edge: Any = shapely.boundary(building.shape)
    return tuple(
        other.key
        for other in footprints.buildings
        if other is not building
        and shapely.dwithin(other.shape, building.shape, SHARED_WALL_GAP_M)
        and shapely.intersection(edge, shapely.buffer(other.shape, SHARED_WALL_GAP_M)).length
        >= SHARED_WALL_LENGTH_M
    )
