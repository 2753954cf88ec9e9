"""From recordings and what was declared about them to a `Survey`: clocks, frame, air, readings, wind, in this order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import InputError
from plumeline.instruments import gas_variables
from plumeline.observations import airstate, geometry, positions, readings, sources, windsources
from plumeline.observations.assembly import assemble
from plumeline.observations.cross_sensitivity import with_responses
from plumeline.observations.products import IN_SITU, OPEN_PATH, UNUSABLE, Quality
from plumeline.observations.survey import Survey
from plumeline.observations.wind import CALM_SPEED_M_S, by_priority
from plumeline.observations.windagreement import contradictions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.frames import LocalFrame
    from plumeline.observations.positions import PlatformTrack
    from plumeline.observations.readings import Block
    from plumeline.observations.settings import SurveySettings
    from plumeline.observations.sources import Source

    Floats = NDArray[np.float64]
    Times = NDArray[np.datetime64]
    Columns = dict[str, Any]

LEAST_PATH_M = 0.5
"""A shorter optical path has no meaningful mean concentration: flagged as a dropout [m]."""

NOT_VARIABLES = {"series", "label", "chosen", "glitch", "short"}
"""Columns that carry something else than a variable of the schema."""


@dataclass(slots=True, kw_only=True)
class _Bench:
    """What is known so far while a survey is put together."""

    settings: SurveySettings
    frame: LocalFrame
    tracks: dict[str, PlatformTrack] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def make_survey(
    files: Sequence[Source], settings: SurveySettings, *, name: str, lenient: bool = False
) -> Survey:
    """Put recordings together into a survey.

    Args:
        files: the recordings with their settings.
        settings: what was declared about the survey.
        name: its name, when the settings give none.
        lenient: whether a recording of another time or place is left out, with a remark, instead of refused.

    Returns:
        The survey; everything that was assumed is in its remarks.

    Raises:
        ConfigurationError: a declared name or value is not known.
        InputError: no reading, no position, no wind, two clocks, or two places.
    """
    if not any("readings" in source.tables for source in files):
        _refuse_without_gas(settings.remarks)
    aligned, remarks = sources.align_clocks(files, lenient=lenient)
    if lenient:
        aligned, elsewhere = positions.at_one_place(aligned)
        remarks += elsewhere
    bench = _Bench(settings=settings, frame=positions.survey_frame(aligned, settings))
    bench.remarks += [
        *settings.remarks,
        *_file_remarks(aligned, is_frame_known=bool(settings.wind.frame)),
        *remarks,
    ]
    for source in aligned:
        track = positions.merge_attitude(
            positions.platform_track(source, bench.frame, settings.height), source
        )
        if track is not None:
            bench.tracks[source.name] = track
            bench.remarks += track.remarks
    points: list[Columns] = []
    paths: list[Columns] = []
    for source in aligned:
        if "readings" in source.tables:
            _take_readings(bench, source, aligned, points, paths)
    if not points and not paths:
        _refuse_without_gas(bench.remarks)
    every = np.concatenate([part["time"] for part in (*points, *paths)])
    winds, notes = windsources.winds(aligned, settings.wind, tracks=bench.tracks, time=every)
    bench.remarks += notes
    gaps = windsources.declared_gaps(settings.wind)
    bench.remarks += contradictions(winds, every, gaps=gaps)
    survey = Survey(
        name=settings.name or name,
        frame=bench.frame,
        in_situ=_dataset(IN_SITU, points, winds, bench),
        open_path=_dataset(OPEN_PATH, paths, winds, bench),
        inputs={key: value for source in aligned for key, value in source.recording.inputs().items()},
        remarks=(),
    )
    return _checked(with_responses(survey, settings.response), bench)


def _refuse_without_gas(remarks: Sequence[str]) -> None:
    why = [remark for remark in remarks if "left out" in remark]
    raise InputError(
        "no file holds a gas reading that can be made into a concentration",
        remedy="; ".join(why[:5])
        or "add the gas sensor's recording, or map a [[value]] with its species and unit",
    )


def _file_remarks(files: Sequence[Source], *, is_frame_known: bool) -> list[str]:
    asked = "whether wind directions count from the nose"
    lines = [
        f"{source.name}: {remark}"
        for source in files
        for remark in source.recording.remarks
        if not (is_frame_known and asked in remark.what)
    ]
    relative = [source.name for source in files if source.is_relative]
    if relative:
        lines.append(f"the times of {', '.join(relative)} have no calendar date: they are labels only")
    return lines


def _take_readings(
    bench: _Bench, source: Source, files: Sequence[Source], points: list[Columns], paths: list[Columns]
) -> None:
    table = source.tables["readings"]
    ends = _path_ends(bench, source, table)
    length = None
    if ends is not None:
        length = np.sqrt(sum((ends[f"{axis}_end"] - ends[f"{axis}_start"]) ** 2 for axis in "xyz"))
        length = np.where(length > 0, length, np.nan)
    air, notes = airstate.air_of(source, files, bench.settings.air, path_m=length)
    bench.remarks += notes
    made, remarks = readings.blocks(source, air, bench.settings)
    bench.remarks += remarks
    taken = {str(part["label"][0]) for part in (*points, *paths)}
    if any(block.label in taken for block in made):
        made = [replace(block, label=f"{source.name} {block.label}") for block in made]
    for block in made:
        common = _columns(bench, source, block, air)
        if ends is None:
            points.append(common | _point(bench, source, table, block))
            continue
        here = {key: values[block.rows] for key, values in ends.items()}
        span = length[block.rows] if length is not None else np.full(block.rows.size, np.nan)
        at_point = ~(span > 0) & np.isfinite(here["x_start"])
        common["short"] = (span > 0) & (span < LEAST_PATH_M)
        for chosen, target in ((at_point, points), (~at_point, paths)):
            if chosen.any():
                place = here if target is paths else {axis: here[f"{axis}_start"] for axis in "xyz"}
                target.append(_cut(common | place, chosen))


def _path_ends(bench: _Bench, source: Source, table: xr.Dataset) -> Columns | None:
    """Both ends of every record's optical path, or None for readings at a point."""
    heights, name = bench.settings.height, source.name
    if "x_start" in table or "longitude_start" in table:
        out: Columns = {}
        for end in ("start", "end"):
            out[f"x_{end}"], out[f"y_{end}"] = positions.local_xy(table, bench.frame, f"_{end}")
            out[f"z_{end}"], remarks = positions.fixed_height(table, heights, name, f"_{end}")
            bench.remarks += remarks
        missing = ~np.isfinite(out["x_end"]) | ~np.isfinite(out["y_end"])
        for axis in "xyz":
            out[f"{axis}_end"] = np.where(missing, out[f"{axis}_start"], out[f"{axis}_end"])
        return out
    if not any(table[one].attrs.get("meaning") == "column" for one in gas_variables(table)):
        return None
    x, y, z, _ = _on_track(bench, source, table["time"].to_numpy())
    bench.remarks.append(f"{name} measures the column between the platform and the ground straight below it")
    return {"x_start": x, "y_start": y, "z_start": z, "x_end": x, "y_end": y, "z_end": np.zeros(z.size)}


