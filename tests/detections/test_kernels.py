"""Detectors and columns against textbook formulas, planted plumes and broken columns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline.detections import (
    ReflectedTarget,
    ThermalTarget,
    background,
    desaturated,
    false_discovery_rate,
    find_materials,
    mirror_threshold,
    score_clusters,
    score_columns,
    sparse_columns,
)
from plumeline.detections.background import SHRINKAGES, leave_one_out_likelihood
from plumeline.detections.saturation import TABLE_PPM_M
from plumeline.errors import RefusedError
from plumeline.radiometry import planck_w_m2_sr_cm1

LINES, SAMPLES, BANDS = 300, 6, 20


@pytest.fixture(scope="module")
def signature():
    rng = np.random.default_rng(5)
    return np.abs(rng.normal(0, 1, BANDS)) * 2e-5


def striped(seed=0, lines=LINES, noise=0.003):
    rng = np.random.default_rng(seed)
    base = 1 + 0.3 * np.sin(np.arange(BANDS) / 4)
    albedo = rng.lognormal(0, 0.3, (lines, SAMPLES, 1))
    slope = rng.normal(0, 0.05, (lines, SAMPLES, 1)) * np.linspace(-1, 1, BANDS)
    gain = 1 + 0.02 * rng.standard_normal((SAMPLES, BANDS))
    return (
        albedo * (base + slope) * gain * (1 + noise * rng.standard_normal((lines, SAMPLES, BANDS)))
    ).astype("f4")


def model(signature):
    return ReflectedTarget(gases=("a", "b"), absorbance_per_ppm_m=np.stack([signature, signature[::-1]]))


def test_scores_are_the_textbook_matched_filter_and_ace(signature):
    cube = striped()
    scores = score_columns(cube, model(signature))
    x = cube[:, 2].astype(float)
    mean = x.mean(axis=0)
    inverse = np.linalg.inv(np.cov(x.T))
    for index, absorbance in enumerate((signature, signature[::-1])):
        target = -absorbance * mean
        strength = target @ inverse @ target
        score = (x - mean) @ inverse @ target
        fair = 1 - BANDS / LINES
        np.testing.assert_allclose(scores.z[:, 2, index], fair * score / np.sqrt(strength), atol=0.05)
        assert scores.necl_ppm_m[2, index] == pytest.approx(1 / np.sqrt(strength) / fair, rel=5e-3)
        distance = np.einsum("pb,bc,pc->p", x - mean, inverse, x - mean)
        np.testing.assert_allclose(scores.ace("ab"[index])[:, 2], score**2 / strength / distance, atol=0.01)


def test_a_planted_column_is_read_back(signature):
    cube = striped(3)
    truth = np.zeros((LINES, SAMPLES))
    truth[100:115] = 900.0
    cube *= np.exp(-truth[..., None] * signature).astype("f4")
    excluded = truth > 0
    scores = score_columns(cube, model(signature), excluded=excluded)
    table = np.exp(-TABLE_PPM_M[:, None] * signature)
    columns = desaturated(scores.column_ppm_m("a"), scores.weights[:, 0], scores.group, table, sign=-1.0)
    assert columns[excluded].mean() == pytest.approx(900.0, rel=0.05)
    # Without leaving the plume out, it hides in its own statistics.
    assert score_columns(cube, model(signature)).column_ppm_m("a")[excluded].mean() < 850.0


def test_sigma_is_the_spread_of_pixels_that_had_no_part_in_the_statistics(signature):
    """A fifth of the bands' number of pixels makes the filter look 1.25 times too good, if nobody allows for it."""
    rng = np.random.default_rng(8)
    mixing = np.eye(BANDS) + 0.3 * rng.normal(size=(BANDS, BANDS))
    cube = (50 + rng.standard_normal((100 * BANDS, SAMPLES, BANDS)) @ mixing).astype("f4")
    held = np.zeros(cube.shape[:2], bool)
    held[5 * BANDS :] = True
    for shrink in (False, True):
        scores = score_columns(cube, model(signature), excluded=held, shrink=shrink)
        np.testing.assert_allclose(scores.z[held].astype(float).std(axis=0), 1.0, atol=0.05)


