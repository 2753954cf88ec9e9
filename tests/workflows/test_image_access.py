"""A scene is searched only under an authority that allows it, and the audit log says so."""

import json
from datetime import timedelta

import numpy as np
import pytest
from tests.casework import AUTHORITY, START, area, authority, make_world

from plumeline.access.authority import Mode, ResidentialRule, Senses, Sensor
from plumeline.errors import AccessError
from plumeline.instruments.cubes import write_envi
from plumeline.workflows.authorities import issue_authority
from plumeline.workflows.image_access import Permit, permitted
from plumeline.workflows.image_setup import ImageRequest

IMAGER = Sensor(label="lwir", senses=Senses.THERMAL_IMAGE)
PERMIT = Permit(authority=AUTHORITY, sensor="lwir")


def scene(folder, *, place="inside"):
    """A small cube with a map at the middle of the authority's area, or far from it."""
    corner = area().centroid
    east = corner.x + (0.0 if place == "inside" else 5.0)
    fields = {
        "wavelength": ",".join(str(w) for w in range(800, 812)),
        "wavelength units": "Wavenumber",
    }
    if place != "nowhere":
        fields["map info"] = f"Geographic Lat/Lon, 1, 1, {east}, {corner.y}, 0.00001, 0.00001, WGS-84"
    path = folder / "scene.bip"
    write_envi(path, np.ones((4, 5, 12), np.float32), fields)
    return ImageRequest(scene=path, library=folder / "none.h5")


@pytest.fixture
def world(tmp_path):
    (tmp_path / "store").mkdir()
    made = make_world(str(tmp_path / "store"))
    allowing(made, version=2)
    return made


def allowing(world, **changes):
    issue_authority(
        world.desk("A-CUST01"), authority(**({"sensors": (IMAGER,), "mode": Mode.PERMITTED_INSIDE} | changes))
    )


def occasions(world):
    with world.desk("A-CUST01").session() as session:
        return [json.loads(row[0])["occasion"] for row in session.audit_rows()]


def test_a_search_is_entered_in_the_audit_log(world, tmp_path):
    request = permitted(world.desk("A-ANAL01"), scene(tmp_path), PERMIT)
    assert not request.residential
    assert occasions(world)[-1] == "scene-searched"


def test_what_the_authority_does_not_allow_is_refused_and_not_logged_as_done(world, tmp_path):
    desk = world.desk("A-ANAL01")
    with pytest.raises(AccessError, match="does not allow the imager 'pid'"):
        permitted(desk, scene(tmp_path), Permit(authority=AUTHORITY, sensor="pid"))
    with pytest.raises(AccessError, match="outside the area"):
        permitted(desk, scene(tmp_path, place="far"), PERMIT)
    with pytest.raises(AccessError, match="no such record"):
        permitted(desk, scene(tmp_path), Permit(authority="AU-NONE01", sensor="lwir"))
    assert "scene-searched" not in occasions(world)


def test_an_expired_authority_is_refused(world, tmp_path):
    allowing(world, version=3, end=START + timedelta(hours=1), expiry=START + timedelta(hours=2))
    world.clock.now = START + timedelta(days=3)
    with pytest.raises(AccessError, match="expired"):
        permitted(world.desk("A-ANAL01"), scene(tmp_path), PERMIT)


@pytest.mark.parametrize("place", ["inside", "nowhere"])
def test_homes_in_view_or_a_scene_without_a_map_keep_columns_inside_plumes(world, tmp_path, place):
    allowing(world, version=3, residential=ResidentialRule.NO_THERMAL_IMAGE, homes=area(500.0))
    assert permitted(world.desk("A-ANAL01"), scene(tmp_path, place=place), PERMIT).residential
