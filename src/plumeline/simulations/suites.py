"""The blind benchmark's suites: seeded draws of scenes from declared ranges.

Emission rates are *assumed* ranges: no open emission rate of a clandestine laboratory is known (domain notes 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plumeline.errors import ConfigurationError
from plumeline.simulations.emission import Emitter, Pattern, Schedule
from plumeline.simulations.flights import Track, curtain, lawn_mower, spiral
from plumeline.simulations.large_scale_wind import WindSettings
from plumeline.simulations.scene import Anemometer, Scene, stream
from plumeline.simulations.sensors import Sensor
from plumeline.simulations.surface_layer import SurfaceLayer, inverse_obukhov_length_m1
from plumeline.simulations.towns import ORIGIN, Building, town


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Ranges from which a suite's scenes are drawn."""

    doc: str
    """One sentence."""
    counts: tuple[int, ...] = (1,)
    """Possible numbers of sources, equally likely."""
    rate_kg_s: tuple[float, float] = (1e-4, 1e-3)
    """Least and greatest rate, log-uniform [kg s-1]."""
    noise_ppb: tuple[float, ...] = (1.0, 10.0)
    """Sensor classes, equally likely [ppb]."""
    wind_m_s: tuple[float, float] = (2.0, 6.0)
    """Least and greatest mean wind at 10 m, uniform [m s-1]."""
    classes: str = "BCDDE"
    """Stability classes, equally likely letters."""
    patterns: tuple[Pattern, ...] = ("steady",)
    """Possible emission schedules."""
    buildings: int = 0
    """Number of buildings; 0 is open ground."""
    benign: int = 0
    """Number of benign emitters beside each sought one."""
    benign_gap_m: tuple[float, float] = (8.0, 20.0)
    """Distance of a benign neighbour [m]."""
    half_size_m: float = 100.0
    """Sources lie within this distance of the middle in east and north [m]."""
    stand_off_m: float = 0.0
    """Distance between the source area's middle and the one line that is flown, downwind; 0 flies over the area."""
    seconds: int = 2000
    """Longest flight [s]."""
    visits: int = 1
    """Flights over one scene; with more than one, kind, building and activity are asked for too (see `visits`)."""
    gases: tuple[str, ...] = ()
    """Gases the sensor tells apart on such visits."""


SUITES: dict[str, Suite] = {
    "easy": Suite(doc="One steady source on open ground, good sensors.", rate_kg_s=(2e-4, 2e-3)),
    "urban": Suite(doc="One source among 60 buildings.", rate_kg_s=(1e-4, 1e-3), buildings=60),
    "next-door": Suite(
        doc="A sought source with a benign emitter of the same gas next door.", buildings=60, benign=1
    ),
    "weak": Suite(doc="One source near or below the detection limit.", rate_kg_s=(1e-6, 1e-4)),
    "intermittent": Suite(
        doc="One source that works in batches or bursts.",
        rate_kg_s=(2e-4, 3e-3),
        patterns=("batch", "bursts"),
    ),
    "multi-source": Suite(doc="Two or three sources.", counts=(2, 3), rate_kg_s=(2e-4, 2e-3)),
    "empty": Suite(doc="Nothing emits: every reported source is a false alarm.", counts=(0,)),
    "border": Suite(
        doc="Stand-off: one source area seen only from a line 150 to 250 m downwind.",
        rate_kg_s=(5e-4, 5e-3),
        stand_off_m=200.0,
        half_size_m=40.0,
    ),
    "identification": Suite(
        doc="A business of the town, an unexplained mixture, or nothing, visited twice: what, whose, active or not.",
        noise_ppb=(1.0, 3.0),
        buildings=60,
        half_size_m=80.0,
        seconds=600,
        visits=2,
        gases=("acetone", "toluene", "ethyl acetate", "ethanol", "ammonia", "tetrachloroethylene"),
    ),
    "mixed": Suite(
        doc="Everything at once, for calibration: 0 to 3 sources, all rates, winds, classes and sensors.",
        counts=(0, 1, 1, 1, 2, 3),
        rate_kg_s=(1e-5, 1e-2),
        noise_ppb=(1.0, 3.0, 10.0, 30.0, 100.0),
        wind_m_s=(1.0, 7.0),
        classes="ABCDDEF",
        patterns=("steady", "steady", "batch"),
    ),
}
"""Suites by name."""


