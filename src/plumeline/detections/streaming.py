"""Line by line: a push-broom line is scored as it arrives, with what the lines before it have taught.

Each detector column keeps a running mean and covariance of its past lines (plume-like pixels left out, old lines
forgotten exponentially). The filters are renewed every so many lines; between renewals a line costs one product per
detector column. A score never uses its own line's statistics, so a plume cannot hide in them on arrival.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plumeline.detections.targets import targets
from plumeline.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.detections.targets import TargetModel

    Single = NDArray[np.float32]
    Doubles = NDArray[np.float64]

RIDGE = 1e-6
LEARN_SIGMA = 3.0
WARM_UP_PER_BAND = 2
"""Lines per band before the first scores are given."""


class LineStream:
    """Scores of a push-broom sensor's lines, one after another.

    Args:
        model: the gases.
        samples: detector columns.
        bands: bands.
        memory_lines: lines after which a line's weight has fallen to 1/e.
        renew_every: lines between two renewals of the filters.
    """

    def __init__(
        self, model: TargetModel, *, samples: int, bands: int, memory_lines: int = 2000, renew_every: int = 50
    ) -> None:
        self._model = model
        self._keep = float(np.exp(-1.0 / memory_lines))
        self._every = renew_every
        self._seen = 0
        self._weight = np.zeros(samples)
        self._mean = np.zeros((samples, bands))
        self._scatter = np.zeros((samples, bands, bands), np.float32)
        self._filters: Single | None = None
        self.necl_ppm_m: Single = np.full((samples, len(model.gases)), np.inf, np.float32)
        """Noise-equivalent column now, shape (sample, gas); infinite while warming up."""

    @property
    def is_warm(self) -> bool:
        """Whether enough lines have passed for scores."""
        return self._filters is not None

    def push(self, line: Single) -> Single:
        """Score a line, then learn from it.

        Args:
            line: signal, shape (sample, band).

        Returns:
            Scores, shape (sample, gas); NaN while warming up and where the pixel is no number.

        Raises:
            InputError: the line has another shape than the sensor.
        """
        if line.shape != self._mean.shape:
            raise InputError(f"a line of shape {line.shape} came from a sensor of {self._mean.shape}")
        finite = np.asarray(np.isfinite(line).all(axis=1))
        departure = np.where(finite[:, None], line - self._mean, 0.0)
        scores = np.full((line.shape[0], len(self._model.gases)), np.nan, np.float32)
        quiet = finite
        if self._filters is not None:
            found = np.einsum("sb,sbg->sg", departure.astype(np.float32), self._filters)
            scores[finite] = found[finite]
            quiet = finite & (np.abs(found).max(axis=1) < LEARN_SIGMA + 1.0)
        self._learn(departure, quiet)
        self._seen += 1
        warm = WARM_UP_PER_BAND * line.shape[1]
        if self._seen >= warm and (self._filters is None or self._seen % self._every == 0):
            self._renew()
        return scores

    def _learn(self, departure: Doubles, quiet: NDArray[np.bool_]) -> None:
        old = self._weight * np.where(quiet, self._keep, 1.0)
        new = old + quiet
        share = np.divide(1.0, new, out=np.zeros_like(new), where=quiet & (new > 0))
        self._mean += share[:, None] * departure
        # Welford's update with forgetting: the outer product is weighted by old/new.
        factor = (np.sqrt(old * share) * quiet)[:, None]
        step = (factor * departure).astype(np.float32)
        self._scatter *= np.where(quiet, self._keep, 1.0).astype(np.float32)[:, None, None]
        self._scatter += step[:, :, None] * step[:, None, :]
        self._weight = new

    def _renew(self) -> None:
        samples, bands = self._mean.shape
        filters = np.zeros((samples, bands, len(self._model.gases)), np.float32)
        for sample in range(samples):
            covariance = self._scatter[sample].astype(np.float64) / max(self._weight[sample] - 1.0, 1.0)
            scale = np.sqrt(np.diag(covariance))
            if self._weight[sample] < bands + 2 or not np.all(scale > 0):
                continue
            inverse = np.linalg.inv(covariance + np.diag(RIDGE * scale**2))
            target = targets(self._model, self._mean[sample]).T
            solved = inverse @ target
            strength = np.sqrt(np.einsum("bg,bg->g", target, solved))
            filters[sample] = np.divide(solved, strength, out=np.zeros_like(solved), where=strength > 0)
            with np.errstate(divide="ignore"):
                self.necl_ppm_m[sample] = 1.0 / strength
        self._filters = filters
