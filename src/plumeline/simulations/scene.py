"""A scene is everything that is true; `fly` lets an aircraft with instruments pass through it.

In the result the truth and what the instruments said stand side by side; the writers take only the second.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ConfigurationError
from plumeline.simulations.canopy import Canopy
from plumeline.simulations.filaments import Readings, Release, couplings
from plumeline.simulations.large_scale_wind import LargeScaleWind, WindSettings, large_scale_wind
from plumeline.simulations.sensors import Sensor, measure
from plumeline.simulations.species import gas
from plumeline.units import mole_fraction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from plumeline.frames import LonLat
    from plumeline.simulations.emission import Emitter
    from plumeline.simulations.flights import Track
    from plumeline.simulations.surface_layer import SurfaceLayer
    from plumeline.simulations.towns import Building

    Floats = NDArray[np.float64]

LONGEST_SPIN_UP_S = 900
REFERENCE_HEIGHT_M = 10.0
FILAMENTS_PER_SECOND = 48
"""Filaments that all sources of a scene shed together; 3 to 8 from each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anemometer:
    """The wind sensor: on the aircraft, or on a mast."""

    mast_height_m: float | None = None
    """Height of the mast [m]; None when the anemometer flies."""
    mast_m: tuple[float, float] = (0.0, 0.0)
    """East and north of the mast [m]."""
    noise_m_s: float = 0.3
    """Noise of either component at 1 Hz [m s-1]."""
    bias_m_s: float = 0.2
    """Standard deviation of a constant error of either component, drawn once per flight [m s-1]."""

    def __post_init__(self) -> None:
        if not (self.mast_height_m is None or 0.5 <= self.mast_height_m <= 300) or len(self.mast_m) != 2:
            raise ConfigurationError("a mast is 0.5 to 300 m high and stands at two coordinates")
        if min(self.noise_m_s, self.bias_m_s) < 0:
            raise ConfigurationError("an anemometer's noise and bias are not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """How well the aircraft knows where and when it is."""

    position_sigma_m: float = 0.8
    """Standard deviation of the slowly wandering horizontal position error [m]."""
    height_sigma_m: float = 0.4
    """The same for height [m]."""
    attitude_sigma_deg: float = 1.0
    """Standard deviation of the attitude error [degrees]."""
    downwash_m: float = 0.6
    """How far above the inlet the sampled air comes from, because the rotors draw it down [m]."""
    mixing_m: float = 0.5
    """Width over which the rotors mix the air before it is sampled [m]."""
    clock_offset_s: float = 0.0
    """Gas clock minus position clock [s]."""

    def __post_init__(self) -> None:
        sigmas = (self.position_sigma_m, self.height_sigma_m, self.attitude_sigma_deg, self.mixing_m)
        if min(sigmas) < 0 or not 0 <= self.downwash_m <= 20 or abs(self.clock_offset_s) > 86_400:
            raise ConfigurationError(
                "a platform's errors are not negative, its downwash up to 20 m, its clock off by a day at most"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that is true about one flight."""

    name: str
    """Short name."""
    origin: LonLat
    """Where the local frame's origin lies; never where anybody lives."""
    layer: SurfaceLayer
    """Turbulence."""
    wind: WindSettings
    """Mean wind."""
    track: Track
    """Where the aircraft really is."""
    sensors: tuple[Sensor, ...]
    """Gas sensors on board."""
    emitters: tuple[Emitter, ...] = ()
    """All sources, sought and benign."""
    buildings: tuple[Building, ...] = ()
    """Buildings, which also steer the plume."""
    anemometer: Anemometer = field(default_factory=Anemometer)
    """Wind sensor."""
    platform: Platform = field(default_factory=Platform)
    """Position, attitude and clock."""
    start_utc: str = "2030-01-15T15:00:00"
    """First reading, UTC."""
    temperature_k: float = 293.15
    """Air temperature at the ground [K]."""
    pressure_pa: float = 101_325.0
    """Air pressure at the ground [Pa]."""
    deposition_m_s: float = 0.0
    """Dry deposition velocity [m s-1]; 0 is off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """One flight through a scene: truth and readings at 1 Hz."""

    scene: Scene
    """What was flown through."""
    seed: int
    """The random seed."""
    time: NDArray[np.datetime64]
    """UTC, one per second, position clock."""
    coupling_s_m3: Floats
    """(second, emitter) truth: concentration per nominal rate as the first sensor samples it [s m-3]."""
    emission: Floats
    """(second, emitter) truth: emission over its nominal rate."""
    mole_fraction_ppb: Mapping[str, Floats]
    """Truth per gas as the first sensor samples it, background included [ppb]."""
    readings_ppb: tuple[Floats, ...]
    """Per sensor, NaN in a dropout [ppb]."""
    reported_m: Floats
    """(second, 3) what the aircraft believes: east, north, height [m]."""
    attitude_deg: Floats
    """(second, 3) reported pitch, roll, heading clockwise from north [degrees]."""
    wind_m_s: Floats
    """(second, 2) measured wind toward east and north at the anemometer [m s-1]."""
    true_wind_m_s: Floats
    """(second, 2) the same without instrument errors [m s-1]."""
    temperature_k: Floats
    """Air temperature [K]."""
    relative_humidity: Floats
    """0 to 1."""


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A random generator of its own for each purpose, so that a change in one leaves the others alone.

    Args:
        seed: the flight's seed.
        purpose: what the numbers are for.

    Returns:
        The generator.
    """
    return np.random.default_rng([seed % 2**63, number_of(purpose)])


def number_of(purpose: str) -> int:
    """A fixed number for a name, the same in every process.

    Args:
        purpose: the name.

    Returns:
        64-bit number.
    """
    return int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "big")


