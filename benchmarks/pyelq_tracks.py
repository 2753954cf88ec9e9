"""The cases on which pyELQ and Plumeline are compared: each is one survey, its truth, and what the peer is told of it.

- `S3_*`, `S2_*`: given tracks (`synthetic-tracks` among the real data); their plume is a textbook one.
- `plume-N`: one drone, 2,000 points, 4 sources, 2 heights; the gas spreads by *the peer's own* formula (angles times
  distance, half-width added), in a wind that both engines are told exactly. The peer's model is right here, ours nearly.
- `air-N`: the same flight through the filament simulator, which shares no dispersion code with either engine.
- `ADED *`: the real releases at METEC.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from benchmarks import real_sets
from benchmarks.scoring import Known
from plumeline.frames import LocalFrame
from plumeline.observations import Survey
from plumeline.simulations import (
    Anemometer,
    Emitter,
    Scene,
    Sensor,
    SurfaceLayer,
    fly,
    in_situ,
)
from plumeline.simulations.flights import Track as FlightPath
from plumeline.simulations.flights import lawn_mower
from plumeline.simulations.large_scale_wind import WindSettings
from plumeline.simulations.surface_layer import inverse_obukhov_length_m1
from plumeline.simulations.towns import ORIGIN
from plumeline.units import mass_concentration_kg_m3, mole_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

KG_H = 3600.0
"""kg/h in a kg/s."""
METHANE_KG_MOL = 0.01604
TEMPERATURE_K, PRESSURE_PA = 288.15, 101_325.0
SIDE_M, SECONDS = 220.0, 2000
RATES_KG_H = (1.0, 8.0)
NOISE_PPM = 0.02
OWN_TRACKS = 5
"""Tracks of either kind of our own making."""
MEAN_S = 300.0
"""Averaging time of what the peer gets of fixed real sensors, to keep its cost bearable [s]."""


@dataclass(frozen=True, kw_only=True)
class Track:
    """One case for both engines."""

    name: str
    survey: Survey
    known: list[Known]
    told: dict[str, Floats]
    """The peer's input: t [s], sensor, x, y, z [m], ppm, u, v [m/s], theta, phi [deg], temperature_k, pressure_kpa,
    limits (3, 2) [m]."""
    iterations: int

    @property
    def digest(self) -> str:
        """Names the peer's input, to a relative 1e-4: the same case on another machine has the same one."""
        whole = hashlib.sha256()
        for key in sorted(self.told):
            values = np.asarray(self.told[key], float)
            whole.update(key.encode() + np.round(values, 3).tobytes())
        return whole.hexdigest()[:16]


