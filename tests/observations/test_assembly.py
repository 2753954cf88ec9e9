import numpy as np
import pytest

from plumeline.errors import SchemaError
from plumeline.observations import IN_SITU, WIND
from plumeline.observations.assembly import assemble

TIME = np.array(["2026-01-01T00:00", "2026-01-01T00:01"], "datetime64[ns]")
MINIMUM = {
    "time": TIME,
    "sensor": [0, 0],
    "sensor_name": ["a"],
    "species": ["methane"],
    "x": [0.0, 1.0],
    "y": 0.0,
    "z": 2.0,
}


def test_constants_broadcast_and_what_is_not_known_is_nan():
    dataset = assemble(IN_SITU, MINIMUM)
    assert dataset["z"].to_numpy().tolist() == [2.0, 2.0]
    assert np.isnan(dataset["mass_concentration"]).all()
    assert dataset["mass_concentration"].shape == (2, 1)
    assert (dataset["quality"] == 0).all()
    assert dataset["wind_eastward"].attrs["units"] == "m s-1"


def test_optional_that_is_wholly_unknown_is_left_out():
    assert "air_pressure" not in assemble(IN_SITU, MINIMUM | {"air_pressure": np.full(2, np.nan)})
    assert "air_pressure" in assemble(IN_SITU, MINIMUM | {"air_pressure": [np.nan, 1e5]})


def test_missing_time_is_refused():
    with pytest.raises(SchemaError, match="time is missing"):
        assemble(IN_SITU, {name: value for name, value in MINIMUM.items() if name != "time"})


def test_misspelt_variable_is_refused():
    with pytest.raises(ValueError, match="wind_east not in schema"):
        assemble(WIND, {"time": TIME, "wind_east": [1.0, 2.0]})


def test_result_does_not_share_memory_with_the_input():
    height = np.array([2.0, 3.0])
    dataset = assemble(IN_SITU, MINIMUM | {"z": height})
    height[0] = 99.0
    assert dataset["z"].to_numpy()[0] == 2.0
