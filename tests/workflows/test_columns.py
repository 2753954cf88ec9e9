"""`locate --columns`: a layer's file, its wind and its place, up to the survey that the inversion takes."""

import math

import numpy as np
import pytest
from click.testing import CliRunner

from plumeline.cli.main import plumeline
from plumeline.errors import ConfigurationError, InputError
from plumeline.instruments.cubes import MapGrid, write_cog
from plumeline.workflows.columns import ColumnRequest, column_surveys, stated_wind
from surveys import flight

GRID = MapGrid(crs="EPSG:32631", west=500_000.0, north=5_800_240.0, pixel=(2.0, 2.0))


def layer(tmp_path, gas="Methane", shape=(60, 80)):
    path = tmp_path / "column.tif"
    values = np.random.default_rng(1).normal(0.0, 20.0, shape).astype(np.float32)
    values[10, 70] = 5000.0  # towards the north-east corner
    write_cog(path, [values], [f"{gas} column [ppm m]"], GRID)
    return path


def test_a_layer_lies_where_its_map_says(tmp_path):
    request = ColumnRequest(path=layer(tmp_path), wind=stated_wind("3,270"))
    (survey,) = column_surveys([request], [])
    path = survey.open_path
    x, y = path["x_start"].to_numpy(), path["y_start"].to_numpy()
    strongest = int(path["mass_concentration"].to_numpy()[:, 0].argmax())
    # 60 x 80 pixels of 2 m about the frame's origin; the scale of UTM on its meridian is 0.9996.
    assert x[strongest] == pytest.approx((71.0 - 40.0) * 2.0, abs=4.1)
    assert y[strongest] == pytest.approx((30.0 - 11.0) * 2.0, abs=4.1)
    assert np.ptp(x) == pytest.approx(160.0, abs=8.0)
    assert any("nobody said when" in one for one in survey.remarks)


def test_the_flights_wind_and_name_of_the_gas_serve(tmp_path):
    (survey,) = column_surveys([ColumnRequest(path=layer(tmp_path))], [flight()])
    assert survey.species == ("methane",)
    wind = flight().in_situ["wind_eastward"].to_numpy().mean()
    assert float(survey.open_path["wind_eastward"][0]) == pytest.approx(wind)
    assert any("mean of the flight's" in one for one in survey.remarks)


def test_without_any_wind_nothing_is_guessed(tmp_path):
    with pytest.raises(ConfigurationError, match="nobody knows the wind"):
        column_surveys([ColumnRequest(path=layer(tmp_path))], [])


def test_a_gas_without_a_molar_mass_is_refused(tmp_path):
    request = ColumnRequest(path=layer(tmp_path, gas="phlogiston"), wind=stated_wind("3,270"))
    with pytest.raises(InputError, match="phlogiston"):
        column_surveys([request], [])


def test_words_of_a_wind():
    wind = stated_wind("3.0,240,0.5")
    assert wind.eastward_m_s == pytest.approx(3.0 * math.sin(math.radians(60.0)))
    assert wind.northward_m_s == pytest.approx(1.5)
    assert wind.sigma_m_s == 0.5
    for text in ("", "3", "3,4,5,6", "a,b", "0,240", "-1,240", "3,nan", "3,240,0", "3,999", "inf,2"):
        assert stated_wind(text) is None, text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "give a SURVEY"),
        (["--columns-wind", "3,240"], "give a SURVEY"),
        (["flight.csv", "--columns-wind", "3,240"], "are for --columns"),
        (["--columns", "none.tif", "--columns-wind", "storm"], "SPEED,FROM"),
        (["--columns", "none.tif", "--columns-time", "noon"], "not a time"),
    ],
)
def test_words_that_do_not_go_together(words, says):
    result = CliRunner().invoke(plumeline, ["locate", *words])
    assert result.exit_code == 2
    assert says in result.output
