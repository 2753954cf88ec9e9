"""What was observed at one site, in the form in which explanations are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from plumeline.errors import InputError
from plumeline.facilities.profile import Period

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """Rates of the gases that were seen, and limits of those that were looked for and not seen.

    Raises:
        InputError: a rate, a limit or a spread is not above zero, or a gas is both seen and not seen.
    """

    rate_kg_s: Mapping[str, float]
    """Median rate by species [kg s-1]."""
    own_sigma: Mapping[str, float]
    """Standard deviation of ln(rate) that is the species' own, by species."""
    common_sigma: float
    """Standard deviation of ln(rate) that all species share (wind, plume model, distance)."""
    limit_kg_s: Mapping[str, float] = field(default_factory=dict)
    """Least rate that would have been seen, by species that was looked for and not seen [kg s-1]."""

    def __post_init__(self) -> None:
        both = set(self.rate_kg_s) & set(self.limit_kg_s)
        if both:
            raise InputError(f"{sorted(both)} are both seen and not seen", where="mixture")
        values = [*self.rate_kg_s.values(), *self.limit_kg_s.values(), *self.own_sigma.values()]
        if not all(math.isfinite(value) and value > 0 for value in [*values, self.common_sigma]):
            raise InputError("rates, limits and spreads must be above zero and finite", where="mixture")
        if set(self.own_sigma) != set(self.rate_kg_s):
            raise InputError("own_sigma and rate_kg_s name different species", where="mixture")

    def without(self, name: str) -> Mixture:
        """The same mixture as if one species had never been looked for."""
        return replace(
            self,
            rate_kg_s={key: value for key, value in self.rate_kg_s.items() if key != name},
            own_sigma={key: value for key, value in self.own_sigma.items() if key != name},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One look at the site."""

    period: Period
    """Part of the week, local time."""
    is_emitting: bool
    """Whether a source was seen."""
    detection_probability: float = 0.9
    """Probability that it would have been seen had it been emitting as on the other visits, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassSpread:
    """How much the rate varied between passes of one visit."""

    ln_sigma: float
    """Standard deviation of ln(rate) over the passes."""
    passes: int
    """Number of passes."""
    own_sigma: float
    """Part of it that one pass's own error explains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Height:
    """Height of the release above ground."""

    median_m: float
    """Posterior median [m]."""
    sigma_m: float
    """Posterior standard deviation [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSearch:
    """What the register lists where the source may be."""

    found: frozenset[str]
    """Categories found there."""
    chance: Mapping[str, float] = field(default_factory=dict)
    """Expected number of places of a category in such an area by chance; `default_chance` where missing."""
    default_chance: float = 0.01
    """For categories not in `chance`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that was observed; None means it was not looked at, which is no evidence either way."""

    mixture: Mixture | None = None
    """Gases."""
    visits: tuple[Visit, ...] = ()
    """Looks at the site, seen or not."""
    spread: PassSpread | None = None
    """Burstiness."""
    height: Height | None = None
    """Source height."""
    register: RegisterSearch | None = None
    """Register of known places; None when there is none for this area."""

    @property
    def hits(self) -> int:
        """Number of visits on which a source was seen."""
        return sum(visit.is_emitting for visit in self.visits)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was observed."""
        return self == Evidence()


def period_of(local_time: datetime) -> Period:
    """The part of the week of a local time.

    Args:
        local_time: local wall-clock time.

    Returns:
        The period.
    """
    if not 8 <= local_time.hour < 22:
        return Period.NIGHT
    if local_time.weekday() >= 5:
        return Period.WEEKEND
    return Period.WORKING if local_time.hour < 18 else Period.EVENING
