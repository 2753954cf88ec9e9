"""What a scene says: plumes, columns, limits, and how plumes were kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.detections import MDCL_PER_NECL, true_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.detections import DetectedPlume, PlumeAmounts, SoughtGas, Wind
    from plumeline.instruments.cubes import Cube
    from plumeline.provenance import Provenance

    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePlume:
    """A plume with its amounts."""

    label: str
    """"P1", "P2", …"""
    first_line: int
    """First line of the segment that it was found in."""
    found: DetectedPlume
    """Pixels, identification, evidence."""
    amounts: tuple[PlumeAmounts, ...]
    """Mass and rates of each named gas."""

    def scene_mask(self, shape: tuple[int, int]) -> Flags:
        """Its pixels over the whole scene, shape (line, sample)."""
        mask = np.zeros(shape, bool)
        lines, samples = self.found.plume.window
        mask[lines.start + self.first_line : lines.stop + self.first_line, samples] = self.found.plume.mask
        return mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How plumes were kept: over all scenes of one command together."""

    rate: float
    """Admitted share of false plumes."""
    scenes: int
    """Scenes that were judged together."""
    candidates: int
    """Places that could have been plumes."""
    mirrored: int
    """Places of the mirror image, all false."""
    least_support: float
    """Log Bayes factor against no gas that a plume had to have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageResult:
    """All that a scene says."""

    cube: Cube
    """The scene's metadata."""
    gases: tuple[SoughtGas, ...]
    """Gases sought."""
    unseen: tuple[tuple[str, str], ...]
    """Gases that this instrument cannot see, and why."""
    plumes: tuple[ImagePlume, ...]
    """Plumes."""
    columns_ppm_m: dict[str, Single]
    """Columns of named gases, shape (line, sample)."""
    necl_ppm_m: Single
    """Noise-equivalent column per gas and group of pixels at the group's mean contrast [ppm m], shape (gas, group)."""
    group: NDArray[np.int32]
    """Group of each pixel, a detector column or a cluster of one segment, shape (line, sample); -1 for none."""
    reading_ppm_m: NDArray[np.float64]
    """What the filters read the columns of a saturation table as [ppm m], shape (gas, column)."""
    factor: Single
    """Contrast of each pixel relative to its group's mean, shape (line, sample); noise is divided by it."""
    plume_mask: Flags
    """Pixels of plumes, shape (line, sample)."""
    quality: NDArray[np.uint8]
    """`Quality` of each pixel, shape (line, sample)."""
    pixel_m: tuple[float, float] | None
    """Pixel height and width [m]; None when unknown."""
    warnings: tuple[str, ...]
    """What the reader must know."""
    wind: Wind | None
    """Wind that the rates rest on."""
    residential: bool
    """Homes are in view: nothing here draws the ground."""
    judged: Judgement
    """How plumes were kept."""
    provenance: Provenance
    """Inputs by hash, configuration, seed."""

    @property
    def limit_ppm_m(self) -> Single:
        """Minimum detectable column per gas and group of pixels at mean contrast [ppm m], shape (gas, group)."""
        return np.stack([
            true_columns(MDCL_PER_NECL * necl, reading)
            for necl, reading in zip(self.necl_ppm_m, self.reading_ppm_m, strict=True)
        ])

    def limit_map_ppm_m(self, gas: str) -> Single:
        """Minimum detectable column of a gas in each pixel [ppm m], shape (line, sample).

        A limit follows the contrast of each pixel and so draws the ground. With homes in view the scene's median
        stands everywhere.
        """
        index = [one.gas for one in self.gases].index(gas)
        if self.residential:
            limit = self.limit_ppm_m[index]
            return np.full(
                self.factor.shape, np.float32(np.nanmedian(np.where(np.isfinite(limit), limit, np.nan)))
            )
        with np.errstate(divide="ignore"):
            necl = np.append(self.necl_ppm_m[index], np.float32(np.nan))[self.group] / np.abs(self.factor)
        return true_columns(MDCL_PER_NECL * necl, self.reading_ppm_m[index])
