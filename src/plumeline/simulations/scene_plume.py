"""A drifting plume seen from above: puffs let go one after another into a wind that meanders.

Every puff carries mass, is carried by the mean wind plus its own correlated wander (Ornstein-Uhlenbeck), and spreads
as the square root of its age at first and slower than linearly later. The column is the sum of the puffs' footprints.
No plume formula of the retrieval side is used here.

References: Farrell et al., Environ. Fluid Mech. 2, 143 (2002) for filament plumes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

PUFFS_PER_S = 8.0
WANDER_TIME_S = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenePlume:
    """A source and the wind over it."""

    line: float
    """Line of the source."""
    sample: float
    """Sample of the source."""
    rate_kg_s: float
    """Emission rate [kg s-1]."""
    wind_m_s: float
    """Mean wind [m s-1]."""
    toward_deg: float
    """Where the air goes, degrees clockwise from north (up in the image)."""
    turbulence: float = 0.25
    """Standard deviation of the wander over the mean wind."""
    initial_m: float = 0.8
    """Size of a puff as it leaves, 1 sigma [m]."""


def plume_mass_kg_m2(
    plume: ScenePlume, *, shape: tuple[int, int], pixel_m: float, rng: np.random.Generator
) -> Doubles:
    """Column mass of a plume over a scene.

    Args:
        plume: source and wind.
        shape: lines and samples.
        pixel_m: pixel size [m].
        rng: random generator.

    Returns:
        Column [kg m-2], shape (line, sample).
    """
    reach_m = pixel_m * float(np.hypot(*shape))
    age = np.arange(0.5 / PUFFS_PER_S, 1.2 * reach_m / plume.wind_m_s, 1 / PUFFS_PER_S)
    angle = np.radians(plume.toward_deg)
    sigma_v = plume.turbulence * plume.wind_m_s
    decay = np.exp(-1 / (PUFFS_PER_S * WANDER_TIME_S))
    # Neighbouring puffs left shortly after one another and wander alike.
    kicks = rng.standard_normal((2, age.size)) * sigma_v * np.sqrt(1 - decay**2)
    drift = np.empty_like(kicks)
    state = rng.standard_normal(2) * sigma_v
    for k in range(age.size):
        state = decay * state + kicks[:, k]
        drift[:, k] = state
    spread_time = WANDER_TIME_S * (1 - np.exp(-age / WANDER_TIME_S))
    along = plume.wind_m_s * age + 0.4 * drift[0] * spread_time
    across = drift[1] * spread_time + 0.3 * np.cumsum(drift[1]) / PUFFS_PER_S
    east = along * np.sin(angle) + across * np.cos(angle)
    north = along * np.cos(angle) - across * np.sin(angle)
    size_m = np.sqrt(plume.initial_m**2 + (0.3 * sigma_v * age) ** 2 / (1 + age / 30.0))
    mass_kg = plume.rate_kg_s / PUFFS_PER_S * rng.lognormal(-0.08, 0.4, age.size)
    column = np.zeros(shape)
    for e, n, s, m in zip(east / pixel_m, north / pixel_m, size_m / pixel_m, mass_kg, strict=True):
        _deposit(column, plume.line - n, plume.sample + e, s, m / pixel_m**2)
    return column


def _deposit(column: Doubles, line: float, sample: float, sigma: float, mass: float) -> None:
    reach = int(4 * sigma) + 2
    top, left = max(0, int(line) - reach), max(0, int(sample) - reach)
    bottom, right = min(column.shape[0], int(line) + reach + 1), min(column.shape[1], int(sample) + reach + 1)
    if top >= bottom or left >= right:
        return
    down = np.exp(-0.5 * ((np.arange(top, bottom) - line) / sigma) ** 2)
    over = np.exp(-0.5 * ((np.arange(left, right) - sample) / sigma) ** 2)
    column[top:bottom, left:right] += mass / (2 * np.pi * sigma**2) * down[:, None] * over[None, :]
