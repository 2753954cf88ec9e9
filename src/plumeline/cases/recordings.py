"""A recording that came in: its files by digest, the authority it was held against, and what is quarantined."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from plumeline.access.fences import FenceReport
from plumeline.access.records import Digest, Label, Text, record
from plumeline.cases.findings import Recording


@record
class Ingested:
    """A recording came in and was replayed against its authority."""

    recording: Recording
    """What it is; its `sha256` is over the sorted digests of its files."""
    files: Annotated[dict[Digest, Label], Field(min_length=1)]
    """Digest of each file to what it is."""
    fence: FenceReport
    """The replay."""
    quarantined: dict[str, tuple[int, ...]]
    """Per sensor, the times of the samples that may not be used [ms since 1970]."""
    remarks: tuple[Text, ...] = ()
    """What a reader should know."""
