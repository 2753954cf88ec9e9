"""What instruments, platform, wind and towns do, each against what its definition says."""

from dataclasses import replace

import numpy as np
import pytest

from plumeline.simulations import fly
from plumeline.simulations.large_scale_wind import WindSettings, large_scale_wind
from plumeline.simulations.recordings import write_gas_csv
from plumeline.simulations.scenario import load
from plumeline.simulations.scene import Platform
from plumeline.simulations.sensors import Sensor, measure
from plumeline.simulations.surface_layer import SurfaceLayer
from plumeline.simulations.town_plan import RECEPTORS, settle
from plumeline.simulations.towns import town

PERFECT = Sensor(kind="ptr-ms", species="acetone", noise_ppb=0.0, relative_noise=0.0, rise_s=0.0, decay_s=0.0)


def read(sensor, signal, *, humidity=None, temperature=None, seed=1):
    count = len(signal)
    return measure(
        sensor,
        {"acetone": np.asarray(signal, float)},
        relative_humidity=np.full(count, 0.5) if humidity is None else humidity,
        temperature_k=np.full(count, 293.0) if temperature is None else temperature,
        rng=np.random.default_rng(seed),
    )


def test_a_sensor_rises_and_falls_with_its_own_time_constants():
    step = np.r_[np.zeros(5), np.full(300, 100.0), np.zeros(300)]
    reading = read(replace(PERFECT, rise_s=4.0, decay_s=20.0), step)
    # The first second of a step moves the level already: four time constants after the edge is index 5 + 4 - 1.
    assert reading[5 + 4 - 1] == pytest.approx(100 * (1 - np.exp(-1)), rel=1e-6)
    assert reading[305 + 20 - 1] == pytest.approx(100 * np.exp(-1), rel=1e-6)


def test_the_inlet_delays_by_its_lag():
    ramp = np.arange(60.0)
    np.testing.assert_allclose(read(replace(PERFECT, lag_s=7.0), ramp)[10:], ramp[10:] - 7.0)


def test_a_reading_saturates_and_comes_in_steps():
    reading = read(
        replace(PERFECT, full_scale_ppb=50.0, resolution_ppb=4.0, gain_error=0.1), np.linspace(0, 90, 91)
    )
    assert reading.max() == 50.0
    assert set(np.round(reading % 4.0, 9)) <= {0.0, 2.0}  # 50 itself is the ceiling
    assert reading[20] == 24.0  # 20 ppb read 10 % high, rounded to the next step


def test_humidity_and_temperature_move_the_zero():
    reading = read(
        replace(PERFECT, humidity_ppb=30.0, temperature_ppb=5.0),
        np.full(3, 100.0),
        humidity=np.array([0.5, 0.6, 0.5]),
        temperature=np.array([293.0, 293.0, 295.0]),
    )
    np.testing.assert_allclose(reading, [100.0, 130.0, 110.0])


def test_drift_is_as_large_after_an_hour_as_stated_and_noise_as_stated():
    ends = [read(replace(PERFECT, drift_ppb_h=20.0), np.zeros(3600), seed=seed)[-1] for seed in range(200)]
    assert np.std(ends) == pytest.approx(20.0, rel=0.2)
    assert np.std(read(replace(PERFECT, noise_ppb=3.0), np.zeros(4000))) == pytest.approx(3.0, rel=0.1)


def test_dropouts_come_as_often_as_stated():
    gaps = [
        np.isnan(read(replace(PERFECT, dropouts_per_hour=6.0), np.zeros(3600), seed=seed))
        for seed in range(60)
    ]
    starts = [np.count_nonzero(np.diff(np.r_[0, gap.astype(int)]) == 1) for gap in gaps]
    assert np.mean(starts) == pytest.approx(6.0, rel=0.2)


def test_a_lamp_is_blind_where_a_hot_oxide_is_not():
    lamp = Sensor(kind="pid", species="VOC", noise_ppb=1.0)
    assert lamp.response("methanol") == 0.0
    assert lamp.response("toluene") > 1.0
    assert replace(lamp, kind="mox").response("methanol") > 0.0
    assert replace(lamp, kind="electrochemical", species="ammonia").response("toluene") == 0.0


def wind(**settings):
    layer = SurfaceLayer.from_wind(4.0, 10.0, inverse_obukhov_length_m1=0.0, roughness_m=0.1)
    return large_scale_wind(
        layer,
        WindSettings(toward_rad=0.0, **settings),
        count=3600,
        step_s=1.0,
        reference_height_m=10.0,
        rng=np.random.default_rng(3),
    )


def test_the_wind_follows_the_day_and_turns_and_gusts():
    plain = wind()
    afternoon, night = (wind(diurnal_amplitude=0.3, start_hour=hour) for hour in (14.5, 2.5))
    # Within half an hour of its extremes the daily cycle is 30 % of the mean of 4 m/s, up at 15 h and down at 3 h.
    np.testing.assert_allclose(afternoon.eastward_m_s - plain.eastward_m_s, 1.2, atol=0.02)
    np.testing.assert_allclose(night.eastward_m_s - plain.eastward_m_s, -1.2, atol=0.02)
    turned = wind(turning_rad_s=1e-4)
    angle = np.unwrap(np.arctan2(turned.northward_m_s, turned.eastward_m_s)) - np.unwrap(
        np.arctan2(plain.northward_m_s, plain.eastward_m_s)
    )
    assert angle[-1] - angle[0] == pytest.approx(0.36, abs=0.01)
    gusty = wind(gusts_per_hour=30.0, gust_factor=2.0)
    assert (gusty.eastward_m_s - plain.eastward_m_s).max() == pytest.approx(4.0, abs=0.1)


@pytest.fixture(scope="module")
def still():
    """A flight in which nothing emits, so that no filament is followed."""
    scene = load("nothing-there").build(1)
    platform = Platform(position_sigma_m=2.0, height_sigma_m=0.5, attitude_sigma_deg=3.0, clock_offset_s=4.0)
    return fly(replace(scene, platform=platform), 1)


def test_the_aircraft_errs_in_place_and_attitude_as_stated(still):
    off = still.reported_m - still.scene.track.places_m
    # The error wanders slowly: a flight holds few independent values of it.
    assert 0.8 < np.hypot(off[:, 0], off[:, 1]).std() + np.abs(off[:, :2].mean(axis=0)).max() < 6.0
    assert np.abs(off[:, 2]).max() < 5 * 0.5
    assert still.attitude_deg[:, 1].std() == pytest.approx(3.0, rel=0.1)


def test_the_gas_logger_runs_on_a_clock_of_its_own(still, tmp_path):
    write_gas_csv(still, tmp_path / "gas.csv")
    first = (tmp_path / "gas.csv").read_text().splitlines()[1].split(",")[0]
    assert np.datetime64(first.removesuffix("Z"), "s") - still.time[0].astype("datetime64[s]") == 4


def test_a_town_has_people_and_places_to_protect_and_what_works_in_it():
    rng = np.random.default_rng(5)
    houses = settle(town(rng, count=200), {"bakery": 2, "nail_salon": 1}, rng)
    uses = [house.use for house in houses]
    assert [uses.count(use) for use in RECEPTORS] == [1, 1]
    assert uses.count("bakery") == 2
    homes = [house.residents for house in houses if house.use == "residential"]
    assert np.mean(homes) == pytest.approx(3.0, abs=0.5)
    assert all(house.residents == 0 for house in houses if house.use in RECEPTORS)
    assert sum(bool(house.shares_wall_with) for house in houses) > 50
    assert all(3.0 <= house.height_m <= 25.0 for house in houses)
