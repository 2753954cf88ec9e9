"""When a source emits: on or off in blocks of time, steady ones a priori the most likely.

A course of emission over n blocks is a chain that starts on or off with equal probability and changes from block to
block with an unknown probability, Beta(1, 3) a priori and integrated out; a share of sources is steady.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.sources.settings import InferenceSettings

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

MOST_BLOCKS = 16
"""Most emission blocks of a survey."""
FLIGHT_BLOCK_S = 100.0
"""Shortest emission block of a flight [s]."""


def emission_blocks(
    row_time_s: Floats, settings: InferenceSettings, *, moving: bool
) -> tuple[Integers, Floats]:
    """Emission block of each row, shape (row,), and the blocks' edges, shape (block + 1,) [s].

    At fixed sensors emission is steady unless `emission_block_s` is set: a network that looks for days explains every
    wind shift that the plume model does not foresee by a source that goes off.
    """
    first, last = float(row_time_s.min()), float(row_time_s.max())
    block_s = settings.emission_block_s or max((last - first) / MOST_BLOCKS, FLIGHT_BLOCK_S)
    is_steady = settings.steady_probability >= 1.0 or not (moving or settings.emission_block_s)
    count = 1 if is_steady else max(1, min(MOST_BLOCKS, math.floor((last - first) / block_s)))
    edges = np.linspace(first, max(last, first + 1e-9), count + 1)
    return np.clip(np.searchsorted(edges, row_time_s, side="right") - 1, 0, count - 1).astype(np.int64), edges


def log_switching(blocks: int, steady: float) -> Floats:
    """Log prior of one course of emission with 0, 1, … changes, never off throughout, shape (blocks,).

    Args:
        blocks: number of emission blocks.
        steady: prior probability of a steady source.

    Returns:
        Entry 0 belongs to the source that is on throughout.
    """
    changes = np.arange(blocks)
    one = 0.5 * np.exp(betaln(1.0 + changes, 3.0 + blocks - 1.0 - changes) - betaln(1.0, 3.0))
    varied = (1.0 - steady) * one / (1.0 - one[0])
    varied[0] += steady
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(varied))
