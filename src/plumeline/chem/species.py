"""The species table: `species.toml` read once, every value with its source, its date and its published unit.

References: CAS registry number check digit, https://www.cas.org/support/documentation/chemical-substances/checkdig.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from plumeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

DRY_AIR_MOLAR_MASS_KG_MOL = 0.0289647
"""Mean molar mass of dry air [kg mol-1] (US Standard Atmosphere 1976)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What a column of the table holds."""

    key: str
    """Key in the file, with the published unit."""
    published_unit: str
    """Unit in which the sources state it."""
    unit: str
    """SI unit of `Cited.value`."""
    factor: float
    """SI value per published value."""
    doc: str
    """What it is, for tables and pages."""


def _quantity(key: str, published_unit: str, unit: str, factor: float, doc: str) -> Quantity:
    return Quantity(key=key, published_unit=published_unit, unit=unit, factor=factor, doc=doc)


def _ppm(name: str, doc: str) -> Quantity:
    return _quantity(f"{name}_ppm", "ppm", "mol mol-1", 1e-6, doc)


QUANTITIES: Mapping[str, Quantity] = {
    "molar_mass": _quantity("molar_mass_g_mol", "g/mol", "kg mol-1", 1e-3, "molar mass"),
    "boiling_point": _quantity("boiling_point_k", "K", "K", 1.0, "normal boiling point"),
    "vapour_pressure": _quantity(
        "vapour_pressure_298k_pa", "Pa", "Pa", 1.0, "saturation vapour pressure at 298.15 K"
    ),
    "lfl": _quantity("lfl_percent", "%", "mol mol-1", 1e-2, "lower flammability limit in air"),
    "ufl": _quantity("ufl_percent", "%", "mol mol-1", 1e-2, "upper flammability limit in air"),
    "twa": _ppm("twa", "occupational limit, 8 h mean (Ontario)"),
    "stel": _ppm("stel", "occupational limit, 15 min mean (Ontario)"),
    "ceiling": _ppm("ceiling", "occupational ceiling (Ontario)"),
    "pel": _ppm("pel", "permissible exposure limit, 8 h mean (US OSHA)"),
    "pel_ceiling": _ppm("pel_ceiling", "permissible ceiling (US OSHA)"),
    "idlh": _ppm("idlh", "immediately dangerous to life or health (NIOSH)"),
    "aegl_1": _ppm("aegl_1", "60 min AEGL-1: discomfort"),
    "aegl_2": _ppm("aegl_2", "60 min AEGL-2: irreversible harm or impaired escape"),
    "aegl_3": _ppm("aegl_3", "60 min AEGL-3: threat to life"),
    "erpg_1": _ppm("erpg_1", "60 min ERPG-1: mild effects"),
    "erpg_2": _ppm("erpg_2", "60 min ERPG-2: irreversible harm or impaired protective action"),
    "erpg_3": _ppm("erpg_3", "60 min ERPG-3: threat to life"),
    "pac_1": _ppm("pac_1", "60 min PAC-1: mild effects"),
    "pac_2": _ppm("pac_2", "60 min PAC-2: irreversible harm or impaired escape"),
    "pac_3": _ppm("pac_3", "60 min PAC-3: threat to life"),
    "odour_threshold": _ppm("odour_threshold", "lowest reported odour threshold"),
    "ionisation_energy": _quantity("ionisation_energy_ev", "eV", "eV", 1.0, "first ionisation energy"),
    "pid_correction": _quantity(
        "pid_10_6_ev_correction", "1", "1", 1.0, "PID correction factor, 10.6 eV lamp, isobutylene = 1"
    ),
    "longwave_band": _quantity(
        "longwave_band_cm1", "cm-1", "cm-1", 1.0, "strongest infrared band in 7.5-13.5 µm"
    ),
    "midwave_band": _quantity("midwave_band_cm1", "cm-1", "cm-1", 1.0, "strongest infrared band in 3-4.1 µm"),
}
"""Every quantity the table can hold, by name."""

_BY_KEY = {quantity.key: name for name, quantity in QUANTITIES.items()}
_IDENTITY = {"cas", "formula", "aliases", "name_es", "not_recommended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a value was read."""

    name: str
    """Key in the table."""
    title: str
    """Document or compilation."""
    date: str
    """Its date: year, year-month or year-month-day."""
    url: str
    """Where it can be looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """One value with its source."""

    value: float
    """In SI, see `QUANTITIES`."""
    published: str
    """As the source states it, with its unit."""
    source: Source
    """Where it was read."""
    note: str = ""
    """What qualifies it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """One substance."""

    name: str
    """Name used throughout Plumeline."""
    cas: str
    """CAS registry number."""
    formula: str
    """Molecular formula in Hill order."""
    aliases: tuple[str, ...]
    """Other names, also accepted."""
    name_es: str
    """Name in Spanish, for pages and sheets."""
    values: Mapping[str, Cited]
    """Known quantities by name; one that is not here is not known."""
    not_recommended: frozenset[str]
    """Limits whose authors found the data insufficient and derived none."""

    @property
    def molar_mass_kg_mol(self) -> float:
        """Molar mass [kg mol-1]."""
        return self.values["molar_mass"].value

    @property
    def relative_vapour_density(self) -> float:
        """Density of the pure vapour over that of dry air at the same temperature and pressure."""
        return self.molar_mass_kg_mol / DRY_AIR_MOLAR_MASS_KG_MOL

    @property
    def missing(self) -> tuple[str, ...]:
        """Quantities that are not known, in the table's order."""
        return tuple(name for name in QUANTITIES if name not in self.values)

    def get(self, quantity: str) -> Cited | None:
        """One quantity with its source, or None when it is not known.

        Args:
            quantity: a name in `QUANTITIES`.

        Returns:
            The value, or None.

        Raises:
            InputError: there is no such quantity.
        """
        if quantity not in QUANTITIES:
            raise InputError(
                f"the species table has no quantity {quantity!r}",
                remedy="use one of: " + ", ".join(QUANTITIES),
            )
        return self.values.get(quantity)


