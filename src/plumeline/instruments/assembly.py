"""Arrays of many blocks, put together into raw tables with their units, attributes and remarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from plumeline.instruments import checks
from plumeline.instruments.recording import Remark
from plumeline.instruments.tables import KINDS
from plumeline.instruments.times import unwrap_midnight

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from plumeline.instruments.columns import Source
    from plumeline.instruments.layout import Layout
    from plumeline.instruments.mapping import TableMapping, ValueSection
    from plumeline.instruments.times import Clock


@dataclass(slots=True, kw_only=True)
class Assembly:
    """Collects the arrays of each kind of table, block by block."""

    mapping: TableMapping
    layout: Layout
    where: str
    parts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sensor_names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.layout.sensor_columns:
            self.sensor_names = list(dict.fromkeys(gas.sensor or "sensor" for gas in self.layout.gases))

    @property
    def fixed_sensors(self) -> list[str]:
        """Sensor of each column of a wide table, as the layout names them."""
        return list(dict.fromkeys(gas.sensor for gas in self.layout.gases))

    @property
    def species(self) -> list[str]:
        """All species, in the mapping's order."""
        return list(dict.fromkeys(gas.species for gas in self.layout.gases))

    def add(self, kind: str, arrays: dict[str, Any]) -> None:
        """Take one block's arrays, all of one length."""
        self.parts.setdefault(kind, []).append(arrays)

    def sensor_indices(self, names: pd.Series[Any]) -> NDArray[np.int64]:
        """Index of each row's sensor; new names are added in order of first appearance."""
        known = {name: at for at, name in enumerate(self.sensor_names)}
        for name in names.unique():
            if name not in known:
                known[name] = len(self.sensor_names)
                self.sensor_names.append(str(name))
        return np.asarray(names.map(known), "int64")

    def finish(self, clock: Clock) -> tuple[dict[str, xr.Dataset], list[Remark]]:
        """Put everything together.

        Args:
            clock: how the times were read.

        Returns:
            Tables by kind, and what there is to say about them.
        """
        tables: dict[str, xr.Dataset] = {}
        remarks: list[Remark] = []
        joined = _joined(self.parts)
        for kind in [kind for kind in KINDS if kind in joined]:
            arrays = joined.pop(kind)
            if clock.is_time_of_day:
                arrays["time"], passed = unwrap_midnight(arrays["time"])
                remarks += checks.midnight(passed, arrays["line"])
            arrays, more = self._without_empty(kind, arrays)
            remarks += more
            if arrays["time"].size:
                table = self._dataset(kind, arrays).assign_attrs(time_reference=clock.reference)
                tables[kind] = table
                remarks += checks.table(kind, table, self.layout)
        return tables, checks.merged(remarks)

    def _without_empty(self, kind: str, arrays: dict[str, Any]) -> tuple[dict[str, Any], list[Remark]]:
        """Leave out rows that hold no record of this kind; each reason is remarked."""
        remarks: list[Remark] = []
        if kind == "readings":
            quiet = {gas.species for gas in self.layout.gases if gas.settings.empty == "not updated"}
            if quiet and quiet == set(self.species):
                empty = np.all([np.isnan(arrays[name]) for name in sorted(quiet)], axis=0)
                arrays, remarks = _leave_out(arrays, empty, "rows carry no new gas value", "no reading there")
            return arrays, remarks
        if kind == "track":
            return arrays, remarks
        names = [name for name in arrays if name not in {"time", "line", "height"}]
        empty = np.all([np.isnan(arrays[name]) for name in names], axis=0)
        arrays, remarks = _leave_out(arrays, empty, f"rows carry no {kind}", f"no {kind} record there")
        if self.layout.sensor_columns or self.mapping.join:
            again = _same_as_before([arrays["time"].astype("int64"), *(arrays[name] for name in names)])
            what = f"rows repeat the {kind} of the row before (one row a sensor)"
            arrays, more = _leave_out(arrays, again, what, "kept once")
            remarks += more
        return arrays, remarks

    def _dataset(self, kind: str, arrays: dict[str, Any]) -> xr.Dataset:
        sources = {"readings": self.layout.position}.get(kind) or getattr(self.layout, kind, {})
        variables: dict[str, Any] = {}
        for name, values in arrays.items():
            attributes = self._attributes(kind, name, sources)
            variables[name] = (("record",), values, attributes)
        table = xr.Dataset(variables)
        if kind == "readings":
            table["sensor_name"] = (("sensor_index",), np.asarray(self.sensor_names, object))
            if self.mapping.averaging_time_s is not None:
                table.attrs["averaging_time_s"] = self.mapping.averaging_time_s
        if kind == "wind" and self.mapping.wind is not None:
            mounting = self.mapping.wind.mounting
            motion = self.mapping.wind.motion or ("unknown" if mounting == "platform" else "removed")
            table.attrs |= {"frame": self.mapping.wind.frame, "motion": motion, "mounting": mounting}
        return table.assign_attrs(source_file=self.where, platform=self.mapping.platform)

    def _attributes(self, kind: str, name: str, sources: dict[str, Source]) -> dict[str, Any]:
        declared = KINDS[kind].variables.get(name)
        if name in sources and declared is not None and declared.units is not None:
            source = sources[name]
            file_units = {"file_units": source.file_units} if source.file_units else {}
            return {"units": declared.units, **file_units, **source.attributes}
        for gas in self.layout.gases:
            if kind == "readings" and gas.species == name:
                return gas_attributes(gas.settings)
        return {"role": "status"} if name in self.layout.status else {}


