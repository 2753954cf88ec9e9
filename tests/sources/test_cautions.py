"""Bad surveys say what is wrong with them, before any sampling."""

import numpy as np

from plumeline.observations import Quality
from plumeline.sources import InferenceSettings
from plumeline.sources.prepare import prepare
from surveys import flight, survey_of


def said(survey):
    return " | ".join(prepare(survey, InferenceSettings()).remarks)


def test_an_ordinary_flight_has_nothing_to_warn_of():
    for word in ("never changes", "below the detection limit", "shifted"):
        assert word not in said(flight())


def test_a_sensor_that_never_changes_is_named():
    survey = flight()
    survey.in_situ["mass_concentration"][:] = 1e-6
    assert "methane of s0 never changes in 560 readings" in said(survey)


def test_all_non_detects_are_only_a_limit():
    survey = flight()
    survey.in_situ["quality"][:] = int(Quality.BELOW_DETECTION)
    survey.in_situ["detection_limit"][:] = 1e-7
    assert "every reading of methane is below the detection limit" in said(survey)


def test_a_wind_that_shifts_is_said():
    n = 300
    angle = np.linspace(0, 1.5 * np.pi, n)
    wind = 3.0 * np.column_stack([np.cos(angle), np.sin(angle)])
    survey = survey_of(
        np.linspace(0, 100, n), np.zeros(n), np.full(n, 5.0), np.random.default_rng(0).normal(1e-6, 2e-9, n), wind,
        seconds=np.arange(n),
    )  # fmt: skip
    text = said(survey)
    assert "the wind shifted during the survey" in text