def fly(scene: Scene, seed: int) -> Flight:
    """Simulate one flight.

    Args:
        scene: what is true.
        seed: names the turbulence and every instrument error; the same seed gives the same bytes.

    Returns:
        Truth and readings.

    Raises:
        ConfigurationError: two emitters share a name, a gas is unknown, or there is no sensor.
    """
    if not scene.sensors:
        raise ConfigurationError("a flight needs a sensor")
    if len({emitter.name for emitter in scene.emitters}) != len(scene.emitters):
        raise ConfigurationError("two emitters have the same name")
    count = scene.track.count
    spin_up = _spin_up_s(scene)
    wind = large_scale_wind(
        scene.layer,
        scene.wind,
        count=spin_up + count,
        step_s=1.0,
        reference_height_m=REFERENCE_HEIGHT_M,
        rng=stream(seed, "wind"),
    )
    coupling, emission = _couple(scene, _samples(scene, scene.sensors[0], spin_up), wind, seed)
    rng = stream(seed, "air")
    temperature = scene.temperature_k - 0.0098 * scene.track.height_m + 0.3 * _wander(count, 200.0, rng)
    humidity = np.clip(0.5 + 0.03 * _wander(count, 300.0, rng), 0.02, 0.98)
    truths = [_mole_fractions(scene, coupling, temperature)]
    for sensor in scene.sensors[1:]:
        same = [n for n, other in enumerate(scene.sensors[: len(truths)]) if other.samples_like(sensor)]
        if same:
            truths.append(truths[same[0]])
        else:
            other_way, _ = _couple(scene, _samples(scene, sensor, spin_up), wind, seed)
            truths.append(_mole_fractions(scene, other_way, temperature))
    readings = tuple(
        measure(
            sensor,
            truths[number],
            relative_humidity=humidity,
            temperature_k=temperature,
            rng=stream(seed, f"sensor {number}"),
        )
        for number, sensor in enumerate(scene.sensors)
    )
    true_wind, wind_read = _anemometer(scene, wind, spin_up, seed)
    reported, attitude = _navigation(scene, stream(seed, "navigation"))
    return Flight(
        scene=scene,
        seed=seed,
        time=np.datetime64(scene.start_utc, "ms") + 1000 * np.arange(count).astype("timedelta64[ms]"),
        coupling_s_m3=coupling,
        emission=emission,
        mole_fraction_ppb=truths[0],
        readings_ppb=readings,
        reported_m=reported,
        attitude_deg=attitude,
        wind_m_s=wind_read,
        true_wind_m_s=true_wind,
        temperature_k=temperature,
        relative_humidity=humidity,
    )


def _spin_up_s(scene: Scene) -> int:
    """Time for the slowest useful filament to cross the scene before the flight starts [s]."""
    places = scene.track.places_m
    slow = 0.5 * float(scene.layer.speed_m_s(2.0))
    reach = [float(np.hypot(places[:, 0] - e.east_m, places[:, 1] - e.north_m).max()) for e in scene.emitters]
    return int(min(LONGEST_SPIN_UP_S, 30 + max(reach, default=0.0) / slow))


def _samples(scene: Scene, sensor: Sensor, spin_up: int) -> Readings:
    """Where a sensor takes each second's signal: along the inlet's way, or along a light path."""
    count = scene.track.count
    second = np.arange(count, dtype=float)
    inlet = scene.track.places_m + np.array([0.0, 0.0, scene.platform.downwash_m])

    def at(moment: Floats) -> Floats:
        return np.column_stack([np.interp(moment, second, inlet[:, axis]) for axis in range(3)])

    steps = np.arange(spin_up, spin_up + count)
    if sensor.path == "point":
        return Readings(
            step_index=steps,
            start_m=at(second - 0.5),
            end_m=at(second + 0.5),
            mixing_m=scene.platform.mixing_m,
        )
    far = scene.track.places_m * np.array([1.0, 1.0, 0.0])
    if sensor.path == "beam":
        far = np.tile(np.array(sensor.reflector_m, float), (count, 1))
    return Readings(step_index=steps, start_m=scene.track.places_m, end_m=far)


