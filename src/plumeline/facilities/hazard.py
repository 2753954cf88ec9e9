"""How bad it can be: indoors at the source, and outdoors downwind of a vent, a sudden release or a pool.

Screening formulas, each named where its result is shown; none of them replaces a meter. On the axis of measured
releases (Prairie Grass 1956) they are good to about a factor of two: in neutral weather the plume's formula gave 0.72
of what was measured, in very stable weather 1.25 (geometric means, 50 to 800 m).

References: Briggs 1973, urban and rural dispersion coefficients, in Hanna, Briggs and Hosker, Handbook on Atmospheric
Diffusion (DOE/TIC-11223, 1982), table 4.5; Mackay and Matsugu 1973, doi:10.1002/cjce.5450510407 (evaporation from
pools), as used in ALOHA 5.4 (NOAA NOS OR&R 43, 2013), equation 67; ASHRAE Handbook, Fundamentals (well-mixed room).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from plumeline.errors import InputError
from plumeline.units import GAS_CONSTANT_J_MOL_K, mass_concentration_kg_m3, mole_fraction

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from plumeline.chem import Species
    from plumeline.sources import Interval

    Floats = NDArray[np.float64]

AIR_TEMPERATURE_K = 298.15
"""Air temperature of the screening formulas [K]."""

AIR_PRESSURE_PA = 101_325.0
"""Air pressure of the screening formulas [Pa]."""

BREATHING_HEIGHT_M = 1.5
"""Height at which outdoor concentrations are stated [m]."""

EXPOSURE_S = 3600.0
"""Exposure that the emergency levels speak of [s]."""

SHORTEST_M = 5.0
"""Distances below this are not resolved by the formulas [m]."""

LONGEST_M = 10_000.0
"""Distances beyond this are not resolved by the formulas [m]."""

Stability = Literal["D", "F"]
"""Neutral (day with wind, cloudy night) or very stable (calm clear night)."""

_SIGMA_Y: dict[tuple[str, str], tuple[float, float]] = {
    ("urban", "D"): (0.16, 0.0004),
    ("urban", "F"): (0.11, 0.0004),
    ("rural", "D"): (0.08, 0.0001),
    ("rural", "F"): (0.04, 0.0001),
}
_SIGMA_Z: dict[tuple[str, str], tuple[float, float, float]] = {
    ("urban", "D"): (0.14, 0.0003, 0.5),
    ("urban", "F"): (0.08, 0.0015, 0.5),
    ("rural", "D"): (0.06, 0.0015, 0.5),
    ("rural", "F"): (0.016, 0.0003, 1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Conditions of a screening distance.

    Raises:
        InputError: the wind is not above zero.
    """

    wind_m_s: float
    """Wind speed [m s-1]."""
    stability: Stability = "D"
    """Stability class."""
    terrain: Literal["urban", "rural"] = "urban"
    """Roughness."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.wind_m_s) and self.wind_m_s > 0):
            raise InputError("a hazard distance needs a wind above zero", where="hazard")


WORST_WEATHER = Weather(wind_m_s=1.5, stability="F", terrain="rural")
"""The worst case of US EPA's risk management rule, 40 CFR 68.22: 1.5 m/s and class F, over open ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Ranges of the room behind the vent; they are stated, not measured."""

    volume_m3: tuple[float, float] = (30.0, 300.0)
    """From a small room to a workshop [m3]."""
    air_changes_per_hour: tuple[float, float] = (0.3, 6.0)
    """From a closed house to an exhaust fan [h-1]."""

    def __post_init__(self) -> None:
        low, high = self.air_changes_per_hour
        if not (0 < self.volume_m3[0] <= self.volume_m3[1] and 0 < low <= high):
            raise InputError(
                "a room needs a volume and an air change above zero, low before high", where="room"
            )


def indoor_mole_fraction(rate: Interval, room: Room, molar_mass_kg_mol: float) -> tuple[float, float]:
    """Steady mole fraction in a well-mixed room whose exhaust carries the rate that was measured outside.

    Args:
        rate: rate leaving the room, 90 % interval [kg s-1].
        room: ranges of the room.
        molar_mass_kg_mol: of the gas [kg mol-1].

    Returns:
        Lowest and highest [mol mol-1], at most 1.
    """
    flow_m3_s = [
        volume * changes / 3600
        for volume, changes in zip(room.volume_m3, room.air_changes_per_hour, strict=True)
    ]
    ends = (rate.low / flow_m3_s[1], rate.high / flow_m3_s[0])
    low, high = (min(_mole_fraction(end, molar_mass_kg_mol), 1.0) for end in ends)
    return low, high


def _mole_fraction(concentration_kg_m3: float, molar_mass_kg_mol: float) -> float:
    return float(
        mole_fraction(
            concentration_kg_m3,
            molar_mass_kg_mol=molar_mass_kg_mol,
            temperature_k=AIR_TEMPERATURE_K,
            pressure_pa=AIR_PRESSURE_PA,
        )
    )


