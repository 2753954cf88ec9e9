"""Cross-sections in the ASCII layout of AER's line-by-line model (HITRAN and PNNL values, cm2 per molecule).

Layout: a header line (code, first and last wavenumber, points, temperature [K], pressure [Torr], greatest value, …), then
ten values a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plumeline.chem.spectra.hitran import TORR_PA, tabulated
from plumeline.chem.spectra.names import gas_by_alias
from plumeline.errors import ReadError

if TYPE_CHECKING:
    from pathlib import Path

    from plumeline.chem.spectra.cross_section import CrossSection


def read_aer(path: Path) -> CrossSection:
    """Read one AER cross-section file.

    Args:
        path: the file.

    Returns:
        The cross-section.

    Raises:
        ReadError: the header is not that of the format, or values are missing.
    """
    lines = path.read_text(encoding="latin-1").splitlines()
    try:
        words = lines[0].split()
        low, high, count = float(words[1]), float(words[2]), int(words[3])
        temperature_k, pressure_torr = float(words[4]), float(words[5])
    except (IndexError, ValueError):
        raise ReadError("is no AER cross-section file: its header cannot be read", where=str(path)) from None
    names = [word for word in (words[0], *words[7:]) if gas_by_alias(word)]
    return tabulated(
        lines[1:],
        name=names[0] if names else words[0],
        grid=(low, high, count),
        state=(temperature_k, pressure_torr * TORR_PA),
        resolution_cm1=0.1,
        path=path,
    )
