"""What a survey's own readings warn of before any source is sought: stuck sensors, nothing detected, a shifting wind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from plumeline.sources.samples import Samples

SHIFTING_DEG = 45.0
"""A wind whose direction has a larger standard deviation than this is said to shift [degrees]."""
LEAST_READINGS = 20
"""Of fewer readings it is not said that a sensor never changes."""


def cautions(samples: Samples, channels: tuple[str, ...]) -> list[str]:
    """What the reader must know of the readings themselves.

    Args:
        samples: usable readings, one column a channel.
        channels: name of each channel.

    Returns:
        Sentences.
    """
    return [*_stuck(samples, channels), *_undetected(samples, channels), *_shifting(samples)]


def _stuck(samples: Samples, channels: tuple[str, ...]) -> list[str]:
    said = []
    for number, sensor in enumerate(samples.sensor_names):
        mine = samples.value[samples.sensor == number]
        for column, channel in enumerate(channels):
            known = mine[np.isfinite(mine[:, column]), column]
            if known.size >= LEAST_READINGS and np.ptp(known) == 0.0:
                said.append(
                    f"{channel} of {sensor} never changes in {known.size} readings: a sensor that is stuck, or too coarse, "
                    "shows nothing about sources"
                )
    return said


def _undetected(samples: Samples, channels: tuple[str, ...]) -> list[str]:
    said = []
    for column, channel in enumerate(channels):
        limits = np.isfinite(samples.limit[:, column])
        if limits.any() and not np.isfinite(samples.value[:, column]).any():
            said.append(
                f"every reading of {channel} is below the detection limit: the survey can only say how much would have "
                "been seen"
            )
    return said


def _shifting(samples: Samples) -> list[str]:
    unit = samples.wind[:, :2] / np.maximum(samples.wind[:, 2:], 1e-9)
    resultant = float(np.clip(np.hypot(*unit.mean(axis=0)), 1e-6, 1.0))
    spread_deg = float(np.degrees(np.sqrt(-2.0 * np.log(resultant))))
    if spread_deg < SHIFTING_DEG:
        return []
    said = (
        f"the wind shifted during the survey (standard deviation {spread_deg:.0f}°), and gas is taken to travel as it "
        "blew at each reading"
    )
    return [said]
