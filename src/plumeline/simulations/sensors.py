"""What an instrument makes of the air at its inlet: response, cross-talk, noise, drift, lag, limits, dropouts.

The order follows the air: downwash lifts the place that is sampled (done by the scene), the inlet delays, the cell
responds (faster up than down for a MOX), the electronics add noise and drift, clip and round, the logger drops out.

References: RAE TN-106 (correction factors); Martinez et al. 2019 (MOX dynamics, doi:10.3390/s19184029); Morales et al.
2022 (inlet lag 7 s, smear 20 s, doi:10.5194/amt-15-2177-2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numba import njit

from plumeline.errors import ConfigurationError
from plumeline.simulations.species import gas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Path = Literal["point", "nadir", "beam"]
Kind = Literal["pid", "mox", "electrochemical", "tdlas", "ptr-ms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One gas sensor. Mole fractions in ppb; a path sensor's are path means."""

    kind: Kind
    """The kind of instrument."""
    species: str
    """What its reading is given as: a gas's name, or "VOC" for a broad-band sensor."""
    noise_ppb: float
    """Standard deviation of one reading at 1 Hz [ppb]."""
    relative_noise: float = 0.02
    """Noise that grows with the reading, as a share of it."""
    lag_s: float = 0.0
    """Transport time in the inlet [s]."""
    rise_s: float = 1.0
    """Time constant of a rising signal [s]."""
    decay_s: float = 1.0
    """Time constant of a falling signal [s]."""
    drift_ppb_h: float = 0.0
    """Standard deviation of the zero's drift after an hour, as a random walk [ppb h-1/2]."""
    humidity_ppb: float = 0.0
    """Change of the zero per 10 % of relative humidity [ppb]."""
    temperature_ppb: float = 0.0
    """Change of the zero per kelvin [ppb]."""
    full_scale_ppb: float = 1e9
    """Ceiling of the reading [ppb]."""
    resolution_ppb: float = 0.0
    """Step of the reading [ppb]."""
    dropouts_per_hour: float = 0.0
    """Mean number of gaps in an hour."""
    path: Path = "point"
    """What a reading is a mean over: the air at the inlet, the column from the aircraft to the ground, or the beam from
    the aircraft to a reflector."""
    reflector_m: tuple[float, ...] = ()
    """East, north, height of the reflector of a beam [m]."""
    gain_error: float = 0.0
    """Calibration error: the reading is (1 + error) times what it should be."""

    def __post_init__(self) -> None:
        if min(self.noise_ppb, self.lag_s, self.rise_s, self.decay_s, self.relative_noise) < 0:
            raise ConfigurationError("a sensor's noise, lag and time constants are not negative")
        if min(self.drift_ppb_h, self.resolution_ppb) < 0 or not 0 <= self.dropouts_per_hour <= 3600:
            raise ConfigurationError(
                "a sensor's drift and resolution are not negative, its dropouts at most one a second"
            )
        if not (self.full_scale_ppb > 0 and self.gain_error > -1):
            raise ConfigurationError("a sensor's full scale is positive, its gain error above -1")
        if self.path not in {"point", "nadir", "beam"}:
            raise ConfigurationError(
                f"sensor path {self.path!r} is unknown", remedy="use point, nadir or beam"
            )
        if (self.path == "beam") != (len(self.reflector_m) == 3):
            raise ConfigurationError("a beam, and only a beam, has reflector_m = [east, north, height]")

    def samples_like(self, other: Sensor) -> bool:
        """Whether another sensor takes its signal in the same place.

        Args:
            other: the other sensor.

        Returns:
            True when both have one path.
        """
        return (self.path, self.reflector_m) == (other.path, other.reflector_m)

    def response(self, species: str) -> float:
        """Reading per mole fraction of one gas.

        Args:
            species: the gas.

        Returns:
            1 for the sensor's own gas; the inverse correction factor for a broad-band detector; else 0.

        Raises:
            ConfigurationError: the gas is unknown.
        """
        if self.species == species:
            return 1.0
        if self.species != "VOC" or self.kind not in {"pid", "mox"}:
            return 0.0
        factor = gas(species).pid_correction
        if self.kind == "mox":
            # A MOX burns whatever is reducing; no lamp cuts off methanol or dichloromethane.
            return 1.0 / factor if factor > 0 else 0.3
        return 1.0 / factor if factor > 0 else 0.0


