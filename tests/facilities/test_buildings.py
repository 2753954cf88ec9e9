import csv
import gzip
import json
import math

import numpy as np
import osmium
import pyarrow as pa
import pyogrio
import pytest
import shapely
from pyarrow import parquet
from pyproj import Transformer

from plumeline.errors import InputError, ReadError, UnknownFormatError
from plumeline.facilities.buildings import VentModel, _vent_density, rank_buildings, shared_walls
from plumeline.facilities.footprints import Building, Footprints, read_footprints, unknown_footprints
from plumeline.frames import LocalFrame, lonlat

FRAME = LocalFrame(origin=lonlat(4.9, 52.3))
SQUARES = {"a": (0, 0, 10, 10), "b": (10, 0, 22, 10), "c": (40, -5, 52, 8), "far": (5000, 5000, 5010, 5010)}


def lonlat_shape(box):
    corners = np.array(shapely.get_coordinates(shapely.box(*box)))
    return shapely.polygons(np.column_stack(FRAME.to_lonlat(corners[:, 0], corners[:, 1])))


def town(boxes):
    return Footprints(
        buildings=tuple(Building(key=key, shape=shapely.box(*box)) for key, box in boxes.items()),
        is_known=True,
        source="made up",
    )


def write_google(path):
    with gzip.open(path, "wt", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["latitude", "longitude", "area_in_meters", "confidence", "geometry", "full_plus_code"])
        for key, box in SQUARES.items():
            rows.writerow([0, 0, 1, 0.9, lonlat_shape(box).wkt, key])


