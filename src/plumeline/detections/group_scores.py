"""Scores of one group of pixels, and the layers that all groups fill in.

A group is a detector column or a cluster. Its pixels are gathered once, with a rough mean taken off so that sums in
single precision lose nothing; statistics, scores and distances come from that one block while the processor's cache
holds it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.detections.background import refuse, statistics
from plumeline.detections.group_kernels import FINE, Found, Group, Optics, Sinks, fill_in, plain_group, take
from plumeline.detections.tiles import ROWS
from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.detections.background import Background
    from plumeline.detections.materials import Materials
    from plumeline.detections.targets import TargetModel

    Doubles = NDArray[np.float64]
    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]
    Places = NDArray[np.intp]

EXCLUDE_SIGMA = 3.0
"""Pixels with any score beyond this leave the statistics when the plume is excluded."""

MOST_EXCLUDED = 0.5
"""No more than this share of a group is left out of its statistics."""


class Layers:
    """Flat arrays that groups fill in; each pixel belongs to one group, so threads never meet.

    Args:
        shape: lines, samples and bands of the cube.
        groups: number of groups.
        gases: number of gases.
        ace: keep dᵀC⁻¹d too.
        own_contrast: keep the contrast for each gas too.
    """

    def __init__(
        self, shape: tuple[int, ...], groups: int, gases: int, *, ace: bool, own_contrast: bool = False
    ) -> None:
        pixels = shape[0] * shape[1]
        self.wants_distance = ace
        self.z = np.empty((pixels, gases), np.float16)
        self.distance = np.empty(pixels if ace else 0, np.float32)
        self.necl = np.full((groups, gases), np.inf, np.float32)
        self.factor = np.empty(pixels, np.float32)
        self.weights = np.zeros((groups, gases, shape[2]), np.float32)
        self.gas_factor = np.full((pixels, gases), np.nan, np.float16) if own_contrast else None
        self.refused: list[tuple[int, str]] = []

    def refuse(self, group: int, places: Places, why: str) -> None:
        """Leave a group without scores.

        Args:
            group: which.
            places: its pixels.
            why: what is wrong with it.
        """
        self.blank(places)
        self.refused.append((group, why))

    def blank(self, places: Places) -> None:
        """Pixels without scores.

        Args:
            places: those pixels.
        """
        self.z[places] = np.nan
        self.factor[places] = np.nan
        if self.wants_distance:
            self.distance[places] = np.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """How a group's statistics are made; the fields are as in `score_columns`."""

    shrink: bool
    """Leave-one-out shrinkage."""
    rounds: int
    """How often plume-like pixels are taken out."""
    surface: Doubles | None = None
    """Relative covariance of surfaces to allow for, shape (band, band)."""
    differences: bool = False
    """Take the covariance from differences of neighbours."""

    @property
    def plain(self) -> bool:
        """Whether the sample covariance is used as it is."""
        return not self.shrink and self.surface is None and not self.differences

    def background(self, chosen: Single, found: Found) -> Background:
        """Statistics of chosen pixels.

        Args:
            chosen: pixels minus a reference, shape (pixel, band).
            found: their mean.

        Returns:
            The background.
        """
        if self.differences:
            steps = np.diff(chosen, axis=0) * np.float32(np.sqrt(0.5))
            base = statistics(steps, found.mean, shrink=self.shrink)
        else:
            base = statistics(chosen, found.mean, shrink=self.shrink, centre=found.centre)
        if self.surface is None:
            return base
        return base.widened(self.surface * np.outer(found.mean, found.mean))


