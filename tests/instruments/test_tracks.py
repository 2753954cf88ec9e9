import numpy as np
import pynmea2
import pytest

from plumeline.errors import ReadError
from plumeline.instruments import identify, load_mapping, read

RMC = "$GNRMC,091613.699,A,5651.7446,N,02406.7933,E,0.18,-49.88,231020,,,A*69"
GGA = "$GPGGA,091614.699,5651.7446,N,02406.7933,E,1,08,0.9,45.4,M,20.0,M,,"


def sentence(body):
    return f"{body}*{pynmea2.NMEASentence.checksum(body[1:]):02X}"


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def said(recording):
    return " | ".join(str(remark) for remark in recording.remarks)


def test_nmea_track_wind_and_heading(tmp_path):
    lines = [
        RMC,
        sentence(GGA),
        sentence("$HEHDT,350.5,T"),
        sentence("$WIMWV,045.0,R,10.0,N,A"),
        sentence("$WIMWD,200.0,T,195.0,M,10.0,N,5.1,M"),
    ]
    path = write(tmp_path, "track.nmea", "\r\n".join(lines) + "\r\n")
    assert identify(path).name == "gnss_l0_nmea"
    recording = read(path)
    track, wind = recording.tables["track"], recording.tables["wind"]
    assert track["time"].to_numpy()[0] == np.datetime64("2020-10-23T09:16:13.699")
    assert track["time"].to_numpy()[1] == np.datetime64("2020-10-23T09:16:14.699")
    assert track["latitude"].to_numpy()[0] == pytest.approx(56 + 51.7446 / 60, abs=1e-9)
    assert track["ground_speed"].to_numpy()[0] == pytest.approx(0.18 * 1852 / 3600)
    assert track["course"].to_numpy()[0] == pytest.approx(310.12)
    assert track["altitude"].to_numpy()[1] == 45.4
    assert track["heading"].to_numpy()[1] == 350.5
    assert wind["direction_from"].to_numpy().tolist() == [200]
    assert wind["speed"].to_numpy().tolist() == [5.1]
    assert wind.attrs["frame"] == "true"
    assert "1 relative winds" in said(recording)


def test_nmea_faults_are_named_and_left_out(tmp_path):
    lines = [RMC, RMC.replace("A*69", "A*00"), "$GPGGA,nonsense", RMC.replace("091613", "091615")[:30]]
    recording = read(write(tmp_path, "track.nmea", "\n".join(lines)))
    assert "line 2" in said(recording)
    assert "wrong checksum" in said(recording)
    assert recording.tables["track"].sizes["record"] >= 1


def test_nmea_without_a_date_is_relative(tmp_path):
    recording = read(write(tmp_path, "track.nmea", sentence(GGA) + "\n"))
    assert recording.tables["track"].attrs["time_reference"] == "relative"
    assert "no RMC or ZDA" in said(recording)


PERGAM = "Device LMM_Logger\nShowRawLMM = on\n//***//\n" + "\n".join(
    f"2020 10 23 09:16:{13 + i}.698 ETC:FWD 0000{i} | "
    + sentence(f"$GNRMC,0916{13 + i}.699,A,5651.7446,N,02406.7933,E,0.18,-49.88,231020,,,A")
    for i in range(4)
)


def test_pergam_columns_with_their_places(tmp_path):
    path = write(tmp_path, "flight.log", PERGAM)
    assert identify(path).name == "pergam_l0_log"
    readings = read(path).tables["readings"]
    assert readings["CH4"].to_numpy().tolist() == [0, 1, 2, 3]
    assert readings["CH4"].attrs["units"] == "ppm m"
    assert readings["line"].to_numpy().tolist() == [4, 5, 6, 7]
    assert readings["longitude"].to_numpy()[0] == pytest.approx(24 + 6.7933 / 60, abs=1e-9)


def test_pergam_torn_lines_and_a_clock_that_is_off(tmp_path):
    recording = read(write(tmp_path, "flight.log", PERGAM.replace("2020 10 23 09", "2020 10 23 12")[:-30]))
    assert recording.tables["readings"].sizes["record"] == 3
    assert "line 7: 1 lines are torn or broken" in said(recording)
    assert "+10800.0 s apart" in said(recording)


def gpx(points, tail="</trkseg></trk></gpx>"):
    body = "".join(
        f'<trkpt lat="{52 + i / 1e4}" lon="4.5"><ele>{i}</ele><time>2026-05-01T10:00:{i:02}Z</time></trkpt>\n'
        for i in range(points)
    )
    return f'<?xml version="1.0"?>\n<gpx version="1.1" creator="me"><trk><trkseg>\n{body}{tail}'