def write_microsoft(path):
    lines = [
        json.dumps({"type": "Feature", "id": key, "properties": {}, "geometry": json.loads(shapely.to_geojson(lonlat_shape(box)))})
        for key, box in SQUARES.items()
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")


def write_gdal(path, crs="EPSG:4326"):
    shapes = [lonlat_shape(box) for box in SQUARES.values()]
    if crs == "EPSG:32631":
        move = Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
        shapes = [
            shapely.transform(s, lambda p: np.column_stack(move.transform(p[:, 0], p[:, 1]))) for s in shapes
        ]
    pyogrio.raw.write(path, shapely.to_wkb(np.array(shapes)), [], fields=[], geometry_type="Polygon", crs=crs)


def write_parquet(path):
    shapes = [lonlat_shape(box) for box in SQUARES.values()]
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Polygon"]}}}  # fmt: skip
    table = pa.table({"geometry": [shapely.to_wkb(shape) for shape in shapes]})
    parquet.write_table(table.replace_schema_metadata({b"geo": json.dumps(geo).encode()}), path)


def write_osm(path):
    with osmium.SimpleWriter(str(path)) as writer:
        node = 0
        ways = []
        for box in SQUARES.values():
            corners = shapely.get_coordinates(lonlat_shape(box))[:4]
            first = node + 1
            for lon, lat in corners:
                node += 1
                writer.add_node(osmium.osm.mutable.Node(id=node, location=(lon, lat), version=1))
            ways.append([*range(first, node + 1), first])
        for index, refs in enumerate(ways, start=1):
            writer.add_way(osmium.osm.mutable.Way(id=index, nodes=refs, tags={"building": "yes"}, version=1))


WRITERS = {
    "google.csv.gz": write_google,
    "microsoft.geojsonl": write_microsoft,
    "town.gpkg": write_gdal,
    "town.fgb": write_gdal,
    "town.parquet": write_parquet,
    "town.osm.pbf": write_osm,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_three_buildings(name, tmp_path):
    WRITERS[name](tmp_path / name)
    found = read_footprints(tmp_path / name, FRAME)
    assert found.is_known
    areas = sorted(building.shape.area for building in found.buildings)
    assert areas == pytest.approx([100, 120, 156], rel=1e-3)


def test_a_projected_file_is_moved_to_the_right_place(tmp_path):
    write_gdal(tmp_path / "utm.gpkg", crs="EPSG:32631")
    found = read_footprints(tmp_path / "utm.gpkg", FRAME)
    assert found.buildings[0].shape.centroid.distance(shapely.Point(5, 5)) < 0.05


def test_a_wrong_coordinate_system_is_an_error_and_not_an_empty_town(tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_text(
        'geometry\n"POLYGON ((628000 5790000, 628010 5790000, 628010 5790010, 628000 5790000))"\n'
    )
    with pytest.raises(InputError, match="no longitude and latitude"):
        read_footprints(path, FRAME)
    swapped = tmp_path / "swapped.csv"
    swapped.write_text('geometry\n"POLYGON ((52.3 4.9, 52.3001 4.9, 52.3001 4.9001, 52.3 4.9))"\n')
    with pytest.raises(InputError, match="order of longitude"):
        read_footprints(swapped, FRAME)


def test_a_file_without_a_coordinate_system_is_refused(tmp_path):
    shapes = shapely.to_wkb(np.array([shapely.box(0, 0, 1, 1)]))
    with pytest.warns(UserWarning, match="crs"):
        pyogrio.raw.write(tmp_path / "bare.fgb", shapes, [], fields=[], geometry_type="Polygon", crs=None)
    with pytest.raises(InputError, match="coordinate system"):
        read_footprints(tmp_path / "bare.fgb", FRAME)


def test_broken_files_say_where(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("geometry\nPOLYGON ((oops\n")
    with pytest.raises(ReadError, match="line 2"):
        read_footprints(bad, FRAME)
    lines = tmp_path / "bad.geojsonl"
    lines.write_text("{not json\n")
    with pytest.raises(ReadError, match="line 1"):
        read_footprints(lines, FRAME)
    with pytest.raises(UnknownFormatError):
        read_footprints(bad.rename(tmp_path / "bad.xls"), FRAME)
    with pytest.raises(InputError, match="no such file"):
        read_footprints(tmp_path / "none.gpkg", FRAME)


def test_invalid_double_and_flat_shapes_are_handled_and_said(tmp_path):
    bow = shapely.Polygon([(0, 0), (20, 20), (20, 0), (0, 20)])
    shapes = [shapely.box(40, 0, 50, 10), shapely.box(40, 0, 50.2, 10), bow, shapely.box(80, 0, 80.5, 1)]
    path = tmp_path / "messy.geojsonl"
    with path.open("w") as stream:
        for shape in shapes:
            points = shapely.get_coordinates(shape)
            lon, lat = FRAME.to_lonlat(points[:, 0], points[:, 1])
            stream.write(shapely.to_geojson(shapely.polygons(np.column_stack([lon, lat]))) + "\n")
    found = read_footprints(path, FRAME)
    assert len(found.buildings) == 2
    assert all(shapely.is_valid(building.shape) for building in found.buildings)
    words = " ".join(found.remarks)
    for part in ("invalid", "twice", "without an area"):
        assert part in words


def test_no_footprints_is_unknown_and_not_none_of_these(tmp_path):
    ranking = rank_buildings([0.0], [0.0], unknown_footprints("no file was given"))
    assert not ranking.is_known
    assert not ranking.candidates
    assert "no file was given" in ranking.remarks[0]
    write_google(tmp_path / "google.csv.gz")
    away = read_footprints(tmp_path / "google.csv.gz", FRAME, x_m=20_000.0)
    assert not away.is_known


def test_probabilities_add_up_to_one_and_the_building_under_the_draws_leads():
    rng = np.random.default_rng(3)
    ranking = rank_buildings(rng.normal(46, 4, 800), rng.normal(2, 4, 800), town(SQUARES))
    total = sum(one.probability for one in ranking.candidates) + ranking.rest + ranking.none
    assert total == pytest.approx(1)
    assert ranking.candidates[0].building.key == "c"
    assert ranking.candidates[0].probability > 0.8


def test_a_source_in_an_empty_field_is_none_of_these():
    rng = np.random.default_rng(4)
    ranking = rank_buildings(rng.normal(-40, 3, 500), rng.normal(60, 3, 500), town(SQUARES))
    assert ranking.none > 0.95


def test_shared_walls_and_what_stands_apart():
    built = town(SQUARES)
    assert shared_walls(built.buildings[0], built) == ("b",)
    assert shared_walls(built.buildings[2], built) == ()


@pytest.mark.parametrize("at_wall", [0.0, 0.5, 1.0])
def test_vent_density_integrates_to_one(at_wall):
    step = 0.5
    x, y = np.meshgrid(np.arange(-40, 60, step), np.arange(-40, 60, step))
    density = _vent_density(x.ravel(), y.ravel(), shapely.box(0, 0, 14, 9), VentModel(at_wall=at_wall))
    assert density.sum() * step**2 == pytest.approx(1, abs=0.12)


def test_the_ranking_is_calibrated_in_a_town_it_was_not_made_for():
    # Vents stand just outside walls, footprints are shifted, posteriors are normal around a wrong centre.
    rng = np.random.default_rng(11)
    boxes = {
        f"{i}-{j}": (i * 16.0, j * 18.0, i * 16.0 + 12, j * 18.0 + 10) for i in range(9) for j in range(9)
    }
    built = town(boxes)
    keys = list(boxes)
    stated, happened, in_three = [], [], []
    for _ in range(100):
        key = str(rng.choice(keys))
        west, south, east, north = boxes[key]
        inside = rng.random() > 0.15
        if inside:
            along = shapely.box(west, south, east, north).exterior.interpolate(rng.random(), normalized=True)
            true = np.array([along.x, along.y]) + rng.normal(0, 0.7, 2) + rng.normal(0, 2, 2)
        else:
            true = rng.uniform(-5, 150, 2)
        sigma = rng.uniform(4, 9)
        centre = true + rng.normal(0, sigma, 2)
        draws = centre + rng.normal(0, sigma, (300, 2))
        ranking = rank_buildings(draws[:, 0], draws[:, 1], built)
        stated.append(ranking.none)
        happened.append(not inside)
        if inside:
            in_three.append(key in [one.building.key for one in ranking.candidates[:3]])
    assert abs(np.mean(stated) - np.mean(happened)) < 0.1
    assert np.mean(in_three) > 0.7


def test_draws_that_are_not_finite_are_refused():
    with pytest.raises(InputError):
        rank_buildings([math.nan], [0.0], town(SQUARES))
    with pytest.raises(InputError):
        VentModel(open_air=1.5)
