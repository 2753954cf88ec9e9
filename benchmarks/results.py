"""Figures of one benchmark run: shown as a table, stored with commit, machine and seeds, compared with targets."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
TARGETS = HERE / "targets.toml"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a benchmark found."""

    figures: dict[str, float]
    """Figure name to value, the ones that targets speak of."""
    table: list[dict[str, Any]] = field(default_factory=list)
    """One row per case, all rows with the same keys."""
    seeds: list[int] = field(default_factory=list)
    """Random seeds used."""
    notes: list[str] = field(default_factory=list)
    """What a reader of the figures must know."""


def show(name: str, result: Figures) -> None:
    """Print the rows, the figures and the notes."""
    if result.table:
        head = list(result.table[0])
        rows = [[_text(row.get(column)) for column in head] for row in result.table]
        widths = [max(len(column), *(len(row[i]) for row in rows)) for i, column in enumerate(head)]
        for line in [head, *rows]:
            print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    print(f"\n{name}")
    for figure, value in result.figures.items():
        print(f"  {figure:44} {_text(value)}")
    for note in result.notes:
        print(f"  note: {note}")


def store(name: str, result: Figures) -> Path:
    """Write `benchmarks/results/NAME.json`."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    record = {
        "name": name,
        "figures": result.figures,
        "table": result.table,
        "seeds": result.seeds,
        "notes": result.notes,
        "commit": _commit(),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.system(),
        },
    }
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return path


def compare(name: str, result: Figures) -> int:
    """Compare figures with the targets; 1 when one falls short or is missing."""
    targets: dict[str, dict[str, float]] = tomllib.loads(TARGETS.read_text()).get(name, {})
    short = 0
    for figure, bounds in targets.items():
        value = result.figures.get(figure)
        if value is None:
            print(f"  MISSING {name}.{figure}")
            short = 1
        elif not bounds.get("min", -float("inf")) <= value <= bounds.get("max", float("inf")):
            print(f"  SHORT {name}.{figure} = {_text(value)}, wanted {bounds}")
            short = 1
        else:
            print(f"  ok {name}.{figure} = {_text(value)}, wanted {bounds}")
    return short


def check(names: list[str]) -> int:
    """Compare stored results with the targets; 1 when one falls short, is missing or was never run."""
    short = 0
    for name in names:
        path = RESULTS / f"{name}.json"
        if not path.exists():
            print(f"  NEVER RUN {name}: ./run python -m benchmarks {name}")
            short = 1
            continue
        short |= compare(name, Figures(figures=json.loads(path.read_text())["figures"]))
    return short


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 (git is found on the developer's PATH)
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE,
    )
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
