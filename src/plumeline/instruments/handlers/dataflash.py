"""ArduPilot DataFlash logs (.bin) through pymavlink: position, attitude, and the filter's wind.

UTC comes from GPS week and millisecond, less the leap seconds of the date; pymavlink itself takes 18 s always.

References: https://ardupilot.org/copter/docs/logmessages.html (GPS, POS, ATT, NKF2, XKF2, WIND).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pymavlink.DFReader import DFReader_binary

from plumeline.errors import ReadError
from plumeline.instruments import checks
from plumeline.instruments.clocks import BootClock, utc_from_gps, whole
from plumeline.instruments.handlers.complaints import caught
from plumeline.instruments.quantities import full_circle
from plumeline.instruments.recording import Remark
from plumeline.instruments.table import RawTables
from plumeline.instruments.tables import make_table

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.instruments.mapping import TableMapping
    from plumeline.instruments.textfile import Progress

FIX_3D = 3
WANTED = ("GPS", "POS", "ATT", "NKF2", "XKF2")
FIELDS = {
    "GPS": ("TimeUS", "Status", "GMS", "GWk", "NSats", "HDop", "Lat", "Lng", "Alt", "Spd", "GCrs", "VZ", "I"),
    "POS": ("TimeUS", "Lat", "Lng", "Alt", "RelHomeAlt"),
    "ATT": ("TimeUS", "Roll", "Pitch", "Yaw"),
    "NKF2": ("TimeUS", "VWN", "VWE", "C"),
    "XKF2": ("TimeUS", "VWN", "VWE", "C"),
}
"""Fields that are read of each message; one that a firmware does not write is NaN."""


def read_dataflash(path: Path, mapping: TableMapping, progress: Progress | None) -> RawTables:
    """Read a DataFlash log.

    Args:
        path: the file.
        mapping: the format.
        progress: called with bytes done and bytes in all.

    Returns:
        Track, attitude and wind.

    Raises:
        ReadError: the log holds no message that can be read.
    """
    del mapping
    size = path.stat().st_size
    messages, remarks = _messages(path)
    if progress is not None:
        progress(size, size)
    gps = messages["GPS"]
    if gps["TimeUS"].size:
        gps = _only(gps, ~(gps["I"] > 0))
    fix = gps["Status"] >= FIX_3D
    utc = utc_from_gps(whole(gps["GWk"][fix]), whole(gps["GMS"][fix]))
    clock = BootClock.fit(_nanoseconds(gps["TimeUS"][fix]), utc)
    tables: dict[str, xr.Dataset] = {}
    for kind, table in (
        ("track", _track(messages["POS"], gps, clock)),
        ("attitude", _attitude(messages["ATT"], clock)),
        ("wind", _wind(messages, clock)),
    ):
        if table is not None:
            tables[kind] = table.assign_attrs(source_file=path.name, time_reference=clock.reference)
    if not tables:
        raise ReadError(
            "the log holds neither position nor attitude nor wind",
            where=path.name,
            remedy="check that the log is whole and was written in flight",
        )
    found = checks.idle_wind(tables)
    found += [remark for kind, table in tables.items() for remark in checks.table(kind, table)]
    return RawTables(tables=tables, remarks=[*remarks, *clock.remarks, *found])


def _messages(path: Path) -> tuple[dict[str, dict[str, NDArray[np.float64]]], list[Remark]]:
    # Every wanted message's fields and its number in the file, from 1; the library's complaints as a remark.
    rows: dict[str, list[list[float]]] = {name: [] for name in WANTED}
    fault = ""
    with caught() as said:
        try:
            _collect(path, rows)
        except Exception as error:  # noqa: BLE001 (a broken log may make the library fail in any way)
            fault = f"{type(error).__name__}: {error}"
    if not any(rows.values()) and fault:
        raise ReadError(
            f"the log cannot be read ({fault})", where=path.name, remedy="copy it from the autopilot again"
        )
    tables = {
        name: dict(
            zip(
                ("number", *FIELDS[name]),
                np.asarray(found, float).reshape(-1, len(FIELDS[name]) + 1).T,
                strict=True,
            )
        )
        for name, found in rows.items()
    }
    remarks = []
    if what := fault or said.first:
        remarks.append(
            Remark(
                what=f"the log is damaged ({what})", consequence="what could be read before and after is kept"
            )
        )
    return tables, remarks


class _Log(DFReader_binary):  # type: ignore[misc]
    """The library's reader, with its file closed when it fails and its quiet indexer in place of the C one that prints."""

    def __init__(self, path: Path) -> None:
        try:
            super().__init__(str(path))
        except BaseException:
            self.close()
            raise

    def init_arrays_fast(self, progress_callback: Any = None) -> None:
        """Index the log in Python."""
        self.init_arrays(progress_callback)

    def close(self) -> None:
        """Close what was opened."""
        for name in ("data_map", "filehandle"):
            if hasattr(self, name):
                getattr(self, name).close()


