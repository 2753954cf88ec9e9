"""Build a local spectral library, and say what an instrument can tell apart with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.chem.spectra import (
    CrossSection,
    Library,
    LineList,
    Surface,
    carbon_monoxide_lines,
    hydrogen_chloride_lines,
    read_aer,
    read_cross_sections,
    read_jcamp,
    read_library,
    read_line_lists,
    read_sli,
    write_library,
)
from plumeline.detections import (
    equivalence_classes,
    plain_ground,
    sought_gases,
)
from plumeline.errors import InputError, PlumelineError
from plumeline.instruments.cubes import read_cube
from plumeline.radiometry import BandResponse, cross_section_from_lines
from plumeline.units import REFERENCE_PRESSURE_PA, REFERENCE_TEMPERATURE_K
from plumeline.workflows.image_screen import check_bands
from plumeline.workflows.image_setup import declared_good, instrument

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


LINE_BY_LINE_SPAN_CM1 = (600.0, 1400.0)
"""Band over which line lists are turned into tabulated cross-sections for thermal cubes [cm-1]."""

HEADER_SUFFIXES = frozenset({".hdr"})
"""Files that belong to another one beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one file gave."""

    name: str
    """Its path below the folder."""
    kind: str
    """What it is, in words."""
    gases: tuple[str, ...]
    """Gases, or names of surfaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What went into a library."""

    path: Path
    """The library file."""
    library: Library
    """Its content."""
    taken: tuple[Taken, ...]
    """Files that were read."""
    skipped: tuple[tuple[str, str], ...]
    """Files that were not, each with the reason."""
    computed: tuple[str, ...]
    """Gases whose lines were computed, since no file held them."""


def build_library(
    folder: Path,
    path: Path,
    *,
    temperature_k: float = REFERENCE_TEMPERATURE_K,
    pressure_pa: float = REFERENCE_PRESSURE_PA,
    progress: Callable[[str], None] = lambda _: None,
) -> BuildReport:
    """Import every spectral file below a folder into one library file.

    Lines of HCl and CO computed from published constants are added where no line file of theirs is found.

    Args:
        folder: folder with JCAMP-DX, `.xsc`, `.par`, AER and `.sli` files, in any arrangement.
        path: library file to write.
        temperature_k: temperature at which line lists become cross-sections [K].
        pressure_pa: total pressure at which they do [Pa].
        progress: called with the name of each file.

    Returns:
        What was imported and what was not.

    Raises:
        InputError: the folder holds no spectral file that can be read.
        OutputError: the library file cannot be written.
    """
    if not folder.is_dir():
        raise InputError("is no folder", where=str(folder))
    items: list[CrossSection | LineList | Surface] = []
    taken: list[Taken] = []
    skipped: list[tuple[str, str]] = []
    own = {path.resolve(), path.with_name(path.name + ".part").resolve()}
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and p.resolve() not in own):
        name = str(file.relative_to(folder))
        progress(name)
        try:
            found = _read(file)
        except PlumelineError as error:
            skipped.append((name, error.what))
            continue
        except OSError as error:
            skipped.append((name, error.strerror or "cannot be read"))
            continue
        if found:
            items += found
            names = sorted({one.name if isinstance(one, Surface) else one.gas for one in found})
            taken.append(Taken(name=name, kind=_kind(found[0]), gases=tuple(names)))
    if not items:
        raise InputError(
            "holds no spectral file that can be read",
            where=str(folder),
            remedy="; ".join(f"{name}: {why}" for name, why in skipped[:3])
            or "put JCAMP-DX, .xsc, .par, AER or .sli files into it",
        )
    lists = [one for one in items if isinstance(one, LineList)]
    have = {lines.gas for lines in lists}
    computed = [
        lines for lines in (hydrogen_chloride_lines(), carbon_monoxide_lines()) if lines.gas not in have
    ]
    lists += computed
    sections = [one for one in items if isinstance(one, CrossSection)]
    tables = [_tabulate(lines, temperature_k, pressure_pa) for lines in lists]
    library = Library(
        cross_sections=(*sections, *(table for table in tables if table is not None)),
        line_lists=tuple(lists),
        surfaces=tuple(one for one in items if isinstance(one, Surface)),
    )
    write_library(path, library)
    return BuildReport(
        path=path,
        library=read_library(path),
        taken=tuple(taken),
        skipped=tuple(skipped),
        computed=tuple(lines.gas for lines in computed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinction:
    """What an instrument can see of a library, and what it cannot tell apart."""

    span_cm1: tuple[float, float]
    """Its range [cm-1]."""
    bands: int
    """Number of bands."""
    seen: tuple[str, ...]
    """Gases that it can see."""
    unseen: tuple[tuple[str, str], ...]
    """Gases that it cannot, and why."""
    classes: tuple[tuple[str, ...], ...]
    """Gases that it cannot tell apart."""
    alike: tuple[tuple[str, str, float], ...]
    """Pairs that it tells apart with difficulty: correlation of their spectra, highest first."""


def tell_apart(library: Library, response: BandResponse, *, least: float = 0.8) -> Distinction:
    """Equivalence classes of gases for an instrument over plain ground.

    Noise is taken as white, and ground as smooth in wavenumber. Over a real scene the classes follow from its own
    statistics; those are what the identification uses.

    Args:
        library: the spectral library.
        response: the instrument's bands.
        least: correlation from which a pair is listed.

    Returns:
        What can be seen and told apart.

    Raises:
        InputError: nothing can be seen.
    """
    gases, unseen = sought_gases(library, response)
    names = tuple(gas.gas for gas in gases)
    design = plain_ground(np.stack([gas.absorbance_per_ppm_m for gas in gases], axis=1), response.centre_cm1)
    unit = design / np.linalg.norm(design, axis=0)
    correlation = unit.T @ unit
    pairs = [
        (names[i], names[j], float(correlation[i, j]))
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if correlation[i, j] >= least
    ]
    return Distinction(
        span_cm1=response.span_cm1,
        bands=response.centre_cm1.size,
        seen=names,
        unseen=unseen,
        classes=equivalence_classes(design, names),
        alike=tuple(sorted(pairs, key=lambda pair: (-pair[2], pair))),
    )


def scene_response(path: Path) -> BandResponse:
    """The bands of a cube, from its header.

    Args:
        path: the cube.

    Returns:
        Its bands but for those that the header calls bad.

    Raises:
        InputError: it is no cube, or its bands cannot be believed.
    """
    cube = read_cube(path)
    check_bands(cube)
    return instrument(cube, declared_good(cube))


def even_bands(
    low_cm1: float, high_cm1: float, bands: int, *, width_cm1: float | None = None
) -> BandResponse:
    """The bands of an instrument that is not at hand.

    Args:
        low_cm1: first band centre [cm-1].
        high_cm1: last band centre [cm-1].
        bands: number of bands, evenly spaced.
        width_cm1: their width at half maximum [cm-1]; their spacing when None.

    Returns:
        The bands.

    Raises:
        InputError: there are no such bands.
    """
    width = (high_cm1 - low_cm1) / max(bands - 1, 1) if width_cm1 is None else width_cm1
    if not (10.0 <= low_cm1 < high_cm1 <= 50_000.0 and bands > 1 and 0 < width < np.inf):
        raise InputError(
            f"{bands} bands from {low_cm1:g} to {high_cm1:g} cm-1, {width:g} cm-1 wide, are no instrument",
            remedy="give first and last centre in cm-1, ascending, and a positive width",
        )
    return BandResponse(centre_cm1=np.linspace(low_cm1, high_cm1, bands), fwhm_cm1=np.full(bands, width))


def _read(file: Path) -> tuple[CrossSection | LineList | Surface, ...]:
    """Everything in a file; nothing from one that belongs to another.

    Raises:
        InputError: it is no spectral file.
    """
    suffix = file.suffix.casefold()
    if suffix in {".jdx", ".dx", ".jcm"}:
        return (read_jcamp(file),)
    if suffix == ".par":
        return read_line_lists(file)
    if suffix == ".xsc":
        return read_cross_sections(file)
    if suffix == ".sli":
        return read_sli(file)
    if suffix == "":
        return (read_aer(file),)
    if suffix in HEADER_SUFFIXES and any(
        other.suffix.casefold() == ".sli"
        for other in (file.with_suffix(".sli"), file.with_suffix(""))
        if other.exists()
    ):
        return ()
    raise InputError(f"files ending in {suffix!r} are not spectra that can be imported", where=str(file))


def _kind(item: CrossSection | LineList | Surface) -> str:
    if isinstance(item, LineList):
        return "HITRAN lines"
    if isinstance(item, Surface):
        return "surfaces"
    return f"{item.source.split()[0]}, {item.grade}"


def _tabulate(lines: LineList, temperature_k: float, pressure_pa: float) -> CrossSection | None:
    low, high = LINE_BY_LINE_SPAN_CM1
    inside = (lines.position_cm1 > low) & (lines.position_cm1 < high)
    if not inside.any() or lines.strength_cm[inside].max() < 1e-4 * lines.strength_cm.max():
        return None
    return cross_section_from_lines(
        lines, span_cm1=LINE_BY_LINE_SPAN_CM1, temperature_k=temperature_k, pressure_pa=pressure_pa
    )
