"""Drawing in a terminal: points on a canvas of Unicode braille, 2 × 4 dots a character."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

BLANK = 0x2800
DOT_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])


def scatter(x: ArrayLike, y: ArrayLike, *, width: int, height: int, equal: bool = False) -> list[str]:
    """Points as braille.

    Args:
        x: horizontal positions, shape (point,); points that are not finite are left out.
        y: vertical positions, shape (point,).
        width: characters across.
        height: characters down.
        equal: whether a metre across is as long as a metre down (a character is twice as high as wide).

    Returns:
        Lines of `width` characters, the first at the top.
    """
    across, up = np.asarray(x, float), np.asarray(y, float)
    good = np.isfinite(across) & np.isfinite(up)
    dots = np.zeros((height * 4, width * 2), bool)
    if good.any():
        across, up = across[good] - across[good].min(), up[good] - up[good].min()
        scale_x = (width * 2 - 1) / max(float(across.max()), 1e-12)
        scale_y = (height * 4 - 1) / max(float(up.max()), 1e-12)
        if equal:
            scale_x = scale_y = min(scale_x, scale_y)
        column = np.rint(across * scale_x).astype(int)
        row = height * 4 - 1 - np.rint(up * scale_y).astype(int)
        dots[row, column] = True
    cells = dots.reshape(height, 4, width, 2)
    codes = BLANK + np.einsum("hdwc,dc->hw", cells.astype(int), DOT_BITS)
    return ["".join(map(chr, line)) for line in codes]
