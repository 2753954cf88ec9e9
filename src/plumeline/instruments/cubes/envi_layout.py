"""Whether a raw file's values are laid out as its header says; a wrong interleave keeps the size and ruins the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from plumeline.errors import ReadError
from plumeline.instruments.cubes.envi_header import stored_layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.instruments.cubes.cube import Cube

    Doubles = NDArray[np.float64]

VALUES_PER_BAND = 100
MOST_VALUES = 20_000
CLEARLY_BETTER = 0.3
"""Another layout must explain this much more of the variance by band than the declared one."""


def check_layout(cube: Cube) -> None:
    """Refuse an ENVI cube whose values follow another interleave, or other lines and samples, than declared.

    In the true layout a value's band tells much of its size, since all spectra have a shape in common; in any other
    layout it tells next to nothing.

    Args:
        cube: a cube; those of other formats pass.

    Raises:
        ReadError: another layout fits clearly better.
    """
    if "interleave" not in cube.facts:
        return
    (lines, samples, bands), dtype, declared, offset = stored_layout(cube.facts, cube.path)
    rng = np.random.default_rng(0)
    total = lines * samples * bands
    index = np.unique(rng.integers(0, total, min(total, VALUES_PER_BAND * bands, MOST_VALUES)))
    stored = np.empty(index.size, dtype)
    with cube.path.open("rb") as stream:
        for row, at in enumerate(index):
            stream.seek(offset + int(at) * dtype.itemsize)
            stored[row] = np.fromfile(stream, dtype, 1)[0]
    with np.errstate(invalid="ignore"):
        value = stored.astype(np.float64)
    finite = np.isfinite(value)
    if finite.sum() < 4 * bands:
        return
    rank, index = rankdata(value[finite]), index[finite]
    shares = {
        (name, width): _share(rank, _band(index, name, (lines, samples, bands), width), bands)
        for name, width in {(n, samples) for n in ("bip", "bil", "bsq")} | {("bil", lines)}
    }
    best = max(sorted(shares), key=shares.__getitem__)
    if shares[best] > shares[declared, samples] + CLEARLY_BETTER:
        raise ReadError(
            f"its values are laid out as {best[0]} with {best[1]} samples a line, and the header says {declared} with {samples}",
            where=str(cube.path),
            remedy="mend `interleave`, `lines` and `samples` in the header",
        )


def _band(
    index: NDArray[np.intp], interleave: str, shape: tuple[int, int, int], samples: int
) -> NDArray[np.intp]:
    lines, declared, bands = shape
    if interleave == "bip":
        return index % bands
    if interleave == "bil":
        return (index // samples) % bands
    return index // (lines * declared)


def _share(rank: Doubles, band: NDArray[np.intp], bands: int) -> float:
    """Share of the variance between bands, free of what chance gives."""
    count = np.bincount(band, minlength=bands)
    used = count > 0
    mean = np.bincount(band, rank, minlength=bands)[used] / count[used]
    total = float(((rank - rank.mean()) ** 2).sum())
    between = float((count[used] * (mean - rank.mean()) ** 2).sum())
    free = rank.size - int(used.sum())
    return 1.0 - ((total - between) / free) / (total / (rank.size - 1)) if free > 0 and total > 0 else 0.0
