"""The tabular real releases as surveys with their truth; `--data DIR` or PLUMELINE_DATA says where the sets are.

A set that is missing gives an empty list and a remark on the standard error, never a failure: another folder of the same
layout may hold only some of them.
"""

from __future__ import annotations

import csv
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from plumeline import units
from plumeline.frames import LocalFrame, lonlat
from plumeline.observations import IN_SITU, OPEN_PATH, Quality, Survey
from plumeline.observations.assembly import assemble
from plumeline.observations.baseline import noise_sigma
from plumeline.observations.concentration import gas, to_mass_concentration
from plumeline.observations.wind import at_times, components_m_s, wind_series
from plumeline.provenance import sha256_of_file

if TYPE_CHECKING:
    import argparse

    import xarray as xr
    from numpy.typing import NDArray

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ADED_ORIGIN = lonlat(-105.13985, 40.59578)
"""Middle of the METEC pad from the published sensor positions, doi:10.1525/elementa.2023.00110."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A surveyed source that emitted at a known rate."""

    x_m: float
    """East in the survey's frame [m]."""
    y_m: float
    """North in the survey's frame [m]."""
    z_m: float
    """Height above ground [m]; NaN if not stated."""
    rate_kg_s: float
    """Emission rate [kg s-1]; 0 while the source was off."""
    sigma_kg_s: float
    """Standard uncertainty of the rate [kg s-1]; NaN if not stated."""
    start: np.datetime64
    """First time it holds, UTC."""
    end: np.datetime64
    """Time after the last it holds, UTC."""


Release = tuple[str, Survey, tuple[Truth, ...]]
"""Name, survey, and every source that was on."""


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """Let a benchmark run on another folder of the same layout."""
    parser.add_argument("--data", type=Path, default=None, help="folder with the real sets")


def data_folder(chosen: Path | None = None) -> Path:
    """The chosen folder, or PLUMELINE_DATA, or the default beside the project."""
    return chosen or Path(os.environ.get("PLUMELINE_DATA", DEFAULT_DATA))


def aded(data_dir: Path) -> list[Release]:
    """ADED 2022, METEC: one survey per release, cut to its time and to the data's time; 1-min means."""
    folder = data_dir / "aded-2022"
    if not _there(folder):
        return []
    whole = aded_survey(folder)
    first, last = _ends(whole)
    releases: list[Release] = []
    for row in _rows(folder / "truth.csv"):
        start = max(_utc(row["start"]), first)
        end = min(_utc(row["end"]), last + np.timedelta64(60, "s"))
        if start >= end:
            _say(f"ADED release {row['release']} lies outside the data and is left out")
            continue
        source = Truth(
            x_m=float(row["x_m"]),
            y_m=float(row["y_m"]),
            z_m=np.nan,
            rate_kg_s=float(row["rate_g_s"]) * 1e-3,
            sigma_kg_s=float(row["rate_sigma_g_s"]) * 1e-3,
            start=start,
            end=end,
        )
        releases.append((f"{row['release']} {str(start)[:16]}", whole.between(start, end), (source,)))
    return releases


def aded_survey(folder: Path) -> Survey:
    """The whole ADED record: eight fixed sensors, 1-min means."""
    table = pd.read_csv(folder / "observations.csv")
    places = pd.read_csv(folder / "instruments.csv").set_index("instrument")
    names = [str(name) for name in table.columns[1:]]
    wind = pd.read_csv(folder / "wind.csv")
    series = wind_series(
        _times(wind.time_utc),
        *components_m_s(wind.speed_m_s, wind.direction_from_deg),
        height_m=2.4,
    )
    long = table.melt(id_vars="time_utc", var_name="sensor", value_name="ppm")
    place = places.loc[long.sensor]
    time = _times(long.time_utc)
    return _survey(
        "ADED 2022",
        LocalFrame(origin=ADED_ORIGIN),
        folder,
        {
            "time": time,
            "sensor": [names.index(name) for name in long.sensor],
            "sensor_name": names,
            "x": place.x_m,
            "y": place.y_m,
            "z": place.z_m,
            "averaging_time": 60.0,
            **_gas("methane", long.ppm, long.sensor, unit="ppm", temperature_k=288.15, pressure_pa=84_300.0),
            **at_times(series, time),
        },
        remarks=(
            "air temperature and pressure are not in the set: 288.15 K and 843 hPa (ISO 2533 at 1540 m) are assumed",
            "the wind is one series combined over the sensors; its height is taken as the sensors' 2.4 m",
        ),
    )


