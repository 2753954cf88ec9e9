"""From files to a survey: what a stranger's folder may hold, and what must be said about it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumeline.errors import ConfigurationError, InputError, UnitError
from plumeline.frames import LocalFrame, latlon
from plumeline.instruments import read
from plumeline.observations import Quality
from plumeline.observations.settings import (
    FileSettings,
    FrameSettings,
    HeightSettings,
    SensorSettings,
    SpeciesSettings,
    SurveySettings,
    WindSettings,
)
from plumeline.workflows.ingest import load_settings, load_survey

ORIGIN = LocalFrame(origin=latlon(52.0, 4.9))
GAS_MAPPING = """
[time]
column = "time"

[position]
latitude = "lat"
longitude = "lon"
altitude = "alt"
altitude_reference = "take-off"

[[value]]
column = "ch4"
species = "CH4"
unit = "ppm"
"""
WIND_MAPPING = """
platform = "fixed"

[time]
column = "time"

[wind]
speed = "speed"
speed_unit = "kn"
direction = "from"
height = 4.0
"""
WEST_WIND = WindSettings(speed_m_s=5.0, direction_from_deg=270.0, height_m=4.0)


def flight(seconds=240, *, start="2026-05-01T10:00:00", seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(seconds, dtype=float)
    x, y = 4.0 * t - 300.0, np.full(seconds, 20.0)
    lon, lat = ORIGIN.to_lonlat(x, y)
    ppm = 2.0 + 3.0 * np.exp(-0.5 * ((t - 120.0) / 6.0) ** 2) + rng.normal(0, 0.02, seconds)
    time = pd.Timestamp(start) + pd.to_timedelta(t, unit="s")
    return pd.DataFrame({
        "time": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "lat": lat,
        "lon": lon,
        "alt": 30.0,
        "ch4": ppm,
    })


def write(folder, name, table, mapping):
    table.to_csv(folder / name, index=False)
    (folder / f"{name}.toml").write_text(mapping)


def wind(*, start="2026-05-01T09:55:00", minutes=20, speed=10.0, direction=270.0):
    time = pd.Timestamp(start) + pd.to_timedelta(np.arange(minutes), unit="min")
    return pd.DataFrame({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "speed": speed, "from": direction})


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "flight.csv", flight(), GAS_MAPPING)
    write(tmp_path, "mast.csv", wind(), WIND_MAPPING)
    return tmp_path


def test_a_folder_becomes_a_survey_without_a_survey_file(folder):
    survey = load_survey(folder)
    readings = survey.in_situ
    assert survey.reading_count == 240
    assert survey.species == ("methane",)
    assert sorted(survey.inputs) == ["flight.csv", "mast.csv"]
    assert readings["wind_eastward"].to_numpy() == pytest.approx(np.full(240, 10 * 1852 / 3600))
    assert readings["wind_height"].to_numpy() == pytest.approx(np.full(240, 4.0))
    assert readings["z"].to_numpy() == pytest.approx(np.full(240, 30.0))
    assert np.ptp(readings["x"].to_numpy()) == pytest.approx(4.0 * 239, rel=1e-4)
    assert (readings["quality"] == 0).all()
    # 1 ppm of methane at the assumed 288.15 K and 1013.25 hPa is 0.6784 mg m-3 (ideal gas).
    assert float(readings["mass_concentration"].min()) * 1e6 == pytest.approx(2.0 * 0.6784, rel=0.05)
    assert any("288.15 K" in remark for remark in survey.remarks)
    assert any("take-off" in remark for remark in survey.remarks)


def test_same_files_give_the_same_survey(folder):
    first, second = load_survey(folder), load_survey(folder)
    assert first.in_situ.identical(second.in_situ)
    assert (first.remarks, first.inputs) == (second.remarks, second.inputs)


def test_noise_is_that_of_the_sensor(folder):
    sigma = load_survey(folder).in_situ["mass_concentration_sigma"].to_numpy()
    assert sigma[0, 0] == pytest.approx(0.02 * 0.6784e-6, rel=0.25)


@settings(max_examples=8)
@given(st.integers(-5_000, 5_000))
def test_shifting_every_clock_moves_nothing_but_time(tmp_path_factory, minutes):
    shifted = tmp_path_factory.mktemp("shifted")
    later = pd.Timestamp("2026-05-01T10:00:00") + pd.Timedelta(minutes=minutes)
    write(shifted, "flight.csv", flight(60, start=later.isoformat()), GAS_MAPPING)
    write(shifted, "mast.csv", wind(start=(later - pd.Timedelta(minutes=5)).isoformat()), WIND_MAPPING)
    survey = load_survey(shifted).in_situ
    assert survey["time"].to_numpy()[0] == later.to_datetime64()
    assert survey["x"].to_numpy() == pytest.approx(4.0 * (np.arange(60) - 29.5), abs=1.0)
    assert survey["wind_eastward"].to_numpy() == pytest.approx(np.full(60, 10 * 1852 / 3600))


def test_files_that_do_not_belong_are_left_out_and_named(folder):
    (folder / "notes.csv").write_text("what,who\nlunch,all\n")
    (folder / "broken.ulg").write_bytes(b"")
    write(folder, "last-year.csv", flight(100, start="2025-05-01T10:00:00"), GAS_MAPPING)
    far = flight(100)
    write(folder, "elsewhere.csv", far.assign(lat=far.lat + 3.0), GAS_MAPPING)
    survey = load_survey(folder)
    assert survey.reading_count == 240
    left_out = [remark for remark in survey.remarks if "left out" in remark]
    for name in ("notes.csv", "broken.ulg", "last-year.csv", "elsewhere.csv"):
        assert any(name in remark for remark in left_out), name


def test_two_drones_are_two_sensors(folder):
    write(folder, "second.csv", flight(100, seed=1), GAS_MAPPING)
    survey = load_survey(folder)
    assert survey.reading_count == 340
    assert survey.in_situ["sensor_name"].to_numpy().tolist() == ["second.csv sensor", "sensor"]
    assert not (survey.in_situ["quality"] & int(Quality.DUPLICATE)).any()


def test_no_wind_is_an_error_with_a_remedy(folder):
    (folder / "mast.csv").unlink()
    with pytest.raises(InputError, match=r"no wind.*speed_m_s"):
        load_survey(folder)
    assert load_survey(folder / "flight.csv", settings=SurveySettings(wind=WEST_WIND)).reading_count == 240


def test_wind_of_another_day_is_an_error(folder):
    write(folder, "mast.csv", wind(start="2026-05-02T09:55:00"), WIND_MAPPING)
    settings = SurveySettings(file=(FileSettings(path="flight.csv"), FileSettings(path="mast.csv")))
    with pytest.raises(InputError, match="two clocks"):
        load_survey(folder, settings=settings)
    offset = FileSettings(path="mast.csv", clock_offset_s=86_400.0)
    fixed = SurveySettings(file=(FileSettings(path="flight.csv"), offset))
    assert np.isfinite(load_survey(folder, settings=fixed).in_situ["wind_eastward"]).all()


def test_swapped_latitude_and_longitude_are_recognised(folder):
    swapped = flight().rename(columns={"lat": "lon", "lon": "lat"})
    write(folder, "other.csv", swapped, GAS_MAPPING)
    with pytest.raises(InputError, match="swapped"):
        load_survey(folder)


def test_swapped_columns_are_recognised_against_the_declared_origin(folder):
    write(folder, "flight.csv", flight().rename(columns={"lat": "lon", "lon": "lat"}), GAS_MAPPING)
    with pytest.raises(InputError, match="swapped"):
        load_survey(folder, settings=SurveySettings(frame=FrameSettings(lon=4.9, lat=52.0)))


def test_missing_unit_is_an_error(folder):
    (folder / "flight.csv.toml").write_text(GAS_MAPPING.replace('unit = "ppm"', 'unit = ""'))
    with pytest.raises(UnitError, match="unit of CH4 is missing"):
        load_survey(folder / "flight.csv")


def test_all_saturated_is_an_error(folder):
    settings = SurveySettings(wind=WEST_WIND, sensor=(SensorSettings(ceiling=1.0),))
    with pytest.raises(InputError, match="ceiling"):
        load_survey(folder / "flight.csv", settings=settings)


def test_raw_counts_are_no_concentration(folder):
    (folder / "flight.csv.toml").write_text(GAS_MAPPING.replace('unit = "ppm"', 'unit = "count"'))
    with pytest.raises(InputError, match="count"):
        load_survey(folder / "flight.csv", settings=SurveySettings(wind=WEST_WIND))


@pytest.mark.parametrize("column", ["lat", "alt", "ch4"])
@pytest.mark.parametrize("value", [np.inf, 1e300, -1e300])
def test_impossible_numbers_are_flagged_and_spoil_nothing_else(folder, column, value):
    table = flight()
    table.loc[50, column] = value
    write(folder, "flight.csv", table, GAS_MAPPING)
    readings = load_survey(folder / "flight.csv", settings=SurveySettings(wind=WEST_WIND)).in_situ
    others = np.delete(np.arange(240), 50)
    assert np.isfinite(readings["mass_concentration"].to_numpy()[others]).all()
    assert readings["z"].to_numpy()[others] == pytest.approx(np.full(239, 30.0))
    assert np.ptp(readings["x"].to_numpy()[others]) == pytest.approx(4.0 * 239, rel=1e-3)
    if column == "ch4":
        assert readings["quality"].to_numpy()[50, 0] & int(Quality.DROPOUT)


def test_no_height_is_an_error_unless_declared(folder):
    mapping = GAS_MAPPING.replace('altitude = "alt"\naltitude_reference = "take-off"\n', "")
    (folder / "flight.csv.toml").write_text(mapping)
    with pytest.raises(InputError, match=r"height above ground.*default_m"):
        load_survey(folder / "flight.csv", settings=SurveySettings(wind=WEST_WIND))
    declared = SurveySettings(wind=WEST_WIND, height=HeightSettings(default_m=12.0))
    assert load_survey(folder / "flight.csv", settings=declared).in_situ["z"].to_numpy()[0] == 12.0


def test_delay_moves_time_and_place_of_the_air(folder):
    plain = load_survey(folder / "flight.csv", settings=SurveySettings(wind=WEST_WIND)).in_situ
    settings = SurveySettings(wind=WEST_WIND, sensor=(SensorSettings(delay_s=10.0),))
    delayed = load_survey(folder / "flight.csv", settings=settings).in_situ
    assert (plain["time"].to_numpy() - delayed["time"].to_numpy()).astype(float) == pytest.approx(1e10)
    moved = plain["x"].to_numpy()[20:] - delayed["x"].to_numpy()[20:]
    assert moved == pytest.approx(np.full(220, 40.0), abs=0.01)
    # Before the first fix there is no position, and that is said.
    assert (delayed["quality"].to_numpy()[:7, 0] & int(Quality.POSITION_MISSING)).all()


def test_errors_of_receiver_and_clock_become_that_of_the_position(folder):
    one = FileSettings(path="flight.csv", position_sigma_m=1.5, clock_offset_s=0.0, clock_sigma_s=0.5)
    survey = load_survey(folder, settings=SurveySettings(wind=WEST_WIND, file=(one,)))
    # 4 m/s for half a second, and 1.5 m of the receiver.
    assert survey.in_situ["position_sigma"].to_numpy() == pytest.approx(np.full(240, 2.5), rel=1e-3)
    plain = load_survey(folder / "flight.csv", settings=SurveySettings(wind=WEST_WIND))
    assert "position_sigma" not in plain.in_situ


def test_response_is_taken_out_or_flagged(folder):
    corrected = SurveySettings(wind=WEST_WIND, sensor=(SensorSettings(rise_s=4.0),))
    left = SurveySettings(wind=WEST_WIND, sensor=(SensorSettings(rise_s=4.0, correct=False),))
    path = folder / "flight.csv"
    plain = load_survey(path, settings=SurveySettings(wind=WEST_WIND)).in_situ
    first, second = load_survey(path, settings=corrected), load_survey(path, settings=left).in_situ
    assert any("taken out" in remark for remark in first.remarks)
    noise = plain["mass_concentration_sigma"].to_numpy()
    assert (first.in_situ["mass_concentration_sigma"].to_numpy() >= noise).all()
    assert float(first.in_situ["mass_concentration_sigma"].max()) > 3 * noise.max()
    assert "rise_time" not in first.in_situ
    assert second["rise_time"].to_numpy() == pytest.approx(4.0)
    assert (second["quality"] & int(Quality.LAG_UNCORRECTED)).all()
    assert np.array_equal(second["mass_concentration"], plain["mass_concentration"])


def test_pid_total_identifies_nothing_unless_declared(folder):
    (folder / "flight.csv.toml").write_text(GAS_MAPPING.replace('"CH4"', '"VOC"'))
    survey = load_survey(folder / "flight.csv", settings=SurveySettings(wind=WEST_WIND))
    assert survey.species == ("pid_response",)
    assert any("identifies nothing" in remark for remark in survey.remarks)
    declared = SpeciesSettings(file_name="VOC", name="toluene", pid=True, pid_factor=0.5)
    known = load_survey(folder / "flight.csv", settings=SurveySettings(wind=WEST_WIND, species=(declared,)))
    assert known.species == ("toluene",)
    ratio = known.in_situ["mass_concentration"] / survey.in_situ["mass_concentration"].to_numpy()
    assert ratio.to_numpy() == pytest.approx(0.5 * 92.14 / 56.108, rel=1e-3)


def test_glitches_disorder_and_duplicates_are_flagged_and_kept(folder):
    table = flight()
    table.loc[50, ["lat", "lon"]] += 0.5
    table = pd.concat([table.iloc[:100], table.iloc[[99]], table.iloc[100:]], ignore_index=True)
    write(folder, "flight.csv", table, GAS_MAPPING)
    survey = load_survey(folder / "flight.csv", settings=SurveySettings(wind=WEST_WIND))
    flags = survey.in_situ["quality"].to_numpy()[:, 0]
    assert survey.reading_count == 241
    assert np.flatnonzero(flags & int(Quality.POSITION_GLITCH)).tolist() == [50]
    assert np.flatnonzero(flags & int(Quality.DUPLICATE)).tolist() == [100]
    assert any("239 of 241" in remark for remark in survey.remarks)


def test_column_below_a_drone_becomes_a_path_to_the_ground(folder):
    mapping = GAS_MAPPING.replace('unit = "ppm"', 'unit = "ppm m"\nmeaning = "column"')
    (folder / "flight.csv.toml").write_text(mapping)
    survey = load_survey(folder / "flight.csv", settings=SurveySettings(wind=WEST_WIND))
    path = survey.open_path
    assert survey.in_situ is None
    assert path["z_start"].to_numpy() == pytest.approx(np.full(240, 30.0))
    assert path["z_end"].to_numpy() == pytest.approx(np.zeros(240))
    assert float(path["mass_concentration"].min()) == pytest.approx(2.0 / 30.0 * 0.6784e-6, rel=0.06)


def test_survey_file_declares_everything(folder):
    (folder / "survey.toml").write_text(
        """
        name = "Tank farm"
        [frame]
        lon = 4.9
        lat = 52.0
        [[file]]
        path = "flight.csv"
        lever_m = [0.0, 0.0, -0.5]
        [air]
        temperature_k = 300.0
        pressure_pa = 90000.0
        [wind]
        speed_m_s = 3.0
        direction_from_deg = 180.0
        """
    )
    survey = load_survey(folder)
    assert survey.name == "Tank farm"
    assert survey.frame.origin == latlon(52.0, 4.9)
    assert survey.in_situ["wind_northward"].to_numpy()[0] == pytest.approx(3.0)
    assert survey.in_situ["x"].to_numpy()[0] == pytest.approx(-300.0, abs=0.01)
    assert survey.in_situ["air_temperature"].to_numpy()[0] == 300.0
    assert load_survey(folder / "survey.toml").in_situ.identical(survey.in_situ)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nmae = 'x'", r"unknown key 'nmae'.*'name'"),
        ("[wind]\nspeed = 3.0", r"unknown key 'speed'.*speed_m_s"),
        ("[wind]\nspeed_m_s = 'fast'", "wrong type"),
        ("[wind]\nspeed_m_s = 3.0", "both speed_m_s and direction_from_deg"),
        ("[frame]\nlon = 3.0", "both lon and lat"),
        ("[[file]]\npath = 'flight.csv'\nclock = 'guess'", "clock = 'guess'"),
        ("[[file]]\npath = 'missing.csv'", "not there"),
        ("not toml at all", "not a TOML file"),
        ("[[sensor]]\nresponse = 'SCD41'", "little-RAVEN CO2"),
        ("[[species]]\nfile_name = 'CH4'\nname = 'methene'", "no molar mass"),
    ],
)
def test_wrong_survey_files_say_what_and_where(folder, text, message):
    (folder / "survey.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        load_survey(folder)


def test_missing_paths_are_errors(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_survey(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="no file in this folder"):
        load_survey(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_settings(tmp_path / "survey.toml")


def test_progress_reaches_its_end(folder):
    steps = []
    load_survey(folder, progress=lambda what, done, total: steps.append((what, done, total)))
    assert steps[0][0].startswith("reading")
    assert all(done < total for _, done, total in steps)
    assert steps[-1][0] == "putting the survey together"


def test_clock_is_estimated_from_a_shared_height(tmp_path):
    rng = np.random.default_rng(3)
    t = np.arange(900.0)
    height = np.interp(t, np.cumsum(rng.uniform(10, 60, 40)), rng.uniform(5, 80, 40))
    lon, lat = ORIGIN.to_lonlat(3 * np.sin(t / 40) * 20, 2.0 * t)
    stamp = pd.Timestamp("2026-05-01T10:00:00") + pd.to_timedelta(t, unit="s")
    track = pd.DataFrame({
        "time": stamp.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lat": lat,
        "lon": lon,
        "alt": height,
    })
    gas = pd.DataFrame({
        "elapsed": t + 7.0,
        "ch4": 2.0 + rng.normal(0, 0.01, 900),
        "hPa": 1013.25 - 0.12 * height + rng.normal(0, 0.02, 900),
    })
    write(tmp_path, "track.csv", track, GAS_MAPPING.partition("[[value]]")[0])
    mapping = """
