"""A column image as readings: its pixels in tiles, each a vertical path from the ground to above any plume.

The column of a steady plume seen from above is `Q / (√(2π) U σy) · exp(−Y²/2σy²)`: how high it is drops out. An image is one
moment, so its plume is a momentary one, and its tiles hang together in space, not in time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from plumeline.errors import InputError
from plumeline.observations.survey import Survey
from plumeline.units import mass_concentration_kg_m3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from plumeline.frames import LocalFrame

    Floats = NDArray[np.float64]

MOST_TILES = 2_000
"""Tiles that an image is cut into at most."""
LEAST_TILES = 24
"""Fewer tiles than this show no background beside a plume."""
LEAST_SHARE = 0.5
"""Share of a tile's pixels that must have a value."""
AIR_K, AIR_PA = 288.15, 101_325.0
"""Air that turns ppm m into mass: the standard atmosphere's [K], [Pa]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """Means of an image over squares of pixels."""

    row: Floats
    """Middle of each tile, in rows from the upper edge, shape (tile,)."""
    column: Floats
    """The same in columns from the left edge."""
    mean: Floats
    """Mean of its pixels, in their unit."""
    sigma: Floats
    """Standard error of the mean if pixels were independent, from differences of neighbours."""
    pixels: int
    """Pixels along each side of a tile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyWind:
    """The wind that an image's plume was carried by."""

    eastward_m_s: float
    """Toward east."""
    northward_m_s: float
    """Toward north."""
    sigma_m_s: float
    """Standard error of either component."""

    @classmethod
    def blowing_from(cls, speed_m_s: float, from_deg: float, sigma_m_s: float) -> SteadyWind:
        """Wind by its speed and the direction it comes from, clockwise from north."""
        angle = math.radians(from_deg)
        return cls(
            eastward_m_s=-speed_m_s * math.sin(angle),
            northward_m_s=-speed_m_s * math.cos(angle),
            sigma_m_s=sigma_m_s,
        )


def tiles_of(image: Floats, most: int = MOST_TILES) -> Tiles:
    """Cut an image into square tiles.

    Args:
        image: values, NaN where there are none, shape (row, column).
        most: tiles at most.

    Returns:
        Tiles of which enough pixels have a value.
    """
    side = max(1, math.ceil(math.sqrt(image.size / most)))
    while -(-image.shape[0] // side) * -(-image.shape[1] // side) > most:
        side += 1
    rows, columns = (np.arange(0, size, side) for size in image.shape)
    known = np.isfinite(image)
    total = np.add.reduceat(np.add.reduceat(np.where(known, image, 0.0), rows, axis=0), columns, axis=1)
    count = np.add.reduceat(np.add.reduceat(known.astype(float), rows, axis=0), columns, axis=1)
    size = np.outer(np.diff(np.append(rows, image.shape[0])), np.diff(np.append(columns, image.shape[1])))
    good = count >= np.maximum(LEAST_SHARE * size, 1.0)
    i, j = np.nonzero(good)
    steps = np.diff(image, axis=1)
    steps = steps[np.isfinite(steps)]
    noise = 1.4826 * float(np.median(np.abs(steps))) / math.sqrt(2.0) if steps.size else math.nan
    low, high = np.minimum(rows + side, image.shape[0]), np.minimum(columns + side, image.shape[1])
    return Tiles(
        row=np.asarray(0.5 * (rows + low)[i], float),
        column=np.asarray(0.5 * (columns + high)[j], float),
        mean=total[good] / count[good],
        sigma=noise / np.sqrt(count[good]),
        pixels=side,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What an image shows, and when in which wind it was taken."""

    name: str
    """Name of the survey."""
    gas: str
    """Its gas."""
    molar_mass_kg_mol: float
    """Of the gas [kg mol-1]."""
    wind: SteadyWind
    """The wind."""
    time: np.datetime64
    """UTC."""
    inputs: Mapping[str, str]
    """Name and hash of the file."""
    remarks: tuple[str, ...] = ()
    """What the reader should know."""


def column_survey(tiles: Tiles, place_m: tuple[Floats, Floats], *, frame: LocalFrame, taken: Taken) -> Survey:
    """A column image in ppm m as a survey of vertical paths.

    Args:
        tiles: means of the image [ppm m].
        place_m: east and north of each tile's middle in the frame, both shape (tile,) [m].
        frame: the local frame.
        taken: what it shows.

    Returns:
        The survey.

    Raises:
        InputError: there are too few tiles with a value.
    """
    east, north = place_m
    count = east.size
    if count < LEAST_TILES:
        raise InputError(
            f"only {count} parts of the image have a value",
            where=taken.name,
            remedy="give the plume's surroundings too: what is empty says where nothing is emitted",
        )
    height_m = max(100.0, 2.0 * float(max(np.ptp(east), np.ptp(north))))
    mass = mass_concentration_kg_m3(
        1e-6, molar_mass_kg_mol=taken.molar_mass_kg_mol, temperature_k=AIR_K, pressure_pa=AIR_PA
    )

    def each(value: float | Floats, units: str) -> tuple[str, Floats, dict[str, str]]:
        return "reading", np.broadcast_to(np.asarray(value, float), (count,)).copy(), {"units": units}

    def per_gas(value: Floats) -> tuple[tuple[str, str], Floats, dict[str, str]]:
        return ("reading", "species"), (value * mass / height_m)[:, None], {"units": "kg m-3"}

    data = xr.Dataset(
        {
            "time": ("reading", np.full(count, taken.time).astype("datetime64[ns]")),
            "sensor": ("reading", np.arange(count)),
            "sensor_name": ("sensor_index", np.array([f"{taken.name} tile {i + 1}" for i in range(count)])),
            "quality": (("reading", "species"), np.zeros((count, 1), np.int64)),
            "wind_eastward": each(taken.wind.eastward_m_s, "m s-1"),
            "wind_northward": each(taken.wind.northward_m_s, "m s-1"),
            "wind_sigma": each(taken.wind.sigma_m_s, "m s-1"),
            "wind_height": each(math.nan, "m"),
            "averaging_time": each(0.1, "s"),
            "mass_concentration": per_gas(tiles.mean),
            "mass_concentration_sigma": per_gas(tiles.sigma),
            "detection_limit": per_gas(np.full(count, math.nan)),
            "molar_mass": ("species", np.array([taken.molar_mass_kg_mol]), {"units": "kg mol-1"}),
            **{f"x_{end}": each(east, "m") for end in ("start", "end")},
            **{f"y_{end}": each(north, "m") for end in ("start", "end")},
            "z_start": each(0.0, "m"),
            "z_end": each(height_m, "m"),
        },
        coords={"species": ("species", np.array([taken.gas]))},
    )
    return Survey(name=taken.name, frame=frame, open_path=data, inputs=taken.inputs, remarks=taken.remarks)
