"""The readings of a survey that an inversion can use, in plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import CalmWindError, InputError
from plumeline.observations import Quality
from plumeline.observations.products import UNUSABLE

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.observations import Survey
    from plumeline.sources.settings import InferenceSettings

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


MOVING_M = 3.0
"""A sensor that strays further than this from its mean place is a moving one [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """All usable readings of a survey, one row each, in order of sensor and time."""

    time_s: Floats
    """Seconds since the first reading, shape (sample,)."""
    sensor: Integers
    """Index into `sensor_names`, shape (sample,)."""
    sensor_names: tuple[str, ...]
    """Name of each sensor."""
    receptor: Floats
    """Point or path ends, shape (sample, 6) [m]."""
    is_path: NDArray[np.bool_]
    """Shape (sample,)."""
    wind: Floats
    """Eastward, northward, speed, shape (sample, 3) [m s-1]."""
    wind_sigma: Floats
    """Standard error of either component, shape (sample,) [m s-1]; NaN if unknown."""
    spread: Floats
    """Turbulence angles, shape (sample, 2) [rad]; NaN where the survey gives none."""
    averaging_s: Floats
    """Averaging time, shape (sample,) [s]; NaN if unknown."""
    value: Floats
    """Concentration, shape (sample, species) [kg m-3]; NaN if none."""
    limit: Floats
    """Upper limit where below detection, shape (sample, species) [kg m-3]; NaN elsewhere."""
    noise: Floats
    """Stated noise, shape (sample, species) [kg m-3]; NaN if unknown."""
    start: np.datetime64
    """Time of the first reading, UTC."""
    left_out: dict[str, int]
    """Why readings were not used, and how many."""

    @property
    def is_moving(self) -> bool:
        """Whether any sensor moved."""
        middle = 0.5 * (self.receptor[:, :2] + self.receptor[:, 3:5])
        for sensor in np.unique(self.sensor):
            place = middle[self.sensor == sensor]
            if np.abs(place - place.mean(axis=0)).max() > MOVING_M:
                return True
        return False

    @property
    def extent_m(self) -> float:
        """Larger side of the box around all readings [m]."""
        x = self.receptor[:, [0, 3]]
        y = self.receptor[:, [1, 4]]
        return float(max(np.ptp(x), np.ptp(y), 1.0))


def gather(survey: Survey, settings: InferenceSettings) -> Samples:
    """Collect the usable readings of a survey.

    Args:
        survey: what was measured.
        settings: what the inversion assumes.

    Returns:
        Usable readings in order of sensor and time.

    Raises:
        InputError: no reading is usable.
        CalmWindError: the wind is too weak for most readings.
    """
    parts = [_part(dataset, survey.species, path=dataset is survey.open_path) for dataset in survey.datasets]
    names = tuple(dict.fromkeys(name for part in parts for name in part["names"]))
    number = {name: i for i, name in enumerate(names)}
    sensor = np.concatenate([
        np.array([number[name] for name in part["names"]], np.int64)[part["sensor"]] for part in parts
    ])
    joined = {
        key: np.concatenate([part[key] for part in parts])
        for key in (
            "time",
            "receptor",
            "is_path",
            "wind",
            "wind_sigma",
            "spread",
            "averaging",
            "value",
            "limit",
            "noise",
            "bad",
        )
    }
    speed = np.hypot(joined["wind"][:, 0], joined["wind"][:, 1])
    flagged = joined["bad"] | ~np.isfinite(speed) | ~np.isfinite(joined["receptor"]).all(axis=1)
    empty = ~flagged & ~(np.isfinite(joined["value"]) | np.isfinite(joined["limit"])).any(axis=1)
    calm = ~flagged & ~empty & (speed < settings.calm_m_s)
    use = ~(flagged | empty | calm)
    left_out = {
        "flagged or without place or wind": int(flagged.sum()),
        "without a value": int(empty.sum()),
        "in calm": int(calm.sum()),
    }
    if not use.any() or calm.sum() > 4 * use.sum():
        if calm.any():
            raise CalmWindError(
                f"{calm.sum()} of {calm.sum() + use.sum()} readings were taken at less than {settings.calm_m_s} m/s",
                where=survey.name,
                remedy="fly again in more wind; in calm air a plume has no direction and no place can be named",
            )
        raise InputError(
            f"no reading is usable: {left_out}",
            where=survey.name,
            remedy="see the quality flags with `plumeline inspect`",
        )
    order = np.lexsort((joined["time"], sensor))
    order = order[use[order]]
    start = joined["time"][order].min()
    wind = np.column_stack([joined["wind"], speed])[order]
    return Samples(
        time_s=(joined["time"][order] - start) / np.timedelta64(1, "s"),
        sensor=sensor[order],
        sensor_names=names,
        receptor=joined["receptor"][order],
        is_path=joined["is_path"][order],
        wind=wind,
        wind_sigma=joined["wind_sigma"][order],
        spread=joined["spread"][order],
        averaging_s=joined["averaging"][order],
        value=joined["value"][order],
        limit=joined["limit"][order],
        noise=joined["noise"][order],
        start=start,
        left_out=left_out,
    )


def _part(dataset: xr.Dataset, species: tuple[str, ...], *, path: bool) -> dict[str, Any]:
    n = dataset.sizes["reading"]
    own = [str(name) for name in dataset["species"].to_numpy()]

    def per_species(name: str) -> Floats:
        out = np.full((n, len(species)), np.nan)
        for j, one in enumerate(own):
            out[:, species.index(one)] = dataset[name].to_numpy()[:, j]
        return out

    def optional(name: str) -> Floats:
        return np.asarray(dataset[name].to_numpy(), float) if name in dataset else np.full(n, np.nan)

    ends = (
        ("x_start", "y_start", "z_start", "x_end", "y_end", "z_end")
        if path
        else ("x", "y", "z", "x", "y", "z")
    )
    receptor = np.column_stack([dataset[name].to_numpy() for name in ends]).astype(float)
    receptor[:, [2, 5]] = np.maximum(receptor[:, [2, 5]], 0.05)
    flags = np.zeros((n, len(species)), np.int64)
    for j, one in enumerate(own):
        flags[:, species.index(one)] = dataset["quality"].to_numpy()[:, j]
    value = per_species("mass_concentration")
    bad = (flags & int(UNUSABLE)) != 0
    value[bad] = np.nan
    below = ((flags & int(Quality.BELOW_DETECTION)) != 0) & ~bad
    limit = np.where(below, per_species("detection_limit"), np.nan)
    value[np.isfinite(limit)] = np.nan
    spread = np.column_stack([optional("direction_sigma"), optional("elevation_sigma")])
    _fill_spread(spread, dataset)
    return {
        "names": np.asarray([str(name) for name in dataset["sensor_name"].to_numpy()]),
        "sensor": np.asarray(dataset["sensor"].to_numpy(), np.int64),
        "time": dataset["time"].to_numpy().astype("datetime64[ns]"),
        "receptor": receptor,
        "is_path": np.full(n, path) & (np.abs(receptor[:, :3] - receptor[:, 3:]).max(axis=1) > 0.05),
        "wind": np.column_stack([
            dataset["wind_eastward"].to_numpy(),
            dataset["wind_northward"].to_numpy(),
        ]).astype(float),
        "wind_sigma": optional("wind_sigma"),
        "spread": spread,
        "averaging": optional("averaging_time"),
        "value": value,
        "limit": limit,
        "noise": per_species("mass_concentration_sigma"),
        "bad": bad.all(axis=1),
    }


def _fill_spread(spread: Floats, dataset: xr.Dataset) -> None:
    """Vertical angle from the friction velocity where no anemometer gives it: sigma_w = 1.25 u* (Panofsky & Dutton 1984)."""
    if "friction_velocity" not in dataset:
        return
    speed = np.hypot(dataset["wind_eastward"].to_numpy(), dataset["wind_northward"].to_numpy())
    with np.errstate(divide="ignore", invalid="ignore"):
        angle = 1.25 * dataset["friction_velocity"].to_numpy() / speed
    missing = ~np.isfinite(spread[:, 1]) & np.isfinite(angle)
    spread[missing, 1] = np.clip(angle[missing], 0.03, 0.4)
