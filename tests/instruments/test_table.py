import numpy as np
import pytest

from plumeline.errors import ConfigurationError, ReadError, UnitError
from plumeline.instruments import gas_variables, read
from plumeline.instruments.mapping import (
    FileSection,
    JoinSection,
    MeteorologySection,
    PositionSection,
    SensorsSection,
    TableMapping,
    TimeSection,
    ValueSection,
    WindSection,
)

PPM = ValueSection(column="ch4", species="CH4", unit="ppm")
PLACE = PositionSection(latitude="lat", longitude="lon", altitude="alt")
FLIGHT = TableMapping(name="flight", time=TimeSection(column="t"), position=PLACE, value=(PPM,))
ROWS = (
    "t,lat,lon,alt,ch4\n"
    "2026-05-01T10:00:00Z,52.1,4.5,10,2.1\n"
    "2026-05-01T10:00:01Z,52.2,4.6,11,2.2\n"
    "2026-05-01T10:00:02Z,52.3,4.7,12,2.3\n"
)


def write(tmp_path, content, name="flight.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def said(recording):
    return " | ".join(str(remark) for remark in recording.remarks)


def test_a_flight_gives_a_track_and_readings(tmp_path):
    recording = read(write(tmp_path, ROWS), mapping=FLIGHT)
    track, readings = recording.tables["track"], recording.tables["readings"]
    assert track["latitude"].to_numpy().tolist() == [52.1, 52.2, 52.3]
    assert readings["longitude"].to_numpy().tolist() == [4.5, 4.6, 4.7]
    assert readings["CH4"].to_numpy().tolist() == [2.1, 2.2, 2.3]
    assert readings["CH4"].attrs["units"] == "ppm"
    assert gas_variables(readings) == ("CH4",)
    assert readings["line"].to_numpy().tolist() == [2, 3, 4]
    assert track["time"].to_numpy()[2] == np.datetime64("2026-05-01T10:00:02")
    assert not recording.remarks


def test_line_numbers_count_comments_and_blank_lines(tmp_path):
    text = "# made by hand\n\n" + ROWS.replace("2026-05-01T10:00:01Z", "\n# pause\n2026-05-01T10:00:01Z")
    readings = read(write(tmp_path, text), mapping=FLIGHT).tables["readings"]
    assert readings["line"].to_numpy().tolist() == [4, 7, 8]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found(tmp_path, encoding, delimiter):
    text = ROWS.replace("ch4", "ch4 é").replace(",", delimiter)
    value = ValueSection(column="ch4 é", species="CH4", unit="ppm")
    chosen = TableMapping(name="f", time=TimeSection(column="t"), position=PLACE, value=(value,))
    readings = read(write(tmp_path, text.encode(encoding)), mapping=chosen).tables["readings"]
    assert readings["CH4"].to_numpy().tolist() == [2.1, 2.2, 2.3]


def test_decimal_commas_are_found_and_remarked(tmp_path):
    text = ROWS.replace(",", ";").replace(".", ",")
    recording = read(write(tmp_path, text), mapping=FLIGHT)
    assert recording.tables["track"]["latitude"].to_numpy().tolist() == [52.1, 52.2, 52.3]
    assert "decimal comma" in said(recording)


def test_decimal_commas_between_commas_are_an_error_with_a_remedy(tmp_path):
    text = ROWS.split("\n", maxsplit=1)[0] + "\n2026-05-01T10:00:00Z,52,1,4,5,10,2,1\n"
    with pytest.raises(ReadError, match=r"flight.csv, line 2.*fields.*decimal"):
        read(write(tmp_path, text), mapping=FLIGHT)


def test_a_torn_last_line_is_left_out_and_named(tmp_path):
    recording = read(write(tmp_path, ROWS + "2026-05-01T10:00:03Z,52.4,4."), mapping=FLIGHT)
    assert recording.tables["readings"].sizes["record"] == 3
    assert "line 5: the last line is torn" in said(recording)


def test_a_last_line_without_an_end_is_kept_and_remarked(tmp_path):
    recording = read(write(tmp_path, ROWS.rstrip("\n")), mapping=FLIGHT)
    assert recording.tables["readings"].sizes["record"] == 3
    assert "may be cut short" in said(recording)


def test_cells_that_cannot_be_read_are_missing_and_named(tmp_path):
    text = ROWS.replace("2.2", "ERR").replace("2026-05-01T10:00:02Z", "noon")
    recording = read(write(tmp_path, text), mapping=FLIGHT)
    assert np.isnan(recording.tables["readings"]["CH4"].to_numpy()[1])
    assert np.isnat(recording.tables["readings"]["time"].to_numpy()[2])
    assert "line 3: 1 cell of column 'ch4' cannot be read" in said(recording)
    assert "line 4: 1 cell of column 't' cannot be read" in said(recording)


def test_time_going_backwards_and_repeats_are_kept_and_named(tmp_path):
    text = ROWS + "2026-05-01T09:59:59Z,52.4,4.8,12,2.4\n2026-05-01T09:59:59Z,52.4,4.8,12,2.4\n"
    recording = read(write(tmp_path, text), mapping=FLIGHT)
    assert recording.tables["readings"].sizes["record"] == 5
    assert "line 5: the time goes backwards 1 times" in said(recording)
    assert "line 6: 1 readings records repeat" in said(recording)


def test_swapped_latitude_and_longitude_are_named(tmp_path):
    text = ROWS.replace("52.", "152.")
    assert "swapped" in said(read(write(tmp_path, text), mapping=FLIGHT))
    turned = TableMapping(
        name="f",
        time=TimeSection(column="t"),
        position=PositionSection(latitude="lon", longitude="lat"),
        value=(PPM,),
    )
    assert "they look swapped" in said(read(write(tmp_path, ROWS), mapping=turned))


def test_saturated_and_stuck_values_are_named(tmp_path):
    rows = (
        ROWS.split("\n", maxsplit=1)[0]
        + "\n"
        + "".join(f"2026-05-01T10:00:0{i}Z,52.1,4.5,10,50\n" for i in range(8))
    )
    full = TableMapping(
        name="f",
        time=TimeSection(column="t"),
        value=(ValueSection(column="ch4", species="CH4", unit="ppm", ceiling=50.0),),
    )
    assert "all 8 values of CH4 are at the ceiling" in said(read(write(tmp_path, rows), mapping=full))
    assert "CH4 never changes" in said(read(write(tmp_path, rows), mapping=FLIGHT))


def test_columns_that_are_not_mapped_are_named(tmp_path):
    text = ROWS.replace("ch4\n", "ch4,mystery\n").replace("2.1\n", "2.1,7\n").replace("2.2\n", "2.2,8\n")
    text = text.replace("2.3\n", "2.3,9\n")
    assert "'mystery'" in said(read(write(tmp_path, text), mapping=FLIGHT))


def test_a_missing_column_names_the_nearest(tmp_path):
    with pytest.raises(ReadError, match="did you mean 'ch4'"):
        read(
            write(tmp_path, ROWS),
            mapping=TableMapping(
                name="f",
                time=TimeSection(column="t"),
                value=(ValueSection(column="ch", species="CH4", unit="ppm"),),
            ),
        )


@pytest.mark.parametrize("unit", ["", "ppq", "parts"])
def test_a_missing_or_unknown_unit_is_an_error(tmp_path, unit):
    chosen = TableMapping(
        name="f",
        time=TimeSection(column="t"),
        value=(ValueSection(column="ch4", species="CH4", unit=unit),),
    )
    with pytest.raises(UnitError, match=r"unit.*CH4.*ppm"):
        read(write(tmp_path, ROWS), mapping=chosen)


def test_a_file_in_which_no_time_can_be_read_is_an_error(tmp_path):
    with pytest.raises(ReadError, match=r"no time can be read, as in '01/05/2026 10h'.*format"):
        read(write(tmp_path, "t,lat,lon,alt,ch4\n01/05/2026 10h,52,4,1,2\n"), mapping=FLIGHT)


def test_times_without_a_zone_are_remarked_unless_it_is_told(tmp_path):
    text = ROWS.replace("Z,", ",")
    assert "carry no zone" in said(read(write(tmp_path, text), mapping=FLIGHT))
    told = TableMapping(name="f", time=TimeSection(column="t", timezone="UTC"), value=(PPM,))
    assert "carry no zone" not in said(read(write(tmp_path, text), mapping=told))
    named = TableMapping(name="f", time=TimeSection(column="t_utc"), value=(PPM,))
    assert "carry no zone" not in said(read(write(tmp_path, text.replace("t,", "t_utc,")), mapping=named))


def test_a_unit_that_the_columns_name_contradicts_is_remarked(tmp_path):
    text = "t,CH4 (ppb),wind_kt,d\n2026-05-01T10:00:00Z,2000,10,90\n"
    chosen = TableMapping(
        name="f",
        time=TimeSection(column="t"),
        value=(ValueSection(column="CH4 (ppb)", species="CH4", unit="ppm"),),
        wind=WindSection(speed="wind_kt", speed_unit="m/s", direction="d"),
    )
    remarks = said(read(write(tmp_path, text), mapping=chosen))
    assert "'CH4 (ppb)' is declared as ppm, but its name says ppb" in remarks
    assert "'wind_kt' is declared as m/s, but its name says kn" in remarks


def test_a_wind_without_a_unit_is_an_error(tmp_path):
    chosen = TableMapping(name="w", time=TimeSection(column="t"), wind=WindSection(speed="v", direction="d"))
    with pytest.raises(UnitError, match=r"speed is missing.*m/s"):
        read(write(tmp_path, "t,v,d\n2026-05-01T10:00:00Z,3,90\n"), mapping=chosen)


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\0\0", b"t,lat,lon,alt,ch4\n", b"hello\n", bytes(range(256)) * 9]
)
def test_a_file_without_a_table_is_a_clear_error(tmp_path, content):
    with pytest.raises(ReadError, match=r"flight.csv"):
        read(write(tmp_path, content), mapping=FLIGHT)


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"direction_unit": "degree"}, 30.0),
        ({"direction_sense": "toward"}, 210.0),
        ({"direction_zero": "east"}, 120.0),
        ({"direction_turn": "counterclockwise"}, 330.0),
        (
            {"direction_zero": "east", "direction_turn": "counterclockwise", "direction_sense": "toward"},
            240.0,
        ),
    ],
)
def test_wind_direction_conventions(tmp_path, section, expected):
    wind = WindSection(speed="v", speed_unit="kn", direction="d", **section)
    chosen = TableMapping(name="w", time=TimeSection(column="t"), wind=wind)
    table = read(write(tmp_path, "t,v,d\n2026-05-01T10:00:00Z,10,30\n"), mapping=chosen).tables["wind"]
    assert table["direction_from"].to_numpy()[0] == pytest.approx(expected)
    assert table["speed"].to_numpy()[0] == pytest.approx(5.14444, abs=1e-5)


