import struct

import numpy as np
import pytest
from benchmarks.small_files import FIRST_UTC, dataflash, tlog, ulog

from plumeline.errors import ReadError
from plumeline.instruments import identify, read
from plumeline.instruments.clocks import BootClock, utc_from_gps

MAKERS = {
    "ardupilot_l0_dataflash": ("flight.bin", dataflash),
    "mavlink_l0_tlog": ("flight.tlog", tlog),
    "px4_l0_ulog": ("flight.ulg", ulog),
}


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def said(recording):
    return " | ".join(str(remark) for remark in recording.remarks)


@pytest.mark.parametrize("name", MAKERS)
def test_a_log_gives_track_attitude_and_wind_in_utc(tmp_path, name):
    file, make = MAKERS[name]
    path = write(tmp_path, file, make())
    assert identify(path).name == name
    recording = read(path)
    track, attitude, wind = (recording.tables[kind] for kind in ("track", "attitude", "wind"))
    assert track.sizes["record"] == attitude.sizes["record"] == wind.sizes["record"] == 20
    assert abs(track["time"].to_numpy()[0] - np.datetime64(FIRST_UTC)) < np.timedelta64(1, "ms")
    assert abs(
        track["time"].to_numpy()[-1] - track["time"].to_numpy()[0] - np.timedelta64(3800, "ms")
    ) < np.timedelta64(1, "ms")
    assert track["latitude"].to_numpy()[1] == pytest.approx(52.10001, abs=1e-9)
    assert track["longitude"].to_numpy()[0] == pytest.approx(4.5, abs=1e-9)
    assert attitude["heading"].to_numpy()[0] == pytest.approx(85.94 if "tlog" in name else 90.0, abs=0.01)
    assert wind.attrs["mounting"] == "estimate"
    assert not recording.remarks


def test_wind_signs_and_senses(tmp_path):
    # ArduPilot's VWN and PX4's windspeed_north point where the air goes; MAVLink's WIND says where it comes from.
    for file, make in (("a.bin", dataflash), ("a.ulg", ulog)):
        wind = read(write(tmp_path, file, make())).tables["wind"]
        assert wind["northward"].to_numpy()[0] == pytest.approx(1.5)
        assert wind["eastward"].to_numpy()[0] == pytest.approx(-2.5)
    wind = read(write(tmp_path, "a.tlog", tlog())).tables["wind"]
    assert wind["direction_from"].to_numpy()[0] == 270
    assert wind["speed"].to_numpy()[0] == 4


def test_a_wind_estimate_of_zero_throughout_is_no_calm(tmp_path):
    for file, make in (("a.bin", dataflash), ("a.ulg", ulog)):
        recording = read(write(tmp_path, file, make(wind=(0.0, 0.0))))
        assert "wind" not in recording.tables
        assert "never made" in said(recording)


def test_a_log_without_satellite_time_says_so(tmp_path):
    for file, content in (("a.bin", dataflash(fix=False)), ("a.ulg", ulog(utc=False))):
        recording = read(write(tmp_path, file, content))
        assert recording.tables["track"].attrs["time_reference"] == "relative"
        assert "no UTC" in said(recording)
    recording = read(write(tmp_path, "a.tlog", tlog(utc=False)))
    assert recording.tables["track"].attrs["time_reference"] == "utc"
    assert "ground station's clock" in said(recording)


