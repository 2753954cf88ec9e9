"""L2: what the observations hold: columns and detections with their sigma, their false-alarm probability and limits.

In: spectra and cubes, and the gases' absorption in the instrument's bands. Out: columns per gas with sigma, scores,
identified gases per plume, plume objects with mass and rate, and for every gas the least column that would have been
seen (MDCL = 4 NECL) or the plain statement that this instrument cannot see it.
"""

from plumeline.detections.background import Background, background
from plumeline.detections.false_alarms import false_discovery_rate, mirror_threshold
from plumeline.detections.identify import Candidate, Identification, equivalence_classes, identify
from plumeline.detections.looks import Candidates, Grouping, pooled_threshold
from plumeline.detections.matched import Scores, score_clusters, score_columns
from plumeline.detections.materials import Materials, find_materials
from plumeline.detections.openpath import GasModel, OpenPathFit, Window, fit_open_path, pattern_null
from plumeline.detections.openpath_plan import TARGETS, OpenPathFinding, Target, Verdict, search
from plumeline.detections.plume_spectrum import (
    PlumeSpectrum,
    plain_ground,
    plume_spectrum,
    scene_residuals,
    smooth_surfaces,
)
from plumeline.detections.plumes import Plume, candidate_plumes, smoothed
from plumeline.detections.quantify import Amount, PlumeAmounts, Wind, plume_amounts
from plumeline.detections.saturation import TABLE_PPM_M, desaturated, transmittance_table, true_columns
from plumeline.detections.scene import (
    MDCL_PER_NECL,
    DetectedPlume,
    SceneDetections,
    SoughtGas,
    detect,
    measure,
    seek,
    sought_gases,
    usual_readings,
)
from plumeline.detections.sparse import SparseColumns, sparse_columns
from plumeline.detections.streaming import LineStream, LineWatch, scored, stream_bytes
from plumeline.detections.targets import ReflectedTarget, TargetModel, ThermalTarget, targets

__all__ = [
    "MDCL_PER_NECL",
    "TABLE_PPM_M",
    "TARGETS",
    "Amount",
    "Background",
    "Candidate",
    "Candidates",
    "DetectedPlume",
    "GasModel",
    "Grouping",
    "Identification",
    "LineStream",
    "LineWatch",
    "Materials",
    "OpenPathFinding",
    "OpenPathFit",
    "Plume",
    "PlumeAmounts",
    "PlumeSpectrum",
    "ReflectedTarget",
    "SceneDetections",
    "Scores",
    "SoughtGas",
    "SparseColumns",
    "Target",
    "TargetModel",
    "ThermalTarget",
    "Verdict",
    "Wind",
    "Window",
    "background",
    "candidate_plumes",
    "desaturated",
    "detect",
    "equivalence_classes",
    "false_discovery_rate",
    "find_materials",
    "fit_open_path",
    "identify",
    "measure",
    "mirror_threshold",
    "pattern_null",
    "plain_ground",
    "plume_amounts",
    "plume_spectrum",
    "pooled_threshold",
    "scene_residuals",
    "score_clusters",
    "score_columns",
    "scored",
    "search",
    "seek",
    "smooth_surfaces",
    "smoothed",
    "sought_gases",
    "sparse_columns",
    "stream_bytes",
    "targets",
    "transmittance_table",
    "true_columns",
    "usual_readings",
]
