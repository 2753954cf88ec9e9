import math

import numpy as np
import osmium
import pytest
import rasterio
import shapely
from rasterio.warp import Resampling, reproject

from plumeline.errors import InputError, ReadError
from plumeline.facilities.neighbours import count_people, downwind_sector, find_receptors, survey_neighbours
from plumeline.facilities.register import Register, RegisteredPlace, read_register, search_register
from plumeline.frames import LocalFrame, lonlat

FRAME = LocalFrame(origin=lonlat(4.9, 52.3))
REGION = shapely.Point(0, 0).buffer(25)
CELL_DEG = 0.001


@pytest.fixture
def population(tmp_path):
    def write(values, nodata=-99999.0, crs="EPSG:4326"):
        path = tmp_path / "town_2020_people.tif"
        values = np.asarray(values, "float32")
        rows, columns = values.shape
        place = rasterio.Affine(
            CELL_DEG, 0, 4.9 - columns / 2 * CELL_DEG, 0, -CELL_DEG, 52.3 + rows / 2 * CELL_DEG
        )
        with rasterio.open(
            path, "w", driver="GTiff", height=rows, width=columns, count=1, dtype="float32", crs=crs, transform=place, nodata=nodata
        ) as grid:  # fmt: skip
            grid.write(values, 1)
        return path

    return write


def cell_m2():
    lat = math.radians(52.3)
    return (CELL_DEG * 111_265) * (CELL_DEG * 111_320 * math.cos(lat))


def test_people_are_shared_out_by_area(population):
    found = count_people(
        population(np.full((40, 40), 50.0)), FRAME, shapely.Point(0, 0).buffer(300), area="disc"
    )
    expected = 50.0 * math.pi * 300**2 / cell_m2()
    assert found.people == pytest.approx(expected, rel=0.02)
    assert found.unknown_share == 0.0


def test_no_data_is_unknown_and_never_zero(population):
    values = np.full((40, 40), 50.0)
    values[:, :20] = -99999.0
    half = count_people(population(values), FRAME, shapely.Point(0, 0).buffer(300), area="disc")
    assert half.unknown_share == pytest.approx(0.5, abs=0.02)
    none = count_people(population(np.full((40, 40), -99999.0)), FRAME, REGION, area="disc")
    assert none.people is None
    assert none.unknown_share == 1.0


def test_a_grid_of_elsewhere_is_unknown(population):
    path = population(np.full((4, 4), 50.0))
    away = shapely.Point(90_000, 0).buffer(300)
    assert count_people(path, FRAME, away, area="away").people is None


def test_an_undeclared_no_data_value_is_refused(population):
    with pytest.raises(InputError, match="negative"):
        count_people(population(np.full((40, 40), -200.0), nodata=None), FRAME, REGION, area="disc")


def test_a_projected_grid_counts_the_same(tmp_path, population):
    source = population(np.full((60, 60), 50.0))
    with rasterio.open(source) as grid:
        place = rasterio.Affine(100, 0, 627_000, 0, -100, 5_798_500)
        target = np.full((60, 60), np.nan, "float32")
        reproject(grid.read(1), target, src_transform=grid.transform, src_crs=grid.crs, dst_transform=place, dst_crs="EPSG:32631", resampling=Resampling.nearest, dst_nodata=np.nan)  # fmt: skip
    path = tmp_path / "utm.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=60, width=60, count=1, dtype="float32", crs="EPSG:32631", transform=place, nodata=np.nan
    ) as grid:  # fmt: skip
        grid.write(target * (100 * 100 / cell_m2()), 1)
    disc = shapely.Point(0, 0).buffer(250)
    ours = count_people(path, FRAME, disc, area="disc").people
    assert ours == pytest.approx(count_people(source, FRAME, disc, area="disc").people, rel=0.03)


def test_broken_grids_are_refused(tmp_path):
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"not a grid")
    with pytest.raises(ReadError):
        count_people(broken, FRAME, REGION, area="disc")


def test_a_sector_lies_downwind():
    sector = downwind_sector(REGION, 90.0, 300.0)
    assert sector.contains(shapely.Point(250, 0))
    assert not sector.contains(shapely.Point(-100, 0))
    assert not sector.contains(shapely.Point(0, 250))


def write_osm(path, things):
    with osmium.SimpleWriter(str(path)) as writer:
        for index, (tags, x, y) in enumerate(things, start=1):
            lon, lat = (float(value) for value in FRAME.to_lonlat(x, y))
            writer.add_node(osmium.osm.mutable.Node(id=index, location=(lon, lat), tags=tags, version=1))
        first = len(things) + 1
        for index, x in enumerate((-200, 200)):
            lon, lat = (float(value) for value in FRAME.to_lonlat(x, 30))
            writer.add_node(osmium.osm.mutable.Node(id=first + index, location=(lon, lat), version=1))
        road = {"highway": "primary", "name": "A Street"}
        writer.add_way(osmium.osm.mutable.Way(id=1, nodes=[first, first + 1], tags=road, version=1))


@pytest.fixture
def osm_file(tmp_path):
    path = tmp_path / "town.osm.pbf"
    things = [
        ({"shop": "bakery", "name": "Somebody's Bakery"}, 10, 10),
        ({"amenity": "school", "name": "A School"}, 0, 200),
        ({"amenity": "clinic"}, 400, 0),
        ({"amenity": "school"}, 5000, 0),
        ({"shop": "dry_cleaning"}, 300, 300),
    ]
    write_osm(path, things)
    return path


def test_receptors_by_distance_and_bearing_without_names(osm_file):
    found = find_receptors(osm_file, FRAME, REGION)
    assert [(one.kind, round(one.distance_m), round(one.bearing_deg) % 360) for one in found] == [
        ("school", 175, 0),
        ("clinic", 375, 90),
    ]
    assert "School" not in repr(found)


def test_a_register_of_osm_finds_what_is_listed_there(osm_file):
    register = read_register(osm_file, FRAME)
    assert "Somebody" not in repr(register)
    found = search_register(register, REGION)
    assert "shop=bakery" in found.found
    assert "shop=dry_cleaning" not in found.found
    assert "highway=primary" in found.found
    assert 0 < found.chance["shop=bakery"] < 0.2


def test_a_csv_register_and_its_faults(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text("category,owner,x_m,y_m\nshop=bakery,Jane Doe,5,5\n")
    register = read_register(path, FRAME)
    assert register.places == (RegisteredPlace(category="shop=bakery", x_m=5, y_m=5),)
    path.write_text("category,x_m,y_m\nshop=bakery,five,5\n")
    with pytest.raises(ReadError, match="line 2"):
        read_register(path, FRAME)
    path.write_text("kind,x_m,y_m\n")
    with pytest.raises(ReadError, match="category"):
        read_register(path, FRAME)


def test_a_register_that_does_not_cover_the_place_is_unknown():
    far = Register(places=(RegisteredPlace(category="shop=bakery", x_m=9000, y_m=0),), source="far.csv")
    assert search_register(far, REGION) is None
    assert search_register(None, REGION) is None


def test_neighbours_state_vintage_and_source(population, osm_file):
    found = survey_neighbours(
        FRAME, REGION, toward_deg=90.0, osm=osm_file, population=population(np.full((60, 60), 50.0))
    )
    assert found.vintage == "2020"
    assert found.people[0].area == "inside the 90 % region"
    counts = [one.people for one in found.people]
    assert counts == sorted(counts)
    bare = survey_neighbours(FRAME, REGION, toward_deg=None)
    assert bare.receptors is None
    assert bare.people == ()
