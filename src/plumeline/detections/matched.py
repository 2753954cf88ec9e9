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

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from plumeline.detections.background import statistics
from plumeline.detections.targets import brightness_factor, targets
from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from plumeline.detections.background import Background
    from plumeline.detections.materials import Materials
    from plumeline.detections.targets import TargetModel

    Floats = NDArray[np.floating]
    Doubles = NDArray[np.float64]
    Half = NDArray[np.float16]
    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]
    Indices = NDArray[np.intp]

EXCLUDE_SIGMA = 3.0
"""Pixels with any score beyond this leave the statistics when the plume is excluded."""

MOST_EXCLUDED = 0.5
"""No more than this share of a group is left out of its statistics."""

HALF_MAX = 65_000.0
LEAST_CONTRAST = 1e-3


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
        return np.asarray(
            np.nan_to_num(necl[self.group] / np.abs(self.contrast(gas)), nan=np.inf, posinf=np.inf)
        )

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
    out = _Output(cube.shape, samples, model.gases, ace=ace, own_contrast=own_contrast)
    how = _How(shrink=shrink, rounds=exclusion_rounds, surface=surface, differences=differences)
    job = _Job(cube, model, out, how, excluded=excluded, materials=materials)

    def column(sample: int) -> None:
        job.run(sample, slice(sample, None, samples))

    _each(column, range(samples), workers)
    return out.scores((lines, samples), group)


