"""Where a plume begins, as an observation that a source inversion can take in.

With wind, the origin lies at the plume's upwind end: the upwind tenth of its pixels, widened by the smoothing of the
scores. Without wind any part of the plume may be it. The region is the observation; there is no finer position.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from plumeline.schemas import Schema, Variable, register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.detections.quantify import Wind

    Flags = NDArray[np.bool_]

UPWIND_SHARE = 0.1
WIDEN_PIXELS = 2.0

PLUME_ORIGIN = register(
    Schema(
        name="plume_origin",
        doc="Where plumes seen by an imager begin, with the rate of each named gas.",
        variables={
            "plume": Variable(dims=("plume",), kind="UO", units=None, doc="Label of each plume."),
            "x": Variable(dims=("plume",), kind="f", units="m", doc="East of the region's centre."),
            "y": Variable(dims=("plume",), kind="f", units="m", doc="North of the region's centre."),
            "position_covariance": Variable(
                dims=("plume", "axis", "axis_too"),
                kind="f",
                units="m2",
                doc="Covariance of the origin's position.",
            ),
            "species": Variable(dims=("species",), kind="UO", units=None, doc="Named gases."),
            "rate": Variable(
                dims=("plume", "species"),
                kind="f",
                units="kg s-1",
                doc="Emission rate; NaN without wind or gas.",
            ),
            "rate_log_sigma": Variable(
                dims=("plume", "species"), kind="f", units="1", doc="Standard deviation of ln(rate)."
            ),
        },
    )
)


def origin_region(mask: Flags, pixel_m: tuple[float, float], wind: Wind | None) -> shapely.Geometry:
    """Region in which a plume begins.

    Args:
        mask: the plume's pixels, lines north to south, samples west to east, shape (line, sample).
        pixel_m: pixel height and width [m].
        wind: the wind; None makes the whole plume the region.

    Returns:
        Polygon in metres east and north of the scene's north-west corner.
    """
    line, sample = np.nonzero(mask)
    east, north = (sample + 0.5) * pixel_m[1], -(line + 0.5) * pixel_m[0]
    if wind is not None:
        along = east * wind.toward_eastward + north * wind.toward_northward
        upwind = along <= np.quantile(along, UPWIND_SHARE)
        east, north = east[upwind], north[upwind]
    points = shapely.MultiPoint(np.stack([east, north], axis=1))
    return points.convex_hull.buffer(WIDEN_PIXELS * max(pixel_m))


def position_covariance(region: shapely.Geometry) -> NDArray[np.float64]:
    """Covariance of a point spread evenly over a region, by the ellipse of its oriented bounding box.

    Args:
        region: polygon [m].

    Returns:
        Covariance [m2], shape (2, 2).
    """
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(region))[:3]
    first, second = corners[1] - corners[0], corners[2] - corners[1]
    # An even spread over a length a has variance a² / 12.
    return np.asarray((np.outer(first, first) + np.outer(second, second)) / 12.0)
