import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pypdf
import pytest
import shapely

from plumeline.errors import InputError
from plumeline.facilities import Evidence, Mixture, Period, Visit, explain
from plumeline.facilities.activity import Look, assess_activity
from plumeline.facilities.buildings import rank_buildings
from plumeline.facilities.footprints import Building, Footprints, unknown_footprints
from plumeline.facilities.neighbours import IN_REGION, Neighbours, PeopleCount, Receptor
from plumeline.facilities.phrase import Phrase
from plumeline.facilities.responder import Responder, WindNow, sheet_html, sheet_pdf
from plumeline.sources import Interval, Region

NOW = datetime(2026, 11, 24, 9, 52, tzinfo=UTC)
DISC = shapely.MultiPolygon([shapely.Point(0, 0).buffer(25)])
RATES = {
    "acetone": 1e-4,
    "toluene": 6e-5,
    "methanol": 5e-5,
    "ammonia": 4e-5,
    "HCl": 2e-5,
    "iodine": 1e-6,
    "ethanol": 3e-5,
}


def responder(**changes):
    looks = [
        Look(time=NOW - timedelta(hours=6), is_emitting=True, detection_probability=0.9, limit_kg_s=3e-6)
    ]
    gases = Mixture(
        rate_kg_s={"acetone": 1e-4, "toluene": 6e-5},
        own_sigma={"acetone": 0.2, "toluene": 0.2},
        common_sigma=0.4,
        limit_kg_s={"styrene": 2e-6, "ethyl acetate": 2e-6},
    )
    evidence = Evidence(mixture=gases, visits=(Visit(period=Period.NIGHT, is_emitting=True),))
    squares = {"a": (0, 0, 10, 10), "b": (10, 0, 22, 10)}
    town = Footprints(
        buildings=tuple(Building(key=key, shape=shapely.box(*box)) for key, box in squares.items()),
        is_known=True,
        source="town.gpkg",
    )
    draws = np.random.default_rng(1).normal(5, 6, (300, 2))
    made = Responder(
        site="A",
        now=NOW,
        region=Region(probability=0.9, shape=DISC, area_m2=DISC.area),
        rate_kg_s={name: Interval(median=rate, low=rate / 2, high=rate * 2) for name, rate in RATES.items()},
        height_m=3.0,
        activity=assess_activity(looks, NOW),
        wind=WindNow(from_deg=268, spread_deg=15, speed_m_s=3.2, source="drone, 09:40"),
        buildings=rank_buildings(draws[:, 0], draws[:, 1], town),
        neighbours=Neighbours(
            receptors=(Receptor(kind="school", distance_m=175, bearing_deg=10),),
            people=(
                PeopleCount(area=IN_REGION, people=12.4, unknown_share=0.0),
                PeopleCount(
                    area=Phrase("downwind within 300 m", es="a sotavento hasta 300 m"),
                    people=310.0,
                    unknown_share=0.2,
                ),
                PeopleCount(
                    area=Phrase("downwind within 1000 m", es="a sotavento hasta 1000 m"),
                    people=None,
                    unknown_share=1.0,
                ),
            ),
            vintage="2020",
            source="x",
        ),
        assessment=explain(evidence),
    )
    return replace(made, **changes)


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_sheet_is_one_page_and_the_same_bytes_twice(language):
    first = sheet_pdf(responder(), language)
    assert first == sheet_pdf(responder(), language)
    assert len(pypdf.PdfReader(io.BytesIO(first)).pages) == 1


def test_it_says_what_a_hazmat_officer_needs():
    text = words(sheet_html(responder()))
    for part in (
        "From the west",
        "268°",
        "IDLH",
        "2500 ppm",
        "AEGL-2 3200 ppm",
        "Indoors, likely",
        "last seen 2026-11-24 03:52 UTC",
        "shares a wall with",
        "none of these",
        "at least 310 (20% of the area unknown)",
        "people downwind within 1000 m: unknown",
        "school 175 m away",
        "self-contained breathing apparatus",
        "Looked for and not seen: styrene, ethyl acetate",
        "A meter at the door overrules",
    ):
        assert part in text, part


def test_every_limit_on_the_page_has_a_numbered_source():
    html = sheet_html(responder())
    shown = [
        cell for cell in re.findall(r"<td>([^<]*(?:ppm|%)(?:<sup>\d+</sup>)?)</td>", html) if "–" not in cell
    ]
    assert len(shown) >= 12
    assert all(re.search(r"<sup>\d+</sup>$", cell) for cell in shown)
    listed = len(re.findall(r"<sup>\d+</sup> ", html))
    used = {int(number) for number in re.findall(r"<sup>(\d+)</sup>", html)}
    assert max(used) <= listed


def test_a_missing_limit_is_shown_as_missing():
    text = words(sheet_html(responder(rate_kg_s={"iodine": Interval(median=1e-6, low=5e-7, high=2e-6)})))
    assert text.count("not known") >= 4
    strange = words(
        sheet_html(responder(rate_kg_s={"unobtainium": Interval(median=1e-6, low=5e-7, high=2e-6)}))
    )
    assert "unobtainium" in strange


def test_the_indoor_range_warns_of_idlh_and_fire():
    big = {"acetone": Interval(median=5e-3, low=2e-3, high=1e-2)}
    text = words(sheet_html(responder(rate_kg_s=big)))
    assert "may exceed IDLH" in text
    assert "fire and explosion" in text
    small = {"acetone": Interval(median=1e-7, low=5e-8, high=2e-7)}
    assert "may exceed" not in words(sheet_html(responder(rate_kg_s=small)))


@pytest.mark.parametrize(("speed", "spread"), [(0.4, 20), (3.0, 80)])
def test_no_side_is_safe_in_light_or_turning_wind(speed, spread):
    wind = WindNow(from_deg=90, spread_deg=spread, speed_m_s=speed, source="drone")
    text = words(sheet_html(responder(wind=wind)))
    assert "No safe side" in text
    assert "From the east" not in text


def test_what_is_unknown_is_said():
    bare = responder(
        rate_kg_s={},
        buildings=rank_buildings([0.0], [0.0], unknown_footprints("no file was given")),
        neighbours=None,
        assessment=None,
        activity=assess_activity([], NOW),
    )
    text = words(sheet_html(bare))
    for part in (
        "No gas was identified",
        "no file was given",
        "no map was given",
        "nobody has looked",
        "never seen",
    ):
        assert part in text, part


def test_spanish_has_no_english_left():
    text = words(sheet_html(responder(), "es"))
    for part in (
        "Desde el oeste",
        "visto por última vez",
        "comparte pared",
        "personas a sotavento hasta 300 m",
    ):
        assert part in text, part
    for part in ("Approach", "Unknown", "not known", "people", "Neighbours"):
        assert part not in text, part


def test_an_exercise_is_marked_and_an_unknown_language_refused():
    assert "EXERCISE" in sheet_html(responder(is_exercise=True))
    assert "EXERCISE" not in sheet_html(responder())
    with pytest.raises(InputError, match="fr"):
        sheet_html(responder(), "fr")


def test_text_from_outside_cannot_break_the_page():
    html = sheet_html(responder(site="<script>alert(1)</script>"))
    assert "<script>" not in html
