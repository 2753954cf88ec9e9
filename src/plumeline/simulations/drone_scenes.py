"""A thermal push-broom imager under a swaying drone: its lines as the sensor writes them, and the autopilot's log.

The ground is a map-like scene; every pixel of the cube looks at the place where its ray meets the ground, with the
aircraft's attitude at that moment, so the raw picture is as crooked as a real one. The detector's faults are put on
afterwards, by detector column. The log is what an autopilot writes, once a second.

Reference: Mostafa & Schwarz, ISPRS J. Photogramm. 56, 1 (2001) for the direct georeferencing equation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from plumeline.errors import ConfigurationError
from plumeline.frames import LocalFrame
from plumeline.simulations.autopilot_logs import Poses, write_dataflash
from plumeline.simulations.ranges import within
from plumeline.simulations.scenes import Emission, ThermalSceneSettings, detector_faults, thermal_scene
from plumeline.simulations.towns import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from plumeline.chem.spectra import CrossSection

    Doubles = NDArray[np.float64]
    Single = NDArray[np.float32]

START = np.datetime64("2026-06-01T10:00:00.000", "ms")
LEAD_S = 5.0
"""The log begins so long before the first line and ends so long after the last [s]."""

MARGIN_M = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drone:
    """Table `[drone]` of a cube's scenario."""

    height_m: float = 60.0
    """Height above the flat ground [m]."""
    speed_m_s: float = 5.0
    """Speed over ground [m s-1]."""
    heading_deg: float = 30.0
    """Course and heading, clockwise from true north [degrees]."""
    sway_deg: float = 2.0
    """Amplitude of roll, pitch and yaw [degrees]."""
    boresight_deg: tuple[float, float, float] = (0.8, -0.5, 1.2)
    """Roll, pitch and yaw of the camera against the autopilot's axes [degrees]."""

    def __post_init__(self) -> None:
        within(5.0, 500.0, height_m=self.height_m)
        within(0.5, 30.0, speed_m_s=self.speed_m_s)
        within(-360.0, 360.0, heading_deg=self.heading_deg)
        within(0.0, 15.0, sway_deg=self.sway_deg)
        if len(self.boresight_deg) != 3:
            raise ConfigurationError("boresight_deg is no list of three angles")
        roll, pitch, yaw = self.boresight_deg
        within(-10.0, 10.0, boresight_roll=roll, boresight_pitch=pitch, boresight_yaw=yaw)

    def attitude_deg(self, seconds: NDArray[np.floating]) -> Doubles:
        """Pitch, roll and heading at times after the first line [degrees], shape (time, 3)."""
        return np.stack(
            [
                self.sway_deg * np.sin(2 * np.pi * seconds / 11.0),
                self.sway_deg * np.sin(2 * np.pi * seconds / 8.0 + 1.0),
                self.heading_deg + 0.5 * self.sway_deg * np.sin(2 * np.pi * seconds / 17.0 + 2.0),
            ],
            axis=-1,
        )

    def along_m(
        self, seconds: NDArray[np.floating], across_m: Doubles | float = 0.0
    ) -> tuple[Doubles, Doubles]:
        """Places of the track, or beside it to the right: metres east and north of its start."""
        angle = np.radians(self.heading_deg)
        ahead = self.speed_m_s * seconds
        east = ahead * np.sin(angle) + across_m * np.cos(angle)
        north = ahead * np.cos(angle) - across_m * np.sin(angle)
        return np.asarray(east), np.asarray(north)


@dataclass(frozen=True, slots=True, kw_only=True)
class DroneScene:
    """What the imager wrote, and the truth."""

    radiance_w_m2_sr_cm1: Single
    """Raw lines, shape (line, sample, band)."""
    column_ppm_m: Mapping[str, Single]
    """True column of each gas seen by each raw pixel, shape (line, sample)."""
    sources_m: tuple[tuple[float, float], ...]
    """Where the sources are: metres east and north of the start of the track."""


