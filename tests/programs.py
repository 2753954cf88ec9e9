"""Programs of the system that some tests check Plumeline's files with."""

import os
import shutil
from pathlib import Path

import pytest


def needed(*names):
    """Skip where one of these programs, or a path, is missing; in CI, which installs them all, fail."""
    missing = [str(name) for name in names if shutil.which(name) is None and not Path(name).exists()]
    if not missing:
        return
    said = f"not installed: {', '.join(missing)} (.ci/system-packages installs it on Debian)"
    if os.environ.get("CI"):
        pytest.fail(said, pytrace=False)
    pytest.skip(said)
