"""GeoJSON, GeoPackage and KML: the regions with their rates, limits and marking."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import shapely

from plumeline.access.records import to_plain
from plumeline.provenance import canonical_json

if TYPE_CHECKING:
    from plumeline.cases import Finding
    from plumeline.packages.content import Content

KML = "http://www.opengis.net/kml/2.2"


def _properties(finding: Finding, content: Content) -> dict[str, Any]:
    made: dict[str, Any] = {
        "label": finding.label,
        "case": content.case,
        "release": content.release,
        "marking": content.handling.tlp.value,
        "releasable_to": content.handling.recipient,
        "caveats": "; ".join(caveat.value for caveat in content.handling.caveats),
        "exercise": content.exercise,
        "meaning": "region that holds the source with 90 % probability; no finer position exists",
        "jurisdiction": finding.jurisdiction.value,
        "area_m2": finding.area_m2,
        "first_seen": finding.first_seen.isoformat(),
        "last_seen": finding.last_seen.isoformat(),
    }
    for rate in finding.species:
        made |= {
            f"{rate.species} rate kg s-1": rate.rate_kg_s.median,
            f"{rate.species} rate low kg s-1": rate.rate_kg_s.low,
            f"{rate.species} rate high kg s-1": rate.rate_kg_s.high,
            f"{rate.species} minimum detectable kg s-1": rate.minimum_detectable_rate_kg_s,
        }
    return made


def geojson(content: Content) -> bytes:
    """The regions as GeoJSON (RFC 7946)."""
    features = [
        {
            "type": "Feature",
            "geometry": to_plain(finding)["region_90"],
            "properties": _properties(finding, content),
        }
        for finding in content.findings
    ]
    return canonical_json({"type": "FeatureCollection", "features": features}).encode() + b"\n"


def geopackage(content: Content) -> bytes:
    """The regions as one GeoPackage layer, `findings`."""
    import pyogrio  # noqa: PLC0415 (brings GDAL)

    rows = [_properties(finding, content) for finding in content.findings]
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns: list[Any] = [
        np.array([row.get(name) for row in rows], dtype=_kind(rows, name)) for name in names
    ]
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{content.prepared:%Y-%m-%dT%H:%M:%S.000Z}"})
    buffer = io.BytesIO()
    try:
        pyogrio.raw.write(
            buffer,
            geometry=np.array(
                [shapely.to_wkb(finding.region_90) for finding in content.findings], dtype=object
            ),
            field_data=columns,
            fields=names,
            driver="GPKG",
            layer="findings",
            geometry_type="MultiPolygon",
            crs="EPSG:4326",
        )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    return buffer.getvalue()


def _kind(rows: list[dict[str, Any]], name: str) -> type:
    value = next(row[name] for row in rows if name in row)
    return {bool: bool, float: float}.get(type(value), object)


def kml(content: Content) -> bytes:
    """The regions as KML 2.2; the marking stands in the document's name and every description."""
    ET.register_namespace("", KML)
    root = ET.Element(f"{{{KML}}}kml")
    document = ET.SubElement(root, f"{{{KML}}}Document")
    prefix = "EXERCISE " if content.exercise else ""
    ET.SubElement(document, f"{{{KML}}}name").text = f"{prefix}{content.handling.tlp.value} {content.release}"
    for finding in content.findings:
        mark = ET.SubElement(document, f"{{{KML}}}Placemark")
        ET.SubElement(mark, f"{{{KML}}}name").text = f"{prefix}{finding.label} 90 %"
        facts = _properties(finding, content)
        ET.SubElement(mark, f"{{{KML}}}description").text = "\n".join(
            f"{key}: {value}" for key, value in facts.items()
        )
        shapes = ET.SubElement(mark, f"{{{KML}}}MultiGeometry")
        for part in finding.region_90.geoms:
            polygon = ET.SubElement(shapes, f"{{{KML}}}Polygon")
            for kind, ring in [("outer", part.exterior), *(("inner", hole) for hole in part.interiors)]:
                side = ET.SubElement(polygon, f"{{{KML}}}{kind}BoundaryIs")
                line = ET.SubElement(side, f"{{{KML}}}LinearRing")
                ET.SubElement(line, f"{{{KML}}}coordinates").text = " ".join(
                    f"{x:.6f},{y:.6f}" for x, y in ring.coords
                )
    body: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"