def test_sigma_is_the_spread_of_clean_columns(signature):
    scores = score_columns(striped(7, lines=2000), model(signature))
    columns = scores.column_ppm_m("a") * scores.factor
    predicted = scores.necl_ppm_m[:, 0]
    np.testing.assert_allclose(columns.std(axis=0), predicted, rtol=0.1)


def test_a_thermal_plume_is_read_with_either_sign_of_contrast():
    bands = np.linspace(850.0, 1200.0, BANDS)
    rng = np.random.default_rng(1)
    absorbance = np.exp(-(((bands - 1000) / 30) ** 2))[None] * 1e-3
    for ground_k in (285.0, 305.0):
        kelvin = ground_k + rng.normal(0, 2.0, (LINES, SAMPLES, 1))
        cube = planck_w_m2_sr_cm1(bands, kelvin)
        plume = planck_w_m2_sr_cm1(bands, 295.0)
        transmittance = np.exp(-absorbance[0] * 40.0)
        cube[50:60] = transmittance * cube[50:60] + (1 - transmittance) * plume
        cube += 2e-4 * rng.standard_normal(cube.shape)
        target = ThermalTarget(
            gases=("x",),
            absorbance_per_ppm_m=absorbance,
            plume_radiance=plume,
            transmittance=np.ones(BANDS),
            path_radiance=np.zeros(BANDS),
        )
        excluded = np.zeros((LINES, SAMPLES), bool)
        excluded[50:60] = True
        scores = score_columns(cube.astype("f4"), target, excluded=excluded)
        assert np.nanmean(scores.column_ppm_m("x")[excluded]) == pytest.approx(40.0, rel=0.05)


def test_dead_constant_and_nan_columns_are_told_and_the_rest_is_untouched(signature):
    cube = striped()
    clean = score_columns(cube, model(signature))
    cube[:, 1] = np.nan
    cube[:, 4] = 7.0
    cube[10, 0] = np.nan
    scores = score_columns(cube, model(signature))
    assert [group for group, _ in scores.refused] == [1, 4]
    assert "band" in dict(scores.refused)[4]
    assert np.isnan(scores.z[:, [1, 4]]).all()
    assert np.isnan(scores.z[10, 0]).all()
    assert np.isfinite(scores.z[11:, 0]).all()
    np.testing.assert_array_equal(scores.z[:, 5], clean.z[:, 5])
    assert np.isinf(scores.sigma_ppm_m("a")[:, 4]).all()


def test_a_gas_without_band_has_no_limit(signature):
    blind = ReflectedTarget(gases=("a", "none"), absorbance_per_ppm_m=np.stack([signature, 0 * signature]))
    scores = score_columns(striped(), blind)
    assert np.isinf(scores.necl_ppm_m[:, 1]).all()
    assert (scores.z[:, :, 1] == 0).all()


def test_clusters_score_like_columns_when_they_are_columns(signature):
    cube = striped()
    labels = np.tile(np.arange(SAMPLES, dtype=np.int32), (LINES, 1))
    by_column = score_columns(cube, model(signature), shrink=True)
    by_cluster = score_clusters(cube, labels, model(signature))
    np.testing.assert_array_equal(by_column.z, by_cluster.z)


def test_shrinkage_maximises_the_leave_one_out_likelihood_by_definition():
    rng = np.random.default_rng(2)
    mixing = rng.normal(size=(8, 8))
    pixels = rng.normal(size=(24, 8)) @ mixing
    base = background(pixels, shrink=True)
    centred = pixels - pixels.mean(axis=0)
    likelihood = [leave_one_out_likelihood(centred, a) for a in SHRINKAGES]
    assert base.shrinkage == SHRINKAGES[int(np.argmax(likelihood))]
    covariance = np.cov(pixels.T)
    expected = (1 - base.shrinkage) * covariance + base.shrinkage * np.diag(np.diag(covariance))
    np.testing.assert_allclose(np.linalg.inv(base.whitener.T @ base.whitener), expected, rtol=1e-8)


