"""Scenario files of imaging flights: a cube in TOML, written as a real instrument's file, the truth apart.

A scenario with a table `[cube]` makes a cube instead of a flight. Spectra come from the user's own library, as in
`plumeline image`, because the good records may not be handed on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from plumeline.errors import ConfigurationError, InputError
from plumeline.frames import LocalFrame
from plumeline.instruments.cubes import write_envi
from plumeline.provenance import canonical_json
from plumeline.simulations.drone_scenes import Drone, drone_scene, write_flight
from plumeline.simulations.ranges import within
from plumeline.simulations.scenario_tables import (
    plain_name,
    record,
    refuse_missing,
    refuse_unknown,
    tables,
)
from plumeline.simulations.scene_plume import ScenePlume
from plumeline.simulations.scenes import Emission, ThermalSceneSettings, thermal_scene
from plumeline.simulations.shortwave_scenes import ShortwaveSettings, shortwave_scene
from plumeline.simulations.species import gas as species
from plumeline.simulations.towns import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from plumeline.chem.spectra import CrossSection, Library

    Single = NDArray[np.float32]

SHIPPED = ("lwir-plume", "lwir-drone", "vswir-plume")
"""Imaging scenarios that come with the package."""
KINDS = ("lwir", "vswir")
FORMATS = ("envi", "emit")
METRES_PER_DEGREE = 111_195.0
MOST_CELLS = 60_000_000
"""Most lines x samples x bands that are made in one piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CubeAir:
    """Table `[air]` of a cube's scenario."""

    wind_speed_m_s: float
    wind_from_deg: float
    temperature_k: float = 295.0

    def __post_init__(self) -> None:
        within(0.2, 40.0, wind_speed_m_s=self.wind_speed_m_s)
        within(-360.0, 360.0, wind_from_deg=self.wind_from_deg)
        within(200.0, 340.0, temperature_k=self.temperature_k)


@dataclass(frozen=True, slots=True, kw_only=True)
class CubePlume:
    """Table `[[emitter]]` of a cube's scenario."""

    name: str
    rates_g_s: dict[str, float]
    line: float
    sample: float

    def __post_init__(self) -> None:
        if not self.rates_g_s:
            raise ConfigurationError("an emitter needs at least one rate")
        within(1e-9, 1e5, **self.rates_g_s)
        within(-1e5, 1e5, line=self.line, sample=self.sample)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageScenario:
    """A parsed scenario of a cube."""

    name: str
    """Short name."""
    title: str
    """One line in English."""
    kind: str
    """"lwir" or "vswir"."""
    form: str
    """"envi" or "emit"."""
    air: CubeAir
    """Wind and temperature."""
    plumes: tuple[CubePlume, ...]
    """What emits."""
    settings: ThermalSceneSettings | ShortwaveSettings
    """Sensor and surroundings."""
    drone: Drone | None = None
    """What carries a push-broom imager without a map; None for a map-like scene."""

    @property
    def gases(self) -> tuple[str, ...]:
        """All gases that are emitted."""
        return tuple(dict.fromkeys(name for plume in self.plumes for name in plume.rates_g_s))


