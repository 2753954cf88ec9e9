"""Repeated looks at a scene, each with cleaner statistics than the one before.

A plume that covers a good part of a scene hides in its own mean and covariance. So the first look takes the covariance
from differences of neighbouring lines, which hardly hold anything as wide as a plume; what stands out then, with
either sign, leaves the statistics of the second look; and from there on only what the library's gases explain (with
mirrored gases for the mirrored places) stays out, until nothing changes. All of it treats both signs alike, so that
the mirror image stays a fair witness (`false_alarms`).

In the thermal infrared the filters allow for surfaces whose emissivity departs smoothly from what the statistics hold:
solids' bands are wide where gases' are narrow. In reflected light the materials' means are taken off instead.

References: Green et al., IEEE Trans. Geosci. Remote Sens. 26, 65 (1988) for statistics from differences; Borel, Int. J.
Remote Sens. 29, 4325 (2008) for the smoothness of emissivity.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from plumeline.detections.identify import support
from plumeline.detections.matched import Scores, score_clusters, score_columns
from plumeline.detections.materials import LEAST_SHARE, Materials, find_materials
from plumeline.detections.plume_spectrum import (
    Residuals,
    plume_spectrum,
    scene_residuals,
    smooth_surfaces,
)
from plumeline.detections.plumes import Plume, candidate_plumes, independent, support_threshold
from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from plumeline.detections.targets import TargetModel
    from plumeline.radiometry import BandResponse

    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]

RIM_PIXELS = 3
MOST_LOOKS = 5
LEAST_SUPPORT = 8.0
"""Least log Bayes factor of a plume against no gas."""

LOOSE_SUPPORT = 2.0
"""Places with this much leave the statistics of the next look."""

LONG_COLUMN = 20
"""With this many lines per band the sample covariance needs no shrinkage."""


class Grouping(StrEnum):
    """Which pixels share their statistics."""

    COLUMNS = "columns"
    """Those of a detector column: push-broom imagers, whose columns differ in gain."""
    CLUSTERS = "clusters"
    """Those of a kind of surface: frame imagers, whose columns are too short for statistics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Places of a scene that may be plumes, with what speaks for each, and the same of its mirror image."""

    places: tuple[Plume, ...] = ()
    """Candidates."""
    support: tuple[float, ...] = ()
    """Log Bayes factor of each against no gas; 0 for the echo of a stronger mirrored place."""
    decoys: tuple[float, ...] = ()
    """The same of the mirrored places, with mirrored gases."""

    def above(self, threshold: float) -> list[Plume]:
        """Places with at least so much support, largest first."""
        return [place for place, value in zip(self.places, self.support, strict=True) if value >= threshold]


def pooled_threshold(pooled: Sequence[Candidates], *, rate: float) -> float:
    """Support that keeps the share of false plumes at a rate over all pixels, gases and scenes that are pooled.

    Args:
        pooled: candidates of every scene.
        rate: admitted share of false plumes.

    Returns:
        The threshold.
    """
    return support_threshold(
        [value for one in pooled for value in one.support],
        [value for one in pooled for value in one.decoys],
        rate=rate,
        least=LEAST_SUPPORT,
    )


class Looks:
    """A scene that is looked at again and again.

    Args:
        cube: signal, shape (line, sample, band).
        model: how the gases change a pixel.
        response: the instrument's bands.
        grouping: which pixels share their statistics.
        seed: random seed.
        workers: threads.
    """

    def __init__(
        self,
        cube: Single,
        model: TargetModel,
        response: BandResponse,
        *,
        grouping: Grouping,
        seed: int,
        workers: int = 2,
    ) -> None:
        self._cube, self._model, self._seed, self._workers = cube, model, seed, workers
        self._shape = (cube.shape[0], cube.shape[1])
        self._clusters = grouping is Grouping.CLUSTERS
        pixels = cube.shape[0] * (LEAST_SHARE * cube.shape[1] if self._clusters else 1.0)
        self._shrink = pixels < LONG_COLUMN * cube.shape[2]
        self._surface = smooth_surfaces(response.centre_cm1) if model.sign > 0 else None

    def candidates(self, *, rate: float) -> Candidates:
        """Places that may be plumes, from the look in which most of them would be kept.

        Args:
            rate: admitted share of false plumes.

        Returns:
            The candidates.

        Raises:
            RefusedError: no group of pixels has usable statistics.
        """
        excluded: Flags | None = None
        best = Candidates()
        most = worst = 0.0
        for look in range(MOST_LOOKS):
            found, decoys = candidate_plumes(self._scores(excluded))
            places = [*found, *decoys]
            support = self._support(found, decoys) if look else [LOOSE_SUPPORT] * len(places)
            strong = [place for place, value in zip(places, support, strict=True) if value >= LOOSE_SUPPORT]
            if not strong:
                break
            if look:
                alone = independent(found, decoys, self._shape)
                fair = [value if own else 0.0 for value, own in zip(support, alone, strict=True)]
                # The mirror image answers for the worst of its looks, whichever look is taken.
                worst = max([worst, *fair[len(found) :]])
                now = Candidates(
                    places=tuple(found),
                    support=tuple(fair[: len(found)]),
                    decoys=(worst, *fair[len(found) :]),
                )
                limit = pooled_threshold([now], rate=rate)
                total = sum(value for value in now.support if value >= limit)
                if total > most or not most:
                    most, best = total, now
            before, excluded = excluded, rim(strong, self._shape)
            if before is not None and bool((excluded == before).all()):
                break
        return best

    def measured(self, excluded: Flags | None) -> Scores:
        """Scores for columns and limits, with known plumes out of all statistics.

        Args:
            excluded: known plumes with their rim, shape (line, sample); None for none.

        Returns:
            The scores.

        Raises:
            RefusedError: no group of pixels has usable statistics.
        """
        if self._clusters:
            return self._clustered(excluded, own_contrast=True, rounds=1 if excluded is None else 0)
        return self._usable(
            score_columns(
                self._cube,
                self._model,
                shrink=self._shrink,
                materials=self._materials(excluded),
                excluded=excluded,
                exclusion_rounds=1 if excluded is None else 0,
                ace=False,
                own_contrast=True,
                workers=self._workers,
            )
        )

    def residuals(self, excluded: Flags) -> Residuals:
        """The scene without its surfaces.

        Args:
            excluded: known plumes, shape (line, sample).

        Returns:
            The residuals.
        """
        wanted = self._surface is None or self._clusters
        materials = self._materials(excluded) if wanted else None
        return scene_residuals(
            self._cube, self._model, materials, excluded, surface=self._surface, by_column=not self._clusters
        )

    def _materials(self, excluded: Flags | None) -> Materials:
        return find_materials(self._cube, excluded=excluded, seed=self._seed)

    def _scores(self, excluded: Flags | None) -> Scores:
        """Scores to find places by."""
        if self._surface is None:
            return self.measured(excluded)
        if self._clusters:
            return self._clustered(excluded, surface=self._surface, differences=excluded is None)
        return self._usable(
            score_columns(
                self._cube,
                self._model,
                shrink=self._shrink,
                excluded=excluded,
                surface=self._surface,
                differences=excluded is None,
                ace=False,
                workers=self._workers,
            )
        )

    def _clustered(
        self,
        excluded: Flags | None,
        *,
        surface: NDArray[np.float64] | None = None,
        differences: bool = False,
        own_contrast: bool = False,
        rounds: int = 0,
    ) -> Scores:
        labels = self._materials(excluded).labels
        known = np.isfinite(self._cube.sum(axis=2))
        return self._usable(
            score_clusters(
                self._cube,
                np.where(known, labels, np.int32(-1)),
                self._model,
                shrink=self._shrink,
                excluded=excluded,
                exclusion_rounds=rounds,
                surface=surface,
                differences=differences,
                ace=False,
                own_contrast=own_contrast,
                workers=self._workers,
            )
        )

    def _usable(self, scores: Scores) -> Scores:
        if len(scores.refused) == scores.necl_ppm_m.shape[0]:
            what = "cluster" if self._clusters else "detector column"
            why = f": {scores.refused[0][1]}" if scores.refused else ""
            raise RefusedError(f"no {what} can be used{why}")
        return scores

    def _support(self, found: Sequence[Plume], decoys: Sequence[Plume]) -> list[float]:
        """Log Bayes factor of each place, decoys with mirrored gases."""
        if not found and not decoys:
            return []
        residuals = self.residuals(rim([*found, *decoys], self._shape))
        out = []
        for sign, plumes in ((1.0, found), (-1.0, decoys)):
            for plume in plumes:
                try:
                    spectrum = plume_spectrum(residuals, self._model, plume, seed=self._seed)
                except RefusedError:
                    out.append(0.0)
                    continue
                out.append(support(spectrum.excess, sign * spectrum.design))
        return out


def rim(plumes: Sequence[Plume], shape: tuple[int, int], *, pixels: int = RIM_PIXELS) -> Flags:
    """Pixels of plumes and of a rim around them.

    Args:
        plumes: the plumes.
        shape: lines and samples of the scene.
        pixels: width of the rim.

    Returns:
        The mask, shape (line, sample).
    """
    mask = np.zeros(shape, bool)
    for plume in plumes:
        mask[plume.window] |= plume.mask
    return np.asarray(ndimage.binary_dilation(mask, iterations=pixels)) if pixels and mask.any() else mask
