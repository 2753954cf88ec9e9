"""Names of gases: one canonical name per CAS number, with the aliases that library files use.

Data: `gases.toml` beside this file, with its sources.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from plumeline.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Gas:
    """What a gas is called and made of."""

    name: str
    """Canonical name, lower case."""
    cas: str
    """CAS registry number."""
    formula: str
    """Sum formula."""
    aliases: tuple[str, ...] = ()
    """Other names, as files write them."""
    hitran: int = 0
    """HITRAN molecule number; 0 if it has none."""


def gas_named(name: str) -> Gas:
    """A gas by its canonical name or one of its aliases.

    Args:
        name: name, any case.

    Returns:
        The gas.

    Raises:
        InputError: nothing is known by that name.
    """
    found = gas_by_alias(name)
    if found is None:
        raise InputError(f"no gas is known as {name!r}", remedy="see `plumeline spectra list LIBRARY`")
    return found


def gas_by_alias(name: str) -> Gas | None:
    """A gas by name or alias, or None."""
    return _tables()[1].get(_key(name))


def gas_by_cas(cas: str) -> Gas | None:
    """A gas by CAS number, or None."""
    return _tables()[0].get(cas.strip())


def gas_by_hitran(molecule: int) -> Gas | None:
    """A gas by HITRAN molecule number, or None."""
    return next((gas for gas in _tables()[0].values() if gas.hitran == molecule), None)


def molar_mass_kg_mol(formula: str) -> float:
    """Molar mass from a sum formula.

    Args:
        formula: e.g. "C2H4Cl2"; every element must be in the table of atomic weights.

    Returns:
        Molar mass [kg mol-1].

    Raises:
        InputError: the formula is empty or holds something that is no known element.
    """
    weights: dict[str, float] = _data()["atomic_weight"]
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    if not parts or "".join(element + count for element, count in parts) != formula:
        raise InputError(f"{formula!r} is no sum formula", remedy="write it like C2H4Cl2")
    unknown = [element for element, _ in parts if element not in weights]
    if unknown:
        raise InputError(f"no atomic weight is known for {', '.join(unknown)} in {formula!r}")
    return sum(weights[element] * int(count or 1) for element, count in parts) * 1e-3


def _key(name: str) -> str:
    return re.sub(r"[\s_]+", " ", name.strip().casefold())


@lru_cache(maxsize=1)
def _data() -> dict[str, dict[str, float]]:
    loaded: dict[str, dict[str, float]] = tomllib.loads(
        (resources.files(__package__) / "gases.toml").read_text("utf-8")
    )
    return loaded


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, Gas], dict[str, Gas]]:
    by_cas: dict[str, Gas] = {}
    by_alias: dict[str, Gas] = {}
    rows: list[dict[str, object]] = _data()["gases"]  # type: ignore[assignment] # the file's first table is a list
    for row in rows:
        aliases = row.get("aliases")
        gas = Gas(
            name=str(row["name"]),
            cas=str(row["cas"]),
            formula=str(row["formula"]),
            aliases=tuple(map(str, aliases)) if isinstance(aliases, list) else (),
            hitran=int(str(row.get("hitran", 0))),
        )
        by_cas[gas.cas] = gas
        for name in (gas.name, *gas.aliases):
            by_alias[_key(name)] = gas
    return by_cas, by_alias