def parse_image(table: Mapping[str, Any], *, where: str) -> ImageScenario:
    """Read a scenario with a table `[cube]`.

    Args:
        table: the parsed TOML.
        where: name for messages.

    Returns:
        The scenario.

    Raises:
        ConfigurationError: a key is wrong or missing, or the cube would be too large.
    """
    refuse_unknown(table, {"name", "title", "titulo", "cube", "air", "drone", "emitter"}, where)
    refuse_missing(table, {"name", "title", "cube", "air"}, where)
    cube = dict(table["cube"]) if isinstance(table["cube"], dict) else {}
    kind, form = cube.pop("kind", None), cube.pop("format", "envi")
    if "seed" in cube:
        raise ConfigurationError("unknown key seed", where=f"{where} [cube]", remedy="give it as --seed")
    if kind not in KINDS:
        raise ConfigurationError(f"cube kind {kind!r} is unknown", where=where, remedy="use lwir or vswir")
    if form not in FORMATS or (form, kind) == ("emit", "lwir"):
        raise ConfigurationError(
            f"cube format {form!r} is not one of {kind}", where=where, remedy="use envi, or emit for vswir"
        )
    settings: ThermalSceneSettings | ShortwaveSettings
    if kind == "lwir":
        settings = record(ThermalSceneSettings, cube, f"{where} [cube]")
    else:
        settings = record(ShortwaveSettings, cube, f"{where} [cube]")
    _check_cube(settings, f"{where} [cube]")
    drone = _drone(table, kind, where)
    plumes = tuple(
        record(CubePlume, entry, f"{where} [[emitter]] {number}")
        for number, entry in enumerate(tables(table, "emitter", where), 1)
    )
    air = record(CubeAir, table["air"], f"{where} [air]")
    for plume in plumes:
        for name in plume.rates_g_s:
            species(name)
    return ImageScenario(
        name=plain_name(table, where),
        title=str(table["title"]),
        kind=str(kind),
        form=str(form),
        air=air,
        plumes=plumes,
        settings=settings,
        drone=drone,
    )


def _drone(table: Mapping[str, Any], kind: str, where: str) -> Drone | None:
    """Table `[drone]`, if there is one.

    Raises:
        ConfigurationError: it is wrong, or the imager is none that a drone's scene is made for.
    """
    if "drone" not in table:
        return None
    if kind != "lwir":
        raise ConfigurationError(
            "only thermal cubes fly on a drone", where=f"{where} [drone]", remedy="use kind = lwir"
        )
    entry = table["drone"] if isinstance(table["drone"], dict) else {}
    return record(Drone, entry, f"{where} [drone]")


def _check_cube(settings: ThermalSceneSettings | ShortwaveSettings, where: str) -> None:
    """Refuse a cube that no instrument makes, or that would not fit into memory.

    Raises:
        ConfigurationError: a value is out of range.
    """
    if not 10 <= settings.bands <= 1000 or min(settings.lines, settings.samples) < 16:
        raise ConfigurationError(
            "a cube has 10 to 1,000 bands and at least 16 lines and samples", where=where
        )
    if settings.lines * settings.samples * settings.bands > MOST_CELLS:
        raise ConfigurationError(
            "the cube is too large", where=where, remedy=f"at most {MOST_CELLS:,} values"
        )
    if isinstance(settings, ShortwaveSettings):
        low, high, width, noise = settings.low_nm, settings.high_nm, settings.fwhm_nm, settings.noise_share
        edges, sun = (400.0, 2700.0), settings.solar_zenith_deg
    else:
        low, high, width = settings.low_cm1, settings.high_cm1, settings.fwhm_cm1
        edges, noise, sun = (650.0, 1700.0), settings.noise_w_m2_sr_cm1, 0.0
    try:
        within(*edges, first_band=low, last_band=high)
        within(0.0, 85.0, solar_zenith_deg=sun)
        within(0.01, 1000.0, pixel_m=settings.pixel_m, band_width=width)
        within(0.0, 1.0, noise=noise, striping=settings.striping)
    except ConfigurationError as error:
        raise ConfigurationError(error.what, where=where) from None
    if not high > low:
        raise ConfigurationError("the last band does not lie beyond the first", where=where)