def _point(bench: _Bench, source: Source, table: xr.Dataset, block: Block) -> Columns:
    if source.name not in bench.tracks and ("x" in table or "longitude" in table):
        x, y = positions.local_xy(table, bench.frame)
        z, remarks = positions.fixed_height(table, bench.settings.height, source.name)
        bench.remarks += remarks
        return {"x": x[block.rows], "y": y[block.rows], "z": z[block.rows]}
    x, y, z, glitch = _on_track(bench, source, block.time)
    return {
        "x": x,
        "y": y,
        "z": z,
        "glitch": glitch,
        "position_sigma": _position_sigma(bench, source, block.time),
    }


def _position_sigma(bench: _Bench, source: Source, time: Times) -> Floats:
    """Declared error of a position, and the way flown in the clock's error; NaN when neither is declared."""
    declared, late = source.settings.position_sigma_m, source.settings.clock_sigma_s
    if declared is None and not late:
        return np.full(time.size, np.nan)
    track = bench.tracks.get(source.name) or next(iter(bench.tracks.values()))
    east, north = geometry.velocity_m_s(track.track)
    speed = np.hypot(east, north)
    known = np.isfinite(speed)
    way = (
        late * np.interp(sources.seconds(time), track.track.time_s[known], speed[known])
        if known.any()
        else 0.0
    )
    return np.asarray(np.hypot(np.full(time.size, declared or 0.0), way), np.float64)


