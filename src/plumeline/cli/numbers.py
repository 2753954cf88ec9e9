"""Numbers as options take them."""

from __future__ import annotations

from math import isfinite
from typing import Any

import click


class Within(click.FloatRange):
    """A number in a range; "nan" is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number.

        Args:
            value: what was typed.
            param: which option.
            ctx: the command.

        Returns:
            The number.
        """
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value} is no number.", param, ctx)
        return number