def ginninderra(data_dir: Path) -> list[tuple[str, Survey, tuple[Truth, ...]]]:
    """Ginninderra 2015: one survey with the whole record, and the source's rate per 5-min interval."""
    folder = data_dir / "ginninderra-2015"
    if not _there(folder):
        return []
    table = pd.read_csv(folder / "observations.csv")
    surveys = []
    point = table.x2_m.isna() | ((table.x1_m == table.x2_m) & (table.y1_m == table.y2_m))
    datasets = [
        _ginninderra_readings(part, path=path)
        for part, path in ((table[point], False), (table[~point], True))
    ]
    survey = Survey(
        name="Ginninderra 2015",
        frame=LocalFrame(origin=None),
        in_situ=datasets[0],
        open_path=datasets[1],
        inputs=_inputs(folder),
        remarks=(
            "the set's local time is used as a label only, as if it were UTC",
            "the height of the wind is not in the set: 2.3 m, that of the eddy-covariance tower EC.A at the origin, is assumed",
            "direction sigma is taken as u_sigma over speed (set's own turbulence column)",
        ),
    )
    sources = tuple(
        Truth(
            x_m=float(row["x_m"]),
            y_m=float(row["y_m"]),
            z_m=0.3,
            rate_kg_s=units.factor("g/min", units.RATE_UNITS, "rate") * float(row["rate_g_min"]),
            sigma_kg_s=np.nan,
            start=_utc(row["time_local"]),
            end=_utc(row["time_local"]) + np.timedelta64(300, "s"),
        )
        for row in _rows(folder / "truth.csv")
    )
    surveys.append(("Ginninderra 2015", survey, sources))
    return surveys


def _ginninderra_readings(table: pd.DataFrame, *, path: bool) -> xr.Dataset:
    names = sorted(table.instrument.unique())
    time = _times(table.time_local)
    speed = table.wind_speed_m_s.to_numpy(np.float64)
    east, north = components_m_s(speed, table.wind_direction_from_deg)
    common = {
        "time": time,
        "sensor": [names.index(name) for name in table.instrument],
        "sensor_name": names,
        "averaging_time": 300.0,
        "wind_eastward": east,
        "wind_northward": north,
        "wind_sigma": np.hypot(0.2, table.u_sigma_m_s * np.sqrt(2 * 10.0 / 300.0)),
        "wind_height": 2.3,
        "direction_sigma": table.u_sigma_m_s / np.maximum(speed, 0.3),
        "inverse_obukhov_length": 1.0 / table.obukhov_length_m,
        "air_temperature": table.air_temperature_K,
        "air_pressure": table.air_pressure_Pa,
        **_gas(
            "methane",
            table.ch4_ppm,
            table.instrument,
            unit="ppm",
            temperature_k=table.air_temperature_K.to_numpy(float),
            pressure_pa=table.air_pressure_Pa.to_numpy(float),
        ),
    }
    if not path:
        return assemble(IN_SITU, common | {"x": table.x1_m, "y": table.y1_m, "z": table.z_m})
    ends = {"x_start": table.x1_m, "y_start": table.y1_m, "x_end": table.x2_m, "y_end": table.y2_m}
    return assemble(OPEN_PATH, common | ends | {"z_start": table.z_m, "z_end": table.z_m})


