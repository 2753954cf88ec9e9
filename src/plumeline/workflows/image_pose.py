"""A map for a drone imager's cube from the autopilot's log, and the boresight angles from points on the ground."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pyproj import Transformer

from plumeline.errors import ConfigurationError, InputError
from plumeline.instruments import read
from plumeline.instruments.cubes import Camera, Kind, Pose, boresight, lookup_from_geometry, on_ground

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.instruments.cubes import Cube

    Doubles = NDArray[np.float64]

LONGEST_GAP_S = 2.0
"""A pose is not interpolated across a longer silence of the log [s]."""

KEYS = {"kind", "focal_pixels", "boresight_deg", "ground_altitude_m", "start", "line_period_ms"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """What a camera file says."""

    kind: Kind
    """How the imager makes its lines."""
    focal_pixels: float
    """Focal length over pixel pitch."""
    boresight_deg: tuple[float, float, float]
    """Roll, pitch and yaw against the autopilot's axes [degrees]."""
    ground_altitude_m: float
    """Height of the ground, as the log counts altitude [m]."""
    start: np.datetime64
    """Time of the first line, or of the frame, by the log's clock."""
    line_period_s: float
    """Time between two lines [s]; 0 for a frame."""

    def camera(self, shape: tuple[int, int]) -> Camera:
        """The camera of a cube of so many lines and samples."""
        return Camera(
            kind=self.kind, focal_pixels=self.focal_pixels, shape=shape, boresight_deg=self.boresight_deg
        )

    def times(self, line: Doubles) -> Doubles:
        """When lines were taken, seconds after the start; a frame's all at once."""
        return line * self.line_period_s