def draw_scene(suite_name: str, seed: int, *, seconds: int | None = None, species: str = "acetone") -> Scene:
    """Draw one scene.

    Args:
        suite_name: one of `SUITES`.
        seed: names the scene.
        seconds: longest flight [s]; the suite's own if None.
        species: the gas.

    Returns:
        The scene.

    Raises:
        ConfigurationError: there is no such suite or gas.
    """
    if suite_name not in SUITES:
        raise ConfigurationError(
            f"suite {suite_name!r} is unknown", remedy="use one of: " + ", ".join(SUITES)
        )
    suite = SUITES[suite_name]
    rng = stream(seed, f"scene {suite_name}")
    layer = _layer(suite, rng)
    toward = float(rng.uniform(-np.pi, np.pi))
    houses = town(rng, count=suite.buildings, turn_deg=float(rng.uniform(0, 90))) if suite.buildings else ()
    emitters = _emitters(suite, rng, houses, species)
    mast = bool(rng.random() < 0.4)
    return Scene(
        name=f"case-{seed}",
        origin=ORIGIN,
        layer=layer,
        wind=WindSettings(
            toward_rad=toward,
            turning_rad_s=float(rng.normal(0, 1e-4)),
            gusts_per_hour=float(rng.choice([0, 6])),
        ),
        track=_track(suite, rng, toward).cut(seconds or suite.seconds),
        sensors=(_sensor(suite, rng, species),),
        emitters=emitters,
        buildings=houses,
        anemometer=Anemometer(mast_height_m=float(rng.choice([2.0, 10.0])) if mast else None),
    )


def _layer(suite: Suite, rng: np.random.Generator) -> SurfaceLayer:
    roughness = float(np.exp(rng.uniform(np.log(0.02), np.log(0.3)))) if not suite.buildings else 0.5
    letter = str(rng.choice(list(suite.classes)))
    low, high = suite.wind_m_s
    # Strongly unstable and stable air goes with light wind (Turner 1970).
    high = min(high, {"A": 3.0, "B": 5.0, "E": 5.0, "F": 3.0}.get(letter, high))
    return SurfaceLayer.from_wind(
        float(rng.uniform(min(low, high), high)),
        10.0,
        inverse_obukhov_length_m1=inverse_obukhov_length_m1(letter, roughness),
        roughness_m=roughness,
        mixing_height_m={"A": 1500.0, "B": 1200.0, "C": 1000.0, "D": 800.0, "E": 300.0, "F": 150.0}[letter],
        canopy_height_m=5.0 if suite.buildings else 0.0,
    )


def _sensor(suite: Suite, rng: np.random.Generator, species: str) -> Sensor:
    noise = float(rng.choice(suite.noise_ppb))
    slow = float(rng.uniform(0.5, 3.0))
    return Sensor(
        kind="ptr-ms",
        species=species,
        noise_ppb=noise,
        relative_noise=float(rng.uniform(0.01, 0.08)),
        lag_s=float(rng.uniform(0.0, 6.0)),
        rise_s=slow,
        decay_s=slow * float(rng.uniform(1.0, 1.5)),
        drift_ppb_h=noise * float(rng.uniform(0.0, 2.0)),
        gain_error=float(rng.normal(0.0, 0.05)),
        dropouts_per_hour=float(rng.choice([0.0, 4.0])),
    )


