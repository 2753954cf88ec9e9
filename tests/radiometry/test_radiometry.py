"""Radiation against physical laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline.chem.spectra import MOLECULES_PER_PPM_M, carbon_monoxide_lines, hydrogen_chloride_lines
from plumeline.errors import InputError, RefusedError, UnitError
from plumeline.radiometry import (
    BandResponse,
    ThermalScene,
    brightness_temperature_k,
    cross_section_from_lines,
    fourier_line_shape,
    in_scene_compensation,
    planck_derivative_w_m2_sr_cm1_k,
    planck_w_m2_sr_cm1,
    shortwave_target,
    wavenumber_cm1,
)

STEFAN_BOLTZMANN = 5.670374419e-8


@pytest.mark.parametrize("temperature", [200.0, 296.0, 1000.0])
def test_planck_integrates_to_stefan_boltzmann(temperature):
    grid = np.linspace(0.5, 30.0 * temperature, 400_000)
    total = np.trapezoid(planck_w_m2_sr_cm1(grid, temperature), grid)
    assert total * np.pi == pytest.approx(STEFAN_BOLTZMANN * temperature**4, rel=1e-4)


@given(st.floats(600, 3000), st.floats(200, 400))
def test_brightness_temperature_undoes_planck(wavenumber, temperature):
    radiance = planck_w_m2_sr_cm1(np.array([wavenumber]), temperature)
    assert brightness_temperature_k(np.array([wavenumber]), radiance)[0] == pytest.approx(temperature)


@given(st.floats(600, 3000), st.floats(250, 350))
def test_planck_slope_is_the_difference_quotient(wavenumber, temperature):
    at = np.array([wavenumber])
    quotient = (
        planck_w_m2_sr_cm1(at, temperature + 0.01) - planck_w_m2_sr_cm1(at, temperature - 0.01)
    ) / 0.02
    assert planck_derivative_w_m2_sr_cm1_k(at, temperature)[0] == pytest.approx(quotient[0], rel=1e-5)


@pytest.mark.parametrize("pressure", [10_000.0, 101_325.0])
def test_lines_keep_their_strength_whatever_their_width(pressure):
    lines = carbon_monoxide_lines()
    spectrum = cross_section_from_lines(
        lines, span_cm1=(1950.0, 2300.0), step_cm1=0.005, pressure_pa=pressure
    )
    area_cm = np.trapezoid(spectrum.cross_section_m2, spectrum.wavenumber_cm1) * 1e4
    assert area_cm == pytest.approx(lines.strength_cm.sum(), rel=5e-3)


def test_band_strength_hardly_changes_with_temperature():
    # The fundamental's total strength is conserved when population moves between rotational levels.
    areas = []
    for kelvin in (270.0, 330.0):
        spectrum = cross_section_from_lines(
            hydrogen_chloride_lines(), span_cm1=(2400.0, 3200.0), temperature_k=kelvin
        )
        areas.append(np.trapezoid(spectrum.cross_section_m2, spectrum.wavenumber_cm1))
    assert areas[0] == pytest.approx(areas[1], rel=0.02)


def test_no_line_in_the_band_is_told():
    with pytest.raises(InputError, match="no line near"):
        cross_section_from_lines(hydrogen_chloride_lines(), span_cm1=(800.0, 1200.0))


def test_line_shapes_have_unit_sum_and_known_width():
    kernel = fourier_line_shape(0.001, 1.0, triangular=True)
    assert kernel.sum() == pytest.approx(1.0)
    above = np.flatnonzero(kernel > kernel.max() / 2)
    # sinc² half maximum: 0.8859/L full width (Griffiths & de Haseth, table 2.1: 1.772/2L).
    assert (above[-1] - above[0]) * 0.001 == pytest.approx(0.8859, abs=0.003)


def test_wavelengths_in_any_unit_meet_and_mixed_ones_are_told():
    np.testing.assert_allclose(wavenumber_cm1(np.array([10.0]), "Micrometers"), [1000.0])
    np.testing.assert_allclose(wavenumber_cm1(np.array([10_000.0]), "nm"), [1000.0])
    np.testing.assert_allclose(wavenumber_cm1(np.array([1000.0]), "cm-1"), [1000.0])
    with pytest.raises(UnitError, match="cannot be in"):
        wavenumber_cm1(np.array([2.1, 2200.0]), "nm")
    with pytest.raises(UnitError, match="not known"):
        wavenumber_cm1(np.array([10.0]), "furlongs")
    with pytest.raises(UnitError, match="positive"):
        wavenumber_cm1(np.array([np.nan]), "nm")


def test_a_weak_column_is_linear_and_a_strong_one_is_not():
    spectrum = cross_section_from_lines(carbon_monoxide_lines(), span_cm1=(2050.0, 2200.0))
    response = BandResponse(centre_cm1=np.array([2100.0, 2150.0]), fwhm_cm1=np.array([4.0, 4.0]))
    weak = response.absorbance_per_ppm_m(spectrum)
    np.testing.assert_allclose(-np.log(response.transmittance(spectrum, 1e-3)) / 1e-3, weak, rtol=1e-3)
    assert np.all(-np.log(response.transmittance(spectrum, 1e3)) / 1e3 < 0.9 * weak)


def scene(bands):
    return ThermalScene(
        wavenumber_cm1=bands,
        atmosphere_transmittance=np.full(bands.size, 0.9),
        path_radiance_w_m2_sr_cm1=0.1 * planck_w_m2_sr_cm1(bands, 280.0),
    )


@given(st.sampled_from([-10.0, -1.0, -0.1, 0.1, 1.0, 10.0]), st.floats(1e-3, 1.0))
def test_a_thin_plume_shows_the_sign_of_its_thermal_contrast(contrast_k, column):
    bands = np.linspace(800.0, 1200.0, 20)
    absorbance = np.exp(-((bands - 1000) ** 2) / 2000) * 1e-4
    ground = planck_w_m2_sr_cm1(bands, 300.0)
    layers = scene(bands)
    clear = layers.at_sensor(ground, plume_transmittance=np.ones(20), plume_temperature_k=300.0 + contrast_k)
    through = layers.at_sensor(
        ground, plume_transmittance=np.exp(-absorbance * column), plume_temperature_k=300.0 + contrast_k
    )
    linear = layers.target(absorbance, background_w_m2_sr_cm1=ground, plume_temperature_k=300.0 + contrast_k)
    np.testing.assert_allclose(through - clear, linear * column, rtol=2e-4, atol=1e-14)
    assert np.all(np.sign(linear[8:12]) == np.sign(contrast_k))


def test_the_atmosphere_is_found_in_the_scene():
    rng = np.random.default_rng(4)
    bands = np.linspace(800.0, 1250.0, 30)
    true = 0.95 - 0.3 * np.exp(-((bands - 1250) ** 2) / 2e4)
    path = (1 - true) * planck_w_m2_sr_cm1(bands, 285.0)
    kelvin = rng.uniform(285.0, 315.0, 4000)
    emissivity = rng.uniform(0.93, 1.0, (4000, 1))
    ground = emissivity * planck_w_m2_sr_cm1(bands, kelvin[:, None]) + (
        1 - emissivity
    ) * 0.2 * planck_w_m2_sr_cm1(bands, 260.0)
    found = in_scene_compensation(true * ground + path, bands)
    np.testing.assert_allclose(found.transmittance, true / true.max(), atol=0.03)


def test_a_scene_of_one_temperature_is_refused():
    bands = np.linspace(800.0, 1250.0, 5)
    radiance = np.tile(planck_w_m2_sr_cm1(bands, 300.0), (100, 1))
    with pytest.raises(RefusedError, match="too little"):
        in_scene_compensation(radiance, bands)


def test_sunlight_passes_the_plume_twice():
    np.testing.assert_allclose(
        shortwave_target(np.array([1e-4]), solar_zenith_deg=60.0, view_zenith_deg=0.0), [-3e-4]
    )
    with pytest.raises(InputError):
        shortwave_target(np.array([1e-4]), solar_zenith_deg=89.0, view_zenith_deg=0.0)


def test_reference_column_absorbs_as_the_cross_section_says():
    spectrum = cross_section_from_lines(carbon_monoxide_lines(), span_cm1=(2100.0, 2110.0))
    at = spectrum.wavenumber_cm1[100:101]
    assert spectrum.absorbance_per_ppm_m(at)[0] == pytest.approx(
        spectrum.cross_section_m2[100] * MOLECULES_PER_PPM_M
    )
