"""The flown track against its authority: which samples may be used, and what went wrong.

A sample outside the permitted volume is quarantined, whatever the reason. The incident says by how much, and
whether that is more than the position error: a breach, or an excursion that the position error could explain.
A leg between two good samples that leaves the area is an incident too. Outlines are straight in longitude and
latitude (RFC 7946); distances are taken in a local frame at the track's middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from plumeline.access.authority import Mode, ResidentialRule, Senses
from plumeline.access.records import Count, Instant, Label, NonNegative, StreamId, record, utc
from plumeline.errors import InputError
from plumeline.frames import LocalFrame, lonlat

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from plumeline.access.authority import Authority

SEGMENT_DEG = 0.002
"""Outlines are cut into pieces of this length before they are projected: 220 m, whose bow is below 1 mm."""
CLIP_DEG = 0.5
"""Outlines farther than this from the track do not matter."""
SIGMAS = 2.0
"""An excursion of less than this many position sigmas could be the position error."""
LEG_TOLERANCE_M = 0.01
"""A leg that leaves the area by less than this is on its edge."""


class Reason(StrEnum):
    """Why a sample may not be used."""

    AREA = "outside the area"
    BORDER = "beyond the border"
    ALTITUDE = "outside the altitude band"
    TIME = "outside the time window"
    SENSOR = "with a sensor that is not allowed"
    HOMES = "over homes against the residential rule"
    LEG = "left the area between two samples"
    POSITION = "without a position"


class Severity(StrEnum):
    """How sure it is."""

    BREACH = "breach"
    WITHIN_ERROR = "within the position error"


class Jurisdiction(StrEnum):
    """Where a located source lies."""

    OWN = "this side of the border"
    OTHER = "in another jurisdiction"
    UNDECIDED = "too near the border to say"
    UNKNOWN = "no border was given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Where and when samples were taken; arrays of one length."""

    longitude_deg: NDArray[np.float64]
    """[degrees]."""
    latitude_deg: NDArray[np.float64]
    """[degrees]."""
    height_m: NDArray[np.float64]
    """Above ground [m]."""
    time: NDArray[np.datetime64]
    """UTC."""
    sensor: NDArray[np.str_]
    """Name of the sensor of each sample."""
    position_sigma_m: float
    """Standard error of a horizontal position [m]."""

    def __post_init__(self) -> None:
        sizes = {
            len(a) for a in (self.longitude_deg, self.latitude_deg, self.height_m, self.time, self.sensor)
        }
        if len(sizes) != 1 or not len(self.time):
            raise InputError("a track's arrays differ in length or are empty")
        if not np.isfinite(self.position_sigma_m) or self.position_sigma_m < 0:
            raise InputError("the position error of the track is not known", remedy="state it in metres")


@record
class Incident:
    """One departure from the authority."""

    reason: Reason
    """Which rule."""
    severity: Severity
    """How sure."""
    samples: Count
    """How many samples (or legs)."""
    first: Instant
    """Time of the first."""
    last: Instant
    """Time of the last."""
    worst_m: NonNegative | None = None
    """Farthest beyond the limit [m]; None where no distance applies."""


@record
class FenceReport:
    """What the replay of a track against an authority found."""

    authority: StreamId
    """Which authority."""
    version: Count
    """Which version of it."""
    samples: Count
    """All samples."""
    quarantined: Count
    """Samples that may not be used."""
    incidents: tuple[Incident, ...] = ()
    """What went wrong, by rule."""
    nearest_border_m: NonNegative | None = None
    """Least distance from a used sample to the border [m]; None without a border."""
    border_data: Label | None = None
    """Where the border line comes from."""
    border_error_m: NonNegative | None = None
    """How far the border line may be from the truth [m]."""
    position_sigma_m: NonNegative
    """Standard error of a position [m]."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return not self.incidents


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A track, replayed."""

    quarantined: NDArray[np.bool_]
    """True for each sample that may not be used."""
    report: FenceReport
    """The summary that travels with the finding."""


