"""From flights to pages and documents, on flights made by hand; the located ones are walked in the functional test."""

import json
import math
import re
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
import xarray as xr

from plumeline.errors import ConfigurationError, InputError, ReadError
from plumeline.facilities import Period, State, Verdict, WindNow
from plumeline.frames import LocalFrame, lonlat
from plumeline.sources import Flight, Interval, SourceEstimate
from plumeline.sources.regions import highest_density_region
from plumeline.workflows.assess import AssessRequest, assess, assess_flights
from plumeline.workflows.assess_output import write_sites
from plumeline.workflows.assess_words import parse_forecast, parse_now, parse_room, parse_wind
from plumeline.workflows.flights import KnownFlight, read_flight

FRAME = LocalFrame(origin=lonlat(4.9, 52.3))
GASES = ("acetone", "toluene", "methanol", "styrene")
RATES = {"acetone": 1e-4, "toluene": 6e-5, "methanol": 5e-5, "styrene": 4e-7}


def flight(name, time, *, seen=True, seed=0):
    rng = np.random.default_rng(seed)
    points = rng.normal((6, 4), 5.0, (400, 2))
    common = rng.normal(0, 0.35, 400)
    rate = np.array([[RATES[gas] * math.exp(c + rng.normal(0, 0.15)) for gas in GASES] for c in common])
    sources = (
        SourceEstimate(
            label="S1",
            x_m=float(points[:, 0].mean()),
            y_m=float(points[:, 1].mean()),
            height_m=Interval(median=3, low=1, high=6),
            region_50=highest_density_region(points, 0.5),
            region_90=highest_density_region(points, 0.9),
            rate_kg_s={
                gas: Interval(median=RATES[gas], low=RATES[gas] / 1.8, high=RATES[gas] * 1.8) for gas in GASES
            },
            probability=0.99,
        ),
    )
    grid = np.arange(-100.0, 101.0, 10.0)
    known = Flight(
        name=name,
        time=np.datetime64(time),
        frame=FRAME,
        sources=sources if seen else (),
        posterior=xr.Dataset({
            "x": (("draw", "slot"), points[:, :1]),
            "y": (("draw", "slot"), points[:, 1:]),
            "rate": (("draw", "slot", "species"), rate[:, None, :]),
            "species": ("species", np.array(GASES)),
        }),
        detectability=xr.Dataset({
            "minimum_detectable_rate": (("species", "y", "x"), np.full((4, grid.size, grid.size), 2e-6)),
            "x": grid,
            "y": grid,
            "species": ("species", np.array(GASES)),
        }),
    )
    wind = WindNow(from_deg=268, spread_deg=15, speed_m_s=3.0, source=name)
    return KnownFlight(flight=known, wind=wind, warnings=())


def three():
    return [
        flight("f1", "2026-11-23T10:00:00"),
        flight("f2", "2026-11-23T23:00:00", seed=1),
        flight("f3", "2026-11-24T10:00:00", seed=2, seen=False),
    ]


@pytest.fixture
def town(tmp_path):
    def corners(box):
        points = shapely.get_coordinates(shapely.box(*box))
        lon, lat = FRAME.to_lonlat(points[:, 0], points[:, 1])
        return shapely.polygons(np.column_stack([lon, lat]))

    path = tmp_path / "town.geojsonl"
    boxes = [(0, 0, 12, 9), (12, 0, 24, 9), (-40, 0, -28, 9)]
    path.write_text("\n".join(shapely.to_geojson(corners(box)) for box in boxes))
    return path


def test_flights_become_one_site_with_evidence_of_each_kind(town):
    (found,) = assess_flights(three(), AssessRequest(flights=(), footprints=town))
    evidence = found.explanations.evidence
    assert set(evidence.mixture.rate_kg_s) == {"acetone", "toluene", "methanol"}
    assert set(evidence.mixture.limit_kg_s) == {"styrene"}
    assert [visit.period for visit in evidence.visits] == [Period.WORKING, Period.NIGHT, Period.WORKING]
    assert [visit.is_emitting for visit in evidence.visits] == [True, True, False]
    # Rates share the plume's error; what is the species' own is small.
    assert evidence.mixture.common_sigma == pytest.approx(0.35, abs=0.08)
    assert max(evidence.mixture.own_sigma.values()) < 0.3
    assert found.buildings.is_known
    assert found.activity.state in {State.UNDECIDED, State.RECENT}
    assert found.explanations.verdict in set(Verdict)


