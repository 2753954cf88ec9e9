"""The open release sets, read through the committed mappings and compared with a second, independent reading."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from plumeline.instruments import read

SURVEYS = Path(__file__).resolve().parents[2] / "benchmarks" / "surveys"


def test_aded(real_data):
    folder = real_data / "aded-2022"
    recording = read(folder / "observations.csv", mapping=SURVEYS / "aded.toml")
    table = recording.tables["readings"]
    frame = pd.read_csv(folder / "observations.csv")
    at = table["sensor_name"].to_numpy().tolist().index("SE")
    chosen = table["sensor"].to_numpy() == at
    np.testing.assert_array_equal(table["CH4"].to_numpy()[chosen], frame["SE"])
    assert set(table["x"].to_numpy()[chosen]) == {38.1641}
    wind = pd.read_csv(folder / "wind.csv")
    np.testing.assert_array_equal(
        recording.tables["wind"]["direction_from"], wind["direction_from_deg"] % 360
    )


def test_ginninderra_keeps_every_row_and_each_wind_once(real_data):
    path = real_data / "ginninderra-2015" / "observations.csv"
    recording = read(path, mapping=SURVEYS / "ginninderra.toml")
    frame = pd.read_csv(path)
    table = recording.tables["readings"]
    np.testing.assert_array_equal(table["CH4"], frame["ch4_ppm"])
    np.testing.assert_array_equal(table["line"], np.arange(2, len(frame) + 2))
    assert recording.tables["wind"].sizes["record"] == frame["time_local"].nunique()
    assert table["time"].to_numpy()[0] == np.datetime64("2015-05-21T06:35:00")


def test_chilbolton(real_data):
    folder = real_data / "chilbolton-2017" / "source-1"
    recording = read(folder / "observations.csv", mapping=SURVEYS / "chilbolton.toml")
    table = recording.tables["readings"]
    frame = pd.read_csv(folder / "observations.csv")
    np.testing.assert_array_equal(
        table["CH4"].to_numpy().reshape(-1, 7), frame.filter(like="ch4").to_numpy(float)
    )
    wind = pd.read_csv(folder / "wind.csv")
    tangent = np.tan(np.radians(recording.tables["wind"]["direction_sigma"].to_numpy()))
    np.testing.assert_allclose(tangent, wind["average_tan_gamma_horizontal"])
    assert table.attrs["time_reference"] == "relative"


def test_prairie_grass_times_come_from_the_runs(real_data):
    folder = real_data / "prairie-grass-1956"
    recording = read(folder / "observations.csv", mapping=SURVEYS / "prairie_grass.toml")
    table = recording.tables["readings"]
    assert table["time"].to_numpy()[0] == np.datetime64("1956-07-03T17:00:00")
    weather = pd.read_csv(folder / "meteorology.csv").dropna()
    assert recording.tables["wind"].sizes["record"] == len(weather)
    assert recording.tables["meteorology"]["friction_velocity"].to_numpy() == pytest.approx(
        weather["friction_velocity_m_s"].to_numpy()
    )
