"""Line by line against the whole scene at once."""

import numpy as np
import pytest

from plumeline.detections import LineStream, ReflectedTarget, score_columns
from plumeline.errors import InputError

SAMPLES, BANDS = 4, 12


@pytest.fixture(scope="module")
def scene():
    rng = np.random.default_rng(0)
    base = 1 + 0.3 * np.sin(np.arange(BANDS) / 3)
    slope = rng.normal(0, 0.05, (900, SAMPLES, 1)) * np.linspace(-1, 1, BANDS)
    noise = 1 + 0.003 * rng.standard_normal((900, SAMPLES, BANDS))
    cube = ((base + slope) * rng.lognormal(0, 0.2, (900, SAMPLES, 1)) * noise).astype("f4")
    model = ReflectedTarget(gases=("a",), absorbance_per_ppm_m=np.abs(rng.normal(0, 2e-5, (1, BANDS))))
    return cube, model


def test_the_stream_comes_to_the_scene_wide_answer(scene):
    cube, model = scene
    stream = LineStream(model, samples=SAMPLES, bands=BANDS, memory_lines=100_000, renew_every=10)
    found = np.stack([stream.push(line) for line in cube])
    assert np.isnan(found[: 2 * BANDS]).all()
    whole = score_columns(cube, model)
    late = slice(500, None)
    assert np.corrcoef(found[late, :, 0].ravel(), whole.z[late, :, 0].ravel())[0, 1] > 0.98
    np.testing.assert_allclose(stream.necl_ppm_m[:, 0], whole.necl_ppm_m[:, 0], rtol=0.1)


def test_a_plume_does_not_teach_the_stream_to_ignore_it(scene):
    cube, model = scene
    planted = cube.copy()
    planted[600:] *= np.exp(-1500 * model.absorbance_per_ppm_m[0]).astype("f4")
    stream = LineStream(model, samples=SAMPLES, bands=BANDS, renew_every=10)
    found = np.stack([stream.push(line) for line in planted])
    first, last = found[600:630, :, 0].mean(), found[860:890, :, 0].mean()
    assert first > 5.0
    assert last > 0.7 * first


def test_dead_pixels_are_nan_and_another_shape_is_told(scene):
    cube, model = scene
    stream = LineStream(model, samples=SAMPLES, bands=BANDS)
    for line in cube[:60]:
        stream.push(line)
    broken = cube[60].copy()
    broken[1, 3] = np.nan
    scores = stream.push(broken)
    assert np.isnan(scores[1]).all()
    assert np.isfinite(scores[[0, 2, 3]]).all()
    with pytest.raises(InputError, match="came from a sensor"):
        stream.push(cube[0, :2])
