"""Every exchange format against a reader that we did not write."""

import json
import math
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import prov.model
import pyogrio
import pytest
import shapely
import stix2
import takproto

import casework
from casework import FRAME, area
from plumeline.packages import exchange
from plumeline.packages.exchange.messages import SPOT_MARKER

LIVE, EXERCISE = casework.content(), casework.content(exercise=True)
POLYGON_FORMATS = {"geojson": exchange.geojson, "gpkg": exchange.geopackage, "kml": exchange.kml}


def made(content):
    return {
        "geojson": exchange.geojson(content),
        "gpkg": exchange.geopackage(content),
        "kml": exchange.kml(content),
        "cot": exchange.cursor_on_target(content),
        "stix": exchange.stix(content),
        "case": exchange.case_uco(content),
        "prov": exchange.prov_json(content),
        "crate": exchange.ro_crate(content, {"findings.geojson": b"x"}),
    }


@pytest.mark.parametrize("kind", POLYGON_FORMATS)
def test_the_region_comes_back_from_gdal_as_it_is(kind, tmp_path):
    path = tmp_path / f"findings.{kind}"
    path.write_bytes(POLYGON_FORMATS[kind](LIVE))
    meta, _, geometry, fields = pyogrio.raw.read(path)
    assert "4326" in str(meta["crs"]) or "CRS84" in str(meta["crs"])
    got = shapely.force_2d(shapely.from_wkb(geometry[0]))
    assert got.symmetric_difference(LIVE.findings[0].region_90).area < 1e-3 * got.area
    text = str([meta["fields"], fields])
    assert "TLP:AMBER+STRICT" in text


def test_rates_and_limits_stand_in_the_table(tmp_path):
    path = tmp_path / "findings.gpkg"
    path.write_bytes(exchange.geopackage(LIVE))
    meta, _, _, fields = pyogrio.raw.read(path)
    row = dict(zip(meta["fields"], (column[0] for column in fields), strict=True))
    assert row["acetone rate kg s-1"] == pytest.approx(1e-4)
    assert row["acetone minimum detectable kg s-1"] == pytest.approx(2e-5)


def test_the_same_content_gives_the_same_bytes():
    assert made(LIVE) == made(casework.content())


@pytest.mark.parametrize("kind", sorted(made(EXERCISE)))
def test_an_exercise_says_so_in_every_format(kind):
    text = made(EXERCISE)[kind].decode(errors="ignore")
    assert "EXERCISE EXERCISE EXERCISE" in text or kind == "crate"
    assert "EXERCISE " in text
    assert "EXERCISE" not in made(LIVE)[kind].decode(errors="ignore")


def test_cursor_on_target_reads_in_a_tak_library_with_the_radius_as_its_error():
    event = ET.fromstring(exchange.cursor_on_target(LIVE)).find("event")  # noqa: S314 (our own bytes)
    packet = takproto.parse_proto(takproto.xml2proto(ET.tostring(event)))
    assert packet.cotEvent.type == SPOT_MARKER
    assert "-G-" not in packet.cotEvent.type  # no affiliation, no unit
    circle = exchange.coarse_circle(LIVE.findings[0])
    assert packet.cotEvent.ce == pytest.approx(circle.radius_m)
    assert event.get("releasableTo") == casework.PARTNER


@pytest.mark.parametrize("half_m", [3.0, 25.0, 400.0])
@pytest.mark.parametrize("offset_m", [(0.0, 0.0), (137.0, -61.0), (33.3, 812.5)])
def test_the_circle_covers_the_region_and_its_centre_says_less_than_the_region(half_m, offset_m):
    region = area(half_m, east_m=offset_m[0], north_m=offset_m[1])
    finding = LIVE.findings[0].__class__(
        **{name: getattr(LIVE.findings[0], name) for name in LIVE.findings[0].__dataclass_fields__}
        | {"region_90": region, "area_m2": 4 * half_m**2}
    )
    circle = exchange.coarse_circle(finding)
    corners = shapely.get_coordinates(region)
    east, north = FRAME.to_local(corners[:, 0], corners[:, 1])
    x, y = (float(v) for v in FRAME.to_local(circle.centre.lon_deg, circle.centre.lat_deg))
    assert np.hypot(east - x, north - y).max() <= circle.radius_m + 0.2
    # Moving the region by a tenth of its radius most often gives the same centre: it is a lattice point.
    step_deg = math.sqrt(finding.area_m2 / math.pi) / 111_320
    assert abs(circle.centre.lat_deg / step_deg - round(circle.centre.lat_deg / step_deg)) < 0.05


def test_stix_parses_strictly_and_carries_tlp_2():
    bundle = stix2.parse(exchange.stix(LIVE).decode(), allow_custom=True)
    location = next(thing for thing in bundle.objects if thing.type == "location")
    assert location.precision >= 25
    marking = location.object_marking_refs[0]
    told = next(thing for thing in json.loads(exchange.stix(LIVE))["objects"] if thing["id"] == marking)
    assert "amber+strict" in json.dumps(told)


def test_prov_leads_from_the_conclusion_to_the_recording_in_three_steps():
    document = prov.model.ProvDocument.deserialize(content=exchange.prov_json(LIVE).decode())
    steps = {str(each.args[0]): str(each.args[1]) for each in document.get_records(prov.model.ProvDerivation)}
    at = "pl:conclusion"
    for _ in range(3):
        at = steps[at]
    assert at == f"pl:recording-{'c' * 64}"


def test_case_uco_passes_its_own_validator(tmp_path):
    path = tmp_path / "case.jsonld"
    path.write_bytes(exchange.case_uco(LIVE))
    done = subprocess.run(
        [Path(sys.executable).with_name("case_validate"), "--built-version", "case-1.4.0", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Conforms: True" in done.stdout, done.stdout + done.stderr
