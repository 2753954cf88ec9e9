"""Scenario files: a scene in TOML, every key checked, several shipped.

A misspelt key is an error that names the keys there are. Numbers carry their unit in the key; the wind is given as in
a weather report (speed, and the direction it comes from).
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import ConfigurationError
from plumeline.simulations.emission import Emitter
from plumeline.simulations.flight_tables import track_of
from plumeline.simulations.formats import check_formats
from plumeline.simulations.image_scenario import SHIPPED as CUBES
from plumeline.simulations.large_scale_wind import WindSettings
from plumeline.simulations.scenario_tables import (
    Air,
    EmitterTable,
    InjectTable,
    TownTable,
    plain_name,
    record,
    refuse_missing,
    refuse_unknown,
    start_of,
    tables,
)
from plumeline.simulations.scene import Anemometer, Platform, Scene, stream
from plumeline.simulations.sensors import CATALOGUE, Sensor
from plumeline.simulations.species import gas
from plumeline.simulations.surface_layer import SurfaceLayer, inverse_obukhov_length_m1
from plumeline.simulations.town_plan import settle, trades, working
from plumeline.simulations.towns import ORIGIN, Building, town

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SHIPPED = (
    "town-demo",
    "open-field",
    "methane-laser",
    "next-door",
    "night-batch",
    "nothing-there",
    "open-path",
)
"""Scenarios that come with the package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A parsed scenario file."""

    name: str
    """Short name."""
    title: str
    """One line in English."""
    titulo: str
    """One line in Spanish."""
    file_formats: tuple[str, ...]
    """Instrument formats to write."""
    build: Callable[[int], Scene]
    """Makes the scene for a seed."""
    injects: tuple[Mapping[str, Any], ...] = ()
    """What an instructor tells the trainees, and when."""


def shipped(name: str) -> str:
    """Text of a scenario that comes with the package.

    Args:
        name: one of `SHIPPED` or of the shipped cubes.

    Returns:
        TOML.

    Raises:
        ConfigurationError: there is no such scenario.
    """
    if name not in SHIPPED + CUBES:
        raise ConfigurationError(
            f"scenario {name!r} is neither a file nor shipped",
            remedy="use a .toml file or one of: " + ", ".join(SHIPPED + CUBES),
        )
    return files("plumeline.simulations").joinpath(f"scenarios/{name}.toml").read_text(encoding="utf-8")


def load(source: str | Path) -> Scenario:
    """Read a scenario.

    Args:
        source: a TOML file, or the name of a shipped scenario.

    Returns:
        The scenario.

    Raises:
        ConfigurationError: it does not exist, is not TOML, or has a wrong or missing key or value.
    """
    return parse(text_of(source), where=Path(source).name)


def text_of(source: str | Path) -> str:
    """Text of a scenario.

    Args:
        source: a TOML file, or the name of a shipped scenario.

    Returns:
        TOML.

    Raises:
        ConfigurationError: it cannot be read.
    """
    path = Path(source)
    try:
        return path.read_text(encoding="utf-8-sig") if path.suffix == ".toml" else shipped(str(source))
    except OSError as error:
        raise ConfigurationError(
            f"scenario cannot be read: {error.strerror}",
            where=str(source),
            remedy="give a .toml file or one of: " + ", ".join(SHIPPED + CUBES),
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError("scenario is no text in UTF-8", where=str(source)) from None


def toml_of(text: str, where: str) -> dict[str, Any]:
    """Parse TOML.

    Args:
        text: TOML.
        where: name for messages.

    Returns:
        The table.

    Raises:
        ConfigurationError: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"not TOML: {error}", where=where) from None


def parse(text: str, *, where: str = "scenario") -> Scenario:
    """Read a scenario from TOML text.

    Args:
        text: TOML.
        where: name for messages.

    Returns:
        The scenario.

    Raises:
        ConfigurationError: it is not TOML, or has a wrong or missing key or value.
    """
    table = toml_of(text, where)
    if "cube" in table:
        raise ConfigurationError(
            "this scenario makes a cube and no flight; exercises are flown",
            where=where,
            remedy="use plumeline simulate with --library, or a scenario of a flight: " + ", ".join(SHIPPED),
        )
    known = {
        "name", "title", "titulo", "format", "start_utc", "air", "town", "emitter", "flight", "sensor", "anemometer",
        "platform", "inject",
    }  # fmt: skip
    refuse_unknown(table, known, where)
    refuse_missing(table, {"name", "title", "air", "flight", "sensor"}, where)
    formats = table.get("format", ["skyhub"])
    formats = [formats] if isinstance(formats, str) else formats
    if not isinstance(formats, list) or not formats or not all(isinstance(form, str) for form in formats):
        raise ConfigurationError("format is no list of names", where=where, remedy='format = ["skyhub"]')
    injects = tuple(
        asdict(record(InjectTable, entry, f"{where} [[inject]] {number}"))
        for number, entry in enumerate(tables(table, "inject", where), 1)
    )
    scene = _build(table, 0, where)  # a wrong value shows now, not in the middle of a run
    check_formats(formats, scene.sensors, where=where)
    return Scenario(
        name=plain_name(table, where),
        title=str(table["title"]),
        titulo=str(table.get("titulo", table["title"])),
        file_formats=tuple(formats),
        build=lambda seed: _build(table, seed, where),
        injects=injects,
    )


