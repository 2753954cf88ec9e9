"""Cross-sensitive sensors: what they can unmix, what they cannot, and what their own error does."""

import numpy as np
import pytest
import shapely

from plumeline import chem
from plumeline.observations.cross_sensitivity import with_responses
from plumeline.observations.settings import ResponseSettings
from plumeline.sources import InferenceSettings, infer
from plumeline.sources.unmixing import ResponseMatrix, inseparable, response_matrix, unmixed
from surveys import mixture_flight

QUICK = InferenceSettings(particles=96, sweeps=2, null_draws=0)
CELLS = ("carbon monoxide", "hydrogen sulfide", "sulfur dioxide")
GASES = ("carbon monoxide", "hydrogen sulfide")
SENSITIVITY = np.array([[1.0, 0.3], [0.05, 1.0], [0.0, 0.2]])  # mole fractions, of the order of data sheets
PID_MASS = 56.108e-3


def mass(name):
    return chem.species(name).molar_mass_kg_mol


def cells():
    by_mass = SENSITIVITY * np.outer([mass(c) for c in CELLS], [1 / mass(g) for g in GASES])
    survey = mixture_flight(by_mass, CELLS, [3e-4, 1e-4], masses=[mass(c) for c in CELLS])
    declared = [
        ResponseSettings(channel=c, species=g, sensitivity=float(SENSITIVITY[i, j]), sigma=0.05)
        for i, c in enumerate(CELLS)
        for j, g in enumerate(GASES)
    ]
    nothing = ResponseSettings(channel="sulfur dioxide", species="sulfur dioxide", sensitivity=0.0)
    return with_responses(survey, [*declared, nothing])


def pid(*gases):
    by_mass = [[PID_MASS / mass("toluene") / 0.5]]
    survey = mixture_flight(by_mass, ["pid_response"], [3e-4], masses=[PID_MASS])
    return with_responses(survey, [ResponseSettings(channel="pid_response", species=g) for g in gases])


@pytest.fixture(scope="module")
def unmixed_cells():
    return infer(cells(), QUICK)


def test_three_cells_unmix_two_gases_of_one_place(unmixed_cells):
    (source,) = unmixed_cells.sources
    assert source.region_90.shape.covers(shapely.Point(20.0, -30.0))
    assert tuple(source.rate_kg_s) == GASES
    share = source.mixture["hydrogen sulfide"]
    assert share.low < 0.25 < share.high
    assert share.high - share.low < 0.15  # the place is known to tens of metres, the mixture far better
    both = sum(share.median for share in source.mixture.values())
    assert both == pytest.approx(1.0, abs=1e-3)
    assert unmixed_cells.inseparable == ()


def test_readings_taken_at_face_value_would_have_the_mixture_wrong(unmixed_cells):
    blind = infer(mixture_flight(
        SENSITIVITY[:2] * np.outer([mass(c) for c in CELLS[:2]], [1 / mass(g) for g in GASES]),
        CELLS[:2], [0.0, 3e-4], masses=[mass(c) for c in CELLS[:2]],
    ), QUICK)  # fmt: skip
    (source,) = blind.sources
    # All of it is hydrogen sulfide, but the carbon monoxide cell answers too.
    assert source.mixture["carbon monoxide"].median > 0.1


def test_a_pid_alone_cannot_tell_two_solvents_apart_but_knows_the_place():
    report = infer(pid("toluene", "acetone"), QUICK)
    (source,) = report.sources
    assert report.inseparable == (("toluene", "acetone"),)
    assert tuple(source.rate_kg_s) == ("toluene or acetone",)
    assert source.mixture == {}
    assert source.region_90.shape.covers(shapely.Point(20.0, -30.0))
    assert any("cannot tell toluene from acetone" in line for line in report.warnings)
    assert any("identifies nothing" in line for line in report.warnings)
    assert list(report.posterior["species"].to_numpy()) == ["toluene or acetone"]
    assert list(report.detectability["species"].to_numpy()) == ["toluene or acetone"]


def matrix(ratio, sigma=0.1):
    ratio = np.asarray(ratio, float)
    return ResponseMatrix(
        channels=tuple(f"c{i}" for i in range(len(ratio))),
        column=np.arange(len(ratio)),
        sensors=(frozenset(),) * len(ratio),
        species=tuple("abcdef"[: ratio.shape[1]]),
        ratio=ratio,
        sigma=np.full(ratio.shape, sigma),
    )


