"""The inversion while readings arrive: the batch engine's particles, problem and moves, kept from update to update.

Readings come faster than all draws can be moved, so the work is cut into slices, and each update does some of them: lay
the problem out anew from all readings so far, exactly as a batch run would; carry every particle into it, reweighted; move
all of them once; begin again. Moves leave the posterior of all readings so far unchanged, so what is reached does not
depend on the way. Readings that are not in the problem yet weigh the draws at once, by a short problem of the last minutes.
Where new readings surprise, the likelihood's exponent is lowered until enough particles agree with them, and raised again
as moves go by. Work is counted, not timed, so the same readings in the same updates give the same draws.

References: Chopin 2002, doi:10.1093/biomet/89.3.539 (sequential reweighting, resampling and moves on growing data).
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import CalmWindError, InputError
from plumeline.sources.carrying import carried
from plumeline.sources.dependence import learned_exponent
from plumeline.sources.evidence_map import with_birth_map
from plumeline.sources.following import ahead, extended, refuse_strangers
from plumeline.sources.pilot import pilot_of
from plumeline.sources.prepare import Prepared, prepare
from plumeline.sources.proposals import proposal_scales
from plumeline.sources.settings import InferenceSettings
from plumeline.sources.smc import MOVES, allocate, quench, start, sweep_some, systematic
from plumeline.sources.snapshot import Snapshot, slim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from plumeline.observations import Survey
    from plumeline.sources.particle import Scales
    from plumeline.sources.population import Population

    Floats = NDArray[np.float64]

KEEP = 0.5
"""Share of effective particles below which they are resampled, or the exponent is lowered."""
LEVELS = 40
"""Exponents tried when a problem has grown."""
FIRST_EXPONENT = 0.25
"""Exponent aimed at until enough is measured to learn one [1]."""
LEARN_EVERY_S = 30.0
"""Time of the survey after which the birth map and the exponent are learned anew [s]."""
QUENCHED, QUENCH_SWEEPS = 5, 30
"""Particles taken on to the whole likelihood to learn the exponent from, and their sweeps."""
LEAST_READINGS = 20
"""Fewer usable readings than this have no noise of their own, so nothing is said."""
EFFORT = 150_000.0
"""Work of an update, in observations that one particle's sweep visits: some 50 ms of one core."""
SLICE = 50_000.0
"""Work after which an update looks whether it has done enough."""
EXTRA_PER_SOURCE = 2.0
"""How much dearer a sweep is for each source of a particle, against one without."""
ROUNDS = 12
"""Sweeps after the last reading once the draws have caught up."""