def test_too_few_pixels_are_refused():
    with pytest.raises(RefusedError, match="too few"):
        background(np.random.default_rng(0).normal(size=(9, 8)), shrink=False)


def test_sparse_columns_agree_with_direct_iteration(signature):
    """The rank-two update against covariances recomputed from scratch each round (Foote et al. 2020)."""
    cube = striped(11)[:, :1]
    cube[50:70] *= np.exp(-800 * signature).astype("f4")
    fast = sparse_columns(cube, -signature, rounds=8).column_ppm_m[:, 0]
    x = cube[:, 0].astype(float)
    mean = x.mean(axis=0)
    r = (x @ mean) / (mean @ mean)
    target, centre, a = -signature * mean, mean, np.zeros(LINES)
    covariance = np.cov(x.T, bias=True)
    for step in range(9):
        q = np.linalg.solve(covariance * (1 + 1e-7 * np.eye(BANDS)), target)
        penalty = 1 / (r * a + 1e-9) if step else 0.0
        a = np.maximum(((x - centre) @ q - penalty) / (r * (target @ q)), 0)
        rest = x - (r * a)[:, None] * target
        centre = rest.mean(axis=0)
        covariance = np.cov(rest.T, bias=True)
        target = -signature * centre
    # Single precision lets a pixel at the brink of zero fall to the other side, so one in a hundred may differ.
    assert np.quantile(np.abs(fast - a), 0.99) < 0.01 * a.max()


def test_unpenalised_columns_are_unbiased(signature):
    cube = striped(12, lines=1500)
    truth = np.zeros((1500, SAMPLES))
    truth[200:260] = 500.0
    cube *= np.exp(-truth[..., None] * signature).astype("f4")
    found = sparse_columns(cube, -signature, sparse=False).column_ppm_m
    assert found[truth > 0].mean() == pytest.approx(500.0, rel=0.06)


@given(st.integers(0, 2**32 - 1))
def test_the_mirror_threshold_keeps_its_own_count(seed):
    rng = np.random.default_rng(seed)
    scores = np.concatenate([rng.standard_normal(500), rng.normal(6, 1, 40)])
    threshold = mirror_threshold(scores, 0.1)
    assert np.isfinite(threshold)
    assert false_discovery_rate(scores, threshold) <= 0.1


def test_the_false_discovery_rate_is_kept_on_average():
    shares = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        null = rng.standard_t(3, 800)
        scores = np.concatenate([null, rng.normal(8, 1, 60)])
        threshold = mirror_threshold(scores, 0.1)
        found = scores >= threshold
        shares.append(found[:800].sum() / max(found.sum(), 1))
    assert np.mean(shares) <= 0.1


def test_nothing_there_gives_no_threshold():
    assert mirror_threshold(np.random.default_rng(0).standard_normal(50), 0.01) == np.inf
    assert mirror_threshold(np.full(5, np.nan), 0.1) == np.inf


def test_materials_are_found_and_a_plume_does_not_become_one():
    rng = np.random.default_rng(3)
    cube = striped(13).astype(float)
    label = (np.arange(LINES) // 100)[:, None] * np.ones((1, SAMPLES), int)
    spectra = rng.normal(0, 0.4, (3, BANDS))
    cube = 0.05 * cube + spectra[label]
    excluded = np.zeros((LINES, SAMPLES), bool)
    found = find_materials(cube.astype("f4"), clusters=3, excluded=excluded)
    # Same partition, whatever the numbering.
    pairs = {(int(a), int(b)) for a, b in zip(label.ravel(), found.labels.ravel(), strict=True)}
    assert len(pairs) == 3
    difference = found.offset[found.labels[0, 0]] - found.offset[found.labels[150, 0]]
    np.testing.assert_allclose(difference, spectra[0] - spectra[1], atol=0.02)
