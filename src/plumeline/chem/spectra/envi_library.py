"""ENVI spectral libraries (`.sli`): surface reflectances for backgrounds, as the USGS library distributes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ReadError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DTYPES = {2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2"}
"""ENVI data types that a spectral library may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectanceLibrary:
    """Named spectra on one grid."""

    wavelength_nm: Floats
    """Wavelengths [nm], shape (n,)."""
    reflectance: Floats
    """Values, shape (spectrum, n)."""
    names: tuple[str, ...]
    """Name of each spectrum."""


def read_sli(path: Path) -> ReflectanceLibrary:
    """Read an ENVI spectral library and its `.hdr`.

    Args:
        path: the `.sli` file; the header stands beside it as `name.hdr` or `name.sli.hdr`.

    Returns:
        The library.

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
        for key, value in re.findall(
            r"^\s*([^={}\n]+?)\s*=\s*(\{[^}]*\}|[^\n]*)", header.read_text("latin-1"), re.MULTILINE
        )
    }
    try:
        samples, lines = int(fields["samples"]), int(fields["lines"])
        kind = DTYPES[int(fields["data type"])]
    except (KeyError, ValueError) as error:
        raise ReadError(f"its header lacks or garbles {error}", where=str(header)) from None
    order = ">" if fields.get("byte order", "0").strip() == "1" else "<"
    values = np.fromfile(path, dtype=order + kind)
    if values.size != samples * lines:
        raise ReadError(f"declares {samples * lines} values and holds {values.size}", where=str(path))
    grid = np.array([float(word) for word in fields.get("wavelength", "").split(",") if word.strip()])
    if grid.size != samples:
        raise ReadError(f"declares {samples} bands and {grid.size} wavelengths", where=str(header))
    unit = fields.get("wavelength units", "").casefold()
    scale = 1e3 if unit.startswith("micro") or (not unit and grid.max() < 100) else 1.0
    names = tuple(name.strip() for name in fields.get("spectra names", "").split(","))
    return ReflectanceLibrary(
        wavelength_nm=grid * scale,
        reflectance=values.reshape(lines, samples).astype(float),
        names=names if len(names) == lines else tuple(f"spectrum {i + 1}" for i in range(lines)),
    )
