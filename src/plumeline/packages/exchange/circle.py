"""A circle for formats that want a point: centred on a coarse lattice, wide enough to cover the 90 % region.

The centre is not the region's centre. It is the nearest point of a lattice whose step is the region's own radius, so
it says less than the region does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from plumeline.frames import LocalFrame, LonLat, lonlat

if TYPE_CHECKING:
    from plumeline.cases import Finding

METRES_PER_DEGREE = 111_320.0
"""Of latitude, roughly; only the lattice's step depends on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseCircle:
    """A circle that covers a 90 % region."""

    centre: LonLat
    """A lattice point."""
    radius_m: float
    """Covers every corner of the region [m]."""


def coarse_circle(finding: Finding) -> CoarseCircle:
    """The circle of a finding.

    Args:
        finding: whose region.

    Returns:
        A circle never smaller than the region.
    """
    region = finding.region_90
    west, south, east, north = region.bounds
    middle = lonlat((west + east) / 2, (south + north) / 2)
    step_deg = math.sqrt(finding.area_m2 / math.pi) / METRES_PER_DEGREE
    step_lon_deg = step_deg / max(0.01, math.cos(math.radians(middle.lat_deg)))
    centre = lonlat(
        round(round(middle.lon_deg / step_lon_deg) * step_lon_deg, 6),
        round(round(middle.lat_deg / step_deg) * step_deg, 6),
    )
    corners = shapely.get_coordinates(region)
    east_m, north_m = LocalFrame(origin=centre).to_local(corners[:, 0], corners[:, 1])
    return CoarseCircle(centre=centre, radius_m=math.ceil(float(np.hypot(east_m, north_m).max())))
