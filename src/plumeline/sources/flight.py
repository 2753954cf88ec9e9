"""One flight as fusion needs it, in memory or read back: its sources, draws and detection limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.frames import LocalFrame
    from plumeline.sources.estimate import SourceEstimate, SourceReport

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flight:
    """What fusion needs of one flight's report, be it in memory or read back from a result folder."""

    name: str
    """Name of the survey."""
    time: np.datetime64
    """Middle of the flight, UTC."""
    frame: LocalFrame
    """Local frame of everything below."""
    sources: tuple[SourceEstimate, ...]
    """Reported sources."""
    posterior: xr.Dataset
    """Schema `posterior`."""
    detectability: xr.Dataset
    """Schema `detectability`."""


def flight_of(report: SourceReport) -> Flight:
    """A report as fusion needs it.

    Args:
        report: what an inversion says.

    Returns:
        The flight.
    """
    times = np.concatenate([dataset["time"].to_numpy() for dataset in report.survey.datasets])
    times = times[~np.isnat(times)]
    return Flight(
        name=report.survey.name,
        time=middle_of(times),
        frame=report.survey.frame,
        sources=report.sources,
        posterior=report.posterior,
        detectability=report.detectability,
    )


def middle_of(times: NDArray[np.datetime64]) -> np.datetime64:
    """Middle of a flight.

    Args:
        times: its readings' times, UTC.

    Returns:
        UTC, to the second.
    """
    first, last = times.min(), times.max()
    return np.datetime64(first + (last - first) // 2, "s")


def draws_of(flight: Flight, estimate: SourceEstimate) -> Floats:
    """Posterior draws of one reported source: those inside its 90 % region.

    Args:
        flight: the flight.
        estimate: one of its sources.

    Returns:
        East and north [m], shape (draw, 2).
    """
    x, y = flight.posterior["x"].to_numpy().ravel(), flight.posterior["y"].to_numpy().ravel()
    inside = np.isfinite(x) & shapely.contains_xy(estimate.region_90.shape, x, y)
    points = np.column_stack([x[inside], y[inside]])
    return points if len(points) >= 3 else np.array([[estimate.x_m, estimate.y_m]] * 3)


def limits_at(flight: Flight, at_m: Floats) -> dict[str, float]:
    """Detection limits of a flight at a place.

    Args:
        flight: the flight.
        at_m: east and north in the flight's frame [m], shape (2,).

    Returns:
        Least rate by species [kg s-1]; a species that could not have been seen there is left out.
    """
    grid = flight.detectability
    x, y = grid["x"].to_numpy(), grid["y"].to_numpy()
    half = [float(np.diff(axis).max()) if axis.size > 1 else 10.0 for axis in (x, y)]
    ix, iy = int(np.abs(x - at_m[0]).argmin()), int(np.abs(y - at_m[1]).argmin())
    if abs(x[ix] - at_m[0]) > half[0] or abs(y[iy] - at_m[1]) > half[1]:
        return {}
    limits = grid["minimum_detectable_rate"].to_numpy()[:, iy, ix]
    return {
        str(name): float(limit)
        for name, limit in zip(grid["species"].to_numpy(), limits, strict=True)
        if np.isfinite(limit) and limit > 0
    }
