"""Readings of fixed sensors are gathered in parcels of a steady wind; that hardly changes how a source couples with them."""

import dataclasses

import numpy as np
import pytest

from plumeline.sources import InferenceSettings
from plumeline.sources.layout import elements_of
from plumeline.sources.likelihood import column
from plumeline.sources.prepare import prepare
from plumeline.sources.problem import undisturbed
from plumeline.sources.rows import MOST_ELEMENTS, parcels, travel_s, wind_and_spread
from plumeline.sources.samples import gather
from surveys import survey_of

SETTINGS = InferenceSettings()


def mast(n=3600):
    """A fixed sensor for an hour in a wind whose direction swings slowly."""
    rng = np.random.default_rng(3)
    seconds = np.arange(n, dtype=float)
    turn = 0.3 * np.sin(seconds / 300.0) + 0.05 * rng.standard_normal(n)
    wind = 3.0 * np.column_stack([np.cos(turn), np.sin(turn)])
    return survey_of(
        np.full(n, 60.0), np.full(n, 4.0), np.full(n, 2.0), np.full(n, 1e-6), wind, seconds=seconds
    )


def coupling(problem):
    out = np.zeros((2, problem.row_start.size - 1), np.float32)
    stretches = problem.stretch_row.size - 1
    source = np.array([0.0, 0.0, 1.5, 0.0])
    column(problem, source, undisturbed(problem), np.zeros((stretches, 2)), 0, stretches, out)
    return out.astype(float)


def test_parcels_couple_as_their_samples_do():
    prepared = prepare(mast(), SETTINGS)
    gathered = prepared.problem
    samples = gather(mast(), SETTINGS)
    wind, spread = wind_and_spread(samples, SETTINGS, travel_s(samples))
    single = elements_of(samples, wind, spread, np.arange(samples.time_s.size))
    row_of = np.floor(samples.time_s / prepared.row_s).astype(int)
    every = gathered._replace(
        elements=single.table,
        run=single.run,
        run_is_path=single.run_is_path,
        row_start=single.row_start(row_of),
    )
    assert gathered.elements.shape[1] < every.elements.shape[1] / 4
    assert coupling(gathered)[0] == pytest.approx(coupling(every)[0], rel=0.1)


def test_a_long_record_of_fixed_sensors_keeps_a_bounded_number_of_elements():
    samples = gather(mast(600), SETTINGS)
    long = dataclasses.replace(
        samples,
        **{
            name: np.concatenate([getattr(samples, name)] * 1000)
            for name in ("sensor", "receptor", "is_path")
        },
        time_s=np.arange(600_000.0),
    )
    row_of = np.floor(long.time_s / 600.0).astype(np.int64)
    assert parcels(samples, np.zeros(600, np.int64), 600.0).max() + 1 == 12
    assert parcels(long, row_of, 600.0).max() + 1 < MOST_ELEMENTS
    assert parcels(long, np.floor(long.time_s / 60.0).astype(np.int64), 60.0).max() + 1 <= MOST_ELEMENTS


def test_parcels_may_stand_in_any_order():
    samples = gather(mast(60), SETTINGS)
    wind, spread = np.tile([3.0, 0.0, 3.0], (60, 1)), np.full((60, 2), 0.1)
    wind[:, 0] = np.linspace(2.0, 3.0, 60)
    parcel = np.repeat(np.arange(6), 10)
    forward = elements_of(samples, wind, spread, parcel)
    back = elements_of(samples, wind[::-1], spread, parcel[::-1])
    assert forward.table.shape == back.table.shape == (11, 6)
    np.testing.assert_allclose(forward.table, back.table, rtol=1e-6)