def replay(track: Track, authority: Authority) -> Replay:
    """Hold a flown track against its authority.

    Args:
        track: what was flown.
        authority: under what.

    Returns:
        Which samples are quarantined, and the report.
    """
    plane = _Plane(track, authority)
    excess = plane.excess_m()
    incidents: list[Incident] = []
    quarantined = np.zeros(len(track.time), bool)
    for reason, beyond_m in excess.items():
        bad = beyond_m > 0
        if not bad.any():
            continue
        quarantined |= bad
        incidents += _incidents(reason, beyond_m, bad, track)
    incidents += plane.leg_incidents(quarantined)
    border = authority.border
    return Replay(
        quarantined=quarantined,
        report=FenceReport(
            authority=authority.id,
            version=authority.version,
            samples=len(track.time),
            quarantined=int(quarantined.sum()),
            incidents=tuple(incidents),
            nearest_border_m=plane.nearest_border_m(~quarantined),
            border_data=f"{border.dataset} {border.vintage}" if border else None,
            border_error_m=border.error_m if border else None,
            position_sigma_m=track.position_sigma_m,
        ),
    )


_DISTANCES = {Reason.AREA, Reason.BORDER, Reason.HOMES}


def _incidents(
    reason: Reason, beyond_m: NDArray[np.float64], bad: NDArray[np.bool_], track: Track
) -> list[Incident]:
    unsure = (
        bad & (beyond_m <= SIGMAS * track.position_sigma_m) if reason in _DISTANCES else np.zeros_like(bad)
    )
    made = []
    for severity, chosen in ((Severity.BREACH, bad & ~unsure), (Severity.WITHIN_ERROR, unsure)):
        if chosen.any():
            worst = float(beyond_m[chosen].max())
            made.append(
                Incident(
                    reason=reason,
                    severity=severity,
                    samples=int(chosen.sum()),
                    first=_utc(track.time[chosen].min()),
                    last=_utc(track.time[chosen].max()),
                    worst_m=worst
                    if reason in _DISTANCES | {Reason.ALTITUDE} and np.isfinite(worst)
                    else None,
                )
            )
    return made


def _utc(value: np.datetime64) -> datetime:
    return utc(f"{np.datetime_as_string(value.astype('datetime64[us]'))}Z")


