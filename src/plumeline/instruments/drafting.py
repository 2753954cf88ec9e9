"""A first mapping for a table that no format knows, guessed from its header; the user checks it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from plumeline.errors import ReadError
from plumeline.instruments.header_words import gas_in, gas_unit_in, speed_unit_in
from plumeline.instruments.mapping import FileSection
from plumeline.instruments.text_layout import DELIMITERS, clean_header, head_lines, split

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PATTERNS = {
    "time": r"^(date.?time|time.?stamp|time|utc|zeit|fecha|hora|date)\b|^(time|timestamp)[_ ]?\(?utc\)?",
    "latitude": r"^lat",
    "longitude": r"^(lon|lng)",
    "altitude": r"^(alt|elev|height|z)\b|^(alt|height|z)[_ (]",
    "x": r"^(x|east(ing)?)([_ (]|$)",
    "y": r"^(y|north(ing)?)([_ (]|$)",
    "speed": r"^(wind.?speed|ws|speed|wind_spd)",
    "direction": r"^(wind.?dir\w*|wd|direction)",
    "air_temperature": r"^(air.?temp|temp)",
    "air_pressure": r"^(air.?press|press|baro)",
}


def draft_mapping(path: Path) -> str:
    """A first mapping for a table.

    Args:
        path: the file.

    Returns:
        TOML text; what could not be guessed is marked with `?`.

    Raises:
        ReadError: the file is empty, binary, or has no row of at least two columns.
    """
    header = header_of(path)
    found = _columns(header)
    lines = [
        f"# drafted from the header of {path.name}: check every line",
        f'name = "{_plain(path.stem)}"',
        "",
    ]
    lines += ["[time]", f"column = {_quoted(found.get('time', '?'))}", ""]
    pair = ("latitude", "longitude") if "latitude" in found and "longitude" in found else ("x", "y")
    if all(name in found for name in pair):
        lines += ["[position]", *(f"{name} = {_quoted(found[name])}" for name in pair)]
        if "altitude" in found:
            lines += [f"altitude = {_quoted(found['altitude'])}", 'altitude_reference = "unknown"']
        lines.append("")
    gases = [(name, gas) for name in header if (gas := gas_in(name))]
    for name, gas in gases or [("?", "?")]:
        lines += ["[[value]]", f"column = {_quoted(name)}", f"species = {_quoted(gas)}"]
        lines += [f"unit = {_quoted(gas_unit_in(name) or '?')}", ""]
    if "speed" in found and "direction" in found:
        lines += [
            "[wind]",
            f"speed = {_quoted(found['speed'])}",
            f"speed_unit = {_quoted(speed_unit_in(found['speed']) or '?')}",
        ]
        lines += [f"direction = {_quoted(found['direction'])}", 'direction_sense = "from"', ""]
    return "\n".join(lines)


def header_of(path: Path) -> tuple[str, ...]:
    """Column names of a text table, as far as they can be told.

    Args:
        path: the file.

    Returns:
        The names.

    Raises:
        ReadError: the file is empty, binary, or has no row of at least two columns.
    """
    lines, _, _ = head_lines(path)
    rows = [line for line in lines if line.strip() and not line.startswith(FileSection().comment)]
    best: list[str] = []
    for line in rows[:10]:
        for delimiter in DELIMITERS:
            cells = split(line, delimiter)
            if len(cells) > len(best) and any(re.search(r"[A-Za-z]", cell) for cell in cells):
                best = cells
    if len(best) < 2:
        raise ReadError("there is no row of at least two columns", where=path.name, remedy="this is no table")
    return clean_header(best)


def _columns(header: Sequence[str]) -> dict[str, str]:
    """The first header name for each quantity."""
    found: dict[str, str] = {}
    for quantity, pattern in PATTERNS.items():
        for name in header:
            if re.search(pattern, name.strip(), re.IGNORECASE) and name not in found.values():
                found[quantity] = name
                break
    return found


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower() or "my_table"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
