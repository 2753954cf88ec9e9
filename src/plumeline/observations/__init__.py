"""L1: calibrated, geolocated observations in SI and UTC.

In: raw datasets from `instruments`. Out: a `Survey`, i.e. `in_situ` and `open_path` readings with their wind,
in one local frame. Nothing is dropped on the way: what should not be believed carries a quality flag.
"""

from plumeline.observations.products import IN_SITU, OPEN_PATH, WIND, Quality
from plumeline.observations.survey import Survey

__all__ = ["IN_SITU", "OPEN_PATH", "WIND", "Quality", "Survey"]
