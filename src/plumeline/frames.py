"""Positions: longitude and latitude at the edge, a local east-north frame in metres inside.

A bare `(lat, lon)` pair never crosses a function: `lonlat(4.9, 52.3)` or `latlon(52.3, 4.9)` make a `LonLat`.

References: PROJ azimuthal equidistant projection on WGS 84, https://proj.org/operations/projections/aeqd.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LonLat:
    """A place on WGS 84."""

    lon_deg: float
    """Longitude, east positive [degrees]."""
    lat_deg: float
    """Latitude, north positive [degrees]."""

    def __post_init__(self) -> None:
        if not (-180.0 <= self.lon_deg <= 180.0 and -90.0 <= self.lat_deg <= 90.0):
            raise InputError(
                f"longitude {self.lon_deg} and latitude {self.lat_deg} are no place on Earth",
                remedy="check that latitude and longitude are not swapped",
            )


def lonlat(lon_deg: float, lat_deg: float) -> LonLat:
    """Make a place from longitude, then latitude [degrees]."""
    return LonLat(lon_deg=lon_deg, lat_deg=lat_deg)


def latlon(lat_deg: float, lon_deg: float) -> LonLat:
    """Make a place from latitude, then longitude [degrees]."""
    return LonLat(lon_deg=lon_deg, lat_deg=lat_deg)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFrame:
    """East-north plane in metres, tangent at an origin (azimuthal equidistant on WGS 84).

    Distances from the origin are exact and others are right to 1e-6 within 10 km. A survey that has only
    local coordinates carries `origin=None`: it can be inverted but not placed on Earth.
    """

    origin: LonLat | None
    """Where (0, 0) lies, or None when only local coordinates are known."""

    @property
    def is_placed(self) -> bool:
        """Whether the frame is tied to a place on Earth."""
        return self.origin is not None

    def _placed_origin(self) -> LonLat:
        if self.origin is None:
            raise InputError(
                "this survey has only local coordinates, so nothing in it can be placed on Earth",
                remedy="give the frame's origin, e.g. origin = {lat = …, lon = …} in the survey file",
            )
        return self.origin

    def to_local(self, lon_deg: ArrayLike, lat_deg: ArrayLike) -> tuple[Floats, Floats]:
        """East and north of places.

        Args:
            lon_deg: longitudes [degrees], any shape.
            lat_deg: latitudes [degrees], same shape.

        Returns:
            East and north [m], same shape; NaN where the input is NaN.

        Raises:
            InputError: the frame has no origin.
        """
        east_m, north_m = _transformer(self._placed_origin()).transform(
            np.asarray(lon_deg, float), np.asarray(lat_deg, float)
        )
        return _finite(east_m), _finite(north_m)

    def to_lonlat(self, east_m: ArrayLike, north_m: ArrayLike) -> tuple[Floats, Floats]:
        """Longitudes and latitudes of local positions; the inverse of `to_local`.

        Args:
            east_m: east [m], any shape.
            north_m: north [m], same shape.

        Returns:
            Longitude and latitude [degrees], same shape.

        Raises:
            InputError: the frame has no origin.
        """
        lon_deg, lat_deg = _transformer(self._placed_origin()).transform(
            np.asarray(east_m, float), np.asarray(north_m, float), direction="INVERSE"
        )
        return _finite(lon_deg), _finite(lat_deg)


def _finite(values: Any) -> Floats:
    out = np.asarray(values, float)
    return np.where(np.isfinite(out), out, np.nan)


@lru_cache(maxsize=32)
def _transformer(origin: LonLat) -> Any:
    from pyproj import CRS, Transformer  # noqa: PLC0415 (slow to import, and many commands need no projection)

    local = CRS.from_proj4(
        f"+proj=aeqd +lat_0={origin.lat_deg!r} +lon_0={origin.lon_deg!r} +datum=WGS84 +units=m +no_defs"
    )
    return Transformer.from_crs("OGC:CRS84", local, always_xy=True)
