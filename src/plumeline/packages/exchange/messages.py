"""Cursor on Target for TAK, and STIX 2.1.

Cursor on Target gets a plain spot marker of the map kind (no affiliation, no unit symbol) whose circular error `ce`
is the coarse circle's radius. STIX gets a location with its precision, a report, and the TLP 2.0 marking.

References: CoT event 2.0; OASIS STIX 2.1; OASIS extension definition for TLP 2.0.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from plumeline.access.actors import Tlp
from plumeline.packages.exchange.circle import coarse_circle
from plumeline.provenance import canonical_json

if TYPE_CHECKING:
    from datetime import datetime

    from plumeline.packages.content import Content

SPOT_MARKER = "b-m-p-s-m"
"""A spot on the map, without affiliation."""
UNKNOWN_M = "9999999.0"
"""What CoT writes for a height that is not known."""
VALID_DAYS = 30

NAMESPACE = uuid.UUID("6c1a2f0e-6d3b-5c39-9a54-1d8f6f2f1a11")
TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_MARKING = {
    Tlp.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    Tlp.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Tlp.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Tlp.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Tlp.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
}
"""Identifiers that OASIS fixed for TLP 2.0."""
TLP_CREATED = "2022-10-01T00:00:00.000Z"


def _stamp(value: datetime) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def cursor_on_target(content: Content) -> bytes:
    """One CoT event a finding, in one XML document."""
    root = ET.Element("events")
    for finding in content.findings:
        circle = coarse_circle(finding)
        stale = content.handling.handle_until or content.prepared + timedelta(days=VALID_DAYS)
        event = ET.SubElement(
            root,
            "event",
            version="2.0",
            uid=f"{content.release}-{finding.label}",
            type=SPOT_MARKER,
            how="m-r",
            time=_stamp(content.prepared),
            start=_stamp(finding.first_seen),
            stale=_stamp(stale),
            access=content.handling.tlp.value,
            caveat="; ".join(caveat.value for caveat in content.handling.caveats),
            releasableTo=content.handling.recipient,
        )
        ET.SubElement(
            event,
            "point",
            lat=f"{circle.centre.lat_deg:.6f}",
            lon=f"{circle.centre.lon_deg:.6f}",
            hae=UNKNOWN_M,
            ce=f"{circle.radius_m:.1f}",
            le=UNKNOWN_M,
        )
        detail = ET.SubElement(event, "detail")
        prefix = "EXERCISE " if content.exercise else ""
        ET.SubElement(detail, "contact", callsign=f"{prefix}HAZMAT survey {finding.label}")
        ET.SubElement(detail, "remarks").text = (
            f"{prefix}{content.handling.tlp.value}: the source lies somewhere within the circle; no finer position exists. "
            "Screening result."
        )
    body: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def stix(content: Content) -> bytes:
    """A STIX 2.1 bundle: originator, locations, one report, markings."""
    stamp = _stamp(content.prepared)
    marking = TLP_MARKING[content.handling.tlp]
    common = {"spec_version": "2.1", "created": stamp, "modified": stamp, "object_marking_refs": [marking]}
    owner = _id("identity", content.handling.originator)
    common_owned = {**common, "created_by_ref": owner}
    locations = [_location(content, index, common_owned) for index in range(len(content.findings))]
    prefix = "EXERCISE " if content.exercise else ""
    report = {
        "type": "report",
        "id": _id("report", content.release),
        **common_owned,
        "name": f"{prefix}Survey finding {content.case}",
        "description": "; ".join(caveat.value for caveat in content.handling.caveats),
        "published": stamp,
        "object_refs": [location["id"] for location in locations],
    }
    identity = {
        "type": "identity",
        "id": owner,
        **common,
        "name": content.handling.originator,
        "identity_class": "organization",
    }
    bundle = {
        "type": "bundle",
        "id": _id("bundle", content.release),
        "objects": [_tlp(content.handling.tlp), identity, *locations, report],
    }
    return canonical_json(bundle).encode() + b"\n"


def _id(kind: str, name: str) -> str:
    return f"{kind}--{uuid.uuid5(NAMESPACE, f'{kind}/{name}')}"


def _location(content: Content, index: int, common: dict[str, Any]) -> dict[str, Any]:
    finding = content.findings[index]
    circle = coarse_circle(finding)
    return {
        "type": "location",
        "id": _id("location", f"{content.release}/{finding.label}"),
        **common,
        "name": f"{finding.label}: circle around the 90 % region",
        "latitude": circle.centre.lat_deg,
        "longitude": circle.centre.lon_deg,
        "precision": float(circle.radius_m),
    }


def _tlp(tlp: Tlp) -> dict[str, Any]:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_MARKING[tlp],
        "created": TLP_CREATED,
        "name": tlp.value,
        "extensions": {
            TLP_EXTENSION: {
                "extension_type": "property-extension",
                "tlp_2_0": tlp.value.removeprefix("TLP:").lower(),
            }
        },
    }