def _collect(path: Path, rows: dict[str, list[list[float]]]) -> None:
    """Add the fields of every wanted message."""
    with _Log(path) as log:
        number = 0
        while (message := log.recv_match(type=list(WANTED))) is not None:
            number += 1
            name = message.get_type()
            known = message.get_fieldnames()
            fields = (_number(getattr(message, f)) if f in known else np.nan for f in FIELDS[name])
            rows[name].append([number, *fields])


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


def _only(
    columns: dict[str, NDArray[np.float64]], chosen: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    return {name: values[chosen] for name, values in columns.items()}


def _nanoseconds(microseconds: NDArray[np.float64]) -> NDArray[np.int64]:
    return whole(microseconds) * 1000


def _track(
    position: dict[str, NDArray[np.float64]], gps: dict[str, NDArray[np.float64]], clock: BootClock
) -> xr.Dataset | None:
    """The filter's position, or the receiver's own where the log has no other."""
    if position["TimeUS"].size:
        relative = position["RelHomeAlt"]
        above_home = bool(np.isfinite(relative).any())
        return make_table(
            "track",
            {
                "time": clock.utc(_nanoseconds(position["TimeUS"])),
                "line": position["number"].astype("int64"),
                "latitude": position["Lat"],
                "longitude": position["Lng"],
                "altitude": relative if above_home else position["Alt"],
                "altitude_mean_sea_level": position["Alt"],
            },
            attributes={
                "altitude": {"reference": "take-off" if above_home else "mean sea level"},
                "altitude_mean_sea_level": {"units": "m"},
            },
        )
    if not gps["TimeUS"].size:
        return None
    return make_table(
        "track",
        {
            "time": clock.utc(_nanoseconds(gps["TimeUS"])),
            "line": gps["number"].astype("int64"),
            "latitude": gps["Lat"],
            "longitude": gps["Lng"],
            "altitude": gps["Alt"],
            "ground_speed": gps["Spd"],
            "course": full_circle(gps["GCrs"]),
            "velocity_upward": -gps["VZ"],
            "satellites": gps["NSats"],
            "horizontal_dilution": gps["HDop"],
        },
        attributes={"altitude": {"reference": "mean sea level"}},
    )


def _attitude(attitude: dict[str, NDArray[np.float64]], clock: BootClock) -> xr.Dataset | None:
    if not attitude["TimeUS"].size:
        return None
    return make_table(
        "attitude",
        {
            "time": clock.utc(_nanoseconds(attitude["TimeUS"])),
            "line": attitude["number"].astype("int64"),
            "heading": full_circle(attitude["Yaw"]),
            "pitch": attitude["Pitch"],
            "roll": attitude["Roll"],
        },
        attributes={"heading": {"frame": "true"}},
    )


def _wind(messages: dict[str, dict[str, NDArray[np.float64]]], clock: BootClock) -> xr.Dataset | None:
    """The wind that the navigation filter estimates, of its first core."""
    for name in ("XKF2", "NKF2"):
        found = messages[name]
        found = _only(found, ~(found["C"] > 0))
        if found["TimeUS"].size and np.isfinite(found["VWN"]).any():
            return make_table(
                "wind",
                {
                    "time": clock.utc(_nanoseconds(found["TimeUS"])),
                    "line": found["number"].astype("int64"),
                    "eastward": found["VWE"],
                    "northward": found["VWN"],
                },
                frame="true",
                motion="removed",
                mounting="estimate",
            )
    return None
