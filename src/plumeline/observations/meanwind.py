"""The wind of a whole survey in three numbers, for those who only need to know the side it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from plumeline.observations.survey import Survey


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanWind:
    """Mean wind of a survey."""

    from_deg: float
    """Direction of the mean vector, where it comes from, clockwise from north [degrees]."""
    spread_deg: float
    """Standard deviation of the direction between readings [degrees]."""
    speed_m_s: float
    """Mean of the speed [m s-1]."""


def mean_wind(survey: Survey) -> MeanWind | None:
    """Mean wind of a survey.

    The spread is the circular standard deviation (Mardia and Jupp 2000, Directional Statistics, equation 2.3.11).

    Args:
        survey: the readings.

    Returns:
        The wind; None when no reading has one.
    """
    pairs = [
        np.column_stack([dataset["wind_eastward"].to_numpy(), dataset["wind_northward"].to_numpy()])
        for dataset in survey.datasets
    ]
    wind = np.vstack(pairs)
    wind = wind[np.isfinite(wind).all(axis=1)]
    if not len(wind):
        return None
    east, north = wind.mean(axis=0)
    speed = np.hypot(wind[:, 0], wind[:, 1])
    unit = wind / np.maximum(speed[:, None], 1e-9)
    resultant = float(np.clip(np.hypot(*unit.mean(axis=0)), 1e-6, 1.0))
    return MeanWind(
        from_deg=float(np.degrees(np.arctan2(-east, -north)) % 360),
        spread_deg=float(np.degrees(np.sqrt(-2 * np.log(resultant)))),
        speed_m_s=float(speed.mean()),
    )
