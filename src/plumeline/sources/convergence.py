"""Independent runs of the sampler until they agree: the check that the answer is the posterior's, not the run's.

Two runs with their own particles and random numbers are compared: their evidence, their probability of no source, and
the place and rate of the strongest source, whose difference is held against the spread that will be reported. Where
they differ, further runs with twice the particles join, and each run counts by its evidence.

References: Gelman & Rubin 1992, doi:10.1214/ss/1177011136 (between- against within-run variance); Vergé et al. 2015,
doi:10.1007/s11222-013-9429-x (independent particle populations, weighted by their evidence).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.sources.discrepancy import with_discrepancy
from plumeline.sources.population import Population, pooled
from plumeline.sources.smc import Outcome, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from plumeline.sources.problem import Priors, Problem
    from plumeline.sources.settings import InferenceSettings

    Floats = NDArray[np.float64]

LARGEST_R_HAT = 1.25
"""Runs whose strongest source differs by more than this say that the sampler has not converged [1]."""
LARGEST_EVIDENCE_GAP = 4.0
"""Runs whose log evidence differs by more than this have not seen the same posterior [nats]."""
LARGEST_NONE_GAP = 0.1
"""Runs whose probability of no source differs by more than this have not either."""
ROUNDS = 3
"""Times that each run's particles are moved and kept at the final exponent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What independent runs said of each other."""

    runs: int
    """Number of runs."""
    r_hat: float
    """Largest R-hat of the strongest source's east, north and log rate [1]."""
    evidence_gap: float
    """Difference of the two best runs' log evidence [nats]."""
    none_gap: float
    """Difference of their share of draws without a source; 0 where neither comes near a claim."""
    effective_draws: float
    """Draws that the runs' weights leave [1]."""

    @property
    def converged(self) -> bool:
        """Whether the runs agree."""
        return (
            self.r_hat <= LARGEST_R_HAT
            and self.evidence_gap <= LARGEST_EVIDENCE_GAP
            and self.none_gap <= LARGEST_NONE_GAP
        )


def sample_until_agreed(
    problem: Problem,
    priors: Priors,
    settings: InferenceSettings,
    *,
    temper: float,
    progress: Callable[[float], None] | None = None,
) -> tuple[Outcome, Agreement]:
    """Run the sampler twice, and again with more particles while the runs differ.

    Args:
        problem: the inversion's arrays.
        priors: prior widths.
        settings: particles, sweeps, seed, and how often to try again.
        temper: final exponent of the likelihood.
        progress: called with the share done, 0 to 1.

    Returns:
        Equally weighted draws of all runs, and how far they agree.
    """
    tell = progress or (lambda _share: None)
    outcomes: list[Outcome] = []
    for attempt in range(settings.attempts):
        particles = (settings.particles // 2) * 2**attempt
        for half in range(2):
            share = attempt / settings.attempts
            outcome = sample(
                problem,
                priors,
                particles=particles,
                sweeps=settings.sweeps,
                seed=settings.seed + 101 * len(outcomes),
                temper=temper,
                rounds=ROUNDS,
                progress=lambda done, share=share, half=half: tell(  # type: ignore[misc]
                    share + (half + done) / (2.0 * settings.attempts)
                ),
            )
            outcomes.append(outcome)
        outcomes = sorted(outcomes, key=lambda one: -one.log_evidence)
        agreement = _agreement(problem, settings, outcomes)
        if agreement.converged:
            break
    tell(1.0)
    return _weighted(outcomes, settings.seed), agreement


def _agreement(problem: Problem, settings: InferenceSettings, outcomes: list[Outcome]) -> Agreement:
    best = outcomes[:2]
    strongest = [_strongest(problem, settings, one.population) for one in best]
    none = [float(np.mean(one.population.count == 0)) for one in best]
    weight = _weights(outcomes)
    counts = np.array([one.population.count.shape[0] for one in outcomes], float)
    return Agreement(
        runs=len(outcomes),
        r_hat=_r_hat(strongest) if min(len(one) for one in strongest) >= 8 else 1.0,
        evidence_gap=abs(best[0].log_evidence - best[1].log_evidence),
        none_gap=abs(none[0] - none[1]) if min(none) < 2.0 * (1.0 - settings.claim_probability) else 0.0,
        effective_draws=float(1.0 / np.sum(weight**2 / counts)),
    )


def _strongest(problem: Problem, settings: InferenceSettings, population: Population) -> Floats:
    """East, north and log rate of the strongest source of each draw that has one, shape (draw, 3)."""
    drawn = with_discrepancy(problem, population, settings)
    some = np.flatnonzero(population.count[:, 0] > 0)
    total = drawn[:, :, 3:].sum(axis=2)
    total[np.arange(drawn.shape[1]) >= population.count] = -np.inf
    one = drawn[some, total[some].argmax(axis=1)]
    return np.column_stack([one[:, 0], one[:, 1], one[:, 3]])


def _r_hat(runs: list[Floats]) -> float:
    """Largest R-hat, from medians and quartiles so that a few far draws do not decide."""
    middle = np.array([np.median(one, axis=0) for one in runs])
    spread = np.array([np.quantile(one, 0.84, axis=0) - np.quantile(one, 0.16, axis=0) for one in runs]) / 2.0
    within = np.maximum(np.mean(spread**2, axis=0), 1e-12)
    return float(np.sqrt(1.0 + middle.var(axis=0, ddof=1) / within).max())


def _weights(outcomes: list[Outcome]) -> Floats:
    """Share of each run in the pooled draws: its evidence times its particles."""
    log = np.array([one.log_evidence + math.log(one.population.count.shape[0]) for one in outcomes])
    weight = np.exp(log - log.max())
    return np.asarray(weight / weight.sum(), float)


def _weighted(outcomes: list[Outcome], seed: int) -> Outcome:
    """Draws of all runs, each as often as its weight says."""
    weight = _weights(outcomes)
    total = max(one.population.count.shape[0] for one in outcomes) * min(len(outcomes), 2)
    stream = np.random.default_rng(seed + 7)
    parts = []
    for one, share in zip(outcomes, weight, strict=True):
        number = round(total * share)
        if number:
            size = one.population.count.shape[0]
            index = stream.permutation(size) if number >= size else stream.choice(size, number, replace=False)
            extra = stream.choice(size, max(0, number - size), replace=True)
            parts.append(one.population.at(np.sort(np.concatenate([index[:number], extra]))))
    best = outcomes[0]
    log = np.array([one.log_evidence for one in outcomes])
    particles = np.array([one.population.count.shape[0] for one in outcomes], float)
    mean = float(log.max() + np.log(np.average(np.exp(log - log.max()), weights=particles)))
    return Outcome(
        population=pooled(parts),
        log_evidence=mean,
        temper=best.temper,
        stages=best.stages,
        acceptance=best.acceptance,
    )
