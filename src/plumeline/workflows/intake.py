"""A flown recording comes in: replay against the authority, quarantine, and what may be used."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.access.fences import Track, replay
from plumeline.access.guard import Kind, Verb
from plumeline.access.records import utc
from plumeline.cases.findings import (
    Recording,
)
from plumeline.cases.recordings import Ingested
from plumeline.errors import InputError
from plumeline.provenance import canonical_json
from plumeline.simulations.exercise import MARK
from plumeline.store.cases_records import Change, new_id
from plumeline.workflows.authorities import find_authority

if TYPE_CHECKING:
    from plumeline.access.fences import Replay
    from plumeline.observations import Survey
    from plumeline.workflows.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What came of an ingest."""

    recording: str
    """Identifier of the recording's record."""
    survey: Survey | None
    """What may be used; None when everything is quarantined."""
    replay: Replay
    """What the fences said."""
    entered: Ingested
    """What was recorded, with the samples that may not be used."""


def track_of(survey: Survey, *, position_sigma_m: float) -> Track:
    """Where and when a survey's samples were taken.

    Args:
        survey: placed on Earth.
        position_sigma_m: standard error of a horizontal position [m].

    Returns:
        One point a reading; an open path counts where it starts and where it ends.

    Raises:
        InputError: the survey has only local coordinates.
    """
    parts = []
    for dataset in survey.datasets:
        names = np.asarray(dataset["sensor_name"].to_numpy()).astype(str)[dataset["sensor"].to_numpy()]
        ends = (
            [("x", "y", "z")]
            if "x" in dataset
            else [("x_start", "y_start", "z_start"), ("x_end", "y_end", "z_end")]
        )
        for x, y, z in ends:
            lon, lat = survey.frame.to_lonlat(dataset[x].to_numpy(), dataset[y].to_numpy())
            parts.append((lon, lat, dataset[z].to_numpy(), dataset["time"].to_numpy(), names))
    lon, lat, height, time, sensor = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Track(
        longitude_deg=lon,
        latitude_deg=lat,
        height_m=height,
        time=time,
        sensor=sensor,
        position_sigma_m=position_sigma_m,
    )


def ingest(
    desk: Desk,
    survey: Survey,
    *,
    authority: str,
    label: str,
    position_sigma_m: float,
    compartments: frozenset[str] = frozenset(),
) -> Intake:
    """Hold a survey against an authority, enter the recording, and give back what may be used.

    Args:
        desk: an analyst's.
        survey: what was flown; its `inputs` name the files by digest.
        authority: under which authority.
        label: what the recording is; never a path.
        position_sigma_m: standard error of a horizontal position [m].
        compartments: who needs all of these sees nothing of the recording without them.

    Returns:
        The record, what may be used, and what the fences said.

    Raises:
        AccessError: the authority is hidden or has expired.
        InputError: the survey names no files, has only local coordinates, or mixes live and exercise.
    """
    if not survey.inputs:
        raise InputError("the survey does not say which files it came from, so nothing can be traced to it")
    _require_own_world(desk, survey)
    with desk.session() as session:
        permission = find_authority(session, authority)
        permission.require_alive(desk.now)
        found = replay(track_of(survey, position_sigma_m=position_sigma_m), permission)
        times = np.concatenate([d["time"].to_numpy() for d in survey.datasets])
        files = {digest: f"file {number + 1}" for number, digest in enumerate(sorted(survey.inputs.values()))}
        identifier = new_id("R", exercise=desk.exercise)
        entered = Ingested(
            recording=Recording(
                sha256=hashlib.sha256(canonical_json(sorted(files)).encode()).hexdigest(),
                label=label,
                sensor=", ".join(
                    sorted({str(n) for d in survey.datasets for n in d["sensor_name"].to_numpy()})
                ),
                start=utc(_iso(times.min())),
                end=utc(_iso(times.max())),
                samples=survey.reading_count,
                exercise=desk.exercise,
                files=tuple(sorted(files)),
            ),
            files=files,
            fence=found.report,
            quarantined=_quarantined(survey, found),
        )
        session.write(
            Verb.ANNOTATE,
            "recording-ingested" if found.report.is_clean else "recording-quarantined",
            Change(
                resource=desk.resource(Kind.RECORDING, identifier, compartments=compartments),
                events=[entered],
                state="clean" if found.report.is_clean else "incident",
                parent=authority,
            ),
        )
    return Intake(recording=identifier, survey=_permitted(survey, found), replay=found, entered=entered)


def _require_own_world(desk: Desk, survey: Survey) -> None:
    """Exercises mark every file name; such a file stays out of a live store, and any other out of an exercise's.

    Raises:
        InputError: live and exercise would mix.
    """
    marked = {name.startswith(MARK) for name in survey.inputs}
    if marked != {desk.exercise}:
        raise InputError(
            "live and exercise never mix: "
            + (
                "a recording without the mark of an exercise"
                if desk.exercise
                else "a recording of an exercise"
            ),
            where=survey.name,
        )


def _iso(value: np.datetime64) -> str:
    return f"{np.datetime_as_string(value, unit='ms')}Z"


def _masks(survey: Survey, found: Replay) -> list[Any]:
    masks, at = [], 0
    for dataset in survey.datasets:
        size = int(dataset.sizes["reading"])
        ends = 1 if "x" in dataset else 2
        masks.append(found.quarantined[at : at + ends * size].reshape(ends, size).any(axis=0))
        at += ends * size
    return masks


def _quarantined(survey: Survey, found: Replay) -> dict[str, tuple[int, ...]]:
    made: dict[str, set[int]] = {}
    for dataset, mask in zip(survey.datasets, _masks(survey, found), strict=True):
        names = np.asarray(dataset["sensor_name"].to_numpy()).astype(str)[dataset["sensor"].to_numpy()]
        millis = dataset["time"].to_numpy().astype("datetime64[ms]").astype(int)
        for name, value in zip(names[mask], millis[mask], strict=True):
            made.setdefault(str(name), set()).add(int(value))
    return {name: tuple(sorted(values)) for name, values in sorted(made.items())}


def _permitted(survey: Survey, found: Replay) -> Survey | None:
    kept = [
        dataset.isel(reading=np.flatnonzero(~mask)) if not mask.all() else None
        for dataset, mask in zip(survey.datasets, _masks(survey, found), strict=True)
    ]
    if all(dataset is None for dataset in kept):
        return None
    parts = iter(kept)
    return replace(
        survey,
        in_situ=next(parts) if survey.in_situ is not None else None,
        open_path=next(parts) if survey.open_path is not None else None,
    )
