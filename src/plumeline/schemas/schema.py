"""A schema is a name and its variables; a registry holds every schema so that the docs can list them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from plumeline.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

REGISTRY: dict[str, Schema] = {}
"""Every registered schema by name."""

SCHEMA_ATTRIBUTE = "plumeline_schema"
"""Dataset attribute that names the schema it was validated against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable of a schema."""

    dims: tuple[str, ...]
    """Dimension names in order."""
    kind: str
    """NumPy kind codes that are accepted: "f" float, "iu" integer, "M" UTC time, "UO" text, "b" boolean."""
    units: str | None
    """CF units; None for times, text and flags, "1" for dimensionless numbers."""
    doc: str
    """One sentence for the reference page."""
    required: bool = True
    """Whether a dataset without it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What a kind of dataset must hold."""

    name: str
    """Registered name."""
    doc: str
    """One paragraph for the reference page."""
    variables: Mapping[str, Variable] = field(default_factory=dict)
    """Variables and coordinates by name."""

    def validate(self, dataset: xr.Dataset) -> xr.Dataset:
        """Check a dataset against this schema.

        Args:
            dataset: the dataset; extra variables are allowed.

        Returns:
            The same data with the schema's name in its attributes.

        Raises:
            SchemaError: one or more departures, all listed.
        """
        faults = [
            fault for name, variable in self.variables.items() for fault in _faults(dataset, name, variable)
        ]
        if faults:
            raise SchemaError(self.name, faults)
        return dataset.assign_attrs({SCHEMA_ATTRIBUTE: self.name})


def register(schema: Schema) -> Schema:
    """Put a schema into the registry.

    Args:
        schema: the schema; its name must be new.

    Returns:
        The same schema.

    Raises:
        ValueError: another schema has this name.
    """
    if REGISTRY.setdefault(schema.name, schema) is not schema:
        raise ValueError(f"schema {schema.name!r} is registered twice")
    return schema


def _faults(dataset: xr.Dataset, name: str, variable: Variable) -> list[str]:
    if name not in dataset.variables:
        return [f"{name} is missing"] if variable.required else []
    found = dataset[name]
    faults = []
    if tuple(found.dims) != variable.dims:
        faults.append(f"{name} has dimensions {found.dims}, not {variable.dims}")
    if found.dtype.kind not in variable.kind:
        faults.append(f"{name} has dtype {found.dtype}, not kind {variable.kind!r}")
    if variable.units is not None and found.attrs.get("units") != variable.units:
        faults.append(f"{name} has units {found.attrs.get('units')!r}, not {variable.units!r}")
    return faults
