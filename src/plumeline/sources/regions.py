"""From draws of unordered sources to labelled sources with highest-density regions.

References: Stephens 2000, doi:10.1111/1467-9868.00265 (relabelling); Hyndman 1996, doi:10.1080/00031305.1996.10474359
(highest-density regions from a sample).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import contourpy
import numpy as np
import shapely
from scipy.optimize import linear_sum_assignment

from plumeline.sources.estimate import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

LEAST_WIDTH_M = 0.5
"""No region is drawn finer than this kernel: sensors, wind and maps are not [m]."""
GRID = 160
"""Cells along each side of the density grid."""


def relabel(places: Floats, rates: Floats, *, rounds: int = 20) -> Integers:
    """Order the sources of each draw so that equal labels mean the same source.

    Args:
        places: positions of draws with the same number of sources, shape (draw, source, 2) [m].
        rates: total rate of each, shape (draw, source).
        rounds: most rounds of assignment.

    Returns:
        For each draw the slot of each label, shape (draw, source); label 0 has the largest mean rate.
    """
    draws, sources, _ = places.shape
    order = np.argsort(-rates, axis=1, kind="stable")
    if sources == 1:
        return order
    for _ in range(rounds):
        ordered = np.take_along_axis(places, order[:, :, None], axis=1)
        centre = np.median(ordered, axis=0)
        width = np.maximum(np.median(np.abs(ordered - centre), axis=0).sum(axis=1), LEAST_WIDTH_M)
        new = order.copy()
        for i in range(draws):
            apart = ((places[i][None, :, :] - centre[:, None, :]) ** 2).sum(axis=2) / width[:, None] ** 2
            new[i] = linear_sum_assignment(np.log1p(apart))[1]
        if np.array_equal(new, order):
            break
        order = new
    mean = np.take_along_axis(rates, order, axis=1).mean(axis=0)
    return order[:, np.argsort(-mean, kind="stable")]


def highest_density_region(points: Floats, probability: float) -> Region:
    """Smallest region that holds a share of the draws, smoothed by a kernel.

    Args:
        points: draws of a position, shape (draw, 2) [m].
        probability: share to hold, 0 to 1.

    Returns:
        Region, possibly in several pieces.
    """
    axes = _principal_axes(points)
    density, x, y, at_points = _density(points @ axes)
    level = np.quantile(at_points, 1.0 - probability)
    lines = contourpy.contour_generator(x, y, density, fill_type="OuterOffset").filled(level, np.inf)
    pieces = []
    for outline, offsets in zip(*lines, strict=True):
        rings = [outline[a:b] @ axes.T for a, b in pairwise(offsets)]
        pieces.append(shapely.Polygon(rings[0], rings[1:]))
    shape = shapely.make_valid(shapely.union_all(pieces))
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and part.area > 0]
    multi = shapely.MultiPolygon(polygons)
    return Region(probability=probability, shape=multi, area_m2=float(multi.area))


def _principal_axes(points: Floats) -> Floats:
    """Rotation to the axes of the inner nine tenths of the draws, shape (2, 2): a long region lies along the wind."""
    away = np.abs(points - np.median(points, axis=0)).sum(axis=1)
    inner = points[away <= np.quantile(away, 0.9)]
    return np.asarray(np.linalg.eigh(np.cov(inner, rowvar=False))[1], float)


def _density(points: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Product-Gaussian kernel density on a grid (ny, nx) with its axes, and at the draws themselves."""
    # Scott's width from the core of the draws, so that a few far ones do not blur the rest.
    core = 0.5 * (np.quantile(points, 0.84, axis=0) - np.quantile(points, 0.16, axis=0))
    width = np.maximum(points.shape[0] ** (-1.0 / 6.0) * core, LEAST_WIDTH_M)
    low, high = np.quantile(points, [0.005, 0.995], axis=0) + np.outer([-4.0, 4.0], width)
    x = np.linspace(low[0], high[0], GRID)
    y = np.linspace(low[1], high[1], GRID)
    along_x = _bells(x, points[:, 0], width[0])
    along_y = _bells(y, points[:, 1], width[1])
    own = _bells(points[:, 0], points[:, 0], width[0]) * _bells(points[:, 1], points[:, 1], width[1])
    return along_y @ along_x.T, x, y, own.sum(axis=1)


def _bells(at: Floats, centres: Floats, width: float) -> Floats:
    return np.asarray(np.exp(-0.5 * ((at[:, None] - centres) / width) ** 2))
