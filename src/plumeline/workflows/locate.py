"""Survey in, result folder out: the verb behind `plumeline locate`."""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
import typing
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import ConfigurationError
from plumeline.observations import Survey
from plumeline.observations.cross_sensitivity import with_responses
from plumeline.observations.settings import FileSettings, SurveySettings
from plumeline.sources import InferenceSettings, infer
from plumeline.store import (
    layers_of,
    locate_document,
    result_folder,
    write_geojson,
    write_geopackage,
    write_netcdf,
    write_styles,
)
from plumeline.store.folder import check_free
from plumeline.workflows.columns import ColumnRequest, column_surveys
from plumeline.workflows.ingest import load_responses, load_survey
from plumeline.workflows.quarantine import without
from plumeline.workflows.report import render_report
from plumeline.workflows.truth import KnownSource, compare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from plumeline.sources import SourceReport
    from plumeline.workflows.truth import Comparison

    Progress = Callable[[float, str], None]

LOADED, INFERRED = 0.08, 0.9
"""Shares of the work at which loading and inference end."""


FIRST_TIME, LAST_TIME = np.datetime64("1700-01-01", "ms"), np.datetime64("2200-01-01", "ms")
"""A window without a start or an end; both fit into nanoseconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocateRequest:
    """What to locate, and where to put the result."""

    survey: Path | None
    """A file, a folder, or a survey file (TOML); None where there are `columns` only."""
    more: tuple[Path, ...] = ()
    """Further flights and sensors of the same place, which share their sources with the first."""
    columns: tuple[ColumnRequest, ...] = ()
    """Column layers of imaging of the same place."""
    output: Path | None
    """Folder to make; None: no files are written."""
    mapping: Path | None = None
    """How to read the survey's one file, when it is a table that is not built in."""
    start: np.datetime64 | None = None
    """First time that is used, UTC."""
    end: np.datetime64 | None = None
    """Time after the last that is used, UTC."""
    species: tuple[str, ...] = ()
    """Species that are used; all when empty."""
    response: Path | None = None
    """How the sensors answer to gases, a TOML file of `[[response]]` sections; None: as the survey file says."""
    leave_out: Path | None = None
    """Samples that may not be used, as `plumeline case ingest --quarantine` wrote them."""
    settings: InferenceSettings = field(default_factory=InferenceSettings)
    """What the inversion assumes."""
    basemap: Path | None = None
    """A map of the site for the report."""
    force: bool = False
    """Whether an existing folder is replaced (and kept as a backup)."""
    truth: tuple[KnownSource, ...] = ()
    """Known sources to show beside the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocateResult:
    """What was found, and the files that say so."""

    report: SourceReport
    """The inversion's own product."""
    document: Mapping[str, Any]
    """The same as the published JSON document."""
    comparisons: tuple[Comparison, ...]
    """Known sources beside the answers."""
    folder: Path | None
    """Where the files are."""
    files: tuple[str, ...]
    """Names of the files in it."""


def locate(request: LocateRequest, progress: Progress | None = None) -> LocateResult:
    """Read a survey, find its sources, write the result.

    Args:
        request: what to locate.
        progress: called with the share done, 0 to 1, and what is being done.

    Returns:
        The result.

    Raises:
        PlumelineError: the survey, a setting or the output cannot be used; see `plumeline.errors`.
    """
    tell = progress or (lambda _share, _text: None)
    return publish(infer_request(request, tell), request, tell)


def infer_request(request: LocateRequest, tell: Progress) -> SourceReport:
    """Read a survey and find its sources; nothing is written.

    Args:
        request: what to locate.
        tell: called with the share done, 0 to 1, and what is being done.

    Returns:
        What the inversion says, with the request's own choices in its provenance.

    Raises:
        ConfigurationError: the survey file, the basemap's name or the time window is wrong.
        InputError: the survey cannot be used.
        OutputError: the output folder could not be put in place.
        RefusedError: an honest answer cannot be given.
    """
    if request.output is not None:
        check_free(request.output, force=request.force)
    if request.basemap is not None and not request.basemap.is_file():
        raise ConfigurationError("there is no such basemap file", where=str(request.basemap))
    tell(0.0, "reading the survey")
    flights = _loaded(request, tell)
    parts = [restricted(Survey.join(flights), request)] if flights else []
    survey = Survey.join([*parts, *column_surveys(request.columns, parts)])

    def tell_inference(share: float, text: str) -> None:
        tell(LOADED + (INFERRED - LOADED) * share, text)

    return _with_request(infer(survey, request.settings, tell_inference), request)


def publish(report: SourceReport, request: LocateRequest, tell: Progress) -> LocateResult:
    """Write a report's files, all or none.

    Args:
        report: what an inversion says.
        request: where to, with what beside it.
        tell: called with the share done, 0 to 1, and what is being done.

    Returns:
        The result.

    Raises:
        OutputError: the folder cannot be written.
        ConfigurationError: the basemap cannot be used.
        ReadError: the basemap is broken.
    """
    document = locate_document(report)
    comparisons = compare(report, request.truth)
    files: tuple[str, ...] = ()
    if request.output is not None:
        with result_folder(request.output, force=request.force) as folder:
            tell(INFERRED, "writing map layers")
            layers = layers_of(report)
            write_geopackage(report, layers, folder / "result.gpkg")
            write_geojson(report, layers, folder)
            write_styles(layers, folder / "styles")
            tell(0.95, "writing arrays and report")
            write_netcdf(report, folder / "result.nc")
            (folder / "result.json").write_text(json_text(document), encoding="utf-8")
            page = render_report(report, basemap=request.basemap, truth=comparisons)
            (folder / "report.html").write_text(page, encoding="utf-8")
            files = tuple(
                sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
            )
    tell(1.0, "done")
    return LocateResult(
        report=report, document=document, comparisons=comparisons, folder=request.output, files=files
    )


