"""Read a large CSV: CPU seconds and peak memory, in a process of its own, with a torn last line to be found."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.results import Figures

if TYPE_CHECKING:
    import argparse

ROWS_A_BLOCK = 100_000
READ = """
import json, resource, sys, time
from pathlib import Path
from plumeline.instruments import read
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.process_time()
recording = read(Path(sys.argv[1]), mapping=Path(sys.argv[2]))
print(json.dumps({
    "cpu_s": time.process_time() - started,
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    "rows": recording.tables["readings"].sizes["record"],
    "torn": any("torn" in remark.what for remark in recording.remarks),
}))
"""
MAPPING = """
[time]
column = "time"
[position]
latitude = "lat"
longitude = "lon"
altitude = "alt"
[[value]]
column = "ch4"
species = "CH4"
unit = "ppm"
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gigabytes", type=float, default=0.2, help="size of the file")


def _write(path: Path, size_bytes: float) -> int:
    """Write the table block by block; returns the number of whole rows."""
    start = np.datetime64("2026-05-01T00:00:00.000")
    rows = 0
    with path.open("w") as stream:
        stream.write("time,lat,lon,alt,ch4,temperature\n")
        while stream.tell() < size_bytes:
            stream.writelines(
                f"{start + np.timedelta64(100 * i, 'ms')}Z,52.{i % 99991:05d},4.{i % 99989:05d},{10 + i % 7}.5,"
                f"2.{i % 997:03d},21.{i % 10}\n"
                for i in range(rows, rows + ROWS_A_BLOCK)
            )
            rows += ROWS_A_BLOCK
        stream.write("2026-05-01T00:00:00Z,52.1")
    return rows


def run(options: argparse.Namespace) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        path, mapping = Path(folder) / "large.csv", Path(folder) / "large.toml"
        mapping.write_text(MAPPING)
        rows = _write(path, options.gigabytes * 1e9)
        size = path.stat().st_size
        done = subprocess.run(
            [sys.executable, "-c", READ, str(path), str(mapping)], check=True, capture_output=True, text=True
        )
    found = json.loads(done.stdout)
    return Figures(
        figures={
            "gigabytes": size / 1e9,
            "cpu_s_per_gigabyte": found["cpu_s"] / (size / 1e9),
            "peak_memory_gigabytes": found["peak_mb"] / 1e3,
            "rows_lost": float(rows - found["rows"]),
            "torn_line_found": float(found["torn"]),
        }
    )
