"""L2: what the observations hold: columns and detections with their sigma, their false-alarm probability and limits.

In: spectra and cubes, and the gases' absorption in the instrument's bands. Out: columns per gas with sigma, scores,
identified gases per plume, plume objects with mass and rate, and for every gas the least column that would have been
seen (MDCL = 4 NECL) or the plain statement that this instrument cannot see it.
"""

from plumeline.detections.openpath import GasModel, OpenPathFit, Window, fit_open_path, pattern_null
from plumeline.detections.openpath_plan import TARGETS, OpenPathFinding, Target, Verdict, search

__all__ = [
    "TARGETS",
    "GasModel",
    "OpenPathFinding",
    "OpenPathFit",
    "Target",
    "Verdict",
    "Window",
    "fit_open_path",
    "pattern_null",
    "search",
]