def test_wind_in_radians_and_components(tmp_path):
    text = "t,v,d,u,w\n2026-05-01T10:00:00Z,1,1.5707963,2,-3\n"
    path = write(tmp_path, text)
    turned = WindSection(speed="v", speed_unit="m/s", direction="d", direction_unit="radian")
    table = read(path, mapping=TableMapping(name="w", time=TimeSection(column="t"), wind=turned)).tables[
        "wind"
    ]
    assert table["direction_from"].to_numpy()[0] == pytest.approx(90, abs=1e-5)
    parts = WindSection(eastward="u", northward="w", speed_unit="m/s", component_sense="from", height=10.0)
    table = read(path, mapping=TableMapping(name="w", time=TimeSection(column="t"), wind=parts)).tables[
        "wind"
    ]
    assert table["eastward"].to_numpy()[0] == -2
    assert table["northward"].to_numpy()[0] == 3
    assert table["height"].to_numpy()[0] == 10


@pytest.mark.parametrize(
    ("section", "cell", "expected"),
    [
        (TimeSection(column="t"), "2026-05-01T12:00:00+02:00", "2026-05-01T10:00:00"),
        (TimeSection(column="t", timezone="Australia/Sydney"), "2026-05-01 20:00:00", "2026-05-01T10:00:00"),
        (TimeSection(column="t", timezone="+10:00"), "2026-05-01 20:00:00", "2026-05-01T10:00:00"),
        (TimeSection(column="t", format="unix"), "1777629600.25", "2026-05-01T10:00:00.25"),
        (TimeSection(column="t", format="unix", unit="ms"), "1777629600250", "2026-05-01T10:00:00.25"),
        (TimeSection(column="t", format="%d.%m.%Y %H.%M"), "01.05.2026 10.00", "2026-05-01T10:00:00"),
        (
            TimeSection(column="t", format="elapsed", start="2026-05-01T09:00:00", unit="h"),
            "1",
            "2026-05-01T10:00:00",
        ),
        (TimeSection(column="t", format="%H:%M:%S", date="2026-05-01"), "10:00:00", "2026-05-01T10:00:00"),
        (TimeSection(column="t", rewrite=(r"^(\d+)/(\d+)$", r"2026-\2-\1")), "01/05", "2026-05-01"),
    ],
)
def test_time_forms(tmp_path, section, cell, expected):
    chosen = TableMapping(name="f", time=section, value=(PPM,))
    table = read(write(tmp_path, f"t,ch4\n{cell},2\n"), mapping=chosen).tables["readings"]
    assert table["time"].to_numpy()[0] == np.datetime64(expected)
    assert table.attrs["time_reference"] == "utc"


