"""The simulated plume obeys physics whatever its numbers: mass, superposition, rotation, scaling."""

import numba
import numpy as np
import pytest
from shapely import box

from plumeline.simulations import SurfaceLayer
from plumeline.simulations.canopy import Canopy
from plumeline.simulations.filaments import Readings, Release, couplings
from plumeline.simulations.large_scale_wind import LargeScaleWind, WindSettings, large_scale_wind
from plumeline.simulations.surface_layer import inverse_obukhov_length_m1

LAYER = SurfaceLayer.from_wind(4.0, 10.0, roughness_m=0.05)


def steady_wind(count, toward_rad=0.0, speed=4.0):
    return LargeScaleWind(
        step_s=1.0,
        eastward_m_s=np.full(count, speed * np.cos(toward_rad)),
        northward_m_s=np.full(count, speed * np.sin(toward_rad)),
        reference_height_m=10.0,
    )


def at_step(step, places):
    places = np.asarray(places, float)
    return Readings(step_index=np.full(len(places), step), start_m=places, end_m=places)


def grid(x, y, z):
    return np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).reshape(-1, 3)


@pytest.mark.parametrize("letter", ["A", "D", "F"])
def test_all_mass_released_is_in_the_air(letter):
    layer = SurfaceLayer.from_wind(
        3.0, 10.0, inverse_obukhov_length_m1=inverse_obukhov_length_m1(letter, 0.05), roughness_m=0.05
    )
    seconds = 12
    x, y, z = np.arange(-20, 90, 1.5), np.arange(-36, 37, 1.5), np.arange(0.5, 50, 1.0)
    readings = at_step(seconds - 1, grid(x, y, z))
    # The grid resolves puffs of 1.5 m, so the sum over its cells is the integral.
    release = Release(place_m=(0.0, 0.0, 3.0), weight=np.ones(seconds), size_m=1.5)
    c = couplings(readings, release, wind=steady_wind(seconds), layer=layer, seed=1)
    mass_per_rate = c.sum() * 1.5 * 1.5 * 1.0
    # Mean over the last step of what was released before and within it.
    assert mass_per_rate == pytest.approx(seconds - 0.5, rel=0.01)


