"""A logger's clock counts from its start; the satellites' time, where the log has it, places that count in UTC.

References: IERS Bulletin C (leap seconds); IS-GPS-200 (GPS week and time of week, from 1980-01-06).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from plumeline.instruments.recording import Remark

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Times = NDArray[np.datetime64]
    Integers = NDArray[np.int64]

GPS_EPOCH = np.datetime64("1980-01-06T00:00:00", "ns")
UNIX_EPOCH = np.datetime64("1970-01-01T00:00:00", "ns")
LEAP_SECONDS = (
    ("1999-01-01", 13),
    ("2006-01-01", 14),
    ("2009-01-01", 15),
    ("2012-07-01", 16),
    ("2015-07-01", 17),
    ("2017-01-01", 18),
)
"""GPS time minus UTC from each date on [s]; none was added from 2017 to 2026."""
EARLIEST_LOG = np.datetime64("2000-01-01", "ns")
LATEST_LOG = np.datetime64("2100-01-01", "ns")
STEADY_NS = 500_000_000
"""Clocks that part by more than this over one log are remarked [ns]."""


def whole(values: NDArray[np.float64]) -> Integers:
    """Floats as integers; what is no number is 0, and what is beyond 2^53 is cut there.

    Args:
        values: counts as floats, any shape.

    Returns:
        Integers, same shape.
    """
    return np.nan_to_num(values, nan=0.0).clip(-(2.0**53), 2.0**53).astype("int64")


def utc_from_gps(week: Integers, millisecond: Integers) -> Times:
    """UTC of a GPS week and time of week.

    Args:
        week: full GPS week number, shape (record,).
        millisecond: time of week [ms], shape (record,).

    Returns:
        UTC, shape (record,); NaT where it lies outside 2000 to 2100 (no fix yet).
    """
    week = np.asarray(week, "int64")
    sane = (week > 0) & (week < 20_000)
    gps = GPS_EPOCH + (np.where(sane, week, 0) * 7 * 86_400_000 + np.asarray(millisecond, "int64")).astype(
        "timedelta64[ms]"
    )
    steps = [np.datetime64(date, "ns") + np.timedelta64(leap, "s") for date, leap in LEAP_SECONDS]
    seconds = np.asarray([LEAP_SECONDS[0][1], *(leap for _, leap in LEAP_SECONDS)])
    utc = gps - seconds[np.searchsorted(np.asarray(steps), gps, side="right")].astype("timedelta64[s]")
    return plausible(np.where(sane, utc, np.datetime64("NaT", "ns")))


def utc_from_unix(microsecond: Integers) -> Times:
    """UTC of a Unix time.

    Args:
        microsecond: since 1970-01-01 [us], shape (record,).

    Returns:
        UTC, shape (record,); NaT where it lies outside 2000 to 2100 (clock not set).
    """
    counted = np.asarray(microsecond, "int64")
    sane = (counted > 0) & (counted < 2**62 // 1000)
    times = UNIX_EPOCH + (np.where(sane, counted, 0) * 1000).astype("timedelta64[ns]")
    return plausible(np.where(sane, times, np.datetime64("NaT", "ns")))


def plausible(times: Times) -> Times:
    """Times outside 2000 to 2100 made NaT: a clock that was not set."""
    good = (times >= EARLIEST_LOG) & (times <= LATEST_LOG)
    return np.where(good, times, np.datetime64("NaT", "ns"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BootClock:
    """Places a count since start in UTC by one offset, the median over the log."""

    offset_ns: int | None
    """UTC minus count [ns]; None when the log has no UTC."""
    remarks: list[Remark] = field(default_factory=list)

    @classmethod
    def fit(cls, boot_ns: Integers, utc: Times) -> BootClock:
        """Work out the offset.

        Args:
            boot_ns: count since start of records that also have UTC, shape (record,) [ns].
            utc: their UTC, NaT where unknown, shape (record,).

        Returns:
            The clock, with a remark when the two drift apart or jump.
        """
        known = ~np.isnat(utc)
        if not known.any():
            return cls(
                offset_ns=None,
                remarks=[
                    Remark(
                        what="the log has no UTC: no satellite time was received",
                        consequence="times count from the logger's start, set at 1970-01-01",
                    )
                ],
            )
        offsets = (utc[known] - UNIX_EPOCH).astype("int64") - np.asarray(boot_ns, "int64")[known]
        middle = int(offsets[0]) + int(np.median(offsets - offsets[0]))
        apart = int(np.percentile(np.abs(offsets - middle), 95))
        remarks = []
        if apart > STEADY_NS:
            remarks.append(
                Remark(
                    what=f"the logger's clock and UTC part by up to {apart / 1e9:.1f} s",
                    consequence="one offset (the median) was used; times are uncertain by that much",
                )
            )
        return cls(offset_ns=middle, remarks=remarks)

    def utc(self, boot_ns: Integers) -> Times:
        """UTC of counts since start.

        Args:
            boot_ns: counts, shape (record,) [ns].

        Returns:
            UTC, shape (record,); from 1970-01-01 on when the log has no UTC.
        """
        counted = np.asarray(boot_ns, "int64") + (self.offset_ns or 0)
        return UNIX_EPOCH + counted.astype("timedelta64[ns]")

    @property
    def reference(self) -> str:
        """Whether the times are "utc" or "relative"."""
        return "relative" if self.offset_ns is None else "utc"
