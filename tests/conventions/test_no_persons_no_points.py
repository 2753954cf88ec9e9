"""No record and no format can hold a person's identity, an aim-point or a production step, or a position finer than its
90 % region. Walks the schema of every record there is; a new record is walked without being named here."""

import importlib
import json
import pkgutil
import re
from xml.etree import ElementTree as ET

import numpy as np
import pyogrio
import pytest
import shapely
from pydantic import TypeAdapter

import casework
import plumeline
from plumeline.access.records import MAX_TEXT, screened
from plumeline.errors import InputError
from plumeline.packages import exchange

ROOMS = ("access", "cases", "packages", "outcomes")
PERSON = re.compile(
    r"(^|_)(name|surname|forename|person|suspect|owner|resident|tenant|birth|age|sex|gender|nationality|face|photo|"
    r"portrait|plate|vehicle|phone|imei|mac|email|address|passport|identity|fingerprint|gait|voice)(s|_|$)"
)
AIM = re.compile(
    r"(^|_)(aim|target|impact|strike|weapon|blast|munition|collateral|warhead|fuze|entry_point|door|window|"
    r"lat|latitude|lon|longitude|easting|northing|mgrs|point|x_m|y_m|centre|center|centroid)(s|_|$)"
)
STEP = re.compile(
    r"(^|_)(route|synthesis|precursor|reagent|yield|reaction|recipe|purity|batch|step|product)(s|_|$)"
)
ALLOWED = {"authority_name"}


def records():
    found = {}
    for room in ROOMS:
        package = importlib.import_module(f"plumeline.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"plumeline.{room}."):
            for name, thing in vars(importlib.import_module(module.name)).items():
                if (
                    isinstance(thing, type)
                    and hasattr(thing, "__pydantic_validator__")
                    and thing.__module__ == module.name
                ):
                    found[f"{module.name}.{name}"] = thing
    return found


RECORDS = records()


def walk(schema):
    """Every (field name, its schema) below a JSON schema."""
    for name, inner in schema.get("properties", {}).items():
        yield name, inner
    for inner in schema.get("$defs", {}).values():
        yield from walk(inner)


def test_there_are_records_to_walk():
    assert len(RECORDS) > 50
    assert plumeline.__version__


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_no_field_is_for_a_person_a_point_or_a_step(name):
    schema = TypeAdapter(RECORDS[name]).json_schema()
    for field, _ in walk(schema):
        for what, pattern in (("a person", PERSON), ("a point", AIM), ("a production step", STEP)):
            if field not in ALLOWED and field != "log_name":
                assert not pattern.search(field), f"{name}.{field} could hold {what}"


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_every_text_is_screened_or_bounded_by_a_pattern(name):
    # A string field is an identifier (pattern), a closed list (enum, const), a time, or screened text (title of T).
    for field, inner in walk(TypeAdapter(RECORDS[name]).json_schema()):
        for kind in [
            inner,
            *inner.get("anyOf", []),
            *([inner["items"]] if isinstance(inner.get("items"), dict) else []),
        ]:
            if kind.get("type") == "string" and not {"pattern", "enum", "const", "format", "maxLength"} & set(
                kind
            ):
                assert _is_screened(RECORDS[name], field), f"{name}.{field} is free text"


def _is_screened(kind, field):
    """Whether some record in this schema with that field refuses a telephone number in it."""
    candidates = [kind, *RECORDS.values()]
    for each in candidates:
        declared = each.__dataclass_fields__.get(field)
        if declared is not None and (
            "Text" in str(declared.type) or "Label" in str(declared.type) or str(declared.type) in CLOSED
        ):
            return True
    return False


CLOSED = {"str", "tuple[str, ...]", "dict[str, tuple[int, ...]]"}
"""Fields of the machine's own making: envelopes, signatures, sensor labels taken from checked records."""


@pytest.mark.parametrize(
    "text",
    [
        "seen at 24.80912, -107.39401",
        "24°48'32\" N",
        "13R BJ 1234 5678",
        "reach him at jdoe@example.org",
        "call +52 667 123 4567",
        "Sr. Gonzalez was there",
        "Mr Smith signed",
        "passport of the driver",
        "the plate was read",
        "Calle Obregon 123",
        "75GR4RQW+2X",
        "",
        "x" * (MAX_TEXT + 1),
    ],
)
def test_free_text_with_contact_place_or_name_is_refused(text):
    with pytest.raises(ValueError, match="text"):
        screened(text)


@pytest.mark.parametrize(
    "text",
    [
        "Acetone 0.35 g/s seen twice on 2026-03-01 between 09:40 and 10:15Z; wind 3.4 m/s.",
        "La tasa fue de 0,3 g/s; 12 muestras en cuarentena.",
        "90 % region 25 m, three buildings, 1,200 samples.",
    ],
)
def test_plain_findings_pass(text):
    assert screened(text) == text


def regions_and_points(content):
    """Every position in every format: (format, point or polygon)."""
    for feature in json.loads(exchange.geojson(content))["features"]:
        yield "geojson", shapely.geometry.shape(feature["geometry"]), None
    root = ET.fromstring(exchange.cursor_on_target(content))  # noqa: S314 (our own bytes)
    for point in root.iter("point"):
        yield "cot", shapely.Point(float(point.get("lon")), float(point.get("lat"))), float(point.get("ce"))
    for thing in json.loads(exchange.stix(content))["objects"]:
        if thing["type"] == "location":
            yield "stix", shapely.Point(thing["longitude"], thing["latitude"]), thing["precision"]


def test_no_position_in_any_format_is_finer_than_its_region(tmp_path):
    content = casework.content()
    finding = content.findings[0]
    radius_m = (finding.area_m2 / np.pi) ** 0.5
    kinds = set()
    for kind, geometry, precision_m in regions_and_points(content):
        kinds.add(kind)
        if precision_m is None:
            assert geometry.geom_type == "MultiPolygon"
            assert geometry.area >= 0.999 * finding.region_90.area
        else:
            assert precision_m >= radius_m
    assert kinds == {"geojson", "cot", "stix"}
    for name, data in (("f.gpkg", exchange.geopackage(content)), ("f.kml", exchange.kml(content))):
        (tmp_path / name).write_bytes(data)
        _, _, geometry, _ = pyogrio.raw.read(tmp_path / name)
        assert {g.geom_type for g in shapely.from_wkb(geometry)} <= {"MultiPolygon"}


def test_the_estimate_s_centre_is_nowhere_in_what_leaves():
    # tests/casework.py puts the centre at (1.2345, -2.3456) m.
    lon, lat = (float(v) for v in casework.FRAME.to_lonlat(1.2345, -2.3456))
    content = casework.content()
    everything = b"".join([
        exchange.geojson(content), exchange.kml(content), exchange.cursor_on_target(content), exchange.stix(content),
        exchange.case_uco(content), exchange.prov_json(content),
    ])  # fmt: skip
    for value in (lon, lat):
        assert f"{value:.6f}".encode() not in everything
    assert b"1.2345" not in everything


def test_a_tiny_region_is_widened_before_it_leaves():
    tiny = shapely.MultiPolygon([shapely.Point(0, 0).buffer(0.5)])
    from plumeline.cases import published_region
    from plumeline.cases.findings import LEAST_RADIUS_M, widened_area_m2

    wide = published_region(tiny, casework.FRAME)
    assert (widened_area_m2(wide, casework.FRAME) / np.pi) ** 0.5 > 0.97 * LEAST_RADIUS_M
    with pytest.raises(InputError):
        published_region(shapely.MultiPolygon(), casework.FRAME)
