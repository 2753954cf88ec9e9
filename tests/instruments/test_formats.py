"""Every built-in format: its TOML, recognition, and a tiny file of each table format."""

import re
from pathlib import Path

import numpy as np
import pytest

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


SKYHUB_OLD = (
    "Elapsed,Date,Time,Pitch,Roll,Yaw,Latitude,Longitude,Altitude,Next WP,Velocity,Status RTK,"
    "ALT:Altitude,ALT:ID,GAS:Methane,GAS:Status\n"
    "1701946542989,2023/12/07,10:55:42.989,0.2,4.9,-56.5,56.862888,24.111669,20.09,,0.02,OFF,20.4,v1:x:0,57,1\n"
    "1701946542998,2023/12/07,10:55:42.998,0.2,4.9,-56.5,56.862888,24.111669,20.09,,0.02,OFF,20.4,v1:x:0,,1\n"
)
SKYHUB_NEW = (
    "Elapsed(ms),Date(yyyy/MM/dd),Time(UTC),Pitch,Roll,Heading,Latitude,Longitude,Altitude(above take-off),Velocity,"
    "AIR:Speed,AIR:Direction\n"
    "159082,2023/10/24,09:55:15.336,0.55,1.04,127.13,56.86,24.11,-0.00,0.00,0.30,155.00\n"
    "159182,2023/10/24,09:55:15.436,0.55,1.04,127.13,56.86,24.11,-0.00,0.00,,\n"
)
RAVEN = (
    "time,duration / s,Lat,Lon,temperature / C,pressure / hPa,humidity / %,CO2 / ppm,SO2 / ppm\n"
    "18:17:33,0,38.4,14.9,16.91,1022.15,35.44,517.6,0.5\n"
)
CRAZYFLIE = "Time,X,Y,Z,Gas1L,Gas1R\n0,0.05,0.14,1.0,18996,18834\n100,0.07,0.15,1.0,18996,18833\n"
SNIFFER_CHINESE = (
    "#Created by: Sniffer4DMapper 2.2.06.29\n项目名称 :气体监测总览表格\n"
    "采样点时间,相对高度 m,经度,纬度,温度 ℃,湿度 %,气压 Pa,VOCs ppm,SO2 μg/m3,CO mg/m3,设备序列号\n"
    "2021-03-04 10:00:00,30.1,113.9,22.5,25.1,60,101300,0.2,11,0.4,SN1\n"
)
SNIFFER_ENGLISH = (
    "#Created by: Sniffer4DMapper\n"
    "Time,Relative Height m,Longitude,Latitude,Temperature ℃,Humidity %,Pressure Pa,VOCs ppm,SO2 ppm\n"
    "2021-03-04 10:00:00,30.1,113.9,22.5,25.1,60,101300,0.2,0.01\n"
)
WIND = "time_utc,speed_m_s,direction_from_deg\n2022-05-09T06:00:00Z,1.84,25.27\n"


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
