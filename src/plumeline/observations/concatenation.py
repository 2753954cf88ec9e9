"""Datasets of several surveys put end to end in one frame: what a report of all of them shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from plumeline.observations.products import Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from plumeline.frames import LocalFrame
    from plumeline.schemas import Schema, Variable

    Floats = NDArray[np.float64]

PLACES = (("x", "y"), ("x_start", "y_start"), ("x_end", "y_end"))
"""Pairs of variables that are east and north in the local frame."""


def moved(dataset: xr.Dataset, old: LocalFrame, new: LocalFrame) -> xr.Dataset:
    """A dataset in another frame. North differs by the meridians' convergence, below 0.1° within 5 km, and is kept.

    Args:
        dataset: schema `in_situ` or `open_path`.
        old: the frame it is in.
        new: the frame it shall be in.

    Returns:
        The dataset with other places.

    Raises:
        InputError: the frames differ and one has no origin.
    """
    if old == new:
        return dataset
    out = dataset.copy()
    for east, north in PLACES:
        if east in dataset:
            x_m, y_m = new.to_local(*old.to_lonlat(dataset[east].to_numpy(), dataset[north].to_numpy()))
            out[east], out[north] = dataset[east].copy(data=x_m), dataset[north].copy(data=y_m)
    return out


def concatenated(datasets: Sequence[xr.Dataset], schema: Schema) -> xr.Dataset | None:
    """Datasets of one schema put end to end; what one lacks is missing there.

    Args:
        datasets: what each survey read.
        schema: theirs.

    Returns:
        One dataset with all sensors, those of the same name side by side, and all species; None when there is none.

    Raises:
        SchemaError: never for valid datasets.
    """
    if not datasets:
        return None
    species = list(dict.fromkeys(str(name) for dataset in datasets for name in dataset["species"].to_numpy()))
    out: dict[str, object] = {}
    for name, variable in schema.variables.items():
        if not any(name in dataset for dataset in datasets):
            continue
        units = {"units": variable.units} if variable.units else {}
        out[name] = (variable.dims, _values(name, variable, datasets, species), units)
    return schema.validate(xr.Dataset(out))


def _values(
    name: str, variable: Variable, datasets: Sequence[xr.Dataset], species: list[str]
) -> NDArray[np.generic]:
    if name == "species":
        return np.array(species)
    if name == "sensor_name":
        return np.concatenate([data[name].to_numpy().astype(str) for data in datasets])
    if name == "sensor":
        counts = [data.sizes["sensor_index"] for data in datasets]
        first = np.cumsum([0, *counts[:-1]])
        return np.concatenate([
            data[name].to_numpy() + start for data, start in zip(datasets, first, strict=True)
        ])
    parts = [_part(name, variable, data, species) for data in datasets]
    if "species" not in variable.dims:
        return np.concatenate(parts)
    if variable.dims == ("species",):
        # The larger of those that know it; NaN where none does.
        return np.asarray(np.fmax.reduce(np.array(parts)))
    return np.concatenate(parts)


def _part(name: str, variable: Variable, dataset: xr.Dataset, species: list[str]) -> NDArray[np.generic]:
    """One dataset's values with a column for every species; NaN, or a dropout, where it has none."""
    shape = tuple(len(species) if dim == "species" else dataset.sizes[dim] for dim in variable.dims)
    if name == "quality":
        filled: NDArray[np.generic] = np.full(shape, int(Quality.DROPOUT), np.int64)
    else:
        filled = np.full(shape, np.nan)
    if name not in dataset:
        return filled
    values = dataset[name].to_numpy()
    if "species" not in variable.dims:
        return values
    for index, one in enumerate(dataset["species"].to_numpy()):
        filled[..., species.index(str(one))] = values[..., index]
    return filled
