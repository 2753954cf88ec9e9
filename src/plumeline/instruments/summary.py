"""What is in a recording, and what it lacks for locating a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.frames import LocalFrame, lonlat
from plumeline.instruments.tables import gas_variables, has_position

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.instruments.recording import Recording

GAP_FACTOR = 5.0
"""A step longer than this many median steps is a gap."""
SHORTEST_GAP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableSummary:
    """One column of a raw table."""

    name: str
    units: str
    low: float | None
    """Least value; None for text or when there is none."""
    median: float | None
    high: float | None
    missing: int
    """Records without a value."""
    note: str = ""
    """What else its attributes say: meaning, reference, limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSummary:
    """One raw table."""

    kind: str
    records: int
    sensors: tuple[str, ...]
    time_reference: str
    """Whether the times are "utc" or "relative"."""
    start: str
    """First time, UTC; empty when no time could be read."""
    end: str
    duration_s: float
    interval_s: float
    """Median time between records of one sensor; NaN for a single record."""
    gaps: int
    longest_gap_s: float
    extent_m: tuple[float, float] | None
    """East-west and north-south extent; None without a position."""
    variables: tuple[VariableSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Something that locating a source needs and the recording does not have."""

    what: str
    remedy: str
    essential: bool
    """Whether nothing can be located without it."""


def summarize(kind: str, table: xr.Dataset) -> TableSummary:
    """Sum up one raw table.

    Args:
        kind: kind of table.
        table: the table.

    Returns:
        Its size, times, gaps, extent and columns.
    """
    time = table["time"].to_numpy()
    known = time[~np.isnat(time)]
    steps = _steps_s(table)
    interval = float(np.median(steps)) if steps.size else float("nan")
    wide = steps[steps > max(GAP_FACTOR * interval, SHORTEST_GAP_S)] if steps.size else steps
    skip = {"time", "line", "sensor", "sensor_name"}
    names = [str(n) for n in table.data_vars if n not in skip]
    sensors = tuple(str(s) for s in table["sensor_name"].to_numpy()) if "sensor_name" in table else ()
    return TableSummary(
        kind=kind,
        records=int(table.sizes["record"]),
        sensors=sensors,
        time_reference=str(table.attrs.get("time_reference", "utc")),
        start=_text(known.min()) if known.size else "",
        end=_text(known.max()) if known.size else "",
        duration_s=float((known.max() - known.min()) / np.timedelta64(1, "s")) if known.size else 0.0,
        interval_s=interval,
        gaps=int(wide.size),
        longest_gap_s=float(wide.max()) if wide.size else 0.0,
        extent_m=extent_m(table),
        variables=tuple(_variable(name, table[name]) for name in names),
    )


def _steps_s(table: xr.Dataset) -> NDArray[np.float64]:
    """Positive time steps between records of one sensor [s]."""
    time = table["time"].to_numpy()
    sensor = table["sensor"].to_numpy() if "sensor" in table else np.zeros(time.size, "int64")
    order = np.lexsort((np.arange(time.size), sensor))
    same = np.diff(sensor[order]) == 0
    steps = (np.diff(time[order]) / np.timedelta64(1, "s"))[same]
    return np.asarray(steps[np.isfinite(steps) & (steps > 0)], float)


def _text(time: np.datetime64) -> str:
    return str(time.astype("datetime64[ms]")).removesuffix(".000") + "Z"


def _variable(name: str, values: xr.DataArray) -> VariableSummary:
    notes = [str(values.attrs[key]) for key in ("meaning", "reference", "frame") if key in values.attrs]
    notes += [
        f"{key.replace('_', ' ')} {values.attrs[key]:g}"
        for key in ("detection_limit", "ceiling", "noise")
        if key in values.attrs
    ]
    units = str(values.attrs.get("units", ""))
    data = values.to_numpy()
    if data.dtype.kind != "f":
        empty = sum(not str(value).strip() for value in data)
        different = len({str(value) for value in data})
        note = ", ".join([*notes, f"{different} different text{'s' if different > 1 else ''}"])
        return VariableSummary(
            name=name, units=units, low=None, median=None, high=None, missing=int(empty), note=note
        )
    good = data[np.isfinite(data)]
    low, median, high = (
        (float(good.min()), float(np.median(good)), float(good.max())) if good.size else (None, None, None)
    )
    return VariableSummary(
        name=name,
        units=units,
        low=low,
        median=median,
        high=high,
        missing=int(data.size - good.size),
        note=", ".join(notes),
    )


def local_positions_m(table: xr.Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """East and north of a table's records from their middle; of a path, its first end.

    Args:
        table: any raw table.

    Returns:
        East and north, each of shape (record,) [m], NaN where there is no usable position; None without any.
    """
    for end in ("", "_start"):
        if f"x{end}" in table and f"y{end}" in table:
            return table[f"x{end}"].to_numpy(), table[f"y{end}"].to_numpy()
        if f"latitude{end}" in table and f"longitude{end}" in table:
            lat, lon = table[f"latitude{end}"].to_numpy(), table[f"longitude{end}"].to_numpy()
            good = (np.abs(lat) <= 90) & (np.abs(lon) <= 180) & ~((lat == 0) & (lon == 0))
            if not good.any():
                return None
            origin = lonlat(float(np.median(lon[good])), float(np.median(lat[good])))
            frame = LocalFrame(origin=origin)
            return frame.to_local(np.where(good, lon, np.nan), np.where(good, lat, np.nan))
    return None


def extent_m(table: xr.Dataset) -> tuple[float, float] | None:
    """East-west and north-south extent of a table's positions.

    Args:
        table: any raw table.

    Returns:
        Extents [m], or None without a usable position.
    """
    found = local_positions_m(table)
    if found is None or not np.isfinite(found[0]).any() or not np.isfinite(found[1]).any():
        return None
    return tuple(float(np.nanmax(axis) - np.nanmin(axis)) for axis in found)  # type: ignore[return-value]


def lacks(recording: Recording) -> tuple[Lack, ...]:
    """What locating a source needs and the recording does not have.

    Args:
        recording: the recording.

    Returns:
        The essential lacks first.
    """
    tables = recording.tables
    found: list[Lack | None] = [
        _no_gas(tables.get("readings")),
        _no_position(recording),
        *_wind_lacks(recording),
        _no_calendar(recording),
        *_gas_lacks(tables.get("readings")),
        _no_height(recording),
        _no_weather(tables.get("meteorology")),
    ]
    return tuple(sorted((lack for lack in found if lack is not None), key=lambda lack: not lack.essential))


def _no_gas(readings: xr.Dataset | None) -> Lack | None:
    if readings is not None and gas_variables(readings):
        return None
    return Lack(what="no gas readings", remedy="add the sensor's own log to the survey", essential=True)


def _no_position(recording: Recording) -> Lack | None:
    tables = [recording.tables[kind] for kind in ("readings", "track") if kind in recording.tables]
    if any(has_position(table) for table in tables):
        return None
    return Lack(
        what="no position",
        remedy="add a track (autopilot log, NMEA, GPX) or the sensors' positions",
        essential=True,
    )


def _no_calendar(recording: Recording) -> Lack | None:
    if all(table.attrs.get("time_reference") == "utc" for table in recording.tables.values()):
        return None
    return Lack(
        what="no calendar date: times are relative",
        remedy="give [time] date or start; needed to join it with other files",
        essential=False,
    )


def _wind_lacks(recording: Recording) -> list[Lack]:
    wind = recording.tables.get("wind")
    if wind is None:
        return [Lack(what="no wind", remedy="add an anemometer's, autopilot's or METAR file", essential=True)]
    found = []
    if wind.attrs.get("motion") in {"included", "unknown"} and wind.attrs.get("mounting") == "platform":
        remedy = "needs heading and ground velocity of the same flight to take it out"
        found.append(
            Lack(what="the wind still holds the platform's own motion", remedy=remedy, essential=False)
        )
    if wind.attrs.get("frame") == "unknown":
        found.append(
            Lack(
                what="the wind's directions count from nose or north, unknown which",
                remedy='give [wind] frame = "body", "magnetic" or "true"',
                essential=False,
            )
        )
    if "height" not in wind and wind.attrs.get("mounting") == "fixed":
        found.append(
            Lack(what="no height of the wind", remedy="give [wind] height in metres", essential=False)
        )
    return found


def _gas_lacks(readings: xr.Dataset | None) -> list[Lack]:
    if readings is None:
        return []
    found = []
    names = gas_variables(readings)
    without = [name for name in names if "detection_limit" not in readings[name].attrs]
    if without:
        remedy = "give detection_limit in [[value]]; it is estimated from the quiet parts otherwise"
        found.append(Lack(what=f"no detection limit of {', '.join(without)}", remedy=remedy, essential=False))
    raw = [name for name in names if readings[name].attrs.get("units") in {"raw", "count", "V", "mV", "ohm"}]
    if raw:
        remedy = "no rate can be given from it; a place can"
        found.append(Lack(what=f"{', '.join(raw)} is no concentration", remedy=remedy, essential=False))
    return found


def _no_height(recording: Recording) -> Lack | None:
    tables = [table for kind, table in recording.tables.items() if kind in {"track", "readings"}]
    names = ("height", "height_start", "altitude")
    if not tables or any(name in table for table in tables for name in names):
        return None
    return Lack(
        what="no height", remedy="give [position] height or altitude; 2 m would be a guess", essential=False
    )


def _no_weather(weather: xr.Dataset | None) -> Lack | None:
    if weather is not None and {"air_temperature", "air_pressure"} <= set(weather.data_vars):
        return None
    remedy = "a standard atmosphere is taken; it moves a rate by a few per cent"
    return Lack(what="no air temperature and pressure", remedy=remedy, essential=False)
