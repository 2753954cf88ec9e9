"""A scene is searched only under an authority that allows it, and the audit log says so."""

import json
import os
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import pytest

from casework import AUTHORITY, START, area, authority, make_world, scene
from plumeline.access import HiddenError
from plumeline.access.authority import Mode, ResidentialRule, Senses, Sensor
from plumeline.access.keys import save_keys
from plumeline.chem.spectra import CrossSection, Grade, Library, write_library
from plumeline.cli.main import main
from plumeline.errors import AccessError, OutputError, RefusedError, StoreError
from plumeline.instruments.cubes import write_envi
from plumeline.provenance import sha256_of_file
from plumeline.radiometry import planck_w_m2_sr_cm1
from plumeline.workflows.authorities import issue_authority
from plumeline.workflows.image_access import Permit, drop_frames, permitted
from plumeline.workflows.image_setup import ImageRequest

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


@pytest.fixture
def search(world, tmp_path, monkeypatch):
    """Search a warm scene by command line under the world's authority, in force until long after this test."""
    rng = np.random.default_rng(2)
    centre = np.linspace(800.0, 1200.0, 12)
    kelvin = 303.0 + 0.3 * np.cumsum(rng.standard_normal((80, 10)), axis=0)
    radiance = planck_w_m2_sr_cm1(centre, kelvin[..., None]) * (1 + 1e-3 * rng.standard_normal((80, 10, 12)))
    place = area().centroid
    fields = {
        "wavelength": ",".join(f"{c:.3f}" for c in centre),
        "wavelength units": "Wavenumber",
        "data units": "W m-2 sr-1 (cm-1)-1",
        "map info": f"Geographic Lat/Lon, 1, 1, {place.x}, {place.y}, 0.00001, 0.00001, WGS-84",
    }
    path = tmp_path / "thermal.bip"
    write_envi(path, radiance.astype("f4"), fields)
    grid = np.arange(700.0, 1300.0)
    acetone = CrossSection(
        gas="acetone",
        wavenumber_cm1=grid,
        cross_section_m2=4e-23 * np.exp(-0.5 * ((grid - 950.0) / 40.0) ** 2),
        temperature_k=296.0,
        pressure_pa=101325.0,
        resolution_cm1=0.5,
        grade=Grade.ABSOLUTE,
        relative_uncertainty=0.03,
        source="made up",
    )
    write_library(tmp_path / "spectra.h5", Library(cross_sections=(acetone,)))
    save_keys(world.keys["A-ANAL01"], tmp_path / "analyst.key", "")
    monkeypatch.setenv("PLUMELINE_PASSPHRASE", "")

    def run(*words, sensor="lwir"):
        arguments = ["image", path, "-l", tmp_path / "spectra.h5", "-o", tmp_path / "out"]
        arguments += ["--plume-temperature", "20", "--authority", AUTHORITY, "--sensor", sensor]
        arguments += ["--store", tmp_path / "store", "--key", tmp_path / "analyst.key", *words]
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in arguments])
        return left.value.code

    return path, run


LONG = {"end": START + timedelta(days=3650), "expiry": START + timedelta(days=36500)}


@pytest.mark.parametrize("words", [(), ("--stream",)], ids=["whole", "stream"])
def test_over_homes_thermal_frames_are_deleted_once_the_products_stand_and_their_hash_stays(
    world, search, tmp_path, capsys, words
):
    path, run = search
    digest = sha256_of_file(path)
    allowing(world, version=3, residential=ResidentialRule.NO_THERMAL_IMAGE, homes=area(500.0), **LONG)
    assert run(*words) == 0, capsys.readouterr().err
    assert not path.exists()
    assert path.with_name("thermal.bip.hdr").exists()
    assert (
        f"thermal frames deleted, as authority {AUTHORITY} wants; SHA-256 {digest}" in capsys.readouterr().out
    )
    said = json.loads((tmp_path / "out" / ("stream.json" if words else "image.json")).read_text())
    assert said["provenance"]["inputs"]["thermal.bip"] == digest
    assert said["provenance"]["configuration"]["thermal_frames"] == "dropped after retrieval"
    entered = [one for one in occasions(world) if one == "scene-searched" or one.startswith("thermal-frames")]
    assert entered == ["scene-searched", "thermal-frames-to-be-dropped", "thermal-frames-dropped"]


def test_an_authority_without_restriction_lets_the_frames_stay(world, search, capsys):
    path, run = search
    allowing(world, version=3, **LONG)
    assert run() == 0, capsys.readouterr().err
    assert path.exists()
    assert "thermal-frames-dropped" not in occasions(world)


def test_a_refused_search_deletes_nothing(world, search, tmp_path, capsys):
    path, run = search
    allowing(world, version=3, residential=ResidentialRule.NO_THERMAL_IMAGE, homes=area(500.0), **LONG)
    assert run(sensor="pid") == 5
    assert run("-g", "unobtainium") == 3
    (tmp_path / "out").mkdir()
    assert run() == 6
    # The last -o counts: the search ends well and its products cannot be written.
    (tmp_path / "file").write_text("")
    assert run("-o", tmp_path / "file" / "out") == 6
    assert path.exists()
    assert "thermal-frames-dropped" not in occasions(world)
    capsys.readouterr()


