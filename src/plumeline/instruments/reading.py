"""The door of this room: `identify` says what a file is, `read` reads it."""

from __future__ import annotations

import importlib
import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumeline.errors import ConfigurationError, ReadError, UnknownFormatError
from plumeline.instruments.header_words import gas_in
from plumeline.instruments.layout import needed_columns
from plumeline.instruments.mapping import TableMapping, built_in_texts, load_mapping
from plumeline.instruments.recording import Recording, Remark
from plumeline.instruments.settings import build
from plumeline.instruments.text_layout import sample_of
from plumeline.instruments.textfile import open_table
from plumeline.provenance import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from plumeline.instruments.table import RawTables
    from plumeline.instruments.textfile import Progress

    Handler = Callable[[Path, TableMapping, Progress | None], RawTables]

HANDLERS = {
    "table": "plumeline.instruments.table:read_table",
    "pergam": "plumeline.instruments.handlers.pergam:read_pergam",
    "nmea": "plumeline.instruments.handlers.nmea:read_nmea",
    "gpx": "plumeline.instruments.handlers.gpx:read_gpx",
    "metar": "plumeline.instruments.handlers.metar:read_metar",
    "ulog": "plumeline.instruments.handlers.ulog:read_ulog",
    "dataflash": "plumeline.instruments.handlers.dataflash:read_dataflash",
    "tlog": "plumeline.instruments.handlers.tlog:read_tlog",
}
"""Handler of each format by the name its TOML gives, as module:function; imported when such a file is read."""


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
    return tuple(
        FormatSpec(mapping=build(TableMapping, tomllib.loads(text) | {"name": name}, where=name))
        for name, text in built_in_texts()
    )


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
            text = open_table(path, mapping.file, needed)
        except ReadError:
            return 0
        if not mapping.value and any(map(gas_in, text.header)):
            # A wind table it may be, but the gas in it would go unread.
            return 0
        score += len(needed)
    return score


def cautions(mapping: TableMapping) -> list[Remark]:
    """What a format's author wants every user of it to know.

    Args:
        mapping: the format.

    Returns:
        Remarks.
    """
    return [Remark(what=text, consequence="see the format's page") for text in mapping.cautions]


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


def _handler(mapping: TableMapping) -> Handler:
    target = HANDLERS.get(mapping.handler)
    if target is None:
        raise ConfigurationError(
            f"handler {mapping.handler!r} is unknown", where=mapping.name, remedy="use " + ", ".join(HANDLERS)
        )
    module, _, function = target.partition(":")
    handler: Handler = getattr(importlib.import_module(module), function)
    return handler


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
    handler = _handler(chosen)
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
        remarks=tuple(cautions(chosen) + raw.remarks),
        beside=raw.beside,
    )
