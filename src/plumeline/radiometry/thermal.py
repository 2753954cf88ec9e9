"""The thermal infrared scene in three layers: surface, plume, atmosphere.

At the sensor, with atmosphere transmittance t and path radiance P, plume transmittance T and temperature Tp, and
ground-leaving radiance G:

    L = t · (T · G + (1 − T) · B(Tp)) + P

so a thin column c with absorbance A c changes it by  t · (B(Tp) − G) · A · c: emission where the plume is warmer than
what lies behind it, absorption where it is colder, and nothing at all where they are equal. Column and contrast
cannot be told apart from that product alone.

References: Young, Johnson & Hackwell, J. Geophys. Res. 107, 4118 (2002) for in-scene compensation; Foy et al.,
Sensors 6, 1721 (2006) for the linear model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import RefusedError
from plumeline.radiometry.planck import brightness_temperature_k, planck_w_m2_sr_cm1

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_SPREAD_K = 1.0
"""In-scene compensation needs surfaces at different temperatures: at least this spread (5 to 95 %) [K]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalScene:
    """What lies between the surface and the sensor, per band."""

    wavenumber_cm1: Floats
    """Band centres [cm-1], shape (band,)."""
    atmosphere_transmittance: Floats
    """Transmittance from plume to sensor, shape (band,)."""
    path_radiance_w_m2_sr_cm1: Floats
    """Radiance of that path [W m-2 sr-1 (cm-1)-1], shape (band,)."""

    def at_sensor(
        self, ground_w_m2_sr_cm1: Floats, *, plume_transmittance: Floats, plume_temperature_k: float
    ) -> Floats:
        """Radiance at the sensor through a plume of any strength.

        Args:
            ground_w_m2_sr_cm1: ground-leaving radiance [W m-2 sr-1 (cm-1)-1], shape (..., band).
            plume_transmittance: of the plume, shape (..., band).
            plume_temperature_k: temperature of the plume [K].

        Returns:
            Radiance [W m-2 sr-1 (cm-1)-1], shape (..., band).
        """
        emitted = planck_w_m2_sr_cm1(self.wavenumber_cm1, plume_temperature_k)
        leaving = plume_transmittance * ground_w_m2_sr_cm1 + (1 - plume_transmittance) * emitted
        return np.asarray(self.atmosphere_transmittance * leaving + self.path_radiance_w_m2_sr_cm1)

    def target(
        self, absorbance_per_ppm_m: Floats, *, background_w_m2_sr_cm1: Floats, plume_temperature_k: float
    ) -> Floats:
        """Change of at-sensor radiance per ppm m of a thin plume.

        Args:
            absorbance_per_ppm_m: napierian absorbance per ppm m, shape (..., band).
            background_w_m2_sr_cm1: ground-leaving radiance behind the plume [W m-2 sr-1 (cm-1)-1], shape (..., band).
            plume_temperature_k: temperature of the plume [K].

        Returns:
            Radiance per ppm m [W m-2 sr-1 (cm-1)-1], shape (..., band).
        """
        contrast = planck_w_m2_sr_cm1(self.wavenumber_cm1, plume_temperature_k) - background_w_m2_sr_cm1
        return np.asarray(self.atmosphere_transmittance * contrast * absorbance_per_ppm_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class InSceneAtmosphere:
    """Atmosphere estimated from the scene itself, up to one gain and one offset per scene."""

    transmittance: Floats
    """Relative transmittance, 1 in the clearest band, shape (band,)."""
    path_radiance_w_m2_sr_cm1: Floats
    """Path radiance relative to that band [W m-2 sr-1 (cm-1)-1], shape (band,)."""


def in_scene_compensation(radiance_w_m2_sr_cm1: Floats, wavenumber_cm1: Floats) -> InSceneAtmosphere:
    """Atmosphere from the scene: the hottest-looking pixels are nearly black, so L against B(T) is a line.

    Args:
        radiance_w_m2_sr_cm1: at-sensor radiance [W m-2 sr-1 (cm-1)-1], shape (pixel, band).
        wavenumber_cm1: band centres [cm-1], shape (band,).

    Returns:
        Transmittance and path radiance relative to the clearest band.

    Raises:
        RefusedError: the surfaces have too little spread in temperature for a slope.
    """
    brightness = brightness_temperature_k(wavenumber_cm1, radiance_w_m2_sr_cm1)
    clearest = int(np.bincount(np.nanargmax(brightness, axis=1), minlength=wavenumber_cm1.size).argmax())
    kelvin = brightness[:, clearest]
    low, high = np.nanpercentile(kelvin, [5, 95])
    if high - low < LEAST_SPREAD_K:
        raise RefusedError(
            f"surfaces differ by only {high - low:.2f} K, too little to estimate the atmosphere from the scene",
            remedy="give the atmosphere's transmittance, or a scene with warm and cold surfaces",
        )
    black = planck_w_m2_sr_cm1(wavenumber_cm1[None, :], kelvin[:, None])
    slope, offset = np.empty(wavenumber_cm1.size), np.empty(wavenumber_cm1.size)
    edges = np.linspace(low, high, 21)
    which = np.digitize(kelvin, edges)
    for band in range(wavenumber_cm1.size):
        x, y = _upper_envelope(black[:, band], radiance_w_m2_sr_cm1[:, band], which, edges.size)
        slope[band], offset[band] = np.polyfit(x, y, 1)
    gain = slope[clearest]
    return InSceneAtmosphere(transmittance=slope / gain, path_radiance_w_m2_sr_cm1=offset - offset[clearest])


def _upper_envelope(x: Floats, y: Floats, which: NDArray[np.intp], bins: int) -> tuple[Floats, Floats]:
    points = []
    for one in range(1, bins):
        inside = np.flatnonzero(which == one)
        if inside.size >= 5:
            cut = np.quantile(y[inside], 0.9)
            top = inside[y[inside] >= cut]
            points.append((x[top].mean(), y[top].mean()))
    array = np.array(points)
    return array[:, 0], array[:, 1]
