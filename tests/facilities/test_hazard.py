import csv
import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from plumeline.chem import species
from plumeline.errors import InputError
from plumeline.facilities.hazard import (
    WORST_WEATHER,
    Room,
    Weather,
    indoor_mole_fraction,
    plume_kg_m3,
    pool_rate_kg_s,
    puff_distance_m,
    sigmas_m,
    vent_distance_m,
)
from plumeline.sources import Interval

RURAL = Weather(wind_m_s=2.0, terrain="rural")
CALM_NIGHT = Weather(wind_m_s=2.0, stability="F", terrain="rural")


@pytest.mark.parametrize(
    ("weather", "distance_m", "height_m", "expected"),
    # Axis concentration for 1 kg/s in 2 m/s from an independent implementation, pyeldqm 0.1.3 (rural Briggs classes):
    # ground release at ground level; 4 m release at 1.5 m.
    [
        (RURAL, 100.0, 0.0, 3.573457e-3),
        (RURAL, 300.0, 0.0, 4.502347e-4),
        (RURAL, 1000.0, 0.0, 5.498513e-5),
        (RURAL, 100.0, 4.0, 2.719089e-3),
        (CALM_NIGHT, 100.0, 0.0, 2.574175e-2),
        (CALM_NIGHT, 1000.0, 4.0, 3.194912e-4),
    ],
)
def test_plume_agrees_with_an_independent_implementation(weather, distance_m, height_m, expected):
    at_m = 1.5 if height_m else 0.0
    found = plume_kg_m3(distance_m, 1.0, weather, height_m=height_m, at_m=at_m)
    assert float(found) == pytest.approx(expected, rel=1e-4)


@given(st.floats(20, 3000), st.floats(0, 15), st.floats(0.5, 12))
def test_mass_is_conserved_through_a_plane(distance_m, height_m, wind):
    weather = Weather(wind_m_s=wind)
    sigma_y, sigma_z = (float(value) for value in sigmas_m(distance_m, weather))
    z = np.linspace(0, height_m + 8 * sigma_z, 4001)
    axis = np.array([plume_kg_m3(distance_m, 1.0, weather, height_m=height_m, at_m=one) for one in z])
    through = integrate.trapezoid(axis, z) * sigma_y * math.sqrt(2 * math.pi) * wind
    assert through == pytest.approx(1.0, rel=2e-3)


def test_distances_grow_with_rate_and_shrink_with_wind_and_limit():
    ammonia = species("ammonia")
    base = vent_distance_m(1e-3, 160e-6, ammonia, Weather(wind_m_s=1.5))
    assert vent_distance_m(1e-2, 160e-6, ammonia, Weather(wind_m_s=1.5)) > base
    assert vent_distance_m(1e-3, 160e-6, ammonia, Weather(wind_m_s=6)) < base
    assert vent_distance_m(1e-3, 1100e-6, ammonia, Weather(wind_m_s=1.5)) < base
    assert vent_distance_m(1e-3, 160e-6, ammonia, WORST_WEATHER) > base
    assert vent_distance_m(1e-12, 160e-6, ammonia, Weather(wind_m_s=1.5)) == 0.0


@pytest.mark.parametrize(
    ("name", "rate_g_s", "limit_ppm", "expected_m"),
    # Class D urban, 1.5 m/s, ground-level axis: the requirement study's own figures.
    [("ammonia", 10, 160, 26), ("phosphine", 1, 2, 57)],
)
def test_vent_zones_match_the_requirement_study(name, rate_g_s, limit_ppm, expected_m):
    weather = Weather(wind_m_s=1.5)
    substance = species(name)
    x = np.geomspace(1, 1000, 3000)
    limit = limit_ppm * 1e-6 * substance.molar_mass_kg_mol * 101_325 / (8.314462618 * 298.15)
    ground = plume_kg_m3(x, rate_g_s * 1e-3, weather, height_m=0.0, at_m=0.0)
    assert float(x[ground >= limit].max()) == pytest.approx(expected_m, rel=0.25)


MILE_M = 1609.344
POUND_PER_MINUTE_KG_S = 0.45359237 / 60


@pytest.mark.parametrize(
    ("rate_over_endpoint", "miles"),
    # US EPA 550-B-99-009, Risk Management Program guidance for offsite consequence analysis, reference table 1: neutrally
    # buoyant plume, 10-minute release, rural, class F, 1.5 m/s; upper ends of the rows, in (lb/min)/(mg/L).
    [(37, 0.2), (97, 0.3), (180, 0.4), (340, 0.6), (530, 0.8), (760, 1.0), (1000, 1.2)],
)
def test_worst_case_distances_agree_with_the_epas_published_table(rate_over_endpoint, miles):
    acetone = species("acetone")
    endpoint_kg_m3 = 1e-3
    limit = endpoint_kg_m3 * 8.314462618 * 298.15 / (acetone.molar_mass_kg_mol * 101_325)
    found = vent_distance_m(rate_over_endpoint * POUND_PER_MINUTE_KG_S, limit, acetone, WORST_WEATHER)
    assert 0.95 < found / (miles * MILE_M) < 1.25


