"""One recording on the survey's clock, with what was declared about it: what every later step starts from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import median_filter

from plumeline.errors import InputError
from plumeline.observations import clocks
from plumeline.observations.clocks import ClockOffset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.instruments import Recording
    from plumeline.observations.settings import FileSettings

    Floats = NDArray[np.float64]
    Times = NDArray[np.datetime64]

COLDEST_K, HOTTEST_K = 180.0, 340.0
LOWEST_PA, HIGHEST_PA = 3e4, 1.1e5
"""Air outside of these is a fault of the sensor, not weather."""

FARTHEST_M, HIGHEST_M, STRONGEST_M_S = 1e6, 5e4, 150.0
"""Local coordinates, heights and winds beyond these are faults of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A recording, its declared settings and its tables on the survey's clock."""

    recording: Recording
    settings: FileSettings
    tables: Mapping[str, xr.Dataset]
    clock_known: bool = True
    """False when its clock could not be tied to the others."""

    @property
    def name(self) -> str:
        """File name."""
        return self.recording.path.name

    @property
    def is_relative(self) -> bool:
        """Whether its times have no calendar date."""
        return any(table.attrs.get("time_reference") == "relative" for table in self.tables.values())

    @property
    def is_report(self) -> bool:
        """Whether it is an airport's weather report."""
        return "metar" in self.recording.format_name

    def on_clock(self, clock: ClockOffset) -> Source:
        """The same source with a clock offset taken out of every table."""
        tables = {
            kind: table.assign(time=("record", clocks.corrected(table["time"].to_numpy(), clock)))
            for kind, table in self.tables.items()
        }
        return replace(self, tables=tables)


def seconds(time: Times) -> Floats:
    """Times as seconds since 1970, NaN for no time."""
    stamps = time.astype("datetime64[ns]")
    return np.asarray(np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64) * 1e-9), np.float64)


def open_source(recording: Recording, settings: FileSettings) -> Source:
    """Pair a recording with its settings and take out a declared clock offset.

    Args:
        recording: what was read.
        settings: what was declared about it.

    Returns:
        The source.

    Raises:
        InputError: none of the tables that should be used is in the file.
    """
    tables = {
        kind: table for kind, table in recording.tables.items() if not settings.use or kind in settings.use
    }
    if not tables:
        raise InputError(
            f"holds none of {', '.join(settings.use)}",
            where=recording.path.name,
            remedy="it holds " + ", ".join(recording.tables),
        )
    source = Source(recording=recording, settings=settings, tables=tables)
    if settings.clock_offset_s is None:
        return source
    return source.on_clock(ClockOffset(offset_s=settings.clock_offset_s, sigma_s=settings.clock_sigma_s))


def main_source(sources: Sequence[Source]) -> Source:
    """The source that the others have to fit: the first of those with the most readings.

    Args:
        sources: at least one source.

    Returns:
        One of them.
    """
    return max(
        sources, key=lambda one: one.tables["readings"].sizes["record"] if "readings" in one.tables else 0
    )


def align_clocks(sources: Sequence[Source], *, lenient: bool = False) -> tuple[list[Source], list[str]]:
    """Put all sources on one clock: declared offsets stand, others are estimated where that is asked for or needed.

    The reference is the source with the most readings. A source without a calendar date among dated ones, or one that
    does not overlap any other, runs on another clock.

    Args:
        sources: all sources, declared offsets already taken out.
        lenient: whether a source on another clock is left out, with a remark, instead of refused.

    Returns:
        The sources on one clock, and remarks.

    Raises:
        InputError: two files run on different clocks and nothing they share tells the offset.
    """
    if len(sources) == 1 or all(source.settings.clock_offset_s is not None for source in sources[1:]):
        return list(sources), []
    reference = main_source(sources)
    aligned, remarks = [], []
    for source in sources:
        free = source is not reference and source.settings.clock_offset_s is None
        apart = source.is_relative != reference.is_relative or not _overlap(source, reference)
        if free and (source.settings.clock == "estimate" or apart):
            try:
                source, remark = _estimated(source, reference, needed=apart)  # noqa: PLW2901 (the aligned replaces it)
            except InputError as error:
                if not lenient:
                    raise
                remarks.append(f"{source.name} was left out: {error.what}")
                continue
            remarks.append(remark)
        aligned.append(source)
    return aligned, remarks