@pytest.mark.parametrize("name", MAKERS)
def test_a_torn_log_keeps_what_is_whole(tmp_path, name):
    file, make = MAKERS[name]
    whole = make(40)
    recording = read(write(tmp_path, file, whole[: len(whole) * 3 // 4 + 5]))
    assert 25 <= recording.tables["track"].sizes["record"] < 40


def test_garbage_within_a_telemetry_log_is_stepped_over(tmp_path):
    content = tlog(10) + b"\x00\xfe\x01garbage" + tlog(10, start_us=1_767_584_790_000_000)
    recording = read(write(tmp_path, "a.tlog", content))
    assert recording.tables["track"].sizes["record"] == 20
    assert "belong to no whole frame" in said(recording)


@pytest.mark.parametrize("name", MAKERS)
def test_a_log_of_a_few_bytes_is_a_clear_error(tmp_path, name):
    file, make = MAKERS[name]
    with pytest.raises(ReadError, match=file):
        read(write(tmp_path, file, make()[:40]))


def test_gps_time_loses_the_leap_seconds_of_its_date():
    # Published pairs: GPS week 1930 began 2017-01-01T00:00:00 GPS = 2016-12-31T23:59:43 UTC (17 s until midnight UTC).
    assert utc_from_gps(np.array([1930]), np.array([0]))[0] == np.datetime64("2016-12-31T23:59:43")
    assert utc_from_gps(np.array([1930]), np.array([20_000]))[0] == np.datetime64("2017-01-01T00:00:02")
    assert utc_from_gps(np.array([1850]), np.array([0]))[0] == np.datetime64("2015-06-20T23:59:44")
    assert np.isnat(utc_from_gps(np.array([0]), np.array([5]))[0])


def test_a_clock_that_drifts_is_remarked():
    boot = np.arange(0, 1000, dtype="int64") * 10**9
    utc = np.datetime64("2026-01-01", "ns") + (boot * 1.01).astype("int64").astype("timedelta64[ns]")
    clock = BootClock.fit(boot, utc)
    assert clock.reference == "utc"
    assert "part by up to" in clock.remarks[0].what
    steady = BootClock.fit(boot, np.datetime64("2026-01-01", "ns") + boot.astype("timedelta64[ns]"))
    assert not steady.remarks
    assert steady.utc(boot)[5] == np.datetime64("2026-01-01T00:00:05")


def positions_by_hand(content):
    """POS messages of a DataFlash log, unpacked from its own FMT definitions without any library."""
    lengths, found, at = {128: 89}, [], 0
    while at + 3 <= len(content) and content[at : at + 2] == b"\xa3\x95":
        kind = content[at + 2]
        if kind == 128:
            number, length, name = content[at + 3], content[at + 4], content[at + 5 : at + 9].strip(b"\0")
            lengths[number] = length
            if name == b"POS":
                position = number
        elif kind == position:
            found.append(struct.unpack_from("<Qii", content, at + 3))
        at += lengths[kind]
    return np.array(found)


def test_a_real_dataflash_log_against_a_reading_by_hand(real_data):
    path = real_data / "autopilot-logs" / "simulated-arducopter36-survey-wind4.bin"
    track = read(path).tables["track"]
    by_hand = positions_by_hand(path.read_bytes())
    np.testing.assert_allclose(track["latitude"], by_hand[:, 1] / 1e7, atol=1e-9)
    np.testing.assert_allclose(track["longitude"], by_hand[:, 2] / 1e7, atol=1e-9)
    since_first = track["time"].to_numpy() - track["time"].to_numpy()[0]
    np.testing.assert_array_equal(since_first.astype("int64") // 1000, by_hand[:, 0] - by_hand[0, 0])


def test_the_same_simulated_flight_in_both_its_logs(real_data):
    # The on-board log and the ground station's log of one flight were written by different software.
    folder = real_data / "autopilot-logs"
    aboard = read(folder / "simulated-arducopter36-survey-wind4.bin").tables["track"]
    ground = read(folder / "simulated-arducopter36-survey-wind4.tlog").tables["track"]
    known = ground["latitude"].to_numpy() != 0
    seconds = (
        ground["time"].to_numpy()[known].astype("int64") - aboard["time"].to_numpy()[0].astype("int64")
    ) / 1e9
    own = (aboard["time"].to_numpy() - aboard["time"].to_numpy()[0]).astype("int64") / 1e9
    inside = (seconds > own[0]) & (seconds < own[-1])
    expected = np.interp(seconds[inside], own, aboard["latitude"].to_numpy())
    apart_m = np.abs(ground["latitude"].to_numpy()[known][inside] - expected) * 111_000
    assert inside.sum() > 1000
    assert np.median(apart_m) < 0.5
    assert np.percentile(apart_m, 99) < 3.0


def test_the_real_telemetry_log_against_pymavlinks_own_reader(real_data, monkeypatch):
    from pymavlink import mavutil

    monkeypatch.setenv("MAVLINK20", "1")
    path = real_data / "autopilot-logs" / "pixhawk-canberra.tlog"
    recording = read(path)
    track = recording.tables["track"]
    assert track.sizes["record"] == 6304
    assert "restarted" in said(recording)
    connection = mavutil.mavlink_connection(str(path))
    for at in range(150):
        message = connection.recv_match(type="GLOBAL_POSITION_INT")
        assert track["latitude"].to_numpy()[at] == pytest.approx(message.lat / 1e7)
        stamp = track["time"].to_numpy()[at].astype("int64") / 1e9
        assert stamp == pytest.approx(message._timestamp, abs=1e-4)
    connection.close()


@pytest.mark.parametrize(
    ("name", "start"),
    [("sample_px4_events.ulg", "2024-03-18T14:49"), ("sample_small.ulg", "2021-04-21T06:30")],
)
def test_real_ulogs(real_data, name, start):
    track = read(real_data / "autopilot-logs" / name).tables["track"]
    assert str(track["time"].to_numpy()[0]).startswith(start)
    assert np.ptp(track["latitude"].to_numpy()) < 0.01


def test_a_torn_real_log_of_each_kind(real_data, tmp_path):
    for name in (
        "sample_small.ulg",
        "pixhawk-canberra.tlog",
        "simulated-arducopter36-survey-wind4.bin",
    ):
        content = (real_data / "autopilot-logs" / name).read_bytes()
        recording = read(write(tmp_path, name, content[: len(content) // 3]))
        assert recording.tables["track"].sizes["record"] > 5
