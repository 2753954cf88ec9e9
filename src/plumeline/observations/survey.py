"""A survey: everything measured at one place in one campaign or flight, ready for inversion."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import InputError
from plumeline.observations.products import IN_SITU, OPEN_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from plumeline.frames import LocalFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """How one channel answers to one gas."""

    channel: str
    """The reading, as the survey names it."""
    sensor: str
    """Sensor that has it; empty for all that have this channel."""
    species: str
    """The gas."""
    ratio: float
    """Reading per concentration of the gas, both as mass concentrations [1]."""
    sigma: float
    """Relative standard error of `ratio` [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Readings and wind in one local frame.

    Raises:
        InputError: there is neither an `in_situ` nor an `open_path` reading.
        SchemaError: a dataset departs from its schema.
    """

    name: str
    """Short name for titles and file names."""
    frame: LocalFrame
    """The local frame of every position."""
    in_situ: xr.Dataset | None = None
    """Point readings, schema `in_situ`."""
    open_path: xr.Dataset | None = None
    """Path readings, schema `open_path`."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Name and SHA-256 of every file this came from."""
    remarks: tuple[str, ...] = ()
    """What the reader of a result should know: fallbacks taken, things missing, corrections not possible."""
    sensitivities: tuple[Sensitivity, ...] = ()
    """How channels answer to gases, where declared; else each answers to its own gas only."""

    def __post_init__(self) -> None:
        if self.in_situ is not None:
            IN_SITU.validate(self.in_situ)
        if self.open_path is not None:
            OPEN_PATH.validate(self.open_path)
        if not self.reading_count:
            raise InputError(
                f"survey {self.name!r} holds no reading", remedy="check the files and the time window"
            )

    @property
    def datasets(self) -> tuple[xr.Dataset, ...]:
        """The datasets that are there."""
        return tuple(dataset for dataset in (self.in_situ, self.open_path) if dataset is not None)

    @property
    def reading_count(self) -> int:
        """Number of readings, usable or not."""
        return sum(int(dataset.sizes["reading"]) for dataset in self.datasets)

    @property
    def species(self) -> tuple[str, ...]:
        """Names of all species, in order of first appearance."""
        names = [str(name) for dataset in self.datasets for name in dataset["species"].to_numpy()]
        return tuple(dict.fromkeys(names))

    def between(self, start: np.datetime64, end: np.datetime64) -> Survey:
        """The part of the survey with start ≤ time < end.

        Args:
            start: first time, UTC.
            end: time after the last, UTC.

        Returns:
            A survey of the same name and frame.

        Raises:
            InputError: no reading lies in that time.
        """

        def cut(dataset: xr.Dataset | None) -> xr.Dataset | None:
            if dataset is None:
                return None
            time = dataset["time"].to_numpy()
            inside = np.flatnonzero((time >= start) & (time < end))
            return dataset.isel(reading=inside) if inside.size else None

        return replace(self, in_situ=cut(self.in_situ), open_path=cut(self.open_path))
