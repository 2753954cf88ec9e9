"""Build a local spectral library, list it, and search open-path spectra with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from plumeline.chem.spectra import (
    MOLECULES_PER_PPM_M,
    CrossSection,
    Grade,
    Library,
    LineList,
    carbon_monoxide_lines,
    hydrogen_chloride_lines,
    read_aer,
    read_jcamp,
    read_library,
    read_par,
    read_xsc,
    write_library,
)
from plumeline.detections import GasModel, search
from plumeline.errors import InputError, PlumelineError
from plumeline.instruments.cubes import read_spectrum
from plumeline.radiometry import cross_section_from_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from plumeline.detections import OpenPathFinding
    from plumeline.instruments.cubes import Spectrum

LINE_BY_LINE_SPAN_CM1 = (600.0, 1400.0)
"""Band over which line lists are turned into tabulated cross-sections for thermal cubes [cm-1]."""

RESOLVED_CM1 = 2.0
"""A record coarser than this cannot serve an open-path instrument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What went into a library."""

    path: Path
    """The library file."""
    library: Library
    """Its content."""
    skipped: tuple[tuple[str, str], ...]
    """Files that were not taken, each with the reason."""


def build_library(
    folder: Path, path: Path, *, progress: Callable[[str], None] = lambda _: None
) -> BuildReport:
    """Import every spectral file below a folder into one library file.

    Lines of HCl and CO computed from published constants are added where no line file of theirs is found.

    Args:
        folder: folder with JCAMP-DX, `.xsc`, `.par` and AER files, in any arrangement.
        path: library file to write.
        progress: called with the name of each file.

    Returns:
        What was imported and what was not.

    Raises:
        InputError: the folder holds no spectral file that can be read.
    """
    if not folder.is_dir():
        raise InputError("is no folder", where=str(folder))
    sections: list[CrossSection] = []
    lists: list[LineList] = []
    skipped: list[tuple[str, str]] = []
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        progress(file.name)
        try:
            item = _read(file)
        except PlumelineError as error:
            skipped.append((file.name, error.what))
            continue
        (lists if isinstance(item, LineList) else sections).append(item)  # type: ignore[arg-type] # by kind
    if not sections and not lists:
        raise InputError("holds no spectral file that can be read", where=str(folder))
    have = {lines.gas for lines in lists}
    lists += [
        lines for lines in (hydrogen_chloride_lines(), carbon_monoxide_lines()) if lines.gas not in have
    ]
    sections += [found for lines in lists if (found := _tabulate(lines)) is not None]
    library = Library(cross_sections=tuple(sections), line_lists=tuple(lists))
    write_library(path, library)
    return BuildReport(path=path, library=read_library(path), skipped=tuple(skipped))


def search_open_path(
    files: Sequence[Path],
    library: Library,
    *,
    self_emission: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[tuple[Spectrum, list[OpenPathFinding]]]:
    """Search open-path spectra for the default gases.

    Args:
        files: spectra.
        library: the spectral library.
        self_emission: a spectrum of the instrument's own emission, taken off first.
        progress: called with the name of each file.

    Returns:
        Each spectrum with one finding per gas.

    Raises:
        InputError: the self-emission spectrum has another grid.
    """
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
        found.append((spectrum, search(spectrum, source)))
    return found


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


def _read(file: Path) -> CrossSection | LineList:
    suffix = file.suffix.casefold()
    if suffix in {".jdx", ".dx", ".jcm"}:
        return read_jcamp(file)
    if suffix == ".par":
        return read_par(file)
    if suffix == ".xsc":
        return read_xsc(file)
    if suffix == "":
        return read_aer(file)
    raise InputError(f"files ending in {suffix!r} are not spectra that can be imported", where=str(file))


def _tabulate(lines: LineList) -> CrossSection | None:
    low, high = LINE_BY_LINE_SPAN_CM1
    inside = (lines.position_cm1 > low) & (lines.position_cm1 < high)
    if not inside.any() or lines.strength_cm[inside].max() < 1e-4 * lines.strength_cm.max():
        return None
    return cross_section_from_lines(lines, span_cm1=LINE_BY_LINE_SPAN_CM1)
