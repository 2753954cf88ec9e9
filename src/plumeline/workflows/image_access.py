"""Whether a scene may be searched, under which authority, and the entry in the audit log that says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer

from plumeline.access.authority import Authority, Mode, ResidentialRule, Senses
from plumeline.access.guard import Kind, Verb
from plumeline.errors import AccessError, OutputError, RefusedError
from plumeline.provenance import sha256_of_file
from plumeline.workflows.authorities import find_authority
from plumeline.workflows.image_scene import open_scene

if TYPE_CHECKING:
    from pathlib import Path

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
        The request; with homes in view it keeps columns inside plumes only, whatever was asked for, and a thermal
        recording is to be dropped once its products stand, unless the authority restricts nothing.

    Raises:
        AccessError: the authority is hidden, has expired, names no such imager, or does not reach this scene.
        InputError: the scene cannot be read.
    """
    cube = open_scene(request)
    digest = sha256_of_file(cube.path)
    with desk.session() as session:
        authority = find_authority(session, permit.authority)
        authority.require_alive(desk.now)
        senses = _imager(authority, permit.sensor)
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
    homes = bool(restricted and (seen is None or shapely.intersects(seen, authority.homes)))
    return replace(
        request,
        residential=request.residential or homes,
        drop_frames=homes and senses is Senses.THERMAL_IMAGE,
    )


def drop_frames(desk: Desk, request: ImageRequest, permit: Permit, *, result: Path) -> str:
    """Delete a thermal recording whose products stand, and enter that with its hash in the audit log.

    The file is unlinked, not overwritten; copies elsewhere are not known here. Its header stays.

    Args:
        desk: of whoever searched.
        request: the scene, as `permitted` gave it back.
        permit: the authority and the imager.
        result: the result's folder, whose document names the recording's hash.

    Returns:
        SHA-256 of the recording.

    Raises:
        AccessError: the authority is hidden or names no such imager.
        RefusedError: the result does not stand, or the recording changed since it was searched.
        OutputError: the file cannot be deleted.
    """
    with desk.session() as session:
        # Whoever may not see the authority is told so before anything is looked at, and deletes nothing.
        authority = find_authority(session, permit.authority)
        _imager(authority, permit.sensor)
        path = open_scene(request).path
        digest = sha256_of_file(path)
        documents = [result / name for name in ("image.json", "stream.json") if (result / name).is_file()]
        if not any(digest in document.read_text("utf-8") for document in documents):
            raise RefusedError(
                "the result does not name this recording's hash, so the recording was not deleted",
                where=str(path),
                remedy="search it again under the authority",
            )
        try:
            path.unlink()
        except OSError as error:
            raise OutputError(
                f"the thermal recording cannot be deleted ({error.strerror}), and the authority does not let it stay",
                where=str(path),
                remedy="delete it by hand",
            ) from None
        session.log(
            Verb.ANNOTATE,
            "thermal-frames-dropped",
            desk.resource(Kind.AUTHORITY, authority.id),
            content=digest,
        )
    return digest


def _imager(authority: Authority, sensor: str) -> Senses:
    """What an imager that the authority lists measures.

    Raises:
        AccessError: it does not.
    """
    imagers = {one.label: one.senses for one in authority.sensors if one.senses in IMAGERS}
    if sensor not in imagers:
        raise AccessError(
            f"authority {authority.id} does not allow the imager {sensor!r}",
            remedy="it allows: " + (", ".join(imagers) or "no imager at all"),
        )
    return imagers[sensor]


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
