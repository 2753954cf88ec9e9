"""Radiation: Planck, absorption line by line, what an instrument does to a spectrum, and the thermal scene.

In: cross-sections and line lists from `chem.spectra`, an instrument's bands. Out: absorbance per ppm m in each band,
radiances, brightness temperatures, and the three-layer thermal model with its in-scene atmospheric compensation.
"""

from plumeline.radiometry.linebyline import cross_section_from_lines
from plumeline.radiometry.planck import (
    brightness_temperature_k,
    planck_derivative_w_m2_sr_cm1_k,
    planck_w_m2_sr_cm1,
)
from plumeline.radiometry.response import BandResponse, fourier_line_shape, wavenumber_cm1
from plumeline.radiometry.shortwave import shortwave_target
from plumeline.radiometry.thermal import InSceneAtmosphere, ThermalScene, in_scene_compensation

__all__ = [
    "BandResponse",
    "InSceneAtmosphere",
    "ThermalScene",
    "brightness_temperature_k",
    "cross_section_from_lines",
    "fourier_line_shape",
    "in_scene_compensation",
    "planck_derivative_w_m2_sr_cm1_k",
    "planck_w_m2_sr_cm1",
    "shortwave_target",
    "wavenumber_cm1",
]
