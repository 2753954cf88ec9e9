import json
from dataclasses import replace

import numpy as np
import pytest

import fakes
from plumeline.cli.summary import summary_lines
from plumeline.errors import ConfigurationError, InputError, OutputError
from plumeline.sources import InferenceSettings
from plumeline.workflows.locate import LocateRequest, publish, restricted, settings_from
from plumeline.workflows.truth import KnownSource


def request(tmp_path, **change):
    return LocateRequest(survey=tmp_path / "flight.csv", output=tmp_path / "out", **change)


def silent(_share, _text):
    pass


def test_a_published_result_has_every_promised_file(tmp_path):
    result = publish(fakes.fake_report(), request(tmp_path), silent)
    assert [name for name in result.files if not name.startswith("styles")] == [
        *("report.html", "result.geojson", "result.gpkg", "result.json", "result.nc")
    ]
    assert json.loads((tmp_path / "out" / "result.json").read_text()) == result.document
    named = (tmp_path / "out" / "report.html").read_text()
    assert all(name in named for name in result.files if not name.startswith(("styles", "report")))


def test_without_an_output_nothing_is_written(tmp_path):
    result = publish(fakes.fake_report(), replace(request(tmp_path), output=None), silent)
    assert result.files == ()
    assert list(tmp_path.iterdir()) == []
    assert result.document["found"]


def test_a_broken_basemap_leaves_nothing_behind(tmp_path):
    (tmp_path / "site.geojson").write_text("{")
    with pytest.raises(InputError):
        publish(fakes.fake_report(), request(tmp_path, basemap=tmp_path / "site.geojson"), silent)
    assert [path.name for path in tmp_path.iterdir()] == ["site.geojson"]


def test_an_output_folder_that_exists_is_refused_before_any_work(tmp_path):
    from plumeline.workflows.locate import locate

    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        locate(request(tmp_path))  # the survey does not exist either: it was not even looked at


def test_a_time_window_and_species_cut_the_survey(tmp_path):
    survey = fakes.fake_survey(species=fakes.SPECIES)
    start = fakes.START + np.timedelta64(60, "s")
    cut = restricted(survey, request(tmp_path, start=start, species=("acetone",)))
    assert cut.species == ("acetone",)
    assert cut.in_situ["time"].to_numpy().min() >= start
    assert cut.in_situ["mass_concentration"].shape == (survey.reading_count - 30, 1)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"species": ("chlorine",)}, "no chlorine"),
        ({"start": np.datetime64("2026-03-03"), "end": np.datetime64("2026-03-02")}, "is empty"),
    ],
)
def test_a_selection_that_cannot_be_is_an_error(tmp_path, change, match):
    with pytest.raises(ConfigurationError, match=match):
        restricted(fakes.fake_survey(), request(tmp_path, **change))


def test_a_window_without_readings_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no reading"):
        restricted(fakes.fake_survey(), request(tmp_path, end=np.datetime64("2020-01-01")))


def test_settings_come_from_file_words_and_seed_in_that_order(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("particles = 99\nseed = 5\nmax_sources = 2\n")
    settings = settings_from(path, ["particles=100", "margin_m=20"], 9)
    assert (settings.particles, settings.seed, settings.max_sources, settings.margin_m) == (100, 9, 2, 20.0)
    assert settings_from(None, [], None) == InferenceSettings()


@pytest.mark.parametrize(
    ("word", "match"),
    [
        ("partcles=3", "no setting 'partcles'"),
        ("particles=many", "not int"),
        ("particles=2.5", "not int"),
        ("particles=true", "not int"),
        ("particles", "not key=value"),
        ("particles=-1", "particles is -1"),
    ],
)
def test_a_wrong_setting_is_named(word, match):
    with pytest.raises(ConfigurationError, match=match):
        settings_from(None, [word], None)


def test_the_nearest_setting_is_suggested():
    with pytest.raises(ConfigurationError) as wrong:
        settings_from(None, ["partcles=3"], None)
    assert wrong.value.remedy == "did you mean particles?"


def test_a_broken_settings_file_is_named(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("particles = \n")
    with pytest.raises(ConfigurationError) as wrong:
        settings_from(path, [], None)
    assert "settings.toml" in wrong.value.where


def test_the_summary_says_where_how_much_how_surely_and_what_was_missed(tmp_path):
    truth = (KnownSource(label="T1", x_m=15.0, y_m=-4.0, rate_kg_s={"methane": 8e-4}),)
    result = publish(fakes.fake_report(), request(tmp_path, truth=truth), silent)
    text = "\n".join(summary_lines(result))
    for part in (
        "one source found",
        "12 m east, -8 m north",
        "within 18 m",
        "0.40 g/s  (90 %: 0.24 to 0.68)",
        "probability of no source",
        "false-alarm probability",
        "would have seen, methane",
        "5.0 m from the centre, inside the 50 % region",
        "the wind turned",
        "report.html",
    ):
        assert part in text
    nothing = publish(fakes.fake_report(sources=0), replace(request(tmp_path), output=None), silent)
    text = "\n".join(summary_lines(nothing))
    assert "nothing found" in text
    assert "g/s in half of the visible area" in text


def test_several_flights_are_read_joined_and_cut_together(tmp_path):
    from plumeline.observations import Survey

    days = [fakes.fake_survey(species=fakes.SPECIES), fakes.fake_survey(species=fakes.SPECIES)]
    days[1].in_situ["time"] = days[1].in_situ["time"] + np.timedelta64(1, "D")
    days[1] = replace(days[1], name="next day")
    joined = Survey.join(days)
    cut = restricted(joined, request(tmp_path, species=("acetone",)))
    assert cut.species == ("acetone",)
    assert [part.species for part in cut.parts] == [("acetone",)] * 2
    late = restricted(joined, request(tmp_path, start=fakes.START + np.timedelta64(1, "D")))
    assert late.name == "next day"


def test_a_result_of_several_flights_names_them_in_document_and_summary(tmp_path):
    from jsonschema import validate

    from plumeline.observations import Survey
    from plumeline.sources.estimate import FlightSupport
    from plumeline.store import locate_schema

    report = fakes.fake_report()
    other = replace(report.survey, name="thursday")
    later = other.in_situ.assign(time=other.in_situ["time"] + np.timedelta64(3, "D"))
    flights = tuple(
        FlightSupport(flight=name, evidence_nats=nats, on_share=share)
        for name, nats, share in ((report.survey.name, 40.0, 1.0), ("thursday", 2.0, 0.25))
    )
    joined = replace(
        report,
        survey=Survey.join([
            replace(report.survey, open_path=None),
            replace(other, in_situ=later, open_path=None),
        ]),
        sources=tuple(replace(source, flights=flights) for source in report.sources),
    )
    result = publish(joined, request(tmp_path), silent)
    validate(dict(result.document), locate_schema())
    assert [one["name"] for one in result.document["survey"]["flights"]] == [report.survey.name, "thursday"]
    assert any("flight thursday" in line and "25%" in line for line in summary_lines(result))
