import gzip

import pytest

from plumeline.cli.main import main
from plumeline.errors import ReadError
from plumeline.facilities import read_footprints, read_register
from plumeline.frames import LocalFrame, lonlat


def run(*words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return left.value.code


def test_a_broken_result_folder_is_one_clear_line(tmp_path, capsys):
    broken = tmp_path / "flight.plumeline"
    broken.mkdir()
    (broken / "result.json").write_text("{}")
    assert run("assess", broken, "-o", tmp_path / "out") == 3
    said = capsys.readouterr().err
    assert "is no whole result folder" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_wrong_words_are_usage_errors(tmp_path, capsys):
    folder = tmp_path / "flight.plumeline"
    folder.mkdir()
    assert run("assess", folder, "-o", tmp_path / "out", "--wind", "west") == 2
    assert "write it as 268,3.2" in capsys.readouterr().err
    assert run("assess", "-o", tmp_path / "out") == 2
    pack = tmp_path / "x.pack"
    pack.write_text("plain")
    assert run("assess", folder, "-o", tmp_path / "out", "--pack", pack) == 2


@pytest.mark.parametrize(
    "name",
    [
        "a.csv",
        "a.csv.gz",
        "a.geojsonl",
        "a.geojsonl.gz",
        "a.parquet",
        "a.gpkg",
        "a.fgb",
        "a.osm.pbf",
        "a.geojson",
    ],
)
def test_a_footprint_file_that_is_not_what_its_name_says_is_a_read_error(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(bytes(range(255, 0, -1)) * 3)
    with pytest.raises(ReadError):
        read_footprints(path, LocalFrame(origin=lonlat(4.87, 52.33)))


def test_a_cut_archive_and_a_register_that_is_no_text_are_read_errors(tmp_path):
    cut = tmp_path / "town.csv.gz"
    whole = gzip.compress(b"geometry\n" + b'"POLYGON((4 52,4.1 52,4.1 52.1,4 52))"\n' * 2000)
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReadError, match="cannot be read"):
        read_footprints(cut, LocalFrame(origin=lonlat(4.87, 52.33)))
    register = tmp_path / "register.csv"
    register.write_bytes(b"category,lon,lat\n\xff\xfe\x00,4,52\n")
    with pytest.raises(ReadError):
        read_register(register, LocalFrame(origin=lonlat(4.87, 52.33)))
