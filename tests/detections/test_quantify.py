"""Mass and rates against what was put in."""

import numpy as np
import pytest
import shapely

from plumeline.detections import Wind, plume_amounts
from plumeline.detections.origin import origin_region, position_covariance
from plumeline.detections.quantify import MOL_PER_M2_PPM_M
from plumeline.simulations.scene_plume import ScenePlume, plume_mass_kg_m2

EAST = Wind(speed_m_s=3.0, speed_sigma_m_s=0.3, toward_eastward=1.0, toward_northward=0.0)


def slab(rate_kg_s=1e-3, molar=0.05808):
    """A steady plume going east: mass per metre downwind is rate over wind."""
    column = np.zeros((40, 100))
    column[18:22, 10:] = rate_kg_s / 3.0 / (4 * 0.5) / molar / MOL_PER_M2_PPM_M
    return column


def test_mass_and_cross_sections_of_a_steady_plume():
    column = slab()
    found = plume_amounts(
        "acetone",
        column,
        np.full_like(column, 1.0),
        column > 0,
        pixel_m=(0.5, 0.5),
        molar_mass_kg_mol=0.05808,
        scale_uncertainty=0.03,
        wind=EAST,
    )
    assert found.mass_kg.value == pytest.approx(1e-3 / 3.0 * 45.0, rel=1e-6)
    assert found.rate_csf_kg_s.value == pytest.approx(1e-3, rel=0.06)
    assert found.rate_csf_kg_s.low < 1e-3 < found.rate_csf_kg_s.high


def test_rates_of_puffing_plumes_are_right_on_the_whole_and_intervals_hold():
    rng = np.random.default_rng(40)
    found = {"ime": [], "csf": []}
    held = {"ime": [], "csf": []}
    for _ in range(24):
        rate, speed = float(rng.uniform(5e-4, 5e-3)), float(rng.uniform(1.5, 5.0))
        source = ScenePlume(line=100.0, sample=20.0, rate_kg_s=rate, wind_m_s=speed, toward_deg=90.0)
        mass = plume_mass_kg_m2(source, shape=(200, 320), pixel_m=0.5, rng=rng)
        column = mass / 0.05808 / MOL_PER_M2_PPM_M
        sigma = 0.02 * column.max()
        amounts = plume_amounts(
            "acetone",
            column + sigma * rng.standard_normal(column.shape),
            np.full_like(column, sigma),
            column > 0.06 * column.max(),
            pixel_m=(0.5, 0.5),
            molar_mass_kg_mol=0.05808,
            scale_uncertainty=0.03,
            wind=Wind(speed_m_s=speed, speed_sigma_m_s=0.3, toward_eastward=1.0, toward_northward=0.0),
        )
        for name, amount in (("ime", amounts.rate_ime_kg_s), ("csf", amounts.rate_csf_kg_s)):
            found[name].append(amount.value / rate)
            held[name].append(amount.low <= rate <= amount.high)
    for name, ratio in found.items():
        assert 0.7 < np.median(ratio) < 1.4
        assert np.mean(held[name]) >= 0.75


def test_without_wind_there_is_a_mass_and_no_rate():
    column = slab()
    found = plume_amounts(
        "acetone",
        column,
        np.ones_like(column),
        column > 0,
        pixel_m=(0.5, 0.5),
        molar_mass_kg_mol=0.05808,
        scale_uncertainty=0.03,
    )
    assert found.rate_ime_kg_s is None
    assert found.rate_csf_kg_s is None


def test_a_ppm_m_weighs_what_it_should():
    # 1 ppm m of methane is 0.66 mg m-2 at 296 K: 16.04 g/mol over 24.29 L/mol.
    assert pytest.approx(16.04e-3 / 24.288e-3 * 1e-6, rel=1e-3) == MOL_PER_M2_PPM_M * 16.04e-3


def test_the_simulated_plume_carries_the_mass_it_was_given():
    plume = ScenePlume(line=100.0, sample=20.0, rate_kg_s=2e-3, wind_m_s=3.0, toward_deg=90.0, turbulence=0.1)
    mass = plume_mass_kg_m2(plume, shape=(200, 400), pixel_m=0.5, rng=np.random.default_rng(0))
    # Between 20 and 120 m downwind every metre holds rate / wind on average.
    per_metre = mass[:, 60:260].sum() * 0.25 / 100.0
    assert per_metre == pytest.approx(2e-3 / 3.0, rel=0.15)


def test_the_origin_is_a_region_at_the_upwind_end():
    mask = np.zeros((60, 120), bool)
    for sample in range(20, 110):
        half = 1 + (sample - 20) // 10
        mask[30 - half : 30 + half, sample] = True
    region = origin_region(mask, (0.5, 0.5), EAST)
    assert region.contains_properly(shapely.Point(10.5, -15.0))
    assert region.bounds[2] < 35.0
    assert origin_region(mask, (0.5, 0.5), None).area > 5 * region.area
    assert np.all(np.linalg.eigvalsh(position_covariance(region)) > 0)