def test_flux_through_a_plane_downwind_is_the_rate():
    count = 400
    speed = 4.0
    flat = SurfaceLayer.from_wind(speed, 10.0, roughness_m=0.05)
    y, z = np.arange(-60, 61, 2.0), np.arange(0.5, 60, 1.0)
    plane = grid(np.array([80.0]), y, z)
    steps = np.repeat(np.arange(100, count, 10), len(plane))
    places = np.tile(plane, ((count - 100) // 10, 1))
    readings = Readings(step_index=steps, start_m=places, end_m=places)
    release = Release(place_m=(0.0, 0.0, 3.0), weight=np.ones(count))
    c = couplings(readings, release, wind=steady_wind(count), layer=flat, seed=3, per_step=4)
    mean = c.reshape(-1, len(plane)).mean(axis=0)
    flux = np.sum(mean * flat.speed_m_s(plane[:, 2])) * 2.0 * 1.0
    assert flux == pytest.approx(1.0, abs=0.15)


def test_rotating_the_frame_rotates_the_answer():
    rng = np.random.default_rng(0)
    places = np.column_stack([rng.uniform(20, 120, 200), rng.uniform(-20, 20, 200), rng.uniform(1, 15, 200)])
    angle = 1.1
    turn = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    answers = []
    for toward, where in [(0.3, places), (0.3 + angle, places @ turn)]:
        wind = large_scale_wind(
            LAYER,
            WindSettings(toward_rad=toward, gusts_per_hour=30),
            count=120,
            step_s=1.0,
            reference_height_m=10.0,
            rng=np.random.default_rng(5),
        )
        release = Release(place_m=(0.0, 0.0, 3.0), weight=np.ones(120))
        readings = Readings(step_index=np.repeat(np.arange(80, 120), 5), start_m=where, end_m=where)
        answers.append(couplings(readings, release, wind=wind, layer=LAYER, seed=2))
    assert answers[0].max() > 0
    np.testing.assert_allclose(answers[0], answers[1], rtol=1e-6, atol=1e-12 * answers[0].max())


def test_scaling_the_rate_scales_the_concentration():
    readings = at_step(59, [[50.0, 0.0, 4.0], [40.0, 3.0, 2.0]])
    one, three = (
        couplings(
            readings,
            Release(place_m=(0, 0, 3.0), weight=np.full(60, rate)),
            wind=steady_wind(60),
            layer=LAYER,
            seed=8,
        )
        for rate in (1.0, 3.0)
    )
    np.testing.assert_allclose(three, 3.0 * one, rtol=1e-12)


def test_nothing_arrives_upwind_nor_before_the_release():
    release = Release(place_m=(0.0, 0.0, 3.0), weight=np.ones(60))
    upwind = couplings(at_step(59, [[-80.0, 0.0, 3.0]]), release, wind=steady_wind(60), layer=LAYER, seed=1)
    early = couplings(at_step(5, [[100.0, 0.0, 3.0]]), release, wind=steady_wind(60), layer=LAYER, seed=1)
    assert upwind[0] == 0.0
    assert early[0] == 0.0


def test_a_path_reads_the_mean_of_its_points():
    wind, release = steady_wind(160), Release(place_m=(0.0, 0.0, 3.0), weight=np.ones(160), size_m=1.0)
    start, end = np.array([60.0, -30.0, 3.0]), np.array([60.0, 30.0, 5.0])
    steps = np.arange(60, 160)
    path = Readings(step_index=steps, start_m=np.tile(start, (100, 1)), end_m=np.tile(end, (100, 1)))
    along = start + (end - start) * ((np.arange(60) + 0.5) / 60)[:, None]
    points = Readings(
        step_index=np.repeat(steps, 60), start_m=np.tile(along, (100, 1)), end_m=np.tile(along, (100, 1))
    )
    whole, parts = (
        couplings(readings, release, wind=wind, layer=LAYER, seed=4).mean() for readings in (path, points)
    )
    assert whole == pytest.approx(parts, rel=0.02)


def test_deposition_is_off_by_default_and_only_takes_away():
    readings = at_step(99, grid(np.arange(60, 120, 4.0), np.arange(-10, 11, 4.0), np.array([1.0, 3.0])))
    release = Release(place_m=(0.0, 0.0, 1.0), weight=np.ones(100))
    kept, lost = (
        couplings(readings, release, wind=steady_wind(100), layer=LAYER, seed=6, deposition_m_s=v)
        for v in (0.0, 0.02)
    )
    assert np.all(lost <= kept + 1e-15)
    assert 0.3 < lost.sum() / kept.sum() < 0.95


def test_the_answer_does_not_depend_on_the_number_of_threads():
    readings = at_step(99, grid(np.arange(40, 80, 4.0), np.arange(-10, 11, 4.0), np.array([2.0])))
    release = Release(place_m=(0.0, 0.0, 2.0), weight=np.ones(100))
    before = numba.get_num_threads()
    answers = []
    for threads in (1, before):
        numba.set_num_threads(threads)
        answers.append(couplings(readings, release, wind=steady_wind(100), layer=LAYER, seed=6))
    assert answers[0].tobytes() == answers[1].tobytes()


def test_in_plume_signal_is_intermittent():
    count = 900
    place = np.tile([80.0, 0.0, 3.0], (count - 100, 1))
    readings = Readings(step_index=np.arange(100, count), start_m=place, end_m=place)
    release = Release(place_m=(0.0, 0.0, 3.0), weight=np.ones(count))
    c = couplings(readings, release, wind=steady_wind(count), layer=LAYER, seed=9)
    # Concentration fluctuation intensity on the axis of a point source's plume: about 0.5 to 3 in field studies.
    assert 0.4 < c.std() / c.mean() < 3.0


def test_walls_keep_the_plume_out_of_a_building():
    block = box(30.0, -40.0, 60.0, 40.0)
    canopy = Canopy.from_buildings([block], [12.0], toward_rad=0.0)
    inside = grid(np.arange(36, 55, 3.0), np.arange(-30, 31, 6.0), np.array([2.0, 5.0]))
    release = Release(place_m=(0.0, 0.0, 3.0), weight=np.ones(150), size_m=0.1)
    open_air, walled = (
        couplings(at_step(149, inside), release, wind=steady_wind(150), layer=LAYER, seed=1, canopy=c)
        for c in (None, canopy)
    )
    # What is left are the flanks of filaments that slide along the wall outside.
    assert walled.sum() < 0.1 * open_air.sum()
