"""Open-path retrieval: known mixtures come back, unknown absorbers are stated, the real vent shows HCl."""

from dataclasses import replace

import numpy as np
import pytest

from plumeline.chem.spectra import (
    MOLECULES_PER_PPM_M,
    Library,
    carbon_monoxide_lines,
    hydrogen_chloride_lines,
)
from plumeline.detections import GasModel, Target, Verdict, Window, fit_open_path, pattern_null, search
from plumeline.errors import RefusedError
from plumeline.instruments.cubes import Spectrum
from plumeline.radiometry import cross_section_from_lines
from plumeline.workflows.open_path import gas_model, search_open_path
from plumeline.workflows.spectra import build_library

HCL_WINDOW = Window(low_cm1=2725.0, high_cm1=2845.0)
EMPTY = Library(cross_sections=(), line_lists=(hydrogen_chloride_lines(), carbon_monoxide_lines()))


def hcl():
    return gas_model(EMPTY, "hydrogen chloride", (2710.0, 2860.0))


def synthetic(column, *, noise=0.002, shift=-1.5e-4, seed=0, unknown=0.0):
    """A spectrum made on a finer grid, with a numerical sinc² by direct quadrature: not the retrieval's own path."""
    step = 0.005
    fine = np.arange(2700.0, 2870.0, step)
    truth = cross_section_from_lines(hydrogen_chloride_lines(), span_cm1=(2690.0, 2880.0), step_cm1=step)
    depth = column * MOLECULES_PER_PPM_M * np.interp(fine, truth.wavenumber_cm1, truth.cross_section_m2)
    for line in np.arange(2728.3, 2845.0, 11.7):
        depth += unknown * 0.06**2 / ((fine - line) ** 2 + 0.06**2)
    x = np.arange(2720.0, 2850.0, 0.241)
    offsets = np.arange(-8.0, 8.0 + step / 2, step)
    weights = np.sinc(offsets * 1.037) ** 2
    weights /= weights.sum()
    transmittance = np.array([
        weights @ np.exp(-np.interp(v * (1 - shift) + offsets, fine, depth)) for v in x
    ])
    rng = np.random.default_rng(seed)
    baseline = 1e4 * (1 + 0.1 * (x - 2785) / 60)
    return Spectrum(
        name="synthetic",
        wavenumber_cm1=x,
        signal=baseline * transmittance * (1 + noise * rng.standard_normal(x.size)),
        path_difference_cm=1.037,
        triangular=True,
    )


@pytest.mark.parametrize("column", [30.0, 300.0, 2000.0])
def test_a_known_column_comes_back(column):
    fit = fit_open_path(synthetic(column), [hcl()], HCL_WINDOW)
    assert fit.column_ppm_m[0] == pytest.approx(column, rel=0.03)
    assert fit.shift == pytest.approx(-1.5e-4, abs=1e-5)
    # A weak line hardly shows its width.
    assert fit.path_difference_cm == pytest.approx(1.037, rel=0.03 if column > 100 else 0.15)


def test_unknown_lines_are_masked_and_stated():
    fit = fit_open_path(synthetic(300.0, unknown=0.8), [hcl()], HCL_WINDOW)
    assert fit.column_ppm_m[0] == pytest.approx(300.0, rel=0.15)
    assert fit.unexplained_share > 0.05


def test_the_pattern_null_knows_a_clean_spectrum_from_a_gas():
    wrong = (-7.3, -5.1, 5.1, 7.3)
    for column, beaten in ((200.0, True), (0.0, False)):
        spectrum = synthetic(column)
        fit = fit_open_path(spectrum, [hcl()], HCL_WINDOW)
        nulls = pattern_null(spectrum, [hcl()], HCL_WINDOW, gas="hydrogen chloride", displacements_cm1=wrong)
        assert bool(fit.column_ppm_m[0] > 3 * nulls.max() + 5.0) is beaten


def test_a_clean_spectrum_gives_no_gas_but_a_limit():
    finding = search(synthetic(0.0), lambda gas, span: gas_model(EMPTY, gas, span))[0]
    assert finding.gas == "hydrogen chloride"
    assert finding.verdict is Verdict.NOT_SEEN
    assert 0 < finding.limit_ppm_m < 30.0


def test_a_gas_without_band_and_a_dark_window_are_refused():
    nothing = GasModel(
        gas="argon",
        wavenumber_cm1=np.array([1.0, 2.0]),
        absorbance_per_ppm_m=np.zeros(2),
        relative_uncertainty=0.1,
    )
    with pytest.raises(RefusedError, match="no band"):
        fit_open_path(synthetic(0.0), [nothing], HCL_WINDOW)
    dark = synthetic(0.0)
    dark.signal[:] = 0.0
    with pytest.raises(RefusedError, match="no light"):
        fit_open_path(dark, [hcl()], HCL_WINDOW)
    with pytest.raises(RefusedError, match="too few points"):
        fit_open_path(synthetic(0.0), [hcl()], Window(low_cm1=100.0, high_cm1=200.0))


def test_the_real_vent_shows_hydrogen_chloride(real_data, tmp_path):
    vent = real_data / "openpath-ftir-vent-2021"
    library = build_library(real_data / "spectra/hitran", tmp_path / "s.h5").library
    files = sorted(vent.glob("vent*"))[10:11]
    for _, findings in search_open_path(files, library, self_emission=vent / "self_sbm.spc"):
        by_gas = {one.gas: one for one in findings}
        acid = by_gas["hydrogen chloride"]
        # The comb fits better than at twelve wrong places; without water lines the amount is not to be trusted.
        assert acid.verdict is Verdict.SEEN_APPROXIMATE
        assert acid.false_alarm_probability <= 1 / 13 + 1e-9
        assert "water" in acid.reason
        assert by_gas["water"].verdict is Verdict.CANNOT
        # The stretch of the instrument's wavenumber scale as its CO lines show it, too: a wrong fit would wander.
        assert acid.fit.shift == pytest.approx(-1.5e-4, abs=2e-5)


def test_a_record_of_doubtful_scale_makes_the_amount_doubtful_and_not_the_gas():
    sure = hcl()
    doubtful = replace(sure, relative_uncertainty=0.6, quantitative=False)
    target = Target(gas="hydrogen chloride", window=HCL_WINDOW, interferers=())
    first, second = (
        search(synthetic(300.0), lambda *_, one=one: one, (target,))[0] for one in (sure, doubtful)
    )
    assert first.verdict is Verdict.SEEN
    assert second.verdict is Verdict.SEEN_APPROXIMATE
    assert second.sigma_ppm_m > 0.6 * second.column_ppm_m
    assert first.column_ppm_m == second.column_ppm_m
