"""The generic table reader: any CSV with a mapping becomes raw tables, streaming, with nothing dropped unsaid."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import ConfigurationError, ReadError
from plumeline.instruments import checks, layout
from plumeline.instruments.assembly import Assembly, gas_attributes
from plumeline.instruments.columns import Columns
from plumeline.instruments.recording import Remark
from plumeline.instruments.side_tables import Join, sensor_table
from plumeline.instruments.textfile import numbers, open_table
from plumeline.instruments.times import Clock, has_offset
from plumeline.provenance import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.instruments.columns import Source
    from plumeline.instruments.layout import Layout
    from plumeline.instruments.mapping import TableMapping, TimeSection
    from plumeline.instruments.textfile import Block, Progress, TextTable

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTables:
    """What a handler gives back."""

    tables: dict[str, xr.Dataset]
    remarks: list[Remark] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Unreadable:
    """Cells that are neither a number nor empty, by column."""

    lines: dict[str, list[int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, column: str, lines: NDArray[np.int64]) -> None:
        if lines.size:
            self.counts[column] = self.counts.get(column, 0) + int(lines.size)
            kept = self.lines.setdefault(column, [])
            kept += [int(line) for line in lines[: 5 - len(kept)]]

    def remarks(self) -> list[Remark]:
        return [
            Remark(
                what=f"{count} cell{'s' if count > 1 else ''} of column {column!r} cannot be read",
                consequence="taken as missing",
                lines=tuple(self.lines[column]),
                count=count,
            )
            for column, count in sorted(self.counts.items())
        ]


def read_table(path: Path, mapping: TableMapping, progress: Progress | None = None) -> RawTables:
    """Read a text table.

    Args:
        path: the file.
        mapping: what its columns hold.
        progress: called with bytes done and bytes in all.

    Returns:
        Raw tables, remarks, and hashes of the files beside.

    Raises:
        ConfigurationError: the mapping contradicts itself.
        ReadError: the file is empty, is no table, or lacks a column.
        UnitError: a unit is missing or unknown.
    """
    text = open_table(path, mapping.file, layout.needed_columns(mapping))
    beside: dict[str, str] = {}
    sensors = sensor_table(path, mapping, beside)
    joins = [Join.open(path, join.file, join.on, text, beside, mapping) for join in mapping.join]
    header = (*text.header, *(name for join in joins for name in join.columns))
    columns = Columns(header, tuple(sensors.columns) if sensors is not None else (), path.name)
    laid = layout.lay(mapping, columns)
    reader = _Reader(
        text=text,
        layout=laid,
        clock=Clock(section=mapping.time, where=path.name),
        sensors=sensors,
        joins=joins,
        assembly=Assembly(mapping=mapping, layout=laid, where=path.name),
    )
    for block in text.blocks(reader.wanted, reader.texts, progress):
        reader.take(block)
    tables, remarks = reader.finish()
    unused = [name for name in text.header if name not in reader.wanted]
    remarks += checks.unused_columns(unused) + checks.declared_units(laid)
    side_tables, side_remarks = _wind_and_weather_beside(path, mapping, beside)
    if overlap := set(tables) & set(side_tables):
        raise ConfigurationError(f"two files give a {overlap.pop()} table", where=path.name)
    return RawTables(tables=tables | side_tables, remarks=remarks + side_remarks, beside=beside)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Turns blocks of text into arrays and hands them to the assembly."""

    text: TextTable
    layout: Layout
    clock: Clock
    sensors: pd.DataFrame | None
    joins: list[Join]
    assembly: Assembly
    unreadable: _Unreadable = field(default_factory=_Unreadable)
    timed: int = 0
    """Rows whose time could be read."""
    zoned: bool = False
    """Whether the times carry their offset."""
    example: str = ""
    """The first time as text."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """Header names of the columns that anything needs, in file order."""
        laid = self.layout
        sources = [
            *laid.track.values(),
            *laid.position.values(),
            *laid.wind.values(),
            *laid.meteorology.values(),
        ]
        names = {source.column for source in sources if not source.per_sensor}
        names |= {gas.column for gas in laid.gases} | set(laid.status.values())
        names |= set(laid.time_columns) | set(laid.sensor_columns) | {join.on for join in self.joins}
        return tuple(name for name in self.text.header if name in names)

    @property
    def texts(self) -> set[str]:
        """Header names of the columns that are not numbers."""
        laid = self.layout
        names = {*laid.time_columns, *laid.sensor_columns, *laid.status.values()}
        return names | {join.on for join in self.joins}

    def take(self, block: Block) -> None:
        frame = block.frame
        for join in self.joins:
            frame = join.widen(frame)
        time = self._time(frame, block.lines)
        cache: dict[str, Floats] = {}
        converted: dict[int, Floats] = {}

        def column(name: str) -> Floats:
            if name not in cache:
                cache[name], bad = numbers(frame[name], self.text.decimal, self.text.missing)
                self.unreadable.add(name, block.lines[bad])
            return cache[name]

        def source_values(source: Source) -> Floats:
            # The track and the readings share their positions' arrays, and so their memory.
            if id(source) not in converted:
                constant = source.constant
                values = np.full(len(frame), constant) if constant is not None else column(source.column)
                converted[id(source)] = source.convert(np.asarray(values, float))
            return converted[id(source)]

        laid = self.layout
        rows = {"time": time, "line": block.lines}
        for kind, sources in (("track", laid.track), ("wind", laid.wind), ("meteorology", laid.meteorology)):
            if sources:
                arrays = {name: source_values(source) for name, source in sources.items()}
                self.assembly.add(kind, rows | arrays)
        if laid.gases:
            self._readings(frame, rows, column, source_values)

    def _time(self, frame: pd.DataFrame, lines: NDArray[np.int64]) -> Any:
        texts = frame[self.layout.time_columns[0]].str.strip()
        for name in self.layout.time_columns[1:]:
            texts = texts + " " + frame[name].str.strip()
        time = self.clock.read(texts)
        if not self.example:
            self.example = str(texts.iloc[0])
            self.zoned = has_offset(self.example)
        self.timed += int((~np.isnat(time)).sum())
        self.unreadable.add(" ".join(self.layout.time_columns), lines[np.isnat(time)])
        return time

    def _readings(self, frame: pd.DataFrame, rows: dict[str, Any], column: Any, source_values: Any) -> None:
        laid, assembly = self.layout, self.assembly
        count = len(frame)
        names = self._row_sensors(frame)
        wide = 1 if names is not None else max(len(assembly.fixed_sensors), 1)
        arrays = {name: _spread(values, wide) for name, values in rows.items()}
        if names is not None:
            arrays["sensor"] = assembly.sensor_indices(names)
        else:
            arrays["sensor"] = np.tile(np.arange(wide), count)
        for species in assembly.species:
            grid = np.full((count, wide), np.nan)
            for gas in laid.gases:
                if gas.species == species:
                    at = 0 if names is not None else assembly.fixed_sensors.index(gas.sensor)
                    grid[:, at] = column(gas.column)
            arrays[species] = grid.ravel()
        for name, source in laid.position.items():
            if source.per_sensor:
                fixed = source.convert(self._per_sensor(source.column))
                arrays[name] = fixed[arrays["sensor"]]
            else:
                arrays[name] = _spread(source_values(source), wide)
        for name, header in laid.status.items():
            arrays[name] = _spread(frame[header].str.strip().to_numpy(object), wide)
        assembly.add("readings", arrays)

    def _row_sensors(self, frame: pd.DataFrame) -> pd.Series[Any] | None:
        """Name of each row's sensor; None when the columns say which sensor it is."""
        if not self.layout.sensor_columns:
            return None
        names = frame[self.layout.sensor_columns[0]].str.strip()
        for more in self.layout.sensor_columns[1:]:
            names = names + "/" + frame[more].str.strip()
        return names

    def _per_sensor(self, column: str) -> Floats:
        # One number for each sensor name met so far, from the sensors' own file.
        if self.sensors is None:
            return np.full(len(self.assembly.sensor_names), np.nan)
        values, bad = numbers(self.sensors[column], ".", ())
        if bad.any():
            raise ReadError(
                f"column {column!r} holds {self.sensors[column][bad].iloc[0]!r}, which is no number",
                where=self.assembly.where + ", [sensors] file",
            )
        table = dict(zip(self.sensors.index, values, strict=True))
        lost = [name for name in self.assembly.sensor_names if name not in table]
        if lost:
            raise ReadError(
                f"sensor {lost[0]!r} is not in the sensors' file",
                where=self.assembly.where,
                remedy="sensors there: " + ", ".join(map(str, table)),
            )
        return np.asarray([table[name] for name in self.assembly.sensor_names], float)

    def finish(self) -> tuple[dict[str, xr.Dataset], list[Remark]]:
        # Closes the file's account; a file in which no time could be read has no use and is an error.
        remarks = self.text.closing_remarks()
        if self.timed == 0:
            raise ReadError(
                f"no time can be read, as in {self.example!r}",
                where=f"{self.text.path.name}, column {' '.join(self.layout.time_columns)}",
                remedy='give [time] format, such as "%d.%m.%Y %H:%M:%S", "unix" or "elapsed"',
            )
        if self.timed and not self.zoned:
            remarks += self.clock.zone_remarks(self.layout.time_columns)
        remarks += self.unreadable.remarks() + self.clock.remarks()
        tables, more = self.assembly.finish(self.clock)
        return tables, remarks + more


