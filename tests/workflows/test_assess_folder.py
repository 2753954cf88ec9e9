"""A written result folder is read back as the flight it was."""

import numpy as np
import pytest
import shapely

from fakes import fake_report
from plumeline.sources.flight import flight_of
from plumeline.store import result_folder, write_netcdf
from plumeline.store.document import locate_document
from plumeline.workflows.assess import AssessRequest, assess
from plumeline.workflows.flights import read_flight
from plumeline.workflows.locate import json_text


@pytest.mark.parametrize("placed", [True, False])
def test_a_located_result_is_read_back_and_assessed(tmp_path, placed):
    report = fake_report(species=("methane",), placed=placed)
    with result_folder(tmp_path / "flight.plumeline") as folder:
        (folder / "result.json").write_text(json_text(locate_document(report)), encoding="utf-8")
        write_netcdf(report, folder / "result.nc")
    found, expected = read_flight(tmp_path / "flight.plumeline").flight, flight_of(report)
    assert found.name == expected.name
    assert abs(found.time - expected.time) <= np.timedelta64(1, "s")
    assert found.frame == expected.frame
    assert [one.label for one in found.sources] == [one.label for one in expected.sources]
    for one, other in zip(found.sources, expected.sources, strict=True):
        assert one.rate_kg_s["methane"].median == pytest.approx(other.rate_kg_s["methane"].median, rel=1e-4)
        apart = shapely.symmetric_difference(one.region_90.shape, other.region_90.shape).area
        assert apart < 0.02 * other.region_90.area_m2
    sites = assess(AssessRequest(flights=(tmp_path / "flight.plumeline",)))
    assert len(sites) == len(expected.sources)
    # The fake flight's wind blows 0.6 m/s east and 3.4 m/s north, give or take a few tenths.
    assert sites[0].wind.from_deg == pytest.approx(190.0, abs=1.5)
    assert sites[0].wind.speed_m_s == pytest.approx(3.45, abs=0.1)
    assert 0 < sites[0].wind.spread_deg < 10
    assert sites[0].wind.source == "survey fake flight"
    assert not sites[0].site.is_alert


def test_a_result_written_before_the_wind_was_stored_has_an_unknown_wind(tmp_path):
    report = fake_report(species=("methane",), placed=True)
    document = locate_document(report)
    del document["survey"]["wind"]
    with result_folder(tmp_path / "flight.plumeline") as folder:
        (folder / "result.json").write_text(json_text(document), encoding="utf-8")
        write_netcdf(report, folder / "result.nc")
    assert read_flight(tmp_path / "flight.plumeline").wind is None
