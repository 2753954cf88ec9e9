"""Whether a scene may be searched, under which authority, and the entry in the audit log that says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer

from plumeline.access.authority import Authority, Mode, ResidentialRule, Senses
from plumeline.access.guard import Kind, Verb
from plumeline.errors import AccessError, OutputError, RefusedError, StoreError
from plumeline.provenance import sha256_of_file
from plumeline.store.folder import sync
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


def permitted(
    desk: Desk, request: ImageRequest, permit: Permit, *, result: Path | None = None
) -> ImageRequest:
    """Hold a scene against its authority and enter that in the audit log, before anything is searched.

    Args:
        desk: of whoever searches.
        request: the scene.
        permit: the authority and the imager.
        result: the folder that the result will replace, if any.

    Returns:
        The request; with homes in view it keeps columns inside plumes only, whatever was asked for, and a thermal
        recording is to be dropped once its products stand, unless the authority restricts nothing.

    Raises:
        AccessError: the authority is hidden, has expired, names no such imager, or does not reach this scene.
        InputError: the scene cannot be read.
        RefusedError: the recording would have to be dropped, but that would leave its frames somewhere.
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
        restricted = (
            authority.residential is not ResidentialRule.NO_RESTRICTION and authority.homes is not None
        )
        # Without a map nobody can say that no home is in view.
        homes = bool(restricted and (seen is None or shapely.intersects(seen, authority.homes)))
        drop = homes and senses is Senses.THERMAL_IMAGE
        if drop:
            _require_sole_name(cube.path)
            _require_outside(cube.path, result)
        session.log(
            Verb.ANNOTATE,
            "scene-searched",
            desk.resource(Kind.AUTHORITY, authority.id),
            content=digest,
        )
    return replace(request, residential=request.residential or homes, drop_frames=drop)


def drop_frames(desk: Desk, request: ImageRequest, permit: Permit, *, result: Path) -> str:
    """Delete a thermal recording whose products stand, with its hash in the audit log before and after.

    The intent is entered first, so that no crash and no failing log leaves a deletion without an entry; then the file
    is unlinked; then the outcome is entered, `thermal-frames-dropped` or `thermal-frames-kept`. The file is unlinked,
    not overwritten; copies elsewhere are not known here. Its header stays.

    Args:
        desk: of whoever searched.
        request: the scene, as `permitted` gave it back.
        permit: the authority and the imager.
        result: the result's folder, whose document names the recording's hash.

    Returns:
        SHA-256 of the recording.

    Raises:
        AccessError: the authority is hidden or names no such imager.
        RefusedError: the result does not stand, the recording changed since it was searched, or it has other names.
        OutputError: the file cannot be deleted.
        StoreError: the file was deleted, and only its intent is in the log.
    """
    with desk.session() as session:
        # Whoever may not see the authority is told so before anything is looked at, and deletes nothing.
        authority = find_authority(session, permit.authority)
        _imager(authority, permit.sensor)
        path = open_scene(request).path
        _require_sole_name(path)
        seen = _identity(path)
        digest = sha256_of_file(path)
        documents = [result / name for name in ("image.json", "stream.json") if (result / name).is_file()]
        if not any(digest in document.read_text("utf-8") for document in documents):
            raise RefusedError(
                "the result does not name this recording's hash, so the recording was not deleted",
                where=str(path),
                remedy="search it again under the authority",
            )
        about = desk.resource(Kind.AUTHORITY, authority.id)
        session.log(Verb.ANNOTATE, "thermal-frames-to-be-dropped", about, content=digest)
    try:
        _delete(path, seen)
    except (OutputError, RefusedError):
        with desk.session() as session:
            session.log(Verb.ANNOTATE, "thermal-frames-kept", about, content=digest)
        raise
    try:
        with desk.session() as session:
            session.log(Verb.ANNOTATE, "thermal-frames-dropped", about, content=digest)
    except StoreError as error:
        raise StoreError(
            f"the thermal recording was deleted, but the log holds only that it was to be ({error.what})",
            where=str(path),
            remedy=f"have its deletion noted with its SHA-256 {digest}",
        ) from error
    return digest


def _require_sole_name(path: Path) -> None:
    """Refuse a recording whose frames would stay on the disk under another name.

    Raises:
        RefusedError: it is a link, or linked to.
    """
    if path.is_symlink() or path.stat().st_nlink > 1:
        raise RefusedError(
            "the authority wants this thermal recording deleted after its search, but it is a link or has further hard "
            "links, so that its frames would stay",
            where=str(path),
            remedy="name the file itself, and take its other links away first",
        )


def _require_outside(path: Path, result: Path | None) -> None:
    """Refuse a recording that would be carried off into the backup of the folder that the result replaces.

    Raises:
        RefusedError: it lies in that folder.
    """
    if result is not None and path.resolve().is_relative_to(result.resolve()):
        raise RefusedError(
            "the thermal recording lies in the output folder, whose backup would keep its frames",
            where=str(path),
            remedy="choose another folder with -o",
        )


def _identity(path: Path) -> tuple[int, int, int, int]:
    """What tells a file from another one, or from itself after a change, without reading it."""
    now = path.lstat()
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns


def _delete(path: Path, seen: tuple[int, int, int, int]) -> None:
    """Delete a file for good, unless it is not what was seen.

    Raises:
        RefusedError: it changed.
        OutputError: it cannot be deleted.
    """
    try:
        if _identity(path) != seen:
            raise RefusedError(
                "the recording changed while its deletion was entered, so it was not deleted",
                where=str(path),
                remedy="search it again under the authority",
            )
        path.unlink()
        sync(path.parent)
    except OSError as error:
        raise OutputError(
            f"the thermal recording cannot be deleted ({error.strerror}), and the authority does not let it stay",
            where=str(path),
            remedy="delete it by hand",
        ) from None


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
