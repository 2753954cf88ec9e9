"""What a result's files say, read back with other libraries than wrote them where there is one."""

import hashlib
import json
import math
import sqlite3
from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree as ET

import jsonschema
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import fakes
from plumeline.schemas import REGISTRY
from plumeline.store import (
    enclosing_radius_m,
    layers_of,
    locate_document,
    locate_schema,
    rounding_step_m,
    write_geojson,
    write_geopackage,
    write_netcdf,
    write_styles,
)

CASES = {
    "one source": {},
    "no source": {"sources": 0},
    "two sources, two species": {"sources": 2, "species": fakes.SPECIES},
    "no place on Earth, paths": {"placed": False, "open_path": True},
}


def write_all(report, folder):
    folder.mkdir()
    layers = layers_of(report)
    write_geopackage(report, layers, folder / "result.gpkg")
    write_geojson(report, layers, folder)
    write_netcdf(report, folder / "result.nc")
    write_styles(layers, folder / "styles")
    return folder


@pytest.fixture(scope="module", params=CASES, ids=str)
def written(request, tmp_path_factory):
    report = fakes.fake_report(**CASES[request.param])
    return report, write_all(report, tmp_path_factory.mktemp("result") / "out")


def digests(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_same_report_gives_the_same_bytes(written, tmp_path):
    report, folder = written
    assert digests(write_all(report, tmp_path / "again")) == digests(folder)


def test_the_document_matches_its_published_schema(written):
    report, _ = written
    jsonschema.Draft202012Validator.check_schema(locate_schema())
    jsonschema.Draft202012Validator(locate_schema()).validate(locate_document(report))
    json.dumps(locate_document(report), allow_nan=False)


def test_every_field_of_the_published_schema_is_described():
    def walk(node, path):
        for name, child in node.get("properties", {}).items():
            assert "description" in child or "$ref" in child, f"{path}.{name}"
            walk(child, f"{path}.{name}")
        for name, child in node.get("$defs", {}).items():
            walk(child, name)

    walk(locate_schema(), "")


def test_geopackage_holds_every_layer_and_reading(written):
    report, folder = written
    tables = dict(pyogrio.list_layers(folder / "result.gpkg"))
    assert tables["provenance"] is None
    expected = {"detectability"} | ({"regions", "sources"} if report.sources else set())
    assert expected <= set(tables)
    name = "readings" if report.survey.in_situ is not None else "paths"
    meta, _, geometry, _ = pyogrio.raw.read(folder / "result.gpkg", layer=name)
    assert len(geometry) == report.survey.reading_count
    assert ("4326" in meta["crs"]) == report.survey.frame.is_placed


def test_every_layer_has_a_default_style_that_is_well_formed(written):
    _, folder = written
    with sqlite3.connect(folder / "result.gpkg") as database:
        features = {
            row[0]
            for row in database.execute("select table_name from gpkg_contents where data_type='features'")
        }
        styles = dict(
            database.execute(
                "select f_table_name, styleQML from layer_styles where useAsDefault = 1"
            ).fetchall()
        )
    database.close()
    assert set(styles) == features
    for name, text in styles.items():
        renderer = ET.fromstring(text).find("renderer-v2")  # noqa: S314 (our own text)
        used = {step.get("symbol") for step in renderer.iter() if step.tag in {"range", "category"}}
        assert used <= {symbol.get("name") for symbol in renderer.iter("symbol")}
        assert (folder / "styles" / f"{name}.qml").read_text() == text


def test_netcdf_groups_still_match_their_schemas(written):
    report, folder = written
    for name in ("posterior", "detectability", "fit"):
        with xr.open_dataset(folder / "result.nc", group=name, engine="h5netcdf") as dataset:
            REGISTRY[name].validate(dataset)
            for variable in REGISTRY[name].variables:
                assert dataset[variable].attrs["long_name"]
                xr.testing.assert_equal(
                    dataset[variable].astype(str)
                    if dataset[variable].dtype.kind == "O"
                    else dataset[variable],
                    getattr(report, name)[variable],
                )
    with xr.open_dataset(folder / "result.nc", engine="h5netcdf") as root:
        assert json.loads(root.attrs["plumeline_provenance"])["seed"] == 7
        assert root.attrs["Conventions"].startswith("CF-")


def test_geojson_is_on_earth_or_says_that_it_is_not(written):
    report, folder = written
    if not report.survey.frame.is_placed:
        assert not (folder / "result.geojson").exists()
        local = json.loads((folder / "result.local.json").read_text())
        assert local["type"] == "LocalFeatureCollection"
        assert "no place on Earth" in local["coordinates"]
        return
    collection = json.loads((folder / "result.geojson").read_text())
    assert collection["type"] == "FeatureCollection"
    assert "crs" not in collection
    for feature in collection["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid
        lon_deg, lat_deg = shapely.get_coordinates(shape).T
        assert np.abs(lon_deg - fakes.ORIGIN.lon_deg).max() < 0.01
        assert np.abs(lat_deg - fakes.ORIGIN.lat_deg).max() < 0.01
        for polygon in getattr(shape, "geoms", [shape]):
            if polygon.geom_type == "Polygon":
                assert polygon.exterior.is_ccw


def test_geojson_regions_have_the_local_regions_area(written):
    report, folder = written
    placed = report.survey.frame.is_placed
    features = json.loads((folder / "result.geojson").read_text())["features"] if placed else []
    regions = [f for f in features if f["properties"]["layer"] == "regions"]
    assert len(regions) == 2 * len(report.sources) * placed
    geod = pyproj.Geod(ellps="WGS84")
    for feature in regions:
        area_m2, _ = geod.geometry_area_perimeter(shapely.geometry.shape(feature["geometry"]))
        assert area_m2 == pytest.approx(feature["properties"]["area_m2"], rel=1e-4)


@given(st.floats(0.01, 1e5))
def test_a_centre_is_rounded_to_a_step_finer_than_its_region_but_not_much(radius_m):
    step = rounding_step_m(radius_m)
    assert radius_m / 20 < step * (1 + 1e-9)
    assert step <= radius_m / 2 * (1 + 1e-9)
    assert math.log10(step) == pytest.approx(round(math.log10(step)))


def test_no_file_gives_a_centre_finer_than_its_region(written):
    report, folder = written
    for source, entry in zip(report.sources, locate_document(report)["sources"], strict=True):
        step = rounding_step_m(enclosing_radius_m(source))
        centre = entry["region_centre"]
        for axis in ("x_m", "y_m"):
            assert centre[axis] / step == pytest.approx(round(centre[axis] / step), abs=1e-6)
        if report.survey.frame.is_placed:
            decimals = max(-Decimal(str(centre[key])).as_tuple().exponent for key in ("lon_deg", "lat_deg"))
            assert 10.0**-decimals * 111_320 > step / 4
        inside = shapely.Point(centre["x_m"], centre["y_m"]).distance(source.region_90.shape)
        assert inside <= step
    if report.sources:
        _, _, geometry, fields = pyogrio.raw.read(folder / "result.gpkg", layer="sources")
        assert len(geometry) == len(report.sources)
        assert all(radius > 0 for radius in fields[2])


def test_detectability_polygons_hold_exactly_the_cells_that_were_seen():
    report = fakes.fake_report()
    layer = next(layer for layer in layers_of(report) if layer.name == "detectability")
    dataset = report.detectability
    x_m, y_m = np.meshgrid(dataset["x"], dataset["y"])
    for shape, rate_g_s in zip(layer.geometry, layer.fields["rate_g_s"], strict=True):
        seen = 1e3 * dataset["minimum_detectable_rate"].to_numpy()[0] <= rate_g_s
        assert (shapely.contains_xy(shape, x_m, y_m) == seen).all()


def test_infinite_limits_and_unknown_values_become_null():
    report = fakes.fake_report(sources=0)
    document = locate_document(report)
    assert document["minimum_detectable_rate"][0]["visible_share"] < 1
    assert document["sources"] == []


def test_what_the_survey_remarked_is_not_said_twice():
    report = fakes.fake_report()
    report = replace(report, warnings=(*report.survey.remarks, *report.warnings))
    document = locate_document(report)
    assert document["warnings"] == ["the wind turned by 20° during the flight"]
    assert document["remarks"] == [fakes.NO_SOURCE_REMARK]