class GroupScores:
    """Scores groups of a cube's pixels, each with its own statistics.

    Args:
        cube: signal, shape (line, sample, band).
        model: the gases.
        layers: where the answers go.
        how: how statistics are made.
        excluded: pixels that stay out of the statistics, shape (line, sample).
        materials: surface materials whose means are taken off first.
    """

    def __init__(
        self,
        cube: Single,
        model: TargetModel,
        layers: Layers,
        how: Statistics,
        *,
        excluded: Flags | None,
        materials: Materials | None = None,
    ) -> None:
        self._flat = np.ascontiguousarray(cube, np.float32).reshape(-1, cube.shape[2])
        self._layers, self._how = layers, how
        bands = cube.shape[2]
        self._optics = Optics(
            absorbance=np.ascontiguousarray(model.absorbance_per_ppm_m, np.float64),
            ambient=np.ascontiguousarray(model.contrast(np.zeros(bands)), np.float64),
            sign=float(model.sign),
        )
        self._sinks = Sinks(z=layers.z.view(np.uint16), factor=layers.factor, distance=layers.distance)
        self._excluded = None if excluded is None else excluded.ravel()
        self._labels = None if materials is None else materials.labels.ravel().astype(np.int32)
        self._offset = np.empty((0, bands), np.float32) if materials is None else materials.offset
        self._scratch = threading.local()

    def run(self, group: int, places: Places) -> None:
        """Score one group.

        Args:
            group: its number.
            places: its pixels in the flat cube.
        """
        try:
            self._run(group, places)
        except RefusedError as error:
            self._layers.refuse(group, places, error.what)

    def _run(self, group: int, places: Places) -> None:
        layers = self._layers
        if places.size < ROWS:
            raise RefusedError(f"{places.size} pixels are no group", remedy="use fewer clusters")
        known = None if self._excluded is None else self._excluded[places]
        members = Group(
            places=places,
            keep=np.empty(0, np.bool_) if known is None or not known.any() else ~known,
            label=np.empty(0, np.int32) if self._labels is None else self._labels[places],
            offset=self._offset,
        )
        found = self._room(places.size)
        self._score(members, found)
        for _ in range(self._how.rounds):
            again = _clean(layers.z[places].astype(np.float32), members.keep)
            if again is None:
                break
            members = members._replace(keep=again)
            self._score(members, found)
        layers.necl[group] = found.necl
        contrast = self._optics.ambient - self._optics.sign * found.mean
        layers.weights[group] = (found.readings * contrast[:, None]).T
        if layers.gas_factor is not None:
            layers.gas_factor[places] = self._own_contrast(members, found, layers.weights[group])

    def _score(self, members: Group, found: Found) -> None:
        """Fill in the layers of a group.

        Raises:
            RefusedError: its statistics cannot be made.
        """
        if not self._how.plain:
            chosen = take(self._flat, members, found)
            base = self._how.background(chosen, found)
            white = np.ascontiguousarray(base.whitener)
            fill_in(members, self._optics, self._sinks, found, white, base.kept, base.overfit)
            return
        outcome, band = plain_group(self._flat, members, self._optics, self._sinks, found)
        if outcome != FINE:
            refuse(outcome, band=band, bands=self._flat.shape[1])

    def _own_contrast(self, members: Group, found: Found, weights: Single) -> NDArray[np.floating]:
        """What a ppm m of each gas over each pixel would be read as, shape (pixel, gas); 1 at the group's mean."""
        absorbance, sign = self._optics.absorbance, self._optics.sign
        matrix = found.readings * absorbance.T
        # The contrast is the signal itself in the short wave and falls with it in the thermal infrared.
        own = sign * ((self._optics.ambient - sign * found.rough) @ matrix)
        own = own - found.pixels @ matrix.astype(np.float32)
        if members.label.size:
            own -= (members.offset @ matrix)[members.label]
        # What the plume itself takes from the contrast that is seen through it.
        dimming = np.where(np.isfinite(found.necl), found.necl, 0.0) * sign
        dimming *= np.sum(weights * absorbance**2, axis=1)
        return np.asarray(own + self._layers.z[members.places].astype(np.float32) * dimming)

    def _room(self, count: int) -> Found:
        """Per-thread arrays that are used again: fresh ones of this size cost page faults at every group."""
        gases, bands = self._optics.absorbance.shape
        held: Single | None = getattr(self._scratch, "pixels", None)
        if held is None or held.size < 2 * count * bands:
            held = self._scratch.pixels = np.empty(2 * count * bands, np.float32)
        both = held[: 2 * count * bands].reshape(2, count, bands)
        return Found(
            pixels=both[0],
            room=both[1],
            rough=np.empty(bands, np.float32),
            centre=np.empty(bands),
            usual=np.empty(bands),
            mean=np.empty(bands),
            necl=np.empty(gases, np.float32),
            readings=np.empty((bands, gases)),
        )


def _clean(z: Single, kept: Flags) -> Flags | None:
    """Pixels to keep in the statistics, or None when none more is left out."""
    worst = np.abs(z).max(axis=1)
    limit = max(EXCLUDE_SIGMA, float(np.nanquantile(worst, 1 - MOST_EXCLUDED)))
    keep: Flags = worst <= limit
    if kept.size:
        keep &= kept
    return None if keep.all() else keep
