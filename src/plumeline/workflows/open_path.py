"""Search open-path spectra with a spectral library."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from plumeline.chem.spectra import MOLECULES_PER_PPM_M, CrossSection, Grade, Library, gas_named
from plumeline.detections import TARGETS, GasModel, Target, search
from plumeline.errors import InputError
from plumeline.instruments.cubes import read_spectrum
from plumeline.radiometry import cross_section_from_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from plumeline.detections import OpenPathFinding
    from plumeline.instruments.cubes import Spectrum

RESOLVED_CM1 = 2.0
"""A record coarser than this cannot serve an open-path instrument."""


def search_open_path(
    files: Sequence[Path],
    library: Library,
    *,
    self_emission: Path | None = None,
    gases: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> list[tuple[Spectrum, list[OpenPathFinding]]]:
    """Search open-path spectra for the default gases.

    Args:
        files: spectra.
        library: the spectral library.
        self_emission: a spectrum of the instrument's own emission, taken off first.
        gases: gases to seek; all that have a window when empty.
        progress: called with the name of each file.

    Returns:
        Each spectrum with one finding per gas.

    Raises:
        InputError: the self-emission spectrum has another grid, or a gas has no window.
    """
    targets = _sought(gases)
    own = read_spectrum(self_emission) if self_emission is not None else None
    models: dict[tuple[str, tuple[float, float]], GasModel | None] = {}

    def source(gas: str, span_cm1: tuple[float, float]) -> GasModel | None:
        key = (gas, span_cm1)
        if key not in models:
            models[key] = gas_model(library, gas, span_cm1)
        return models[key]

    found = []
    for file in files:
        progress(file.name)
        spectrum = read_spectrum(file)
        if own is not None:
            if own.wavenumber_cm1.shape != spectrum.wavenumber_cm1.shape or not np.allclose(
                own.wavenumber_cm1, spectrum.wavenumber_cm1, rtol=0, atol=1e-6
            ):
                raise InputError("has another wavenumber grid than the self-emission", where=str(file))
            spectrum = replace(spectrum, signal=spectrum.signal - own.signal)
        found.append((spectrum, search(spectrum, source, targets)))
    return found


def _sought(names: Sequence[str]) -> tuple[Target, ...]:
    """Windows of some gases.

    Raises:
        InputError: a gas has none.
    """
    if not names:
        return TARGETS
    wanted = [gas_named(name).name for name in names]
    by_gas = {target.gas: target for target in TARGETS}
    for gas in wanted:
        if gas not in by_gas:
            raise InputError(
                f"no open-path window is known for {gas}", remedy=f"choose from {', '.join(by_gas)}"
            )
    return tuple(by_gas[gas] for gas in dict.fromkeys(wanted))


def gas_model(library: Library, gas: str, span_cm1: tuple[float, float]) -> GasModel | None:
    """The best model of a gas over a span: its lines, else a resolved record, else None.

    Args:
        library: the spectral library.
        gas: canonical name.
        span_cm1: span [cm-1].

    Returns:
        The model, or None when the library cannot serve.
    """
    lines = library.lines(gas)
    if lines is not None:
        inside = (lines.position_cm1 > span_cm1[0]) & (lines.position_cm1 < span_cm1[1])
        if inside.any():
            return _model(cross_section_from_lines(lines, span_cm1=span_cm1))
    records = [s for s in library.cross_sections if s.gas == gas and s.resolution_cm1 <= RESOLVED_CM1]
    usable = [s for s in records if s.range_cm1[0] <= span_cm1[0] and s.range_cm1[1] >= span_cm1[1]]
    usable = [s for s in usable if s.grade is not Grade.SHAPE]
    return _model(usable[0]) if usable else None


def _model(spectrum: CrossSection) -> GasModel:
    return GasModel(
        gas=spectrum.gas,
        wavenumber_cm1=spectrum.wavenumber_cm1,
        absorbance_per_ppm_m=spectrum.cross_section_m2 * MOLECULES_PER_PPM_M,
        relative_uncertainty=spectrum.relative_uncertainty,
        quantitative=spectrum.grade is Grade.ABSOLUTE,
    )