def json_text(document: Mapping[str, Any]) -> str:
    """A document as it is printed and stored: readable, the same bytes for the same values.

    Args:
        document: plain values.

    Returns:
        JSON with a final newline.
    """
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _loaded(request: LocateRequest, tell: Progress) -> list[Survey]:
    """Every flight of a request."""
    paths = (*([] if request.survey is None else [request.survey]), *request.more)
    share = LOADED / max(len(paths), 1)
    return [
        load_survey(
            path,
            settings=_mapped(path, request.mapping),
            progress=lambda text, done, of, number=number: tell(share * (number + done / max(of, 1)), text),  # type: ignore[misc]
        )
        for number, path in enumerate(paths)
    ]


def _mapped(path: Path, mapping: Path | None) -> SurveySettings | None:
    """A survey as one file with the given mapping; None when there is none.

    Raises:
        ConfigurationError: the mapping is missing, or the survey is not one file.
    """
    if mapping is None:
        return None
    if not mapping.is_file():
        raise ConfigurationError("there is no such mapping file", where=str(mapping))
    if not path.is_file():
        raise ConfigurationError(
            "--mapping is for a single file",
            where=str(path),
            remedy="name the files and their mappings in a survey.toml",
        )
    return SurveySettings(file=(FileSettings(path=path.name, mapping=str(mapping.resolve())),))


def restricted(survey: Survey, request: LocateRequest) -> Survey:
    """The part of a survey that a request asks for.

    Args:
        survey: the whole survey.
        request: time window and species.

    Returns:
        A survey of the same name and frame.

    Raises:
        ConfigurationError: a species is not in the survey, or the window is empty.
        InputError: no reading lies in the window, or none may be used.
    """
    if request.start is not None or request.end is not None:
        start = request.start if request.start is not None else FIRST_TIME
        end = request.end if request.end is not None else LAST_TIME
        if start >= end:
            raise ConfigurationError(
                f"the time window from {start} to {end} is empty", remedy="give --start before --end"
            )
        survey = survey.between(start, end)
    if request.leave_out is not None:
        survey = without(survey, request.leave_out)
    if request.response is not None:
        declared, where = load_responses(request.response), request.response.name
        survey = Survey.join([
            with_responses(one, declared, where=where) for one in survey.parts or (survey,)
        ])
    unknown = [name for name in request.species if name not in survey.species]
    if unknown:
        raise ConfigurationError(
            f"the survey has no {', '.join(unknown)}", remedy="it has: " + ", ".join(survey.species)
        )
    return survey.only(request.species) if request.species else survey


def settings_from(config: Path | None, assignments: Sequence[str], seed: int | None) -> InferenceSettings:
    """The effective settings: defaults, then a TOML file, then `key=value` words, then the seed.

    Args:
        config: a TOML file of settings, or None.
        assignments: words "key=value", the value as in TOML.
        seed: the random seed, or None for the one so far.

    Returns:
        The settings.

    Raises:
        ConfigurationError: a file is broken, a name is unknown, or a value is of the wrong kind or out of range.
    """
    values: dict[str, Any] = {}
    if config is not None:
        try:
            values |= tomllib.loads(config.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"the settings cannot be read: {error}", where=str(config)) from error
    for word in assignments:
        key, equals, text = word.partition("=")
        if not equals:
            raise ConfigurationError(
                f"{word!r} is not key=value", remedy="write for example --set particles=1000"
            )
        values[key.strip()] = _toml_value(text.strip())
    if seed is not None:
        values["seed"] = seed
    return InferenceSettings(**{key: _checked(key, value) for key, value in values.items()})


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text


def _checked(key: str, value: Any) -> Any:
    kinds = typing.get_type_hints(InferenceSettings)
    names = InferenceSettings.names()
    if key not in names:
        near = difflib.get_close_matches(key, names, n=1)
        raise ConfigurationError(
            f"there is no setting {key!r}",
            remedy=f"did you mean {near[0]}?" if near else "settings: " + ", ".join(names),
        )
    wanted = typing.get_args(kinds[key]) or (kinds[key],)
    if type(value) is int and float in wanted and int not in wanted:
        return float(value)
    if type(value) not in wanted:
        kind = " or ".join(one.__name__ for one in wanted if one is not type(None))
        raise ConfigurationError(f"setting {key} is {value!r}, not {kind}")
    return value


def _with_request(report: SourceReport, request: LocateRequest) -> SourceReport:
    """The report with the request's own choices in its provenance."""
    if report.provenance is None:
        return report
    choices = {
        "species": list(request.species) or None,
        "start": None if request.start is None else str(request.start),
        "end": None if request.end is None else str(request.end),
        "responses": [asdict(one) for one in report.survey.sensitivities] or None,
    }
    if request.leave_out is not None:
        choices["left_out"] = hashlib.sha256(request.leave_out.read_bytes()).hexdigest()
    if request.columns:
        choices["columns"] = [
            {
                "file": one.path.name,
                "wind": None if one.wind is None else asdict(one.wind),
                "time": None if one.time is None else str(one.time),
            }
            for one in request.columns
        ]
    configuration = {"inference": dict(report.provenance.configuration), "selection": choices}
    return replace(report, provenance=replace(report.provenance, configuration=configuration))