def _emitters(
    suite: Suite, rng: np.random.Generator, houses: tuple[Building, ...], species: str
) -> tuple[Emitter, ...]:
    """Sought sources, and their benign neighbours where the suite asks for them."""
    emitters: list[Emitter] = []
    for number in range(int(rng.choice(suite.counts))):
        place, building = _place(suite, rng, houses)
        emitters.append(_emitter(suite, rng, f"source-{number + 1}", place, species, building))
        for neighbour in range(suite.benign):
            gap, angle = rng.uniform(*suite.benign_gap_m), rng.uniform(-np.pi, np.pi)
            near = (place[0] + gap * np.cos(angle), place[1] + gap * np.sin(angle), place[2])
            name = f"benign-{number + 1}-{neighbour + 1}"
            emitters.append(_emitter(suite, rng, name, near, species, "", is_sought=False))
    return tuple(emitters)


def _emitter(
    suite: Suite,
    rng: np.random.Generator,
    name: str,
    place: tuple[float, float, float],
    species: str,
    building: str,
    *,
    is_sought: bool = True,
) -> Emitter:
    low, high = np.log(suite.rate_kg_s)
    pattern = suite.patterns[int(rng.integers(len(suite.patterns)))]
    period = float(rng.uniform(400, 1200))
    return Emitter(
        name=name,
        east_m=float(place[0]),
        north_m=float(place[1]),
        height_m=float(place[2]),
        rates_kg_s={species: float(np.exp(rng.uniform(low, high)))},
        schedule=Schedule(
            pattern=pattern,
            period_s=period,
            on_s=float(rng.uniform(0.3, 0.7)) * period,
            phase_s=float(rng.uniform(0, period)),
        ),
        kind="unexplained_solvent_mixture" if is_sought else "nail_salon",
        building=building,
        is_sought=is_sought,
    )


def _place(
    suite: Suite, rng: np.random.Generator, houses: tuple[Building, ...]
) -> tuple[tuple[float, float, float], str]:
    """A vent: on a roof's edge in a town, 0 to 8 m above open ground elsewhere."""
    if houses:
        within = [
            h for h in houses if np.hypot(h.footprint.centroid.x, h.footprint.centroid.y) < suite.half_size_m
        ]
        house = within[int(rng.integers(len(within)))]
        rim = house.footprint.exterior
        point = rim.interpolate(float(rng.uniform()), normalized=True)
        return (float(point.x), float(point.y), house.height_m + 0.5), house.building_id
    east, north = rng.uniform(-suite.half_size_m, suite.half_size_m, 2)
    return (float(east), float(north), float(rng.uniform(0.0, 8.0))), ""


def _track(suite: Suite, rng: np.random.Generator, toward_rad: float) -> Track:
    """One of the usual flights, at useful heights (domain notes 3.2)."""
    speed = float(rng.uniform(4.0, 7.0))
    low = float(rng.uniform(4.0, 8.0)) + (6.0 if suite.buildings else 0.0)
    heights = [low, low + float(rng.uniform(4.0, 8.0))]
    across = toward_rad + np.pi / 2
    if suite.stand_off_m:
        away = suite.stand_off_m * float(rng.uniform(0.75, 1.25))
        return curtain(
            centre_m=(away * np.cos(toward_rad), away * np.sin(toward_rad)),
            length_m=220.0,
            heights_m=[low, low + 6, low + 12, low + 20],
            speed_m_s=speed,
            along_rad=across,
            passes=10,
        )
    kind = rng.choice(["lawn", "lawn", "lawn-across", "spiral", "curtains"])
    side = 2.4 * suite.half_size_m
    if kind == "spiral":
        return spiral(
            centre_m=(0.0, 0.0),
            radii_m=(25.0, 1.3 * suite.half_size_m),
            heights_m=(low, heights[1]),
            turns=14,
            speed_m_s=speed,
        )
    along = across if kind == "lawn-across" else float(rng.uniform(-np.pi, np.pi))
    return lawn_mower(
        centre_m=(0.0, 0.0),
        size_m=(side, side),
        spacing_m=float(rng.uniform(18.0, 30.0)),
        heights_m=heights if kind != "curtains" else [*heights, heights[1] + 6],
        speed_m_s=speed,
        along_rad=along if kind != "curtains" else across,
    )
