"""Line by line: a push-broom line is scored as it arrives, with what the lines before it have taught.

Each detector column keeps a mean and a covariance of its past lines (plume-like pixels left out, old lines forgotten
exponentially). Columns take turns: with each line some of them take in the lines that they have waited with and renew
their filters, so that every line costs the same. A score never uses its own line's statistics, so a plume cannot hide
in them on arrival.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import convolve1d

from plumeline.detections.targets import targets
from plumeline.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.detections.targets import TargetModel

    Single = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Flags = NDArray[np.bool_]

RIDGE = 1e-6
LEARN_SIGMA = 4.0
WARM_UP_PER_BAND = 2
"""Lines per band before the first scores are given."""

LINE_MEMORY = 0.7
"""Share of the gathered score that passes from line to line."""

NEIGHBOURS = (0.25, 0.5, 0.25)
LEAST_ALARM_SIGMA = 6.0
MIRROR_MARGIN = 1.2
"""An alarm must exceed the strongest mirrored score so far by this factor."""


class LineStream:
    """Scores of a push-broom sensor's lines, one after another.

    Args:
        model: the gases.
        samples: detector columns.
        bands: bands.
        surface: covariance of surfaces relative to their signal that is allowed for, shape (band, band).
        memory_lines: lines after which a line's weight has fallen to 1/e.
        renew_every: lines between two renewals of a column's filters.
    """

    def __init__(
        self,
        model: TargetModel,
        *,
        samples: int,
        bands: int,
        surface: Doubles | None = None,
        memory_lines: int = 2000,
        renew_every: int = 50,
    ) -> None:
        self._model, self._surface = model, surface
        self._keep = float(np.exp(-1.0 / memory_lines))
        self._every = renew_every
        self._seen = 0
        self._turn = (np.arange(samples) * renew_every) // samples
        self._weight = np.zeros(samples)
        self._mean = np.zeros((samples, bands))
        self._scatter = np.zeros((samples, bands, bands), np.float32)
        self._waiting = np.full((samples, renew_every, bands), np.nan, np.float32)
        self._filters = np.full((samples, bands, len(model.gases)), np.nan, np.float32)
        self.necl_ppm_m: Single = np.full((samples, len(model.gases)), np.inf, np.float32)
        """Noise-equivalent column now, shape (sample, gas); infinite while warming up."""

    @property
    def is_warm(self) -> bool:
        """Whether enough lines have passed for the scores of every column that can have them."""
        return self._seen >= WARM_UP_PER_BAND * self._mean.shape[1] + self._every

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
        departure = (line - self._mean).astype(np.float32)
        scores: Single = np.matmul(departure[:, None, :], self._filters)[:, 0, :]
        with np.errstate(invalid="ignore"):
            striking = np.abs(scores).max(axis=1, initial=0.0) > LEARN_SIGMA
        slot = self._seen % self._every
        self._waiting[:, slot] = np.where(striking[:, None], np.float32(np.nan), line)
        for sample in np.flatnonzero(self._turn == slot):
            self._learn(int(sample))
        self._seen += 1
        return scores

    def contrast(self, line: Single) -> Single:
        """Contrast of each pixel of a line relative to its column's mean; a reading is divided by it.

        Args:
            line: signal, shape (sample, band).

        Returns:
            Factor, shape (sample,).
        """
        base = self._model.contrast(self._mean)
        power = np.einsum("sb,sb->s", base, base)
        here = np.einsum("sb,sb->s", base, self._model.contrast(line))
        factor: Doubles = np.divide(here, power, out=np.full(power.shape, np.nan), where=power > 0)
        return factor.astype(np.float32)

    def _learn(self, sample: int) -> None:
        """Take in the lines that a column has waited with, and renew its filters."""
        lines = self._waiting[sample].astype(np.float64)
        lines = lines[np.isfinite(lines).all(axis=1)]
        self._waiting[sample] = np.nan
        if not len(lines):
            return
        centre = lines.mean(axis=0)
        forgotten = self._keep ** len(lines)
        weight = forgotten * self._weight[sample]
        total = weight + len(lines)
        shift = centre - self._mean[sample]
        scatter = forgotten * self._scatter[sample] + (lines - centre).T @ (lines - centre)
        scatter += weight * len(lines) / total * np.outer(shift, shift)
        self._scatter[sample] = scatter
        self._mean[sample] += len(lines) / total * shift
        self._weight[sample] = total
        if self._seen + 1 >= WARM_UP_PER_BAND * self._mean.shape[1]:
            self._renew(sample)

    def _renew(self, sample: int) -> None:
        mean = self._mean[sample]
        covariance = self._scatter[sample].astype(np.float64) / max(self._weight[sample] - 1.0, 1.0)
        scale = np.sqrt(np.diag(covariance))
        if self._weight[sample] < mean.size + 2 or not np.all(scale > 1e-6 * np.abs(mean)):
            return
        if self._surface is not None:
            covariance += self._surface * np.outer(mean, mean)
        target = targets(self._model, mean).T
        solved = np.linalg.solve(covariance + np.diag(RIDGE * np.diag(covariance)), target)
        strength = np.sqrt(np.einsum("bg,bg->g", target, solved))
        self._filters[sample] = np.divide(solved, strength, out=np.zeros_like(solved), where=strength > 0)
        with np.errstate(divide="ignore"):
            self.necl_ppm_m[sample] = 1.0 / strength


def stream_bytes(samples: int, bands: int, gases: int, *, renew_every: int = 50) -> int:
    """Memory that a `LineStream` holds, whatever the length of the flight line.

    Args:
        samples: detector columns.
        bands: bands.
        gases: gases.
        renew_every: as in `LineStream`.

    Returns:
        Bytes.
    """
    return samples * (bands * (4 * bands + 4 * renew_every + 4 * gases + 24) + 8 * gases)


def scored(scores: Single, contrast: Single) -> Flags:
    """Which pixels of a line say something, be it that nothing is there.

    Args:
        scores: of one line, shape (sample, gas).
        contrast: contrast of each pixel, shape (sample,).

    Returns:
        False where a score or the contrast is no finite number, shape (sample,).
    """
    return np.asarray(np.isfinite(scores).all(axis=1) & np.isfinite(contrast))


class LineWatch:
    """Gathers scores over neighbouring samples and lines, and decides which pixels are an alarm.

    Where nothing is there either sign is as likely, so the strongest mirrored score so far tells how strong chance,
    clutter and unknown surfaces can be; an alarm must exceed it.

    Args:
        samples: detector columns.
        gases: gases.
    """

    def __init__(self, *, samples: int, gases: int) -> None:
        self._gathered = np.zeros((samples, gases), np.float32)
        self.threshold = LEAST_ALARM_SIGMA
        """What a gathered score must exceed now [sigma]."""

    def look(self, scores: Single, contrast: Single) -> tuple[Single, NDArray[np.intp], Flags]:
        """The strongest gathered score of each sample.

        Args:
            scores: of one line, shape (sample, gas); NaN where there are none.
            contrast: contrast of each pixel, shape (sample,): a plume shows with its sign.

        Returns:
            Strongest score [sigma], which gas, and whether it is an alarm, each of shape (sample,).
        """
        signed = scores * np.sign(contrast)[:, None]
        # A pixel without a score adds nothing for or against its neighbours; `scored` tells which those are.
        signed = np.where(scored(scores, contrast)[:, None], signed, np.float32(0.0))
        across = convolve1d(signed, NEIGHBOURS, axis=0) / np.linalg.norm(NEIGHBOURS)
        self._gathered = np.asarray(
            LINE_MEMORY * self._gathered + np.sqrt(1 - LINE_MEMORY**2) * across, np.float32
        )
        self.threshold = max(self.threshold, MIRROR_MARGIN * -float(self._gathered.min(initial=0.0)))
        gas = self._gathered.argmax(axis=1)
        best = self._gathered[np.arange(gas.size), gas]
        return best, gas, best > self.threshold
