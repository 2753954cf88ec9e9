"""Frozen dataclasses from plain TOML values; an unknown key or a wrong type is a `ConfigurationError`."""

from __future__ import annotations

import difflib
import math
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from plumeline.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")

Column = str | float | tuple[str, ...] | None
"""A column's name, alternatives in order of preference, or a constant."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name nearest to a misspelt one.

    Args:
        name: what was written.
        known: what could have been meant.

    Returns:
        "did you mean …?" or the list of all known names.
    """
    names = [str(candidate) for candidate in known]
    close = difflib.get_close_matches(name.lower(), [candidate.lower() for candidate in names], n=1)
    if close:
        return "did you mean " + repr(next(c for c in names if c.lower() == close[0])) + "?"
    return "known are: " + ", ".join(names)


def build(kind: type[T], data: Mapping[str, Any], *, where: str) -> T:
    """Make a frozen dataclass of plain values.

    Args:
        kind: the dataclass.
        data: its values, as `tomllib` gives them.
        where: file and section, for errors.

    Returns:
        The dataclass.

    Raises:
        ConfigurationError: an unknown key, a wrong type, or a missing value.
    """
    hints = get_type_hints(kind)
    unknown = [key for key in data if key not in hints]
    if unknown:
        raise ConfigurationError(
            f"unknown key {unknown[0]!r}", where=where, remedy=nearest(unknown[0], hints)
        )
    values = {key: _value(hints[key], value, f"{where}, key {key!r}") for key, value in data.items()}
    try:
        return kind(**values)
    except TypeError as error:
        wanted = ", ".join(f.name for f in fields(kind) if f.name not in values)  # type: ignore[arg-type]
        raise ConfigurationError(str(error), where=where, remedy=f"not given yet: {wanted}") from None


def _value(hint: Any, value: Any, where: str) -> Any:
    for choice in _choices(hint):
        fits, made = _fit(choice, value, where)
        if fits:
            return made
    raise ConfigurationError(
        f"{value!r} is of the wrong type",
        where=where,
        remedy=f"give {' or '.join(_title(c) for c in _choices(hint))}",
    )


def _choices(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) in {Union, UnionType}:
        return tuple(choice for choice in get_args(hint) if choice is not NoneType)
    return (hint,)


def _fit(hint: Any, value: Any, where: str) -> tuple[bool, Any]:
    """Whether a plain value fits a type, and the value made to that type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint) and isinstance(value, dict):
        return True, build(hint, value, where=where)  # type: ignore[arg-type]
    if origin is tuple and isinstance(value, list):
        return True, tuple(_value(arguments[0], item, where) for item in value)
    if origin is dict and isinstance(value, dict):
        return True, {key: _value(arguments[1], item, where) for key, item in value.items()}
    return _fit_plain(hint, value)


def _fit_plain(hint: Any, value: Any) -> tuple[bool, Any]:
    """The same for numbers and texts."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if get_origin(hint) is Literal:
        return isinstance(value, str) and value in get_args(hint), value
    if hint is float and is_number:
        return math.isfinite(value), float(value)
    if hint is int:
        return is_number and isinstance(value, int), value
    return isinstance(hint, type) and hint in {str, bool} and isinstance(value, hint), value


def _title(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(map(str, get_args(hint)))
    names = {str: "text", float: "a number", int: "a whole number", bool: "true or false"}
    if is_dataclass(hint):
        return "a section"
    return names.get(hint, "a list" if get_origin(hint) is tuple else "a section")
