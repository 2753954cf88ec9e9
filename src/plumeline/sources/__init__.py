"""L3: source estimates from observations.

In: a `Survey`. Out: a `SourceReport`, i.e. posterior draws over number, position, height and rate of sources, their
50 % and 90 % regions, the evidence against "no source", and what could not have been seen.
"""

from plumeline.sources.estimate import Interval, Region, SourceEstimate, SourceReport
from plumeline.sources.flight import Flight, flight_of
from plumeline.sources.fusion import FusedSite, FusionSettings, SiteVisit, fuse, told_apart
from plumeline.sources.infer import infer
from plumeline.sources.posterior_tree import posterior_tree
from plumeline.sources.products import DETECTABILITY, FIT, POSTERIOR
from plumeline.sources.settings import InferenceSettings
from plumeline.sources.snapshot import Snapshot
from plumeline.sources.streaming import Stream

__all__ = [
    "DETECTABILITY",
    "FIT",
    "POSTERIOR",
    "Flight",
    "FusedSite",
    "FusionSettings",
    "InferenceSettings",
    "Interval",
    "Region",
    "SiteVisit",
    "Snapshot",
    "SourceEstimate",
    "SourceReport",
    "Stream",
    "flight_of",
    "fuse",
    "infer",
    "posterior_tree",
    "told_apart",
]
