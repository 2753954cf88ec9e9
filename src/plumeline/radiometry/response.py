"""What an instrument does to a spectrum: bands of a spectrometer, line shape of a Fourier-transform instrument.

Reference: Griffiths & de Haseth, Fourier Transform Infrared Spectrometry (2007), chapter 2, for the line shapes of
boxcar and triangular apodisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import UnitError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from plumeline.chem.spectra import CrossSection

    Floats = NDArray[np.float64]

FWHM_PER_SIGMA = 2.3548200450309493
POINTS_PER_BAND = 41
"""Quadrature points over ±2.5 sigma of a band, raised where the spectrum's own grid is finer."""


def wavenumber_cm1(value: Floats, unit: str) -> Floats:
    """Wavenumbers from wavelengths or wavenumbers.

    Args:
        value: band centres in `unit`.
        unit: "nm", "um" (or "µm", "micrometers", "nanometers") or "cm-1" (or "1/cm", "wavenumber").

    Returns:
        Wavenumbers [cm-1].

    Raises:
        UnitError: the unit is unknown, or the values cannot be in it.
    """
    name = unit.strip().casefold().replace("μ", "µ")
    number = np.asarray(value, float)
    if number.size == 0 or not np.all(np.isfinite(number)) or np.any(number <= 0):
        raise UnitError("band centres must be positive numbers", remedy="check the header's wavelength list")
    if name in {"nm", "nanometer", "nanometers"}:
        plausible, out = (150.0, 25_000.0), 1e7 / number
    elif name in {"um", "µm", "micrometer", "micrometers", "micron", "microns"}:
        plausible, out = (0.15, 25.0), 1e4 / number
    elif name in {"cm-1", "1/cm", "wavenumber", "wavenumbers", "cm^-1"}:
        plausible, out = (400.0, 66_000.0), number
    else:
        raise UnitError(f"wavelength unit {unit!r} is not known", remedy="use nm, um or cm-1")
    if number.min() < plausible[0] or number.max() > plausible[1]:
        raise UnitError(
            f"band centres {number.min():g} to {number.max():g} cannot be in {unit}",
            remedy="the header's wavelengths are mixed or their unit is wrong",
        )
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class BandResponse:
    """Band centres and widths of an instrument; each band has a Gaussian response."""

    centre_cm1: Floats
    """Band centres [cm-1], in the instrument's order, shape (band,)."""
    fwhm_cm1: Floats
    """Full widths at half maximum [cm-1], shape (band,)."""

    @property
    def span_cm1(self) -> tuple[float, float]:
        """Least and greatest wavenumber that any band sees [cm-1]."""
        return (
            float((self.centre_cm1 - self.fwhm_cm1).min()),
            float((self.centre_cm1 + self.fwhm_cm1).max()),
        )

    def absorbance_per_ppm_m(self, spectrum: CrossSection) -> Floats:
        """Weak-column absorbance per ppm m in each band.

        Args:
            spectrum: the gas.

        Returns:
            Napierian absorbance per ppm m, shape (band,); 0 where the record does not reach.
        """
        out = np.empty(self.centre_cm1.size)
        for band, (absorbance, weight) in enumerate(self._bands(spectrum)):
            out[band] = weight @ absorbance
        return out

    def transmittance(self, spectrum: CrossSection, column_ppm_m: float | Floats) -> Floats:
        """Band transmittance of columns of any strength: the response sees the mean of exp(-absorbance).

        Args:
            spectrum: the gas.
            column_ppm_m: columns [ppm m], any shape.

        Returns:
            Transmittance, shape (..., band).
        """
        column = np.asarray(column_ppm_m, np.float64)
        out = np.empty((*column.shape, self.centre_cm1.size))
        for band, (absorbance, weight) in enumerate(self._bands(spectrum)):
            out[..., band] = np.exp(-column[..., None] * absorbance) @ weight
        return out

    def _bands(self, spectrum: CrossSection) -> Iterator[tuple[Floats, Floats]]:
        """Absorbance per ppm m at points of each band, and the response there with unit sum."""
        step = max(float(np.median(np.diff(spectrum.wavenumber_cm1))), 1e-3)
        for centre, fwhm in zip(self.centre_cm1, self.fwhm_cm1, strict=True):
            sigma = fwhm / FWHM_PER_SIGMA
            count = max(POINTS_PER_BAND, int(5 * sigma / step) + 1)
            offset = np.linspace(-2.5, 2.5, count)
            weight = np.exp(-0.5 * offset**2)
            yield spectrum.absorbance_per_ppm_m(centre + sigma * offset), weight / weight.sum()


def fourier_line_shape(
    step_cm1: float, path_difference_cm: float, *, triangular: bool, half_width_cm1: float = 12.0
) -> Floats:
    """Line shape of a Fourier-transform spectrometer on an even grid.

    Args:
        step_cm1: grid step [cm-1].
        path_difference_cm: greatest optical path difference [cm].
        triangular: triangular apodisation; boxcar otherwise.
        half_width_cm1: how far the kernel reaches to either side [cm-1].

    Returns:
        Kernel with unit sum, odd length.
    """
    count = round(half_width_cm1 / step_cm1)
    offset = step_cm1 * np.arange(-count, count + 1)
    kernel = (
        np.sinc(offset * path_difference_cm) ** 2 if triangular else np.sinc(2 * offset * path_difference_cm)
    )
    return np.asarray(kernel / kernel.sum())
