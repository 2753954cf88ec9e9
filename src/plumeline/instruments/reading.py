"""The door of this room: `identify` says what a file is, `read` reads it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumeline.errors import ConfigurationError, ReadError, UnknownFormatError
from plumeline.instruments.layout import needed_columns
from plumeline.instruments.mapping import TableMapping, load_mapping
from plumeline.instruments.recording import Recording
from plumeline.instruments.settings import build
from plumeline.instruments.table import read_table
from plumeline.instruments.text_layout import sample_of
from plumeline.instruments.textfile import open_table
from plumeline.provenance import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.resources.abc import Traversable

    from plumeline.instruments.table import RawTables
    from plumeline.instruments.textfile import Progress

    Handler = Callable[[Path, TableMapping, Progress | None], RawTables]

HANDLERS: dict[str, Handler] = {"table": read_table}
"""Handler of each format by the name its TOML gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatSpec:
    """One format: its TOML and the handler that reads it."""

    mapping: TableMapping

    @property
    def name(self) -> str:
        """<sensor>_<level>_<format>."""
        return self.mapping.name

    @property
    def title(self) -> str:
        """What a person calls it."""
        return self.mapping.title


@lru_cache(maxsize=1)
def formats() -> tuple[FormatSpec, ...]:
    """Every built-in format, by name.

    Returns:
        The formats.
    """
    folder = resources.files("plumeline.instruments") / "specs"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(FormatSpec(mapping=_built_in(file)) for file in files)


def _built_in(file: Traversable) -> TableMapping:
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    data["name"] = file.name.removesuffix(".toml")
    return build(TableMapping, data, where=file.name)


def candidates(path: Path) -> tuple[FormatSpec, ...]:
    """Formats that a file could be, the most specific first.

    Args:
        path: the file.

    Returns:
        Built-in formats whose signature and needed columns the file has.

    Raises:
        ReadError: the file is empty or cannot be read.
    """
    sample = sample_of(path)
    fitting = [(score, spec) for spec in formats() if (score := _fit(path, sample, spec.mapping))]
    return tuple(spec for _, spec in sorted(fitting, key=lambda pair: (-pair[0], pair[1].name)))


def _fit(path: Path, sample: bytes, mapping: TableMapping) -> int:
    """How many marks of a format a file bears; 0 when one is missing."""
    score = 0
    if mapping.signature:
        if not re.search(mapping.signature.encode("latin-1"), sample):
            return 0
        score += 100
    if mapping.handler == "table":
        needed = needed_columns(mapping)
        try:
            open_table(path, mapping.file, needed)
        except ReadError:
            return 0
        score += len(needed)
    return score


def identify(path: Path) -> FormatSpec:
    """The built-in format of a file.

    Args:
        path: the file.

    Returns:
        The format whose marks the file bears, the most specific one.

    Raises:
        ReadError: the file is empty or cannot be read.
        UnknownFormatError: no format fits.
    """
    found = candidates(path)
    if not found:
        raise UnknownFormatError(
            "no built-in format fits this file",
            where=path.name,
            remedy="write a ten-line mapping for it (docs/how-to/own-csv.md) and give it with --mapping",
        )
    return found[0]


def read(
    path: Path | str, *, mapping: TableMapping | Path | str | None = None, progress: Progress | None = None
) -> Recording:
    """Read a recording as it is.

    Args:
        path: the file.
        mapping: a mapping or its TOML file; without one, `FILE.toml` beside the file, else a built-in format.
        progress: called with bytes done and bytes in all.

    Returns:
        The recording: raw tables and remarks.

    Raises:
        ConfigurationError: the mapping is wrong.
        ReadError: the file is empty or broken.
        UnitError: a unit is missing or unknown.
        UnknownFormatError: no built-in format fits and no mapping is given.
    """
    path = Path(path)
    if path.is_dir():
        raise ReadError("is a folder", where=str(path), remedy="give one file, or inspect the folder")
    sample_of(path)
    beside = path.with_name(path.name + ".toml")
    if mapping is None and beside.is_file():
        mapping = beside
    chosen: Any = load_mapping(Path(mapping)) if isinstance(mapping, Path | str) else mapping
    if chosen is None:
        chosen = identify(path).mapping
    handler = HANDLERS.get(chosen.handler)
    if handler is None:
        raise ConfigurationError(
            f"handler {chosen.handler!r} is unknown", where=chosen.name, remedy="use " + ", ".join(HANDLERS)
        )
    raw = handler(path, chosen, progress)
    if not raw.tables:
        raise ReadError(
            "nothing in it can be used: no position, gas, wind or weather",
            where=path.name,
            remedy="map at least one [[value]], [position] or [wind]",
        )
    return Recording(
        path=path,
        sha256=sha256_of_file(path),
        format_name=chosen.name,
        tables=raw.tables,
        remarks=tuple(raw.remarks),
        beside=raw.beside,
    )
