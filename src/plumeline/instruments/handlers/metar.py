"""METAR and SPECI reports through the metar package: wind (10 m, 10-minute mean), temperature, humidity, pressure.

A report names only the day of the month. The month and year come from a date in its line or the line before
(2026-05-09, 202605090555, 2026/05/09), from a date in the file's name, or from [time] date. VRB has no direction;
calm is a wind of 0 without one. The pressure is reduced to mean sea level and is kept as `sea_level_pressure`.

References: WMO No. 306, FM 15; Alduchov and Eskridge 1996, doi:10.1175/1520-0450(1996)035<0601:IMFAOS>2.0.CO;2 (Magnus).
"""

from __future__ import annotations

import datetime as dt
import math
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from metar import Metar

from plumeline.errors import ReadError
from plumeline.instruments import checks
from plumeline.instruments.handlers.lines import numbered_lines
from plumeline.instruments.recording import Remark
from plumeline.instruments.table import RawTables
from plumeline.instruments.tables import make_table

if TYPE_CHECKING:
    from pathlib import Path

    from plumeline.instruments.mapping import TableMapping
    from plumeline.instruments.textfile import Progress

REPORT = re.compile(
    r"(?:(?:METAR|SPECI) (?:COR )?)?\b(?P<station>[A-Z][A-Z0-9]{3}) (?P<day>\d\d)\d{4}Z [^\",;=]*"
)
DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/]?(0[1-9]|1[0-2])[-/]?(0[1-9]|[12]\d|3[01])")
ANEMOMETER_HEIGHT_M = 10.0
MAGNUS_A, MAGNUS_B_C = 17.625, 243.04


def read_metar(path: Path, mapping: TableMapping, progress: Progress | None) -> RawTables:
    """Read weather reports.

    Args:
        path: the file, one report a line.
        mapping: the format; [time] date gives the month when the file does not.
        progress: called with bytes done and bytes in all.

    Returns:
        Wind and meteorology.

    Raises:
        ReadError: no line holds a report, or its month is unknown.
    """
    date = _date_in(mapping.time.date) or _date_in(path.name)
    rows: list[dict[str, Any]] = []
    broken: list[int] = []
    for number, line in numbered_lines(path, mapping.file.encoding, progress):
        report = REPORT.search(line)
        dated = _date_in(line[: report.start()] if report else line)
        date = dated or date
        if report is None:
            continue
        if date is None:
            raise ReadError(
                "the report names the day but neither month nor year",
                where=f"{path.name}, line {number}",
                remedy='put the date before it (2026-05-09), into the file\'s name, or give [time] date = "2026-05-09"',
            )
        row = _row(report[0].strip(), number, date)
        if row is None:
            broken.append(number)
        else:
            rows.append(row)
    if not rows:
        raise ReadError(
            "no line holds a METAR report that can be read",
            where=path.name + (f", line {broken[0]}" if broken else ""),
            remedy="a report looks like KFNL 090555Z 27008KT 10SM CLR 12/M01 A3001",
        )
    return _tables(path, rows, broken)


def _date_in(text: str) -> dt.date | None:
    found = DATE.search(text)
    try:
        return dt.date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def _row(report: str, number: int, date: dt.date) -> dict[str, Any] | None:
    """One report's numbers; None when it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: Any = Metar.Metar(report, month=date.month, year=date.year, strict=False)
        time = found.time
        if time is None:
            return None
        temperature = _value(found.temp, "C")
        return {
            "line": number,
            "station": str(found.station_id),
            "time": np.datetime64(time, "ns"),
            "variable": found.wind_dir is None,
            "speed": _value(found.wind_speed, "MPS"),
            "gust": _value(found.wind_gust, "MPS"),
            "direction_from": math.nan if found.wind_dir is None else float(found.wind_dir.value()) % 360.0,
            "air_temperature": temperature + 273.15,
            "relative_humidity": _humidity(temperature, _value(found.dewpt, "C")),
            "sea_level_pressure": _value(found.press, "HPA") * 100.0,
        }
    except Exception:  # noqa: BLE001 (the library lets any fault of a report through)
        return None


def _value(quantity: Any, unit: str) -> float:
    return math.nan if quantity is None else float(quantity.value(unit))


def _humidity(temperature_c: float, dew_point_c: float) -> float:
    """Relative humidity by the Magnus formula."""

    def exponent(celsius: float) -> float:
        return MAGNUS_A * celsius / (MAGNUS_B_C + celsius)

    return math.exp(exponent(dew_point_c) - exponent(temperature_c))


def _tables(path: Path, rows: list[dict[str, Any]], broken: list[int]) -> RawTables:
    def column(name: str) -> Any:
        return np.asarray([row[name] for row in rows])

    start = {"time": column("time").astype("datetime64[ns]"), "line": column("line").astype("int64")}
    speed, direction = column("speed"), column("direction_from")
    direction = np.where(speed == 0, np.nan, direction)
    stations = sorted(set(column("station").tolist()))
    wind = make_table(
        "wind",
        start
        | {
            "speed": speed,
            "direction_from": direction,
            "gust": column("gust"),
            "height": np.full(len(rows), ANEMOMETER_HEIGHT_M),
        },
        attributes={"speed": {"file_units": "as reported"}},
        frame="true",
        motion="removed",
        mounting="fixed",
        station=", ".join(stations),
    )
    names = ("air_temperature", "relative_humidity", "sea_level_pressure")
    weather = make_table(
        "meteorology",
        start | {name: column(name) for name in names},
        attributes={"sea_level_pressure": {"units": "Pa"}},
    )
    tables = {
        kind: table.assign_attrs(source_file=path.name, platform="fixed")
        for kind, table in (("wind", wind), ("meteorology", weather))
    }
    lines = start["line"]
    remarks = [
        *checks.found(
            column("variable") & (speed > 0), lines, "{count} winds are variable (VRB)", "no direction"
        ),
        *checks.found(speed == 0, lines, "{count} winds are calm", "speed 0, no direction"),
        *checks.found(np.isnan(speed), lines, "{count} reports have no wind", "kept without one"),
    ]
    if broken:
        remarks.append(
            Remark(
                what=f"{len(broken)} reports cannot be read",
                consequence="left out",
                lines=tuple(broken[:5]),
                count=len(broken),
            )
        )
    if len(stations) > 1:
        remarks.append(
            Remark(
                what=f"reports of {len(stations)} stations: {', '.join(stations)}", consequence="in one table"
            )
        )
    found = [remark for kind, table in tables.items() for remark in checks.table(kind, table)]
    return RawTables(tables=tables, remarks=remarks + found)
