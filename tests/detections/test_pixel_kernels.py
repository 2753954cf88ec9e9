"""Register-tiled passes against NumPy in double precision, at sizes that fill no tile or block exactly."""

import numpy as np
import pytest

from plumeline.detections.pixel_kernels import (
    MOST_SCORE,
    choose,
    gather,
    half_scores,
    scatter,
    squared_lengths,
    whitener,
)

SIZES = [(1000, 60), (37, 16), (513, 21), (700, 61), (20, 9), (6, 5), (1025, 17)]


def pixels_of(count, bands, seed=0):
    return (np.random.default_rng(seed).standard_normal((count, bands)) + 0.3).astype("f4")


@pytest.mark.parametrize(("count", "bands"), SIZES)
def test_scatter_is_the_sum_of_outer_products(count, bands):
    pixels = pixels_of(count, bands)
    expected = pixels.astype(float).T @ pixels.astype(float)
    np.testing.assert_allclose(scatter(pixels), expected, atol=1e-6 * count * 3)
    np.testing.assert_allclose(scatter(pixels.astype(float)), expected, rtol=1e-9)


@pytest.mark.parametrize(("count", "bands"), SIZES)
@pytest.mark.parametrize("scores", [1, 3, 15, 16, 40])
def test_scores_and_contrast_are_products(count, bands, scores):
    rng = np.random.default_rng(1)
    pixels = pixels_of(count, bands)
    filters, contrast, centre = (
        rng.normal(size=(bands, scores)),
        rng.normal(size=bands),
        rng.normal(size=bands),
    )
    lift = rng.normal(size=count).astype("f4")
    places = rng.permutation(count + 5)[:count]
    z, factor = np.zeros((count + 5, scores), np.float16), np.zeros(count + 5, np.float32)
    half_scores(pixels, filters, contrast, centre, lift, places, z.view(np.uint16), factor)
    departure = pixels.astype(float) - centre
    np.testing.assert_allclose(z[places].astype(float), departure @ filters, rtol=6e-4, atol=1e-3)
    expected = 1 + departure @ contrast + lift
    seen = np.abs(expected) > 2e-3
    np.testing.assert_allclose(factor[places][seen], expected[seen], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scores", [1, 20])
def test_half_precision_is_what_numpy_rounds_to(scores):
    value = np.concatenate([
        np.linspace(-64000, 64000, 20_001),
        np.random.default_rng(2).standard_normal(9000),
        [0.0, 1e-3, -1e-4, 65504.0, 1e9, -1e9, np.nan],
    ]).astype("f4")
    z, factor = np.zeros((value.size, scores), np.float16), np.zeros(value.size, np.float32)
    one = np.ones((1, scores))
    places = np.arange(value.size)
    half_scores(
        value[:, None].copy(),
        one,
        np.zeros(1),
        np.zeros(1),
        np.empty(0, "f4"),
        places,
        z.view(np.uint16),
        factor,
    )
    expected = np.clip(value, -MOST_SCORE, MOST_SCORE).astype("f2")
    np.testing.assert_array_equal(z, np.tile(expected[:, None], (1, scores)))
    assert (factor[:-1] == 1).all()


def test_no_contrast_is_no_number():
    pixels = np.tile(np.array([[0.9995], [1.0015], [1.2], [0.0], [1.0], [2.0]], "f4"), (1, 1))
    z, factor = np.zeros((6, 1), np.float16), np.zeros(6, np.float32)
    half_scores(
        pixels,
        np.ones((1, 1)),
        np.array([-1.0]),
        np.zeros(1),
        np.empty(0, "f4"),
        np.arange(6),
        z.view(np.uint16),
        factor,
    )
    assert np.isnan(factor).tolist() == [True, False, False, False, True, False]


@pytest.mark.parametrize(("count", "bands"), SIZES)
def test_squared_lengths_of_full_and_triangular_factors(count, bands):
    rng = np.random.default_rng(3)
    pixels, centre, places = pixels_of(count, bands), rng.normal(size=bands), rng.permutation(count)
    full = rng.normal(size=(bands, bands))
    for matrix in (full, np.triu(full), np.tril(full)):
        out = np.zeros(count, np.float32)
        squared_lengths(pixels, matrix, centre, places, out)
        expected = np.square((pixels - centre) @ matrix).sum(axis=1)
        np.testing.assert_allclose(out[places], expected, rtol=1e-4)


@pytest.mark.parametrize(("count", "bands"), SIZES)
def test_gathering_takes_a_rough_mean_off_and_leaves_broken_pixels_out(count, bands):
    flat = 5 + pixels_of(2 * count, bands)
    flat[1] = np.nan
    places = np.arange(1, 2 * count, 2)
    pixels, rough, centre = np.empty((count, bands), "f4"), np.empty(bands, "f4"), np.empty(bands)
    gather(flat, places, pixels, rough, centre)
    assert np.isfinite(rough).all()
    assert np.isnan(centre).all()
    np.testing.assert_allclose(pixels[1:] + rough, flat[places][1:], rtol=1e-6)
    room = np.empty_like(pixels)
    keep = np.arange(count) % 3 > 0
    chosen = choose(pixels, keep, room, centre)
    np.testing.assert_array_equal(chosen, pixels[keep])
    np.testing.assert_allclose(centre, pixels[keep].mean(axis=0), atol=1e-5)


def test_the_whitener_is_the_inverse_root_and_tells_when_there_is_none():
    mixing = np.random.default_rng(4).normal(size=(30, 30))
    covariance = mixing @ mixing.T
    white, definite = whitener(covariance, 0.0)
    assert definite
    np.testing.assert_allclose(white @ covariance @ white.T, np.eye(30), atol=1e-8)
    covariance[3] = covariance[2]
    covariance[:, 3] = covariance[:, 2]
    assert not whitener(covariance - 0.1 * np.eye(30), 0.0)[1]
