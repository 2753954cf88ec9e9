"""Substances: who they are, how they evaporate, what they do to people, where sensors see them.

In: a name, an alias, a formula or a CAS number. Out: a `Species` whose every value carries its source and date;
what was not verified is missing and is shown as missing, never replaced by a default.
"""

from plumeline.chem.limits import Level, emergency_level
from plumeline.chem.species import (
    QUANTITIES,
    Cited,
    Quantity,
    Source,
    Species,
    all_species,
    spanish_name,
    species,
)

__all__ = [
    "QUANTITIES",
    "Cited",
    "Level",
    "Quantity",
    "Source",
    "Species",
    "all_species",
    "emergency_level",
    "spanish_name",
    "species",
]