def test_visits_recorded_under_one_file_name_are_assessed(town):
    known = [
        flight("flight", "2026-11-23T10:00:00"),
        flight("flight", "2026-11-23T23:00:00", seed=1),
        flight("flight", "2026-11-24T10:00:00", seed=2, seen=False),
    ]
    request = AssessRequest(flights=(), footprints=town)
    (site,), (named,) = (assess_flights(flights, request) for flights in (known, three()))
    assert [visit.is_seen for visit in site.site.visits] == [True, True, False]
    assert len({visit.flight for visit in site.site.visits}) == 3
    assert site.explanations.verdict == named.explanations.verdict
    with pytest.raises(InputError, match="given twice"):
        assess_flights([known[0], known[0]], request)


def test_local_time_shifts_the_opening_hours():
    (found,) = assess_flights(three(), AssessRequest(flights=(), utc_offset_h=-9))
    assert [visit.period for visit in found.explanations.evidence.visits][0] is Period.NIGHT  # noqa: RUF015


def test_what_was_not_given_is_unknown_and_said():
    (found,) = assess_flights(three(), AssessRequest(flights=()))
    assert not found.buildings.is_known
    assert found.explanations.evidence.register is None
    assert found.neighbours.receptors is None
    assert found.neighbours.people == ()


def test_files_are_written_whole_and_the_same_twice(town, tmp_path):
    request = AssessRequest(flights=(), footprints=town, is_exercise=True)
    first, _ = write_sites(assess_flights(three(), request), tmp_path / "one")
    write_sites(assess_flights(three(), request), tmp_path / "two")
    assert {"site-A.html", "site-A.json", "responder-A.en.html", "responder-A.es.html"} <= set(first)
    for name in first:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    page = (tmp_path / "one" / "site-A.html").read_text()
    for part in ("benign first", "none of these", "What would settle it", "EXERCISE", "Is it active?", "f3"):
        assert part in page
    for name in (one for one in first if one.endswith(".html")):  # a comma in a number is a point in Spanish
        assert not re.search(r"\d,\d{3}\b", (tmp_path / "one" / name).read_text())
    document = json.loads((tmp_path / "one" / "site-A.json").read_text())
    assert sum(one["posterior"] for one in document["explanations"]["ranked"]) == pytest.approx(1, abs=0.01)


def keys_of(value):
    if isinstance(value, dict):
        return set(value) | {key for one in value.values() for key in keys_of(one)}
    if isinstance(value, list):
        return {key for one in value for key in keys_of(one)}
    return set()


def test_no_field_holds_a_position_a_person_or_an_aim(town, tmp_path):
    write_sites(assess_flights(three(), AssessRequest(flights=(), footprints=town)), tmp_path / "out")
    document = json.loads((tmp_path / "out" / "site-A.json").read_text())
    assert not keys_of(document) & {
        "x_m",
        "y_m",
        "lon",
        "lat",
        "lon_deg",
        "lat_deg",
        "aim",
        "target",
        "owner",
        "address",
    }


def test_a_result_folder_is_read_back_or_refused(tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "result.json").write_text("{}")
    with pytest.raises(ReadError, match="whole result"):
        read_flight(broken)


def test_words_of_the_command_line():
    assert parse_now("2026-11-24T09:52") == datetime(2026, 11, 24, 9, 52, tzinfo=UTC)
    assert parse_wind("268,3.2").speed_m_s == pytest.approx(3.2)
    for bad in ("west", "400,3", "1", "10,-2"):
        with pytest.raises(ConfigurationError):
            parse_wind(bad)
    with pytest.raises(ConfigurationError):
        parse_now("noon")
    with pytest.raises(ConfigurationError):
        assess(AssessRequest(flights=()))


def test_forecast_and_room_are_read_and_wrong_ones_refused():
    coming = parse_forecast("2026-11-24T12:00,250,4")
    assert (coming.from_deg, coming.speed_m_s, coming.source) == (250, 4, "2026-11-24 12:00 UTC")
    assert parse_room("50,80", None).volume_m3 == (50, 80)
    assert parse_room(None, "1,2").air_changes_per_hour == (1, 2)
    for bad in ("noon,250,4", "2026-11-24,250", "2026-11-24,999,4"):
        with pytest.raises(ConfigurationError):
            parse_forecast(bad)
    with pytest.raises(ConfigurationError, match="range"):
        parse_room("large", None)
    with pytest.raises(InputError, match="low before high"):
        parse_room("80,50", None)