def test_plume_agrees_with_turners_first_worked_problem():
    # Turner, Workbook of Atmospheric Dispersion Estimates, AP-26 (1970), problem 1: 3 g/s from the ground, overcast
    # night, 7 m/s, 3 km: 1.1e-5 g m-3 with Pasquill and Gifford's curves, which are not those used here.
    weather = Weather(wind_m_s=7.0, stability="D", terrain="rural")
    found = float(plume_kg_m3(3000.0, 3e-3, weather, at_m=0.0))
    assert found == pytest.approx(1.1e-8, rel=0.35)


def _prairie_grass(folder):
    """Largest concentration on each arc of each run [kg m-3], with the run's meteorology and rate."""
    read = {
        name: list(csv.DictReader((folder / f"{name}.csv").read_text().splitlines()))
        for name in ("meteorology", "truth", "observations")
    }
    top = defaultdict(float)
    for row in read["observations"]:
        arc = (row["run"], float(row["arc_m"]))
        top[arc] = max(top[arc], float(row["so2_mg_m3"]) * 1e-6)
    weather = {row["run"]: row for row in read["meteorology"] if row["obukhov_length_m"]}
    rate_kg_s = {row["run"]: float(row["rate_g_s"]) * 1e-3 for row in read["truth"]}
    return [
        (weather[run], rate_kg_s[run], arc_m, seen) for (run, arc_m), seen in top.items() if run in weather
    ]


@pytest.mark.parametrize(
    ("stability", "obukhov_m", "within_two", "middle"),
    [
        ("D", lambda length: abs(length) > 80, 0.85, (0.6, 1.0)),
        ("F", lambda length: 0 < length < 20, 0.6, (0.9, 1.6)),
    ],
)
def test_plume_agrees_with_measured_releases(real_data, stability, obukhov_m, within_two, middle):
    ratio = []
    for met, rate_kg_s, arc_m, seen in _prairie_grass(real_data / "prairie-grass-1956"):
        if obukhov_m(float(met["obukhov_length_m"])):
            weather = Weather(wind_m_s=float(met["speed_m_s"]), stability=stability, terrain="rural")
            ratio.append(float(plume_kg_m3(arc_m, rate_kg_s, weather, height_m=0.46)) / seen)
    ratio = np.array(ratio)
    assert ratio.size >= 15
    assert np.mean((ratio > 0.5) & (ratio < 2)) >= within_two
    assert middle[0] < float(np.exp(np.log(ratio).mean())) < middle[1]


def test_room_example_of_the_requirement_study():
    # 150 m3, 0.1 g/s of acetone: 2,020, 505 and 168 ppm at 0.5, 2 and 6 air changes per hour.
    acetone = species("acetone").molar_mass_kg_mol
    rate = Interval(median=1e-4, low=1e-4, high=1e-4)
    for changes, expected in ((0.5, 2020), (2, 505), (6, 168)):
        room = Room(volume_m3=(150, 150), air_changes_per_hour=(changes, changes))
        low, high = indoor_mole_fraction(rate, room, acetone)
        assert low == pytest.approx(expected * 1e-6, rel=0.02)
        assert high == low


def test_the_indoor_range_spans_rate_and_room():
    rate = Interval(median=1e-4, low=5e-5, high=2e-4)
    low, high = indoor_mole_fraction(rate, Room(), 0.058)
    assert high / low == pytest.approx((2e-4 / 5e-5) * 10 * 20)
    _, most = indoor_mole_fraction(Interval(median=10, low=5, high=20), Room(), 0.058)
    assert most == 1.0


def test_pool_rate_lies_between_two_independent_methods():
    # Toluene, 25 °C, 3 m/s, 5 m pool: 4.32e-4 kg m-2 s-1 (pyeldqm 0.1.3, boundary-layer theory) and 1.29e-3 (US EPA
    # RMP guidance EPA 550-B-99-009, equation D-1: 0.284 U^0.78 M^(2/3) A P / (82.05 T) in its own units).
    area = math.pi * 2.5**2
    found = pool_rate_kg_s(area, species("toluene"), Weather(wind_m_s=3.0)) / area
    assert 4.32e-4 < found < 1.29e-3


def test_a_gas_makes_no_pool_and_an_unknown_vapour_pressure_no_rate():
    assert pool_rate_kg_s(1.0, species("ammonia"), RURAL) is None
    assert pool_rate_kg_s(1.0, species("limonene"), RURAL) is None


def test_puff_dose_is_that_of_an_hour_of_venting_the_same_mass():
    acetone = species("acetone")
    assert puff_distance_m(3.6, 3200e-6, acetone, RURAL) == vent_distance_m(1e-3, 3200e-6, acetone, RURAL)


def test_impossible_conditions_are_refused():
    with pytest.raises(InputError, match="wind"):
        Weather(wind_m_s=0.0)
    with pytest.raises(InputError, match="room"):
        Room(volume_m3=(10, 5))
