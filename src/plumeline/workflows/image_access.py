"""Whether a scene may be searched, under which authority, and the entry in the audit log that says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer

from plumeline.access.authority import Authority, Mode, ResidentialRule, Senses
from plumeline.access.guard import Kind, Verb
from plumeline.errors import AccessError
from plumeline.instruments.cubes import read_cube
from plumeline.provenance import sha256_of_file
from plumeline.workflows.authorities import find_authority

if TYPE_CHECKING:
    from plumeline.instruments.cubes import Cube
    from plumeline.workflows.desk import Desk
    from plumeline.workflows.image_setup import ImageRequest

IMAGERS = (Senses.GAS_IMAGE, Senses.THERMAL_IMAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Under what a scene is to be searched."""

    authority: str
    """Identifier of the authority record."""
    sensor: str
    """Name of the imager as the authority lists it."""


def permitted(desk: Desk, request: ImageRequest, permit: Permit) -> ImageRequest:
    """Hold a scene against its authority and enter that in the audit log, before anything is searched.

    Args:
        desk: of whoever searches.
        request: the scene.
        permit: the authority and the imager.

    Returns:
        The request; with homes in view it keeps columns inside plumes only, whatever was asked for.

    Raises:
        AccessError: the authority is hidden, has expired, names no such imager, or does not reach this scene.
        InputError: the scene cannot be read.
    """
    cube = read_cube(request.scene, glt=request.glt)
    digest = sha256_of_file(request.scene if request.scene.is_file() else cube.path)
    with desk.session() as session:
        authority = find_authority(session, permit.authority)
        authority.require_alive(desk.now)
        _require_imager(authority, permit.sensor)
        seen = _footprint(cube)
        if (
            authority.mode is Mode.PERMITTED_INSIDE
            and seen is not None
            and not shapely.intersects(seen, authority.area)
        ):
            raise AccessError(
                f"the scene lies outside the area of authority {authority.id}",
                where=cube.name,
                remedy="ask for an authority that covers it",
            )
        session.log(
            Verb.ANNOTATE,
            "scene-searched",
            desk.resource(Kind.AUTHORITY, authority.id),
            content=digest,
        )
    restricted = authority.residential is not ResidentialRule.NO_RESTRICTION and authority.homes is not None
    # Without a map nobody can say that no home is in view.
    homes = restricted and (seen is None or shapely.intersects(seen, authority.homes))
    return replace(request, residential=request.residential or bool(homes))


def _require_imager(authority: Authority, sensor: str) -> None:
    """Raise unless the authority lists this sensor as an imager.

    Raises:
        AccessError: it does not.
    """
    imagers = [one.label for one in authority.sensors if one.senses in IMAGERS]
    if sensor not in imagers:
        raise AccessError(
            f"authority {authority.id} does not allow the imager {sensor!r}",
            remedy="it allows: " + (", ".join(imagers) or "no imager at all"),
        )


def _footprint(cube: Cube) -> shapely.Geometry | None:
    """Box around a scene in longitude and latitude; None without a map."""
    grid = cube.grid
    if grid is None:
        return None
    rows, columns = (cube.shape[:2]) if grid.lookup_line is None else grid.lookup_line.shape
    east = grid.west + np.array([0, columns, columns, 0]) * grid.pixel[0]
    north = grid.north - np.array([0, 0, rows, rows]) * grid.pixel[1]
    lon, lat = Transformer.from_crs(CRS.from_user_input(grid.crs), "OGC:CRS84", always_xy=True).transform(
        east, north
    )
    return shapely.Polygon(np.column_stack([lon, lat]))
