import numpy as np
import pytest
import xarray as xr

from plumeline.errors import ConfigurationError
from plumeline.observations import rawwind
from plumeline.observations.geometry import Track
from plumeline.observations.settings import WindSettings
from plumeline.observations.wind import speed_and_direction

START = np.datetime64("2026-01-01T00:00", "ns")


def table(step_s, *, attributes, **columns):
    count = len(next(iter(columns.values())))
    time = START + (np.arange(count) * step_s * 1e9).astype("timedelta64[ns]")
    return xr.Dataset(
        {"time": ("record", time)}
        | {name: ("record", np.asarray(values, float)) for name, values in columns.items()},
        attrs=attributes,
    )


def square_flight(seconds=800):
    t = np.arange(float(seconds)) + START.astype(np.int64) * 1e-9
    heading = np.repeat([0.0, 90.0, 180.0, 270.0], seconds // 4)
    x, y = (np.cumsum(5.0 * f(np.deg2rad(heading))) for f in (np.sin, np.cos))
    return Track(time_s=t, x_m=x, y_m=y, z_m=np.full(seconds, 12.0), heading_deg=heading)


def test_autopilots_estimate_is_trusted_as_published_comparisons_allow():
    raw = table(
        0.5,
        attributes={"mounting": "estimate", "motion": "removed"},
        eastward=[3.0] * 100,
        northward=[1.0] * 100,
    )
    series, _ = rawwind.series_of(raw, WindSettings(), track=square_flight())
    assert series["wind_sigma"].to_numpy() == pytest.approx(np.full(100, 1.0))
    assert series["wind_height"].to_numpy() == pytest.approx(np.full(100, 12.0))


def test_flown_anemometer_gives_the_true_wind_in_minutes():
    track = square_flight()
    east, north = (
        3.0 - 5.0 * np.sin(np.deg2rad(track.heading_deg)),
        1.0 - 5.0 * np.cos(np.deg2rad(track.heading_deg)),
    )
    speed, direction = speed_and_direction(east, north)
    raw = table(
        1.0,
        attributes={"mounting": "platform", "motion": "included", "frame": "unknown"},
        speed=speed,
        direction_from=(direction - track.heading_deg) % 360.0,
    )
    series, remarks = rawwind.series_of(raw, WindSettings(), track=track)
    assert float(series["wind_eastward"].median()) == pytest.approx(3.0, abs=0.02)
    assert float(series["wind_northward"].median()) == pytest.approx(1.0, abs=0.02)
    assert any("from the nose" in remark for remark in remarks)


def test_a_flight_that_never_turned_does_not_tell_the_frame():
    track = square_flight()
    straight = Track(
        time_s=track.time_s,
        x_m=5.0 * np.arange(800.0),
        y_m=np.zeros(800),
        z_m=track.z_m,
        heading_deg=np.full(800, 90.0),
    )
    raw = table(
        1.0,
        attributes={"mounting": "platform", "motion": "included", "frame": "unknown"},
        speed=np.full(800, 4.0),
        direction_from=np.full(800, 30.0),
    )
    with pytest.raises(ConfigurationError, match="declare frame"):
        rawwind.series_of(raw, WindSettings(), track=straight)
    series, _ = rawwind.series_of(raw, WindSettings(frame="body"), track=straight)
    assert np.isfinite(series["wind_eastward"]).all()


def test_a_calm_needs_no_direction():
    raw = table(60.0, attributes={}, speed=[0.0, 2.0, 3.0], direction_from=[np.nan, 90.0, np.nan])
    series, _ = rawwind.series_of(raw, WindSettings())
    assert series["wind_eastward"].to_numpy() == pytest.approx([0.0, -2.0])


def test_a_fast_record_that_states_no_height_is_averaged_without_one_and_without_noise(recwarn):
    raw = table(
        0.5,
        attributes={"mounting": "fixed", "motion": "removed"},
        eastward=[3.0] * 400,
        northward=[1.0] * 400,
    )
    series, _ = rawwind.series_of(raw, WindSettings())
    assert np.isnan(series["wind_height"].to_numpy()).all()
    assert series["wind_eastward"].to_numpy() == pytest.approx(3.0)
    assert not recwarn.list