def test_a_time_of_day_passes_midnight_and_has_no_date(tmp_path):
    chosen = TableMapping(name="f", time=TimeSection(column="t", format="%H:%M:%S"), value=(PPM,))
    recording = read(write(tmp_path, "t,ch4\n23:59:59,1\n00:00:01,2\n00:00:03,3\n"), mapping=chosen)
    table = recording.tables["readings"]
    assert np.diff(table["time"].to_numpy()).astype("timedelta64[s]").astype(int).tolist() == [2, 2]
    assert table.attrs["time_reference"] == "relative"
    assert "line 3: the time of day passes midnight" in said(recording)
    assert "no calendar date" in said(recording)


def test_wide_columns_with_sensor_positions_and_wind_beside(tmp_path):
    write(tmp_path, "who,e,n\nB,3,4\nA,1,2\n", "where.csv")
    write(tmp_path, "t,v,d\n2026-05-01T10:00:00Z,3,90\n", "wind.csv")
    chosen = TableMapping(
        name="f",
        platform="fixed",
        time=TimeSection(column="t"),
        sensors=SensorsSection(file="where.csv", key="who"),
        position=PositionSection(x="e", y="n", height=2.0),
        value=(ValueSection(pattern="ch4_(.)", species="CH4", unit="ppm"),),
        wind=WindSection(file="wind.csv", speed="v", speed_unit="m/s", direction="d"),
    )
    path = write(tmp_path, "t,ch4_A,ch4_B\n2026-05-01T10:00:00Z,2,3\n2026-05-01T10:01:00Z,4,5\n")
    recording = read(path, mapping=chosen)
    table = recording.tables["readings"]
    assert table["sensor_name"].to_numpy().tolist() == ["A", "B"]
    assert table["CH4"].to_numpy().tolist() == [2, 3, 4, 5]
    assert table["x"].to_numpy().tolist() == [1, 3, 1, 3]
    assert table["height"].to_numpy().tolist() == [2, 2, 2, 2]
    assert table["line"].to_numpy().tolist() == [2, 2, 3, 3]
    assert recording.tables["wind"].attrs["source_file"] == "wind.csv"
    assert set(recording.inputs()) == {"flight.csv", "where.csv", "wind.csv"}
    assert "track" not in recording.tables


