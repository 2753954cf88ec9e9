"""Column layers of imaging beside a flight: what `plumeline locate --columns` reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.chem import species
from plumeline.errors import ConfigurationError
from plumeline.frames import LocalFrame, lonlat
from plumeline.instruments.cubes import read_column_layer
from plumeline.observations.columns import SteadyWind, Taken, column_survey, tiles_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from plumeline.instruments.cubes import ColumnLayer
    from plumeline.observations import Survey

UNKNOWN_TIME = np.datetime64("1970-01-01T00:00:00", "s")
"""Stands for the time of an image that nobody states."""
LEAST_ERROR_M_S = 0.3
"""No wind is known better than this [m/s]."""
DRONE_PIXELS_M = 20.0
"""Tiles coarser than this are wider than the plumes that are sought [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRequest:
    """One column layer, and the wind when it was taken."""

    path: Path
    """The GeoTIFF."""
    wind: SteadyWind | None = None
    """The wind; None: the mean of the flights'."""
    time: np.datetime64 | None = None
    """When it was taken, UTC; None: unknown."""


def stated_wind(text: str) -> SteadyWind | None:
    """Wind from words like "3.5,240" or "3.5,240,0.5".

    Args:
        text: speed [m/s], direction it blows from [degrees clockwise from north], and the standard error of either
            component [m/s], a sixth of the speed or 0.3 if left out.

    Returns:
        The wind; None if this is none.
    """
    try:
        numbers = [float(one) for one in text.split(",")]
    except ValueError:
        return None
    if len(numbers) not in {2, 3} or not np.isfinite(numbers).all():
        return None
    speed, angle = numbers[:2]
    sigma = numbers[2] if len(numbers) > 2 else max(speed / 6.0, LEAST_ERROR_M_S)
    if not (0.0 < speed <= 100.0 and -360.0 <= angle <= 360.0 and 0.0 < sigma <= 100.0):
        return None
    return SteadyWind.blowing_from(speed, angle, sigma)


def column_surveys(requests: Sequence[ColumnRequest], flights: Sequence[Survey]) -> list[Survey]:
    """Column layers as surveys that join a flight's, or stand alone.

    Args:
        requests: the layers.
        flights: surveys of the same place, whose wind serves where none is given.

    Returns:
        A survey of each.

    Raises:
        ReadError: a layer cannot be read.
        ConfigurationError: no wind is known.
        InputError: its gas is not known, or it holds too little.
    """
    return [_survey(one, flights) for one in requests]


def _survey(request: ColumnRequest, flights: Sequence[Survey]) -> Survey:
    layer = read_column_layer(request.path)
    remarks = []
    wind = request.wind
    if wind is None:
        wind = _mean_wind(flights, request.path)
        remarks.append(f"the wind over image {layer.name} is the mean of the flight's")
    if request.time is None:
        remarks.append(f"nobody said when image {layer.name} was taken")
    tiles = tiles_of(layer.column_ppm_m)
    lon, lat = layer.lonlat(tiles.row, tiles.column)
    frame = (
        LocalFrame(origin=lonlat(float(lon.mean()), float(lat.mean())))
        if lon.size
        else LocalFrame(origin=None)
    )
    place = frame.to_local(lon, lat) if lon.size else (lon, lat)
    side_m = _side_m(layer, tiles.pixels, frame) if lon.size else 0.0
    if side_m > DRONE_PIXELS_M:
        remarks.append(
            f"image {layer.name} enters in tiles of {side_m:.0f} m: cut it to the plume and its surroundings"
        )
    if np.isfinite(layer.column_ppm_m).mean() < 0.5:
        remarks.append(f"less than half of image {layer.name} has a value: little says where there is no gas")
    gas = species(layer.gas)
    names = {name.casefold(): name for flight in flights for name in flight.species}
    taken = Taken(
        name=layer.name,
        gas=names.get(layer.gas.casefold(), layer.gas),
        molar_mass_kg_mol=gas.molar_mass_kg_mol,
        wind=wind,
        time=UNKNOWN_TIME if request.time is None else request.time,
        inputs={layer.name: layer.sha256},
        remarks=tuple(remarks),
    )
    return column_survey(tiles, place, frame=frame, taken=taken)


def _side_m(layer: ColumnLayer, pixels: int, frame: LocalFrame) -> float:
    """Length of a tile's side [m]."""
    middle = np.array(layer.column_ppm_m.shape) / 2.0
    lon, lat = layer.lonlat(middle[0] + np.array([0.0, pixels]), middle[1] + np.zeros(2))
    east, north = frame.to_local(lon, lat)
    return float(np.hypot(*np.diff([east, north], axis=1)[:, 0]))


def _mean_wind(flights: Sequence[Survey], path: Path) -> SteadyWind:
    """Mean wind of all readings of some flights, as uncertain as it varied.

    Raises:
        ConfigurationError: there is none.
    """
    winds = [
        np.column_stack([one["wind_eastward"].to_numpy(), one["wind_northward"].to_numpy()])
        for flight in flights
        for one in flight.datasets
    ]
    known = np.concatenate(winds) if winds else np.empty((0, 2))
    known = known[np.isfinite(known).all(axis=1)]
    if not len(known):
        raise ConfigurationError(
            "nobody knows the wind when the image was taken",
            where=str(path),
            remedy="give --columns-wind SPEED,FROM (m/s, degrees clockwise from north)",
        )
    east, north = known.mean(axis=0)
    return SteadyWind(
        eastward_m_s=float(east),
        northward_m_s=float(north),
        sigma_m_s=max(float(known.std(axis=0).mean()), LEAST_ERROR_M_S),
    )
