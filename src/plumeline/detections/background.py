"""What the scene looks like without a plume: mean and covariance of a group of pixels, made invertible.

A group is one detector column of a push-broom imager (its gain and offset differ from its neighbour's) or one cluster
of a frame imager. The covariance is shrunk toward its own diagonal by as much as maximises the exact leave-one-out
likelihood, found for all candidate weights from one eigendecomposition.

References: Theiler, Proc. SPIE 8390, 83900P (2012), equations 18-27 (leave-one-out likelihood); Theiler, Foy &
Fraser, Proc. SPIE 6565 (2007) on keeping the plume out of its own statistics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lapack

from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Doubles = NDArray[np.float64]
    Flags = NDArray[np.bool_]

SHRINKAGES = np.concatenate([[0.0], np.geomspace(1e-8, 0.5, 40)])
"""Candidate weights of the diagonal; 0 is the plain sample covariance."""

RIDGE = 1e-9
"""Relative ridge that keeps a sample covariance invertible in double precision when no shrinkage is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """Mean and whitening of a group of pixels."""

    mean: Doubles
    """Mean spectrum, shape (band,)."""
    whitener: Doubles
    """W with WᵀW = C⁻¹: a spectrum x becomes W (x − mean) with unit covariance, shape (band, band)."""
    shrinkage: float
    """Weight of the diagonal that was used."""
    count: int
    """Pixels that entered."""

    def widened(self, extra: Doubles) -> Background:
        """The same background with more covariance.

        Args:
            extra: covariance to add, positive semi-definite, shape (band, band).

        Returns:
            The wider background.
        """
        inverse = np.linalg.inv(self.whitener)
        factor = np.linalg.cholesky(inverse @ inverse.T + extra)
        return replace(self, whitener=np.linalg.inv(factor))


def background(pixels: Floats, *, shrink: bool) -> Background:
    """Statistics of a group.

    Args:
        pixels: finite spectra, plume left out, shape (pixel, band).
        shrink: use the leave-one-out shrinkage; a small fixed ridge otherwise.

    Returns:
        The background.

    Raises:
        RefusedError: there are too few pixels, or a band does not vary at all.
    """
    mean = pixels.mean(axis=0, dtype=np.float64)
    return statistics(pixels - mean.astype(pixels.dtype), mean, shrink=shrink)


def statistics(centred: Floats, mean: Doubles, *, shrink: bool) -> Background:
    """Statistics of a group whose mean is already taken off.

    Args:
        centred: spectra minus their mean, shape (pixel, band).
        mean: that mean, shape (band,).
        shrink: as in `background`.

    Returns:
        The background.

    Raises:
        RefusedError: there are too few pixels, or a band does not vary at all.
    """
    count, bands = centred.shape
    if count < (2 + bands // 4 if shrink else bands + 2):
        raise RefusedError(
            f"{count} clean pixels are too few for the statistics of {bands} bands",
            remedy="use longer flight lines, fewer bands, or cluster-wise statistics",
        )
    covariance = (centred.T @ centred).astype(np.float64) / (count - 1)
    scale = np.sqrt(np.diag(covariance))
    # A constant band leaves rounding noise of its mean, not an exact zero.
    if not np.all(scale > 1e-6 * np.abs(mean)) or not np.all(scale > 0):
        worst = int(np.argmin(scale / np.maximum(np.abs(mean), 1e-30)))
        raise RefusedError(f"band {worst} is the same in every pixel", remedy="drop dead or saturated bands")
    if shrink:
        weight, whitener = _shrunk(centred, covariance, scale)
    else:
        weight, whitener = RIDGE, _cholesky_whitener(covariance, scale)
    return Background(mean=mean, whitener=whitener, shrinkage=weight, count=count)


def leave_one_out_likelihood(centred: Doubles, shrinkage: float) -> float:
    """Leave-one-out log-likelihood per pixel by its definition, one inverse per pixel; slow, for checking.

    Args:
        centred: spectra with the mean taken off, shape (pixel, band).
        shrinkage: weight of the diagonal.

    Returns:
        Mean Gaussian log-likelihood of each pixel under the covariance of the others.
    """
    count, bands = centred.shape
    target = np.diag(np.diag(centred.T @ centred / (count - 1)))
    total = 0.0
    for k in range(count):
        others = np.delete(centred, k, axis=0)
        # The mean is held fixed, so the others' sum of squares is divided by the same count - 1.
        matrix = (1 - shrinkage) * (others.T @ others) / (count - 1) + shrinkage * target
        _, logdet = np.linalg.slogdet(matrix)
        total -= 0.5 * (bands * np.log(2 * np.pi) + logdet + centred[k] @ np.linalg.solve(matrix, centred[k]))
    return float(total / count)


def _cholesky_whitener(covariance: Doubles, scale: Doubles) -> Doubles:
    matrix = covariance / np.outer(scale, scale)
    matrix[np.diag_indices_from(matrix)] += RIDGE
    factor, failed = lapack.dpotrf(matrix, lower=1, clean=1)
    if failed:
        raise RefusedError("bands are linear combinations of each other", remedy="use the shrinkage")
    inverse, _ = lapack.dtrtri(factor, lower=1)
    return np.asarray(inverse / scale)


def _shrunk(centred: Floats, covariance: Doubles, scale: Doubles) -> tuple[float, Doubles]:
    """Best weight and whitener. In units of the diagonal the target is the identity, so one eigenbasis serves all."""
    count = centred.shape[0]
    eigenvalue, vector = np.linalg.eigh(covariance / np.outer(scale, scale))
    eigenvalue = np.maximum(eigenvalue, 0.0)
    power = np.square(centred @ (vector / scale[:, None]).astype(centred.dtype))
    best, weight, spectrum = -np.inf, float(SHRINKAGES[-1]), eigenvalue
    beta = (1 - SHRINKAGES) / (count - 1)
    # G = (1 - a) (sum of squares)/(count - 1) + a I, the sum over all pixels: leaving k out takes beta x xᵀ off.
    gains = (1 - SHRINKAGES)[:, None] * eigenvalue + SHRINKAGES[:, None]
    usable = gains.min(axis=1) > 1e-12
    distance = power @ (1 / gains[usable]).T.astype(power.dtype)
    for row, index in enumerate(np.flatnonzero(usable)):
        rest = 1 - beta[index] * distance[:, row].astype(np.float64)
        if rest.min() <= 0:
            continue
        likelihood = -np.log(gains[index]).sum() - np.mean(np.log(rest) + distance[:, row] / rest)
        if likelihood > best:
            best, weight, spectrum = float(likelihood), float(SHRINKAGES[index]), gains[index]
    if not np.isfinite(best):
        spectrum = (1 - weight) * eigenvalue + weight
    return weight, np.asarray((vector / np.sqrt(spectrum)).T / scale)
