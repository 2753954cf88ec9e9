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
    assert sites[0].wind is None
    assert not sites[0].site.is_alert