def _build(table: Mapping[str, Any], seed: int, where: str) -> Scene:
    """The scene of a scenario; the seed draws what the file leaves open (town, businesses, rates).

    Raises:
        ConfigurationError: a key or value is wrong.
    """
    name = plain_name(table, where)
    air = record(Air, table["air"], f"{where} [air]")
    rng = stream(seed, f"scenario {name}")
    houses, workers = _settlement(table.get("town"), rng, where)
    emitters = tuple(
        _emitter(entry, houses, f"{where} [[emitter]] {number}")
        for number, entry in enumerate(tables(table, "emitter", where), 1)
    )
    names = [emitter.name for emitter in emitters + workers]
    if len(set(names)) != len(names):
        raise ConfigurationError("two emitters have the same name", where=where)
    toward = np.radians(270.0 - air.wind_from_deg)
    sensors = tuple(
        _sensor(entry, f"{where} [[sensor]] {number}")
        for number, entry in enumerate(tables(table, "sensor", where), 1)
    )
    if not sensors:
        raise ConfigurationError("a flight needs a sensor", where=where, remedy="add a [[sensor]]")
    scene = Scene(
        name=name,
        origin=ORIGIN,
        layer=_layer(air, houses),
        wind=WindSettings(
            toward_rad=float(toward),
            turning_rad_s=-float(np.radians(air.turning_deg_h)) / 3600.0,
            gusts_per_hour=air.gusts_per_hour,
            gust_factor=air.gust_factor,
            diurnal_amplitude=air.diurnal_amplitude,
            start_hour=air.start_hour,
        ),
        track=track_of(table["flight"], float(toward), f"{where} [flight]"),
        sensors=sensors,
        emitters=emitters + workers,
        buildings=houses,
        anemometer=record(Anemometer, table.get("anemometer", {}), f"{where} [anemometer]"),
        platform=record(Platform, table.get("platform", {}), f"{where} [platform]"),
        temperature_k=air.temperature_k,
        pressure_pa=air.pressure_pa,
        deposition_m_s=air.deposition_m_s,
    )
    start = start_of(table, where)
    return scene if start is None else replace(scene, start_utc=start)


def _layer(air: Air, houses: tuple[Building, ...]) -> SurfaceLayer:
    roof = float(np.mean([house.height_m for house in houses])) if houses else 0.0
    return SurfaceLayer.from_wind(
        air.wind_speed_m_s,
        air.wind_height_m,
        inverse_obukhov_length_m1=inverse_obukhov_length_m1(air.stability_class, air.roughness_m),
        roughness_m=air.roughness_m,
        mixing_height_m=air.mixing_height_m,
        canopy_height_m=roof,
    )


def _settlement(
    entry: Mapping[str, Any] | None, rng: np.random.Generator, where: str
) -> tuple[tuple[Building, ...], tuple[Emitter, ...]]:
    """The town and what works in it."""
    if entry is None:
        return (), ()
    plan = record(TownTable, entry, f"{where} [town]")
    houses = town(rng, count=plan.buildings, turn_deg=plan.turn_deg, mean_height_m=plan.mean_height_m)
    uses = dict(plan.businesses)
    if plan.sought:
        uses[plan.sought] = uses.get(plan.sought, 0) + 1
    houses = settle(houses, uses, rng)
    return houses, tuple(
        working(house, rng, is_sought=house.use == plan.sought) for house in houses if house.use in trades()
    )


def _emitter(entry: Mapping[str, Any], houses: tuple[Building, ...], where: str) -> Emitter:
    wanted = record(EmitterTable, entry, where)
    east_m, north_m, height_m = wanted.east_m, wanted.north_m, wanted.height_m
    if wanted.building:
        by_id = {house.building_id: house for house in houses}
        if wanted.building not in by_id:
            raise ConfigurationError(f"the town has no building {wanted.building!r}", where=where)
        vent = by_id[wanted.building].footprint.representative_point()
        east_m, north_m, height_m = vent.x, vent.y, by_id[wanted.building].height_m + 0.5
    return Emitter(
        name=wanted.name,
        east_m=float(east_m),
        north_m=float(north_m),
        height_m=float(height_m),
        building=wanted.building,
        rates_kg_s={gas(name).name: 1e-3 * rate for name, rate in wanted.rates_g_s.items()},
        schedule=wanted.schedule,
        kind=wanted.kind,
        is_sought=wanted.sought,
    )


def _sensor(entry: Mapping[str, Any], where: str) -> Sensor:
    # A sensor of the catalogue, with changes, or one from scratch.
    changes = dict(entry) if isinstance(entry, dict) else entry
    model = changes.pop("model", None) if isinstance(changes, dict) else None
    if model is None:
        sensor = record(Sensor, changes, where)
    elif isinstance(model, str) and model in CATALOGUE:
        plain = {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(CATALOGUE[model]).items()}
        sensor = record(Sensor, plain | dict(changes), where)
    else:
        raise ConfigurationError(
            f"sensor model {model!r} is unknown", where=where, remedy="use one of: " + ", ".join(CATALOGUE)
        )
    if sensor.species != "VOC":
        gas(sensor.species)
    return sensor
