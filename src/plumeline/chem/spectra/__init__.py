"""Absorption spectra of gases: importers for the public libraries and one local library file.

In: JCAMP-DX (NIST QUANT-IR, Coblentz), HITRAN `.xsc` and `.par`, AER cross-section and ENVI `.sli` files that the
user holds a licence for. Out: `CrossSection` (m2 per molecule, base e), `LineList` and `Surface` records with source, hash
and quality grade, kept in one HDF5 file. Nothing of those libraries is shipped.

Spectra are indexed by wavenumber in cm-1 and columns are in ppm m at 296 K and 101.325 kPa, as in every source
(decision 0050).
"""

from plumeline.chem.spectra.aer import read_aer
from plumeline.chem.spectra.cross_section import (
    MOLECULES_PER_PPM_M,
    CrossSection,
    Grade,
    LineList,
    agreement,
)
from plumeline.chem.spectra.diatomic import carbon_monoxide_lines, hydrogen_chloride_lines
from plumeline.chem.spectra.envi_library import Surface, read_sli
from plumeline.chem.spectra.hitran import read_cross_sections, read_line_lists, read_par, read_xsc
from plumeline.chem.spectra.jcamp import read_jcamp
from plumeline.chem.spectra.library import Library, read_library, write_library
from plumeline.chem.spectra.names import Gas, gas_by_alias, gas_by_cas, gas_named, molar_mass_kg_mol

__all__ = [
    "MOLECULES_PER_PPM_M",
    "CrossSection",
    "Gas",
    "Grade",
    "Library",
    "LineList",
    "Surface",
    "agreement",
    "carbon_monoxide_lines",
    "gas_by_alias",
    "gas_by_cas",
    "gas_named",
    "hydrogen_chloride_lines",
    "molar_mass_kg_mol",
    "read_aer",
    "read_cross_sections",
    "read_jcamp",
    "read_library",
    "read_line_lists",
    "read_par",
    "read_sli",
    "read_xsc",
    "write_library",
]
