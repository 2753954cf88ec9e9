"""What a column's name tells of its gas and unit; used to draft mappings and to doubt declared units."""

from __future__ import annotations

import re

from plumeline import units

GAS = re.compile(
    r"\b(CH4|CO2|CO|H2S|SO2|NO2|NO|NH3|O3|C2H6|C3H8|H2|HCl|PH3|VOCs?|PID|methane|acetone|toluene|ammonia)\b",
    re.IGNORECASE,
)
FORMULAS = {"methane": "CH4", "ammonia": "NH3", "vocs": "VOC", "pid": "VOC", "hcl": "HCl"}
WORD_BREAKS = re.compile(r"[_\s/()\[\],;:]+")
SPEED_WORDS = {
    "m/s": ("m s", "ms", "mps"),
    "km/h": ("km h", "kmh", "kph"),
    "kn": ("kn", "kt", "kts", "knots"),
    "mph": ("mph",),
}


def gas_in(name: str) -> str:
    """The gas that a column's name speaks of.

    Args:
        name: header name.

    Returns:
        A species name; empty when there is none.
    """
    found = GAS.search(WORD_BREAKS.sub(" ", name))
    if found is None:
        return ""
    word = found[1]
    return FORMULAS.get(word.lower(), word.upper() if len(word) <= 4 else word.lower())


def gas_unit_in(name: str) -> str:
    """The concentration unit that a column's name speaks of.

    Args:
        name: header name.

    Returns:
        A unit of `units`; empty when there is none.
    """
    known = [*units.COLUMN_UNITS, *units.MOLE_FRACTION_UNITS, *units.MASS_CONCENTRATION_UNITS]
    plain = f" {WORD_BREAKS.sub(' ', name).lower()} "
    for unit in sorted(known, key=len, reverse=True):
        if unit != "1" and f" {WORD_BREAKS.sub(' ', unit).lower()} " in plain:
            return unit
    return ""


def speed_unit_in(name: str) -> str:
    """The speed unit that a column's name speaks of.

    Args:
        name: header name.

    Returns:
        A unit of `units`; empty when there is none.
    """
    plain = f" {WORD_BREAKS.sub(' ', name).lower()} "
    for unit, words in SPEED_WORDS.items():
        if any(f" {word} " in plain for word in words):
            return unit
    return ""
