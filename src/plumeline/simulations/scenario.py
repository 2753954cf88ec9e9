"""Scenario files: a scene in TOML, every key checked, several shipped.

A misspelt key is an error that names the keys there are. Numbers carry their unit in the key; the wind is given as in
a weather report (speed, and the direction it comes from).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from plumeline.errors import ConfigurationError
from plumeline.simulations.emission import Emitter, Schedule
from plumeline.simulations.flights import Track, curtain, lawn_mower, spiral
from plumeline.simulations.large_scale_wind import WindSettings
from plumeline.simulations.recordings import WRITERS
from plumeline.simulations.scene import Anemometer, Platform, Scene, stream
from plumeline.simulations.sensors import CATALOGUE, Sensor
from plumeline.simulations.species import gas
from plumeline.simulations.surface_layer import SurfaceLayer, inverse_obukhov_length_m1
from plumeline.simulations.town_plan import settle, trades, working
from plumeline.simulations.towns import ORIGIN, Building, town

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Record = TypeVar("Record")
else:
    Record = TypeVar("Record")

SHIPPED = ("town-demo", "open-field", "methane-laser", "next-door", "night-batch", "nothing-there")
"""Scenarios that come with the package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """Table `[air]`."""

    wind_speed_m_s: float
    wind_from_deg: float
    wind_height_m: float = 10.0
    stability_class: str = "D"
    roughness_m: float = 0.1
    mixing_height_m: float = 800.0
    turning_deg_h: float = 0.0
    gusts_per_hour: float = 0.0
    gust_factor: float = 1.5
    diurnal_amplitude: float = 0.0
    start_hour: float = 12.0
    temperature_k: float = 293.15
    pressure_pa: float = 101_325.0
    deposition_m_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TownTable:
    """Table `[town]`."""

    buildings: int
    turn_deg: float = 0.0
    mean_height_m: float = 5.0
    businesses: Mapping[str, int] | None = None
    sought: str = ""
    """Kind of emitter that the survey looks for, put into one more building; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmitterTable:
    """Table `[[emitter]]`."""

    name: str
    rates_g_s: Mapping[str, float]
    east_m: float = 0.0
    north_m: float = 0.0
    height_m: float = 3.0
    building: str = ""
    """Id of a building of the town: the source then sits on its roof instead of at a place."""
    kind: str = "unexplained_solvent_mixture"
    sought: bool = True
    schedule: Mapping[str, Any] | None = None


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
        name: one of `SHIPPED`.

    Returns:
        TOML.

    Raises:
        ConfigurationError: there is no such scenario.
    """
    if name not in SHIPPED:
        raise ConfigurationError(
            f"scenario {name!r} is neither a file nor shipped",
            remedy="use a .toml file or one of: " + ", ".join(SHIPPED),
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
    from pathlib import Path  # noqa: PLC0415 (only here)

    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8") if path.suffix == ".toml" else shipped(str(source))
    except OSError as error:
        raise ConfigurationError(f"scenario cannot be read: {error.strerror}", where=str(source)) from None
    return parse(text, where=path.name)


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
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"not TOML: {error}", where=where) from None
    known = {
        "name", "title", "titulo", "format", "start_utc", "air", "town", "emitter", "flight", "sensor", "anemometer",
        "platform", "inject",
    }  # fmt: skip
    _refuse_unknown(table, known, where)
    _refuse_missing(table, {"name", "title", "air", "flight", "sensor"}, where)
    formats = table.get("format", ["skyhub"])
    for form in formats:
        if form not in WRITERS:
            raise ConfigurationError(
                f"format {form!r} is unknown", where=where, remedy="use one of: " + ", ".join(WRITERS)
            )
    _build(table, 0, where)  # a wrong value shows now, not in the middle of a run
    return Scenario(
        name=str(table["name"]),
        title=str(table["title"]),
        titulo=str(table.get("titulo", table["title"])),
        file_formats=tuple(formats),
        build=lambda seed: _build(table, seed, where),
        injects=tuple(table.get("inject", ())),
    )


