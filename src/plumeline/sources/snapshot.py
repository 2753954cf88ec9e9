"""What a running inversion knows at one moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import InputError
from plumeline.sources.discrepancy import with_discrepancy
from plumeline.sources.infer import REPEATS, labelled_sources, posterior_of, reported_rates
from plumeline.sources.smc import systematic

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.sources.estimate import SourceEstimate
    from plumeline.sources.population import Population
    from plumeline.sources.prepare import Prepared
    from plumeline.sources.settings import InferenceSettings

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the readings so far say; later updates do not change it."""

    reading_count: int
    """Readings so far, usable or not."""
    exponent: float
    """Exponent of the likelihood that the draws have reached [1]; 0 where there is too little to say anything."""
    wanted_exponent: float
    """Exponent that the readings bear [1]."""
    weight: Floats
    """Weight of each draw, the latest readings included, shape (draw,) [1]."""
    prepared: Prepared | None
    """The problem; None as long as there is none."""
    population: Population | None
    """The draws, without their couplings."""
    settings: InferenceSettings
    """What the inversion assumes."""

    @property
    def is_settled(self) -> bool:
        """Whether the draws have caught up with the readings; if not, they are wider than they will be."""
        return self.prepared is not None and self.exponent >= 0.999 * self.wanted_exponent

    @property
    def probability_no_source(self) -> float:
        """Share of draws without a source; what was assumed where there are none."""
        if self.population is None:
            return self.settings.prior_no_source
        return float(self.weight @ (self.population.count[:, 0] == 0))

    def sources(self) -> tuple[SourceEstimate, ...]:
        """Sources with their regions, if one is probable enough to be claimed."""
        if self.prepared is None or self.probability_no_source > 1.0 - self.settings.claim_probability:
            return ()
        population = self._drawn()
        drawn = with_discrepancy(self.prepared.problem, population, self.settings, repeats=REPEATS)
        return labelled_sources(
            self.prepared, population, drawn, reported_rates(self.prepared, drawn, self.settings)
        )

    def posterior(self) -> xr.Dataset:
        """Equally weighted draws so far, schema `posterior`.

        Returns:
            The draws.

        Raises:
            InputError: there are none yet.
        """
        if self.prepared is None:
            raise InputError("too few readings so far", remedy="go on measuring")
        population = self._drawn()
        drawn = with_discrepancy(self.prepared.problem, population, self.settings)
        return posterior_of(
            self.prepared, population, drawn, reported_rates(self.prepared, drawn, self.settings)
        )

    def _drawn(self) -> Population:
        """Equally weighted draws."""
        assert self.population is not None  # noqa: S101 (there is a problem)
        return self.population.at(systematic(self.weight, np.random.default_rng(self.settings.seed)))


def slim(population: Population) -> Population:
    """Draws in memory of their own, without what can be computed again from their parameters.

    Args:
        population: draws.

    Returns:
        The same draws; couplings, enhancements and backgrounds are empty.
    """
    draws = population.count.shape[0]
    return replace(
        replace(
            population,
            columns=np.empty((draws, 0, 2, 0), np.float32),
            enhancement=np.empty((draws, 2, 0), np.float32),
            background=np.empty((draws, 0), np.float32),
        ).copy()
    )
