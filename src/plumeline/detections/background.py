"""What the scene looks like without a plume: mean and covariance of a group of pixels, made invertible.

A group is one detector column of a push-broom imager (its gain and offset differ from its neighbour's) or one cluster
of a frame imager. The covariance is shrunk toward its own diagonal by as much as maximises the exact leave-one-out
likelihood, found for all candidate weights from one eigendecomposition.

References: Theiler, Proc. SPIE 8390, 83900P (2012), equations 18-27 (leave-one-out likelihood); Theiler, Foy &
Fraser, Proc. SPIE 6565 (2007) on keeping the plume out of its own statistics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from plumeline.detections.group_kernels import CONSTANT, DEPENDENT, LEAST_SPREAD, MOST_OVERFIT, RIDGE, TOO_FEW
from plumeline.detections.pixel_kernels import leave_one_out_terms, scatter, whitener
from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Doubles = NDArray[np.float64]
    Flags = NDArray[np.bool_]

SHRINKAGES = np.concatenate([[0.0], np.geomspace(1e-8, 0.5, 40)])
"""Candidate weights of the diagonal; 0 is the plain sample covariance."""


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
    overfit: float
    """Parameters fitted per pixel: bands over pixels, less what shrinkage gives back."""
    kept: Doubles
    """Variance of those pixels along each whitened axis, below one where the diagonal was mixed in, shape (band,)."""

    def widened(self, extra: Doubles) -> Background:
        """The same background with more covariance.

        Args:
            extra: covariance to add, positive semi-definite, shape (band, band).

        Returns:
            The wider background.
        """
        inverse = np.linalg.inv(self.whitener)
        factor = np.linalg.cholesky(inverse @ inverse.T + extra)
        return replace(self, whitener=np.linalg.inv(factor), kept=np.ones(len(factor)))


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


def statistics(
    departures: Floats, mean: Doubles, *, shrink: bool, centre: Doubles | None = None
) -> Background:
    """Statistics of a group of which some reference spectrum is already taken off.

    Args:
        departures: spectra minus the reference, C-contiguous, shape (pixel, band).
        mean: mean of the whole spectra, shape (band,).
        shrink: as in `background`.
        centre: mean of the departures, shape (band,); zero when None.

    Returns:
        The background.

    Raises:
        RefusedError: there are too few pixels, or a band does not vary at all.
    """
    count, bands = departures.shape
    if count < (2 + bands // 4 if shrink else bands + 2):
        refuse(TOO_FEW, band=0, bands=bands)
    covariance = scatter(np.ascontiguousarray(departures))
    if centre is not None:
        covariance -= (count * centre)[:, None] * centre
    covariance /= count - 1
    varies = covariance.diagonal() > np.maximum((LEAST_SPREAD * mean) ** 2, 1e-60)
    if not varies.all():
        refuse(CONSTANT, band=int(np.argmin(varies)), bands=bands)
    if shrink:
        weight, kept, white = _shrunk(departures, covariance, centre)
        fitted = float(((1 - weight) * kept).sum())
    else:
        weight, kept, fitted = RIDGE, np.ones(bands), float(bands)
        white, definite = whitener(covariance, RIDGE)
        if not definite:
            refuse(DEPENDENT, band=0, bands=bands)
    overfit = min(fitted / count, MOST_OVERFIT)
    return Background(mean=mean, whitener=white, shrinkage=weight, count=count, overfit=overfit, kept=kept)


def refuse(outcome: int, *, band: int, bands: int) -> NoReturn:
    """Say why a group has no statistics.

    Args:
        outcome: as the kernels tell it.
        band: the band that it failed for.
        bands: number of bands.

    Raises:
        RefusedError: always.
    """
    if outcome == TOO_FEW:
        raise RefusedError(
            f"there are too few clean pixels for the statistics of {bands} bands",
            remedy="use longer flight lines, fewer bands, or cluster-wise statistics",
        )
    if outcome == CONSTANT:
        raise RefusedError(f"band {band} is the same in every pixel", remedy="drop dead or saturated bands")
    raise RefusedError("bands are linear combinations of each other", remedy="use the shrinkage")


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


def _shrunk(
    departures: Floats, covariance: Doubles, centre: Doubles | None
) -> tuple[float, Doubles, Doubles]:
    """Best weight, variance along each whitened axis, and whitener. In units of the diagonal the target is the identity, so one eigenbasis serves all."""
    count = departures.shape[0]
    scale = np.sqrt(covariance.diagonal())
    eigenvalue, vector = np.linalg.eigh(covariance / np.outer(scale, scale))
    eigenvalue = np.maximum(eigenvalue, 0.0)
    basis = vector / scale[:, None]
    power = departures @ basis.astype(departures.dtype)
    if centre is not None:
        power -= (centre @ basis).astype(power.dtype)
    np.square(power, out=power)
    best, weight, spectrum = -np.inf, float(SHRINKAGES[-1]), eigenvalue
    beta = (1 - SHRINKAGES) / (count - 1)
    # G = (1 - a) (sum of squares)/(count - 1) + a I, the sum over all pixels: leaving k out takes beta x xᵀ off.
    gains = (1 - SHRINKAGES)[:, None] * eigenvalue + SHRINKAGES[:, None]
    usable = gains.min(axis=1) > 1e-12
    distance = power @ (1 / gains[usable]).T.astype(power.dtype)
    terms = leave_one_out_terms(distance, beta[usable])
    for row, index in enumerate(np.flatnonzero(usable)):
        likelihood = -np.log(gains[index]).sum() - terms[row]
        if likelihood > best:
            best, weight, spectrum = float(likelihood), float(SHRINKAGES[index]), gains[index]
    if not np.isfinite(best):
        spectrum = (1 - weight) * eigenvalue + weight
    return weight, eigenvalue / spectrum, np.asarray((vector / np.sqrt(spectrum)).T / scale)