@pytest.mark.parametrize(
    ("ratio", "sigma", "expected"),
    [
        ([[1, 2]], 0.1, [(0, 1)]),  # one channel
        ([[1, 0], [0, 1]], 0.5, [(0,), (1,)]),  # each gas has its own
        ([[1, 2], [0.5, 1]], 0.0, [(0, 1)]),  # parallel
        ([[1, 1], [1, 1.1]], 0.1, [(0, 1)]),  # parallel within the errors
        ([[1, 1], [1, 1.1]], 0.001, [(0,), (1,)]),  # not any more
        ([[1, 1], [0.01, 0]], 0.5, [(0,), (1,)]),  # one channel answers to one of them only
        ([[1, 1, 0], [0, 1, 1]], 0.01, [(0, 1, 2)]),  # three gases on two channels
        ([[1, 1, 0, 0], [0, 0, 1, 1]], 0.01, [(0, 1), (2, 3)]),
    ],
)
def test_gases_are_together_when_no_channel_parts_them(ratio, sigma, expected):
    found = inseparable(matrix(ratio, sigma), np.ones(len(ratio), bool))
    assert list(found) == expected


def test_a_channel_without_readings_tells_nothing_apart():
    found = inseparable(matrix([[1, 1], [0, 1]]), np.array([True, False]))
    assert found == ((0, 1),)


@pytest.mark.parametrize("sigma", [0.0, 0.1, 0.3])
def test_the_error_of_the_matrix_widens_the_mixture_and_nothing_else(sigma):
    ratio = [[1.0, 0.3], [0.1, 1.0]]
    rates = np.broadcast_to([3.0, 1.0], (4000, 1, 2))
    drawn = unmixed(rates, matrix(ratio, sigma), ((0,), (1,)), seed=1)
    share = drawn[:, 0, 1] / drawn[:, 0].sum(axis=1)
    assert np.median(share) == pytest.approx(0.25, abs=0.02)
    # By hand, to first order: each entry of its own error, the rates from the 2 × 2 system.
    rng = np.random.default_rng(2)
    noisy = np.array(ratio) * np.exp(sigma * rng.standard_normal((4000, 2, 2)))
    exact = np.linalg.solve(noisy, np.broadcast_to(np.array(ratio) @ [3.0, 1.0], (4000, 2))[..., None])[
        ..., 0
    ]
    assert share.std() == pytest.approx((exact[:, 1] / exact.sum(axis=1)).std(), rel=0.2, abs=1e-9)


def test_restored_rates_give_the_readings_back():
    ratio = np.array([[1.0, 0.3], [0.1, 1.0], [0.5, 0.5]])
    rates = np.array([[[3.0, 1.0]], [[0.1, 5.0]]])
    same = unmixed(rates, matrix(ratio, 0.0), ((0,), (1,)), seed=1)
    np.testing.assert_array_equal(same, rates)
    assert unmixed(rates, matrix(ratio, 0.0), ((0, 1),), seed=1).tolist() == [[[4.0]], [[5.1]]]


def test_two_lamps_are_two_channels():
    survey = pid()
    survey.in_situ["sensor_name"] = ("sensor_index", np.array(["10.6 eV", "11.7 eV"]))
    survey.in_situ["sensor"][::2] = 1
    declared = [
        ResponseSettings(channel="pid_response", species="toluene"),
        ResponseSettings(channel="pid_response", species="dichloromethane", sensitivity=0.0),
        ResponseSettings(
            channel="pid_response", species="dichloromethane", sensitivity=1.1, sensor="11.7 eV"
        ),
    ]
    found = response_matrix(with_responses(survey, declared))
    assert found.channels == ("pid_response (11.7 eV)", "pid_response")
    assert found.species == ("toluene", "dichloromethane")
    np.testing.assert_allclose(found.ratio[:, 0], 2 * PID_MASS / mass("toluene"))
    np.testing.assert_allclose(found.ratio[:, 1], [1.1 * PID_MASS / mass("dichloromethane"), 0.0])
    assert inseparable(found, np.ones(2, bool)) == ((0,), (1,))
