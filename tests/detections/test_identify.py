"""Identification: known mixtures, look-alikes, absent gases, calibration."""

import numpy as np
import pytest

from plumeline.detections import equivalence_classes, identify
from plumeline.detections.identify import support

BANDS, GASES = 60, 40
NAMES = [f"g{k}" for k in range(GASES)]


@pytest.fixture(scope="module")
def design():
    rng = np.random.default_rng(0)
    centre = rng.uniform(0, BANDS, (GASES, 2))
    width = rng.uniform(1.5, 6, (GASES, 2))
    bands = np.arange(BANDS)
    shapes = np.exp(-0.5 * ((bands - centre[..., None]) / width[..., None]) ** 2).sum(axis=1)
    return shapes.T


def plume(design, members, snr, seed):
    rng = np.random.default_rng(seed)
    excess = rng.standard_normal(BANDS)
    for member in members:
        excess += snr * design[:, member] / np.linalg.norm(design[:, member])
    return excess


def test_a_clear_pair_is_named_and_nothing_else(design):
    found = identify(plume(design, (3, 17), 40.0, 1), design, NAMES)
    assert {one.gases[0] for one in found.named} == {"g3", "g17"}
    assert not found.abstained
    true_column = 40.0 / np.linalg.norm(design[:, 3])
    first = next(one for one in found.named if one.gases[0] == "g3")
    assert abs(first.column_ppm_m - true_column) < 4 * first.sigma_ppm_m + 0.1 * true_column


def test_noise_names_nothing(design):
    named = [identify(plume(design, (), 0.0, seed), design, NAMES).named for seed in range(30)]
    assert sum(map(len, named)) <= 1


def test_an_unknown_gas_is_not_given_a_name(design):
    spike = np.zeros(BANDS)
    spike[::2] = 30.0
    found = identify(spike + plume(design, (), 0, 5), design, NAMES)
    assert found.abstained
    assert not found.named


def test_twins_share_one_class(design):
    twins = np.column_stack([design, design[:, 3] * 1.7 + 0.002])
    names = [*NAMES, "twin"]
    assert any({"g3", "twin"} <= set(group) for group in equivalence_classes(twins, names))
    found = identify(plume(design, (3,), 15.0, 2), twins, names)
    lead = found.candidates[0]
    assert {"g3", "twin"} <= set(lead.gases)
    assert lead.probability > 0.9


def test_a_gas_without_band_is_never_included(design):
    blind = design.copy()
    blind[:, 5] = 0.0
    assert identify(plume(design, (3,), 30.0, 0), blind, NAMES).inclusion["g5"] == 0.0


def test_inclusion_probabilities_are_calibrated(design):
    """Expected calibration error over mixtures of 1 to 5 of 40 gases, weak ones among them."""
    rng = np.random.default_rng(9)
    claimed, true = [], []
    for _ in range(60):
        members = rng.choice(GASES, rng.integers(1, 6), replace=False)
        excess = rng.standard_normal(BANDS)
        for member in members:
            excess += rng.uniform(2, 30) * design[:, member] / np.linalg.norm(design[:, member])
        found = identify(excess, design, NAMES)
        for k, name in enumerate(NAMES):
            claimed.append(found.inclusion[name])
            true.append(k in members)
    claimed, true = np.array(claimed), np.array(true)
    bins = np.minimum((claimed * 10).astype(int), 9)
    error = sum(
        (bins == b).mean() * abs(claimed[bins == b].mean() - true[bins == b].mean())
        for b in range(10)
        if (bins == b).any()
    )
    assert error <= 0.05


def test_support_grows_with_the_plume(design):
    weak, strong = (support(plume(design, (7,), snr, 3), design) for snr in (5.0, 30.0))
    assert strong > weak
    assert support(-plume(design, (7,), 30.0, 3), design) < 10.0
