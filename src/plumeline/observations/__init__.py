"""L1: calibrated, geolocated observations in SI and UTC.

In: recordings from `instruments` and what a person declared about them. Out: a `Survey`, i.e. `in_situ` and
`open_path` readings with their wind, in one local frame. Nothing is dropped on the way: what should not be believed
carries a quality flag.
"""

from plumeline.observations.baseline import Baseline, drifting_baseline, noise_sigma
from plumeline.observations.meanwind import MeanWind, mean_wind
from plumeline.observations.products import IN_SITU, OPEN_PATH, UNUSABLE, WIND, Quality
from plumeline.observations.response import Response, kernel, known_response, respond
from plumeline.observations.survey import Survey

__all__ = [
    "IN_SITU",
    "OPEN_PATH",
    "UNUSABLE",
    "WIND",
    "Baseline",
    "MeanWind",
    "Quality",
    "Response",
    "Survey",
    "drifting_baseline",
    "kernel",
    "known_response",
    "mean_wind",
    "noise_sigma",
    "respond",
]
