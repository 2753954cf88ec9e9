"""Plumes for a globe viewer: outlines and origin regions as KML; the same with pictures of the columns as KMZ."""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer

from plumeline.instruments.cubes import picture_on_globe
from plumeline.workflows.image_layers import slug

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from plumeline.workflows.image_result import ImagePlume, ImageResult

    Shapes = Sequence[tuple[ImagePlume, shapely.Geometry, shapely.Geometry]]

KML_NAMESPACE = "http://www.opengis.net/kml/2.2"
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
"""Stands where an archive wants the time of a change: the same scene gives the same bytes."""


def write_kml(folder: Path, result: ImageResult, shapes: Shapes) -> None:
    """Write `plumes.kml` and `plumes.kmz`.

    Args:
        folder: an existing folder.
        result: the scene's result; it has a map.
        shapes: each plume with its outline and origin region, in the CRS of the map.
    """
    grid = result.cube.grid
    if grid is None:
        return
    (folder / "plumes.kml").write_bytes(_document(result, shapes))
    pictures: list[tuple[str, str, tuple[float, float, float, float], bytes]] = []
    for gas, column in result.columns_ppm_m.items():
        inside = np.where(result.plume_mask & (column > 0), column, np.float32(np.nan))
        if not np.isfinite(inside).any():
            continue
        top = float(np.nanquantile(inside, 0.99))
        box, png = picture_on_globe(np.asarray(grid.on_grid(inside), np.float32), grid, top=top)
        pictures.append((f"{gas} column, 0 to {top:.3g} ppm m", f"column_{slug(gas)}.png", box, png))
    with zipfile.ZipFile(folder / "plumes.kmz", "w", zipfile.ZIP_DEFLATED) as archive:
        entries = [("doc.kml", _document(result, shapes, pictures))]
        for name, content in entries + [(name, png) for _, name, _, png in pictures]:
            archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content, zipfile.ZIP_DEFLATED)


def named(plume: ImagePlume) -> str:
    """What a plume is called after its gases.

    Args:
        plume: the plume.

    Returns:
        Names, or "unidentified absorber".
    """
    found = plume.found.identification
    if found is None or not found.named:
        return "unidentified absorber"
    return " + ".join(" or ".join(one.gases) for one in found.named)


def polygons(shape: shapely.Geometry) -> list[shapely.Polygon]:
    """The polygons of a shape.

    Args:
        shape: any geometry.

    Returns:
        Its polygons.
    """
    return [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]


def _document(
    result: ImageResult,
    shapes: Shapes,
    pictures: Sequence[tuple[str, str, tuple[float, float, float, float], bytes]] = (),
) -> bytes:
    crs = "" if result.cube.grid is None else result.cube.grid.crs
    to_earth = Transformer.from_crs(CRS.from_user_input(crs), "OGC:CRS84", always_xy=True)
    root = ET.Element("kml", xmlns=KML_NAMESPACE)
    page = ET.SubElement(root, "Document")
    ET.SubElement(page, "name").text = f"{result.cube.name}: plumes (screening, not validated)"
    for words, name, (west, south, east, north), _ in pictures:
        overlay = ET.SubElement(page, "GroundOverlay")
        ET.SubElement(overlay, "name").text = words
        ET.SubElement(ET.SubElement(overlay, "Icon"), "href").text = name
        box = ET.SubElement(overlay, "LatLonBox")
        for side, value in (("north", north), ("south", south), ("east", east), ("west", west)):
            ET.SubElement(box, side).text = f"{value:.7f}"
    for plume, outline, region in shapes:
        for name, shape in ((plume.label, outline), (f"{plume.label} origin region", region)):
            mark = ET.SubElement(page, "Placemark")
            ET.SubElement(mark, "name").text = name
            ET.SubElement(mark, "description").text = named(plume)
            several = ET.SubElement(mark, "MultiGeometry")
            for part in polygons(shape):
                one = ET.SubElement(several, "Polygon")
                _ring(ET.SubElement(one, "outerBoundaryIs"), part.exterior, to_earth)
                for hole in part.interiors:
                    _ring(ET.SubElement(one, "innerBoundaryIs"), hole, to_earth)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _ring(parent: ET.Element, ring: shapely.LinearRing, to_earth: Transformer) -> None:
    lon, lat = to_earth.transform(*shapely.get_coordinates(ring).T)
    ET.SubElement(ET.SubElement(parent, "LinearRing"), "coordinates").text = " ".join(
        f"{x:.6f},{y:.6f}" for x, y in zip(lon, lat, strict=True)
    )