def score_clusters(
    cube: Single,
    labels: NDArray[np.int32],
    model: TargetModel,
    *,
    shrink: bool = True,
    excluded: Flags | None = None,
    exclusion_rounds: int = 0,
    ace: bool = True,
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
        ace: as in `score_columns`.
        workers: threads.

    Returns:
        Scores; clusters without statistics are NaN and listed.
    """
    lines, samples, _ = cube.shape
    count = int(labels.max()) + 1
    out = _Output(cube.shape, count, model.gases, ace=ace)
    job = _Job(cube, model, out, _How(shrink=shrink, rounds=exclusion_rounds), excluded=excluded)
    flat = labels.ravel()
    order = np.argsort(flat, kind="stable")
    bounds = np.searchsorted(flat[order], np.arange(count + 1))

    def cluster(index: int) -> None:
        job.run(index, order[bounds[index] : bounds[index + 1]])

    _each(cluster, range(count), workers)
    return out.scores((lines, samples), labels.astype(np.int32))


class _Output:
    """Flat arrays that groups fill in; each pixel belongs to one group, so threads never meet."""

    def __init__(
        self,
        shape: tuple[int, ...],
        groups: int,
        gases: tuple[str, ...],
        *,
        ace: bool,
        own_contrast: bool = False,
    ) -> None:
        pixels = shape[0] * shape[1]
        self.gases = gases
        self.wants_distance = ace
        self.z = np.empty((pixels, len(gases)), np.float16)
        self.distance = np.empty(pixels if ace else 0, np.float32)
        self.necl = np.full((groups, len(gases)), np.inf, np.float32)
        self.factor = np.empty(pixels, np.float32)
        self.weights = np.zeros((groups, len(gases), shape[2]), np.float32)
        self.gas_factor = np.full((pixels, len(gases)), np.nan, np.float16) if own_contrast else None
        self.refused: list[tuple[int, str]] = []

    def refuse(self, group: int, members: slice | Indices, why: str) -> None:
        self.z[members] = np.nan
        self.factor[members] = np.nan
        if self.wants_distance:
            self.distance[members] = np.nan
        self.refused.append((group, why))

    def scores(self, shape: tuple[int, int], group: NDArray[np.int32]) -> Scores:
        return Scores(
            gases=self.gases,
            z=self.z.reshape(*shape, -1),
            distance=self.distance.reshape(shape) if self.wants_distance else np.empty((0, 0), np.float32),
            necl_ppm_m=self.necl,
            group=group,
            factor=self.factor.reshape(shape),
            gas_factor=None if self.gas_factor is None else self.gas_factor.reshape(*shape, -1),
            weights=self.weights,
            refused=tuple(sorted(self.refused)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """How a group's statistics are made; the fields are as in `score_columns`."""

    shrink: bool
    rounds: int
    surface: Doubles | None = None
    differences: bool = False

    def background(self, centred: Single, mean: Doubles) -> Background:
        if self.differences:
            centred = np.diff(centred, axis=0) * np.float32(np.sqrt(0.5))
        base = statistics(centred, mean, shrink=self.shrink)
        return base if self.surface is None else base.widened(self.surface * np.outer(mean, mean))


class _Job:
    def __init__(
        self,
        cube: Single,
        model: TargetModel,
        out: _Output,
        how: _How,
        *,
        excluded: Flags | None,
        materials: Materials | None = None,
    ) -> None:
        self.flat = cube.reshape(-1, cube.shape[2])
        self.model, self.out, self.how = model, out, how
        self.excluded = None if excluded is None else excluded.ravel()
        self.materials = None if materials is None else (materials.labels.ravel(), materials.offset)
        self.scratch = threading.local()

    def run(self, group: int, members: slice | Indices) -> None:
        count = len(range(*members.indices(len(self.flat)))) if isinstance(members, slice) else members.size
        pixels = self._buffer("pixels", count, self.flat.shape[1])
        np.copyto(pixels, self.flat[members])
        ones = np.ones(count, np.float32)
        mean: Single = (ones @ pixels) / np.float32(max(count, 1))
        keep: Flags | None = None
        if not np.isfinite(mean).all():
            keep = np.asarray(np.isfinite(pixels).all(axis=1))
            mean = pixels[keep].mean(axis=0) if keep.any() else np.zeros_like(mean)
        if self.excluded is not None and self.excluded[members].any():
            keep = ~self.excluded[members] if keep is None else keep & ~self.excluded[members]
        self.out.factor[members] = brightness_factor(self.model, pixels, mean.astype(np.float64))
        if self.materials is not None:
            label, offset = self.materials
            pixels -= offset[label[members]]
            if keep is None:
                # The statistics take a group's mean as gone; with materials off it is a little elsewhere.
                pixels -= (ones @ pixels) / np.float32(max(count, 1)) - mean
        pixels -= mean
        try:
            z, distance, strength = self._score(pixels, mean, keep, group)
            for _ in range(self.how.rounds):
                again = _clean(z, keep)
                if again is None:
                    break
                z, distance, strength = self._score(pixels, mean, again, group)
        except RefusedError as error:
            self.out.refuse(group, members, error.what)
            return
        with np.errstate(divide="ignore"):
            self.out.necl[group] = 1 / strength
        np.clip(z, -HALF_MAX, HALF_MAX, out=z)
        self.out.z[members] = z
        if self.out.gas_factor is not None:
            self.out.gas_factor[members] = self._own_contrast(
                pixels, mean, members, group
            ) + self._self_dimming(z, group)
        if distance is not None:
            self.out.distance[members] = distance

    def _score(
        self, pixels: Single, mean: Single, keep: Flags | None, group: int
    ) -> tuple[Single, Single | None, Doubles]:
        """Scores of all pixels of a group, with statistics from those to keep; `pixels` have `mean` taken off."""
        chosen = pixels if keep is None else pixels[keep]
        offset = chosen.mean(axis=0) if keep is not None and len(chosen) else np.zeros_like(mean)
        centred = chosen if keep is None else chosen - offset
        base = self.how.background(centred, mean.astype(np.float64) + offset)
        target = base.whitener @ targets(self.model, base.mean).T
        strength = np.sqrt(np.einsum("bg,bg->g", target, target))
        unit = np.divide(target, strength, out=np.zeros_like(target), where=strength > 0)
        filters = (base.whitener.T @ unit).astype(np.float32)
        reading = np.divide(filters, strength, out=np.zeros_like(target), where=strength > 0)
        self.out.weights[group] = (reading * self.model.contrast(base.mean)[:, None]).T
        z = np.matmul(pixels, filters, out=self._buffer("z", len(pixels), filters.shape[1]))
        z -= offset @ filters
        if not self.out.wants_distance:
            return z, None, strength
        whitener = np.ascontiguousarray(base.whitener.T, np.float32)
        white = np.matmul(pixels, whitener, out=self._buffer("white", len(pixels), whitener.shape[1]))
        white -= offset @ whitener
        return z, np.einsum("pb,pb->p", white, white), strength

    def _own_contrast(
        self, pixels: Single, mean: Single, members: slice | Indices, group: int
    ) -> NDArray[np.floating]:
        """What a ppm m of each gas over each pixel would be read as, shape (pixel, gas); 1 at the group's mean."""
        base = self.model.contrast(mean.astype(np.float64))
        share = np.divide(
            self.out.weights[group], base, out=np.zeros_like(self.out.weights[group]), where=base != 0
        )
        matrix = (share * self.model.absorbance_per_ppm_m).T.astype(np.float32)
        moved = pixels @ matrix
        if self.materials is not None:
            label, offset = self.materials
            moved += (offset @ matrix)[label[members]]
        # The contrast is the signal itself in the short wave and falls with it in the thermal infrared.
        return np.asarray(self.model.sign * (base @ matrix) - moved)

    def _self_dimming(self, z: Single, group: int) -> NDArray[np.floating]:
        """What the plume itself takes from the contrast that is seen through it, shape (pixel, gas)."""
        absorbance = self.model.absorbance_per_ppm_m
        per_ppm_m = self.model.sign * np.sum(self.out.weights[group] * absorbance**2, axis=1)
        necl = np.where(np.isfinite(self.out.necl[group]), self.out.necl[group], 0.0)
        return np.asarray(z * (per_ppm_m * necl).astype(np.float32))

    def _buffer(self, name: str, rows: int, columns: int) -> Single:
        """A per-thread array that is used again: fresh ones of this size cost page faults at every group."""
        held: Single | None = getattr(self.scratch, name, None)
        if held is None or held.size < rows * columns:
            held = np.empty(rows * columns, np.float32)
            setattr(self.scratch, name, held)
        return held[: rows * columns].reshape(rows, columns)


def _clean(z: Single, finite: Flags | None) -> Flags | None:
    """Pixels to keep in the statistics, or None when all stay."""
    worst = np.abs(z).max(axis=1)
    limit = max(EXCLUDE_SIGMA, float(np.nanquantile(worst, 1 - MOST_EXCLUDED)))
    keep: Flags = worst <= limit
    if finite is not None:
        keep &= finite
    return None if keep.all() else keep


def _each(work: object, items: Sequence[int], workers: int) -> None:
    # One BLAS thread per worker: threads inside a 1000 x 60 product cost 4 to 7 times the processor time.
    with threadpool_limits(limits=1, user_api="blas"):
        if workers <= 1:
            for item in items:
                work(item)  # type: ignore[operator] # a plain function of one index
            return
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(work, items):  # type: ignore[arg-type] # same
                pass
