"""Where the pixels of a drone's imager lie: pose of the aircraft, geometry of the camera, flat ground.

Axes: the body looks forward (x), right (y) and down (z); the camera's axes are the body's, turned by the boresight
angles (roll, pitch, yaw: right side down, nose up, clockwise from above). Samples run from left to right, lines of a
frame from front to back. A pixel's ray leaves along ((centre line - line)/f, (sample - centre sample)/f, 1), with 0 for
the first in a push-broom imager, whose lines follow each other in time.

Reference: the rotation order of aerospace practice (yaw, pitch, roll), as autopilots log it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import least_squares

from plumeline.errors import InputError, RefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

LEAST_DOWN = 0.05
"""A ray whose downward part is less than this meets the ground too far away to be placed."""

UNSEEN_M = 1e4
"""Misfit of a point that a trial of angles looks above the horizon for: farther than any that is seen [m]."""

MOST_SIGMA_DEG = 1.0
"""Boresight angles that the points leave less certain than this are refused [degrees]."""


class Kind(StrEnum):
    """How an imager makes its lines."""

    PUSH_BROOM = "push-broom"
    FRAME = "frame"


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """An imager as it is mounted."""

    kind: Kind
    """How it makes its lines."""
    focal_pixels: float
    """Focal length over pixel pitch."""
    shape: tuple[int, int]
    """Lines and samples; the lines of a push-broom imager do not matter."""
    boresight_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Roll, pitch and yaw of the camera against the autopilot's axes [degrees]."""

    def __post_init__(self) -> None:
        if not self.focal_pixels > 0 or not np.all(np.isfinite(self.boresight_deg)):
            raise InputError("a camera needs a positive focal length and boresight angles that are numbers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Places and attitudes of the aircraft at some instants."""

    east_m: Doubles
    """East, shape (n,)."""
    north_m: Doubles
    """North, shape (n,)."""
    height_m: Doubles
    """Above the ground, shape (n,)."""
    roll_deg: Doubles
    """Right side down positive, shape (n,)."""
    pitch_deg: Doubles
    """Nose up positive, shape (n,)."""
    heading_deg: Doubles
    """Clockwise from true north, shape (n,)."""

    def take(self, index: NDArray[np.intp]) -> Pose:
        """The pose at some of the instants.

        Args:
            index: which, any shape.

        Returns:
            Their pose, each field of that shape.
        """
        return Pose(**{name: getattr(self, name)[index] for name in self.__slots__})


def on_ground(camera: Camera, pose: Pose, line: Doubles, sample: Doubles) -> tuple[Doubles, Doubles]:
    """Where pixels look at the ground.

    Args:
        camera: the camera.
        pose: of each pixel, broadcast against `line` and `sample`.
        line: line of each pixel; not used by a push-broom imager.
        sample: sample of each pixel.

    Returns:
        East and north [m]; NaN where a pixel looks at or above the horizon.
    """
    lines, samples = camera.shape
    forward = (
        ((lines - 1) / 2 - line) / camera.focal_pixels if camera.kind is Kind.FRAME else np.zeros_like(line)
    )
    ray = np.stack(
        np.broadcast_arrays(forward, (sample - (samples - 1) / 2) / camera.focal_pixels, 1.0), axis=-1
    )
    turned = np.einsum("ij,...j->...i", _rotation(*map(np.asarray, camera.boresight_deg)), ray)
    body = _rotation(pose.roll_deg, pose.pitch_deg, pose.heading_deg)
    north, east, down = np.moveaxis(np.einsum("...ij,...j->...i", body, turned), -1, 0)
    reach = np.where(down > LEAST_DOWN * np.linalg.norm(ray, axis=-1), pose.height_m, np.nan) / down
    return np.asarray(pose.east_m + reach * east), np.asarray(pose.north_m + reach * north)


def boresight(
    camera: Camera, pose: Pose, *, line: Doubles, sample: Doubles, east_m: Doubles, north_m: Doubles
) -> tuple[Camera, tuple[float, float, float], float]:
    """Find a camera's boresight angles from points on the ground that are known and seen.

    Args:
        camera: the camera, with a first guess.
        pose: at the moment each point was seen, fields of shape (point,).
        line: where each point is in the image, shape (point,).
        sample: same.
        east_m: where it is on the ground, shape (point,).
        north_m: same.

    Returns:
        The camera with its angles, their standard errors [degrees], and the points' rms misfit on the ground [m].

    Raises:
        InputError: there are fewer than three points, or one is no place.
        RefusedError: the points do not determine the angles, or one lies at the horizon.
    """
    if line.size < 3:
        raise InputError(
            f"{line.size} points cannot tell three boresight angles", remedy="give three or more"
        )
    placed = np.isfinite(np.stack([line, sample, east_m, north_m])).all(axis=0)
    if not placed.all():
        raise InputError(f"point {int(np.argmin(placed)) + 1} has no place in the image or on the ground")

    def misfit(angles: Doubles) -> Doubles:
        turned = replace(camera, boresight_deg=(float(angles[0]), float(angles[1]), float(angles[2])))
        east, north = on_ground(turned, pose, line, sample)
        apart: Doubles = np.concatenate([east - east_m, north - north_m])
        # On its way the search may turn a point above the horizon; at its end none may be there.
        return np.where(np.isnan(apart), UNSEEN_M, apart)

    found = least_squares(misfit, np.array(camera.boresight_deg), loss="soft_l1", x_scale=1.0)
    residual = misfit(found.x)
    if (residual == UNSEEN_M).any():
        raise RefusedError(
            f"point {int(np.argmax(residual == UNSEEN_M)) % line.size + 1} would be seen at or above the horizon",
            remedy="check its line and sample, the log's pitch and roll, and the first guess of the boresight",
        )
    rms = float(np.sqrt(np.mean(np.square(residual))) * np.sqrt(2.0))
    slope = np.asarray(found.jac, dtype=np.float64)
    curvature = slope.T @ slope
    noise = float(residual @ residual) / (residual.size - 3)
    sigma = np.sqrt(noise * np.diag(np.linalg.pinv(curvature)))
    if np.linalg.cond(curvature) > 1e10 or sigma.max() > MOST_SIGMA_DEG:
        raise RefusedError(
            f"the points leave the boresight uncertain by {sigma.max():.1f}°",
            remedy="use points at both edges of the image, seen on lines flown in different directions",
        )
    angles = (float(found.x[0]), float(found.x[1]), float(found.x[2]))
    errors = (float(sigma[0]), float(sigma[1]), float(sigma[2]))
    return replace(camera, boresight_deg=angles), errors, rms


def _rotation(roll_deg: Doubles, pitch_deg: Doubles, yaw_deg: Doubles) -> Doubles:
    """Matrices from turned to fixed axes, shape (..., 3, 3)."""
    r, p, y = (np.radians(angle) for angle in (roll_deg, pitch_deg, yaw_deg))
    cr, sr, cp, sp, cy, sy = np.cos(r), np.sin(r), np.cos(p), np.sin(p), np.cos(y), np.sin(y)
    rows = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    return np.stack([np.stack(np.broadcast_arrays(*row), axis=-1) for row in rows], axis=-2)
