"""A scene is searched only under an authority that allows it, and the audit log says so."""

import json
from datetime import timedelta

import pytest

from casework import AUTHORITY, START, area, authority, make_world, scene
from plumeline.access import HiddenError
from plumeline.access.authority import Mode, ResidentialRule, Senses, Sensor
from plumeline.errors import AccessError
from plumeline.workflows.authorities import issue_authority
from plumeline.workflows.image_access import Permit, permitted

IMAGER = Sensor(label="lwir", senses=Senses.THERMAL_IMAGE)
PERMIT = Permit(authority=AUTHORITY, sensor="lwir")


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


def test_who_may_not_see_the_authority_is_not_told_that_it_exists(world, tmp_path):
    # A partner of another house; the authority is in force, names no such imager, or has expired: never a word of it.
    asked = scene(tmp_path)
    partner = world.desk("A-PART01")
    told = set()
    for identifier, sensor in ((AUTHORITY, "lwir"), (AUTHORITY, "pid"), ("W-NONE01", "lwir")):
        with pytest.raises(HiddenError) as refused:
            permitted(partner, asked, Permit(authority=identifier, sensor=sensor))
        told.add((str(refused.value), refused.value.exit_code))
    allowing(world, version=3, end=START + timedelta(hours=1), expiry=START + timedelta(hours=2))
    world.clock.now = START + timedelta(days=3)
    with pytest.raises(HiddenError) as refused:
        permitted(world.desk("A-PART01"), asked, PERMIT)
    told.add((str(refused.value), refused.value.exit_code))
    assert len(told) == 1
    assert AUTHORITY not in told.pop()[0]
    assert "scene-searched" not in occasions(world)
