"""docs/how-to/walk-a-case.md, typed as it stands: from the demo's flight to closure, by command line alone."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

import fork_server
from programs import needed

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/how-to/walk-a-case.md"
TOOLS = ("age", "age-keygen", "minisign", "openssl", "ssh-keygen", "jq")


def typed(page):
    """All that the page asks to type, as one script that stops at the first thing that fails."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return "set -eu -o pipefail\n" + "\n".join(blocks)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A folder with a `plumeline` that starts quickly."""
    needed(*TOOLS)
    import plumeline.workflows.desk  # noqa: F401 (loaded once, before the forks)
    import plumeline.workflows.release  # noqa: F401
    import plumeline.workflows.supplied  # noqa: F401

    folder = tmp_path_factory.mktemp("bin")
    server = fork_server.install(folder)
    child = os.fork()
    if child == 0:
        os.setsid()
        fork_server.serve(server)
    server.close()
    yield folder
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)


def test_the_page_works_as_it_is_typed(program, tmp_path):
    environment = {
        "PATH": f"{program}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        ["bash", "-x", "-c", typed(PAGE)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    said = done.stdout
    assert said.rstrip().endswith("state: closed")
    assert "verified: True" in said
    assert said.count("Signature Verified Successfully") == 4  # openssl: two signers of two packages
    assert "hidden until you have scored blind" in said
    assert "no re-survey after the action" in done.stderr
    assert "without a position" in said
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    occasions = {line["entry"]["occasion"] for line in log[:-1]}
    assert {
        "recording-quarantined",
        "scored-blind",
        "release-sealed",
        "claim-rejected",
        "case-closed",
    } <= occasions
    dossier = (tmp_path / "read-O-PARTNER/data/dossier-es.pdf").read_bytes()
    assert dossier.startswith(b"%PDF")