def species(name: str) -> Species:
    """Look a substance up.

    Args:
        name: name, alias, formula (when only one substance has it) or CAS number; case does not matter.

    Returns:
        The substance.

    Raises:
        InputError: the table does not hold it.
    """
    found = _index().get(name.strip().casefold())
    if found is None:
        close = difflib.get_close_matches(name.strip().casefold(), list(_index()), n=3)
        raise InputError(
            f"substance {name!r} is not in the species table",
            remedy=f"did you mean {', '.join(close)}?" if close else "give its CAS number or its common name",
        )
    return found


def spanish_name(name: str) -> str:
    """A gas in Spanish.

    Args:
        name: as it stands in a result.

    Returns:
        Its name in Spanish; the name itself when the table does not hold it.
    """
    try:
        return species(name).name_es
    except InputError:
        return name


@cache
def all_species() -> tuple[Species, ...]:
    """Every substance of the table, by name.

    Returns:
        The substances.

    Raises:
        InputError: the table breaks its own rules.
    """
    text = files("plumeline.chem").joinpath("species.toml").read_text(encoding="utf-8")
    return read_table(text)


def read_table(text: str) -> tuple[Species, ...]:
    """Read a species table.

    Args:
        text: TOML with tables `source` and `species`.

    Returns:
        The substances in the file's order.

    Raises:
        InputError: a value without a source, a source without a date, an unknown key or a wrong CAS number.
    """
    table = tomllib.loads(text)
    sources = {name: _source(name, entry) for name, entry in table["source"].items()}
    return tuple(_species(name, entry, sources) for name, entry in table["species"].items())


def is_cas_number(cas: str) -> bool:
    """Whether a CAS registry number's check digit is right.

    Args:
        cas: as "67-64-1".

    Returns:
        True when it is well formed and its last digit is the weighted sum of the others modulo 10.
    """
    parts = cas.split("-")
    if [len(part) for part in parts[1:]] != [2, 1] or not all(part.isdigit() for part in parts):
        return False
    digits = [int(digit) for digit in reversed(parts[0] + parts[1])]
    return sum(place * digit for place, digit in enumerate(digits, start=1)) % 10 == int(parts[2])


def _source(name: str, entry: Mapping[str, str]) -> Source:
    if not entry.get("date") or not entry.get("title"):
        raise InputError(f"source {name!r} has no title or no date", where="species table")
    return Source(name=name, title=entry["title"], date=entry["date"], url=entry.get("url", ""))


def _species(name: str, entry: Mapping[str, Any], sources: Mapping[str, Source]) -> Species:
    unknown = set(entry) - _IDENTITY - set(_BY_KEY)
    if unknown:
        raise InputError(f"{name} has unknown keys {sorted(unknown)}", where="species table")
    if not is_cas_number(entry["cas"]):
        raise InputError(f"{name} has the impossible CAS number {entry['cas']!r}", where="species table")
    values = {
        _BY_KEY[key]: _cited(f"{name}.{key}", QUANTITIES[_BY_KEY[key]], entry[key], sources)
        for key in _BY_KEY
        if key in entry
    }
    return Species(
        name=name,
        cas=entry["cas"],
        formula=entry["formula"],
        aliases=tuple(entry.get("aliases", ())),
        name_es=entry.get("name_es", name),
        values={quantity: values[quantity] for quantity in QUANTITIES if quantity in values},
        not_recommended=frozenset(entry.get("not_recommended", ())),
    )


def _cited(where: str, quantity: Quantity, cell: Mapping[str, Any], sources: Mapping[str, Source]) -> Cited:
    source = sources.get(cell.get("source", ""))
    if source is None:
        raise InputError(
            "a value has no source, or one that the table does not describe", where=f"species table, {where}"
        )
    published = f"{cell['value']:g} {quantity.published_unit}"
    return Cited(
        value=float(cell["value"]) * quantity.factor,
        published=published,
        source=source,
        note=cell.get("note", ""),
    )


@cache
def _index() -> Mapping[str, Species]:
    index: dict[str, Species] = {}
    formulas: dict[str, list[Species]] = {}
    for one in all_species():
        formulas.setdefault(one.formula.casefold(), []).append(one)
        for key in (one.name, one.name_es, one.cas, *one.aliases):
            if index.setdefault(key.casefold(), one) is not one:
                raise InputError(f"{key!r} names two substances", where="species table")
    for formula, owners in formulas.items():
        if len(owners) == 1:
            index.setdefault(formula, owners[0])
    return index
