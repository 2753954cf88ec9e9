"""Which emergency level counts for a substance: AEGL before ERPG before PAC, with its scheme named.

References: US DOE, Protective Action Criteria, order of precedence of AEGL, ERPG and TEEL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plumeline.chem.species import Cited, Species

SCHEMES = ("aegl", "erpg", "pac")
"""In order of precedence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One emergency exposure level (60 min)."""

    label: str
    """"AEGL-2", "ERPG-2" or "PAC-2"."""
    cited: Cited
    """Mole fraction [mol mol-1] with its source."""
    above_tenth_of_lfl: bool
    """Whether it lies above a tenth of the lower flammability limit, where fire must be feared first."""


def emergency_level(substance: Species, tier: int) -> Level | None:
    """The emergency level of a tier from the scheme that takes precedence.

    Args:
        substance: the substance.
        tier: 1 discomfort, 2 irreversible harm or impaired escape, 3 threat to life.

    Returns:
        The level, or None when no scheme gives one.
    """
    for scheme in SCHEMES:
        cited = substance.get(f"{scheme}_{tier}")
        if cited is not None:
            lfl = substance.get("lfl")
            return Level(
                label=f"{scheme.upper()}-{tier}",
                cited=cited,
                above_tenth_of_lfl=lfl is not None and cited.value > lfl.value / 10,
            )
    return None
