"""The wind that a whole town feels together: mean, meander, gusts and the slow change over the day.

The meander is an Ornstein-Uhlenbeck process in each horizontal component, as in Farrell et al. 2002; gusts are
short bursts along the mean wind; the diurnal cycle scales the speed with the hour.

References: Farrell et al. 2002 (doi:10.1023/A:1016283702837); Uhlenbeck & Ornstein 1930.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.simulations.surface_layer import SurfaceLayer

    Floats = NDArray[np.float64]

GUST_TIME_S = 12.0
"""Length of a gust [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindSettings:
    """What the mean wind does during a recording."""

    toward_rad: float
    """Direction the mean wind blows to, anticlockwise from east [rad]."""
    turning_rad_s: float = 0.0
    """Steady turning of the mean direction [rad s-1]."""
    gusts_per_hour: float = 0.0
    """Mean number of gusts in an hour."""
    gust_factor: float = 1.5
    """Speed at a gust's peak over the mean speed."""
    diurnal_amplitude: float = 0.0
    """Half of the speed's daily range over its mean; the maximum is at 15:00 local time."""
    start_hour: float = 12.0
    """Local time at the recording's start [h]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeScaleWind:
    """The common wind at the reference height on a regular time grid."""

    step_s: float
    """Grid step [s]."""
    eastward_m_s: Floats
    """Toward east [m s-1], one per grid time."""
    northward_m_s: Floats
    """Toward north [m s-1], one per grid time."""
    reference_height_m: float
    """Height at which it holds [m]."""


def large_scale_wind(
    layer: SurfaceLayer,
    settings: WindSettings,
    *,
    count: int,
    step_s: float,
    reference_height_m: float,
    rng: np.random.Generator,
) -> LargeScaleWind:
    """Draw one realisation of the common wind.

    Args:
        layer: the surface layer, for mean speed and meander.
        settings: direction, turning, gusts, diurnal cycle.
        count: number of grid times.
        step_s: grid step [s].
        reference_height_m: height at which the wind holds [m].
        rng: random generator; the same state gives the same wind in the wind's own frame whatever its direction.

    Returns:
        The wind.
    """
    time_s = np.asarray(step_s * np.arange(count), float)
    along, across = (
        _ornstein_uhlenbeck(layer.meander_sigma_m_s, layer.meander_time_s, time_s, rng) for _ in range(2)
    )
    hour = settings.start_hour + time_s / 3600.0
    daily = 1.0 + settings.diurnal_amplitude * np.cos(2 * np.pi * (hour - 15.0) / 24.0)
    gust = _gusts(settings, time_s, rng)
    speed = float(layer.speed_m_s(reference_height_m)) * daily * gust + along
    angle = settings.toward_rad + settings.turning_rad_s * (time_s - time_s[-1] / 2)
    return LargeScaleWind(
        step_s=step_s,
        eastward_m_s=speed * np.cos(angle) - across * np.sin(angle),
        northward_m_s=speed * np.sin(angle) + across * np.cos(angle),
        reference_height_m=reference_height_m,
    )


def _ornstein_uhlenbeck(sigma: float, scale_s: float, time_s: Floats, rng: np.random.Generator) -> Floats:
    """Stationary Gaussian process with exponential correlation, one value per time."""
    from scipy.signal import lfilter  # noqa: PLC0415 (slow to import, and only this function needs it)

    step_s = float(time_s[1] - time_s[0]) if time_s.size > 1 else 1.0
    memory = np.exp(-step_s / scale_s)
    shocks = rng.standard_normal(time_s.size) * sigma * np.sqrt(1.0 - memory**2)
    shocks[0] = rng.standard_normal() * sigma
    return np.asarray(lfilter([1.0], [1.0, -memory], shocks), float)


def _gusts(settings: WindSettings, time_s: Floats, rng: np.random.Generator) -> Floats:
    """Factor on the mean speed, 1 outside gusts."""
    factor = np.ones_like(time_s)
    number = rng.poisson(settings.gusts_per_hour * (time_s[-1] - time_s[0]) / 3600.0)
    for middle_s in np.sort(rng.uniform(time_s[0], time_s[-1], number)):
        shape = np.exp(-0.5 * ((time_s - middle_s) / (GUST_TIME_S / 2)) ** 2)
        factor = np.maximum(factor, 1.0 + (settings.gust_factor - 1.0) * shape)
    return factor