def drone_scene(
    spectra: Mapping[str, CrossSection],
    emissions: Sequence[Emission],
    settings: ThermalSceneSettings,
    drone: Drone,
) -> DroneScene:
    """Fly a push-broom imager over a ground with sources.

    Args:
        spectra: spectrum of each gas that is emitted.
        emissions: sources; their lines and samples are those of a level flight.
        settings: sensor and surroundings; pixels are square in a level flight.
        drone: the flight.

    Returns:
        The raw cube and the truth.
    """
    period = settings.pixel_m / drone.speed_m_s
    east, north = ground_points(settings, drone, period)
    west, top = east.min() - MARGIN_M, north.max() + MARGIN_M
    pixel = settings.pixel_m
    rows = int(np.ceil((top - north.min() + MARGIN_M) / pixel))
    columns = int(np.ceil((east.max() + MARGIN_M - west) / pixel))
    placed, sources = [], []
    for one in emissions:
        ahead = np.asarray(one.plume.line * period)
        across = (one.plume.sample - 0.5 * (settings.samples - 1)) * pixel
        source_east, source_north = (float(v) for v in drone.along_m(ahead, across))
        sources.append((source_east, source_north))
        at = replace(
            one.plume, line=(top - source_north) / pixel - 0.5, sample=(source_east - west) / pixel - 0.5
        )
        placed.append(replace(one, plume=at))
    faultless = replace(
        settings, lines=rows, samples=columns, striping=0.0, smile_cm1=0.0, noise_w_m2_sr_cm1=0.0
    )
    ground = thermal_scene(spectra, tuple(placed), faultless)
    where = np.stack([(top - north) / pixel - 0.5, (east - west) / pixel - 0.5])

    def seen(layer: Single) -> Doubles:
        return np.asarray(map_coordinates(layer.astype(np.float64), where, order=1, mode="nearest"))

    bands = [seen(ground.radiance_w_m2_sr_cm1[:, :, band]) for band in range(settings.bands)]
    rng = np.random.default_rng([settings.seed, 1])
    raw = detector_faults(np.stack(bands, axis=-1), settings, rng)
    columns_seen = {gas: seen(column).astype(np.float32) for gas, column in ground.column_ppm_m.items()}
    return DroneScene(
        radiance_w_m2_sr_cm1=raw.astype(np.float32), column_ppm_m=columns_seen, sources_m=tuple(sources)
    )


def write_flight(folder: Path, settings: ThermalSceneSettings, drone: Drone) -> None:
    """Write the autopilot's log (DataFlash) and the camera file.

    Args:
        folder: where `flight.bin` and `camera.toml` go.
        settings: the sensor.
        drone: the flight.

    Raises:
        OSError: a file cannot be written.
    """
    period = settings.pixel_m / drone.speed_m_s
    seconds = np.arange(-LEAD_S, settings.lines * period + LEAD_S + 1.0)
    east, north = drone.along_m(seconds)
    lon, lat = LocalFrame(origin=ORIGIN).to_lonlat(east, north)
    write_dataflash(
        Poses(
            time=START + np.round(1000 * seconds).astype("timedelta64[ms]"),
            lon_deg=lon,
            lat_deg=lat,
            places_m=np.stack([east, north, np.full(seconds.size, drone.height_m)], axis=1),
            attitude_deg=drone.attitude_deg(seconds),
        ),
        folder / "flight.bin",
    )
    focal = drone.height_m / settings.pixel_m
    roll, pitch, yaw = drone.boresight_deg
    (folder / "camera.toml").write_text(
        'kind = "push-broom"\n'
        f"focal_pixels = {focal:.6g}\n"
        "ground_altitude_m = 0.0\n"
        f"start = {START}Z\n"
        f"line_period_ms = {1000 * period:.6g}\n"
        f"boresight_deg = [{roll}, {pitch}, {yaw}]\n",
        encoding="utf-8",
    )


def ground_points(settings: ThermalSceneSettings, drone: Drone, period_s: float) -> tuple[Doubles, Doubles]:
    """Where each raw pixel looks.

    Args:
        settings: the sensor.
        drone: the flight.
        period_s: time between two lines [s].

    Returns:
        Metres east and north of the start of the track, each of shape (line, sample).
    """
    seconds = period_s * np.arange(settings.lines)
    pitch, roll, heading = drone.attitude_deg(seconds).T
    # From the body's axes (forward, right, down) to north, east, down; the camera sits turned in the body.
    body = Rotation.from_euler("ZYX", np.stack([heading, pitch, roll], axis=1), degrees=True)
    turned = Rotation.from_euler("ZYX", list(drone.boresight_deg[::-1]), degrees=True)
    samples = np.arange(settings.samples) - 0.5 * (settings.samples - 1)
    rays = np.stack(
        [np.zeros(samples.size), samples * settings.pixel_m / drone.height_m, np.ones(samples.size)], axis=1
    )
    in_body = turned.apply(rays)
    north, east, down = np.moveaxis(np.stack([one.apply(in_body) for one in body]), -1, 0)
    start_east, start_north = drone.along_m(seconds)
    return (
        start_east[:, None] + drone.height_m * east / down,
        start_north[:, None] + drone.height_m * north / down,
    )
