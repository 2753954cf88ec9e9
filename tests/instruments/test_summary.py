import numpy as np
import pytest

from plumeline.errors import ReadError
from plumeline.instruments import load_mapping, read
from plumeline.instruments.drafting import draft_mapping, header_of
from plumeline.instruments.summary import lacks, summarize

FLIGHT = (
    "UTC time,lat,lon,alt (m),CH4 (ppm),H2S [ppb],wind speed (m/s),wind dir\n"
    "2026-05-01T10:00:00Z,52.10,4.5,10,2.1,5,3,90\n"
    "2026-05-01T10:00:01Z,52.11,4.5,11,2.2,6,4,95\n"
    "2026-05-01T10:00:02Z,52.12,4.5,12,,7,5,99\n"
    "2026-05-01T10:01:00Z,52.13,4.5,12,2.4,7,5,99\n"
)


def write(tmp_path, text, name="my flight.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_draft_reads_the_table_it_was_drafted_from(tmp_path):
    path = write(tmp_path, FLIGHT)
    draft = draft_mapping(path)
    assert "?" not in draft
    assert len([line for line in draft.splitlines() if line.strip()]) < 25
    recording = read(path, mapping=load_mapping(write(tmp_path, draft, "draft.toml")))
    readings = recording.tables["readings"]
    assert readings["CH4"].attrs["units"] == "ppm"
    assert readings["H2S"].attrs["units"] == "ppb"
    assert recording.tables["wind"]["speed"].to_numpy().tolist() == [3, 4, 5, 5]
    assert recording.tables["track"]["altitude"].to_numpy().tolist() == [10, 11, 12, 12]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("time_utc,x_m,y_m,ch4_ppm", ['column = "time_utc"', 'x = "x_m"', 'species = "CH4"', 'unit = "ppm"']),
        ("timestamp;Latitude;Longitude;Methane [ppm-m]", ['species = "CH4"', 'unit = "ppm']),
        ("a,b", ['column = "?"', 'species = "?"', 'unit = "?"']),
        ("date_time,lat,lng,SO2 (ug/m3)", ['longitude = "lng"', 'unit = "ug/m3"']),
        ("time,ws_kt,wd", ['speed_unit = "kn"']),
    ],
)
def test_what_a_draft_guesses_and_what_it_leaves_open(tmp_path, header, expected):
    draft = draft_mapping(write(tmp_path, header + "\n" + "1," * header.count(",") + "1\n"))
    for text in expected:
        assert text in draft


def test_no_table_gives_no_draft(tmp_path):
    with pytest.raises(ReadError, match="at least two columns"):
        header_of(write(tmp_path, "hello\nworld\n"))


def test_a_summary_counts_what_is_there(tmp_path):
    path = write(tmp_path, FLIGHT)
    recording = read(path, mapping=load_mapping(write(tmp_path, draft_mapping(path), "draft.toml")))
    summary = summarize("readings", recording.tables["readings"])
    assert (summary.records, summary.start, summary.end) == (
        4,
        "2026-05-01T10:00:00Z",
        "2026-05-01T10:01:00Z",
    )
    assert (summary.interval_s, summary.gaps, summary.longest_gap_s) == (1.0, 1, 58.0)
    east, north = summary.extent_m
    assert east == pytest.approx(0, abs=1)
    assert north == pytest.approx(0.03 * 111_270, rel=1e-3)  # a degree of latitude at 52°
    gas = {variable.name: variable for variable in summary.variables}["CH4"]
    assert (gas.low, gas.median, gas.high, gas.missing) == (2.1, 2.2, 2.4, 1)


def test_lacks_name_what_is_missing_and_what_to_do(tmp_path):
    path = write(tmp_path, FLIGHT)
    full = read(path, mapping=load_mapping(write(tmp_path, draft_mapping(path), "draft.toml")))
    assert not [lack for lack in lacks(full) if lack.essential]
    assert any("detection limit of CH4, H2S" in lack.what for lack in lacks(full))
    wind = read(write(tmp_path, "time_utc,speed_m_s,direction_from_deg\n2022-05-09T06:00:00Z,1.84,25.27\n"))
    assert {lack.what for lack in lacks(wind) if lack.essential} == {"no gas readings", "no position"}
    assert any("height of the wind" in lack.what for lack in lacks(wind))


def test_the_real_volcano_flight_has_impossible_weather_and_that_is_said(real_data):
    recording = read(real_data / "vulcano-uav-2022" / "flight-1.csv")
    said = " ".join(str(remark) for remark in recording.remarks)
    assert "air_pressure lie outside" in said
    assert np.nanmin(recording.tables["meteorology"]["air_pressure"]) < 0
    assert {lack.what for lack in lacks(recording) if lack.essential} == {"no wind"}
