"""A survey: everything measured at one place in one campaign or flight, ready for inversion; and several of them."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import InputError
from plumeline.observations.concatenation import concatenated, moved
from plumeline.observations.products import IN_SITU, OPEN_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.frames import LocalFrame

FARTHEST_APART_M = 2000.0
"""Surveys with a wider gap between what they covered are of different places [m]."""
SAME_SHARE = 0.5
"""Two surveys that share more than this of their readings are one given twice."""


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
    parts: tuple[Survey, ...] = ()
    """The surveys that this one joins, in its frame; empty for a single one."""

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
        if self.parts:
            inside_parts = [one for one in self.parts if one.covers(start, end)]
            if not inside_parts:
                raise InputError(f"survey {self.name!r} holds no reading from {start} to {end}")
            return Survey.join([one.between(start, end) for one in inside_parts])

        def cut(dataset: xr.Dataset | None) -> xr.Dataset | None:
            if dataset is None:
                return None
            time = dataset["time"].to_numpy()
            inside = np.flatnonzero((time >= start) & (time < end))
            return dataset.isel(reading=inside) if inside.size else None

        return replace(self, in_situ=cut(self.in_situ), open_path=cut(self.open_path))

    def only(self, names: Sequence[str]) -> Survey:
        """The part of the survey that holds some of its species.

        Args:
            names: of the species.

        Returns:
            A survey of the same name and frame; a joined one without the parts that have none of them.

        Raises:
            InputError: there is none of them.
        """
        if self.parts:
            parts = [one.only(names) for one in self.parts if set(names) & set(one.species)]
            if not parts:
                raise InputError(f"survey {self.name!r} has no {', '.join(names)}")
            return Survey.join(parts)

        def chosen(dataset: xr.Dataset | None) -> xr.Dataset | None:
            if dataset is None:
                return None
            rows = np.flatnonzero([str(name) in names for name in dataset["species"].to_numpy()])
            return dataset.isel(species=rows) if rows.size else None

        return replace(
            self,
            in_situ=chosen(self.in_situ),
            open_path=chosen(self.open_path),
            sensitivities=tuple(one for one in self.sensitivities if one.channel in names),
        )

    def covers(self, start: np.datetime64, end: np.datetime64) -> bool:
        """Whether any reading has start ≤ time < end.

        Args:
            start: first time, UTC.
            end: time after the last, UTC.

        Returns:
            Whether one has.
        """
        return any(
            bool(((dataset["time"].to_numpy() >= start) & (dataset["time"].to_numpy() < end)).any())
            for dataset in self.datasets
        )

    @classmethod
    def join(cls, surveys: Sequence[Survey]) -> Survey:
        """Several flights and sensors of one place as one survey, whose sources they share.

        Each keeps its own wind error, background, noise and transport in the inversion; see `parts`.

        Args:
            surveys: at least one; each is placed on Earth, or none is.

        Returns:
            A survey in the frame of the first; a single one as it is.

        Raises:
            InputError: there is none, one is given twice, some are placed and some are not, or they are of different
                places.
        """
        flat = [part for survey in surveys for part in (survey.parts or (survey,))]
        if not flat:
            raise InputError("there is no survey to join", remedy="give at least one flight")
        if len(flat) == 1:
            return flat[0]
        parts = _in_one_frame(_renamed(flat))
        for one, other in itertools.combinations(parts, 2):
            _check_pair(one, other)
        return cls(
            name=" + ".join(one.name for one in parts),
            frame=parts[0].frame,
            in_situ=concatenated([one.in_situ for one in parts if one.in_situ is not None], IN_SITU),
            open_path=concatenated([one.open_path for one in parts if one.open_path is not None], OPEN_PATH),
            inputs=_inputs(parts),
            remarks=_remarks(parts),
            sensitivities=tuple(dict.fromkeys(one for part in parts for one in part.sensitivities)),
            parts=tuple(parts),
        )


def _renamed(surveys: Sequence[Survey]) -> list[Survey]:
    """Surveys with names of their own."""
    total, seen = Counter(one.name for one in surveys), Counter[str]()
    out = []
    for one in surveys:
        seen[one.name] += 1
        out.append(one if total[one.name] == 1 else replace(one, name=f"{one.name} ({seen[one.name]})"))
    return out


def _in_one_frame(surveys: Sequence[Survey]) -> list[Survey]:
    placed = [one.frame.is_placed for one in surveys]
    if any(placed) and not all(placed):
        lost = ", ".join(one.name for one in surveys if not one.frame.is_placed)
        raise InputError(
            f"some surveys are placed on Earth and some are not: {lost}",
            remedy="give every survey file an origin",
        )
    if not any(placed):
        return list(surveys)
    frame = surveys[0].frame

    def shifted(survey: Survey, dataset: xr.Dataset | None) -> xr.Dataset | None:
        return None if dataset is None else moved(dataset, survey.frame, frame)

    return [
        replace(one, frame=frame, in_situ=shifted(one, one.in_situ), open_path=shifted(one, one.open_path))
        for one in surveys
    ]


def _check_pair(one: Survey, other: Survey) -> None:
    """That two surveys are not the same one and not of different places.

    Raises:
        InputError: they are.
    """
    stamps, others = _stamps(one), _stamps(other)
    fewer = min(stamps.size, others.size)
    # Two payloads of one aircraft stand at the same times and places, and what they read is not the same.
    same_gas = set(one.species) & set(other.species)
    if same_gas and fewer and np.isin(stamps, others).sum() > SAME_SHARE * fewer:
        raise InputError(
            f"surveys {one.name} and {other.name} hold the same readings",
            remedy="give each flight once; the same readings twice would count twice",
        )
    boxes = np.array([_box(one), _box(other)])
    gap = np.maximum(boxes[:, 0].max(axis=0) - boxes[:, 1].min(axis=0), 0.0)
    apart_m = float(np.hypot(*gap))
    if not apart_m <= FARTHEST_APART_M:
        raise InputError(
            f"surveys {one.name} and {other.name} are {apart_m / 1000.0:.1f} km apart: they are of different places",
            remedy="locate them one by one, or check the positions",
        )


def _stamps(survey: Survey) -> NDArray[np.void]:
    """Time and place of each reading as one value."""
    rows = []
    for dataset in survey.datasets:
        east, north = ("x", "y") if "x" in dataset else ("x_start", "y_start")
        rows.append(
            np.column_stack([
                dataset["time"].to_numpy().astype("datetime64[ms]").astype(float),
                np.round(dataset[east].to_numpy(), 1),
                np.round(dataset[north].to_numpy(), 1),
            ])
        )
    table = np.ascontiguousarray(np.vstack(rows))
    stamps: NDArray[np.void] = table[np.isfinite(table).all(axis=1)].view([("", float)] * 3).ravel()
    return stamps


def _box(survey: Survey) -> NDArray[np.float64]:
    """South-west and north-east corner of all readings, shape (2, 2) [m]."""
    places = []
    for dataset in survey.datasets:
        for east, north in (("x", "y"), ("x_start", "y_start"), ("x_end", "y_end")):
            if east in dataset:
                places.append(np.column_stack([dataset[east].to_numpy(), dataset[north].to_numpy()]))
    points = np.vstack(places)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return np.zeros((2, 2))
    return np.array([points.min(axis=0), points.max(axis=0)])


def _inputs(parts: Sequence[Survey]) -> dict[str, str]:
    """Names and digests of all files; other files of the same name are numbered."""
    found: dict[str, str] = {}
    for name, digest in (item for one in parts for item in one.inputs.items()):
        own, number = name, 1
        while found.get(own, digest) != digest:
            number += 1
            own = f"{name} ({number})"
        found[own] = digest
    return found


def _remarks(parts: Sequence[Survey]) -> tuple[str, ...]:
    said = dict.fromkeys(f"{one.name}: {remark}" for one in parts for remark in one.remarks)
    if not parts[0].frame.is_placed:
        said["No survey is placed on Earth; their local coordinates were taken to be the same."] = None
    return tuple(said)
