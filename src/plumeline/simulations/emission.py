"""What emits, how much of what, and when: steady, in batches, in working hours, in bursts.

References: batch cycles "often less than 48 hours" from the public Canadian study cited in the domain notes; the other
patterns are assumptions and stand in the scenario.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from plumeline.errors import ConfigurationError
from plumeline.simulations.ranges import within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Pattern = Literal["steady", "batch", "working-hours", "bursts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a source emits."""

    pattern: Pattern = "steady"
    """The kind of schedule."""
    period_s: float = 1800.0
    """Batch: time from one batch's start to the next; bursts: mean time between two bursts [s]."""
    on_s: float = 600.0
    """Length of a batch or a burst [s]."""
    phase_s: float = 0.0
    """Batch: shift of the first batch [s]."""
    opens_hour: float = 8.0
    """Working hours: opening, local time [h]."""
    closes_hour: float = 18.0
    """Working hours: closing, local time [h]."""

    def __post_init__(self) -> None:
        if self.pattern not in {"steady", "batch", "working-hours", "bursts"}:
            raise ConfigurationError(
                f"schedule pattern {self.pattern!r} is unknown",
                remedy="use steady, batch, working-hours or bursts",
            )
        within(10.0, 1e6, period_s=self.period_s)
        within(1.0, 1e6, on_s=self.on_s)
        within(0.0, 24.0, opens_hour=self.opens_hour, closes_hour=self.closes_hour)

    def weights(self, time_s: Floats, start_hour: float, rng: np.random.Generator) -> Floats:
        """Share of the nominal rate at each time.

        Args:
            time_s: times since the recording's start, may be negative [s].
            start_hour: local time at the recording's start [h].
            rng: draws the bursts.

        Returns:
            0 to 1, one per time.
        """
        if self.pattern == "batch":
            return np.asarray((time_s - self.phase_s) % self.period_s < self.on_s, float)
        if self.pattern == "working-hours":
            hour = (start_hour + time_s / 3600.0) % 24.0
            return np.asarray((hour >= self.opens_hour) & (hour < self.closes_hour), float)
        if self.pattern == "bursts":
            span = time_s[-1] - time_s[0]
            starts = rng.uniform(time_s[0] - self.on_s, time_s[-1], rng.poisson(span / self.period_s) + 1)
            inside = (time_s[:, None] >= starts) & (time_s[:, None] < starts + self.on_s)
            return np.asarray(inside.any(axis=1), float)
        return np.ones_like(time_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitter:
    """One source of the scene's truth."""

    name: str
    """Short name, unique in the scene."""
    east_m: float
    """East in the local frame [m]."""
    north_m: float
    """North in the local frame [m]."""
    height_m: float
    """Height above ground [m]."""
    rates_kg_s: Mapping[str, float]
    """Nominal rate per species while it emits [kg s-1]."""
    schedule: Schedule = field(default_factory=Schedule)
    """When it emits."""
    size_m: float = 0.3
    """Standard deviation of the plume as it leaves the vent [m]."""
    kind: str = "unexplained_solvent_mixture"
    """Facility profile, e.g. "nail_salon"; the default is that of a source with no registered reason."""
    building: str = ""
    """Id of the building it vents from, if any."""
    is_sought: bool = True
    """Whether this is what the survey looks for; False for benign neighbours."""
