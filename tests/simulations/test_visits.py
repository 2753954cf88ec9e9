"""Cases with several visits: what is drawn, what goes to the inference, how naming is scored."""

import json

import pytest

from plumeline.errors import InputError
from plumeline.facilities import shipped_profiles
from plumeline.frames import LocalFrame
from plumeline.simulations.scoring import score_case
from plumeline.simulations.town_plan import trades
from plumeline.simulations.towns import ORIGIN
from plumeline.simulations.visits import UNEXPLAINED, draw_visits
from plumeline.workflows.benchmark.running import write_inbox

SEEDS = range(24)


def test_kinds_come_in_their_shares_and_the_second_visit_may_be_silent():
    drawn = [draw_visits("identification", seed) for seed in SEEDS]
    kinds = [first.emitters[0].kind if first.emitters else "nothing" for (first, _), _ in drawn]
    assert 0.2 < kinds.count(UNEXPLAINED) / len(kinds) < 0.7
    assert kinds.count("nothing") > 0
    assert len(set(kinds)) > 5
    works = [bool(second.emitters) for (first, _), (second, _) in drawn if first.emitters]
    assert 0.4 < sum(works) / len(works) < 0.95
    for (first, _), (second, _) in drawn:
        assert first.buildings == second.buildings
        assert first.wind != second.wind
        assert first.start_utc < second.start_utc
        for emitter in first.emitters:
            use = next(house.use for house in first.buildings if house.building_id == emitter.building)
            assert use == emitter.kind


def test_other_suites_fly_once():
    assert len(draw_visits("easy", 1)) == 1


def test_every_profile_of_the_product_has_an_emitter_of_its_own():
    # A road is a line, and "other" is whatever stands in no list.
    assert {profile.name for profile in shipped_profiles()} ^ set(trades()) == {"traffic", "other"}
    for profile in shipped_profiles():
        if profile.name in trades():
            kind = trades()[profile.name]
            assert set(kind.tags) <= set(profile.registered_as), kind.name
            assert set(kind.title) == {"en", "es"}
            assert kind.source


def answer(site, *, x=0.0):
    lon, lat = LocalFrame(origin=ORIGIN).to_lonlat(x, 0.0)
    ring = [
        [lon - 1e-4, lat - 1e-4],
        [lon + 1e-4, lat - 1e-4],
        [lon + 1e-4, lat + 1e-4],
        [lon - 1e-4, lat - 1e-4],
    ]
    shape = {"type": "Polygon", "coordinates": [[[float(a), float(b)] for a, b in ring]]}
    source = {"lon": float(lon), "lat": float(lat), "region_50": shape, "region_90": shape, "rate_kg_s": {}}
    return {
        "sources": [source | ({"site": site} if site else {})],
        "probability_no_source": None,
        "false_alarm_probability": None,
        "seconds": 1.0,
    }


TRUTH = {
    "name": "case-1",
    "is_working": False,
    "sources": [
        {"x_m": 3.0, "y_m": 0.0, "on_share": 1.0, "total_snr": 9.0, "rate_kg_s": {"acetone": 1e-4}, "kind": "bakery", "building": "B002"}
    ],
}  # fmt: skip
SITE = {"leading": "bakery", "verdict": "explained", "buildings": ["B001", "B002"], "state": "recent"}


def test_naming_is_scored_on_the_source_that_was_found():
    naming = score_case("identification", TRUTH, answer(SITE), LocalFrame(origin=ORIGIN)).naming
    assert (naming.kind, naming.leading, naming.rank, naming.state) == ("bakery", "bakery", 2, "recent")
    assert not naming.is_working


def test_a_source_elsewhere_names_nothing():
    naming = score_case("identification", TRUTH, answer(SITE, x=400.0), LocalFrame(origin=ORIGIN)).naming
    assert (naming.leading, naming.verdict, naming.rank) == ("elsewhere", "", 0)


def test_a_false_source_where_nothing_is_counts_as_what_was_said_of_it():
    naming = score_case(
        "identification", TRUTH | {"sources": []}, answer(SITE), LocalFrame(origin=ORIGIN)
    ).naming
    assert (naming.kind, naming.verdict) == ("nothing", "explained")


def test_an_answer_without_what_is_asked_for_is_refused():
    with pytest.raises(InputError, match="not an answer"):
        score_case("identification", TRUTH, answer(None), LocalFrame(origin=ORIGIN))


def test_the_inference_gets_no_truth(tmp_path):
    seed = next(seed for seed in SEEDS if draw_visits("identification", seed)[0][0].emitters)
    truth = write_inbox("identification", seed, tmp_path / "flight-00000")
    kind, building = (truth["sources"][0][key] for key in ("kind", "building"))
    names = {
        path.relative_to(tmp_path / "flight-00000").as_posix()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert {
        "visit-1/survey.toml",
        "visit-2/survey.toml",
        "scene/footprints.geojson",
        "scene/register.csv",
    } <= names
    for name in names:
        text = (tmp_path / "flight-00000" / name).read_text()
        assert kind not in text
        assert json.dumps(truth["sources"][0]["name"]) not in text
    assert building in (tmp_path / "flight-00000" / "scene" / "footprints.geojson").read_text()
