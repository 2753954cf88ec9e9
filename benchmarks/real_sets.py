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
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from plumeline import units
from plumeline.observations import Quality, Survey
from plumeline.workflows.ingest import load_survey

if TYPE_CHECKING:
    import argparse

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SURVEYS = Path(__file__).parent / "surveys"
"""Survey files and mappings of the sets."""


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
    whole = load_survey(folder, settings=SURVEYS / "aded.survey.toml")
    first, last = _ends(whole)
    releases: list[Release] = []
    for row in _rows(folder / "truth.csv"):
        start = max(_utc(row["start"]), first)
        end = min(_utc(row["end"]), last + np.timedelta64(60, "s"))
        if start >= end:
            _say(f"ADED release {row['release']} lies outside the data and is left out")
            continue
        sigma = float(row["rate_sigma_g_s"]) * 1e-3
        source = _truth(row, rate_kg_s=float(row["rate_g_s"]) * 1e-3, start=start, end=end, sigma_kg_s=sigma)
        releases.append((f"{row['release']} {str(start)[:16]}", whole.between(start, end), (source,)))
    return releases


def ginninderra(data_dir: Path) -> list[Release]:
    """Ginninderra 2015: one survey with the whole record, and the source's rate in each 5-min interval.

    The source was 0.3 m high (Cartwright et al. 2019). Times are local ones less ten hours, in survey and truth alike.
    """
    folder = data_dir / "ginninderra-2015"
    if not _there(folder):
        return []
    survey = load_survey(folder, settings=SURVEYS / "ginninderra.survey.toml")
    g_min = units.factor("g/min", units.RATE_UNITS, "rate")
    sources = []
    for row in _rows(folder / "truth.csv"):
        start = _utc(f"{row['time_local']}+10:00")
        end = start + np.timedelta64(300, "s")
        sources.append(_truth(row, rate_kg_s=float(row["rate_g_min"]) * g_min, start=start, end=end, z_m=0.3))
    return [(survey.name, survey, tuple(sources))]


def chilbolton(data_dir: Path) -> list[Release]:
    """Chilbolton 2017: one survey per `source-*` folder; seven open paths, 1-min means, times are labels only."""
    releases: list[Release] = []
    for folder in sorted((data_dir / "chilbolton-2017").glob("source-*")):
        survey = load_survey(folder, settings=SURVEYS / "chilbolton.survey.toml")
        start, last = _ends(survey)
        end = last + np.timedelta64(60, "s")
        truth = tuple(
            _truth(row, rate_kg_s=float(row["rate_g_s"]) * 1e-3, start=start, end=end)
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
    whole = load_survey(folder, settings=SURVEYS / "prairie_grass.survey.toml")
    releases: list[Release] = []
    skipped = []
    times = {int(row["run"]): _prairie_time(row) for row in _rows(folder / "meteorology.csv")}
    for row in _rows(folder / "truth.csv"):
        start = times.get(int(row["run"]))
        if start is None:
            skipped.append(row["run"])
            continue
        end = start + np.timedelta64(600, "s")
        survey = whole.between(start, end)
        if any((dataset["quality"] & int(Quality.WIND_MISSING)).all() for dataset in survey.datasets):
            skipped.append(row["run"])
            continue
        height = float(row["height_m"])
        source = _truth(row, rate_kg_s=float(row["rate_g_s"]) * 1e-3, start=start, end=end, z_m=height)
        releases.append((f"Prairie Grass run {row['run']}", survey, (source,)))
    if skipped:
        _say(f"Prairie Grass runs without wind or time are left out: {', '.join(skipped)}")
    return releases


def _truth(
    row: dict[str, str],
    *,
    rate_kg_s: float,
    start: np.datetime64,
    end: np.datetime64,
    z_m: float = np.nan,
    sigma_kg_s: float = np.nan,
) -> Truth:
    return Truth(
        x_m=float(row["x_m"]),
        y_m=float(row["y_m"]),
        z_m=float(row.get("z_m", z_m)),
        rate_kg_s=rate_kg_s,
        sigma_kg_s=sigma_kg_s,
        start=start,
        end=end,
    )


def _prairie_time(row: dict[str, str]) -> np.datetime64:
    month, day, year = row["date"].split("/")
    clock = row["local_time"].partition("-")[0]
    return _utc(f"19{year}-{month}-{day}T{clock[:2]}:{clock[2:]}-06:00")


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
