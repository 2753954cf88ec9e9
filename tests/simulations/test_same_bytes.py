"""One seed gives the same bytes: in another process, with another number of threads, in another order."""

import hashlib
import os
import subprocess
import sys

import pytest

from plumeline.simulations import SUITES
from plumeline.workflows.benchmark.running import write_inbox

PROGRAM = """
import sys
from pathlib import Path
from plumeline.workflows.benchmark.running import write_inbox
for suite in sys.argv[2:]:
    write_inbox(suite, 17, Path(sys.argv[1]) / suite)
"""


def digest(folder):
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """Every suite's first case, written by another process with one thread, the suites in reverse order."""
    folder = tmp_path_factory.mktemp("elsewhere")
    environment = os.environ | {"NUMBA_NUM_THREADS": "1", "PYTHONHASHSEED": "7"}
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), *reversed(SUITES)], check=True, env=environment
    )
    return folder


@pytest.mark.parametrize("suite", SUITES)
def test_one_seed_gives_the_same_bytes_in_every_process(tmp_path, elsewhere, suite):
    write_inbox(suite, 17, tmp_path / suite)
    assert digest(tmp_path / suite) == digest(elsewhere / suite)
    write_inbox(suite, 18, tmp_path / "other")
    assert digest(tmp_path / "other") != digest(elsewhere / suite)
