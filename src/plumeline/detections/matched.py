"""Matched filter and adaptive coherence estimator for a whole library in one pass over a cube.

For a background with covariance C, whitened by W (WᵀW = C⁻¹), a target t and a pixel x away from the mean by d:

    z = tᵀC⁻¹d / √(tᵀC⁻¹t)       score, unit variance where there is no plume
    column = z / √(tᵀC⁻¹t)       so that one sigma of column is NECL = 1 / √(tᵀC⁻¹t)
    ACE = z² / (dᵀC⁻¹d)

so one layer of z per gas and one layer of dᵀC⁻¹d hold the matched filter, the ACE and the column of every gas. They
cost one whitening and one product with all targets, whatever the number of gases.

References: Manolakis et al., Proc. SPIE 7334 (2009) for the detectors; Thompson et al., Atmos. Meas. Tech. 8, 4383
(2015) for column-wise use on push-broom imagers.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from plumeline.detections.group_scores import GroupScores, Layers, Statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from plumeline.detections.materials import Materials
    from plumeline.detections.targets import TargetModel

    Floats = NDArray[np.floating]
    Doubles = NDArray[np.float64]
    Half = NDArray[np.float16]
    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]

LEAST_CONTRAST = 1e-3

CHUNKS_PER_WORKER = 8
"""Groups are handed out in so many portions a worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of a cube for every gas."""

    gases: tuple[str, ...]
    """Gases, in the order of the last axis."""
    z: Half
    """Matched-filter scores, shape (line, sample, gas); NaN where a pixel could not be used."""
    distance: Single
    """dᵀC⁻¹d, shape (line, sample); empty when the ACE was not asked for."""
    necl_ppm_m: Single
    """Noise-equivalent column of each group and gas [ppm m], shape (group, gas); infinite for a gas unseen."""
    group: NDArray[np.int32]
    """Group of each pixel, shape (line, sample); -1 where none."""
    factor: Single
    """Contrast of each pixel relative to its group's mean, shape (line, sample); NaN where there is none."""
    gas_factor: Half | None
    """The same for each gas at its own bands, shape (line, sample, gas); None when not asked for."""
    weights: Single
    """Reading of a change by an opaque share of one in a band [ppm m], shape (group, gas, band)."""
    refused: tuple[tuple[int, str], ...]
    """Groups without statistics and why."""
    clustered: bool = False
    """Whether groups are clusters, whose limits differ, and not detector columns, whose limits hardly do."""

    def column_ppm_m(self, gas: str) -> Single:
        """Column of a gas [ppm m], shape (line, sample)."""
        index = self.gases.index(gas)
        necl = np.append(self.necl_ppm_m[:, index], np.nan)
        return np.asarray(self.z[:, :, index].astype(np.float32) * necl[self.group] / self.contrast(gas))

    def contrast(self, gas: str) -> Single:
        """Contrast of each pixel for a gas, relative to its group's mean, shape (line, sample)."""
        if self.gas_factor is None:
            return self.factor
        own = self.gas_factor[:, :, self.gases.index(gas)].astype(np.float32)
        return np.where(np.abs(own) > LEAST_CONTRAST, own, np.float32(np.nan)).astype(np.float32)

    def sigma_ppm_m(self, gas: str) -> Single:
        """Noise-equivalent column of each pixel [ppm m], shape (line, sample); infinite where nothing can be seen."""
        necl = np.append(self.necl_ppm_m[:, self.gases.index(gas)], np.inf)
        sigma = necl[self.group] / np.abs(self.contrast(gas))
        return np.where(np.isnan(sigma), np.float32(np.inf), sigma)

    def ace(self, gas: str) -> Single:
        """Adaptive coherence of a gas, 0 to 1, shape (line, sample)."""
        z = self.z[:, :, self.gases.index(gas)].astype(np.float32)
        return np.asarray(np.minimum(z * z / np.maximum(self.distance, 1e-30), 1.0))