def chilbolton(data_dir: Path) -> list[Release]:
    """Chilbolton 2017: one survey per `source-*` folder; seven open paths, 1-min means."""
    releases: list[Release] = []
    for folder in sorted((data_dir / "chilbolton-2017").glob("source-*")):
        table = pd.read_csv(folder / "observations.csv")
        beams = pd.read_csv(folder / "beams.csv").set_index("beam")
        weather = pd.read_csv(folder / "wind.csv")
        long = table.melt(id_vars="minute", var_name="sensor", value_name="ppm")
        beam = long.sensor.str.extract(r"beam(\d+)_")[0].astype(int)
        place = beams.loc[beam]
        names = [f"beam {number}" for number in sorted(beam.unique())]
        time = _minutes(long.minute)
        series = wind_series(
            _minutes(weather.minute),
            *components_m_s(weather.speed_m_s, weather.direction_from_deg),
            height_m=1.6,
            optional={
                "direction_sigma": np.arctan(weather.average_tan_gamma_horizontal),
                "elevation_sigma": np.arctan(weather.average_tan_gamma_vertical),
            },
        )
        survey = _survey(
            f"Chilbolton 2017 {folder.name}",
            LocalFrame(origin=None),
            folder,
            {
                "time": time,
                "sensor": beam - 1,
                "sensor_name": names,
                "x_start": place.x1_m,
                "y_start": place.y1_m,
                "x_end": place.x2_m,
                "y_end": place.y2_m,
                "z_start": 1.6,
                "z_end": 1.6,
                "averaging_time": 60.0,
                **_gas("methane", long.ppm, beam, unit="ppm", temperature_k=284.0, pressure_pa=101_400.0),
                **at_times(series, time),
            },
            remarks=(
                "the minute index is a label only; minutes count from 2017-05-09T00:00 UTC",
                "air temperature 284 K and pressure 1014 hPa are those of the published raw record of 2017-05-09",
                "paths are 1.6 m above ground as published; the height of the wind is assumed to be the same",
                "turbulence angles are arctan of the set's mean tan(gamma), rolling standard deviations",
            ),
        )
        first, last = _ends(survey)
        truth = tuple(
            Truth(
                x_m=float(row["x_m"]),
                y_m=float(row["y_m"]),
                z_m=float(row["z_m"]),
                rate_kg_s=float(row["rate_g_s"]) * 1e-3,
                sigma_kg_s=np.nan,
                start=first,
                end=last + np.timedelta64(60, "s"),
            )
            for row in _rows(folder / "truth.csv")
        )
        releases.append((f"Chilbolton {folder.name}", survey, truth))
    if not releases:
        _say(f"no Chilbolton source folder in {data_dir}")
    return releases


def prairie_grass(data_dir: Path) -> list[Release]:
    """Prairie Grass 1956: one survey per 10-min run that has wind; SO2 on arcs at 1.5 m."""
    folder = data_dir / "prairie-grass-1956"
    if not _there(folder):
        return []
    table = pd.read_csv(folder / "observations.csv")
    weather = pd.read_csv(folder / "meteorology.csv").set_index("run")
    truth = {int(row["run"]): row for row in _rows(folder / "truth.csv")}
    windy = weather.dropna(subset=["wind_direction_from_deg", "speed_m_s"])
    skipped = sorted(set(table.run) - set(windy.index))
    if skipped:
        _say(f"Prairie Grass runs without wind are left out: {', '.join(map(str, skipped))}")
    releases: list[Release] = []
    for run in sorted(int(index) for index in windy.index):
        row = windy[windy.index == run].iloc[0]
        readings = table[table.run == run]
        if readings.empty or run not in truth:
            _say(f"Prairie Grass run {run} has no reading or no truth and is left out")
            continue
        start = _prairie_time(str(row.date), str(row.local_time))
        survey = _prairie_survey(run, readings, row, start=start, folder=folder)
        source = truth[run]
        releases.append((
            f"Prairie Grass run {run}",
            survey,
            (
                Truth(
                    x_m=float(source["x_m"]),
                    y_m=float(source["y_m"]),
                    z_m=float(source["height_m"]),
                    rate_kg_s=float(source["rate_g_s"]) * 1e-3,
                    sigma_kg_s=np.nan,
                    start=start,
                    end=start + np.timedelta64(600, "s"),
                ),
            ),
        ))
    return releases


def _prairie_survey(
    run: int, readings: pd.DataFrame, weather: pd.Series[Any], *, start: np.datetime64, folder: Path
) -> Survey:
    value = readings.so2_mg_m3.to_numpy(np.float64)
    missing = ~(value >= 0)
    names = [
        f"{arc:g} m, {azimuth:g} deg"
        for arc, azimuth in zip(readings.arc_m, readings.azimuth_deg, strict=True)
    ]
    substance = gas("SO2")
    kg_m3 = to_mass_concentration(
        np.where(missing, np.nan, value), "mg m-3", gas=substance, temperature_k=293.0, pressure_pa=95_000.0
    )
    east, north = components_m_s(weather.speed_m_s, weather.wind_direction_from_deg)
    speed, swing = float(weather.speed_m_s), np.deg2rad(float(weather.azimuth_sigma_deg))
    return _survey(
        f"Prairie Grass run {run}",
        LocalFrame(origin=PRAIRIE_GRASS_ORIGIN),
        folder,
        {
            "time": np.full(value.size, start),
            "sensor": np.arange(value.size),
            "sensor_name": names,
            "x": readings.x_m,
            "y": readings.y_m,
            "z": readings.z_m,
            "averaging_time": 600.0,
            "species": [substance.name],
            "molar_mass": [substance.molar_mass_kg_mol],
            "mass_concentration": kg_m3[:, None],
            "mass_concentration_sigma": np.full((value.size, 1), 5e-9),
            "quality": np.where(missing, int(Quality.DROPOUT), 0)[:, None],
            "wind_eastward": east,
            "wind_northward": north,
            "wind_sigma": np.hypot(0.1, speed * swing * np.sqrt(2 * 10.0 / 600.0)),
            "wind_height": 2.0,
            "direction_sigma": swing,
            "inverse_obukhov_length": 1.0 / float(weather.obukhov_length_m),
            "friction_velocity": float(weather.friction_velocity_m_s),
        },
        remarks=(
            "times are Central Standard Time taken to UTC (+6 h), doi-less report Barad 1958, AFCRC-TR-58-235",
            "the wind is at 2 m: with roughness 0.006 m it follows from the set's u* and L within 7 %",
            "the sampling resolution of the published values, 0.005 mg m-3, stands for the noise",
        ),
    )


