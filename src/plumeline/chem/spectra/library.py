"""The local library: one HDF5 file with every imported spectrum, its source, hash and grade.

Best first: for each gas, absolute records before approximate ones, and among equals the one nearest to 296 K and
with the broadest range.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from plumeline.chem.spectra.cross_section import CrossSection, Grade, LineList
from plumeline.chem.spectra.envi_library import Surface
from plumeline.errors import InputError, OutputError, ReadError
from plumeline.units import REFERENCE_TEMPERATURE_K

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "plumeline-spectra-1"
_RANK = {Grade.ABSOLUTE: 0, Grade.APPROXIMATE: 1, Grade.SHAPE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Every spectrum at hand."""

    cross_sections: tuple[CrossSection, ...]
    """Tabulated spectra, best first within a gas."""
    line_lists: tuple[LineList, ...] = ()
    """Line lists."""
    surfaces: tuple[Surface, ...] = ()
    """Reflectances of surfaces, for the ground of semi-synthetic scenes; never sought."""

    @property
    def gases(self) -> tuple[str, ...]:
        """Names of all gases, in alphabetical order."""
        return tuple(sorted({s.gas for s in self.cross_sections} | {s.gas for s in self.line_lists}))

    def best(
        self,
        gas: str,
        *,
        span_cm1: tuple[float, float] | None = None,
        temperature_k: float = REFERENCE_TEMPERATURE_K,
    ) -> CrossSection:
        """The best tabulated spectrum of a gas.

        Args:
            gas: canonical name.
            span_cm1: band that should be covered [cm-1]; the best record that meets it most wins.
            temperature_k: temperature of the gas [K]; among records of one grade the nearest by 10 K wins.

        Returns:
            The spectrum.

        Raises:
            InputError: the library holds no tabulated spectrum of it.
        """
        found = [s for s in self.cross_sections if s.gas == gas]
        if not found:
            raise InputError(f"the library holds no spectrum of {gas}", remedy="see `plumeline spectra list`")
        if span_cm1 is None:
            return found[0]
        return min(
            found,
            key=lambda s: (
                _uncovered(s, span_cm1) > 0.05,
                _RANK[s.grade],
                round(abs(s.temperature_k - temperature_k) / 10.0),
            ),
        )

    def lines(self, gas: str) -> LineList | None:
        """The line list of a gas, or None."""
        return next((lines for lines in self.line_lists if lines.gas == gas), None)


def write_library(path: Path, library: Library) -> None:
    """Write the library as one HDF5 file; the same spectra give the same bytes.

    Args:
        path: file to write; an existing one is replaced.
        library: what to write.

    Raises:
        OutputError: it cannot be written there.
    """
    partial = path.with_name(path.name + ".part")
    kinds: dict[str, tuple[CrossSection | LineList | Surface, ...]] = {
        "cross_sections": library.cross_sections,
        "line_lists": library.line_lists,
        "surfaces": library.surfaces,
    }
    try:
        with h5py.File(partial, "w", libver="latest") as file:
            file.attrs["format"] = FORMAT
            for kind, items in kinds.items():
                group = file.create_group(kind)
                for index, item in enumerate(sorted(items, key=_order)):
                    _write(group.create_group(f"{index:04d}"), item)
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=str(path)) from None


def read_library(path: Path) -> Library:
    """Read a library file.

    Args:
        path: a file that `write_library` wrote.

    Returns:
        The library.

    Raises:
        ReadError: the file is none, or is damaged.
    """
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise ReadError("is no spectral library of Plumeline", where=str(path))
            sections = tuple(
                _section(file["cross_sections"][name]) for name in sorted(file["cross_sections"])
            )
            lines = tuple(_lines(file["line_lists"][name]) for name in sorted(file["line_lists"]))
            # Libraries built before surfaces were kept have no such group.
            surfaces = tuple(Surface(**_facts(one)) for _, one in sorted(file.get("surfaces", {}).items()))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ReadError(
            f"cannot be read as a spectral library ({error})",
            where=str(path),
            remedy="build one with `plumeline spectra build DIR`",
        ) from None
    return Library(cross_sections=tuple(sorted(sections, key=_order)), line_lists=lines, surfaces=surfaces)


def _order(item: CrossSection | LineList | Surface) -> tuple[str, int, float, float, str]:
    if isinstance(item, Surface):
        return item.name, 0, 0.0, 0.0, item.source
    if isinstance(item, LineList):
        return item.gas, 0, 0.0, 0.0, item.source
    breadth = item.range_cm1[1] - item.range_cm1[0]
    off = abs(item.temperature_k - REFERENCE_TEMPERATURE_K)
    return item.gas, _RANK[item.grade], round(off / 10.0), -breadth, item.source


def _uncovered(spectrum: CrossSection, span_cm1: tuple[float, float]) -> float:
    low, high = span_cm1
    missing = max(0.0, spectrum.range_cm1[0] - low) + max(0.0, high - spectrum.range_cm1[1])
    return missing / (high - low)


def _write(group: Any, item: CrossSection | LineList | Surface) -> None:
    for field in fields(item):
        value = getattr(item, field.name)
        if isinstance(value, np.ndarray):
            group.create_dataset(field.name, data=value, compression="gzip", shuffle=True)
        else:
            group.attrs[field.name] = str(value) if isinstance(value, str) else value


def _facts(group: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {name: np.asarray(group[name][...]) for name in group}
    for name, value in group.attrs.items():
        facts[name] = str(value) if isinstance(value, str) else float(value)
    return facts


def _section(group: Any) -> CrossSection:
    facts = _facts(group)
    facts["grade"] = Grade(facts["grade"])
    return CrossSection(**facts)


def _lines(group: Any) -> LineList:
    return LineList(**_facts(group))
