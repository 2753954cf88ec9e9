"""A cube of spectra that is read in blocks of lines, only when asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from pyproj import CRS
from pyproj.exceptions import CRSError
from xarray.backends import BackendArray
from xarray.core import indexing

from plumeline.errors import InputError, ReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Single = NDArray[np.float32]

RADIANCE_W_M2_SR_CM1 = "W m-2 sr-1 (cm-1)-1"
UNKNOWN_UNIT = "unknown"
EARTH_RADIUS_M = 6_371_009.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MapGrid:
    """Where a cube's pixels lie: a north-up grid, or a lookup from a grid into the raw cube."""

    crs: str
    """Coordinate reference system, as EPSG code or WKT."""
    west: float
    """Easting or longitude of the grid's north-west corner."""
    north: float
    """Northing or latitude of that corner."""
    pixel: tuple[float, float]
    """Pixel width and height in the unit of the CRS, both positive."""
    lookup_line: NDArray[np.int32] | None = None
    """Raw line of each grid pixel, shape (row, column), -1 where none; None when the cube is the grid."""
    lookup_sample: NDArray[np.int32] | None = None
    """Raw sample of each grid pixel."""

    def __post_init__(self) -> None:
        try:
            CRS.from_user_input(self.crs)
        except CRSError:
            raise InputError(
                f"the map's reference system {self.crs[:60]!r} is not known",
                remedy="mend the map information, or take it out of the file and give --pixel",
            ) from None

    def metres_per_unit(self) -> tuple[float, float]:
        """Metres of one unit of the reference system, toward north and toward east, at the grid's corner."""
        crs = CRS.from_user_input(self.crs)
        factors = [axis.unit_conversion_factor for axis in crs.axis_info] or [1.0]
        if not crs.is_geographic:
            return factors[0], factors[0]
        # A degree of latitude, and of longitude, on a sphere of the Earth's mean radius.
        metres = EARTH_RADIUS_M * factors[0]
        return metres, metres * float(np.cos(factors[0] * self.north))

    def on_grid(self, layer: NDArray[np.generic], fill: float = float("nan")) -> NDArray[np.generic]:
        """A product laid on the map grid; the radiance itself is never resampled.

        Args:
            layer: product in raw geometry, shape (line, sample).
            fill: value where no raw pixel falls.

        Returns:
            The product, shape (row, column).
        """
        if self.lookup_line is None or self.lookup_sample is None:
            return layer
        inside = (self.lookup_line >= 0) & (self.lookup_sample >= 0)
        out = np.full(self.lookup_line.shape, fill, dtype=layer.dtype)
        out[inside] = layer[self.lookup_line[inside], self.lookup_sample[inside]]
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Cube:
    """A cube and what its file says of it."""

    name: str
    """File name."""
    path: Path
    """The file."""
    shape: tuple[int, int, int]
    """Lines, samples, bands."""
    centre: Doubles
    """Band centres in `wavelength_unit`, shape (band,)."""
    fwhm: Doubles | None
    """Band widths in `wavelength_unit`, shape (band,); None when the file does not say."""
    wavelength_unit: str
    """"nm", "um" or "cm-1"."""
    unit: str
    """Unit of the signal as the file says it; "unknown" when it does not."""
    read: Callable[[int, int], Single]
    """Reads lines [start, stop) as float32, shape (line, sample, band), NaN where there is no value."""
    bad_bands: NDArray[np.bool_] | None = None
    """Bands that the maker marked bad, shape (band,)."""
    grid: MapGrid | None = None
    """Where the pixels lie; None when the file does not say."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What else the header holds."""

    def block(self, start: int, stop: int) -> Single:
        """Lines [start, stop).

        Args:
            start: first line.
            stop: line after the last.

        Returns:
            Signal, shape (line, sample, band).

        Raises:
            InputError: the lines are not in the cube.
        """
        if not 0 <= start < stop <= self.shape[0]:
            raise InputError(f"lines {start} to {stop} are not in a cube of {self.shape[0]}", where=self.name)
        return self.read(start, stop)

    def blocks(self, lines: int) -> Iterator[tuple[int, Single]]:
        """All blocks of so many lines, each with its first line."""
        for start in range(0, self.shape[0], lines):
            yield start, self.block(start, min(start + lines, self.shape[0]))

    @property
    def signal_bytes(self) -> int:
        """Bytes of the whole signal as float32."""
        return 4 * self.shape[0] * self.shape[1] * self.shape[2]

    def to_dataset(self) -> xr.Dataset:
        """The cube as a lazy dataset: values are read when an index asks for them."""
        data = indexing.LazilyIndexedArray(_LazyCube(self))
        signal = xr.Variable(("line", "sample", "band"), data, {"units": self.unit})
        band = xr.Variable(("band",), self.centre, {"units": self.wavelength_unit})
        return xr.Dataset({"signal": signal}, coords={"band_centre": band}, attrs={"source": self.name})


class _LazyCube(BackendArray):
    def __init__(self, cube: Cube) -> None:
        self.cube = cube
        self.shape = cube.shape
        self.dtype = np.dtype(np.float32)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Single:
        out: Single = indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.BASIC, self._basic
        )
        return out

    def _basic(self, key: tuple[int | slice, ...]) -> Single:
        line, *rest = key
        if isinstance(line, slice):
            wanted = range(*line.indices(self.shape[0]))
            if not wanted:
                return np.empty((0, *self.shape[1:]), np.float32)[(slice(None), *rest)]
            low, high = min(wanted), max(wanted) + 1
            block = self.cube.block(low, high)[[k - low for k in wanted]]
            return np.asarray(block[(slice(None), *rest)])
        return np.asarray(self.cube.block(int(line), int(line) + 1)[0][tuple(rest)])


def check_size(path: Path, *, expected: int, offset: int, lines: int) -> None:
    """Refuse a raw file whose size is not what its header says.

    Args:
        path: the file.
        expected: bytes of the whole signal.
        offset: bytes before it.
        lines: lines that the header declares.

    Raises:
        ReadError: the file is shorter, or longer by a line or more.
    """
    found = path.stat().st_size - offset
    if found < expected:
        whole = max(0, found * lines // expected)
        raise ReadError(
            f"is truncated: the header declares {lines} lines and {whole} are there",
            where=str(path),
            remedy="copy it again, or set `lines` in the header to what is there",
        )
    if found - expected >= expected / lines:
        raise ReadError(
            f"holds {found} bytes where the header declares {expected}",
            where=str(path),
            remedy="the header belongs to another file, or its samples, bands or data type are wrong",
        )
