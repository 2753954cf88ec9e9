"""From columns to mass and emission rate, each with its uncertainty.

Integrated mass enhancement: Q = IME · U_eff / L with L = √area. Cross-sectional flux: Q = U · Σ column across the
plume, averaged over sections. A column in ppm m is a mass per area at 296 K and 101.325 kPa, whatever the plume's
own temperature, because it counts molecules.

References: Varon et al., Atmos. Meas. Tech. 11, 5673 (2018) for IME, U_eff and cross-sections; the drone-scale
U_eff of `EFFECTIVE_WIND` is fitted to this project's filament simulator (`docs/imaging.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.units import GAS_CONSTANT_J_MOL_K, REFERENCE_PRESSURE_PA, REFERENCE_TEMPERATURE_K

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Flags = NDArray[np.bool_]

MOL_PER_M2_PPM_M = 1e-6 * REFERENCE_PRESSURE_PA / (GAS_CONSTANT_J_MOL_K * REFERENCE_TEMPERATURE_K)
"""Amount in a column of 1 ppm m [mol m-2]."""

SECTIONS = 12
CORRELATION_PIXELS = 4.0
"""Pixels that share one independent error after smoothing and striping; scales the noise of a sum."""

Z_90 = 1.6449


@dataclass(frozen=True, slots=True, kw_only=True)
class Wind:
    """Wind at the plume."""

    speed_m_s: float
    """Mean speed [m s-1]."""
    speed_sigma_m_s: float
    """Its standard error [m s-1]."""
    toward_eastward: float
    """Unit vector of where the air goes, east."""
    toward_northward: float
    """Same, north."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveWind:
    """U_eff = share · U · (area / 100 m²)^power for the IME method, with the scatter of the fit.

    A small mask holds only the narrow beginning of a plume, a large one the wide and uneven rest.
    """

    share: float
    """Share of the wind for a mask of 100 m²."""
    power: float
    """How it changes with the mask's area."""
    relative_scatter: float
    """1 sigma of single plumes about the fit, relative."""

    def at(self, speed_m_s: float, area_m2: float) -> float:
        """Effective wind for a wind and a mask [m s-1]."""
        return float(self.share * speed_m_s * (area_m2 / 100.0) ** self.power)


EFFECTIVE_WIND = EffectiveWind(share=0.76, power=-0.22, relative_scatter=0.38)
"""For plumes as they are found, of 15 to 900 m² at 0.5 m pixels in winds of 1.5 to 5 m/s; from `benchmarks
effective_wind`."""

SECTION_SCATTER = 0.15
"""Relative error that all sections share: contrast, cut edges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A positive quantity with a 90 % interval."""

    value: float
    """Central value."""
    low: float
    """5 % bound."""
    high: float
    """95 % bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlumeAmounts:
    """Mass and rates of one gas in one plume."""

    gas: str
    """Gas."""
    mass_kg: Amount
    """Integrated mass enhancement [kg]."""
    area_m2: float
    """Area of the plume's mask [m2]."""
    rate_ime_kg_s: Amount | None
    """Rate by integrated mass enhancement [kg s-1]; None without wind."""
    rate_csf_kg_s: Amount | None
    """Rate by cross-sectional flux [kg s-1]; None without wind or with fewer than three sections."""


def plume_amounts(
    gas: str,
    column_ppm_m: Floats,
    sigma_ppm_m: Floats,
    mask: Flags,
    *,
    pixel_m: tuple[float, float],
    molar_mass_kg_mol: float,
    scale_uncertainty: float,
    wind: Wind | None = None,
) -> PlumeAmounts:
    """Mass and rates of a gas in a plume.

    Args:
        gas: name.
        column_ppm_m: columns [ppm m], shape (line, sample), lines north to south, samples west to east.
        sigma_ppm_m: 1 sigma of each [ppm m], same shape.
        mask: the plume's pixels, same shape.
        pixel_m: pixel height and width on the ground [m].
        molar_mass_kg_mol: molar mass [kg mol-1].
        scale_uncertainty: relative 1 sigma of the absorption record.
        wind: wind at the plume; without it no rate is given.

    Returns:
        The amounts.
    """
    kg_per_ppm_m = MOL_PER_M2_PPM_M * molar_mass_kg_mol
    pixel_area = pixel_m[0] * pixel_m[1]
    inside = mask & np.isfinite(column_ppm_m) & np.isfinite(sigma_ppm_m)
    area = float(mask.sum()) * pixel_area
    column = np.where(inside, column_ppm_m, 0.0)
    # Pixels without a value take the mean of the others.
    filled = float(mask.sum()) / max(float(inside.sum()), 1.0)
    mass = float(column.sum()) * pixel_area * kg_per_ppm_m * filled
    noise = float(np.sqrt(CORRELATION_PIXELS * np.square(np.where(inside, sigma_ppm_m, 0.0)).sum()))
    relative = np.hypot(noise * pixel_area * kg_per_ppm_m / max(mass, 1e-30), scale_uncertainty)
    amounts = PlumeAmounts(
        gas=gas, mass_kg=_amount(mass, relative), area_m2=area, rate_ime_kg_s=None, rate_csf_kg_s=None
    )
    if wind is None or mass <= 0 or wind.speed_m_s <= 0:
        return amounts
    wind_error = wind.speed_sigma_m_s / wind.speed_m_s
    effective = EFFECTIVE_WIND.at(wind.speed_m_s, area)
    ime = mass * effective / np.sqrt(area)
    section = _section_flux(column * kg_per_ppm_m, inside, pixel_m, wind)
    return PlumeAmounts(
        gas=gas,
        mass_kg=amounts.mass_kg,
        area_m2=area,
        rate_ime_kg_s=_amount(
            float(ime), float(np.sqrt(relative**2 + wind_error**2 + EFFECTIVE_WIND.relative_scatter**2))
        ),
        rate_csf_kg_s=None
        if section is None
        else _amount(
            section[0] * wind.speed_m_s,
            float(np.sqrt(relative**2 + wind_error**2 + section[1] ** 2 + SECTION_SCATTER**2)),
        ),
    )


def _section_flux(
    column_kg_m2: Floats, inside: Flags, pixel_m: tuple[float, float], wind: Wind
) -> tuple[float, float] | None:
    """Mean over sections of column integrated across the wind [kg m-1], and its relative standard error."""
    line, sample = np.nonzero(inside)
    along = sample * pixel_m[1] * wind.toward_eastward - line * pixel_m[0] * wind.toward_northward
    low, high = along.min(), along.max()
    width = (high - low) / SECTIONS
    width = max(width, min(pixel_m))
    index = np.minimum(((along - low) / width).astype(int), SECTIONS - 1)
    mass = np.bincount(index, column_kg_m2[line, sample], minlength=SECTIONS) * pixel_m[0] * pixel_m[1]
    # The first and last section are cut by the mask's ends.
    used = mass[1:-1][mass[1:-1] > 0] / width
    if used.size < 3:
        return None
    # The nearest sections hold the whole plume; further out its edges sink below the mask. The mean of the upper half
    # of sections is nearly free of that loss.
    upper = np.sort(used)[used.size // 2 :]
    return float(upper.mean()), float(used.std() / used.mean() / np.sqrt(used.size / 2))


def _amount(value: float, relative_sigma: float) -> Amount:
    """Log-normal 90 % interval about a value."""
    spread = float(np.sqrt(np.log1p(relative_sigma**2)))
    return Amount(
        value=value, low=value * float(np.exp(-Z_90 * spread)), high=value * float(np.exp(Z_90 * spread))
    )