def _on_track(bench: _Bench, source: Source, time: Times) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Position on the source's own track, else on the only other one, and whether it stands on a glitch.

    Raises:
        InputError: no track, or none that is clearly the right one.
    """
    track = bench.tracks.get(source.name)
    if track is None and len(bench.tracks) == 1:
        [(other, track)] = bench.tracks.items()
        bench.remarks.append(f"the positions of {source.name} come from {other}")
    if track is None:
        what = "several files have a track" if bench.tracks else "no file has a track"
        raise InputError(
            f"does not say where its readings were taken, and {what}",
            where=source.name,
            remedy="leave only the right track in the survey" if bench.tracks else "add the autopilot's log",
        )
    t = sources.seconds(time)
    forward, right, up = source.settings.lever_m or (0.0, 0.0, 0.0)
    x, y, z = geometry.at_times(track.track, t, lever_m=(forward, right, up))
    return x, y, np.maximum(z, 0.0), np.isin(t, track.glitch_s)


def _columns(bench: _Bench, source: Source, block: Block, air: readings.Air) -> Columns:
    table = source.tables["readings"]
    mean = table.attrs.get("averaging_time_s", bench.settings.averaging_time_s)
    still = source.settings.position_sigma_m
    return {
        "label": np.full(block.rows.size, block.label, object),
        "time": block.time,
        "series": block.series,
        "air_temperature": air.temperature_k[block.rows],
        "air_pressure": air.pressure_pa[block.rows],
        "averaging_time": np.full(block.rows.size, np.nan if mean is None else float(mean)),
        "position_sigma": np.full(block.rows.size, np.nan if still is None else still),
        "glitch": np.zeros(block.rows.size, bool),
        "short": np.zeros(block.rows.size, bool),
        "chosen": np.arange(block.rows.size),
    }


def _cut(columns: Columns, chosen: NDArray[np.bool_]) -> Columns:
    return {
        key: value if key == "series" else (np.flatnonzero(chosen) if key == "chosen" else value[chosen])
        for key, value in columns.items()
    }


def _dataset(
    schema: Any, parts: list[Columns], winds: list[tuple[str, xr.Dataset]], bench: _Bench
) -> xr.Dataset | None:
    if not parts:
        return None
    gases = {one.gas.name: one.gas for part in parts for one in part["series"]}
    count = sum(part["time"].size for part in parts)
    shape = (count, len(gases))
    grids: dict[str, Any] = {
        key: np.full(shape, np.nan)
        for key in ("mass_concentration", "mass_concentration_sigma", "detection_limit")
    }
    flags = np.full(shape, int(Quality.DROPOUT))
    start = 0
    for part in parts:
        rows = slice(start, start + part["time"].size)
        start = rows.stop
        for one in part["series"]:
            column = list(gases).index(one.gas.name)
            grids["mass_concentration"][rows, column] = one.concentration_kg_m3[part["chosen"]]
            grids["mass_concentration_sigma"][rows, column] = one.sigma_kg_m3[part["chosen"]]
            grids["detection_limit"][rows, column] = one.limit_kg_m3[part["chosen"]]
            flags[rows, column] = one.flags[part["chosen"]]
    names = [key for key in parts[0] if key not in NOT_VARIABLES]
    columns: Columns = {name: np.concatenate([part[name] for part in parts]) for name in names}
    labels = np.concatenate([part["label"] for part in parts])
    sensors = sorted(dict.fromkeys(labels.tolist()))
    columns["sensor"] = np.searchsorted(np.asarray(sensors, object), labels)
    wind = by_priority(
        [series for _, series in winds], columns["time"], gaps=windsources.declared_gaps(bench.settings.wind)
    )
    source = wind.pop("wind_source")
    if len(winds) > 1:
        used = Counter(winds[int(index)][0] for index in source if index >= 0)
        bench.remarks.append(
            "wind from " + ", ".join(f"{name} ({n} readings)" for name, n in used.most_common())
        )
    glitch = np.concatenate([part["glitch"] for part in parts])
    placed = np.isfinite(columns["x" if "x" in columns else "x_start"])
    every = np.where(glitch, int(Quality.POSITION_GLITCH), 0)
    every |= np.where(np.concatenate([part["short"] for part in parts]), int(Quality.DROPOUT), 0)
    every |= np.where(placed, 0, int(Quality.POSITION_MISSING))
    every |= np.where(np.isfinite(wind["wind_eastward"]), 0, int(Quality.WIND_MISSING))
    left = _responses(parts, sensors, list(gases))
    order = np.lexsort((columns["sensor"], columns["time"]))
    by_row = columns | wind | grids | {"quality": flags | every[:, None]}
    return assemble(
        schema,
        {name: values[order] for name, values in by_row.items()}
        | {
            **left,
            "sensor_name": sensors,
            "species": list(gases),
            "molar_mass": [one.molar_mass_kg_mol for one in gases.values()],
        },
    )


def _responses(parts: list[Columns], sensors: list[str], gases: list[str]) -> dict[str, Floats]:
    """Time constants that are still in the readings, by sensor and gas."""
    out = {
        name: np.full((len(sensors), len(gases)), np.nan)
        for name in ("rise_time", "decay_time", "second_time")
    }
    for part in parts:
        for one in part["series"]:
            if part["label"].size and not one.left.is_immediate:
                place = sensors.index(str(part["label"][0])), gases.index(one.gas.name)
                out["rise_time"][place] = one.left.rise_s
                out["decay_time"][place] = one.left.falling_s
                out["second_time"][place] = one.left.second_s or np.nan
    return out


def _checked(survey: Survey, bench: _Bench) -> Survey:
    """The survey with its remarks, after the checks that need all of it.

    Raises:
        InputError: every reading is saturated, or no reading has wind or a position.
    """
    flags = np.concatenate([dataset["quality"].to_numpy().ravel() for dataset in survey.datasets])
    measured = np.concatenate([
        np.isfinite(dataset["mass_concentration"].to_numpy()).ravel() for dataset in survey.datasets
    ])
    saturated = (flags & int(Quality.SATURATED)) != 0
    if measured.any() and saturated[measured].all():
        raise InputError(
            "every reading is at the sensor's ceiling, so nothing tells where the gas comes from",
            remedy="check the ceiling, the range and the unit of the sensor; fly further away",
        )
    if (flags & int(Quality.WIND_MISSING)).all():
        raise InputError(
            "there is no wind at the time of any reading",
            remedy="check the clocks and time zones of the wind and of the readings, or declare [wind] interpolate_s",
        )
    if (flags & int(Quality.POSITION_MISSING)).all():
        raise InputError(
            "there is no position at the time of any reading",
            remedy="check the clocks of the track and of the readings, or declare clock_offset_s",
        )
    counts = {one: int(np.count_nonzero(flags & int(one))) for one in Quality}
    listed = ", ".join(f"{n} {(one.name or '').lower()}" for one, n in counts.items() if n)
    usable = int(np.count_nonzero((flags & int(UNUSABLE)) == 0))
    notes = [f"{usable} of {flags.size} values are usable" + (f"; flags: {listed}" if listed else "")]
    speed = np.concatenate([
        np.hypot(d["wind_eastward"].to_numpy(), d["wind_northward"].to_numpy()) for d in survey.datasets
    ])
    calm = float(np.mean(speed[np.isfinite(speed)] < CALM_SPEED_M_S)) if np.isfinite(speed).any() else 0.0
    if calm > 0.05:
        notes.append(
            f"{calm:.0%} of the readings were taken in wind below {CALM_SPEED_M_S:g} m/s, where it has no direction"
        )
    if all(np.isnan(d["wind_height"]).all() for d in survey.datasets):
        notes.append("the height of the wind is not known; declare [wind] height_m")
    return replace(survey, remarks=tuple(dict.fromkeys([*bench.remarks, *notes])))
