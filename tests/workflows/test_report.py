"""The report holds what it should, asks the network for nothing, and runs without an error in a real browser."""

import base64
import hashlib
import json
import re
import sqlite3
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import fakes
from plumeline.errors import ConfigurationError, ReadError
from plumeline.sources import Interval
from plumeline.workflows.report import render_report
from plumeline.workflows.report.basemap import countries, user_basemap
from plumeline.workflows.report.charts import decade_ticks, linear_ticks, time_ticks
from plumeline.workflows.report.page import report_words, significant_text, unknowns
from plumeline.workflows.report.posterior import posterior_panels
from plumeline.workflows.truth import KnownSource, compare
from programs import needed

CASES = {
    "one": {},
    "none": {"sources": 0},
    "two": {"sources": 2, "species": fakes.SPECIES},
    "local paths": {"placed": False, "open_path": True},
}
AROUND = (4.86, 52.32, 4.89, 52.34)


@pytest.fixture(scope="module", params=CASES, ids=str)
def page(request):
    report = fakes.fake_report(**CASES[request.param])
    return report, render_report(report)


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def payload(text):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])


def test_the_same_report_gives_the_same_page(page):
    report, text = page
    assert render_report(report) == text


def test_the_page_needs_no_network(page):
    _, text = page
    for tag, attributes in Tags(text).found:
        assert "src" not in attributes
        assert tag not in {"link", "iframe", "object", "embed", "base", "form", "img"}
        assert not attributes.get("href", "#").startswith(("http", "//"))
    styles = "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
    assert "@import" not in styles
    assert all(url.startswith("data:") for url in re.findall(r"url\((.*?)\)", styles))


def test_the_content_policy_allows_exactly_what_is_on_the_page(page):
    _, text = page
    policy = next(
        a["content"] for t, a in Tags(text).found if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for body in re.findall(r"<script>(.*?)</script>", text, re.DOTALL) + re.findall(
        r"<style>(.*?)</style>", text, re.DOTALL
    ):
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    for _, attributes in Tags(text).found:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]


def test_nothing_found_is_said_with_what_would_have_been_seen():
    report = fakes.fake_report(sources=0)
    text = render_report(report)
    assert "Nothing found" in text
    finite = report.detectability["minimum_detectable_rate"].to_numpy()
    median = 1e3 * np.median(finite[np.isfinite(finite)])
    assert f"a source of {significant_text(median)} g/s methane would have been seen" in text


def test_nothing_found_and_nothing_visible_is_no_all_clear():
    report = fakes.fake_report(sources=0)
    blind = report.detectability.assign(
        minimum_detectable_rate=report.detectability["minimum_detectable_rate"] * np.inf
    )
    blind["minimum_detectable_rate"].attrs["units"] = "kg s-1"
    text = render_report(replace(report, detectability=blind))
    assert "could not have seen one of any rate" in text


def test_texts_from_files_cannot_become_markup():
    report = fakes.fake_report()
    bad = "</script><script>alert(1)</script><b>"
    text = render_report(replace(report, warnings=(bad,), survey=replace(report.survey, name=bad)))
    assert bad not in text
    assert text.count("<script>") == 1


def test_every_text_is_used_and_every_used_text_exists():
    words = report_words("en")
    folder = Path("src/plumeline/workflows/report")
    ours = [*folder.glob("*.py"), *folder.glob("templates/*"), *folder.glob("static/*.js")]
    text = "".join(path.read_text() for path in ours)
    used = set(re.findall(r"\b(?:t\.|words\.|words\[[\"'])([a-z_0-9]+)", text)) - {"items"}
    assert not used - set(words)
    assert not set(words) - used


def test_what_we_do_not_know_names_what_is_wrong_with_this_answer():
    report = fakes.fake_report(sources=2)
    source = report.sources[0]
    wide = replace(source, rate_kg_s={"methane": Interval(median=1e-4, low=1e-5, high=1e-3)})
    said = " ".join(unknowns(replace(report, sources=(wide, report.sources[1])), report_words("en")))
    assert "factor of 100" in said
    assert "outside, to the west" in said
    assert "2 of 240 readings" in said
    assert "not settled" not in said
    said = " ".join(unknowns(replace(report, probability_no_source=0.4), report_words("en")))
    assert "not settled" in said


def test_the_maps_readings_are_the_surveys():
    report = fakes.fake_report()
    readings = payload(render_report(report))["readings"]
    assert len(readings) == report.survey.reading_count
    flagged = [reading for reading in readings if reading["flags"]]
    assert sorted(flag for reading in flagged for flag in reading["flags"]) == ["dropout", "position glitch"]
    loudest = max(readings, key=lambda reading: reading["mg_m3"][0] or 0)
    assert loudest["mg_m3"][0] == pytest.approx(
        1e6 * float(report.survey.in_situ["mass_concentration"].max()), rel=1e-3
    )


def test_truth_stands_beside_the_answer():
    report = fakes.fake_report()
    known = KnownSource(label="T1", x_m=15.0, y_m=-4.0, rate_kg_s={"methane": 8e-4})
    (comparison,) = compare(report, (known,))
    assert comparison.distance_m == pytest.approx(5.0)
    assert comparison.inside_90
    assert comparison.rate_ratio["methane"] == pytest.approx(0.5)
    text = render_report(report, truth=(comparison,))
    assert '<section class="truth">' in text
    assert '<section class="truth">' not in render_report(report)
    (missed,) = compare(fakes.fake_report(sources=0), (known,))
    assert missed.answer is None
    assert "not found" in render_report(fakes.fake_report(sources=0), truth=(missed,))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("inf"), "–"),
        (0.0, "0"),
        (0.00123, "0.0012"),
        (12.34, "12"),
        (1234.0, "1200"),
        (0.999, "1.0"),
    ],
)
def test_numbers_are_written_plainly(value, text):
    assert significant_text(value) == text