def _estimated(source: Source, reference: Source, *, needed: bool) -> tuple[Source, str]:
    names = f"{source.name} and {reference.name}"
    moved, shift = source, 0.0
    if not _overlap(source, reference):
        if source.is_relative == reference.is_relative and source.settings.clock != "estimate":
            raise InputError(
                f"{names} were not recorded at the same time, or run on two clocks",
                remedy='declare clock_offset_s for one of them, or clock = "estimate" to compare what both measured',
            )
        # Without a common time scale the search starts with both recordings beginning together.
        shift = _start(source) - _start(reference)
        moved = source.on_clock(ClockOffset(offset_s=shift, sigma_s=0.0))
    found = _compare(moved, reference)
    if found is not None and found.distinct:
        total = shift + found.offset_s
        text = f"the clock of {source.name} is {total:.1f} ± {found.sigma_s:.1f} s ahead of {reference.name} (estimated)"
        return moved.on_clock(found), text
    why = found.remark if found is not None else "they have measured nothing in common"
    if needed:
        raise InputError(
            f"{names} run on two clocks, and their offset cannot be estimated: {why}",
            remedy="declare clock_offset_s for one of them, or its date in the mapping",
        )
    return replace(source, clock_known=False), f"the clock offset of {names} cannot be estimated: {why}"


def _compare(source: Source, reference: Source) -> ClockOffset | None:
    """The most certain offset from any quantity that both have measured."""
    mine, theirs = co_measured(source), co_measured(reference)
    results = []
    for name in sorted(set(mine) & set(theirs)):
        try:
            results.append(
                clocks.by_correlation(
                    *mine[name], *theirs[name], search_s=600.0, either_sign=name == "height"
                )
            )
        except InputError:
            continue
    distinct = [one for one in results if one.distinct]
    return min(distinct or results, key=lambda one: one.sigma_s, default=None)


def co_measured(source: Source) -> dict[str, tuple[Floats, Floats]]:
    """Quantities by which a source's clock can be compared with another's.

    Args:
        source: the source.

    Returns:
        "height" (or minus pressure), "latitude", "longitude" and gases by species: times [s] and values.
    """
    out: dict[str, tuple[Floats, Floats]] = {}
    weather = source.tables.get("meteorology")
    if weather is not None and "air_pressure" in weather:
        pressure = cleaned(weather["air_pressure"].to_numpy(), LOWEST_PA, HIGHEST_PA)
        out["height"] = _ordered(weather["time"].to_numpy(), pressure)
    track = source.tables.get("track")
    if track is not None:
        time = track["time"].to_numpy()
        for name, variable in (("height", "altitude"), ("latitude", "latitude"), ("longitude", "longitude")):
            if variable in track and np.nanstd(track[variable]) > 0:
                out[name] = _ordered(time, track[variable].to_numpy())
    return {name: pair for name, pair in out.items() if np.count_nonzero(np.isfinite(pair[1])) > 30}


def plausible(values: NDArray[Any], largest: float) -> Floats:
    """Values no larger than is physically possible, either way; NaN elsewhere."""
    numbers = np.asarray(values, np.float64)
    return np.where(np.abs(numbers) <= largest, numbers, np.nan)


def cleaned(values: Floats, low: float, high: float) -> Floats:
    """Values within physical bounds, single outliers smoothed away by a running median of five; NaN elsewhere."""
    inside = np.where((values >= low) & (values <= high), values, np.nan)
    good = np.isfinite(inside)
    if np.count_nonzero(good) >= 5:
        inside[good] = median_filter(inside[good], size=5, mode="nearest")
    return np.asarray(inside, float)


def _ordered(time: Times, values: Floats) -> tuple[Floats, Floats]:
    t = seconds(time)
    good = np.isfinite(t) & np.isfinite(values)
    unique, first = np.unique(t[good], return_index=True)
    return unique, np.asarray(values[good][first], float)


def _span(source: Source) -> tuple[float, float]:
    every = np.concatenate([seconds(table["time"].to_numpy()) for table in source.tables.values()])
    return float(np.nanmin(every)), float(np.nanmax(every))


def _start(source: Source) -> float:
    return _span(source)[0]


def _overlap(first: Source, second: Source) -> bool:
    a, b = _span(first), _span(second)
    slack = 3600.0 if first.is_report or second.is_report else 60.0
    return a[0] <= b[1] + slack and b[0] <= a[1] + slack