def read_mount(path: Path) -> Mount:
    """Read a camera file.

    Args:
        path: TOML with the keys of `Mount`, `line_period_ms` in milliseconds.

    Returns:
        What it says.

    Raises:
        ConfigurationError: a key is missing, unknown or wrong.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        unknown = sorted(set(table) - KEYS)
        if unknown:
            raise ConfigurationError(f"unknown key {unknown[0]}", where=str(path))
        kind = Kind(table["kind"])
        roll, pitch, yaw = (float(angle) for angle in table.get("boresight_deg", (0.0, 0.0, 0.0)))
        mount = Mount(
            kind=kind,
            focal_pixels=float(table["focal_pixels"]),
            boresight_deg=(roll, pitch, yaw),
            ground_altitude_m=float(table["ground_altitude_m"]),
            start=np.datetime64(str(table["start"]).removesuffix("Z").removesuffix("+00:00"), "ns"),
            line_period_s=float(table["line_period_ms"]) / 1e3 if kind is Kind.PUSH_BROOM else 0.0,
        )
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"lacks or garbles {error}", where=str(path), remedy="see docs/imaging.md, georeferencing"
        ) from None
    if not mount.focal_pixels > 0 or (kind is Kind.PUSH_BROOM and not mount.line_period_s > 0):
        raise ConfigurationError("focal_pixels and line_period_ms must be positive", where=str(path))
    return mount


def posed(cube: Cube, log: Path, mount: Mount) -> Cube:
    """A cube with a map from an autopilot's log; the radiance is not touched.

    Args:
        cube: the cube.
        log: the autopilot's log.
        mount: the camera.

    Returns:
        The cube with its grid, in the UTM zone of the flight.

    Raises:
        InputError: the log has no position, height or attitude over the cube's lines.
    """
    lines, samples = cube.shape[:2]
    line = np.arange(lines, dtype=float)
    pose, crs = pose_at(log, mount, mount.times(line))
    east, north = on_ground(
        mount.camera((lines, samples)),
        pose.take(np.arange(lines)[:, None]),
        line[:, None],
        np.arange(samples, dtype=float)[None, :],
    )
    return replace(cube, grid=lookup_from_geometry(east, north, crs, where=log.name))


def calibrated(
    log: Path, mount: Mount, points: Path, shape: tuple[int, int]
) -> tuple[Mount, tuple[float, float, float], float]:
    """Boresight angles from points on the ground.

    Args:
        log: the autopilot's log.
        mount: the camera with a first guess.
        points: CSV with columns line, sample, longitude, latitude.
        shape: lines and samples of the cube.

    Returns:
        The camera with its angles, their standard errors [degrees], and the rms misfit [m].

    Raises:
        InputError: the points cannot be read or are too few, or the log does not cover them.
        RefusedError: the points do not determine the angles.
    """
    try:
        with points.open(newline="", encoding="utf-8-sig") as stream:
            rows = [
                [float(row[key]) for key in ("line", "sample", "longitude", "latitude")]
                for row in csv.DictReader(stream)
            ]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"lacks or garbles {error}",
            where=str(points),
            remedy="columns: line, sample, longitude, latitude",
        ) from None
    line, sample, lon, lat = np.array(rows, float).reshape(-1, 4).T
    pose, crs = pose_at(log, mount, mount.times(line))
    east, north = Transformer.from_crs("OGC:CRS84", crs, always_xy=True).transform(lon, lat)
    camera, sigma, rms = boresight(
        mount.camera(shape),
        pose,
        line=line,
        sample=sample,
        east_m=np.asarray(east),
        north_m=np.asarray(north),
    )
    return replace(mount, boresight_deg=camera.boresight_deg), sigma, rms


def pose_at(log: Path, mount: Mount, seconds: Doubles) -> tuple[Pose, str]:
    """Pose of the aircraft at times after a camera's start, and the UTM zone that its places are in.

    Args:
        log: the autopilot's log.
        mount: the camera.
        seconds: times after its start [s], shape (n,).

    Returns:
        The pose and the reference system.

    Raises:
        InputError: the log has no position, height or attitude at some of them.
    """
    tables = read(log).tables
    track = tables.get("track")
    if track is None or not {"latitude", "longitude", "altitude"} <= set(track):
        raise InputError("holds no positions with an altitude", where=str(log))
    turned = tables.get("attitude", track)
    if not {"heading", "pitch", "roll"} <= set(turned):
        raise InputError("holds no attitude", where=str(log), remedy="log heading, pitch and roll")
    lat, lon = (_between(track, name, mount, seconds, log) for name in ("latitude", "longitude"))
    zone = f"EPSG:{326 if np.median(lat) >= 0 else 327}{int((np.median(lon) + 180.0) // 6.0) % 60 + 1:02d}"
    to_map = Transformer.from_crs("OGC:CRS84", zone, always_xy=True)
    east, north = to_map.transform(lon, lat)
    # Headings are from true north, the map's grid is turned against it by its convergence.
    above_e, above_n = to_map.transform(lon, lat + 1e-5)
    convergence = np.degrees(np.arctan2(np.subtract(above_e, east), np.subtract(above_n, north)))
    height = _between(track, "altitude", mount, seconds, log) - mount.ground_altitude_m
    if not (height > 0).all():
        raise InputError(
            f"flies {height.min():.1f} m above the ground of the camera file at the lowest", where=str(log)
        )
    return Pose(
        east_m=np.asarray(east),
        north_m=np.asarray(north),
        height_m=height,
        roll_deg=_between(turned, "roll", mount, seconds, log),
        pitch_deg=_between(turned, "pitch", mount, seconds, log),
        heading_deg=_between(turned, "heading", mount, seconds, log, period=360.0) + convergence,
    ), zone


def _between(
    table: xr.Dataset, name: str, mount: Mount, seconds: Doubles, log: Path, *, period: float | None = None
) -> Doubles:
    """A column interpolated to times after the camera's start.

    Raises:
        InputError: the log is silent there.
    """
    time = (table["time"].to_numpy() - mount.start) / np.timedelta64(1, "s")
    value = table[name].to_numpy().astype(float)
    good = np.isfinite(time) & np.isfinite(value)
    time, first = np.unique(time[good], return_index=True)
    value = value[good][first]
    if period is not None:
        value = np.unwrap(value, period=period)
    after = np.clip(np.searchsorted(time, seconds), 1, max(time.size - 1, 1))
    if time.size < 2 or seconds.min() < time[0] or seconds.max() > time[-1]:
        raise InputError(
            f"holds no {name} from {seconds.min():.1f} to {seconds.max():.1f} s after {mount.start}",
            where=str(log),
            remedy="check `start` and `line_period_ms` in the camera file: they are by the log's clock",
        )
    if (time[after] - time[after - 1]).max() > LONGEST_GAP_S:
        raise InputError(
            f"is silent on {name} for more than {LONGEST_GAP_S:g} s while the image is taken", where=str(log)
        )
    return np.asarray(np.interp(seconds, time, value))
