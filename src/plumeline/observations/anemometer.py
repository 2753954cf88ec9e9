"""Wind from an anemometer, fixed or flown.

A flown anemometer measures the air relative to the platform, in the platform's own axes unless it says otherwise:
true wind = rotation(heading) of the measured flow + velocity over ground. A high-rate record becomes block means with
their sampling error and their turbulence.

References: Lenschow, Mann and Kristensen 1994, doi:10.1175/1520-0426(1994)011<0661:HLILEW>2.0.CO;2 (error of a mean over a
finite time: 2 variance tau / T); Yamartino 1984, doi:10.1175/1520-0450(1984)023<1362:ACOSPE>2.0.CO;2 and Weber 1997,
doi:10.1175/1520-0450(1997)036<1403:ECOSTD>2.0.CO;2 (standard deviation of direction).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from plumeline.observations.wind import INSTRUMENT_SIGMA_M_S, components_m_s, wind_series

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Times = NDArray[np.datetime64]

Frame = Literal["body", "earth"]
"""What a flown anemometer's direction is counted from: the platform's nose or north."""


def true_wind_m_s(
    speed_m_s: ArrayLike,
    direction_from_deg: ArrayLike,
    *,
    heading_deg: ArrayLike,
    eastward_m_s: ArrayLike,
    northward_m_s: ArrayLike,
    frame: Frame = "body",
) -> tuple[Floats, Floats]:
    """True wind from what a moving anemometer measured.

    Args:
        speed_m_s: measured air speed [m s-1], any shape.
        direction_from_deg: where the measured flow comes from, clockwise from the nose or from north [degrees].
        heading_deg: direction of the nose, clockwise from north [degrees].
        eastward_m_s: platform's velocity over ground toward east [m s-1].
        northward_m_s: platform's velocity over ground toward north [m s-1].
        frame: what the direction is counted from.

    Returns:
        Components of the true wind toward east and north [m s-1].
    """
    turn = np.asarray(heading_deg, float) if frame == "body" else 0.0
    east, north = components_m_s(speed_m_s, np.asarray(direction_from_deg, float) + turn)
    return east + np.asarray(eastward_m_s, float), north + np.asarray(northward_m_s, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """How a flown anemometer's direction is counted, as far as the flight itself shows."""

    frame: Frame
    """The frame that makes the true wind steadiest."""
    offset_deg: float
    """Angle to add to the measured direction in that frame, -180 to 180 [degrees]."""
    contrast: float
    """Variance of the true wind in the other frame at its own best offset, over that in this one; near 1: cannot be told."""
    gain: float
    """Variance without the offset over variance with it, in this frame; near 1: no offset is needed."""


def alignment(
    speed_m_s: Floats,
    direction_from_deg: Floats,
    *,
    heading_deg: Floats,
    eastward_m_s: Floats,
    northward_m_s: Floats,
) -> Alignment:
    """Frame and mounting angle of a flown anemometer, judged by the steadiness of the true wind they give.

    With the wrong frame or angle the wind seems to turn with the platform. Needs a flight that turned.

    Args:
        speed_m_s: measured air speed [m s-1], shape (time,).
        direction_from_deg: direction the flow comes from [degrees], same shape.
        heading_deg: direction of the nose [degrees], same shape.
        eastward_m_s: velocity over ground toward east [m s-1], same shape.
        northward_m_s: velocity over ground toward north [m s-1], same shape.

    Returns:
        The better frame with its best angle, and how clear both are.
    """
    frames: tuple[Frame, Frame] = ("body", "earth")
    angles = np.arange(-180.0, 180.0, 2.0)
    spread = {
        frame: [
            _variance(
                true_wind_m_s(
                    speed_m_s,
                    direction_from_deg + angle,
                    heading_deg=heading_deg,
                    eastward_m_s=eastward_m_s,
                    northward_m_s=northward_m_s,
                    frame=frame,
                )
            )
            for angle in angles
        ]
        for frame in frames
    }
    best = min(frames, key=lambda frame: min(spread[frame]))
    other = min(spread[frames[1 - frames.index(best)]])
    least = max(min(spread[best]), 1e-12)
    return Alignment(
        frame=best,
        offset_deg=float(angles[int(np.argmin(spread[best]))]),
        contrast=other / least,
        gain=spread[best][int(np.flatnonzero(angles == 0.0)[0])] / least,
    )


def _variance(wind: tuple[Floats, Floats]) -> float:
    return float(np.nanvar(wind[0]) + np.nanvar(wind[1]))


