"""Active, recent or cold: what visits say about now and about a time tomorrow.

A source emits (on), pauses, or has gone for good. How long each lasts is not known beforehand: a grid of durations is
weighted by how well it predicts the visits made so far, so the decay of confidence is learned from the revisits.
A state is never given without when it was last seen, when it was last looked at, and the detection limit then.

References: Rabiner, A tutorial on hidden Markov models, Proc. IEEE 77 (1989) (forward filter).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import expm

from plumeline.errors import InputError
from plumeline.facilities.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ON_HOURS = (4.0, 10.0, 24.0, 60.0, 150.0, 1000.0)
"""Mean times of emitting that are considered [h]; cycles are often under 48 h, some sources never stop."""

PAUSE_HOURS = (4.0, 10.0, 24.0, 60.0, 150.0, 500.0)
"""Mean pauses that are considered [h]."""

LIFE_DAYS = (4.0, 15.0, 60.0, 300.0)
"""Mean times until a source has gone for good that are considered [d]."""

FALSE_ALARM = 0.01
"""Probability that a visit to a silent site reports a source."""


class State(StrEnum):
    """What the visits say about now."""

    ACTIVE = "active"
    """Emitting now."""
    RECENT = "recent"
    """Not emitting now, but not gone."""
    COLD = "cold"
    """Gone."""
    UNDECIDED = "undecided"
    """None of these is likely enough."""
    UNKNOWN = "unknown"
    """Nobody has looked with a chance to see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One visit."""

    time: datetime
    """When, UTC."""
    is_emitting: bool
    """Whether a source was seen."""
    detection_probability: float
    """That it would have been seen, had it emitted as before, 0 to 1."""
    limit_kg_s: float | None
    """Least rate that would have been seen [kg s-1]; None if not known."""

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise InputError("a visit's time has no time zone", where="activity", remedy="give times in UTC")
        if not 0 <= self.detection_probability <= 1:
            raise InputError("a detection probability lies outside 0 to 1", where="activity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """The state with its evidence."""

    state: State
    """What may be said."""
    now: datetime
    """The time it holds for, UTC."""
    active: float
    """Probability that it emits now."""
    pausing: float
    """Probability that it is silent now but not gone."""
    gone: float
    """Probability that it has gone for good."""
    last_seen: datetime | None
    """Last time it was seen emitting; None if never."""
    last_looked: datetime | None
    """Last visit; None if never."""
    last_limit_kg_s: float | None
    """Detection limit on the last visit [kg s-1]; None if not known."""
    forecast: tuple[tuple[datetime, float], ...]
    """Probability of emitting at hours to come."""
    evidence: tuple[str, ...]
    """The visits, in words."""

    def active_at(self, time: datetime) -> float:
        """Probability that it emits at a time to come.

        Args:
            time: UTC, within the forecast.

        Returns:
            Probability, interpolated.

        Raises:
            InputError: the time lies outside the forecast.
        """
        hours = np.array([(one - self.now).total_seconds() for one, _ in self.forecast])
        asked = (time - self.now).total_seconds()
        if not hours.size or not hours[0] <= asked <= hours[-1]:
            raise InputError(f"{time:%Y-%m-%d %H:%M} lies outside the forecast", where="activity")
        return float(np.interp(asked, hours, [probability for _, probability in self.forecast]))


def assess_activity(
    looks: Sequence[Look], now: datetime, *, sure: float = 0.8, forecast_hours: int = 48
) -> Activity:
    """Say whether a site is active.

    Args:
        looks: visits, in any order.
        now: the time to speak of, UTC.
        sure: least probability for a state to be given.
        forecast_hours: how far ahead to forecast [h].

    Returns:
        The state with its evidence.

    Raises:
        InputError: a visit lies after `now`, or two visits at one time contradict each other.
    """
    looks = sorted(looks, key=lambda look: look.time)
    _check(looks, now)
    useful = [look for look in looks if look.is_emitting or look.detection_probability > 0]
    if not useful:
        return _unknown(looks, now)
    weight, state, rates = _filter(useful)
    ahead = _hours(now - useful[-1].time) + np.arange(forecast_hours + 1.0)
    steps = np.einsum("g,gi,tgij->tj", weight, state, expm(rates[None] * ahead[:, None, None, None]))
    active, pausing, gone = (float(value) for value in steps[0])
    seen = [look.time for look in looks if look.is_emitting]
    return Activity(
        state=_state((active, pausing, gone), sure),
        now=now,
        active=active,
        pausing=pausing,
        gone=gone,
        last_seen=seen[-1] if seen else None,
        last_looked=looks[-1].time,
        last_limit_kg_s=looks[-1].limit_kg_s,
        forecast=tuple((now + timedelta(hours=index), float(row[0])) for index, row in enumerate(steps)),
        evidence=tuple(_words(look) for look in looks),
    )


def _check(looks: Sequence[Look], now: datetime) -> None:
    if now.tzinfo is None:
        raise InputError("the time to speak of has no time zone", where="activity", remedy="give it in UTC")
    for one, other in itertools.pairwise(looks):
        if one.time == other.time and one.is_emitting != other.is_emitting:
            raise InputError(
                f"two visits at {one.time:%Y-%m-%d %H:%M} contradict each other",
                where="activity",
                remedy="one site has one state at a time; check which site each visit belongs to",
            )
    if looks and looks[-1].time > now:
        raise InputError(
            f"a visit at {looks[-1].time:%Y-%m-%d %H:%M} lies after the time spoken of", where="activity"
        )


def _hours(span: timedelta) -> float:
    return span.total_seconds() / 3600


def _filter(looks: Sequence[Look]) -> tuple[Floats, Floats, Floats]:
    """Weights of the durations, the state's probabilities at the last look, and the rates of change [h-1]."""
    grid = np.array(list(itertools.product(ON_HOURS, PAUSE_HOURS, LIFE_DAYS)))
    on, pause, life = grid[:, 0], grid[:, 1], grid[:, 2] * 24
    rates = np.zeros((len(grid), 3, 3))
    rates[:, 0, 1], rates[:, 1, 0] = 1 / on, 1 / pause
    rates[:, 0, 2] = rates[:, 1, 2] = 1 / life
    rates[:, [0, 1, 2], [0, 1, 2]] = -rates.sum(axis=2)
    state = np.column_stack([on / (on + pause), pause / (on + pause), np.zeros(len(grid))])
    ln_weight = np.zeros(len(grid))
    before = looks[0].time
    for look in looks:
        state = np.einsum("gi,gij->gj", state, expm(rates * _hours(look.time - before)))
        seen = np.array([look.detection_probability + FALSE_ALARM, FALSE_ALARM, FALSE_ALARM]).clip(0, 0.999)
        state = state * (seen if look.is_emitting else 1 - seen)
        total = state.sum(axis=1)
        ln_weight += np.log(total)
        state /= total[:, None]
        before = look.time
    weight = np.exp(ln_weight - ln_weight.max())
    return weight / weight.sum(), state, rates


def _state(probability: tuple[float, float, float], sure: float) -> State:
    best = int(np.argmax(probability))
    return (State.ACTIVE, State.RECENT, State.COLD)[best] if probability[best] >= sure else State.UNDECIDED


def _unknown(looks: Sequence[Look], now: datetime) -> Activity:
    return Activity(
        state=State.UNKNOWN,
        now=now,
        active=float("nan"),
        pausing=float("nan"),
        gone=float("nan"),
        last_seen=None,
        last_looked=looks[-1].time if looks else None,
        last_limit_kg_s=looks[-1].limit_kg_s if looks else None,
        forecast=(),
        evidence=tuple(_words(look) for look in looks),
    )


def _words(look: Look) -> Phrase:
    time = f"{look.time:%Y-%m-%d %H:%M} UTC"
    limit = None if look.limit_kg_s is None else f"{look.limit_kg_s * 1e3:.2g} g/s"
    return Phrase(
        f"{time}: {'seen' if look.is_emitting else 'not seen'} "
        f"({'limit unknown' if limit is None else f'limit {limit}'})",
        es=f"{time}: {'visto' if look.is_emitting else 'no visto'} "
        f"({'límite desconocido' if limit is None else f'límite {limit}'})",
    )