def test_frames_are_not_deleted_for_a_result_that_does_not_name_them(world, search, tmp_path):
    path, _ = search
    request = ImageRequest(scene=path, library=tmp_path / "spectra.h5", drop_frames=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "image.json").write_text("{}")
    with pytest.raises(RefusedError, match="does not name this recording's hash"):
        drop_frames(world.desk("A-ANAL01"), request, PERMIT, result=tmp_path / "out")
    assert path.exists()


@pytest.fixture
def dropping(world, search, tmp_path):
    """A recording over homes whose result stands, and what drops it for a desk."""
    path, _ = search
    allowing(world, version=3, residential=ResidentialRule.NO_THERMAL_IMAGE, homes=area(500.0), **LONG)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "image.json").write_text(sha256_of_file(path))
    request = ImageRequest(scene=path, library=tmp_path / "spectra.h5", drop_frames=True)
    return path, lambda desk: drop_frames(desk, request, PERMIT, result=tmp_path / "out")


class Interrupted:
    """A desk to whose sessions something happens: before a session of some number is opened."""

    def __init__(self, desk, before):
        self._desk, self._before, self._count = desk, before, 0

    def __getattr__(self, name):
        return getattr(self._desk, name)

    def session(self):
        self._count += 1
        self._before.get(self._count, lambda: None)()
        return self._desk.session()


def fail():
    raise StoreError("the disk is full")


def test_no_recording_is_deleted_before_the_intent_is_in_the_log(world, dropping):
    path, drop = dropping

    class Full(Interrupted):
        @contextmanager
        def session(self):
            with self._desk.session() as session:
                yield session
                fail()

    with pytest.raises(StoreError, match="full"):
        drop(Full(world.desk("A-ANAL01"), {}))
    assert path.exists()
    assert not [one for one in occasions(world) if one.startswith("thermal-frames")]


def test_a_deletion_whose_outcome_cannot_be_entered_has_its_intent_in_the_log_and_is_told(world, dropping):
    path, drop = dropping
    digest = sha256_of_file(path)
    with pytest.raises(StoreError, match="was deleted") as told:
        drop(Interrupted(world.desk("A-ANAL01"), {2: fail}))
    assert digest in str(told.value.remedy)
    assert not path.exists()
    assert occasions(world)[-1] == "thermal-frames-to-be-dropped"


def test_a_recording_that_cannot_be_deleted_is_entered_as_kept(world, dropping):
    path, drop = dropping
    root = os.geteuid() == 0

    def dropping_rights():
        return os.seteuid(65534) if root else path.parent.chmod(0o500)

    class Powerless(Interrupted):
        @contextmanager
        def session(self):
            if root:
                os.seteuid(0)
            with self._desk.session() as session:
                yield session
            dropping_rights()

    try:
        with pytest.raises(OutputError, match="cannot be deleted"):
            drop(Powerless(world.desk("A-ANAL01"), {}))
    finally:
        os.seteuid(0) if root else path.parent.chmod(0o700)
    assert path.exists()
    assert occasions(world)[-2:] == ["thermal-frames-to-be-dropped", "thermal-frames-kept"]


def test_a_recording_that_another_process_replaces_meanwhile_is_kept(world, dropping):
    path, drop = dropping
    recorded = path.read_bytes()

    class Replacing(Interrupted):
        @contextmanager
        def session(self):
            with self._desk.session() as session:
                yield session
            path.write_bytes(recorded[:-1] + b"x")

    with pytest.raises(RefusedError, match="changed"):
        drop(Replacing(world.desk("A-ANAL01"), {}))
    assert path.exists()
    assert occasions(world)[-1] == "thermal-frames-kept"


@pytest.mark.parametrize("link", ["symbolic", "hard"])
def test_a_recording_that_would_stay_under_another_name_is_refused_before_the_search(
    world, search, tmp_path, capsys, link
):
    path, run = search
    other = tmp_path / "elsewhere.bip"
    if link == "hard":
        other.hardlink_to(path)
    else:
        path.rename(other)
        path.symlink_to(other)
    allowing(world, version=3, residential=ResidentialRule.NO_THERMAL_IMAGE, homes=area(500.0), **LONG)
    assert run() == 4
    assert "take its other links away" in capsys.readouterr().err
    assert other.exists()
    assert path.exists()
    assert not (tmp_path / "out").exists()
    assert "scene-searched" not in occasions(world)


def test_a_recording_in_the_folder_that_its_result_would_replace_is_refused(world, search, tmp_path, capsys):
    path, run = search
    allowing(world, version=3, residential=ResidentialRule.NO_THERMAL_IMAGE, homes=area(500.0), **LONG)
    assert run("-o", tmp_path, "--force") == 4
    assert "lies in the output folder" in capsys.readouterr().err
    assert path.exists()