def block_means(
    time: Times,
    eastward_m_s: Floats,
    northward_m_s: Floats,
    *,
    upward_m_s: Floats | None = None,
    block_s: float = 60.0,
    height_m: float = np.nan,
    instrument_sigma_m_s: float = INSTRUMENT_SIGMA_M_S,
) -> xr.Dataset:
    """Mean wind, its error and its turbulence in blocks of a high-rate record.

    Args:
        time: UTC, increasing, shape (n,).
        eastward_m_s: component toward east [m s-1], same shape.
        northward_m_s: component toward north [m s-1], same shape.
        upward_m_s: vertical component [m s-1], same shape, if measured.
        block_s: length of a block [s].
        height_m: height above ground [m].
        instrument_sigma_m_s: instrument error of either component's mean [m s-1].

    Returns:
        A series of schema `wind`, one value at the middle of every block with at least ten samples.
    """
    good = np.isfinite(eastward_m_s) & np.isfinite(northward_m_s)
    seconds = (time - time[0]) / np.timedelta64(1, "ns") * 1e-9
    block = np.floor(seconds / block_s).astype(np.int64)
    tau = integral_time_s(seconds[good], eastward_m_s[good], northward_m_s[good], longest_s=block_s)
    rows = []
    for index in np.unique(block[good]):
        mine = good & (block == index)
        if np.count_nonzero(mine) < 10:
            continue
        east, north = eastward_m_s[mine], northward_m_s[mine]
        variance = 0.5 * float(np.var(east) + np.var(north))
        sampling = np.sqrt(min(2.0 * tau / block_s, 1.0) * variance)
        up = upward_m_s[mine] if upward_m_s is not None else None
        turbulence = (direction_sigma_rad(east, north), _elevation_sigma_rad(east, north, up))
        middle = time[mine][0] + (time[mine][-1] - time[mine][0]) / 2
        error = float(np.hypot(sampling, instrument_sigma_m_s))
        rows.append((middle, float(east.mean()), float(north.mean()), error, *turbulence))
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), (), (), ()]
    return wind_series(
        np.asarray(columns[0], "datetime64[ns]"),
        np.asarray(columns[1]),
        np.asarray(columns[2]),
        sigma_m_s=np.asarray(columns[3]),
        height_m=height_m,
        optional={"direction_sigma": np.asarray(columns[4]), "elevation_sigma": np.asarray(columns[5])},
    )


def integral_time_s(
    time_s: Floats, eastward_m_s: Floats, northward_m_s: Floats, *, longest_s: float
) -> float:
    """Integral time scale of the wind's fluctuations: area under the autocorrelation up to its first zero.

    Args:
        time_s: increasing times [s], shape (n,).
        eastward_m_s: component toward east [m s-1], same shape.
        northward_m_s: component toward north [m s-1], same shape.
        longest_s: longest lag considered [s].

    Returns:
        Mean of both components' scales [s], at least one sampling step.
    """
    if time_s.size < 10:
        return longest_s
    step = max(float(np.median(np.diff(time_s))), 1e-3)
    grid = np.arange(time_s[0], time_s[-1], step)
    if grid.size < 10:
        return longest_s
    scales = []
    for component in (eastward_m_s, northward_m_s):
        x = np.interp(grid, time_s, component)
        x -= x.mean()
        full = np.fft.irfft(np.abs(np.fft.rfft(x, 2 * x.size)) ** 2)[: max(2, int(longest_s / step))]
        rho = full / full[0] if full[0] > 0 else np.zeros(full.size)
        negative = np.flatnonzero(rho <= 0)
        scales.append(step * float(rho[: int(negative[0]) if negative.size else rho.size].sum()))
    return max(float(np.mean(scales)), step)


def direction_sigma_rad(eastward_m_s: Floats, northward_m_s: Floats) -> float:
    """Standard deviation of the wind's direction by Yamartino's formula.

    Args:
        eastward_m_s: component toward east [m s-1], shape (n,).
        northward_m_s: component toward north [m s-1], same shape.

    Returns:
        Standard deviation [rad], 0 to 1.81 (uniform directions).
    """
    speed = np.hypot(eastward_m_s, northward_m_s)
    moving = speed > 0
    if not moving.any():
        return float("nan")
    mean = np.hypot(
        np.mean(eastward_m_s[moving] / speed[moving]), np.mean(northward_m_s[moving] / speed[moving])
    )
    epsilon = np.sqrt(max(1.0 - float(mean) ** 2, 0.0))
    return float(np.arcsin(epsilon) * (1.0 + (2.0 / np.sqrt(3.0) - 1.0) * epsilon**3))


def _elevation_sigma_rad(east: Floats, north: Floats, up: Floats | None) -> float:
    if up is None:
        return float("nan")
    return float(np.nanstd(np.arctan2(up, np.hypot(east, north))))
