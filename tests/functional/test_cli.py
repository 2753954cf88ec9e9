import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from plumeline.cli.main import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    for name in COMMANDS:
        assert name in text


def test_version_is_the_package_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] in capsys.readouterr().out


def test_an_unknown_command_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as left:
        main(["no-such-verb"])
    assert left.value.code == 2
    assert "no-such-verb" in capsys.readouterr().err


def test_importing_the_command_line_loads_nothing_heavy():
    heavy = ["numpy", "scipy", "pandas", "xarray", "numba", "shapely", "pyproj", "matplotlib", "rich"]
    code = f"import sys, plumeline.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
