"""Say what a file is, what is in it, and what it lacks; of a folder, of each file in it."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import InputError, PlumelineError, ReadError, UnknownFormatError
from plumeline.instruments import Recording, read
from plumeline.instruments.cubes import format_of
from plumeline.instruments.drafting import draft_mapping, header_of
from plumeline.instruments.reading import candidates, formats
from plumeline.instruments.summary import Lack, TableSummary, lacks, summarize

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from plumeline.workflows.inspect_image import ImageInspection

DOCUMENT_VERSION = 1
MOST_FILES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What one file is."""

    path: Path
    recording: Recording | None = None
    """The file as read; None when it could not be, or is an image."""
    image: ImageInspection | None = None
    """What a cube or an open-path spectrum is."""
    title: str = ""
    """What a person calls its format."""
    also_fits: tuple[str, ...] = ()
    """Other formats whose marks it bears."""
    tables: tuple[TableSummary, ...] = ()
    lacks: tuple[Lack, ...] = ()
    fault: PlumelineError | None = None
    """Why it could not be read."""
    columns: tuple[str, ...] = ()
    """Header of a table that no format knows."""
    draft: str = ""
    """A first mapping for it."""

    def as_document(self) -> dict[str, Any]:
        """As plain values for JSON; described in docs/instruments.md."""
        document: dict[str, Any] = {
            "version": DOCUMENT_VERSION,
            "file": self.path.name,
            "bytes": self.path.stat().st_size,
        }
        if self.fault is not None:
            fault = {"what": self.fault.what, "where": self.fault.where, "remedy": self.fault.remedy}
            return document | {"error": fault, "columns": list(self.columns), "draft_mapping": self.draft}
        if self.image is not None:
            return document | {
                "format": self.image.format_name,
                "title": self.image.title,
                "sha256": self.image.sha256,
                "image": _plain(self.image.numbers),
                "wrong": list(self.image.wrong),
                "missing": [{"what": what, "remedy": how} for what, how in self.image.lacks],
            }
        if self.recording is None:
            return document
        return document | {
            "format": self.recording.format_name,
            "title": self.title,
            "also_fits": list(self.also_fits),
            "sha256": self.recording.sha256,
            "beside": dict(self.recording.beside),
            "tables": [_plain(asdict(table)) for table in self.tables],
            "missing": [_plain(asdict(lack)) for lack in self.lacks],
            "remarks": [_plain(asdict(remark)) for remark in self.recording.remarks],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderInspection:
    """What is in a folder."""

    path: Path
    files: tuple[Inspection, ...] = field(default=())

    @property
    def readable(self) -> int:
        """Number of files that could be read."""
        return sum(file.fault is None for file in self.files)


def inspect_file(
    path: Path, *, mapping: Path | None = None, progress: Callable[[int, int], None] | None = None
) -> Inspection:
    """Inspect one file.

    Args:
        path: the file.
        mapping: a mapping for a table of the user's own.
        progress: called with bytes done and bytes in all.

    Returns:
        What it is and what is in it; for a table that no format knows, its columns and a first mapping.

    Raises:
        InputError: the file is empty or broken.
        UnknownFormatError: the file is neither a known recording nor a table.
        ConfigurationError: the mapping is wrong.
    """
    if mapping is None and path.is_file() and not candidates(path):
        from plumeline.workflows.inspect_image import inspect_image  # noqa: PLC0415 (heavy; for images only)

        image = inspect_image(path) if format_of(path) else None
        if image is not None:
            return Inspection(path=path, title=image.title, image=image)
    try:
        recording = read(path, mapping=mapping, progress=progress)
    except UnknownFormatError as fault:
        try:
            return Inspection(path=path, fault=fault, columns=header_of(path), draft=draft_mapping(path))
        except InputError:
            raise fault from None
    names = {spec.name: spec.title for spec in formats()}
    fitting = [spec.name for spec in candidates(path)] if mapping is None else []
    return Inspection(
        path=path,
        recording=recording,
        title=names.get(recording.format_name, "table of your own"),
        also_fits=tuple(name for name in fitting if name != recording.format_name),
        tables=tuple(summarize(kind, table) for kind, table in recording.tables.items()),
        lacks=lacks(recording),
    )


def inspect_folder(
    folder: Path, *, mapping: Path | None = None, progress: Callable[[int, int], None] | None = None
) -> FolderInspection:
    """Inspect every file below a folder; one that cannot be read does not stop the others.

    Args:
        folder: the folder.
        mapping: a mapping for the tables that no format knows.
        progress: called with files done and files in all.

    Returns:
        One inspection a file, by name.

    Raises:
        ReadError: there is no file, or there are too many.
    """
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".toml" and not any(part.startswith(".") for part in path.parts)
    )
    # A cube's header is no file of its own.
    data = [path for path in paths if path.suffix != ".hdr"]
    headers = {
        name for path in data for name in (path.with_name(path.name + ".hdr"), path.with_suffix(".hdr"))
    }
    paths = [path for path in paths if path not in headers]
    if not paths:
        raise ReadError(
            "there is no file in it", where=str(folder), remedy="give the folder with the recordings"
        )
    if len(paths) > MOST_FILES:
        raise ReadError(
            f"there are more than {MOST_FILES} files in it",
            where=str(folder),
            remedy="give one flight's folder",
        )
    files = []
    named = _mappings_of_surveys(folder)
    for done, path in enumerate(paths, start=1):
        files.append(_one_of_many(path, named.get(path, mapping)))
        if progress is not None:
            progress(done, len(paths))
    return FolderInspection(path=folder, files=tuple(files))


def _mappings_of_surveys(folder: Path) -> dict[Path, Path]:
    """Mapping of each recording that a survey file below the folder names one for."""
    found: dict[Path, Path] = {}
    for survey in sorted(folder.rglob("*survey.toml")):
        try:
            entries = tomllib.loads(survey.read_text(encoding="utf-8")).get("file", [])
            found |= {
                survey.parent / entry["path"]: survey.parent / entry["mapping"]
                for entry in entries
                if {"path", "mapping"} <= set(entry)
            }
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError):
            continue
    return found


def _one_of_many(path: Path, mapping: Path | None) -> Inspection:
    try:
        found = inspect_file(path)
        if found.fault is not None and mapping is not None:
            found = inspect_file(path, mapping=mapping)
    except PlumelineError as fault:
        return Inspection(path=path, fault=fault)
    return found


def _plain(values: Any) -> Any:
    """Values that JSON can hold: no tuple, no NaN."""
    if isinstance(values, dict):
        return {key: _plain(value) for key, value in values.items()}
    if isinstance(values, tuple | list):
        return [_plain(value) for value in values]
    if isinstance(values, float) and not np.isfinite(values):
        return None
    return values
