import numpy as np
import pytest
import xarray as xr

from plumeline.errors import SchemaError
from plumeline.observations import WIND
from plumeline.schemas import REGISTRY, Schema, register


def wind(**changes):
    time = np.array(["2024-01-01", "2024-01-02"], "datetime64[ns]")
    variables = {
        name: ("time", np.ones(2), {"units": "m s-1"})
        for name in ("wind_eastward", "wind_northward", "wind_sigma")
    }
    variables["wind_height"] = ("time", np.full(2, 10.0), {"units": "m"})
    return xr.Dataset(variables | changes, coords={"time": time})


def test_a_good_dataset_passes_and_is_marked():
    assert WIND.validate(wind()).attrs["plumeline_schema"] == "wind"


def test_all_departures_are_listed_at_once():
    bad = wind(wind_sigma=("time", np.array([1, 2]), {"units": "kn"})).drop_vars("wind_height")
    with pytest.raises(SchemaError) as caught:
        WIND.validate(bad)
    assert len(caught.value.faults) == 3


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="twice"):
        register(Schema(name="wind", doc=""))
    assert REGISTRY["wind"] is WIND
