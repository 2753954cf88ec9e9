import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline.observations.anemometer import (
    alignment,
    block_means,
    direction_sigma_rad,
    integral_time_s,
    true_wind_m_s,
)
from plumeline.observations.wind import components_m_s, speed_and_direction

START = np.datetime64("2026-01-01T00:00", "ns")


def test_reference_cases_of_motion_corrected_wind(real_data):
    table = pd.read_csv(real_data / "uav-skyhub" / "true_wind_samples.csv")
    assert len(table) >= 8
    # The samples hold direction and speed of motion; the nose points where the platform goes.
    over_ground = components_m_s(-table["Velocity"], table["Direction"])
    wind = true_wind_m_s(
        table["AIR:Speed"],
        table["AIR:Direction"],
        heading_deg=table["Direction"],
        eastward_m_s=over_ground[0],
        northward_m_s=over_ground[1],
    )
    speed, direction = speed_and_direction(*wind)
    assert speed == pytest.approx(table["Reference:TrueWindSpeed"].to_numpy(), abs=1e-4)
    turn = np.deg2rad(direction - table["Reference:TrueWindDirection"].to_numpy())
    assert np.cos(turn) == pytest.approx(np.ones(len(table)), abs=1e-9)


@given(st.floats(0, 15), st.floats(0, 360), st.floats(0, 360), st.floats(0, 12), st.floats(0, 360))
def test_measured_flow_of_a_known_wind_gives_it_back(speed, direction, heading, ground_speed, course):
    wind = np.array([c[0] for c in components_m_s([speed], [direction])])
    motion = -np.array([c[0] for c in components_m_s([ground_speed], [course])])
    flow_speed, flow_direction = speed_and_direction(*(wind - motion))
    back = true_wind_m_s(
        flow_speed,
        flow_direction - heading,
        heading_deg=heading,
        eastward_m_s=motion[0],
        northward_m_s=motion[1],
    )
    assert np.array(back) == pytest.approx(wind, abs=1e-9)


def test_frame_and_mounting_angle_are_recognised_by_the_steady_wind():
    rng = np.random.default_rng(0)
    heading = np.repeat([0.0, 90.0, 180.0, 270.0], 200)
    motion = {
        "eastward_m_s": 5 * np.sin(np.deg2rad(heading)),
        "northward_m_s": 5 * np.cos(np.deg2rad(heading)),
    }
    east, north = 3.0 + rng.normal(0, 0.4, 800), 1.0 + rng.normal(0, 0.4, 800)
    speed, direction = speed_and_direction(east - motion["eastward_m_s"], north - motion["northward_m_s"])
    for frame, measured in (("body", direction - heading), ("earth", direction)):
        found = alignment(speed, measured - 30.0, heading_deg=heading, **motion)
        assert found.frame == frame
        assert found.offset_deg == pytest.approx(30.0, abs=2.0)
        assert found.contrast > 3
        assert found.gain > 3
        assert alignment(speed, measured, heading_deg=heading, **motion).gain < 1.1


def test_error_of_block_means_matches_their_scatter():
    # An Ornstein-Uhlenbeck wind has a known integral time; block means must scatter as the stated error says.
    rng = np.random.default_rng(1)
    n, step, tau, sigma = 60_000, 0.2, 4.0, 0.8
    decay = np.exp(-step / tau)
    kick = sigma * np.sqrt(1 - decay**2)
    components = np.zeros((2, n))
    for i in range(1, n):
        components[:, i] = decay * components[:, i - 1] + rng.normal(0, kick, 2)
    time = START + (np.arange(n) * step * 1e9).astype("timedelta64[ns]")
    assert integral_time_s(np.arange(n) * step, *components, longest_s=60.0) == pytest.approx(tau, rel=0.15)
    means = block_means(time, components[0] + 4.0, components[1], block_s=60.0, instrument_sigma_m_s=0.0)
    scatter = 0.5 * (means["wind_eastward"].std() + means["wind_northward"].std())
    assert float(means["wind_sigma"].median()) == pytest.approx(float(scatter), rel=0.15)
    assert float(means["direction_sigma"].median()) == pytest.approx(sigma / 4.0, rel=0.15)


def test_direction_sigma_of_known_directions():
    rng = np.random.default_rng(2)
    angle = rng.normal(0, 0.2, 50_000)
    assert direction_sigma_rad(np.cos(angle), np.sin(angle)) == pytest.approx(0.2, rel=0.01)
    uniform = rng.uniform(0, 2 * np.pi, 50_000)
    assert direction_sigma_rad(np.cos(uniform), np.sin(uniform)) == pytest.approx(
        np.pi / np.sqrt(3), rel=0.02
    )


def test_skyhub_flight_gives_one_wind_on_opposite_legs(real_data):
    # 5 m/s lawn-mower legs to the south-east and back: the wind must not turn with the platform. The file does not say
    # how the direction is counted; the flight itself does.
    table = pd.read_csv(real_data / "uav-skyhub" / "wind-trajectory1.csv").iloc[::10]
    seconds = table["Elapsed"].to_numpy() * 1e-3
    north = np.gradient(np.deg2rad(table["Latitude"].to_numpy()) * 6.371e6, seconds)
    east = np.gradient(
        np.deg2rad(table["Longitude"].to_numpy()) * 6.371e6 * np.cos(np.deg2rad(56.86)), seconds
    )
    flying = (table["ALT:Altitude"] > 10).to_numpy() & (np.hypot(east, north) < 12)
    speed, direction = table["AIR:Speed"].to_numpy()[flying], table["AIR:Direction"].to_numpy()[flying]
    rest = {
        "heading_deg": table["Yaw"].to_numpy()[flying],
        "eastward_m_s": east[flying],
        "northward_m_s": north[flying],
    }
    found = alignment(speed, direction, **rest)
    assert found.frame == "earth"
    assert found.contrast > 2
    wind = np.array(true_wind_m_s(speed, direction + found.offset_deg, frame=found.frame, **rest))
    out = np.cos(np.deg2rad(rest["heading_deg"] - 130.0)) > 0.7
    back = np.cos(np.deg2rad(rest["heading_deg"] - 310.0)) > 0.7
    difference = np.hypot(*(wind[:, out].mean(axis=1) - wind[:, back].mean(axis=1)))
    assert difference < 2.5
    assert difference < 0.4 * np.hypot(*(motion_between(rest, out, back)))


def motion_between(rest, out, back):
    return [rest[name][out].mean() - rest[name][back].mean() for name in ("eastward_m_s", "northward_m_s")]
