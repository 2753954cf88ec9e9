"""Column images in the inversion: the physics of a column, and sources found from simulated scenes.

Scenes are drifting puffs (`simulations.scene_plume`), not the inversion's plume; the readings' wind is off by ten degrees.
"""

import numpy as np
import pytest
import shapely

from plumeline.frames import LocalFrame, lonlat
from plumeline.observations import Survey
from plumeline.observations.columns import AIR_K, AIR_PA, SteadyWind, Taken, column_survey, tiles_of
from plumeline.simulations.scene_plume import ScenePlume, plume_mass_kg_m2
from plumeline.sources import InferenceSettings, infer
from plumeline.sources.likelihood import column
from plumeline.sources.prepare import prepare
from plumeline.sources.problem import undisturbed
from plumeline.units import mass_concentration_kg_m3
from surveys import flight

SETTINGS = InferenceSettings(particles=96, sweeps=3, null_draws=4)
KG_M2 = mass_concentration_kg_m3(1e-6, molar_mass_kg_mol=0.01604, temperature_k=AIR_K, pressure_pa=AIR_PA)
FRAME = LocalFrame(origin=lonlat(5.0, 52.0))


def survey_of_image(image_ppm_m, *, wind, corner=(0.0, 0.0), most=1000):
    tiles = tiles_of(image_ppm_m, most)
    taken = Taken(
        name="image",
        gas="methane",
        molar_mass_kg_mol=0.01604,
        wind=wind,
        time=np.datetime64("2024-06-01T11:00"),
        inputs={},
    )
    return column_survey(tiles, (corner[0] + tiles.column, corner[1] - tiles.row), frame=FRAME, taken=taken)


def scene(*, source, rate, wind, toward, seed, shape=(180, 180), corner=(-90.0, 90.0), off_deg=10.0):
    """A simulated scene of metre pixels as a survey; `source` in metres east and north."""
    rng = np.random.default_rng(seed)
    plume = ScenePlume(
        line=corner[1] - source[1],
        sample=source[0] - corner[0],
        rate_kg_s=rate,
        wind_m_s=wind,
        toward_deg=toward,
    )
    mass = plume_mass_kg_m2(plume, shape=shape, pixel_m=1.0, rng=rng)
    image = mass / KG_M2 + 20.0 * rng.standard_normal(shape)
    return survey_of_image(
        image, wind=SteadyWind.blowing_from(wind, toward + 180.0 + off_deg, 0.5), corner=corner
    )


def test_the_column_of_a_plume_is_its_vertical_integral():
    survey = survey_of_image(np.zeros((60, 200)), wind=SteadyWind.blowing_from(4.0, 270.0, 0.5))
    prepared = prepare(survey, SETTINGS)
    problem = prepared.problem
    source = np.array([20.0, -30.0, 3.0, 0.0])
    out = np.empty((2, problem.row_start.size - 1), np.float32)
    stretches = problem.stretch_row.size - 1
    column(problem, source, undisturbed(problem), np.zeros((stretches, 2)), 0, stretches, out)
    x, y = survey.open_path["x_start"].to_numpy(), survey.open_path["y_start"].to_numpy()
    height_m = float(survey.open_path["z_end"][0])
    downwind, across = x - 20.0, y + 30.0
    far = downwind > 2.0
    iy, iz = SETTINGS.momentary_sigma_y_rad, SETTINGS.momentary_sigma_z_rad
    sy = np.sqrt(0.25 + (iy * downwind) ** 2 / (1.0 + downwind / (2.0 * 4.0 * 200.0)))
    sz = np.sqrt(0.25 + (iz * downwind) ** 2 / (1.0 + downwind / (2.0 * 4.0 * 100.0)))
    z = np.linspace(0.0, height_m, 40_001)[:, None]
    plume = np.exp(-0.5 * ((z - 3.0) / sz[far]) ** 2) + np.exp(-0.5 * ((z + 3.0) / sz[far]) ** 2)
    vertical = np.trapezoid(plume, z[:, 0], axis=0)
    wanted = np.exp(-0.5 * (across[far] / sy[far]) ** 2) / (2.0 * np.pi * 4.0 * sy[far] * sz[far]) * vertical
    strong = wanted > 1e-3 * wanted.max()
    # The path starts at 5 cm, which loses a few per cent of the first metres of a plume at the ground.
    np.testing.assert_allclose(out[0][far][strong] * height_m, wanted[strong], rtol=0.01)
    assert not out[0][downwind < -1.0].any()
    analytic = np.exp(-0.5 * (across[far] / sy[far]) ** 2) / (np.sqrt(2.0 * np.pi) * 4.0 * sy[far])
    np.testing.assert_allclose(wanted[strong], analytic[strong], rtol=1e-3)


@pytest.mark.parametrize(("seed", "toward"), [(1, 60.0), (2, 200.0)])
def test_a_source_is_found_from_a_simulated_image_alone(seed, toward):
    place = (10.0, -15.0)
    report = infer(scene(source=place, rate=1e-3, wind=3.0, toward=toward, seed=seed), SETTINGS)
    (source,) = report.sources[:1]
    assert source.region_90.shape.covers(shapely.Point(place))
    assert source.region_90.area_m2 < 0.4 * 180.0**2
    rate = source.rate_kg_s["methane"]
    assert rate.low < 1e-3 < rate.high
    assert rate.high / rate.low < 20.0


def test_an_image_of_nothing_claims_nothing():
    image = 20.0 * np.random.default_rng(5).standard_normal((120, 120))
    report = infer(survey_of_image(image, wind=SteadyWind.blowing_from(3.0, 240.0, 0.5)), SETTINGS)
    assert report.sources == ()
    assert np.isfinite(report.detectability["minimum_detectable_rate"].to_numpy()).any()


def test_an_image_makes_a_flights_region_smaller():
    place = (20.0, -30.0)
    image = scene(source=place, rate=3e-4, wind=3.2, toward=72.0, seed=4)
    alone = infer(flight(), SETTINGS).sources[0]
    both = infer(Survey.join([flight(), image]), SETTINGS)
    fused = both.sources[0]
    assert fused.region_90.area_m2 < 0.8 * alone.region_90.area_m2
    assert fused.region_90.shape.covers(shapely.Point(place))
    assert fused.rate_kg_s["methane"].low < 3e-4 < fused.rate_kg_s["methane"].high
    assert len(fused.flights) == 2