PRAIRIE_GRASS_ORIGIN = lonlat(-98.57, 42.49)
"""O'Neill, Nebraska, to about 1 km: Barad 1958."""


def _prairie_time(date: str, local: str) -> np.datetime64:
    month, day, year = (int(part) for part in date.split("/"))
    clock = local.partition("-")[0]
    text = f"19{year:02d}-{month:02d}-{day:02d}T{clock[:2]}:{clock[2:]}"
    return np.datetime64(text, "ns") + np.timedelta64(6, "h")


def _gas(
    name: str,
    values: pd.Series[float],
    sensors: pd.Series[Any],
    *,
    unit: str,
    temperature_k: Any,
    pressure_pa: Any,
) -> dict[str, Any]:
    substance = gas(name)
    kg_m3 = to_mass_concentration(
        np.asarray(values, np.float64),
        unit,
        gas=substance,
        temperature_k=temperature_k,
        pressure_pa=pressure_pa,
    )
    noise = np.full(kg_m3.size, np.nan)
    for sensor in np.unique(sensors.to_numpy()):
        rows = np.flatnonzero(sensors.to_numpy() == sensor)
        noise[rows] = noise_sigma(kg_m3[rows])
    return {
        "species": [substance.name],
        "molar_mass": [substance.molar_mass_kg_mol],
        "mass_concentration": kg_m3[:, None],
        "mass_concentration_sigma": noise[:, None],
        "quality": np.where(np.isfinite(kg_m3), 0, int(Quality.DROPOUT))[:, None],
    }


def _survey(
    name: str, frame: LocalFrame, folder: Path, values: dict[str, Any], *, remarks: tuple[str, ...]
) -> Survey:
    wind_missing = ~np.isfinite(np.broadcast_to(values["wind_eastward"], len(values["time"])))
    values["quality"] = values["quality"] | np.where(wind_missing, int(Quality.WIND_MISSING), 0)[:, None]
    path = "x_start" in values
    dataset = assemble(OPEN_PATH if path else IN_SITU, values)
    return Survey(
        name=name,
        frame=frame,
        in_situ=None if path else dataset,
        open_path=dataset if path else None,
        inputs=_inputs(folder),
        remarks=remarks,
    )


def _inputs(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of_file(path) for path in sorted(folder.glob("*.csv")) if path.stem != "truth"}


def _times(text: pd.Series[str]) -> NDArray[np.datetime64]:
    times: NDArray[np.datetime64] = (
        pd.to_datetime(text, utc=True).dt.tz_localize(None).to_numpy("datetime64[ns]")
    )
    return times


def _minutes(index: pd.Series[int]) -> NDArray[np.datetime64]:
    times: NDArray[np.datetime64] = np.datetime64(
        "2017-05-09T00:00", "ns"
    ) + index.to_numpy() * np.timedelta64(60, "s")
    return times


def _utc(text: str) -> np.datetime64:
    moment = pd.Timestamp(text)
    return (moment.tz_convert(None) if moment.tzinfo else moment).to_datetime64()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _ends(survey: Survey) -> tuple[np.datetime64, np.datetime64]:
    times = np.concatenate([dataset["time"].to_numpy() for dataset in survey.datasets])
    return times.min(), times.max()


def _there(folder: Path) -> bool:
    if (folder / "observations.csv").exists():
        return True
    _say(f"{folder} is not there")
    return False


def _say(text: str) -> None:
    sys.stderr.write(f"real sets: {text}\n")
