"""The posterior as ArviZ and xarray want it."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import fakes
from plumeline.sources import posterior_tree


@pytest.fixture(scope="module")
def report():
    made = fakes.fake_report(sources=2, species=fakes.SPECIES)
    table = np.random.default_rng(1).normal(0, 0.1, (made.posterior.sizes["draw"], 6))
    return replace(made, posterior=made.posterior.assign(transport=(("draw", "parameter"), table)))


def test_every_variable_has_chain_and_draw_first_and_no_gap(report):
    tree = posterior_tree(report)
    assert set(tree.children) == {"posterior", "sample_stats", "observed_data"}
    for group in ("posterior", "sample_stats"):
        for name, values in tree[group].to_dataset().data_vars.items():
            assert values.dims[:2] == ("chain", "draw"), name
            assert np.isfinite(values).all(), name
    assert tree["posterior"].sizes["draw"] == tree["sample_stats"].sizes["draw"]
    assert tree["observed_data"].sizes["reading"] == report.fit.sizes["reading"]


def test_sources_keep_their_labels_and_places(report):
    posterior = posterior_tree(report)["posterior"].to_dataset()
    assert posterior["source"].to_numpy().tolist() == [one.label for one in report.sources]
    for source in report.sources:
        draws = posterior.sel(source=source.label)
        assert float(draws["x"].median()) == pytest.approx(source.x_m, abs=10.0)
        for name, rate in source.rate_kg_s.items():
            assert rate.low < float(draws["rate"].sel(species=name).median()) < rate.high


def test_the_air_has_names_and_every_flight_its_own(report):
    posterior = posterior_tree(report)["posterior"].to_dataset()
    assert posterior["spread_y_factor"].dims == ("chain", "draw")
    assert float(posterior["spread_y_factor"].median()) == pytest.approx(1.0, abs=0.05)
    assert float(posterior["wind_turn"].median()) == pytest.approx(0.0, abs=0.05)
    twice = np.tile(report.posterior["transport"].to_numpy(), 2)
    flights = report.posterior.assign(transport=(("draw", "parameter"), twice))
    two = posterior_tree(replace(report, posterior=flights))["posterior"].to_dataset()
    assert two["wind_turn"].dims == ("chain", "draw", "flight")


def test_no_source_leaves_the_air(report):
    none = posterior_tree(replace(report, sources=()))["posterior"].to_dataset()
    assert "x" not in none
    assert none.sizes["draw"] == report.posterior.sizes["draw"]


def test_it_goes_through_a_file(report, tmp_path):
    tree = posterior_tree(report)
    tree.to_netcdf(tmp_path / "posterior.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "posterior.nc", engine="h5netcdf") as again:
        xr.testing.assert_allclose(again["posterior"].to_dataset(), tree["posterior"].to_dataset())


def test_arviz_summarises_it(report):
    stats = pytest.importorskip("arviz_stats")
    table = stats.summary(posterior_tree(report), group="posterior")
    assert {"x[S1]", "y[S1]", "spread_y_factor"} <= set(table.index)
    assert np.isfinite(np.asarray(table["mean"], float)).all()