def test_a_long_table_joined_to_runs(tmp_path):
    write(tmp_path, "run,start,v,d\n1,2026-05-01T10:00:00Z,3,90\n2,2026-05-01T11:00:00Z,4,80\n", "runs.csv")
    chosen = TableMapping(
        name="f",
        platform="fixed",
        file=FileSection(missing=("-9",)),
        time=TimeSection(column="start"),
        join=(JoinSection(file="runs.csv", on="run"),),
        sensors=SensorsSection(column="s"),
        value=(PPM,),
        wind=WindSection(speed="v", speed_unit="m/s", direction="d"),
        meteorology=MeteorologySection(air_temperature="T", temperature_unit="C"),
    )
    recording = read(write(tmp_path, "run,s,T,ch4\n1,a,20,2\n1,b,20,-9.0\n2,a,21,3\n"), mapping=chosen)
    table = recording.tables["readings"]
    assert table["sensor"].to_numpy().tolist() == [0, 1, 0]
    assert np.isnan(table["CH4"].to_numpy()[1])
    assert recording.tables["wind"]["speed"].to_numpy().tolist() == [3, 4]
    assert recording.tables["wind"]["line"].to_numpy().tolist() == [2, 4]
    assert recording.tables["meteorology"]["air_temperature"].to_numpy().tolist() == [293.15, 294.15]
    assert "kept once" in said(recording)


def test_contradictions_in_a_mapping_are_named(tmp_path):
    path = write(tmp_path, ROWS)
    no_time = TableMapping(name="f", value=(PPM,))
    with pytest.raises(ConfigurationError, match="no time is mapped"):
        read(path, mapping=no_time)
    twice = TableMapping(name="f", time=TimeSection(column="t"), value=(PPM, PPM))
    with pytest.raises(ConfigurationError, match="two columns give CH4"):
        read(path, mapping=twice)
    word = TableMapping(name="f", platform="flying", time=TimeSection(column="t"), value=(PPM,))
    with pytest.raises(ConfigurationError, match="platform = 'flying'"):
        read(path, mapping=word)
    zone = TableMapping(name="f", time=TimeSection(column="t", timezone="Mars/Olympus"), value=(PPM,))
    with pytest.raises(ConfigurationError, match="time zone"):
        read(path, mapping=zone)


def test_a_large_table_streams_and_reports_progress(tmp_path, monkeypatch):
    monkeypatch.setattr("plumeline.instruments.textfile.BLOCK_CHARACTERS", 2000)
    start = np.datetime64("2026-05-01T10:00:00")
    rows = "".join(f"{start + i}Z,52.1,4.5,10,{i}\n" for i in range(500))
    seen = []
    recording = read(
        write(tmp_path, ROWS.split("\n", maxsplit=1)[0] + "\n" + rows),
        mapping=FLIGHT,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert recording.tables["readings"]["CH4"].to_numpy().tolist() == list(range(500))
    assert recording.tables["readings"]["line"].to_numpy().tolist() == list(range(2, 502))
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert seen[-1][0] <= seen[-1][1]