[time]
column = "elapsed"
format = "elapsed"
[[value]]
column = "ch4"
species = "CH4"
unit = "ppm"
[meteorology]
air_pressure = "hPa"
pressure_unit = "hPa"
"""
    write(tmp_path, "sensor.csv", gas, mapping)
    files = (FileSettings(path="sensor.csv"), FileSettings(path="track.csv"))
    survey = load_survey(tmp_path, settings=SurveySettings(file=files, wind=WEST_WIND))
    # Reading number i was taken where the drone was at its second i.
    east = 3 * np.sin(t / 40) * 20
    error = survey.in_situ["x"].to_numpy()[20:-20] - east[20:-20]
    assert abs(np.nanmean(error - np.nanmean(error))) < 0.5
    assert np.nanstd(error) < 1.5
    assert any("estimated" in remark for remark in survey.remarks)
    assert any("positions of sensor.csv come from track.csv" in remark for remark in survey.remarks)


def test_two_clocks_without_anything_in_common_are_refused(tmp_path):
    write(tmp_path, "track.csv", flight(), GAS_MAPPING.partition("[[value]]")[0])
    gas = pd.DataFrame({"elapsed": np.arange(100.0), "ch4": np.linspace(2, 3, 100)})
    mapping = '[time]\ncolumn = "elapsed"\nformat = "elapsed"\n[[value]]\ncolumn = "ch4"\nspecies = "CH4"\nunit = "ppm"\n'
    write(tmp_path, "sensor.csv", gas, mapping)
    files = (FileSettings(path="sensor.csv"), FileSettings(path="track.csv"))
    with pytest.raises(InputError, match=r"two clocks.*clock_offset_s"):
        load_survey(tmp_path, settings=SurveySettings(file=files, wind=WEST_WIND))


def test_vulcano_flight_with_its_published_response(real_data):
    settings = SurveySettings(
        wind=WEST_WIND,
        sensor=(
            SensorSettings(species="CO2", response="little-RAVEN CO2 (SCD41)"),
            SensorSettings(species="SO2", response="little-RAVEN SO2"),
        ),
    )
    survey = load_survey(real_data / "vulcano-uav-2022" / "flight-1.csv", settings=settings)
    plain = load_survey(
        real_data / "vulcano-uav-2022" / "flight-1.csv", settings=SurveySettings(wind=WEST_WIND)
    )
    assert survey.species == ("carbon dioxide", "sulfur dioxide")

    # Both gases come from the same fumaroles: they agree better once each is put where its air was taken in.
    def agreement(dataset):
        series = []
        for column in range(2):
            values = dataset["mass_concentration"].to_numpy()[:, column]
            known = np.flatnonzero(np.isfinite(values))
            series.append((dataset["time"].to_numpy()[known].astype(float) * 1e-9, values[known]))
        (t, co2), (other, so2) = series
        inside = slice(20, -20)
        return np.corrcoef(co2[inside], np.interp(t, other, so2)[inside])[0, 1]

    assert agreement(survey.in_situ) > agreement(plain.in_situ) + 0.05
    assert set(survey.in_situ["sensor_name"].to_numpy()) == {"main CO2", "main SO2"}
    assert not (survey.in_situ["quality"] & int(Quality.LAG_UNCORRECTED)).any()


def test_skyhub_and_pergam_logs(real_data):
    skyhub = load_survey(real_data / "uav-skyhub" / "falcon1.csv", settings=SurveySettings(wind=WEST_WIND))
    assert any("2 positions" in remark for remark in skyhub.remarks)
    assert (skyhub.open_path["quality"] & int(Quality.DROPOUT)).all()  # it stood on the ground: 0.4 m of path
    pergam = load_survey(
        real_data / "uav-pergam" / "2020-10-23-09-16-13-pergam-falcon.log",
        settings=SurveySettings(wind=WEST_WIND, height=HeightSettings(default_m=10.0)),
    )
    assert pergam.open_path["mass_concentration"].shape == (11, 1)


def test_sensor_log_autopilot_log_and_weather_report_together(real_data, tmp_path):
    # The autopilot's log has the track, the sensor's only time and gas, the airport's report the wind in knots.
    log = real_data / "autopilot-logs" / "simulated-arducopter36-survey-wind4.bin"
    t = np.arange(200.0)
    stamp = pd.Timestamp("2026-11-24T02:02:00") + pd.to_timedelta(t, unit="s")
    gas = pd.DataFrame({"time": stamp.strftime("%Y-%m-%dT%H:%M:%SZ"), "ch4": 2.0 + 0.01 * np.cos(t)})
    mapping = '[time]\ncolumn = "time"\n[[value]]\ncolumn = "ch4"\nspecies = "CH4"\nunit = "ppm"\n'
    write(tmp_path, "sensor.csv", gas, mapping)
    (tmp_path / "autopilot.bin").symlink_to(log)
    reports = "".join(
        f"2026-11-24 {at} METAR YSCB 24{at.replace(':', '')}Z 27012KT 9999 FEW030 20/10 Q1010=\n"
        for at in ("01:30", "02:00", "02:30")
    )
    (tmp_path / "canberra.metar").write_text(reports)
    survey = load_survey(tmp_path)
    readings = survey.in_situ
    assert np.isfinite(readings["x"]).all()
    assert float(readings["z"].max()) > 5.0
    assert readings["wind_eastward"].to_numpy() == pytest.approx(np.full(200, 12 * 1852 / 3600))
    assert readings["wind_height"].to_numpy() == pytest.approx(np.full(200, 10.0))
    assert float(readings["wind_sigma"].min()) > 1.0  # an airport is somewhere else
    # Pressure falls by about 11.9 Pa a metre near sea level.
    altitude = float(read(log).tables["track"]["altitude_mean_sea_level"].median())
    assert readings["air_pressure"].to_numpy() == pytest.approx(
        np.full(200, 101_000.0 - 11.9 * altitude), rel=2e-4
    )
    assert readings["air_temperature"].to_numpy() == pytest.approx(np.full(200, 293.15))
    assert any("positions of sensor.csv come from autopilot.bin" in remark for remark in survey.remarks)
    assert any("10 km away" in remark for remark in survey.remarks)
