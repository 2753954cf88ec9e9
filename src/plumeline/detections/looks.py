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

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from plumeline.detections.identify import support
from plumeline.detections.matched import Scores, score_columns
from plumeline.detections.materials import Materials, find_materials
from plumeline.detections.plume_spectrum import (
    Residuals,
    plume_spectrum,
    scene_residuals,
    smooth_surfaces,
)
from plumeline.detections.plumes import Plume, candidate_plumes, independent, kept
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


class Looks:
    """A scene that is looked at again and again.

    Args:
        cube: signal, shape (line, sample, band).
        model: how the gases change a pixel.
        response: the instrument's bands.
        seed: random seed.
        workers: threads.
    """

    def __init__(
        self, cube: Single, model: TargetModel, response: BandResponse, *, seed: int, workers: int
    ) -> None:
        self._cube, self._model, self._seed, self._workers = cube, model, seed, workers
        self._shape = (cube.shape[0], cube.shape[1])
        self._shrink = cube.shape[0] < LONG_COLUMN * cube.shape[2]
        self._surface = smooth_surfaces(response.centre_cm1) if model.sign > 0 else None

    def plumes(self, *, rate: float) -> list[Plume]:
        """Places that some gases explain better than mirrored gases explain any mirrored place.

        Args:
            rate: admitted share of false plumes.

        Returns:
            The plumes, largest first.

        Raises:
            RefusedError: no detector column has usable statistics.
        """
        excluded: Flags | None = None
        best: list[Plume] = []
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
                keep = kept(fair[: len(found)], [worst, *fair[len(found) :]], rate=rate, least=LEAST_SUPPORT)
                total = sum(value for value, good in zip(support, keep, strict=False) if good)
                if total > most:
                    most, best = total, [place for place, good in zip(found, keep, strict=True) if good]
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
            RefusedError: no detector column has usable statistics.
        """
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
        materials = self._materials(excluded) if self._surface is None else None
        return scene_residuals(self._cube, self._model, materials, excluded, surface=self._surface)

    def _materials(self, excluded: Flags | None) -> Materials:
        return find_materials(self._cube, excluded=excluded, seed=self._seed)

    def _scores(self, excluded: Flags | None) -> Scores:
        """Scores to find places by."""
        if self._surface is None:
            return self.measured(excluded)
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

    def _usable(self, scores: Scores) -> Scores:
        if len(scores.refused) == scores.necl_ppm_m.shape[0]:
            raise RefusedError(f"no detector column can be used: {scores.refused[0][1]}")
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
