"""From plain arrays to a dataset of a registered schema: dimensions, units and texts come from the schema alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from plumeline.schemas import Schema, Variable

_DTYPES: Mapping[str, Any] = {
    "f": np.float64,
    "iu": np.int64,
    "M": "datetime64[ns]",
    "UO": np.str_,
    "b": np.bool_,
}


def assemble(schema: Schema, values: Mapping[str, ArrayLike | None]) -> xr.Dataset:
    """Build a dataset of a schema.

    A value may be a scalar or of fewer dimensions than the schema says, as long as it broadcasts to them: a
    constant height stands for all readings. A required number that is not given becomes NaN ("unknown"), a
    required flag 0 ("good"); an optional variable that is not given or wholly NaN is left out.

    Args:
        schema: what to build.
        values: arrays by variable name, in the units of the schema; None stands for "not given".

    Returns:
        The validated dataset.

    Raises:
        SchemaError: a time or a name that the schema requires is not given.
        ValueError: a name is not in the schema, or shapes do not fit each other.
    """
    given = {name: value for name, value in values.items() if value is not None}
    unknown = sorted(set(given) - set(schema.variables))
    if unknown:
        raise ValueError(f"{', '.join(unknown)} not in schema {schema.name!r}")
    sizes = _sizes(schema, given)
    data = {}
    for name, variable in schema.variables.items():
        array = _array(given.get(name), variable, sizes)
        if array is not None and (variable.required or not _is_empty(array)):
            attributes = {"long_name": variable.doc} | ({"units": variable.units} if variable.units else {})
            data[name] = (variable.dims, array, attributes)
    return schema.validate(xr.Dataset(data))


def _sizes(schema: Schema, given: Mapping[str, ArrayLike]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name, value in given.items():
        dims = schema.variables[name].dims
        shape = np.shape(value)
        if len(shape) == len(dims):
            for dim, length in zip(dims, shape, strict=True):
                sizes[dim] = max(sizes.get(dim, 1), length)
    return sizes


def _array(value: ArrayLike | None, variable: Variable, sizes: Mapping[str, int]) -> NDArray[Any] | None:
    shape = tuple(sizes.get(dim, 1) for dim in variable.dims)
    if value is None:
        if variable.kind == "f":
            return np.full(shape, np.nan)
        return np.zeros(shape, np.int64) if variable.kind == "iu" and len(shape) == 2 else None
    array = np.asarray(value).astype(_DTYPES[variable.kind])
    return np.broadcast_to(array, shape).copy()


def _is_empty(array: NDArray[Any]) -> bool:
    return array.dtype.kind == "f" and bool(np.isnan(array).all())