class Stream:
    """An inversion that takes readings as they come.

    Args:
        settings: what the inversion assumes; the defaults if None. `particles` draws are kept.
        effort: work of one update, in observations that one particle's sweep visits; more settles sooner, less
            answers sooner.
    """

    def __init__(self, settings: InferenceSettings | None = None, *, effort: float = EFFORT) -> None:
        self._settings = (settings or InferenceSettings()).in_town()
        self._effort = effort
        self._debt = 0.0
        self._survey: Survey | None = None
        self._new: list[Survey] = []
        self._count = 0
        self._prepared: Prepared | None = None
        self._population: Population | None = None
        self._log_weight = np.zeros(self._settings.particles)
        self._level = 0.0
        self._wanted = FIRST_EXPONENT
        self._learned_s = -math.inf
        self._share = np.zeros(MOVES)
        self._birth_map: Floats | None = None
        self._random = np.random.default_rng(self._settings.seed)
        self._work = self._cycles()

    def update(self, rows: Survey) -> Snapshot:
        """Take new readings in.

        Args:
            rows: readings that were not given before, in the frame, sensors and species of the first ones.

        Returns:
            What is known now.

        Raises:
            InputError: the readings are in another frame, or of other sensors or species.
        """
        self._append(rows)
        self._debt += self._effort
        while self._debt > 0.0:
            self._debt -= next(self._work)
        return self._snapshot()

    def settle(self, *, most: int = 60) -> Snapshot:
        """Take the draws to the posterior of all readings, as when the flight is over.

        The problem, its wind and its exponent are those of a batch run, of which this costs a part.

        Args:
            most: rounds of moves at most.

        Returns:
            What is known now.
        """
        self._merge()
        if self._survey is None or self._population is None:
            return self._snapshot()
        prepared, best = pilot_of(self._survey, self._settings, lambda _share: None)
        self._wanted = self._settings.dependence_share * learned_exponent(
            prepared.problem, prepared.priors, best
        )
        self._enter(prepared)
        left = ROUNDS
        for _ in range(most):
            for _work in self._sweep():
                pass
            self._raise_level()
            left -= self._level >= self._wanted
            if left <= 0:
                break
        self._work = self._cycles()
        return self._snapshot()

    def _append(self, rows: Survey) -> None:
        if self._survey is None:
            self._survey = rows
        else:
            refuse_strangers(self._survey, rows)
            self._new.append(rows)
        self._count += rows.reading_count

    def _merge(self) -> None:
        if self._survey is not None and self._new:
            self._survey, self._new = extended(self._survey, self._new), []

    def _snapshot(self) -> Snapshot:
        known = self._population is not None
        log_weight = self._log_weight
        if self._survey is not None and self._prepared is not None and self._population is not None:
            log_weight = log_weight + self._level * ahead(
                self._prepared, self._population, self._survey, self._new, self._settings
            )
        weight = np.exp(log_weight - log_weight.max())
        return Snapshot(
            reading_count=self._count,
            exponent=self._level if known else 0.0,
            wanted_exponent=self._wanted,
            weight=weight / weight.sum(),
            prepared=self._prepared,
            population=None if self._population is None else slim(self._population),
            settings=self._settings,
        )

    def _cycles(self) -> Iterator[float]:
        """Work without end, in slices; each yields what it cost."""
        while True:
            prepared = self._laid_out()
            yield 4.0 * self._count + SLICE
            if prepared is None:
                continue
            now_s = float(prepared.samples.time_s.max())
            if self._birth_map is None or now_s - self._learned_s >= LEARN_EVERY_S:
                self._learned_s = now_s
                self._birth_map = with_birth_map(prepared.problem).birth_map
                yield 100.0 * prepared.problem.value.size
                yield from self._learn_exponent()
            self._enter(replace(prepared, problem=prepared.problem._replace(birth_map=self._birth_map)))
            yield 0.3 * prepared.problem.value.size * self._settings.particles
            yield from self._sweep()

    def _learn_exponent(self) -> Iterator[float]:
        """Learn how far the readings bear on the answer, from copies of the likeliest particles that fit them well."""
        if self._prepared is None or self._population is None:
            return
        problem, priors, best = self._prepared.problem, self._prepared.priors, self._population
        for _ in range(QUENCH_SWEEPS):
            best = quench(problem, priors, best, particles=QUENCHED, sweeps=1)
            yield problem.value.size * float(np.sum(1.0 + EXTRA_PER_SOURCE * best.count))
        self._wanted = self._settings.dependence_share * learned_exponent(problem, priors, best)
        yield 20.0 * problem.value.size

    def _laid_out(self) -> Prepared | None:
        """The problem of all readings so far; None as long as they are too few."""
        self._merge()
        if self._survey is None:
            return None
        row_s = None if self._prepared is None else self._prepared.row_s
        try:
            prepared = prepare(self._survey, self._settings, row_s=row_s)
        except (CalmWindError, InputError):  # nothing usable yet; there may be later
            return None
        return prepared if prepared.samples.time_s.size >= LEAST_READINGS else None

    def _enter(self, prepared: Prepared) -> None:
        """Carry the particles into a problem, reweighted to the exponent that they bear there."""
        if self._prepared is None or self._population is None:
            population = allocate(
                prepared.problem, prepared.priors, self._settings.particles, self._settings.seed
            )
            start(prepared.problem, prepared.priors, population.arrays())
            before = -self._log_weight
        else:
            population = carried(self._population, self._prepared, prepared, self._random)
            before = self._level * self._population.log_like[:, 0] - self._log_weight
        self._prepared, self._population = prepared, population
        self._reweigh(population, before)

    def _raise_level(self) -> None:
        """Raise the exponent as far as the particles bear it now that they have moved."""
        if self._population is not None and self._level < self._wanted:
            self._reweigh(self._population, self._level * self._population.log_like[:, 0] - self._log_weight)

    def _reweigh(self, population: Population, before: Floats) -> None:
        log_like = population.log_like[:, 0]
        self._level = _level(log_like, before, self._level, self._wanted)
        log_weight = self._level * log_like - before
        weight = np.exp(log_weight - log_weight.max())
        if weight.sum() ** 2 < 0.9 * weight.size * np.sum(weight * weight):
            population.take(systematic(weight, self._random))
            log_weight = np.zeros(weight.size)
        self._log_weight = log_weight - log_weight.max()

    def _sweep(self) -> Iterator[float]:
        """Move every particle once, some at a time."""
        assert self._prepared is not None and self._population is not None  # noqa: S101, PT018 (entered before)
        problem, population = self._prepared.problem, self._population
        scales = proposal_scales(population, problem, self._share)
        cost = problem.value.size * (1.0 + EXTRA_PER_SOURCE * population.count[:, 0])
        edges = np.searchsorted(np.cumsum(cost), np.arange(SLICE, cost.sum(), SLICE))
        edges = np.unique(np.concatenate([[0], edges, [cost.size]]))
        tallies = np.zeros((2, cost.size, MOVES), np.int64)
        for first, last in pairwise(edges):
            self._sweep_some(scales, (tallies[0], tallies[1]), (int(first), int(last)))
            yield float(cost[first:last].sum())
        self._share = tallies[0].sum(axis=0) / np.maximum(tallies[1].sum(axis=0), 1)

    def _sweep_some(self, scales: Scales, tallies: tuple[Floats, Floats], rows: tuple[int, int]) -> None:
        """Move some particles; their weights stay what they are."""
        assert self._prepared is not None and self._population is not None  # noqa: S101, PT018 (entered before)
        sweep_some(
            self._prepared.problem,
            self._prepared.priors,
            scales,
            self._level,
            1,
            tallies,
            self._population.arrays(),
            rows,
        )


def _level(log_like: Floats, before: Floats, level: float, wanted: float) -> float:
    """Largest exponent that keeps enough effective particles; the best one where none does.

    Args:
        log_like: log likelihood of each particle in the new problem.
        before: exponent times log likelihood in the old one, less the log weights.
        level: exponent so far.
        wanted: exponent aimed at.
    """
    tried = np.unique(np.append(np.linspace(0.0, wanted, LEVELS + 1)[1:], min(level, wanted) or wanted))

    def effective(exponent: float) -> float:
        weight = exponent * log_like - before
        weight = np.exp(weight - weight.max())
        return float(weight.sum() ** 2 / (weight.size * np.sum(weight * weight)))

    share = np.array([effective(one) for one in tried])
    good = np.flatnonzero(share >= KEEP)
    return float(tried[good[-1]] if good.size else tried[int(np.argmax(share))])
