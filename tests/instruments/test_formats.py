"""Every built-in format: its TOML, recognition, and a tiny file of each table format."""

import re
from pathlib import Path

import numpy as np
import pytest
from benchmarks.small_files import (
    CRAZYFLIE,
    RAVEN,
    SKYHUB_NEW,
    SKYHUB_OLD,
    SNIFFER_CHINESE,
    SNIFFER_ENGLISH,
    WIND,
    small_files,
)

from plumeline.errors import ReadError, UnknownFormatError
from plumeline.instruments import candidates, formats, identify, read
from plumeline.instruments.reading import HANDLERS

NAMES = {spec.name for spec in formats()}


@pytest.mark.parametrize("spec", formats(), ids=lambda spec: spec.name)
def test_a_format_is_named_documented_and_recognisable(spec):
    assert re.fullmatch(r"[a-z0-9]+_l0_[a-z]+", spec.name)
    assert spec.title
    assert spec.mapping.doc
    assert spec.mapping.handler in HANDLERS
    assert spec.mapping.signature or spec.mapping.handler == "table"


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "recording.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (SKYHUB_OLD, "skyhub_l0_csv"),
        (SKYHUB_NEW, "skyhub_l0_csv"),
        (RAVEN, "raven_l0_csv"),
        (CRAZYFLIE, "crazyflie_l0_csv"),
        (SNIFFER_CHINESE, "sniffer4d_l0_csv"),
        (SNIFFER_ENGLISH, "sniffer4d_l0_csv"),
        (WIND, "anemometer_l0_csv"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_tables_are_recognised_in_any_encoding(tmp_path, text, name, encoding):
    path = write(tmp_path, text, encoding)
    assert [spec.name for spec in candidates(path)] == [name]
    assert read(path).format_name == name


@pytest.mark.parametrize("name", sorted(small_files()))
def test_every_small_file_is_read_as_its_format(tmp_path, name):
    path = tmp_path / "recording"
    path.write_bytes(small_files()[name])
    assert read(path).format_name == name.split()[0]


def test_skyhub_methane_leaves_out_rows_without_news(tmp_path):
    recording = read(write(tmp_path, SKYHUB_OLD))
    readings, track = recording.tables["readings"], recording.tables["track"]
    assert readings["CH4"].to_numpy().tolist() == [57]
    assert readings["CH4"].attrs["units"] == "ppm m"
    assert readings["CH4"].attrs["meaning"] == "column"
    assert track["height"].to_numpy().tolist() == [20.4, 20.4]
    assert track["altitude"].attrs["reference"] == "take-off"
    assert track["heading"].to_numpy()[0] == pytest.approx(303.5)
    assert track["time"].to_numpy()[0] == np.datetime64("2023-12-07T10:55:42.989")
    assert any("no new gas value" in remark.what and remark.lines == (3,) for remark in recording.remarks)


def test_skyhub_anemometer_says_that_its_frame_is_unknown(tmp_path):
    recording = read(write(tmp_path, SKYHUB_NEW))
    wind = recording.tables["wind"]
    assert wind["speed"].to_numpy().tolist() == [0.3]
    assert (wind.attrs["frame"], wind.attrs["motion"], wind.attrs["mounting"]) == (
        "unknown",
        "included",
        "platform",
    )
    assert "readings" not in recording.tables
    assert any("nose" in remark.what for remark in recording.remarks)


def test_sniffer4d_chinese_and_english(tmp_path):
    chinese = read(write(tmp_path, SNIFFER_CHINESE, "gb18030"))
    readings = chinese.tables["readings"]
    assert {name: float(readings[name][0]) for name in ("VOC", "SO2", "CO")} == {
        "VOC": 0.2,
        "SO2": 11,
        "CO": 0.4,
    }
    assert readings["SO2"].attrs["units"] == "ug/m3"
    assert readings["line"].to_numpy().tolist() == [4]
    assert float(chinese.tables["meteorology"]["air_temperature"][0]) == pytest.approx(298.25)
    assert any("header alone" in remark.what for remark in chinese.remarks)
    english = read(write(tmp_path, SNIFFER_ENGLISH)).tables["readings"]
    assert english["SO2"].attrs["units"] == "ppm"


def test_a_mapping_beside_the_file_extends_a_format(tmp_path):
    path = write(tmp_path, RAVEN)
    (tmp_path / "recording.csv.toml").write_text('extends = "raven_l0_csv"\n[time]\ndate = "2022-06-01"\n')
    table = read(path).tables["readings"]
    assert table.attrs["time_reference"] == "utc"
    assert table["time"].to_numpy()[0] == np.datetime64("2022-06-01T18:17:33")


def test_a_table_with_gas_is_not_taken_for_a_mere_wind_table(tmp_path):
    with pytest.raises(UnknownFormatError):
        identify(write(tmp_path, WIND.replace("deg\n", "deg,CH4 (ppm)\n").replace("25.27", "25.27,2")))


def test_an_unknown_file_is_a_clear_error(tmp_path):
    with pytest.raises(UnknownFormatError, match=r"recording.csv.*mapping"):
        identify(write(tmp_path, "a,b\n1,2\n"))
    with pytest.raises(ReadError, match="is empty"):
        identify(write(tmp_path, ""))
    with pytest.raises(ReadError, match="is a folder"):
        read(tmp_path)


REAL = {
    "uav-skyhub/falcon1.csv": ("skyhub_l0_csv", {"track": 28, "readings": 25}),
    "uav-skyhub/wind-trajectory1.csv": ("skyhub_l0_csv", {"track": 7754, "wind": 7754}),
    "uav-pergam/2020-10-23-09-16-13-pergam-falcon.log": ("pergam_l0_log", {"track": 11, "readings": 11}),
    "uav-nano-mox/B_invers_2.csv": ("crazyflie_l0_csv", {"track": 875, "readings": 1750}),
    "vulcano-uav-2022/flight-1.csv": ("raven_l0_csv", {"track": 534, "readings": 534, "meteorology": 534}),
    "vulcano-uav-2022/validation.csv": ("raven_l0_csv", {"track": 353, "readings": 706, "meteorology": 353}),
    "aded-2022/wind.csv": ("anemometer_l0_csv", {"wind": 5402}),
}


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_files_are_recognised_and_read_whole(real_data, name):
    recording = read(real_data / name)
    kind, sizes = REAL[name]
    assert recording.format_name == kind
    assert {k: table.sizes["record"] for k, table in recording.tables.items()} == sizes


def test_the_gps_jump_of_the_real_methane_flight_is_kept(real_data):
    track = read(real_data / "uav-skyhub/falcon1.csv").tables["track"]
    assert track["latitude"].to_numpy()[1:3].tolist() == [56.862888, 56.863225]


def test_the_docs_list_exactly_the_formats_there_are():
    text = (Path(__file__).resolve().parents[2] / "docs" / "instruments.md").read_text()
    listed = dict(re.findall(r"^\| `(\w+_l0_\w+)` \| (.*) \|$", text, re.MULTILINE))
    assert listed == {spec.name: spec.title for spec in formats()}


def test_there_is_a_small_file_of_every_format():
    assert {name.split()[0] for name in small_files()} == NAMES
