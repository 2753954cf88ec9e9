"""How a ppm m of a gas changes a pixel: absorption of reflected light, or thermal emission and absorption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from plumeline.detections.pixel_kernels import LEAST_CONTRAST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Doubles = NDArray[np.float64]


class TargetModel(Protocol):
    """What the detectors need to know of gases over a background."""

    @property
    def gases(self) -> tuple[str, ...]:
        """Names."""

    @property
    def sign(self) -> float:
        """+1 where the plume adds to the signal when its contrast is positive, -1 where it takes away."""

    @property
    def absorbance_per_ppm_m(self) -> Doubles:
        """Napierian absorbance per ppm m, geometry included, shape (gas, band)."""

    def contrast(self, signal: Floats) -> Doubles:
        """What an opaque plume would change, shape (..., band)."""


def targets(model: TargetModel, mean: Doubles) -> Doubles:
    """Change of the signal per ppm m of a thin plume over a background.

    Args:
        model: the gases.
        mean: the background's mean spectrum, shape (band,).

    Returns:
        Change per ppm m, shape (gas, band).
    """
    return np.asarray(model.sign * model.absorbance_per_ppm_m * model.contrast(mean))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectedTarget:
    """Absorption of reflected light: an opaque plume would take away the background itself."""

    gases: tuple[str, ...]
    """Names."""
    absorbance_per_ppm_m: Doubles
    """Napierian absorbance per ppm m along the slanted path, shape (gas, band)."""
    sign: float = -1.0
    """Light is taken away."""

    def contrast(self, signal: Floats) -> Doubles:
        """The signal itself, shape (..., band)."""
        return np.asarray(signal, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalTarget:
    """Thermal emission and absorption: an opaque plume would put its own radiance in place of the ground's."""

    gases: tuple[str, ...]
    """Names."""
    absorbance_per_ppm_m: Doubles
    """Napierian absorbance per ppm m, shape (gas, band)."""
    plume_radiance: Doubles
    """Blackbody radiance at the plume's temperature, in the cube's unit, shape (band,)."""
    transmittance: Doubles
    """Atmosphere between plume and sensor, shape (band,)."""
    path_radiance: Doubles
    """Its radiance, in the cube's unit, shape (band,)."""
    sign: float = 1.0
    """Radiance is added where the plume is warmer than what lies behind it."""

    def contrast(self, signal: Floats) -> Doubles:
        """Plume minus ground radiance as the sensor sees it, shape (..., band)."""
        return np.asarray(self.transmittance * self.plume_radiance + self.path_radiance - signal)


def brightness_factor(model: TargetModel, signal: Floats, mean: Doubles) -> NDArray[np.float32]:
    """Contrast of each pixel relative to its background's mean: the column read from a pixel is divided by it.

    Args:
        model: the gases.
        signal: pixels, shape (pixel, band).
        mean: the background's mean spectrum, shape (band,).

    Returns:
        Factor, shape (pixel,); NaN where it is within 1e-3 of zero, where nothing can be seen.
    """
    base = model.contrast(mean)
    power = float(base @ base)
    if not power > 0:
        return np.full(len(signal), np.nan, np.float32)
    # The contrast is affine in the signal: it grows with it in reflected light and falls with it in the thermal.
    change = -model.sign * base / power
    factor = 1.0 + (signal - mean.astype(np.float32)) @ change.astype(np.float32)
    return np.where(np.abs(factor) > LEAST_CONTRAST, factor, np.nan).astype(np.float32)
