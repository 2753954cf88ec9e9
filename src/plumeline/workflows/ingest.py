"""From files to a `Survey`: one file, a folder of mixed files, or a `survey.toml` that says what belongs together."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumeline.errors import ConfigurationError, InputError, PlumelineError
from plumeline.instruments import read
from plumeline.instruments.settings import build
from plumeline.observations.settings import FileSettings, ResponseFile, SurveySettings
from plumeline.observations.sources import open_source
from plumeline.observations.surveying import make_survey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from plumeline.observations import Survey
    from plumeline.observations.settings import ResponseSettings
    from plumeline.observations.sources import Source

    Progress = Callable[[str, int, int], None]
    """Called with what is being done, steps done and steps in all."""

SETTINGS_NAME = "survey.toml"
NOT_RECORDINGS = {
    ".toml",
    ".md",
    ".pdf",
    ".html",
    ".png",
    ".jpg",
    ".jpeg",
    ".json",
    ".geojson",
    ".gpkg",
    ".nc",
    ".qml",
}
"""Endings of files in a survey's folder that are no recordings."""


def load_settings(path: Path) -> SurveySettings:
    """Read a survey file.

    Args:
        path: the TOML file; its mappings are looked up beside it.

    Returns:
        The settings, with mappings as absolute paths.

    Raises:
        ConfigurationError: the file is missing, is no TOML, or holds an unknown key or a wrong value.
    """
    settings = build(SurveySettings, _toml(path), where=path.name)
    files = tuple(
        replace(one, mapping=str((path.parent / one.mapping).resolve()) if one.mapping else "")
        for one in settings.file
    )
    return replace(settings, file=files)


def load_responses(path: Path) -> tuple[ResponseSettings, ...]:
    """Read how sensors answer to gases.

    Args:
        path: a TOML file of `[[response]]` sections and nothing else.

    Returns:
        The sections.

    Raises:
        ConfigurationError: the file is missing, is no TOML, declares nothing, or holds an unknown key or a wrong value.
    """
    declared = build(ResponseFile, _toml(path), where=path.name).response
    if not declared:
        raise ConfigurationError(
            "declares no response",
            where=path.name,
            remedy="add [[response]] sections, see docs/observations.md",
        )
    return declared


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read: {error.strerror}", where=str(path), remedy="check the path"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"not a TOML file: {error}", where=path.name, remedy="see docs/observations.md for an example"
        ) from None


def load_survey(
    path: Path | str, *, settings: SurveySettings | Path | str | None = None, progress: Progress | None = None
) -> Survey:
    """Turn recordings into a survey.

    Args:
        path: a recording, a folder of recordings, or a `survey.toml`.
        settings: declared settings, or the survey file that holds them when it lies elsewhere; files named there are
            relative to `path`. Without it a folder's own `survey.toml` is used, if there is one.
        progress: called with what is being done, steps done and steps in all.

    Returns:
        The survey. What was assumed, left out or could not be corrected is in its remarks.

    Raises:
        ConfigurationError: the survey file is wrong.
        InputError: the files do not make a survey: no reading, no position, no wind, two clocks, two places.
    """
    path = Path(path)
    if not path.exists():
        raise InputError("there is no such file or folder", where=str(path), remedy="check the path")
    folder = path if path.is_dir() else path.parent
    if settings is None and (path.suffix == ".toml" or (path.is_dir() and (path / SETTINGS_NAME).is_file())):
        settings = path / SETTINGS_NAME if path.is_dir() else path
    chosen = settings if isinstance(settings, SurveySettings) else SurveySettings()
    if isinstance(settings, Path | str):
        chosen = load_settings(Path(settings))
    lenient = False
    if chosen.file:
        sources = _declared(folder, chosen.file, progress)
    elif path.is_dir() or path.suffix == ".toml":
        sources, left_out = _whatever_fits(folder, progress)
        lenient = True
        chosen = replace(chosen, remarks=(*chosen.remarks, *left_out))
    else:
        sources = _declared(folder, (FileSettings(path=path.name),), progress)
    if progress is not None:
        progress("putting the survey together", len(sources), len(sources) + 1)
    name = path.stem if path.is_file() else path.resolve().name
    return make_survey(sources, chosen, name=name, lenient=lenient)


def _declared(folder: Path, files: Sequence[FileSettings], progress: Progress | None) -> list[Source]:
    out = []
    for number, one in enumerate(files):
        file = folder / one.path
        if not file.is_file():
            raise ConfigurationError(
                "the survey names a file that is not there", where=str(file), remedy="check [[file]] path"
            )
        if progress is not None:
            progress(f"reading {file.name}", number, len(files) + 1)
        out.append(open_source(read(file, mapping=one.mapping or None), one))
    return out


def _whatever_fits(folder: Path, progress: Progress | None) -> tuple[list[Source], list[str]]:
    """Every file of a folder that a reader recognises, and why the others were left out.

    Raises:
        InputError: no file can be used.
    """
    files = sorted(one for one in folder.iterdir() if one.is_file() and not one.name.startswith("."))
    candidates = [one for one in files if one.suffix.lower() not in NOT_RECORDINGS]
    sources, left_out = [], []
    for number, file in enumerate(candidates):
        if progress is not None:
            progress(f"reading {file.name}", number, len(candidates) + 1)
        try:
            recording = read(file)
        except PlumelineError as error:
            left_out.append(f"{file.name} was left out: {error.what}")
            continue
        sources.append(open_source(recording, FileSettings(path=file.name)))
    beside = {name for source in sources for name in source.recording.beside}
    kept = [source for source in sources if source.name not in beside]
    if not kept:
        raise InputError(
            "no file in this folder can be used",
            where=str(folder),
            remedy="; ".join(left_out[:3]) or "put the recordings there",
        )
    return kept, left_out