def tracks(data: Path, *, iterations: int) -> Iterator[Track]:
    """All cases, the cheapest to miss last; sets that are not there are left out.

    Args:
        data: folder of the real sets.
        iterations: the peer's iterations on a drone track; half of it on ADED's averaged readings.
    """
    given = data / "synthetic-tracks"
    for name in ("S3_id_1", "S3_mm_1"):
        if (given / f"{name}.npz").exists():
            yield _given(given, name, iterations)
    for number in range(1, OWN_TRACKS + 1):
        yield _air(number, iterations)
        yield _plume(number, iterations)
    yield from _aded(data, iterations // 2)


def _given(folder: Path, name: str, iterations: int) -> Track:
    with np.load(folder / f"{name}.npz") as file:
        given = {key: file[key] for key in file.files}
    flown = Flown(
        place=np.column_stack([given["x"], given["y"], given["z"]]),
        seconds=given["t"],
        ppm=given["c"],
        wind=np.column_stack([given["u"], given["v"]]),
        angles_deg=(float(given["sth"][0]), float(given["sph"][0])),
    )
    limits = given["lim"].astype(float)
    return _track(name, flown, truth=given["truth"], limits=limits, iterations=iterations)


def _plume(number: int, iterations: int) -> Track:
    """A flight through plumes after the peer's formula: what it assumes is what is."""
    rng = np.random.default_rng([20_260_701, number])
    place, truth, toward, speed = _layout(rng)
    seconds = np.arange(SECONDS, dtype=float)
    wander = np.empty((SECONDS, 2))
    wander[0] = rng.standard_normal(2)
    keep = np.exp(-1.0 / 60.0)
    for i in range(1, SECONDS):
        wander[i] = keep * wander[i - 1] + np.sqrt(1 - keep**2) * rng.standard_normal(2)
    wind = speed * np.array([np.cos(toward), np.sin(toward)]) + 0.15 * speed * wander
    theta, phi = float(rng.uniform(6.0, 14.0)), float(rng.uniform(4.0, 8.0))
    ppm = 2.0 + 0.01 * np.sin(seconds / 700.0) + NOISE_PPM * rng.standard_normal(SECONDS)
    density = METHANE_KG_MOL * PRESSURE_PA / (8.314462618 * TEMPERATURE_K)
    for x, y, z, kg_h in truth:
        ppm += kg_h / KG_H / density * 1e6 * _peer_plume(place - (x, y, 0.0), z, wind, theta, phi)
    flown = Flown(place=place, seconds=seconds, ppm=ppm, wind=wind, angles_deg=(theta, phi))
    return _track(f"plume-{number}", flown, truth=truth, limits=_limits(place), iterations=iterations)


def _peer_plume(away: Floats, height: float, wind: Floats, theta_deg: float, phi_deg: float) -> Floats:
    """Coupling by the peer's default formula [s m-3]: sigma = tan(angle) x, and 1 m more across."""
    speed = np.hypot(*wind.T)
    x = (away[:, 0] * wind[:, 0] + away[:, 1] * wind[:, 1]) / speed
    y = (away[:, 1] * wind[:, 0] - away[:, 0] * wind[:, 1]) / speed
    far = np.maximum(x, 1e-3)
    across, up = np.tan(np.radians(theta_deg)) * far + 1.0, np.tan(np.radians(phi_deg)) * far
    vertical = np.exp(-0.5 * ((away[:, 2] - height) / up) ** 2) + np.exp(
        -0.5 * ((away[:, 2] + height) / up) ** 2
    )
    coupling = np.exp(-0.5 * (y / across) ** 2) * vertical / (2.0 * np.pi * speed * across * up)
    return np.where(x > 0.0, coupling, 0.0)


def _air(number: int, iterations: int) -> Track:
    """A flight through simulated air; the peer is told the turbulence that the air really has."""
    rng = np.random.default_rng([20_260_702, number])
    _, truth, toward, speed = _layout(rng)
    letter = str(rng.choice(list("BCDD")))
    layer = SurfaceLayer.from_wind(
        speed, 10.0, inverse_obukhov_length_m1=inverse_obukhov_length_m1(letter, 0.05), roughness_m=0.05
    )
    emitters = tuple(
        Emitter(
            name=f"source-{i}", east_m=x, north_m=y, height_m=z, rates_kg_s={"methane": kg_h / KG_H},
            kind="leak", building="", is_sought=True,
        )
        for i, (x, y, z, kg_h) in enumerate(truth.tolist())
    )  # fmt: skip
    scene = Scene(
        name=f"air-{number}",
        origin=ORIGIN,
        layer=layer,
        wind=WindSettings(toward_rad=toward, turning_rad_s=float(rng.normal(0, 1e-4))),
        track=_flight_track().cut(SECONDS),
        sensors=(Sensor(kind="tdlas", species="methane", noise_ppb=1000.0 * NOISE_PPM),),
        emitters=emitters,
        anemometer=Anemometer(),
    )
    readings = in_situ(fly(scene, 7_100_000 + number))
    at_5_m = float(layer.speed_m_s(5.0))
    angles = (
        float(np.degrees(layer.total_sigma_v_m_s / at_5_m)),
        float(np.degrees(float(layer.sigma_w_m_s(5.0)) / at_5_m)),
    )
    survey = Survey(name=scene.name, frame=LocalFrame(origin=None), in_situ=readings)
    told = _told(readings, angles)
    told["limits"] = _limits(np.column_stack([told["x"], told["y"], told["z"]]))
    return Track(name=scene.name, survey=survey, known=_known(truth), told=told, iterations=iterations)


def _layout(rng: np.random.Generator) -> tuple[Floats, Floats, float, float]:
    """Places of the drone (second, 3), sources (4, [x, y, z, kg/h]), wind's direction [rad] and speed [m/s]."""
    places = _flight_track().cut(SECONDS).places_m
    found: list[Floats] = []
    while len(found) < 4:
        spot = rng.uniform(-0.42 * SIDE_M, 0.42 * SIDE_M, 2)
        if all(np.hypot(*(spot - other)) > 40.0 for other in found):
            found.append(spot)
    sources = np.column_stack([np.array(found), rng.uniform(0.5, 4.0, 4), rng.uniform(*RATES_KG_H, 4)])
    return places, sources, float(rng.uniform(-np.pi, np.pi)), float(rng.uniform(2.5, 5.0))


def _flight_track() -> FlightPath:
    # Eleven lines at each of two heights: 5,060 m, of which 2,000 s at 2.5 m/s.
    return lawn_mower(
        centre_m=(0.0, 0.0),
        size_m=(SIDE_M, SIDE_M),
        spacing_m=SIDE_M / 10,
        heights_m=(5.0, 12.0),
        speed_m_s=2.63,
    )


def _limits(place: Floats) -> Floats:
    """The peer's search box: the flight's own, from the ground to 8 m."""
    low, high = place.min(axis=0), place.max(axis=0)
    return np.array([[low[0], high[0]], [low[1], high[1]], [0.0, 8.0]])


def _known(truth: Floats) -> list[Known]:
    return [Known(x_m=x, y_m=y, rate_kg_s=kg_h / KG_H) for x, y, _, kg_h in truth.tolist()]


class Flown(NamedTuple):
    """A flight in plain arrays."""

    place: Floats
    """Shape (second, 3) [m]."""
    seconds: Floats
    ppm: Floats
    wind: Floats
    """Toward east and north, shape (second, 2) [m s-1]."""
    angles_deg: tuple[float, float]
    """Turbulence angles, horizontal and vertical [degrees]."""


def _track(name: str, flown: Flown, *, truth: Floats, limits: Floats, iterations: int) -> Track:
    """A case from plain arrays: textbook plumes, so readings are of a mean plume in the wind stated beside them."""
    place, seconds, ppm, wind, angles_deg = flown
    count = seconds.size
    mass = mass_concentration_kg_m3(
        ppm * 1e-6,
        molar_mass_kg_mol=METHANE_KG_MOL,
        temperature_k=np.full(count, TEMPERATURE_K),
        pressure_pa=np.full(count, PRESSURE_PA),
    )
    reading = {
        "x": (place[:, 0], "m"),
        "y": (place[:, 1], "m"),
        "z": (place[:, 2], "m"),
        "wind_eastward": (wind[:, 0], "m s-1"),
        "wind_northward": (wind[:, 1], "m s-1"),
        "wind_sigma": (np.full(count, np.nan), "m s-1"),
        "wind_height": (place[:, 2], "m"),
        "direction_sigma": (np.full(count, np.radians(angles_deg[0])), "rad"),
        "elevation_sigma": (np.full(count, np.radians(angles_deg[1])), "rad"),
        "air_temperature": (np.full(count, TEMPERATURE_K), "K"),
        "air_pressure": (np.full(count, PRESSURE_PA), "Pa"),
        "averaging_time": (np.ones(count), "s"),
    }
    of_species = {
        "mass_concentration": (mass, "kg m-3"),
        "mass_concentration_sigma": (np.full(count, np.nan), "kg m-3"),
        "detection_limit": (np.full(count, np.nan), "kg m-3"),
    }
    start = np.datetime64("2030-01-15T15:00:00", "ns")
    readings = xr.Dataset(
        {key: ("reading", values, {"units": units}) for key, (values, units) in reading.items()}
        | {
            key: (("reading", "species"), values[:, None], {"units": units})
            for key, (values, units) in of_species.items()
        }
        | {
            "time": ("reading", start + (1e9 * seconds).astype("timedelta64[ns]")),
            "sensor": ("reading", np.zeros(count, int)),
            "sensor_name": ("sensor_index", np.array(["drone"])),
            "species": ("species", np.array(["methane"])),
            "quality": (("reading", "species"), np.zeros((count, 1), int)),
            "molar_mass": ("species", np.array([METHANE_KG_MOL]), {"units": "kg mol-1"}),
        }
    )
    survey = Survey(name=name, frame=LocalFrame(origin=None), in_situ=readings)
    told = _told(readings, angles_deg) | {"limits": limits}
    return Track(name=name, survey=survey, known=_known(truth), told=told, iterations=iterations)


def _told(readings: xr.Dataset, angles_deg: tuple[float, float]) -> dict[str, Floats]:
    """A survey's readings in the peer's units."""

    def of(name: str) -> Floats:
        return readings[name].to_numpy().astype(float)

    fraction = mole_fraction(
        of("mass_concentration")[:, 0],
        molar_mass_kg_mol=METHANE_KG_MOL,
        temperature_k=of("air_temperature"),
        pressure_pa=of("air_pressure"),
    )
    time = readings["time"].to_numpy()
    good = np.isfinite(fraction) & (readings["quality"].to_numpy()[:, 0] == 0)
    told = {
        "t": (time - time.min()) / np.timedelta64(1, "s"),
        "sensor": of("sensor"),
        "x": of("x"),
        "y": of("y"),
        "z": of("z"),
        "ppm": 1e6 * fraction,
        "u": of("wind_eastward"),
        "v": of("wind_northward"),
        "theta": np.full(time.size, angles_deg[0]),
        "phi": np.full(time.size, angles_deg[1]),
        "temperature_k": of("air_temperature"),
        "pressure_kpa": 1e-3 * of("air_pressure"),
    }
    return {key: values[good] for key, values in told.items()}


def _aded(data: Path, iterations: int) -> Iterator[Track]:
    """Real releases; the peer gets 5-min means, whose turbulence angle is that of the 1-min winds around them."""
    for name, survey, truth in real_sets.aded(data):
        if survey.in_situ is None:
            continue
        minute = _told(survey.in_situ, (0.0, 0.0))
        told = _means(minute)
        place = np.column_stack([told["x"], told["y"], told["z"]])
        told["limits"] = _limits(place)
        known = [Known(x_m=one.x_m, y_m=one.y_m, rate_kg_s=one.rate_kg_s) for one in truth]
        yield Track(name=f"ADED {name}", survey=survey, known=known, told=told, iterations=iterations)


def _means(minute: dict[str, Floats]) -> dict[str, Floats]:
    block = np.floor(minute["t"] / MEAN_S).astype(int)
    _, row = np.unique(minute["sensor"].astype(int) * 100_000 + block, return_inverse=True)
    count = np.bincount(row)
    told = {key: np.bincount(row, values) / count for key, values in minute.items()}
    direction = np.arctan2(minute["v"], minute["u"])
    for i, t in enumerate(told["t"]):
        near = direction[np.abs(minute["t"] - t) < MEAN_S]
        length = min(abs(np.exp(1j * near).mean()), 1.0 - 1e-9)
        told["theta"][i] = np.clip(np.degrees(np.sqrt(-2.0 * np.log(length))), 5.0, 40.0)
    told["phi"] = 0.5 * told["theta"]
    return told