def _spread(values: Any, wide: int) -> Any:
    """Each row's value once for each sensor of a wide table."""
    return values if wide == 1 else np.repeat(values, wide)


def _wind_and_weather_beside(
    path: Path, mapping: TableMapping, beside: dict[str, str]
) -> tuple[dict[str, xr.Dataset], list[Remark]]:
    # Wind and meteorology tables that stand in files of their own.
    tables: dict[str, xr.Dataset] = {}
    remarks: list[Remark] = []
    for kind, file, time in _files_beside(mapping):
        side = _only(mapping, kind, time)
        other = path.parent / file
        if not other.is_file():
            raise ReadError(
                f"the file of [{kind}] is not there", where=file, remedy="put it beside the recording"
            )
        raw = read_table(other, side)
        beside[other.name] = sha256_of_file(other)
        tables |= {name: table.assign_attrs(source_file=other.name) for name, table in raw.tables.items()}
        remarks += [
            Remark(what=f"{other.name}: {r.what}", consequence=r.consequence, lines=r.lines, count=r.count)
            for r in raw.remarks
        ]
    return tables, remarks


def _files_beside(mapping: TableMapping) -> Iterator[tuple[str, str, TimeSection]]:
    for kind, section in (("wind", mapping.wind), ("meteorology", mapping.meteorology)):
        if section is not None and section.file:
            yield kind, section.file, section.time or mapping.time


def _only(mapping: TableMapping, kind: str, time: TimeSection) -> TableMapping:
    """The part of a mapping that speaks of a file beside."""
    section = replace(getattr(mapping, kind), file="", time=None)
    plain = type(mapping)(name=mapping.name, platform="fixed", file=mapping.file, time=time)
    return replace(plain, **{kind: section})


__all__ = ["RawTables", "gas_attributes", "read_table"]
