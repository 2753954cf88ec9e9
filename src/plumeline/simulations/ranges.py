"""Ranges of what a scenario may say: what lies outside is refused by name."""

from __future__ import annotations

from plumeline.errors import ConfigurationError


def within(low: float, high: float, **values: float) -> None:
    """Refuse values outside a range.

    Args:
        low: least.
        high: greatest.
        **values: by key.

    Raises:
        ConfigurationError: one lies outside, or is no number.
    """
    for key, value in values.items():
        if not low <= value <= high:
            raise ConfigurationError(f"{key} = {value:g} is not between {low:g} and {high:g}")


def lengths(count: int, **values: tuple[float, ...]) -> None:
    """Refuse lists of another length.

    Args:
        count: how many numbers each has.
        **values: by key.

    Raises:
        ConfigurationError: one has more or fewer.
    """
    for key, value in values.items():
        if len(value) != count:
            raise ConfigurationError(f"{key} has {len(value)} numbers, not {count}")