def gas_attributes(value: ValueSection) -> dict[str, Any]:
    """Attributes of a gas variable.

    Args:
        value: the mapping's section on it.

    Returns:
        Role, species, unit, meaning, and limits where they are known.
    """
    limits = {
        "detection_limit": value.detection_limit,
        "ceiling": value.ceiling,
        "noise": value.noise,
    }
    return {
        "role": "gas",
        "species": value.species,
        "units": value.unit.strip(),
        "meaning": value.meaning,
        **{name: limit for name, limit in limits.items() if limit is not None},
    }


def _joined(tables: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The arrays of all blocks in one, by kind; columns that tables share are shared still.

    A column's blocks are let go once it is joined, so that the peak is one copy of everything and of one column.
    """
    same: dict[tuple[int, ...], list[tuple[str, str]]] = {}
    for kind, blocks in tables.items():
        for name in blocks[0]:
            same.setdefault(tuple(id(block[name]) for block in blocks), []).append((kind, name))
    out: dict[str, dict[str, Any]] = {kind: dict.fromkeys(blocks[0]) for kind, blocks in tables.items()}
    for places in same.values():
        first_kind, first_name = places[0]
        parts = [block[first_name] for block in tables[first_kind]]
        whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
        for kind, name in places:
            out[kind][name] = whole
            for block in tables[kind]:
                block[name] = None
    tables.clear()
    return out


def _leave_out(
    arrays: dict[str, Any], out: NDArray[np.bool_], what: str, consequence: str
) -> tuple[dict[str, Any], list[Remark]]:
    count = int(out.sum())
    if not count:
        return arrays, []
    lines = tuple(int(line) for line in arrays["line"][out][:5])
    remark = Remark(what=f"{count} {what}", consequence=consequence, lines=lines, count=count)
    return {name: values[~out] for name, values in arrays.items()}, [remark]


def _same_as_before(columns: list[Any]) -> NDArray[np.bool_]:
    """Whether each row equals the one before in every column; an empty cell equals an empty cell."""
    same = np.ones(len(columns[0]), bool)
    if same.size:
        same[0] = False
    for values in columns:
        before, now = values[:-1], values[1:]
        both_empty = np.isnan(now) & np.isnan(before) if values.dtype.kind == "f" else False
        same[1:] &= (now == before) | both_empty
    return same
