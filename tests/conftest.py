"""Shared fixtures: where the real data sets are, and hypothesis profiles."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None, derandomize=True)
settings.load_profile("default")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data sets (PLUMELINE_DATA, default ../shared/data); skips where it is missing."""
    folder = Path(os.environ.get("PLUMELINE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data sets not found at {folder}: set PLUMELINE_DATA to the folder that holds them")
    return folder
