"""Times as files write them, turned into UTC; what a file does not say (zone, date, start) becomes a remark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from plumeline.errors import ConfigurationError, PlumelineError
from plumeline.instruments.recording import Remark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from plumeline.instruments.mapping import TimeSection

    Times = NDArray[np.datetime64]

NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1, "min": 60 * 10**9, "h": 3600 * 10**9}
"""Nanoseconds in each unit of elapsed or Unix time."""

OFFSET = re.compile(r"(Z|UTC|GMT|[T ]\d\d:?\d\d.*[+-]\d\d(:?\d\d)?)$", re.IGNORECASE)
NAMES_UTC = re.compile(r"(^|[^a-z])(utc|gmt|zulu)([^a-z]|$)", re.IGNORECASE)
NUMERIC_FORMATS = ("unix", "elapsed")
EPOCH = np.datetime64("1970-01-01T00:00:00", "ns")
LATEST_NS = 2**62
HALF_DAY = np.timedelta64(12, "h")
DAY = np.timedelta64(24, "h")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How one file's times are to be read."""

    section: TimeSection
    where: str

    def __post_init__(self) -> None:
        if self.section.unit not in NANOSECONDS:
            raise ConfigurationError(
                f"time unit {self.section.unit!r} is unknown",
                where=self.where,
                remedy="use one of: " + ", ".join(NANOSECONDS),
            )
        if len(self.section.rewrite) not in {0, 2}:
            raise ConfigurationError(
                "[time] rewrite takes two texts", where=self.where, remedy="give [pattern, replacement]"
            )
        _zone(self.section.timezone, self.where)
        try:
            pattern, replacement = self.section.rewrite or ("", "")
            re.sub(pattern, replacement, "2026-05-01T10:00:00")
            if self.section.format not in {"iso", *NUMERIC_FORMATS}:
                pd.to_datetime(["2026"], format=self.section.format, errors="coerce")
        except (re.error, ValueError) as error:
            raise ConfigurationError(
                f"[time] format or rewrite cannot be used: {error}",
                where=self.where,
                remedy='format is "iso", "unix", "elapsed" or directives such as "%d.%m.%Y %H:%M:%S"',
            ) from None

    @property
    def is_time_of_day(self) -> bool:
        """Whether the file writes only the time of day."""
        directives = self.section.format
        return "%H" in directives and not any(part in directives for part in ("%d", "%j", "%Y", "%y"))

    @property
    def reference(self) -> str:
        """Whether it is "utc", when the times have a calendar date, or "relative", when they count from an unknown start."""
        section = self.section
        if section.format == "elapsed":
            return "utc" if section.start else "relative"
        return "utc" if section.date or not self.is_time_of_day else "relative"

    def read(self, texts: pd.Series[Any]) -> Times:
        """Times of one block.

        Args:
            texts: the time column (or joined columns) as text, shape (record,).

        Returns:
            UTC, shape (record,), NaT where a text cannot be read.
        """
        section = self.section
        if section.rewrite:
            texts = texts.str.replace(section.rewrite[0], section.rewrite[1], regex=True)
        if section.format in NUMERIC_FORMATS:
            return self._counted(texts)
        layout = section.format
        if section.date and self.is_time_of_day:
            texts, layout = section.date + " " + texts, "%Y-%m-%d " + layout
        elif self.is_time_of_day:
            texts, layout = "1970-01-01 " + texts, "%Y-%m-%d " + layout
        layout = "ISO8601" if layout == "iso" else layout
        try:
            parsed = pd.to_datetime(texts, format=layout, errors="coerce", utc=not section.timezone)
        except ValueError:
            # Some times carry an offset and others do not: those with an offset are certain.
            parsed = pd.to_datetime(texts, format=layout, errors="coerce", utc=True)
        return _as_utc(parsed, section.timezone, self.where)

    def _counted(self, texts: pd.Series[Any]) -> Times:
        number = pd.to_numeric(texts, errors="coerce").to_numpy(float)
        scale = NANOSECONDS[self.section.unit]
        number = np.where(np.abs(number) < LATEST_NS / scale, number, np.nan)
        whole = np.floor(number)
        known = np.isfinite(number)
        counted = np.zeros(number.shape, "int64")
        counted[known] = whole[known].astype("int64") * scale + np.rint(
            (number[known] - whole[known]) * scale
        ).astype("int64")
        times = np.where(known, EPOCH + counted.astype("timedelta64[ns]"), np.datetime64("NaT", "ns"))
        if self.section.format == "elapsed" and self.section.start:
            start = _as_utc(
                pd.Series(pd.to_datetime([self.section.start], errors="coerce")),
                self.section.timezone,
                self.where,
            )[0]
            if np.isnat(start):
                raise ConfigurationError(
                    f"[time] start {self.section.start!r} is no time",
                    where=self.where,
                    remedy='write it like "2026-05-09T06:00:00"',
                )
            times = times + (start - EPOCH)
        return times

    def zone_remarks(self, columns: Sequence[str]) -> list[Remark]:
        """That UTC was assumed, when neither the times nor the mapping nor a column's name says a zone.

        Args:
            columns: names of the time's columns.

        Returns:
            One remark or none.
        """
        section = self.section
        told = (
            section.timezone or section.format in NUMERIC_FORMATS or any(NAMES_UTC.search(c) for c in columns)
        )
        if told or self.reference == "relative":
            return []
        return [
            Remark(
                what="the times carry no zone and the mapping gives none",
                consequence='read as UTC; [time] timezone = "UTC" or another settles it',
            )
        ]

    def remarks(self) -> list[Remark]:
        """What the file and its mapping leave open about the time."""
        section = self.section
        if self.reference == "relative":
            key = "start" if section.format == "elapsed" else "date"
            return [
                Remark(
                    what="the file has no calendar date",
                    consequence=f"times count from 1970-01-01; give [time] {key} to place them",
                )
            ]
        return []


