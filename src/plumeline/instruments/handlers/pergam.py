"""Pergam laser methane logs: in each line the logger's time, the column in ppm m, and an RMC sentence.

The RMC time is UTC and is used; the logger's own clock is compared with it. The header is free text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ReadError
from plumeline.instruments import checks
from plumeline.instruments.handlers.lines import numbered_lines
from plumeline.instruments.handlers.nmea import Epochs
from plumeline.instruments.recording import Remark
from plumeline.instruments.table import RawTables
from plumeline.instruments.tables import make_table

if TYPE_CHECKING:
    from pathlib import Path

    from plumeline.instruments.mapping import TableMapping
    from plumeline.instruments.textfile import Progress

RECORD = re.compile(
    r"^(?P<y>\d{4}) (?P<mo>\d\d) (?P<d>\d\d) (?P<time>\d\d:\d\d:\d\d(?:\.\d{1,9})?) ETC:(?P<mode>[A-Z]{3}) +(?P<ppm>\d+)"
    r" *\| *(?P<rmc>\$.*\*[0-9A-Fa-f]{2})\s*$",
    re.ASCII,
)
CLOCKS_APART = np.timedelta64(1, "s")


def read_pergam(path: Path, mapping: TableMapping, progress: Progress | None) -> RawTables:
    """Read a laser methane log.

    Args:
        path: the file.
        mapping: the format.
        progress: called with bytes done and bytes in all.

    Returns:
        Track and readings; the columns are in ppm m.

    Raises:
        ReadError: no line can be read.
    """
    epochs = Epochs()
    broken: list[int] = []
    lines: list[int] = []
    columns: list[float] = []
    modes: list[str] = []
    clock: list[np.datetime64] = []
    for number, line in numbered_lines(path, mapping.file.encoding, progress):
        record = RECORD.match(line)
        if record is None or not epochs.take(record["rmc"], number):
            if "ETC:" in line:
                broken.append(number)
            continue
        if not epochs.track or epochs.track[-1]["line"] != number:
            epochs.track.append({"time": np.datetime64("NaT", "ns"), "line": number})
            if len(epochs.track) > 1:
                epochs.track[-1] = epochs.track[-2] | {"line": number}
        lines.append(number)
        columns.append(float(record["ppm"]))
        modes.append(record["mode"])
        clock.append(_logger_time(record))
    if not lines:
        raise ReadError(
            "no line holds a column and a position",
            where=path.name + (f", line {broken[0]}" if broken else ""),
            remedy="the logger must write RMC (Mess_RMC = on)",
        )
    tables, remarks = epochs.tables()
    if broken:
        remarks.append(
            Remark(
                what=f"{len(broken)} lines are torn or broken",
                consequence="left out",
                lines=tuple(broken[:5]),
                count=len(broken),
            )
        )
    track = tables["track"]
    remarks += _compare_clocks(track["time"].to_numpy(), np.asarray(clock, "datetime64[ns]"))
    readings = make_table(
        "readings",
        {
            "time": track["time"].to_numpy(),
            "line": np.asarray(lines, "int64"),
            "sensor": np.zeros(len(lines), "int64"),
            "CH4": np.asarray(columns),
            "mode": np.asarray(modes, object),
        }
        | {name: track[name].to_numpy() for name in ("latitude", "longitude") if name in track},
        attributes={
            "CH4": {"role": "gas", "species": "CH4", "units": "ppm m", "meaning": "column"},
            "mode": {"role": "status"},
        },
        time_reference=track.attrs["time_reference"],
        source_file=path.name,
    )
    readings["sensor_name"] = (("sensor_index",), np.asarray(["laser"], object))
    tables = {"track": track.assign_attrs(source_file=path.name), "readings": readings}
    found = [remark for kind, table in tables.items() for remark in checks.table(kind, table)]
    return RawTables(tables=tables, remarks=checks.merged(remarks + found))


def _logger_time(record: re.Match[str]) -> np.datetime64:
    try:
        return np.datetime64(f"{record['y']}-{record['mo']}-{record['d']}T{record['time']}", "ns")
    except ValueError:
        return np.datetime64("NaT", "ns")


def _compare_clocks(
    utc: np.ndarray[tuple[int, ...], np.dtype[np.datetime64]],
    clock: np.ndarray[tuple[int, ...], np.dtype[np.datetime64]],
) -> list[Remark]:
    apart = clock - utc
    known = apart[~np.isnat(apart)]
    if not known.size or np.abs(np.median(known)) <= CLOCKS_APART:
        return []
    seconds = float(np.median(known) / np.timedelta64(1, "s"))
    return [
        Remark(
            what=f"the logger's clock and the satellites' UTC are {seconds:+.1f} s apart",
            consequence="UTC of the satellites was used",
        )
    ]
