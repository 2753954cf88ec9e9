"""A single spectrum as an open-path spectrometer wrote it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """One single-beam, transmittance or absorbance spectrum."""

    name: str
    """File name."""
    wavenumber_cm1: Floats
    """Ascending wavenumbers [cm-1], shape (n,)."""
    signal: Floats
    """Ordinates in the instrument's unit, shape (n,)."""
    time: np.datetime64 | None = None
    """Start of the measurement as the instrument's clock wrote it; the zone is not in the file."""
    path_difference_cm: float | None = None
    """Greatest optical path difference [cm], from the spacing and zero filling; None if unknown."""
    triangular: bool = False
    """Whether the interferogram was apodised with a triangle."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the instrument says about itself."""
    sha256: str = ""
    """Hash of the file."""
