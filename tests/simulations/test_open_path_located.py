"""From simulated beams to their source: the instrument's own table, the ingest and the inversion, end to end."""

import re

from shapely.geometry import Point

from plumeline.simulations import fly
from plumeline.simulations.case_folder import write_case
from plumeline.simulations.scenario import parse, shipped
from plumeline.sources import InferenceSettings, infer
from plumeline.workflows.ingest import load_survey

SETTINGS = InferenceSettings(attempts=1, null_draws=0, max_rows=300)
"""The sampler works as hard as by default; fewer rows, one attempt and no replicas save time."""

SHORTEST_BEAM_M = 45.0


def test_a_leak_is_located_from_beams_alone(tmp_path):
    text = re.sub(r"turns = .*", "turns = 2.5", shipped("open-path"))
    flight = fly(parse(text).build(4), 4)
    survey = load_survey(write_case(flight, tmp_path / "case", file_formats=["path-csv"]).flight)
    assert survey.in_situ is None
    report = infer(survey, SETTINGS)
    assert report.probability_no_source < 0.05
    leak = flight.scene.emitters[0]
    (source,) = report.sources
    assert source.region_90.shape.covers(Point(leak.east_m, leak.north_m))
    rate = source.rate_kg_s["methane"]
    assert rate.low < leak.rates_kg_s["methane"] < rate.high
    # A column taken for a mean along the path, or the reverse, is off by the beam's length: no interval may be so wide
    # that it would hide that.
    assert rate.high / rate.low < SHORTEST_BEAM_M
