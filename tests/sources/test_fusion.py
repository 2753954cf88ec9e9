"""Fusion of flights into sites, on reports made by hand."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from plumeline.errors import InputError
from plumeline.frames import LocalFrame, lonlat
from plumeline.observations import Quality, Survey
from plumeline.sources import Interval, SourceEstimate, SourceReport
from plumeline.sources.flight import flight_of, limits_at
from plumeline.sources.fusion import fuse
from plumeline.sources.regions import highest_density_region

PLACED = LocalFrame(origin=lonlat(4.9, 52.3))


def survey(name, day, frame):
    count = 3
    times = (
        np.datetime64("2026-11-01T09:00:00", "ns")
        + np.arange(count) * np.timedelta64(60, "s")
        + np.timedelta64(day, "D")
    )

    def reading(values, units):
        return xr.DataArray(np.asarray(values, float), dims=("reading",), attrs={"units": units})

    def table(value, units):
        return xr.DataArray(np.full((count, 1), value), dims=("reading", "species"), attrs={"units": units})

    dataset = xr.Dataset({
        "time": ("reading", times),
        "sensor": ("reading", np.zeros(count, int)),
        "sensor_name": ("sensor_index", np.array(["s"])),
        "species": ("species", np.array(["acetone"])),
        "quality": (("reading", "species"), np.zeros((count, 1), int) + int(Quality(0))),
        **{key: reading(np.zeros(count), "m") for key in ("x", "y", "z")},
        "wind_eastward": reading([3.0] * count, "m s-1"),
        "wind_northward": reading([0.0] * count, "m s-1"),
        "wind_sigma": reading([0.3] * count, "m s-1"),
        "wind_height": reading([3.0] * count, "m"),
        "mass_concentration": table(1e-9, "kg m-3"),
        "mass_concentration_sigma": table(1e-10, "kg m-3"),
        "detection_limit": table(1e-10, "kg m-3"),
        "molar_mass": xr.DataArray([0.058], dims=("species",), attrs={"units": "kg mol-1"}),
    })
    return Survey(name=name, frame=frame, in_situ=dataset)


def report(name, day, places, *, rates=None, sigma_m=6.0, frame=PLACED, seed=0):
    rng = np.random.default_rng(seed + 17 * day)
    rates = rates or [{"acetone": 1e-4, "toluene": 5e-5}] * len(places)
    draws = [rng.normal(place, sigma_m, (600, 2)) for place in places]
    sources = []
    for index, (points, rate) in enumerate(zip(draws, rates, strict=True), start=1):
        centre = points.mean(axis=0)
        sources.append(
            SourceEstimate(
                label=f"S{index}",
                x_m=float(centre[0]),
                y_m=float(centre[1]),
                height_m=Interval(median=2, low=1, high=4),
                region_50=highest_density_region(points, 0.5),
                region_90=highest_density_region(points, 0.9),
                rate_kg_s={
                    key: Interval(median=value, low=value / 1.5, high=value * 1.5)
                    for key, value in rate.items()
                },
                probability=0.99,
            )
        )
    slots = max(len(places), 1)
    x = np.full((600, slots), np.nan)
    y = x.copy()
    for slot, points in enumerate(draws):
        x[:, slot], y[:, slot] = points.T
    grid = np.arange(-200.0, 201.0, 20.0)
    limit = np.full((1, grid.size, grid.size), 3e-6)
    limit[:, :, :3] = np.inf
    made = SourceReport(
        survey=survey(name, day, frame),
        sources=tuple(sources),
        source_count_probability=(0.01, 0.99),
        probability_no_source=0.01,
        log10_bayes_factor=5.0,
        false_alarm_probability=0.001,
        posterior=xr.Dataset({"x": (("draw", "slot"), x), "y": (("draw", "slot"), y)}),
        detectability=xr.Dataset({
            "minimum_detectable_rate": (("species", "y", "x"), limit),
            "x": grid,
            "y": grid,
            "species": ("species", np.array(["acetone"])),
        }),
        fit=xr.Dataset(),
    )
    return flight_of(made)


def test_two_flights_over_one_source_make_one_tighter_site():
    one, two = report("one", 0, [(10, 5)]), report("two", 1, [(13, 2)], seed=3)
    (site,) = fuse([two, one])
    assert site.label == "A"
    assert [visit.flight for visit in site.visits] == ["one", "two"]
    assert site.is_alert
    smallest = min(one.sources[0].region_90.area_m2, two.sources[0].region_90.area_m2)
    assert site.region_90.area_m2 < 1.1 * smallest
    assert site.points_m.mean(axis=0) == pytest.approx([11.5, 3.5], abs=2.5)


def test_places_far_apart_stay_two_sites_and_one_hit_is_no_alert():
    sites = fuse([report("one", 0, [(0, 0)]), report("two", 1, [(120, 0)], seed=3)])
    assert len(sites) == 2
    assert not any(site.is_alert for site in sites)


def test_two_sources_of_one_flight_are_never_one_site():
    assert len(fuse([report("one", 0, [(0, 0), (4, 0)])])) == 2


def test_other_gases_at_the_same_place_are_another_site():
    same = [{"acetone": 1e-4, "toluene": 5e-5, "ethanol": 3e-5}]
    other = [{"acetone": 1e-6, "toluene": 5e-4, "ethanol": 3e-3}]
    together = fuse([report("one", 0, [(0, 0)], rates=same), report("two", 1, [(2, 1)], rates=same)])
    apart = fuse([report("one", 0, [(0, 0)], rates=same), report("two", 1, [(2, 1)], rates=other)])
    assert len(together) == 1
    assert len(apart) == 2


def test_a_changed_rate_with_the_same_mixture_is_still_the_site():
    strong = [{"acetone": 1e-3, "toluene": 5e-4, "ethanol": 3e-4}]
    weak = [{"acetone": 1e-4, "toluene": 5e-5, "ethanol": 3e-5}]
    (site,) = fuse([report("one", 0, [(0, 0)], rates=strong), report("two", 1, [(2, 1)], rates=weak)])
    assert site.rate_kg_s["acetone"].low < 1e-4
    assert site.rate_kg_s["acetone"].high > 1e-3


def test_a_flight_that_saw_nothing_is_a_visit_with_its_limit():
    (site,) = fuse([report("one", 0, [(10, 5)]), report("empty", 1, [])])
    assert [(visit.is_seen, dict(visit.limit_kg_s)) for visit in site.visits] == [
        (True, {"acetone": 3e-6}),
        (False, {"acetone": 3e-6}),
    ]
    assert not site.is_alert


def test_where_a_flight_could_not_see_there_is_no_limit():
    flight = report("one", 0, [(0, 0)])
    assert limits_at(flight, np.array([-190.0, 0.0])) == {}
    assert limits_at(flight, np.array([5000.0, 0.0])) == {}


def test_frames_of_two_flights_are_brought_together():
    east = LocalFrame(origin=lonlat(4.901, 52.3))
    shift = float(PLACED.to_local(4.901, 52.3)[0])
    (site,) = fuse([report("one", 0, [(0, 0)]), report("two", 1, [(-shift, 0)], frame=east, seed=3)])
    assert len(site.sightings) == 2
    with pytest.raises(InputError, match="some are not"):
        fuse([report("one", 0, [(0, 0)]), report("two", 1, [(0, 0)], frame=LocalFrame(origin=None))])


def test_unplaced_flights_are_joined_with_a_remark():
    bare = LocalFrame(origin=None)
    (site,) = fuse([report("one", 0, [(0, 0)], frame=bare), report("two", 1, [(1, 1)], frame=bare)])
    assert "taken to be the same" in site.remarks[0]


def test_contradictory_flights_are_said_and_not_averaged():
    (site,) = fuse([report("one", 0, [(0, 0)], sigma_m=1.0), report("two", 1, [(16, 0)], sigma_m=1.0)])
    assert any("contradict" in remark for remark in site.remarks)
    agreeing = fuse([report("one", 0, [(0, 0)], sigma_m=1.0), report("two", 1, [(5, 0)], sigma_m=1.0)])
    assert not agreeing[0].remarks


def test_two_visits_recorded_under_one_name_are_two_visits():
    flights = [report("flight", day, [(0.0, 0.0)]) for day in (0, 3)]
    (site,) = fuse(flights)
    assert [one.is_seen for one in site.visits] == [True, True]
    assert [one.flight for one in site.visits] == [
        "flight 2026-11-01T09:01:00Z",
        "flight 2026-11-04T09:01:00Z",
    ]
    missed = fuse([flights[0], report("flight", 3, [])])[0]
    assert [one.is_seen for one in missed.visits] == [True, False]


def test_no_flight_and_a_flight_twice_are_refused():
    with pytest.raises(InputError):
        fuse([])
    one = report("one", 0, [(0, 0)])
    with pytest.raises(InputError, match="twice"):
        fuse([one, replace(one)])


def test_the_same_flights_in_any_order_give_the_same_sites():
    flights = [report("one", 0, [(10, 5)]), report("two", 1, [(13, 2)]), report("three", 2, [(90, 0)])]
    first, second = fuse(flights), fuse(flights[::-1])
    assert [site.region_90.area_m2 for site in first] == [site.region_90.area_m2 for site in second]
