"""From a flown recording to a case: replay against the authority, quarantine, then findings from the rest."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from plumeline.access.fences import Track, jurisdiction_of, replay
from plumeline.access.guard import Kind, Verb, resource_of
from plumeline.access.records import utc
from plumeline.cases.case import CaseState, fold
from plumeline.cases.events import CaseOpened, ReactivationSeen
from plumeline.cases.findings import (
    Basis,
    Dossier,
    Finding,
    MachineScore,
    Override,
    Quantity,
    Recording,
    SpeciesRate,
    published_region,
    widened_area_m2,
)
from plumeline.cases.recordings import Ingested
from plumeline.errors import AccessError, InputError, RefusedError
from plumeline.provenance import canonical_json
from plumeline.store.cases import Change, new_id
from plumeline.store.cases_places import box_around
from plumeline.workflows.authorities import find_authority

if TYPE_CHECKING:
    from datetime import datetime

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.access.actors import Marking
    from plumeline.access.fences import Replay
    from plumeline.frames import LocalFrame
    from plumeline.observations import Survey
    from plumeline.sources import SourceReport
    from plumeline.store.cases import Session
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


def ingest(desk: Desk, survey: Survey, *, authority: str, label: str, position_sigma_m: float) -> Intake:
    """Hold a survey against an authority, enter the recording, and give back what may be used.

    Args:
        desk: an analyst's.
        survey: what was flown; its `inputs` name the files by digest.
        authority: under which authority.
        label: what the recording is; never a path.
        position_sigma_m: standard error of a horizontal position [m].

    Returns:
        The record, what may be used, and what the fences said.

    Raises:
        AccessError: the authority is hidden or has expired.
        InputError: the survey names no files, or has only local coordinates.
    """
    if not survey.inputs:
        raise InputError("the survey does not say which files it came from, so nothing can be traced to it")
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
            ),
            files=files,
            fence=found.report,
            quarantined=_quarantined(survey, found),
        )
        session.write(
            Verb.ANNOTATE,
            "recording-ingested" if found.report.is_clean else "recording-quarantined",
            Change(
                resource=desk.resource(Kind.RECORDING, identifier),
                events=[entered],
                state="clean" if found.report.is_clean else "incident",
                parent=authority,
            ),
        )
    return Intake(recording=identifier, survey=_permitted(survey, found), replay=found)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A located result, as a case needs it: from a report in memory or a result folder."""

    findings: tuple[dict[str, Any], ...]
    """Per source: label, region (degrees), area, height, rates, limits, remarks."""
    scores: tuple[MachineScore, ...]
    """What the machine thinks of each."""
    probability_no_source: float
    """That nothing emits here at all."""
    frame: LocalFrame
    """The local frame of `detectability`."""
    detectability: xr.Dataset
    """Schema `detectability`: what this flight could have seen."""
    readings: frozenset[tuple[str, int]]
    """Sensor and time [ms since 1970] of every reading that was used."""
    start: str
    """First of them."""
    end: str
    """Last of them."""
    inputs: frozenset[str]
    """Digests of the files it came from."""
    estimate: str
    """Digest of its provenance."""
    method: str
    """Plumeline's version."""

    @property
    def ended(self) -> datetime:
        """Time of the last reading, UTC."""
        return utc(self.end)

    def limits_over(self, regions: list[shapely.MultiPolygon]) -> dict[str, float]:
        """Per species, the worst minimum detectable rate over regions in degrees [kg s-1].

        A region that the flight did not cover gives no limit: its cells are not in `detectability`.
        """

        def to_plane(corners: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.column_stack(self.frame.to_local(corners[:, 0], corners[:, 1]))

        worst: dict[str, float] = {}
        for index, region in enumerate(regions):
            limits = limits_in(self.detectability, shapely.transform(region, to_plane))
            worst = {
                name: max(worst.get(name, 0.0), value)
                for name, value in limits.items()
                if index == 0 or name in worst
            }
        return worst


def located_of(report: SourceReport) -> Located:
    """A report as a case needs it.

    Args:
        report: what an inversion says; its survey must be placed on Earth.

    Returns:
        Regions in degrees, without centres, draws or 50 % regions.

    Raises:
        InputError: it has no provenance or no place on Earth.
    """
    if report.provenance is None:
        raise InputError("the result has no provenance, so nothing can be traced from it")
    frame = report.survey.frame
    fit = report.fit
    sensors = np.asarray(fit["sensor_label"].to_numpy()).astype(str)
    times = fit["time"].to_numpy()
    return Located(
        findings=tuple(_source(source, report, frame) for source in report.sources),
        scores=tuple(
            MachineScore(
                label=source.label,
                probability=min(1.0, max(0.0, source.probability)),
                false_alarm_probability=min(1.0, max(0.0, report.false_alarm_probability)),
                log10_bayes_factor=max(-1e6, min(1e6, report.log10_bayes_factor)),
            )
            for source in report.sources
        ),
        probability_no_source=report.probability_no_source,
        frame=frame,
        detectability=report.detectability,
        readings=frozenset(
            zip(map(str, sensors), map(int, times.astype("datetime64[ms]").astype(int)), strict=True)
        ),
        start=_iso(times.min()),
        end=_iso(times.max()),
        inputs=frozenset(report.provenance.inputs.values()),
        estimate=report.provenance.digest,
        method=report.provenance.version,
    )


def _source(source: Any, report: SourceReport, frame: LocalFrame) -> dict[str, Any]:
    region = published_region(source.region_90.shape, frame)
    limits = limits_in(report.detectability, source.region_90.shape)
    return {
        "label": source.label,
        "region_90": region,
        "area_m2": widened_area_m2(region, frame),
        "height_m": _quantity(source.height_m),
        "species": tuple(
            SpeciesRate(
                species=name, rate_kg_s=_quantity(rate), minimum_detectable_rate_kg_s=limits.get(name)
            )
            for name, rate in source.rate_kg_s.items()
        ),
        "remarks": tuple(
            text for text in (*report.warnings, *((source.outside_survey,) if source.outside_survey else ()))
        ),
    }


def _quantity(interval: Any) -> Quantity:
    return Quantity(median=interval.median, low=interval.low, high=interval.high)


def limits_in(detectability: xr.Dataset, region: shapely.MultiPolygon) -> dict[str, float]:
    """Per species, the worst minimum detectable rate over a region [kg s-1]; without those that are infinite.

    Args:
        detectability: schema `detectability`.
        region: in the same local frame [m].

    Returns:
        Species to rate.
    """
    x, y = np.meshgrid(detectability["x"].to_numpy(), detectability["y"].to_numpy())
    inside: NDArray[np.bool_] = np.asarray(shapely.contains_xy(region, x, y))
    west, south, east, north = region.bounds
    if west < x.min() or east > x.max() or south < y.min() or north > y.max():
        return {}
    if not inside.any():
        middle = region.representative_point()
        inside = np.zeros(x.shape, bool)
        inside[np.unravel_index(np.hypot(x - middle.x, y - middle.y).argmin(), x.shape)] = True
    rates = detectability["minimum_detectable_rate"].to_numpy()
    worst = {
        str(name): float(rates[index][inside].max())
        for index, name in enumerate(detectability["species"].to_numpy())
    }
    return {name: value for name, value in worst.items() if math.isfinite(value)}


def open_case(
    desk: Desk, recording: str, located: Located, marking: Marking, *, override_ground: str | None = None
) -> str:
    """Make a case of a located result.

    Args:
        desk: an analyst's.
        recording: the ingested recording it rests on.
        located: the result.
        marking: who may see it.
        override_ground: why quarantined samples may be used; the package shows it with the actor's badge.

    Returns:
        The case's identifier.

    Raises:
        AccessError: the recording is hidden, the authority expired, or quarantined samples were used.
        RefusedError: nothing was located.
        InputError: the result does not rest on this recording, or live and exercise are mixed.
    """
    if not located.findings:
        raise RefusedError("nothing was located, so there is nothing to open a case with")
    if marking.exercise != desk.exercise or marking.originator != desk.organisation:
        raise InputError(
            "the marking is not of this store: another originator, or live and exercise are mixed"
        )
    identifier = new_id("C", exercise=desk.exercise)
    with desk.session() as session:
        head = session.need(Verb.VIEW, recording, kind=Kind.RECORDING)
        entered: Ingested = session.history(head)[-1].event
        permission = find_authority(session, entered.fence.authority)
        permission.require_alive(desk.now)
        if not located.inputs or not located.inputs <= set(entered.files):
            raise InputError(
                "the result does not rest on this recording: a file's digest is not among its own",
                remedy="ingest every file the result was made from",
            )
        used = sum(
            (sensor, time) in located.readings
            for sensor, times in entered.quarantined.items()
            for time in times
        )
        if used and override_ground is None:
            raise AccessError(
                f"{used} quarantined samples were used for this result",
                where=recording,
                remedy="locate again with what the ingest gave back, or override by name and ground",
            )
        findings = tuple(
            Finding(
                **facts,
                jurisdiction=jurisdiction_of(facts["region_90"], permission),
                first_seen=utc(located.start),
                last_seen=utc(located.end),
                recordings=(entered.recording.sha256,),
                estimate=located.estimate,
                method=located.method,
            )
            for facts in located.findings
        )
        former = _closed_case_at(session, [finding.region_90 for finding in findings])
        dossier = Dossier(
            findings=findings,
            scores=located.scores,
            recordings=(entered.recording,),
            basis=Basis(
                fence=entered.fence,
                instrument=permission.instrument,
                article=permission.article,
                issuing_body=permission.issuing_body,
                mode=permission.mode.value,
                override=Override(actor=desk.actor.id, ground=override_ground, samples=used)
                if used and override_ground
                else None,
            ),
            marking=marking,
            probability_no_source=located.probability_no_source,
            reactivation_of=former,
        )
        session.write(
            Verb.ANNOTATE,
            "case-opened-by-override" if used else "case-opened",
            Change(
                resource=resource_of(Kind.CASE, identifier, marking),
                events=[CaseOpened(dossier=dossier)],
                state=CaseState.OPEN.value,
                box=box_around([finding.region_90 for finding in findings]),
                parent=recording,
            ),
        )
        if former is not None:
            _note_reactivation(session, former, identifier)
    return identifier


def _closed_case_at(session: Session, regions: list[shapely.MultiPolygon]) -> str | None:
    """The reactivation watch: a closed case the actor may see whose region this one meets."""
    for head in session.find(Kind.CASE, state=CaseState.CLOSED.value, box=box_around(regions)):
        case = fold(head.id, session.history(head))
        if any(shapely.intersects(old.region_90, new) for old in case.dossier.findings for new in regions):
            return head.id
    return None


def _note_reactivation(session: Session, former: str, identifier: str) -> None:
    head = session.need(Verb.ANNOTATE, former, kind=Kind.CASE)
    session.write(
        Verb.ANNOTATE,
        "reactivation-seen",
        Change(
            resource=head.resource,
            events=[ReactivationSeen(case=identifier)],
            state=head.state,
            expected=head.version,
            parent=head.parent,
            due=head.due,
            on_hold=head.on_hold,
        ),
    )
