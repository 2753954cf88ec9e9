"""Readers of imaging and open-path spectrometers: cubes and single spectra.

In: ENVI, EMIT, GeoTIFF, Telops HCC cubes; GRAMS SPC and OPUS spectra, as their makers wrote them. Out: a `Cube` that
hands out blocks of lines on demand (nothing is read before it is asked for), or a `Spectrum`. Radiance is never
resampled; georeferencing is applied to products.
"""

from plumeline.instruments.cubes.formats import read_spectrum
from plumeline.instruments.cubes.opus import read_opus
from plumeline.instruments.cubes.spc import read_spc
from plumeline.instruments.cubes.spectrum import Spectrum

__all__ = ["Spectrum", "read_opus", "read_spc", "read_spectrum"]