def write_image_case(scenario: ImageScenario, library: Library, root: Path, *, seed: int) -> Path:
    """Simulate a cube and write it as its instrument would, its truth sealed apart.

    Args:
        scenario: the scene.
        library: spectra of the gases.
        root: new or empty folder.
        seed: the same seed gives the same bytes.

    Returns:
        The cube's file.

    Raises:
        InputError: the folder holds something, or the library lacks a gas in the instrument's range.
        OSError: a file cannot be written.
    """
    if root.exists() and any(root.iterdir()):
        raise InputError("the folder is not empty", where=str(root), remedy="give a new folder")
    radiance, columns, sources = _simulate(scenario, library, seed)
    for folder in (root / "flight", root / "truth", root / "scene"):
        folder.mkdir(parents=True, exist_ok=True)
    path = root / "flight" / f"{scenario.name}.{'nc' if scenario.form == 'emit' else 'bip'}"
    if scenario.form == "emit":
        _write_emit(path, radiance, scenario)
    else:
        write_envi(path, radiance, _header(scenario))
    if scenario.drone is not None and isinstance(scenario.settings, ThermalSceneSettings):
        write_flight(root / "flight", scenario.settings, scenario.drone)
    peaks = {name: float(f"{column.max():.6g}") for name, column in columns.items()}
    truth = canonical_json({
        "name": scenario.name,
        "seed": seed,
        "wind_speed_m_s": scenario.air.wind_speed_m_s,
        "wind_from_deg": scenario.air.wind_from_deg,
        "peak_column_ppm_m": peaks,
        "sources": [
            {
                "name": plume.name,
                "line": plume.line,
                "sample": plume.sample,
                "rate_kg_s": {name: 1e-3 * rate for name, rate in plume.rates_g_s.items()},
            }
            | place
            for plume, place in zip(scenario.plumes, sources, strict=True)
        ],
    })
    (root / "truth" / "truth.json").write_text(truth + "\n", encoding="utf-8")
    for name, column in columns.items():
        np.save(root / "truth" / f"column-{name.replace(' ', '-')}.npy", column)
    facts = {
        "name": scenario.name,
        "is_simulated": True,
        "truth_sha256": hashlib.sha256((truth + "\n").encode()).hexdigest(),
        "wind_speed_m_s": scenario.air.wind_speed_m_s,
        "wind_from_deg": scenario.air.wind_from_deg,
        "air_temperature_k": scenario.air.temperature_k,
    }
    if isinstance(scenario.settings, ShortwaveSettings):
        facts["solar_zenith_deg"] = scenario.settings.solar_zenith_deg
    (root / "scene" / "scene.json").write_text(
        json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    return path


def _simulate(
    scenario: ImageScenario, library: Library, seed: int
) -> tuple[Single, dict[str, Single], list[dict[str, float]]]:
    """Radiance (line, sample, band), true column per gas (line, sample), and places of sources where there is no map."""
    s = scenario.settings
    span = (1e7 / s.high_nm, 1e7 / s.low_nm) if isinstance(s, ShortwaveSettings) else (s.low_cm1, s.high_cm1)
    spectra = {name: _spectrum(library, name, span) for name in scenario.gases}
    plumes = [
        ScenePlume(
            line=plume.line,
            sample=plume.sample,
            rate_kg_s=1e-3 * next(iter(plume.rates_g_s.values())),
            wind_m_s=scenario.air.wind_speed_m_s,
            toward_deg=(scenario.air.wind_from_deg + 180.0) % 360.0,
        )
        for plume in scenario.plumes
    ]
    rates = [{name: 1e-3 * rate for name, rate in plume.rates_g_s.items()} for plume in scenario.plumes]
    if isinstance(s, ShortwaveSettings):
        short = shortwave_scene(spectra, list(zip(plumes, rates, strict=True)), replace(s, seed=seed))
        return short.radiance_uw_cm2_sr_nm, dict(short.column_ppm_m), [{} for _ in plumes]
    emissions = tuple(
        Emission(plume=plume, gases=gases, temperature_k=scenario.air.temperature_k)
        for plume, gases in zip(plumes, rates, strict=True)
    )
    settings = replace(s, seed=seed, air_k=scenario.air.temperature_k)
    if scenario.drone is None:
        thermal = thermal_scene(spectra, emissions, settings)
        return thermal.radiance_w_m2_sr_cm1, dict(thermal.column_ppm_m), [{} for _ in plumes]
    flown = drone_scene(spectra, emissions, settings, scenario.drone)
    east, north = np.array(flown.sources_m).reshape(-1, 2).T
    lon, lat = LocalFrame(origin=ORIGIN).to_lonlat(east, north)
    places = [{"longitude_deg": float(x), "latitude_deg": float(y)} for x, y in zip(lon, lat, strict=True)]
    return flown.radiance_w_m2_sr_cm1, dict(flown.column_ppm_m), places


def _spectrum(library: Library, name: str, span: tuple[float, float]) -> CrossSection:
    found = library.best(species(name).name, span_cm1=span)
    low, high = found.range_cm1
    if min(high, span[1]) - max(low, span[0]) < 0.2 * (span[1] - span[0]):
        raise InputError(
            f"the library holds no spectrum of {name} from {span[0]:.0f} to {span[1]:.0f} cm-1",
            remedy="add one with `plumeline spectra build`, or let another gas out",
        )
    return found


def _header(scenario: ImageScenario) -> dict[str, str]:
    """ENVI header fields: bands, unit, and a map in the open ocean unless a drone's log has to tell the place."""
    s = scenario.settings
    if isinstance(s, ShortwaveSettings):
        centre, fwhm = np.linspace(s.low_nm, s.high_nm, s.bands), s.fwhm_nm
        words = ("Nanometers", "uW cm-2 sr-1 nm-1")
    else:
        centre, fwhm = np.linspace(s.low_cm1, s.high_cm1, s.bands), s.fwhm_cm1
        words = ("Wavenumber", "W m-2 sr-1 (cm-1)-1")
    fields = {
        "description": f"simulated by plumeline: {scenario.title.replace(',', ' ')}",
        "wavelength units": words[0],
        "data units": words[1],
        "wavelength": ",".join(f"{value:.4f}" for value in centre),
        "fwhm": ",".join(f"{fwhm:.4f}" for _ in centre),
    }
    if scenario.drone is None:
        fields["map info"] = f"UTM, 1, 1, 611262.0, 55276.0, {s.pixel_m}, {s.pixel_m}, 27, North, WGS-84"
    return fields


def _range_nm(s: ThermalSceneSettings | ShortwaveSettings) -> tuple[float, float]:
    return (s.low_nm, s.high_nm) if isinstance(s, ShortwaveSettings) else (1e7 / s.high_cm1, 1e7 / s.low_cm1)


def _write_emit(path: Path, radiance: Single, scenario: ImageScenario) -> None:
    """NetCDF 4 as an EMIT L1B granule: radiance, band parameters, location with its GLT."""
    s = scenario.settings
    wavelength = np.linspace(*_range_nm(s), s.bands)
    lines, samples, bands = radiance.shape
    degrees = s.pixel_m / METRES_PER_DEGREE
    with h5py.File(path, "w", libver="latest", track_order=True) as file:
        data = file.create_dataset("radiance", data=radiance, chunks=(min(lines, 64), samples, bands))
        data.attrs["units"] = "uW/cm^2/SR/nm"
        data.attrs["_FillValue"] = np.float32(-9999.0)
        file.attrs["title"] = "Simulated by plumeline in the layout of EMIT L1B"
        file.attrs["geotransform"] = np.array([ORIGIN.lon_deg, degrees, 0.0, ORIGIN.lat_deg, 0.0, -degrees])
        file.attrs["spatial_ref"] = "EPSG:4326"
        parameters = file.create_group("sensor_band_parameters")
        parameters["wavelengths"] = wavelength
        parameters["fwhm"] = np.full(bands, s.fwhm_nm if isinstance(s, ShortwaveSettings) else 0.0)
        location = file.create_group("location")
        line, sample = np.mgrid[1 : lines + 1, 1 : samples + 1]
        location["glt_x"], location["glt_y"] = sample.astype(np.int32), line.astype(np.int32)
        location["lat"] = ORIGIN.lat_deg - (line - 0.5) * degrees
        location["lon"] = ORIGIN.lon_deg + (sample - 0.5) * degrees
