"""A report as an `xarray.DataTree` in the layout of ArviZ: chain and draw first, one variable a quantity.

References: the InferenceData schema, https://python.arviz.org/en/stable/schema/schema.html; Kumar et al. 2019,
doi:10.21105/joss.01143 (ArviZ).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from plumeline.sources.problem import THETA
from plumeline.sources.regions import relabel

if TYPE_CHECKING:
    from plumeline.sources.estimate import SourceReport

TRANSPORT = ("spread_y_factor", "spread_z_factor", "wind_turn", "wind_factor", "model_error", "response_time")
"""Names of the transport parameters, in the order of `THETA`."""
UNITS = ("1", "1", "rad", "1", "1", "s")


def posterior_tree(report: SourceReport) -> xr.DataTree:
    """Everything a report was drawn from, for ArviZ or plain xarray.

    Args:
        report: what an inversion says.

    Returns:
        Groups `posterior` (draws with at least as many sources as are reported, these labelled S1, S2, …, and the air's
        parameters), `sample_stats` (`lp`, the log likelihood, and the number of sources of each of these draws) and
        `observed_data` (readings, with predicted ones beside them). One chain: draws of independent runs, equally
        weighted; their agreement is in `diagnostics`.
    """
    draws = report.posterior
    kept = np.flatnonzero(draws["source_count"].to_numpy() >= len(report.sources))
    chosen = draws.isel(draw=kept)
    stats = xr.Dataset({"lp": chosen["log_likelihood"], "source_count": chosen["source_count"]})
    return xr.DataTree.from_dict({
        "posterior": _chained(xr.merge([_sources(report, chosen), _air(chosen)]), kept),
        "sample_stats": _chained(stats, kept),
        "observed_data": report.fit,
    })


def _chained(dataset: xr.Dataset, kept: np.ndarray) -> xr.Dataset:
    """With a chain of one before the draws, which keep their number in `SourceReport.posterior`."""
    return dataset.assign_coords(draw=kept).expand_dims(chain=[0])


def _sources(report: SourceReport, draws: xr.Dataset) -> xr.Dataset:
    """East, north, height and rates of each reported source; nothing when none is."""
    labels = [source.label for source in report.sources]
    if not labels:
        return xr.Dataset()
    strength = draws["rate"].sum("species").to_numpy()
    strongest = np.argsort(-strength, axis=1, kind="stable")[:, : len(labels)]
    place = np.stack([draws["x"].to_numpy(), draws["y"].to_numpy()], axis=2)
    place = np.take_along_axis(place, strongest[:, :, None], axis=1)
    order = relabel(place, np.take_along_axis(strength, strongest, axis=1))
    slot = xr.DataArray(np.take_along_axis(strongest, order, axis=1), dims=("draw", "source"))
    labelled = draws[["x", "y", "z", "rate"]].isel(slot=slot)
    return labelled.transpose("draw", "source", ...).assign_coords(source=labels)


def _air(draws: xr.Dataset) -> xr.Dataset:
    """Transport parameters by name, each flight's own where there are several."""
    table = draws["transport"].to_numpy()
    table = table.reshape(len(table), -1, THETA)
    is_turn = np.array(TRANSPORT) == "wind_turn"
    table = np.where(is_turn, table, np.exp(table))
    out = xr.Dataset({
        name: (("draw", "flight"), table[:, :, i], {"units": UNITS[i]}) for i, name in enumerate(TRANSPORT)
    })
    return out.isel(flight=0) if table.shape[1] == 1 else out
