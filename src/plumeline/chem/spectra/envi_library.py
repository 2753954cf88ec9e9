"""ENVI spectral libraries (`.sli`): reflectances of surfaces, as the USGS library distributes them.

They state no amount of gas, so nothing in them is ever sought; they make the ground of semi-synthetic scenes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import InputError, ReadError
from plumeline.provenance import sha256_of_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DTYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4"}
"""ENVI data types that a spectral library may have."""

DELETED = -1e30
"""Libraries mark channels without a value by a number far below this one or any reflectance (USGS: -1.23e34)."""

FIELD = re.compile(r"^\s*([^={}\n]+?)\s*=\s*(\{[^}]*\}|[^\n]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Reflectance of one surface material."""

    name: str
    """What the library calls it."""
    wavelength_nm: Floats
    """Ascending wavelengths [nm], shape (n,)."""
    reflectance: Floats
    """Reflectance, shape (n,)."""
    source: str
    """File name."""
    sha256: str = ""
    """Hash of the file."""

    def __post_init__(self) -> None:
        if self.wavelength_nm.size < 2 or self.wavelength_nm.shape != self.reflectance.shape:
            raise InputError("a surface needs two or more wavelengths, and as many values", where=self.source)
        if not (np.diff(self.wavelength_nm) > 0).all() or not np.isfinite(self.reflectance).all():
            raise InputError("wavelengths must ascend and every value must be a number", where=self.source)


def read_sli(path: Path) -> tuple[Surface, ...]:
    """Read an ENVI spectral library and its `.hdr`.

    Args:
        path: the `.sli` file; the header stands beside it as `name.hdr` or `name.sli.hdr`.

    Returns:
        Its spectra, in order; channels without a value are left out, and so are spectra with fewer than two.

    Raises:
        ReadError: the header is missing or wrong, or the file does not hold what it says.
    """
    header = next(
        (p for p in (path.with_suffix(".hdr"), path.with_name(path.name + ".hdr")) if p.exists()), None
    )
    if header is None:
        raise ReadError(
            "has no ENVI header beside it", where=str(path), remedy=f"put {path.stem}.hdr next to it"
        )
    fields = {
        key.strip().casefold(): value.strip().strip("{}").strip()
        for key, value in FIELD.findall(header.read_text("latin-1"))
    }
    values = _values(path, header, fields)
    grid = _wavelength_nm(header, fields, values.shape[1])
    names = tuple(name.strip() for name in fields.get("spectra names", "").split(","))
    if len(names) != len(values):
        names = tuple(f"spectrum {number + 1}" for number in range(len(values)))
    digest, order = sha256_of_file(path), np.argsort(grid, kind="stable")
    surfaces = []
    for name, row in zip(names, values, strict=True):
        known = order[np.isfinite(row[order]) & (row[order] > DELETED)]
        known = known[np.concatenate([[True], np.diff(grid[known]) > 0])] if known.size else known
        if known.size > 1:
            surfaces.append(
                Surface(
                    name=name,
                    wavelength_nm=grid[known],
                    reflectance=row[known],
                    source=path.name,
                    sha256=digest,
                )
            )
    if not surfaces:
        raise ReadError("holds no spectrum with values", where=str(path))
    return tuple(surfaces)


def _values(path: Path, header: Path, fields: dict[str, str]) -> Floats:
    """All values, shape (spectrum, channel).

    Raises:
        ReadError: the header lacks a field, or the file does not hold what it says.
    """
    try:
        samples, lines = int(fields["samples"]), int(fields["lines"])
        kind = DTYPES[int(fields["data type"])]
        offset = int(fields.get("header offset", "0"))
        scale = float(fields.get("reflectance scale factor", "1"))
    except (KeyError, ValueError) as error:
        raise ReadError(f"its header lacks or garbles {error}", where=str(header)) from None
    if samples < 2 or lines < 1 or offset < 0 or not 0 < scale < np.inf:
        raise ReadError(f"its header declares {lines} spectra of {samples} values", where=str(header))
    order = ">" if fields.get("byte order", "0").strip() == "1" else "<"
    found = max(0, path.stat().st_size - offset) // np.dtype(kind).itemsize
    if found != samples * lines:
        raise ReadError(f"declares {samples * lines} values and holds {found}", where=str(path))
    values = np.fromfile(path, dtype=order + kind, offset=offset)
    with np.errstate(invalid="ignore"):
        return values.reshape(lines, samples).astype(float) / scale


def _wavelength_nm(header: Path, fields: dict[str, str], samples: int) -> Floats:
    try:
        grid = np.array([float(word) for word in fields.get("wavelength", "").split(",") if word.strip()])
    except ValueError as error:
        raise ReadError(f"its wavelengths are garbled: {error}", where=str(header)) from None
    if grid.size != samples:
        raise ReadError(f"declares {samples} bands and {grid.size} wavelengths", where=str(header))
    if not (np.isfinite(grid).all() and (grid > 0).all()):
        raise ReadError("holds wavelengths that are no positive numbers", where=str(header))
    unit = fields.get("wavelength units", "").casefold()
    return grid * (
        1e3 if unit.startswith("micro") or (not unit.startswith("nano") and grid.max() < 100) else 1.0
    )
