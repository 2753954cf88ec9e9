import numpy as np
import pytest

from plumeline.atmosphere.plume import path_coupling, point_coupling
from plumeline.atmosphere.plume_rows import ELEMENT_FIELDS, Air, piece_couplings, point_couplings

COUNT = 400
TURN, FACTOR = 0.1, 1.1
SOURCE = (-90.0, 3.0, 2.0)


def air(mixing_m=np.inf):
    return Air(1.2**2, 0.9**2, 0.35**2, 200.0, 100.0, 0.25, 0.25, mixing_m)


@pytest.fixture(scope="module")
def elements():
    rng = np.random.default_rng(0)
    table = np.zeros((ELEMENT_FIELDS, COUNT), np.float32)
    table[:2] = rng.uniform(-100, 100, (2, COUNT))
    table[2] = rng.uniform(0, 10, COUNT)
    angle = rng.normal(0, 0.3, COUNT)
    table[3], table[4] = np.cos(angle), np.sin(angle)
    table[5] = 1 / rng.uniform(1, 6, COUNT)
    table[6], table[7] = 0.04, 0.01
    length, bearing = rng.uniform(0.1, 8, COUNT), rng.uniform(0, 2 * np.pi, COUNT)
    table[8] = table[0] + length * np.cos(bearing)
    table[9] = table[1] + length * np.sin(bearing)
    table[10] = table[2] + rng.normal(0, 1, COUNT) * (rng.random(COUNT) < 0.5)
    return table


def reference(elements, *, path):
    out = np.zeros((2, COUNT))
    for i in range(COUNT):
        e = elements[:, i].astype(float)
        speed = FACTOR / e[5]
        u = (np.cos(TURN) * e[3] - np.sin(TURN) * e[4]) * speed
        v = (np.sin(TURN) * e[3] + np.cos(TURN) * e[4]) * speed
        iy, iz, wide = 1.2 * np.sqrt(e[6]), 0.9 * np.sqrt(e[7]), np.sqrt(1.44 * e[6] + 0.35**2)
        way = (u, v, speed, iy, iz, 200.0, 100.0, wide)
        if path:
            out[:, i] = path_coupling(e[[0, 1, 2, 8, 9, 10]], *SOURCE, *way)
        else:
            out[:, i] = point_coupling(e[0] - SOURCE[0], e[1] - SOURCE[1], e[2], SOURCE[2], *way)
    return out


@pytest.mark.parametrize("path", [False, True])
def test_single_precision_rows_agree_with_the_reference(elements, path):
    out = np.zeros((2, COUNT), np.float32)
    heading = np.array([[np.cos(TURN), np.sin(TURN), FACTOR]])
    kernel = piece_couplings if path else point_couplings
    kernel(elements, np.array([0, COUNT]), SOURCE, heading, air(), out, 0)
    expected = reference(elements, path=path)
    assert np.abs(out - expected).max() < 5e-5 * expected.max()
    some = expected > 1e-3 * expected.max()
    off = np.abs(out[some] / expected[some] - 1.0)
    assert np.quantile(off, 0.98) < (3e-3 if path else 1e-5)
    assert off.max() < (0.1 if path else 2e-5)


@pytest.mark.parametrize("mixing_m", [np.inf, 40.0])
@pytest.mark.parametrize("path", [False, True])
def test_each_stretch_has_its_own_heading(elements, path, mixing_m):
    kernel = piece_couplings if path else point_couplings
    headings = np.array([
        [np.cos(turn), np.sin(turn), factor] for turn, factor in ((0.0, 1.0), (0.2, 0.7), (-0.1, 1.3))
    ])
    bounds = np.array([5, 20, 20, COUNT - 3])
    together = np.zeros((2, bounds[-1] - 2), np.float32)
    kernel(elements, bounds, SOURCE, headings, air(mixing_m), together, 2)
    alone = np.zeros_like(together)
    for g in range(3):
        kernel(elements, bounds[g : g + 2], SOURCE, headings[g : g + 1], air(mixing_m), alone, 2)
    assert together.any()
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert not together[:, :3].any()


def test_a_low_cap_keeps_all_gas_below_it():
    """Flux through a plane across the wind is the rate, cap or no cap."""
    cap_m, speed = 40.0, 3.0
    z = np.linspace(0.25, cap_m - 0.25, 80)
    y = np.linspace(-400, 400, 161)
    grid_y, grid_z = (axis.ravel() for axis in np.meshgrid(y, z))
    table = np.zeros((ELEMENT_FIELDS, grid_y.size), np.float32)
    table[0], table[1], table[2] = 500.0, grid_y, grid_z
    table[3], table[5] = 1.0, 1 / speed
    table[6], table[7] = 0.04, 0.01
    out = np.zeros((2, grid_y.size), np.float32)
    bounds, heading = np.array([0, grid_y.size]), np.array([[1.0, 0.0, 1.0]])
    point_couplings(table, bounds, (0.0, 0.0, 2.0), heading, air(cap_m), out, 0)
    narrow = out[0].astype(float).reshape(z.size, y.size).sum() * (y[1] - y[0]) * (z[1] - z[0]) * speed
    assert narrow == pytest.approx(1.0, rel=0.02)