def has_offset(text: str) -> bool:
    """Whether a time as text carries its offset from UTC.

    Args:
        text: the time.

    Returns:
        True for one that ends in Z, UTC, GMT or an offset.
    """
    return bool(OFFSET.search(text.strip()))


def unwrap_midnight(time: Times) -> tuple[Times, list[int]]:
    """Add a day at each passage of midnight in a column that writes only the time of day.

    Args:
        time: times of one day each, shape (record,).

    Returns:
        Times that go on past midnight, and the positions where they did.
    """
    known = np.flatnonzero(~np.isnat(time))
    step = np.diff(time[known])
    passed = known[1:][step < -HALF_DAY]
    out = time.copy()
    for at in passed:
        out[at:] += DAY
    return out, [int(at) for at in passed]


def _zone(name: str, where: str) -> Any:
    # A time zone by its name or offset; UTC for no name.
    if not name or name.upper() in {"UTC", "Z"}:
        return "UTC"
    try:
        if name[0] in "+-":
            return pd.Timestamp(f"2000-01-01T00:00:00{name}").tzinfo
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"time zone {name!r} is unknown", where=where, remedy='use "UTC", "+10:00" or "Australia/Sydney"'
        ) from None


def _as_utc(parsed: pd.Series[Any], timezone: str, where: str) -> Times:
    # Zone-less times are of `timezone`; an hour that occurs twice in autumn is taken as the first.
    if not pd.api.types.is_datetime64_any_dtype(parsed):
        parsed = pd.to_datetime(parsed, errors="coerce", utc=True)
    if parsed.dt.tz is None:
        first = np.ones(len(parsed), bool)
        try:
            parsed = parsed.dt.tz_localize(
                _zone(timezone, where), ambiguous=first, nonexistent="shift_forward"
            )
        except (OverflowError, ValueError) as error:
            raise PlumelineError(f"times cannot be placed in {timezone!r}: {error}", where=where) from None
    naive = parsed.dt.tz_convert("UTC").dt.tz_localize(None)
    return np.asarray(naive.to_numpy("datetime64[ns]"))