def _build(table: Mapping[str, Any], seed: int, where: str) -> Scene:
    """The scene of a scenario; the seed draws what the file leaves open (town, businesses, rates)."""
    air = _record(Air, table["air"], f"{where} [air]")
    rng = stream(seed, f"scenario {table['name']}")
    houses, workers = _settlement(table.get("town"), rng, where)
    emitters = tuple(
        _emitter(entry, houses, f"{where} [[emitter]] {i + 1}")
        for i, entry in enumerate(table.get("emitter", ()))
    )
    toward = np.radians(270.0 - air.wind_from_deg)
    scene = Scene(
        name=str(table["name"]),
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
        track=_track(table["flight"], float(toward), f"{where} [flight]"),
        sensors=tuple(
            _sensor(entry, f"{where} [[sensor]] {i + 1}") for i, entry in enumerate(table["sensor"])
        ),
        emitters=emitters + workers,
        buildings=houses,
        anemometer=_record(Anemometer, table.get("anemometer", {}), f"{where} [anemometer]"),
        platform=_record(Platform, table.get("platform", {}), f"{where} [platform]"),
        temperature_k=air.temperature_k,
        pressure_pa=air.pressure_pa,
        deposition_m_s=air.deposition_m_s,
    )
    return (
        replace(scene, start_utc=str(table["start_utc"]).removesuffix("Z")) if "start_utc" in table else scene
    )


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
    plan = _record(TownTable, entry, f"{where} [town]")
    houses = town(rng, count=plan.buildings, turn_deg=plan.turn_deg, mean_height_m=plan.mean_height_m)
    uses = dict(plan.businesses or {})
    if plan.sought:
        uses[plan.sought] = uses.get(plan.sought, 0) + 1
    houses = settle(houses, uses, rng)
    return houses, tuple(
        working(house, rng, is_sought=house.use == plan.sought) for house in houses if house.use in trades()
    )


def _emitter(entry: Mapping[str, Any], houses: tuple[Building, ...], where: str) -> Emitter:
    wanted = _record(EmitterTable, entry, where)
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
        schedule=_record(Schedule, wanted.schedule or {}, f"{where} schedule"),
        kind=wanted.kind,
        is_sought=wanted.sought,
    )


def _sensor(entry: Mapping[str, Any], where: str) -> Sensor:
    # A sensor of the catalogue, with changes, or one from scratch.
    changes = dict(entry)
    model = changes.pop("model", None)
    if model is None:
        return _record(Sensor, changes, where)
    if model not in CATALOGUE:
        raise ConfigurationError(
            f"sensor model {model!r} is unknown", where=where, remedy="use one of: " + ", ".join(CATALOGUE)
        )
    _refuse_unknown(changes, {field.name for field in fields(Sensor)}, where)
    return replace(CATALOGUE[model], **changes)


def _track(entry: Mapping[str, Any], toward_rad: float, where: str) -> Track:
    # Without `along_deg`, lines lie across the mean wind.
    settings = dict(entry)
    makers: dict[str, Callable[..., Track]] = {"lawn-mower": lawn_mower, "curtain": curtain, "spiral": spiral}
    pattern = settings.pop("pattern", None)
    if pattern not in makers:
        raise ConfigurationError(
            f"flight pattern {pattern!r} is unknown", where=where, remedy="use one of: " + ", ".join(makers)
        )
    seconds = settings.pop("max_seconds", None)
    if "along_deg" in settings:
        settings["along_rad"] = float(np.radians(settings.pop("along_deg")))
    elif pattern != "spiral":
        settings["along_rad"] = toward_rad + np.pi / 2
    try:
        track = makers[pattern](**settings)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"flight cannot be laid out: {error}", where=where) from None
    return track.cut(int(seconds)) if seconds else track


def _record(kind: type[Record], entry: Mapping[str, Any], where: str) -> Record:
    # The keys of the table are the fields of the record.
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    _refuse_unknown(entry, known, where)
    try:
        return kind(**{
            key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
        })
    except TypeError as error:
        raise ConfigurationError(f"a key is missing or has a wrong value: {error}", where=where) from None


def _refuse_unknown(entry: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ConfigurationError(
            f"unknown key {', '.join(unknown)}", where=where, remedy="known keys: " + ", ".join(sorted(known))
        )


def _refuse_missing(entry: Mapping[str, Any], wanted: set[str], where: str) -> None:
    missing = sorted(wanted - set(entry))
    if missing:
        raise ConfigurationError(f"missing {', '.join(missing)}", where=where)