def measure(
    sensor: Sensor,
    mole_fraction_ppb: Mapping[str, Floats],
    *,
    relative_humidity: Floats,
    temperature_k: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Readings at 1 Hz.

    Args:
        sensor: the instrument.
        mole_fraction_ppb: per gas, at the inlet, one per second [ppb].
        relative_humidity: 0 to 1, one per second.
        temperature_k: one per second [K].
        rng: draws noise, drift and dropouts.

    Returns:
        Readings [ppb], NaN in a dropout.

    Raises:
        ConfigurationError: a gas is unknown.
    """
    signal = np.zeros_like(relative_humidity)
    for species, values in mole_fraction_ppb.items():
        signal += sensor.response(species) * values
    signal = _respond(_delayed(signal, sensor.lag_s), sensor.rise_s, sensor.decay_s)
    count = signal.size
    drift = sensor.drift_ppb_h / 60.0 * np.cumsum(rng.standard_normal(count))
    cross = sensor.humidity_ppb * (relative_humidity - relative_humidity[0]) / 0.1
    cross = cross + sensor.temperature_ppb * (temperature_k - temperature_k[0])
    noise = np.hypot(sensor.noise_ppb, sensor.relative_noise * signal) * rng.standard_normal(count)
    reading = (1.0 + sensor.gain_error) * signal + drift + cross + noise
    if sensor.resolution_ppb > 0:
        reading = np.round(reading / sensor.resolution_ppb) * sensor.resolution_ppb
    reading = np.minimum(reading, sensor.full_scale_ppb)
    if sensor.kind in {"pid", "mox", "electrochemical"}:
        reading = np.maximum(reading, 0.0)
    for start in np.sort(rng.integers(0, count, rng.poisson(sensor.dropouts_per_hour * count / 3600.0))):
        reading[start : start + int(rng.integers(2, 15))] = np.nan
    return np.asarray(reading, float)


def _delayed(signal: Floats, lag_s: float) -> Floats:
    """The signal `lag_s` later; before its start it holds its first value."""
    time = np.arange(signal.size, dtype=float)
    return np.asarray(np.interp(time - lag_s, time, signal), float)


@njit(cache=True)
def _respond(signal: Floats, rise_s: float, decay_s: float) -> Floats:
    """First-order response at 1 Hz with one time constant up and another down."""
    out = np.empty_like(signal)
    level = signal[0]
    for i in range(signal.size):
        scale = rise_s if signal[i] > level else decay_s
        level = signal[i] + (level - signal[i]) * np.exp(-1.0 / scale) if scale > 0 else signal[i]
        out[i] = level
    return out


CATALOGUE: dict[str, Sensor] = {
    "pid-10ppb": Sensor(
        kind="pid",
        species="VOC",
        noise_ppb=10.0,
        lag_s=2.0,
        rise_s=2.0,
        decay_s=3.0,
        drift_ppb_h=20.0,
        humidity_ppb=5.0,
        resolution_ppb=1.0,
        full_scale_ppb=2e5,
        gain_error=0.05,
    ),
    "mox": Sensor(
        kind="mox",
        species="VOC",
        noise_ppb=100.0,
        relative_noise=0.1,
        rise_s=3.0,
        decay_s=20.0,
        drift_ppb_h=150.0,
        humidity_ppb=60.0,
        temperature_ppb=15.0,
        full_scale_ppb=5e5,
        gain_error=0.25,
    ),
    "electrochemical-ammonia": Sensor(
        kind="electrochemical",
        species="ammonia",
        noise_ppb=50.0,
        rise_s=15.0,
        decay_s=25.0,
        drift_ppb_h=60.0,
        humidity_ppb=30.0,
        temperature_ppb=10.0,
        resolution_ppb=10.0,
        full_scale_ppb=1e5,
    ),
    "ptr-ms-acetone": Sensor(
        kind="ptr-ms", species="acetone", noise_ppb=1.0, lag_s=3.0, rise_s=0.8, decay_s=1.0, drift_ppb_h=0.5
    ),
    "tdlas-methane": Sensor(
        kind="tdlas",
        species="methane",
        noise_ppb=150.0,
        rise_s=0.2,
        decay_s=0.2,
        drift_ppb_h=50.0,
        path="nadir",
    ),
    "methane-in-situ": Sensor(
        kind="ptr-ms", species="methane", noise_ppb=5.0, lag_s=2.0, rise_s=1.0, decay_s=1.0, drift_ppb_h=5.0
    ),
}
"""Instruments by name; figures are of the class, not of one product (domain notes 3.2: 1, 10 and 100 ppb classes)."""