def score_columns(  # noqa: PLR0913 (switches of one pass over the cube, all by keyword)
    cube: Single,
    model: TargetModel,
    *,
    shrink: bool = False,
    materials: Materials | None = None,
    excluded: Flags | None = None,
    exclusion_rounds: int = 0,
    surface: Doubles | None = None,
    differences: bool = False,
    ace: bool = True,
    own_contrast: bool = False,
    workers: int = 2,
) -> Scores:
    """Score a push-broom cube, each detector column with its own statistics.

    Args:
        cube: signal, shape (line, sample, band); NaN pixels are left out.
        model: the gases.
        shrink: leave-one-out shrinkage of each covariance.
        materials: surface materials whose means are taken off first.
        excluded: pixels that stay out of the statistics (known plumes), shape (line, sample).
        exclusion_rounds: how often plume-like pixels are taken out of the statistics and these made again.
        surface: covariance of surfaces relative to their signal, allowed for beyond the statistics, shape (band, band).
        differences: take the covariance from differences of neighbouring lines, which hardly hold an unknown plume.
        ace: also keep dᵀC⁻¹d, from which the ACE follows.
        own_contrast: also keep the contrast of each pixel for each gas at its own bands.
        workers: threads; BLAS itself is kept to one.

    Returns:
        Scores; columns without statistics are NaN and listed.
    """
    lines, samples, _ = cube.shape
    group = np.tile(np.arange(samples, dtype=np.int32), (lines, 1))
    layers = Layers(cube.shape, samples, len(model.gases), ace=ace, own_contrast=own_contrast)
    how = Statistics(shrink=shrink, rounds=exclusion_rounds, surface=surface, differences=differences)
    job = GroupScores(cube, model, layers, how, excluded=excluded, materials=materials)

    def column(sample: int) -> None:
        job.run(sample, np.arange(sample, lines * samples, samples))

    _each(column, samples, workers)
    return _scores(layers, model, group)


def score_clusters(  # noqa: PLR0913 (switches of one pass over the cube, all by keyword)
    cube: Single,
    labels: NDArray[np.int32],
    model: TargetModel,
    *,
    shrink: bool = True,
    excluded: Flags | None = None,
    exclusion_rounds: int = 0,
    surface: Doubles | None = None,
    differences: bool = False,
    ace: bool = True,
    own_contrast: bool = False,
    workers: int = 2,
) -> Scores:
    """Score a frame imager's cube, each cluster of similar pixels with its own statistics.

    Args:
        cube: signal, shape (line, sample, band).
        labels: cluster of each pixel from 0, shape (line, sample); -1 for none.
        model: the gases.
        shrink: leave-one-out shrinkage of each covariance.
        excluded: pixels that stay out of the statistics (known plumes), shape (line, sample).
        exclusion_rounds: as in `score_columns`.
        surface: as in `score_columns`.
        differences: take the covariance from differences of neighbours within a cluster.
        ace: as in `score_columns`.
        own_contrast: as in `score_columns`.
        workers: threads.

    Returns:
        Scores; clusters without statistics are NaN and listed.
    """
    count = int(labels.max()) + 1
    layers = Layers(cube.shape, count, len(model.gases), ace=ace, own_contrast=own_contrast)
    how = Statistics(shrink=shrink, rounds=exclusion_rounds, surface=surface, differences=differences)
    job = GroupScores(cube, model, layers, how, excluded=excluded)
    flat = labels.ravel()
    order = np.argsort(flat, kind="stable")
    bounds = np.searchsorted(flat[order], np.arange(count + 1))

    def cluster(index: int) -> None:
        job.run(index, order[bounds[index] : bounds[index + 1]])

    _each(cluster, count, workers)
    layers.blank(np.flatnonzero(flat < 0))
    return replace(_scores(layers, model, labels.astype(np.int32)), clustered=True)


def _scores(layers: Layers, model: TargetModel, group: NDArray[np.int32]) -> Scores:
    shape = group.shape
    return Scores(
        gases=model.gases,
        z=layers.z.reshape(*shape, -1),
        distance=layers.distance.reshape(shape) if layers.wants_distance else np.empty((0, 0), np.float32),
        necl_ppm_m=layers.necl,
        group=group,
        factor=layers.factor.reshape(shape),
        gas_factor=None if layers.gas_factor is None else layers.gas_factor.reshape(*shape, -1),
        weights=layers.weights,
        refused=tuple(sorted(layers.refused)),
    )


def _each(work: Callable[[int], None], items: int, workers: int) -> None:
    """Work through numbered items, neighbours by the same worker: they share cache lines of the cube and the layers."""

    def run(chunk: range) -> None:
        for item in chunk:
            work(item)

    step = max(1, -(-items // (CHUNKS_PER_WORKER * workers)))
    # One BLAS thread per worker: threads inside a 1000 x 60 product cost 4 to 7 times the processor time.
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(max(workers, 1)) as pool:
        for _ in pool.map(run, (range(n, min(n + step, items)) for n in range(0, items, step))):
            pass
