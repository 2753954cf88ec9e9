"""What a stranger waits for: the demo with nothing compiled yet, again with everything compiled, and the command line's import.

Wall seconds on the machine named in the result; the packages are there already.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.results import Figures

if TYPE_CHECKING:
    import argparse

IMPORTS = 5
"""Fresh interpreters of which the fastest counts: the others waited for the machine."""


def add_options(parser: argparse.ArgumentParser) -> None:
    del parser


def run(options: argparse.Namespace) -> Figures:
    del options
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": str(Path(folder) / "compiled")}
        first = _seconds(["-m", "plumeline", "demo", "-o", f"{folder}/one"], environment)
        again = _seconds(["-m", "plumeline", "demo", "-o", f"{folder}/two"], environment)
    bare = min(_seconds(["-c", "pass"], None) for _ in range(IMPORTS))
    loaded = min(_seconds(["-c", "import plumeline.cli"], None) for _ in range(IMPORTS))
    return Figures(
        figures={"demo_first_s": first, "demo_again_s": again, "import_cli_s": loaded - bare},
        notes=["load of the machine at the end: " + " ".join(f"{value:.1f}" for value in os.getloadavg())],
    )


def _seconds(words: list[str], environment: dict[str, str] | None) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *words], env=environment, check=True, capture_output=True)
    return time.perf_counter() - start
