"""What a dataset must hold: dimensions, kind and CF units of every variable, declared once and checked at each room's door.

In: an `xarray.Dataset` and a registered `Schema`. Out: the same dataset, or one `SchemaError` that lists
every departure.
"""

from plumeline.schemas.schema import REGISTRY, Schema, Variable, register

__all__ = ["REGISTRY", "Schema", "Variable", "register"]