def test_gpx(tmp_path):
    path = write(tmp_path, "track.gpx", gpx(5))
    assert identify(path).name == "gnss_l0_gpx"
    track = read(path).tables["track"]
    assert track["altitude"].to_numpy().tolist() == [0, 1, 2, 3, 4]
    assert track["time"].to_numpy()[4] == np.datetime64("2026-05-01T10:00:04")
    assert track["latitude"].to_numpy()[4] == pytest.approx(52.0004)


def test_a_torn_gpx_keeps_its_whole_points(tmp_path):
    recording = read(write(tmp_path, "track.gpx", gpx(5, tail='<trkpt lat="52.1" lon="4')))
    assert recording.tables["track"].sizes["record"] == 5
    assert "torn" in said(recording)


def test_a_gpx_that_defines_entities_is_refused(tmp_path):
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><gpx version="1.1"><trk/></gpx>'
    with pytest.raises(ReadError, match="entities"):
        read(write(tmp_path, "track.gpx", bomb))


@pytest.mark.parametrize("content", ["<gpx>", "<gpx></gpx>", '<gpx version="1.1"><trk><trkseg></gpx>'])
def test_a_gpx_without_points_is_a_clear_error(tmp_path, content):
    with pytest.raises(ReadError, match=r"track\.gpx"):
        read(write(tmp_path, "track.gpx", content))


METAR = (
    "2022/05/09 05:55\n"
    "KFNL 090555Z 27010G20KT 10SM CLR 12/M01 A3001\n"
    "2022/05/09 06:55\n"
    "KFNL 090655Z VRB03KT 10SM CLR 11/M01 A3001\n"
    "METAR KFNL 090755Z 00000KT 10SM CLR 10/M01 A3001\n"
    "KFNL 090855Z 18005MPS 9999 CLR 10/10 Q1016\n"
)


def test_metar_wind_in_knots_variable_and_calm(tmp_path):
    path = write(tmp_path, "reports.txt", METAR)
    assert identify(path).name == "airport_l0_metar"
    recording = read(path)
    wind, weather = recording.tables["wind"], recording.tables["meteorology"]
    assert wind["time"].to_numpy()[0] == np.datetime64("2022-05-09T05:55")
    np.testing.assert_allclose(wind["speed"], [10 * 0.514444, 3 * 0.514444, 0, 5], atol=1e-3)
    np.testing.assert_allclose(wind["gust"].to_numpy()[0], 20 * 0.514444, atol=1e-3)
    np.testing.assert_array_equal(wind["direction_from"], [270, np.nan, np.nan, 180])
    assert set(wind["height"].to_numpy()) == {10}
    assert weather["relative_humidity"].to_numpy()[3] == pytest.approx(1.0)
    assert weather["relative_humidity"].to_numpy()[0] == pytest.approx(0.405, abs=0.005)  # Smithsonian tables
    assert weather["air_temperature"].to_numpy()[0] == pytest.approx(285.15)
    assert weather["sea_level_pressure"].to_numpy()[3] == pytest.approx(101_600)
    assert "air_pressure" not in weather
    assert "1 winds are variable" in said(recording)
    assert "1 winds are calm" in said(recording)


def test_metar_month_comes_from_the_line_the_name_or_the_mapping(tmp_path):
    report = "KFNL 090555Z 27010KT 10SM CLR 12/M01 A3001\n"
    with pytest.raises(ReadError, match=r"reports.txt, line 1.*neither month nor year"):
        read(write(tmp_path, "reports.txt", report))
    expected = np.datetime64("2022-05-09T05:55")
    named = read(write(tmp_path, "KFNL-2022-05-09.txt", report))
    assert named.tables["wind"]["time"].to_numpy()[0] == expected
    stamped = read(write(tmp_path, "reports.txt", "202205090555 METAR " + report))
    assert stamped.tables["wind"]["time"].to_numpy()[0] == expected
    mapping = write(tmp_path, "may.toml", 'extends = "airport_l0_metar"\n[time]\ndate = "2022-05-01"\n')
    mapped = read(write(tmp_path, "reports.txt", report), mapping=load_mapping(mapping))
    assert mapped.tables["wind"]["time"].to_numpy()[0] == expected


def test_a_broken_report_is_left_out_and_named(tmp_path):
    recording = read(write(tmp_path, "reports.txt", METAR + "KFNL 995999Z 27010KT 10SM\n"))
    assert recording.tables["wind"].sizes["record"] == 4
    assert "line 7: 1 reports cannot be read" in said(recording)
