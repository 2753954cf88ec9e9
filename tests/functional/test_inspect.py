import json

import pytest

from plumeline.cli.braille import scatter
from plumeline.cli.main import main

FLIGHT = (
    "Elapsed,Date,Time,Pitch,Roll,Yaw,Latitude,Longitude,Altitude,Velocity,GAS:Methane\n"
    "0,2023/12/07,10:55:42.000,0.2,4.9,-56.5,56.8628,24.1116,20.0,0.02,57\n"
    "1,2023/12/07,10:55:43.000,0.2,4.9,-56.5,56.8629,24.1117,20.1,0.02,84\n"
    "2,2023/12/07,10:55:44.000,0.2,4.9,-56.5,56.8630,24.1118,20.2,0.02,60\n"
)


def call(*words):
    with pytest.raises(SystemExit) as left:
        main(["inspect", *map(str, words)])
    return left.value.code


@pytest.fixture
def flight(tmp_path):
    path = tmp_path / "flight.csv"
    path.write_text(FLIGHT)
    return path


def test_inspect_says_what_a_file_is_and_what_it_lacks(flight, capsys):
    assert call(flight) == 0
    text = capsys.readouterr().out
    for part in ("UgCS/SkyHub", "skyhub_l0_csv", "CH4", "ppm m", "no wind", "2023-12-07T10:55:42Z", "map"):
        assert part in text
    assert any(0x2800 < ord(character) < 0x2900 for character in text)


def test_inspect_prints_one_json_document(flight, capsys):
    assert call(flight, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["version"] == 1
    assert document["format"] == "skyhub_l0_csv"
    assert {table["kind"]: table["records"] for table in document["tables"]} == {"track": 3, "readings": 3}
    assert document["missing"][0]["essential"] is True
    assert {"what", "consequence", "lines", "count"} == set(document["remarks"][0])


@pytest.mark.parametrize("suffix", ["png", "html"])
def test_inspect_draws_a_picture_that_is_the_same_every_time(flight, tmp_path, suffix):
    first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    assert call(flight, "--plot", first) == 0
    assert call(flight, "--plot", second) == 0
    assert first.read_bytes() == second.read_bytes()
    if suffix == "html":
        text = first.read_text()
        assert "<svg" in text
        assert "no wind" in text
        assert "src=" not in text
        assert "<script" not in text
    else:
        assert first.read_bytes()[:4] == b"\x89PNG"


def test_inspect_refuses_to_draw_into_another_kind_of_file(flight, tmp_path, capsys):
    assert call(flight, "--plot", tmp_path / "a.pdf") == 2
    assert ".png or .html" in capsys.readouterr().err


def test_an_unknown_table_gets_a_first_mapping(tmp_path, capsys):
    path = tmp_path / "mine.csv"
    path.write_text("when;time;lat;lon;ch4 ppm\n1;2026-05-01T10:00:00Z;52;4;2\n")
    assert call(path) == 3
    assert 'species = "CH4"' in capsys.readouterr().out
    assert call(path, "--draft") == 0
    draft = tmp_path / "mine.toml"
    draft.write_text(capsys.readouterr().out)
    assert call(path, "--mapping", draft) == 0


def test_a_folder_of_mixed_files_is_listed_and_none_stops_the_others(flight, tmp_path, capsys):
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "photo.jpg").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "notes.txt").write_text("flew twice\n")
    assert call(tmp_path) == 0
    text = capsys.readouterr().out
    assert "1 of 4 files can be read" in text
    assert "the file is empty" in text
    assert call(tmp_path, "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["files"]) == 4
    flight.unlink()
    assert call(tmp_path) == 3


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 500, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, b"hello"]
)
def test_what_is_no_recording_is_a_clear_error(tmp_path, capsys, content):
    path = tmp_path / "thing.dat"
    path.write_bytes(content)
    assert call(path) == 3
    said = capsys.readouterr().err
    assert "thing.dat" in said
    assert "→" in said
    assert "Traceback" not in said


def test_a_file_that_is_not_there(tmp_path, capsys):
    assert call(tmp_path / "nowhere.csv") == 3
    assert "cannot be read" in capsys.readouterr().err


def test_braille_draws_a_diagonal_and_keeps_the_aspect():
    lines = scatter([0, 1, 2, 3], [0, 1, 2, 3], width=2, height=1)
    assert lines == ["⡠⠊"]
    square = scatter([0, 10], [0, 1], width=10, height=5, equal=True)
    assert [line.strip("⠀") for line in square[:4]] == [""] * 4
    assert scatter([float("nan")], [1.0], width=1, height=1) == ["⠀"]


def test_a_folder_with_a_survey_file_uses_its_mappings(tmp_path, capsys):
    (tmp_path / "mine.csv").write_text("t,v\n2026-05-01T10:00:00Z,2\n")
    (tmp_path / "mine.toml").write_text(
        '[time]\ncolumn = "t"\n[[value]]\ncolumn = "v"\nspecies = "CH4"\nunit = "ppm"\n'
    )
    (tmp_path / "survey.toml").write_text('[[file]]\npath = "mine.csv"\nmapping = "mine.toml"\n')
    assert call(tmp_path) == 0
    assert "1 of 1 files can be read" in capsys.readouterr().out