def sigmas_m(distance_m: ArrayLike, weather: Weather) -> tuple[Floats, Floats]:
    """Briggs dispersion coefficients.

    Args:
        distance_m: downwind [m], any shape.
        weather: conditions.

    Returns:
        Crosswind and vertical standard deviation [m], same shape.
    """
    x = np.asarray(distance_m, float)
    key = (weather.terrain, weather.stability)
    a, b = _SIGMA_Y[key]
    c, d, power = _SIGMA_Z[key]
    return a * x / np.sqrt(1 + b * x), c * x / (1 + d * x) ** power


def plume_kg_m3(
    distance_m: ArrayLike,
    rate_kg_s: float,
    weather: Weather,
    *,
    height_m: float = 0.0,
    at_m: float = BREATHING_HEIGHT_M,
) -> Floats:
    """Concentration on the axis of a steady plume, with full reflection at the ground.

    Args:
        distance_m: downwind [m], any shape.
        rate_kg_s: emission rate [kg s-1].
        weather: conditions.
        height_m: of the release above ground [m].
        at_m: height at which it is stated [m].

    Returns:
        Concentration [kg m-3], same shape.
    """
    sigma_y, sigma_z = sigmas_m(distance_m, weather)
    direct = np.exp(-((at_m - height_m) ** 2) / (2 * sigma_z**2))
    mirror = np.exp(-((at_m + height_m) ** 2) / (2 * sigma_z**2))
    return np.asarray(
        rate_kg_s * (direct + mirror) / (2 * math.pi * sigma_y * sigma_z * weather.wind_m_s), float
    )


def _farthest_m(concentration_kg_m3: Floats, distances_m: Floats, limit_kg_m3: float) -> float:
    above = np.flatnonzero(concentration_kg_m3 >= limit_kg_m3)
    return float(distances_m[above[-1]]) if above.size else 0.0


_DISTANCES_M = np.geomspace(1.0, LONGEST_M, 1200)


def vent_distance_m(
    rate_kg_s: float, limit: float, substance: Species, weather: Weather, *, height_m: float = 0.0
) -> float:
    """Farthest distance at which a steady vent exceeds a limit.

    Args:
        rate_kg_s: emission rate [kg s-1].
        limit: mole fraction [mol mol-1].
        substance: the gas.
        weather: conditions.
        height_m: of the release above ground [m].

    Returns:
        Distance [m]; 0 where it is nowhere exceeded.
    """
    # A person's air reaches from the ground to the breathing height; the worse of the two counts.
    plume = np.maximum(
        plume_kg_m3(_DISTANCES_M, rate_kg_s, weather, height_m=height_m, at_m=0.0),
        plume_kg_m3(_DISTANCES_M, rate_kg_s, weather, height_m=height_m),
    )
    return _farthest_m(plume, _DISTANCES_M, _limit_kg_m3(limit, substance))


def puff_distance_m(mass_kg: float, limit: float, substance: Species, weather: Weather) -> float:
    """Farthest distance at which the 60-minute mean of a passing puff exceeds a limit.

    The dose of a puff (concentration integrated over its passage) is that of a plume with its mass for rate; spread
    over the hour that emergency levels speak of, it is a mean.

    Args:
        mass_kg: mass let go at once at the ground [kg].
        limit: mole fraction, a 60-minute level [mol mol-1].
        substance: the gas.
        weather: conditions.

    Returns:
        Distance [m]; 0 where it is nowhere exceeded.
    """
    return vent_distance_m(mass_kg / EXPOSURE_S, limit, substance, weather)


def pool_rate_kg_s(area_m2: float, substance: Species, weather: Weather) -> float | None:
    """Evaporation from a pool at air temperature.

    Args:
        area_m2: pool [m2].
        substance: the liquid.
        weather: conditions.

    Returns:
        Rate [kg s-1]; None when the vapour pressure is not known or the substance is a gas.
    """
    pressure = substance.get("vapour_pressure")
    boiling = substance.get("boiling_point")
    if pressure is None or boiling is None or boiling.value <= AIR_TEMPERATURE_K:
        return None
    molar_mass = substance.molar_mass_kg_mol
    diameter_m = math.sqrt(4 * area_m2 / math.pi)
    # Schmidt number scaled from water vapour's by the square root of the molar masses.
    schmidt = 0.6 * math.sqrt(molar_mass / 0.018015)
    transfer_m_s = 0.0048 * weather.wind_m_s ** (7 / 9) * diameter_m ** (-1 / 9) * schmidt ** (-2 / 3)
    boiling_factor = -math.log1p(-min(pressure.value / AIR_PRESSURE_PA, 0.95)) / (
        pressure.value / AIR_PRESSURE_PA
    )
    vapour_kg_m3 = pressure.value * molar_mass / (GAS_CONSTANT_J_MOL_K * AIR_TEMPERATURE_K)
    return float(area_m2 * transfer_m_s * vapour_kg_m3 * boiling_factor)


def _limit_kg_m3(limit: float, substance: Species) -> float:
    return float(
        mass_concentration_kg_m3(
            limit,
            molar_mass_kg_mol=substance.molar_mass_kg_mol,
            temperature_k=AIR_TEMPERATURE_K,
            pressure_pa=AIR_PRESSURE_PA,
        )
    )
