"""Many blind flights, ready for an inversion: L1 readings and the truth, from physics the inversion does not share.

The dataset follows the registered schema `in_situ` (this room imports no later room, so the names stand here and a
test holds them to the schema). Lag is taken out with an error of half a second, as an ingest would; the response time
stays in the data.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from plumeline.simulations.scene import Flight, fly, stream
from plumeline.simulations.species import gas
from plumeline.simulations.suites import draw_scene
from plumeline.units import mass_concentration_kg_m3

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DROPOUT, WIND_AVERAGING_S = 4, 60
"""Bit of `Quality.DROPOUT`; width of the running mean of the measured wind [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueSource:
    """One source as it really was."""

    name: str
    """Its name in the scene."""
    x_m: float
    """East [m]."""
    y_m: float
    """North [m]."""
    z_m: float
    """Height above ground [m]."""
    rate_kg_s: dict[str, float]
    """Nominal rate per gas while on [kg s-1]."""
    on_share: float
    """Share of the flight during which it emitted."""
    peak_snr: float
    """Greatest noise-free enhancement at the inlet over the sensor's noise."""
    total_snr: float
    """Root of the sum of squares of that ratio over the flight: below about 5 nobody could have seen it."""
    is_sought: bool
    """False for a benign neighbour."""
    kind: str
    """Facility profile."""
    building: str
    """Id of its building, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What was true of one flight; never given to an inference."""

    name: str
    """Scene."""
    seed: int
    """Seed."""
    sources: tuple[TrueSource, ...]
    """All sources."""
    wind_speed_m_s: float
    """Mean wind at 10 m [m s-1]."""
    inverse_obukhov_length_m1: float
    """1/L [m-1]."""
    friction_velocity_m_s: float
    """u* [m s-1]."""
    roughness_m: float
    """Roughness length [m]."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def blind_flight(
    seed: int, suite: str = "mixed", *, seconds: int | None = None, species: str = "acetone"
) -> tuple[xr.Dataset, Truth]:
    """Draw a scene, fly through it, and give back what an inversion would get, and the truth.

    Args:
        seed: names the case; the same seed gives the same bytes.
        suite: one of `SUITES`.
        seconds: longest flight [s]; the suite's own if None.
        species: the gas.

    Returns:
        Readings in schema `in_situ`, local frame, and the truth.

    Raises:
        ConfigurationError: there is no such suite or gas.
    """
    flight = fly(draw_scene(suite, seed, seconds=seconds, species=species), seed)
    return in_situ(flight), truth_of(flight)


def truth_of(flight: Flight) -> Truth:
    """The truth of a flight.

    Args:
        flight: the flight.

    Returns:
        Its sources and air.
    """
    scene = flight.scene
    sources = []
    for number, emitter in enumerate(scene.emitters):
        snr = snr_of(flight, number)
        sources.append(
            TrueSource(
                name=emitter.name,
                x_m=emitter.east_m,
                y_m=emitter.north_m,
                z_m=emitter.height_m,
                rate_kg_s=dict(emitter.rates_kg_s),
                on_share=float(flight.emission[:, number].mean()),
                peak_snr=float(snr.max()),
                total_snr=float(np.sqrt(np.sum(snr**2))),
                is_sought=emitter.is_sought,
                kind=emitter.kind,
                building=emitter.building,
            )
        )
    return Truth(
        name=scene.name,
        seed=flight.seed,
        sources=tuple(sources),
        wind_speed_m_s=float(scene.layer.speed_m_s(10.0)),
        inverse_obukhov_length_m1=scene.layer.inverse_obukhov_length_m1,
        friction_velocity_m_s=scene.layer.friction_velocity_m_s,
        roughness_m=scene.layer.roughness_m,
    )


def snr_of(flight: Flight, number: int) -> Floats:
    """Noise-free enhancement by one emitter over the noise of the sensor that sees it best.

    Sensors whose signal is taken elsewhere than the first one's are left out.

    Args:
        flight: the flight.
        number: index of the emitter.

    Returns:
        Signal-to-noise ratio, one per second.
    """
    rates = flight.scene.emitters[number].rates_kg_s
    first = flight.scene.sensors[0]
    ratios = np.stack([
        np.sum(
            [
                sensor.response(name) * rate * 1e9 / _mass_per_fraction(flight, name)
                for name, rate in rates.items()
            ],
            axis=0,
        )
        / max(sensor.noise_ppb, 1e-9)
        for sensor in flight.scene.sensors
        if sensor.samples_like(first)
    ])
    return np.asarray(flight.coupling_s_m3[:, number] * ratios.max(axis=0), float)


def _mass_per_fraction(flight: Flight, species: str) -> Floats:
    """Mass concentration per mole fraction along the flight [kg m-3]."""
    return mass_concentration_kg_m3(
        np.ones(flight.temperature_k.size),
        molar_mass_kg_mol=gas(species).molar_mass_kg_mol,
        temperature_k=flight.temperature_k,
        pressure_pa=np.full(flight.temperature_k.size, flight.scene.pressure_pa),
    )


def in_situ(flight: Flight) -> xr.Dataset:
    """What an ingest would make of a flight's first sensor.

    Args:
        flight: the flight.

    Returns:
        Dataset in schema `in_situ`.

    Raises:
        ConfigurationError: the sensor's gas is unknown.
    """
    scene, sensor = flight.scene, flight.scene.sensors[0]
    species = sensor.species
    if species == "VOC":
        species = next(iter(scene.emitters[0].rates_kg_s)) if scene.emitters else "acetone"
    seconds = np.arange(scene.track.count, dtype=float)
    error = 0.5 * stream(flight.seed, "lag").standard_normal()
    ppb = np.interp(seconds + sensor.lag_s + error, seconds, flight.readings_ppb[0])
    mass = _mass_per_fraction(flight, species) * 1e-9
    wind = np.column_stack([_running_mean(flight.wind_m_s[:, axis]) for axis in range(2)])
    mast = scene.anemometer.mast_height_m
    noise = np.maximum(sensor.noise_ppb, 0.5)
    reading = {
        "sensor": (np.zeros(seconds.size, int), None),
        "x": (flight.reported_m[:, 0], "m"),
        "y": (flight.reported_m[:, 1], "m"),
        "z": (np.maximum(flight.reported_m[:, 2], 0.1), "m"),
        "wind_eastward": (wind[:, 0], "m s-1"),
        "wind_northward": (wind[:, 1], "m s-1"),
        "wind_sigma": (np.full(seconds.size, 0.35), "m s-1"),
        "wind_height": (flight.reported_m[:, 2] if mast is None else np.full(seconds.size, mast), "m"),
        "air_temperature": (flight.temperature_k, "K"),
        "air_pressure": (np.full(seconds.size, scene.pressure_pa), "Pa"),
        "averaging_time": (np.ones(seconds.size), "s"),
    }
    if mast is not None:
        reading["direction_sigma"] = (np.full(seconds.size, _direction_sigma(flight.wind_m_s)), "rad")
    by_species = {
        "mass_concentration": (ppb * mass, "kg m-3"),
        "mass_concentration_sigma": (noise * mass, "kg m-3"),
        "detection_limit": (3.0 * noise * mass, "kg m-3"),
        "quality": (np.where(np.isnan(ppb), DROPOUT, 0), None),
    }
    variables = {name: _variable(("reading",), values, units) for name, (values, units) in reading.items()}
    variables |= {
        name: _variable(("reading", "species"), values[:, None], units)
        for name, (values, units) in by_species.items()
    }
    return xr.Dataset(
        variables
        | {
            "time": (("reading",), flight.time.astype("datetime64[ns]")),
            "sensor_name": (("sensor_index",), np.array([sensor.kind])),
            "species": (("species",), np.array([species])),
            "molar_mass": _variable(("species",), np.array([gas(species).molar_mass_kg_mol]), "kg mol-1"),
        }
    )


def _variable(dims: tuple[str, ...], values: Any, units: str | None) -> tuple[Any, ...]:
    return (dims, values) if units is None else (dims, values, {"units": units})


def _running_mean(values: Floats) -> Floats:
    """Centred mean over a minute, shorter at the ends."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(values.size)
    first = np.maximum(index - WIND_AVERAGING_S // 2, 0)
    last = np.minimum(index + WIND_AVERAGING_S // 2, values.size)
    return np.asarray((total[last] - total[first]) / (last - first), float)


def _direction_sigma(wind: Floats) -> float:
    """Standard deviation of the direction about its mean [rad], noise included, as a real anemometer gives it."""
    angle = np.arctan2(wind[:, 1], wind[:, 0])
    mean = np.angle(np.mean(np.exp(1j * angle)))
    return float(np.std((angle - mean + np.pi) % (2 * np.pi) - np.pi))
