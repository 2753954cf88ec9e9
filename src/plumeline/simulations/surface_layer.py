"""Turbulence of the simulated surface layer: wind profile, velocity variances and Lagrangian times with height.

This is the simulator's own physics. It shares nothing with `plumeline.atmosphere`, so that an inversion is never
tested on the very formulas it assumes.

References: Golder 1972 (stability class to Obukhov length, doi:10.1007/BF00769106); Businger et al. 1971 and Dyer 1974
(profiles); Panofsky et al. 1977 (sigma_u,v, doi:10.1007/BF02186086); Wilson, Thurtell & Kidd 1981 and Flesch, Wilson &
Yee 1995 (sigma_w = 1.25 u* and Lagrangian time 0.5 z / sigma_w with stability factors,
doi:10.1175/1520-0450-34.6.1320); Macdonald 2000 (wind inside a building
canopy, Boundary-Layer Meteorology 97:25).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

VON_KARMAN = 0.4
SIGMA_W_OVER_USTAR = 1.25
LAGRANGIAN_TIME_FACTOR = 0.5
LOCAL_SIGMA_V_OVER_USTAR = 1.6
"""Part of the crosswind fluctuation that each filament feels alone; the rest is meander, which all feel together."""
CANOPY_ATTENUATION = 1.0
"""Exponent of the wind profile below roof height (Macdonald 2000: 9.6 times the frontal area index of about 0.1)."""

GOLDER = {
    "A": (-0.096, 0.029),
    "B": (-0.037, 0.029),
    "C": (-0.002, 0.018),
    "D": (0.0, 0.0),
    "E": (0.004, -0.018),
    "F": (0.035, -0.036),
}
"""Intercept and slope of 1/L [m-1] against log10 of the roughness length [m] per Pasquill class."""


def inverse_obukhov_length_m1(stability_class: str, roughness_m: float) -> float:
    """Inverse Obukhov length of a Pasquill class over ground of a given roughness (Golder 1972).

    Args:
        stability_class: "A" (very unstable) to "F" (stable).
        roughness_m: roughness length [m].

    Returns:
        1/L [m-1]; negative is unstable.

    Raises:
        InputError: there is no such class.
    """
    if stability_class not in GOLDER:
        raise InputError(f"stability class {stability_class!r} is none of A to F")
    intercept, slope = GOLDER[stability_class]
    return intercept + slope * float(np.log10(roughness_m))


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceLayer:
    """Horizontally uniform surface layer, optionally with a canopy of buildings."""

    friction_velocity_m_s: float
    """u* [m s-1]."""
    inverse_obukhov_length_m1: float = 0.0
    """1/L [m-1]; 0 is neutral, negative unstable."""
    roughness_m: float = 0.05
    """Roughness length [m]."""
    mixing_height_m: float = 800.0
    """Height where turbulence ends and filaments are reflected [m]."""
    canopy_height_m: float = 0.0
    """Mean roof height [m]; 0 in the open."""
    sigma_v_m_s: float | None = None
    """Total crosswind standard deviation, meander included [m s-1]; from similarity if None."""

    def __post_init__(self) -> None:
        if not (self.friction_velocity_m_s > 0 and self.roughness_m > 0 and self.mixing_height_m >= 20):
            raise InputError(
                "a surface layer needs u* > 0, roughness > 0 and a mixing height of at least 20 m"
            )

    @classmethod
    def from_wind(
        cls,
        speed_m_s: float,
        height_m: float,
        *,
        inverse_obukhov_length_m1: float = 0.0,
        roughness_m: float = 0.05,
        mixing_height_m: float = 800.0,
        canopy_height_m: float = 0.0,
        sigma_v_m_s: float | None = None,
    ) -> SurfaceLayer:
        """The layer whose mean wind is `speed_m_s` at `height_m`.

        Args:
            speed_m_s: mean wind speed [m s-1].
            height_m: height above ground at which it holds [m].
            inverse_obukhov_length_m1: 1/L [m-1].
            roughness_m: roughness length [m].
            mixing_height_m: mixing height [m].
            canopy_height_m: mean roof height [m].
            sigma_v_m_s: measured crosswind standard deviation [m s-1], if there is one.

        Returns:
            The surface layer.

        Raises:
            InputError: the speed is not positive.
        """
        if not speed_m_s > 0:
            raise InputError(f"wind speed {speed_m_s} m/s is not positive")
        unit = cls(
            friction_velocity_m_s=1.0,
            inverse_obukhov_length_m1=inverse_obukhov_length_m1,
            roughness_m=roughness_m,
            mixing_height_m=mixing_height_m,
            canopy_height_m=canopy_height_m,
        )
        return cls(
            friction_velocity_m_s=speed_m_s / float(unit.speed_m_s(height_m)),
            inverse_obukhov_length_m1=inverse_obukhov_length_m1,
            roughness_m=roughness_m,
            mixing_height_m=mixing_height_m,
            canopy_height_m=canopy_height_m,
            sigma_v_m_s=sigma_v_m_s,
        )

    @property
    def displacement_m(self) -> float:
        """Height by which a canopy lifts the profile [m]: 0.7 of the roof height."""
        return 0.7 * self.canopy_height_m

    def speed_m_s(self, height_m: ArrayLike) -> Floats:
        """Mean wind speed: log law with stability, exponential below the roofs.

        Args:
            height_m: height above ground [m], any shape.

        Returns:
            Speed [m s-1], same shape.
        """
        z = np.asarray(height_m, float)
        above = np.maximum(z, self.canopy_height_m) - self.displacement_m
        above = np.maximum(above, 2.0 * self.roughness_m)
        zeta, zeta0 = (
            h * self.inverse_obukhov_length_m1 for h in (np.minimum(above, 150.0), self.roughness_m)
        )
        profile = np.log(above / self.roughness_m) - _psi_m(zeta) + _psi_m(np.asarray(zeta0))
        speed = self.friction_velocity_m_s / VON_KARMAN * np.maximum(profile, 0.3)
        if self.canopy_height_m > 0:
            inside = np.minimum(z / self.canopy_height_m, 1.0) - 1.0
            speed = speed * np.exp(CANOPY_ATTENUATION * inside)
        return np.asarray(speed, float)

    def sigma_w_m_s(self, height_m: ArrayLike) -> Floats:
        """Standard deviation of the vertical wind.

        Args:
            height_m: height above ground [m], any shape.

        Returns:
            sigma_w [m s-1], same shape.
        """
        z = np.minimum(np.asarray(height_m, float), 0.1 * self.mixing_height_m)
        unstable = np.cbrt(1.0 - 3.0 * z * min(self.inverse_obukhov_length_m1, 0.0))
        return np.asarray(SIGMA_W_OVER_USTAR * self.friction_velocity_m_s * unstable, float)

    def lagrangian_time_s(self, height_m: ArrayLike) -> Floats:
        """Lagrangian time scale of the vertical wind.

        Args:
            height_m: height above ground [m], any shape.

        Returns:
            Time scale [s], same shape.
        """
        z = np.minimum(np.asarray(height_m, float), 0.2 * self.mixing_height_m)
        zeta = z * self.inverse_obukhov_length_m1
        stability = (
            (1.0 - 6.0 * zeta) ** 0.25 if self.inverse_obukhov_length_m1 < 0 else 1.0 / (1.0 + 5.0 * zeta)
        )
        return np.asarray(LAGRANGIAN_TIME_FACTOR * z / self.sigma_w_m_s(z) * stability, float)

    @property
    def total_sigma_v_m_s(self) -> float:
        """Crosswind standard deviation over about half an hour, meander included [m s-1]."""
        if self.sigma_v_m_s is not None:
            return self.sigma_v_m_s
        if self.inverse_obukhov_length_m1 < 0:
            convective = 12.0 - 0.5 * self.mixing_height_m * self.inverse_obukhov_length_m1
            return float(self.friction_velocity_m_s * np.cbrt(convective))
        return float(np.hypot(2.0 * self.friction_velocity_m_s, 0.3))

    @property
    def local_sigma_v_m_s(self) -> float:
        """The share of the crosswind fluctuation that is not meander [m s-1]."""
        return min(LOCAL_SIGMA_V_OVER_USTAR * self.friction_velocity_m_s, 0.95 * self.total_sigma_v_m_s)

    @property
    def meander_sigma_m_s(self) -> float:
        """Standard deviation of the meander, either horizontal component [m s-1]."""
        return float(np.sqrt(max(self.total_sigma_v_m_s**2 - self.local_sigma_v_m_s**2, 0.0)))

    @property
    def meander_time_s(self) -> float:
        """Correlation time of the meander [s]: large eddies turn over in mixing height / sigma; 300 s when stable."""
        if self.inverse_obukhov_length_m1 > 0:
            return 300.0
        return float(np.clip(0.15 * self.mixing_height_m / self.total_sigma_v_m_s, 30.0, 300.0))


def _psi_m(zeta: ArrayLike) -> Floats:
    """Integrated stability function of the wind profile (Dyer 1974), for z/L of any sign."""
    zeta = np.asarray(zeta, float)
    x = (1.0 - 16.0 * np.minimum(zeta, 0.0)) ** 0.25
    unstable = 2 * np.log((1 + x) / 2) + np.log((1 + x**2) / 2) - 2 * np.arctan(x) + np.pi / 2
    return np.asarray(np.where(zeta < 0, unstable, -5.0 * np.minimum(zeta, 1.0)), float)