class _Plane:
    """Track and outlines in a local plane at the track's middle."""

    def __init__(self, track: Track, authority: Authority) -> None:
        self.track = track
        self.authority = authority
        self.known = np.isfinite(track.longitude_deg) & np.isfinite(track.latitude_deg)
        if not self.known.any():
            raise InputError("no sample of the track has a position", remedy="check the position log")
        lon, lat = track.longitude_deg[self.known], track.latitude_deg[self.known]
        self.box = shapely.box(
            lon.min() - CLIP_DEG, lat.min() - CLIP_DEG, lon.max() + CLIP_DEG, lat.max() + CLIP_DEG
        )
        self.frame = LocalFrame(origin=lonlat(float(lon.mean()), float(lat.mean())))
        east_m, north_m = self.frame.to_local(track.longitude_deg, track.latitude_deg)
        self.places: NDArray[Any] = shapely.points(  # type: ignore[assignment]
            np.where(self.known, east_m, 0.0), np.where(self.known, north_m, 0.0)
        )
        self.area = self.project(authority.area)
        self.beyond = self.project(authority.border.beyond) if authority.border else None

    def project(self, region: shapely.MultiPolygon) -> Any:
        near = shapely.segmentize(shapely.intersection(region, self.box), SEGMENT_DEG)

        def to_plane(corners: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.column_stack(self.frame.to_local(corners[:, 0], corners[:, 1]))

        return shapely.transform(near, to_plane)

    def outside_m(self, region: Any) -> NDArray[np.float64]:
        if region.is_empty:
            return np.full(len(self.places), np.inf)
        return np.asarray(shapely.distance(self.places, region), float)

    def inside_m(self, region: Any) -> NDArray[np.float64]:
        """Depth inside a region [m]; 0 outside."""
        if region.is_empty:
            return np.zeros(len(self.places))
        depth = np.asarray(shapely.distance(self.places, region.boundary), float)
        return np.where(shapely.contains_properly(region, self.places), depth, 0.0)

    def excess_m(self) -> dict[Reason, NDArray[np.float64]]:
        track, authority = self.track, self.authority
        start, end = (np.datetime64(t.replace(tzinfo=None)) for t in (authority.start, authority.end))
        senses = {sensor.label: sensor.senses for sensor in authority.sensors}
        allowed = np.isin(track.sensor, list(senses))
        height = track.height_m
        band = np.maximum(height - authority.altitude_high_m, authority.altitude_low_m - height)
        lost = np.where(self.known & np.isfinite(height), 0.0, np.inf)
        found = {
            Reason.POSITION: lost,
            Reason.AREA: np.where(self.known, self.outside_m(self.area), 0.0),
            Reason.ALTITUDE: np.where(np.isfinite(band), np.maximum(band, 0.0), 0.0),
            Reason.TIME: np.where((track.time >= start) & (track.time <= end), 0.0, np.inf),
            Reason.SENSOR: np.where(allowed, 0.0, np.inf),
        }
        if authority.mode is Mode.STAND_OFF and self.beyond is not None:
            found[Reason.BORDER] = np.where(self.known, self.inside_m(self.beyond), 0.0)
        if authority.homes is not None and authority.residential is not ResidentialRule.NO_RESTRICTION:
            depth = np.where(self.known, self.inside_m(self.project(authority.homes)), 0.0)
            if authority.residential is ResidentialRule.NO_THERMAL_IMAGE:
                thermal = [label for label, kind in senses.items() if kind is Senses.THERMAL_IMAGE]
                depth = np.where(np.isin(track.sensor, thermal), depth, 0.0)
            found[Reason.HOMES] = depth
        return found

    def leg_incidents(self, quarantined: NDArray[np.bool_]) -> list[Incident]:
        order = np.argsort(self.track.time, kind="stable")
        order = order[~quarantined[order]]
        if len(order) < 2:
            return []
        corners = shapely.get_coordinates(self.places)[order]
        legs = shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1))
        left_m: NDArray[np.float64] = shapely.length(shapely.difference(legs, self.area))
        if self.authority.mode is Mode.STAND_OFF and self.beyond is not None:
            left_m = np.maximum(left_m, shapely.length(shapely.intersection(legs, self.beyond)))
        bad = left_m > LEG_TOLERANCE_M
        if not bad.any():
            return []
        times = self.track.time[order]
        return [
            Incident(
                reason=Reason.LEG,
                severity=Severity.BREACH,
                samples=int(bad.sum()),
                first=_utc(times[:-1][bad].min()),
                last=_utc(times[1:][bad].max()),
                worst_m=float(left_m[bad].max()),
            )
        ]

    def nearest_border_m(self, used: NDArray[np.bool_]) -> float | None:
        if self.beyond is None or not (used & self.known).any():
            return None
        nearest = float(self.outside_m(self.beyond)[used & self.known].min())
        return nearest if np.isfinite(nearest) else None


def jurisdiction_of(region_90: shapely.MultiPolygon, authority: Authority) -> Jurisdiction:
    """On which side of the border a located source lies.

    Args:
        region_90: its 90 % region, longitude and latitude.
        authority: holds the border.

    Returns:
        Own or other only if the whole region is clear of the line by more than the line's own error.
    """
    border = authority.border
    if border is None:
        return Jurisdiction.UNKNOWN
    middle = region_90.centroid
    frame = LocalFrame(origin=lonlat(middle.x, middle.y))

    def to_plane(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(frame.to_local(corners[:, 0], corners[:, 1]))

    near = shapely.box(middle.x - CLIP_DEG, middle.y - CLIP_DEG, middle.x + CLIP_DEG, middle.y + CLIP_DEG)
    beyond = shapely.transform(
        shapely.segmentize(shapely.intersection(border.beyond, near), SEGMENT_DEG), to_plane
    )
    region = shapely.transform(region_90, to_plane)
    if beyond.is_empty or shapely.distance(region, beyond) > border.error_m:
        return Jurisdiction.OWN
    if shapely.contains(beyond, region) and shapely.distance(region, beyond.boundary) > border.error_m:
        return Jurisdiction.OTHER
    return Jurisdiction.UNDECIDED
