"""Readers of imaging and open-path spectrometers: cubes and single spectra.

In: ENVI, EMIT, GeoTIFF and Telops HCC cubes; GRAMS SPC and OPUS spectra, as their makers wrote them. Out: a `Cube` that
hands out blocks of lines on demand (nothing is read before it is asked for), or a `Spectrum`. Radiance is never
resampled; georeferencing is applied to products.
"""

from plumeline.instruments.cubes.camera import Camera, Kind, Pose, boresight, on_ground
from plumeline.instruments.cubes.column_layer import ColumnLayer, read_column_layer
from plumeline.instruments.cubes.cube import (
    RADIANCE_W_M2_SR_CM1,
    UNKNOWN_UNIT,
    Cube,
    MapGrid,
)
from plumeline.instruments.cubes.emit import read_emit
from plumeline.instruments.cubes.envi import lines_there, read_envi, write_envi
from plumeline.instruments.cubes.envi_layout import check_layout
from plumeline.instruments.cubes.formats import (
    CUBE_FORMATS,
    SPECTRUM_FORMATS,
    format_of,
    read_cube,
    read_spectrum,
)
from plumeline.instruments.cubes.geotiff import LineRaster, picture_on_globe, read_geotiff, write_cog
from plumeline.instruments.cubes.hcc import read_hcc, write_hcc
from plumeline.instruments.cubes.igm import lookup_from_geometry
from plumeline.instruments.cubes.opus import read_opus
from plumeline.instruments.cubes.radiance_units import RADIANCE_UNITS, radiance_factor
from plumeline.instruments.cubes.spc import read_spc
from plumeline.instruments.cubes.spectrum import Spectrum

__all__ = [
    "CUBE_FORMATS",
    "RADIANCE_UNITS",
    "RADIANCE_W_M2_SR_CM1",
    "SPECTRUM_FORMATS",
    "UNKNOWN_UNIT",
    "Camera",
    "ColumnLayer",
    "Cube",
    "Kind",
    "LineRaster",
    "MapGrid",
    "Pose",
    "Spectrum",
    "boresight",
    "check_layout",
    "format_of",
    "lines_there",
    "lookup_from_geometry",
    "on_ground",
    "picture_on_globe",
    "radiance_factor",
    "read_column_layer",
    "read_cube",
    "read_emit",
    "read_envi",
    "read_geotiff",
    "read_hcc",
    "read_opus",
    "read_spc",
    "read_spectrum",
    "write_cog",
    "write_envi",
    "write_hcc",
]