def test_ticks_are_round_and_inside():
    values, names = linear_ticks(-0.013, 0.094, 6)
    assert names == ["0", "0.02", "0.04", "0.06", "0.08"]
    assert min(values) >= -0.013
    assert time_ticks(0, 86400, 6)[1][:3] == ["00:00", "06:00", "12:00"]
    assert len(time_ticks(0, 10 * 365 * 86400, 6)[0]) > 3


@pytest.mark.parametrize(("low", "high"), [(-2.0, 22.0), (-3.5, 3.2), (-1.0, 1.0)])
def test_names_on_a_logarithmic_axis_do_not_run_into_each_other(low, high):
    values, names = decade_ticks(low, high)
    assert 2 <= len(names) <= 8
    assert all(low <= value <= high for value in values)


def test_the_pictures_say_the_same_interval_as_the_table(tmp_path):
    report = fakes.fake_report(**CASES["one"])
    source = report.sources[0]
    words = report_words("en")
    said = [panel.caption for panel in posterior_panels(report, words)[1:]]
    for interval, scale, unit in [(rate, 1e3, "g/s") for rate in source.rate_kg_s.values()] + [
        (source.height_m, 1, "m")
    ]:
        values = {name: f"{scale * getattr(interval, name):.2g}" for name in ("median", "low", "high")}
        assert words["interval_caption"].format(**values, unit=unit) in said


def test_countries_around_a_place_hold_it():
    shown = {country["name"] for country in countries(fakes.ORIGIN)}
    assert {"Netherlands", "Belgium", "Germany"} <= shown
    assert "Brazil" not in shown


def test_a_users_vectors_are_cut_to_the_site(tmp_path):
    building = {
        "type": "Polygon",
        "coordinates": [[[4.87, 52.33], [4.871, 52.33], [4.871, 52.331], [4.87, 52.33]]],
    }
    road = {"type": "LineString", "coordinates": [[4.865, 52.33], [4.88, 52.331]]}
    far = {"type": "Point", "coordinates": [10.0, 10.0]}
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": shape}
        for name, shape in (("Hall 3", building), ("Road", road), ("Far", far))
    ]
    path = tmp_path / "site.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = user_basemap(path, AROUND)
    assert [area["label"] for area in found["areas"]] == ["Hall 3"]
    assert found["areas"][0]["at"][0] == [52.33, 4.87]
    assert len(found["lines"]) == 1
    assert not found["points"]
    text = render_report(fakes.fake_report(), basemap=path)
    assert payload(text)["site"]["name"] == "site.geojson"


def test_tiles_are_taken_at_the_finest_level_that_stays_small(tmp_path):
    path = tmp_path / "site.mbtiles"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data BLOB)")
        for zoom in (0, 1):
            for column in range(2**zoom):
                for row in range(2**zoom):
                    database.execute("INSERT INTO tiles VALUES (?, ?, ?, ?)", (zoom, column, row, b"\x89PNG"))
    database.close()
    (image,) = user_basemap(path, AROUND)["images"]
    assert image["bounds"] == [[0.0, 0.0], [pytest.approx(85.0511, abs=1e-3), 180.0]]


def test_a_picture_needs_its_world_file(tmp_path):
    from PIL import Image

    path = tmp_path / "site.png"
    Image.new("RGB", (10, 20)).save(path)
    with pytest.raises(ConfigurationError, match="no place on Earth"):
        user_basemap(path, AROUND)
    path.with_suffix(".pgw").write_text("0.001\n0\n0\n-0.001\n4.8605\n52.3395\n")
    (image,) = user_basemap(path, AROUND)["images"]
    assert image["bounds"] == [
        [pytest.approx(52.32), pytest.approx(4.86)],
        [pytest.approx(52.34), pytest.approx(4.87)],
    ]
    path.with_suffix(".pgw").write_text("0.5\n0\n0\n-0.5\n155000.0\n463000.0\n")
    with pytest.raises(ConfigurationError, match="not in degrees"):
        user_basemap(path, AROUND)


@pytest.mark.parametrize(
    ("name", "content"), [("a.geojson", b"{"), ("a.mbtiles", b"not a database"), ("a.xyz", b"?")]
)
def test_a_broken_basemap_is_an_error_with_its_name(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ReadError) as broken:
        user_basemap(path, AROUND)
    assert name in broken.value.where


def test_a_missing_basemap_is_a_settings_error(tmp_path):
    with pytest.raises(ConfigurationError, match="no such basemap"):
        user_basemap(tmp_path / "none.geojson", AROUND)


@pytest.mark.parametrize(("case", "width"), [("one", 1200), ("local paths", 380)])
def test_a_browser_opens_it_without_an_error_or_a_request(case, width, tmp_path):
    needed("chromium")
    path = tmp_path / "report.html"
    path.write_text(render_report(fakes.fake_report(**CASES[case])))
    done = subprocess.run(
        [
            *("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            *(
                f"--user-data-dir={tmp_path / 'profile'}",
                f"--window-size={width},900",
                "--virtual-time-budget=3000",
            ),
            *("--dump-dom", path.as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    # The page's policy forbids every request, and a refused one is a console message: silence proves both.
    assert "CONSOLE" not in done.stderr
    assert "leaflet-container" in done.stdout
    assert 'id="sketch" hidden' in done.stdout
