"""The L3 schemas: posterior draws, detectability and fit."""

from __future__ import annotations

from plumeline.schemas import Schema, Variable, register

POSTERIOR = register(
    Schema(
        name="posterior",
        doc=(
            "Equally weighted posterior draws. A draw holds `source_count` sources in its first slots; "
            "the other slots are NaN."
        ),
        variables={
            "source_count": Variable(
                dims=("draw",), kind="iu", units=None, doc="Number of sources in the draw."
            ),
            "x": Variable(dims=("draw", "slot"), kind="f", units="m", doc="East of each source."),
            "y": Variable(dims=("draw", "slot"), kind="f", units="m", doc="North of each source."),
            "z": Variable(
                dims=("draw", "slot"), kind="f", units="m", doc="Height above ground of each source."
            ),
            "rate": Variable(
                dims=("draw", "slot", "species"), kind="f", units="kg s-1", doc="Emission rate."
            ),
            "species": Variable(dims=("species",), kind="UO", units=None, doc="Name of each species."),
            "log_likelihood": Variable(dims=("draw",), kind="f", units="1", doc="Of the draw."),
        },
    )
)

DETECTABILITY = register(
    Schema(
        name="detectability",
        doc="Least rate that a source at each place would have had to emit to be seen by this survey.",
        variables={
            "x": Variable(dims=("x",), kind="f", units="m", doc="East of the cell's middle."),
            "y": Variable(dims=("y",), kind="f", units="m", doc="North of the cell's middle."),
            "species": Variable(dims=("species",), kind="UO", units=None, doc="Name of each species."),
            "minimum_detectable_rate": Variable(
                dims=("species", "y", "x"),
                kind="f",
                units="kg s-1",
                doc="Rate seen with probability 0.9 at the default threshold; infinite where nothing could be seen.",
            ),
        },
    )
)

FIT = register(
    Schema(
        name="fit",
        doc="What was measured, what the model says, and what is left, per used reading.",
        variables={
            "time": Variable(dims=("reading",), kind="M", units=None, doc="UTC."),
            "sensor_label": Variable(
                dims=("reading",), kind="UO", units=None, doc="Name of the reading's sensor."
            ),
            "species_label": Variable(
                dims=("reading",), kind="UO", units=None, doc="Species of the reading."
            ),
            "x": Variable(
                dims=("reading",), kind="f", units="m", doc="East of the reading (middle of a path)."
            ),
            "y": Variable(
                dims=("reading",), kind="f", units="m", doc="North of the reading (middle of a path)."
            ),
            "observed": Variable(
                dims=("reading",), kind="f", units="kg m-3", doc="Measured mass concentration."
            ),
            "background": Variable(
                dims=("reading",), kind="f", units="kg m-3", doc="Posterior median background."
            ),
            "predicted": Variable(
                dims=("reading",), kind="f", units="kg m-3", doc="Posterior median, background included."
            ),
            "predicted_low": Variable(
                dims=("reading",), kind="f", units="kg m-3", doc="5 % of what a reading may be."
            ),
            "predicted_high": Variable(
                dims=("reading",), kind="f", units="kg m-3", doc="95 % of what a reading may be."
            ),
            "standard_residual": Variable(
                dims=("reading",), kind="f", units="1", doc="Residual over its predicted sigma."
            ),
        },
    )
)