def _couple(scene: Scene, readings: Readings, wind: LargeScaleWind, seed: int) -> tuple[Floats, Floats]:
    """(second, emitter) concentration per rate at the readings [s m-3], and emission over its nominal rate."""
    count = scene.track.count
    spin_up = wind.eastward_m_s.size - count
    canopy = Canopy.from_buildings(
        [building.footprint for building in scene.buildings],
        [building.height_m for building in scene.buildings],
        toward_rad=scene.wind.toward_rad,
    )
    moments = np.arange(spin_up + count, dtype=float) - spin_up
    columns, shares = [], []
    for emitter in scene.emitters:
        weight = emitter.schedule.weights(
            moments, scene.wind.start_hour, stream(seed, f"schedule {emitter.name}")
        )
        release = Release(
            place_m=(emitter.east_m, emitter.north_m, emitter.height_m), weight=weight, size_m=emitter.size_m
        )
        columns.append(
            couplings(
                readings,
                release,
                wind=wind,
                layer=scene.layer,
                seed=seed ^ number_of(f"filaments {emitter.name}"),
                per_step=int(np.clip(FILAMENTS_PER_SECOND // len(scene.emitters), 3, 8)),
                canopy=canopy,
                deposition_m_s=scene.deposition_m_s,
            )
        )
        shares.append(weight[spin_up:])
    if not columns:
        return np.zeros((count, 0)), np.zeros((count, 0))
    return np.column_stack(columns), np.column_stack(shares)


def _mole_fractions(scene: Scene, coupling: Floats, temperature_k: Floats) -> dict[str, Floats]:
    """Mole fraction per gas at the inlet, background included [ppb]."""
    names = {name for emitter in scene.emitters for name in emitter.rates_kg_s}
    names |= {sensor.species for sensor in scene.sensors if sensor.species != "VOC"}
    out = {}
    for name in sorted(names):
        rates = np.array([emitter.rates_kg_s.get(name, 0.0) for emitter in scene.emitters])
        fraction = mole_fraction(
            coupling @ rates,
            molar_mass_kg_mol=gas(name).molar_mass_kg_mol,
            temperature_k=temperature_k,
            pressure_pa=np.full_like(temperature_k, scene.pressure_pa),
        )
        out[name] = gas(name).background_ppb + 1e9 * fraction
    return out


def _anemometer(scene: Scene, wind: LargeScaleWind, spin_up: int, seed: int) -> tuple[Floats, Floats]:
    """True and measured wind at the anemometer, toward east and north [m s-1]."""
    rng = stream(seed, "anemometer")
    instrument = scene.anemometer
    count = scene.track.count
    height = (
        scene.track.height_m if instrument.mast_height_m is None else np.full(count, instrument.mast_height_m)
    )
    ratio = scene.layer.speed_m_s(height) / float(scene.layer.speed_m_s(wind.reference_height_m))
    common = np.column_stack([wind.eastward_m_s[spin_up:], wind.northward_m_s[spin_up:]])
    middle = max(float(np.median(height)), 1.0)
    scale = float(scene.layer.lagrangian_time_s(middle)) * 3.0
    local = np.column_stack([_wander(count, max(scale, 1.0), rng) for _ in range(2)])
    truth = common * ratio[:, None] + scene.layer.local_sigma_v_m_s * local
    bias = instrument.bias_m_s * rng.standard_normal(2)
    return truth, truth + bias + instrument.noise_m_s * rng.standard_normal((count, 2))


def _navigation(scene: Scene, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Reported places and attitude."""
    platform, track = scene.platform, scene.track
    error = np.column_stack([_wander(track.count, 60.0, rng) for _ in range(3)])
    sigma = np.array([platform.position_sigma_m, platform.position_sigma_m, platform.height_sigma_m])
    heading = np.degrees(np.pi / 2 - track.course_rad)
    tilt = np.column_stack([np.full(track.count, -5.0), np.zeros(track.count), heading])
    attitude = tilt + platform.attitude_sigma_deg * rng.standard_normal((track.count, 3))
    attitude[:, 2] = (attitude[:, 2] + 180.0) % 360.0 - 180.0
    return track.places_m + error * sigma, attitude


def _wander(count: int, scale_s: float, rng: np.random.Generator) -> Floats:
    """Stationary unit-variance process with exponential correlation, one value per second."""
    from scipy.signal import lfilter  # noqa: PLC0415 (slow to import, and only a simulation needs it)

    memory = np.exp(-1.0 / scale_s)
    shocks = rng.standard_normal(count) * np.sqrt(1.0 - memory**2)
    shocks[0] = rng.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -memory], shocks), float)
