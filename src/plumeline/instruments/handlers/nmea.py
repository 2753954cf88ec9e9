"""NMEA 0183 through pynmea2: track from RMC, GGA and HDT; wind from MWV and MWD.

Sentences of one second's fraction make one record. GGA has no date: it takes that of the last RMC or ZDA.

References: NMEA 0183 4.10; sentence layouts as in pynmea2.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pynmea2

from plumeline import units
from plumeline.errors import ReadError
from plumeline.instruments import checks
from plumeline.instruments.handlers.lines import numbered_lines
from plumeline.instruments.recording import Remark
from plumeline.instruments.table import RawTables
from plumeline.instruments.tables import make_table

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.instruments.mapping import TableMapping
    from plumeline.instruments.textfile import Progress

KNOT_M_S = units.SPEED_UNITS["kn"]
WIND_SPEED_UNITS = {"N": "kn", "K": "km/h", "M": "m/s", "S": "mph"}
TRACK_NAMES = (
    "latitude",
    "longitude",
    "altitude",
    "ground_speed",
    "course",
    "heading",
    "satellites",
    "horizontal_dilution",
)
UNDATED = dt.date(1970, 1, 1)


@dataclass(slots=True, kw_only=True)
class Epochs:
    """Collects sentences into track and wind records."""

    date: dt.date | None = None
    track: list[dict[str, Any]] = field(default_factory=list)
    wind: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    undated: bool = False

    def take(self, sentence: str, line: int) -> bool:
        """Take one sentence.

        Args:
            sentence: from `$` to the checksum.
            line: its line in the file.

        Returns:
            Whether it could be read.
        """
        before = len(self.track)
        try:
            message = pynmea2.parse(sentence.strip(), check=False)
            self._kept(message, line)
        except pynmea2.ChecksumError:
            self.faults["have a wrong checksum"].append(line)
            return False
        except (
            pynmea2.ParseError,
            ValueError,
            TypeError,
            AttributeError,
            OverflowError,
            KeyError,
            IndexError,
        ):
            self.faults["cannot be read as NMEA sentences"].append(line)
            del self.track[before:]
            return False
        return True

    def _kept(self, message: Any, line: int) -> None:
        kind = message.sentence_type
        if kind == "RMC":
            if message.datestamp is not None:
                self.date = message.datestamp
            record = self._record(message.timestamp, line)
            if message.status == "A":
                record |= _place(message)
            record["ground_speed"] = _number(message.spd_over_grnd) * KNOT_M_S
            record["course"] = _number(message.true_course) % 360.0
        elif kind == "GGA":
            record = self._record(message.timestamp, line)
            if _number(message.gps_qual) > 0:
                record |= _place(message)
                record["altitude"] = _number(message.altitude)
            record["satellites"] = _number(message.num_sats)
            record["horizontal_dilution"] = _number(message.horizontal_dil)
        elif kind == "HDT" and self.track:
            self.track[-1]["heading"] = _number(message.heading) % 360.0
        elif kind == "ZDA" and message.day and message.month and message.year:
            self.date = dt.date(int(message.year), int(message.month), int(message.day))
        elif kind in {"MWV", "MWD"}:
            self._wind(kind, message, line)

    def _wind(self, kind: str, message: Any, line: int) -> None:
        record: dict[str, Any] = {"line": line, "time": self._last_time()}
        if kind == "MWV":
            if message.status not in {"A", ""}:
                return
            unit = WIND_SPEED_UNITS[message.wind_speed_units]
            record["speed"] = _number(message.wind_speed) * units.SPEED_UNITS[unit]
            record["direction_from"] = _number(message.wind_angle) % 360.0
            record["relative"] = message.reference == "R"
        else:
            metres = _number(message.wind_speed_meters)
            knots = _number(message.wind_speed_knots)
            record["speed"] = metres if math.isfinite(metres) else knots * KNOT_M_S
            record["direction_from"] = _number(message.direction_true) % 360.0
            record["relative"] = False
        self.wind.append(record)

    def _last_time(self) -> np.datetime64:
        time: np.datetime64 = self.track[-1]["time"] if self.track else np.datetime64("NaT", "ns")
        return time

    def _record(self, time: dt.time | None, line: int) -> dict[str, Any]:
        """The record of this time: the last one if it is of the same time, else a new one."""
        stamp = self._stamp(time)
        if self.track and self.track[-1]["time"] == stamp:
            return self.track[-1]
        self.track.append({"time": stamp, "line": line})
        return self.track[-1]

    def _stamp(self, time: dt.time | None) -> np.datetime64:
        if time is None:
            return np.datetime64("NaT", "ns")
        if self.date is None:
            self.undated = True
        naive = dt.datetime.combine(self.date or UNDATED, time.replace(tzinfo=None))
        return np.datetime64(naive, "ns")

    def tables(self) -> tuple[dict[str, xr.Dataset], list[Remark]]:
        """Tables and remarks of everything taken."""
        remarks = [
            Remark(
                what=f"{len(lines)} lines {what}",
                consequence="left out",
                lines=tuple(lines[:5]),
                count=len(lines),
            )
            for what, lines in self.faults.items()
        ]
        if self.undated:
            remarks.append(
                Remark(
                    what="there is no RMC or ZDA sentence with a date at the start",
                    consequence="those times count from 1970-01-01",
                )
            )
        reference = "relative" if self.date is None else "utc"
        tables: dict[str, xr.Dataset] = {}
        if self.track:
            arrays = {"time": _times(self.track), "line": _lines(self.track)} | {
                name: values for name in TRACK_NAMES if np.isfinite(values := _column(self.track, name)).any()
            }
            attributes = {"altitude": {"reference": "mean sea level"}, "heading": {"frame": "true"}}
            tables["track"] = make_table("track", arrays, attributes=attributes, time_reference=reference)
        if self.wind:
            remarks += self._wind_table(tables, reference)
        return tables, remarks

    def _wind_table(self, tables: dict[str, xr.Dataset], reference: str) -> list[Remark]:
        """The wind: of true direction where the log has it, else relative to the platform."""
        true = [record for record in self.wind if not record["relative"]]
        chosen = true or self.wind
        arrays = {
            "time": _times(chosen),
            "line": _lines(chosen),
            "speed": _column(chosen, "speed"),
            "direction_from": _column(chosen, "direction_from"),
        }
        frame, motion = ("true", "removed") if true else ("body", "included")
        tables["wind"] = make_table(
            "wind", arrays, time_reference=reference, frame=frame, motion=motion, mounting="platform"
        )
        left = len(self.wind) - len(chosen)
        if not left:
            return []
        return [Remark(what=f"{left} relative winds beside true ones", consequence="left out", count=left)]


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _place(message: Any) -> dict[str, float]:
    if not message.lat or not message.lon:
        return {}
    return {"latitude": float(message.latitude), "longitude": float(message.longitude)}


def _times(records: list[dict[str, Any]]) -> NDArray[np.datetime64]:
    return np.asarray([record["time"] for record in records], "datetime64[ns]")


def _lines(records: list[dict[str, Any]]) -> NDArray[np.int64]:
    return np.asarray([record["line"] for record in records], "int64")


def _column(records: list[dict[str, Any]], name: str) -> NDArray[np.float64]:
    return np.asarray([record.get(name, math.nan) for record in records], float)


def read_nmea(path: Path, mapping: TableMapping, progress: Progress | None) -> RawTables:
    """Read a log of NMEA sentences.

    Args:
        path: the file.
        mapping: the format.
        progress: called with bytes done and bytes in all.

    Returns:
        Track and wind.

    Raises:
        ReadError: there is no sentence with a position or a wind.
    """
    epochs = Epochs()
    for number, line in numbered_lines(path, mapping.file.encoding, progress):
        start = line.find("$")
        if start >= 0:
            epochs.take(line[start:], number)
    tables, remarks = epochs.tables()
    if not tables:
        raise ReadError(
            "there is no RMC, GGA, MWV or MWD sentence in it", where=path.name, remedy="log these sentences"
        )
    tables = {kind: table.assign_attrs(source_file=path.name) for kind, table in tables.items()}
    found = [remark for kind, table in tables.items() for remark in checks.table(kind, table)]
    return RawTables(tables=tables, remarks=remarks + found)
