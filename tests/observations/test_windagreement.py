"""Two winds that contradict each other are said; two that differ within their errors are not."""

import numpy as np
import pytest

from plumeline.observations.wind import constant_wind
from plumeline.observations.windagreement import contradictions

TIME = np.datetime64("2024-06-01T10:00", "ns") + (np.arange(100) * 10**9).astype("timedelta64[ns]")


def wind(speed, from_deg, sigma=0.3):
    ends = np.array([TIME[0], TIME[-1]])
    return constant_wind(ends, speed_m_s=speed, direction_from_deg=from_deg, sigma_m_s=sigma, height_m=3.0)


@pytest.mark.parametrize(
    ("other", "contradicts"),
    [
        (wind(4.0, 190.0), False),
        (wind(4.0, 10.0), True),
        (wind(4.0, 250.0), True),
        (wind(12.0, 180.0), True),
        (wind(4.0, 250.0, sigma=3.0), False),  # so badly known that it may well agree
    ],
)
def test_contradicting_winds_are_said(other, contradicts):
    found = contradictions([("mast", wind(4.0, 180.0)), ("drone", other)], TIME)
    assert bool(found) == contradicts
    if found:
        assert "mast has 4.0 m/s from 180°" in found[0]
        assert "mast was used" in found[0]


def test_one_wind_contradicts_nothing():
    assert contradictions([("mast", wind(4.0, 180.0))], TIME) == []
