"""Mutate small valid files of every format and inspect them: only a PlumelineError may come out, and soon.

A warning, anything printed by a library, and a file that takes longer than ten seconds count as crashes too.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.results import Figures
from benchmarks.small_files import small_files
from plumeline.errors import PlumelineError
from plumeline.workflows.inspect import inspect_file

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    Mutation = Callable[[random.Random, bytearray], None]

SLOWEST_S = 10.0
TOKENS = [
    *(
        b"",
        b"nan",
        b"inf",
        b"-inf",
        b"1e308",
        b"-1e308",
        b"1e-320",
        b"9" * 40,
        b"-9223372036854775808",
        b"0x10",
    ),
    *(
        b'"',
        b"'",
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r",
        b"\n\n",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xe9",
        b"=",
    ),
    *(b"2026-13-45", b"0000-00-00", b"9999-12-31T23:59:60Z", b"24:61:61", b"2026-05-01T10:00:00+25:00"),
    *(
        b"<",
        b">",
        b"&amp;",
        b"&x;",
        b"$GPRMC,,,,,,,,,,,*00",
        b"181",
        b"-91",
        b"\xfe",
        b"\xfd",
        b"\xa3\x95",
        b"#",
        b"A" * 3000,
    ),
]


def _flip(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice((1, 1, 2, 8, 40))):
        data[rng.randrange(len(data))] = rng.randrange(256)


def _cut(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 2, 5, 20, 200))]


def _truncate(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


def _insert(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice(TOKENS)


def _repeat(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    at = rng.randrange(len(data) + 1)
    data[at:at] = data[start : start + rng.choice((1, 10, 100))] * rng.choice((1, 2, 20))


def _field(rng: random.Random, data: bytearray) -> None:
    """Put a nasty text in the place of one field."""
    for delimiter in (b",", b" ", b";"):
        parts = bytes(data).split(delimiter)
        if len(parts) > 2:
            parts[rng.randrange(len(parts))] = rng.choice(TOKENS)
            data[:] = delimiter.join(parts)
            return


def _delimiter(rng: random.Random, data: bytearray) -> None:
    data[:] = bytes(data).replace(b",", rng.choice((b";", b"\t", b"|", b" ", b",,", b"")))


def _zeros(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    data[start:] = bytes(len(data) - start)


def _noise(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    data[start:] = rng.randbytes(rng.choice((1, 50, 2000)))


def _lines(rng: random.Random, data: bytearray) -> None:
    """Shuffle, drop or double lines."""
    lines = bytes(data).split(b"\n")
    how = rng.randrange(3)
    if how == 0:
        rng.shuffle(lines)
    elif how == 1:
        del lines[rng.randrange(len(lines))]
    else:
        lines *= 2
    data[:] = b"\n".join(lines)


def _recode(rng: random.Random, data: bytearray) -> None:
    text = bytes(data).decode("utf-8", errors="replace")
    data[:] = text.encode(
        rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252", "gb18030")), errors="replace"
    )


MUTATIONS: tuple[Mutation, ...] = (
    _flip,
    _cut,
    _truncate,
    _insert,
    _repeat,
    _field,
    _field,
    _delimiter,
    _zeros,
    _noise,
    _lines,
    _recode,
)


def mutated(data: bytes, seed: int) -> bytes:
    """One mutated copy, the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 (no secret depends on it)
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if out:
            rng.choice(MUTATIONS)(rng, out)
    return bytes(out)


def outcome(path: Path) -> str:
    """How inspecting a file ends: "read", the name of a PlumelineError, or "crash: …"."""
    printed = io.StringIO()
    started = time.perf_counter()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            warnings.simplefilter("error")
            json.dumps(inspect_file(path).as_document(), allow_nan=False)
        ended = "read"
    except PlumelineError as error:
        ended = type(error).__name__ if error.what and str(error) else "crash: an error without a text"
    except Exception as error:  # noqa: BLE001 (to find these is the purpose)
        where = traceback.extract_tb(error.__traceback__)[-1]
        ended = f"crash: {type(error).__name__}: {error} at {Path(where.filename).name}:{where.lineno}"
    if printed.getvalue():
        return f"crash: printed {printed.getvalue()[:80]!r}"
    return ended if time.perf_counter() - started < SLOWEST_S else f"crash: took more than {SLOWEST_S:g} s"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--files", type=int, default=10_500, help="how many mutated files")
    parser.add_argument("--first-seed", type=int, default=1)


def run(options: argparse.Namespace) -> Figures:
    files = small_files()
    names = sorted(files)
    ends: dict[str, Counter[str]] = {name: Counter() for name in names}
    crashes: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutated"
        for number in range(options.files):
            name, seed = names[number % len(names)], options.first_seed + number
            path.write_bytes(mutated(files[name], seed))
            ended = outcome(path)
            ends[name]["crash" if ended.startswith("crash") else ended] += 1
            if ended.startswith("crash"):
                crashes.append(f"{name}, seed {seed}: {ended}")
    table = [
        {
            "file": name,
            "mutated": sum(counts.values()),
            "read": counts["read"],
            "clear error": sum(counts.values()) - counts["read"] - counts["crash"],
            "crash": counts["crash"],
        }
        for name, counts in ends.items()
    ]
    return Figures(
        figures={"mutated_files": float(options.files), "crashes": float(len(crashes))},
        table=table,
        seeds=[options.first_seed],
        notes=crashes[:40],
    )
