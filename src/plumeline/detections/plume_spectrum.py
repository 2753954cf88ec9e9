"""The mean spectrum of a plume against a null made of the scene's own patches.

For a plume's pixels with contrast factors f and residuals d (what is left of a pixel after its detector column's mean
and its material's departure), v = Σ f d / Σ f² estimates the signal over a surface of mean contrast. The same sum over
the same outline laid elsewhere on the scene gives the covariance of v where there is no plume, with all the clutter
and striping that neighbours share; shrinkage makes it invertible. For identification a share of the
first fitted gas signal is added to it, because no record fits a strong plume exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from plumeline.detections.background import background
from plumeline.detections.targets import brightness_factor, targets
from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.detections.materials import Materials
    from plumeline.detections.plumes import Plume
    from plumeline.detections.targets import TargetModel

    Doubles = NDArray[np.float64]
    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]

PATCHES = 400
LEAST_PATCHES = 60
TEMPLATE_ERROR = 0.05
"""Relative 1 sigma error of a gas' shape in each band: record, plume temperature, saturation, smile. It keeps the misfit
of a strong plume from being explained by a second gas."""

SURFACE_SIGMA = 0.02
"""Relative 1 sigma by which a patch of ground may depart from what the scene's own statistics allow for."""

SURFACE_LENGTH_CM1 = 100.0
"""Distance over which that departure keeps its value [cm-1]; solids' bands are some 50 cm-1 wide and wider."""

PLAIN_VARIANCE = 1e4
"""Variance of plain ground's smooth departures over that of noise."""

MOST_PIXELS = 1500
"""Of a larger plume so many pixels are taken, evenly: clutter is shared by neighbours, and noise no longer counts."""

LEAST_COVER = 0.5
"""A patch counts when at least this share of the outline falls on clean pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Residuals:
    """A scene without its surfaces."""

    residual: Single
    """Signal minus detector-column mean and material departure, shape (line, sample, band)."""
    factor: Single
    """Contrast of each pixel relative to its column's mean, shape (line, sample)."""
    mean: Doubles
    """Mean spectrum of each detector column, shape (sample, band)."""
    clean: Flags
    """Pixels that are finite and not in a plume, shape (line, sample)."""
    surface: Doubles | None
    """Covariance of what neighbouring surfaces may differ by, relative to their signal, shape (band, band)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlumeSpectrum:
    """A plume's mean excess and what a ppm m of each gas would add to it, both whitened."""

    excess: Doubles
    """Whitened mean excess, shape (band,)."""
    design: Doubles
    """Whitened change per ppm m of each gas, shape (band, gas)."""
    raw: Doubles
    """Mean excess in the cube's unit, shape (band,)."""
    raw_sigma: Doubles
    """1 sigma of it, shape (band,)."""
    raw_targets: Doubles
    """Change per ppm m in the cube's unit, shape (gas, band)."""
    whitener: Doubles
    """W with WᵀW the inverse covariance of the patches, shape (band, band)."""
    patches: int
    """Patches behind the null."""

    def widened(self, modelled: Doubles) -> PlumeSpectrum:
        """The same spectrum with the shape error of a strong plume in its covariance.

        Args:
            modelled: whitened signal of the gases as first fitted, shape (band,).

        Returns:
            The spectrum, whitened anew.
        """
        signal = np.linalg.solve(self.whitener, modelled)
        covariance = np.linalg.inv(self.whitener.T @ self.whitener) + np.diag(
            np.square(TEMPLATE_ERROR * signal)
        )
        whitener = np.linalg.inv(np.linalg.cholesky(covariance))
        return replace(
            self, excess=whitener @ self.raw, design=whitener @ self.raw_targets.T, whitener=whitener
        )


def smooth_surfaces(wavenumber_cm1: Doubles) -> Doubles:
    """Covariance of the relative signal of surfaces: solids are smooth where gases are not.

    Args:
        wavenumber_cm1: band centres [cm-1], shape (band,).

    Returns:
        Covariance, shape (band, band).
    """
    apart = (wavenumber_cm1[:, None] - wavenumber_cm1) / SURFACE_LENGTH_CM1
    return np.asarray(SURFACE_SIGMA**2 * np.exp(-0.5 * apart**2))


def plain_ground(spectra: Doubles, wavenumber_cm1: Doubles) -> Doubles:
    """Spectra as they stand out from plain ground: white noise, and surfaces a hundred times as variable but smooth.

    Args:
        spectra: shape (band, gas).
        wavenumber_cm1: band centres [cm-1], shape (band,).

    Returns:
        Whitened spectra, shape (band, gas).
    """
    smooth = smooth_surfaces(wavenumber_cm1) / SURFACE_SIGMA**2
    factor = np.linalg.cholesky(np.eye(wavenumber_cm1.size) + PLAIN_VARIANCE * smooth)
    return np.asarray(np.linalg.solve(factor, spectra))


def scene_residuals(
    cube: Single,
    model: TargetModel,
    materials: Materials | None,
    excluded: Flags,
    *,
    surface: Doubles | None = None,
    by_column: bool = True,
) -> Residuals:
    """Take the surfaces out of a scene.

    Args:
        cube: signal, shape (line, sample, band).
        model: the gases.
        materials: surface materials; None takes off the detector columns' means only.
        excluded: known plumes, shape (line, sample).
        surface: as `smooth_surfaces` gives it; nothing is allowed for when None.
        by_column: take off each detector column's mean; False for frame imagers, whose columns are alike.

    Returns:
        The residuals.
    """
    clean = np.isfinite(cube.sum(axis=2)) & ~excluded
    weight = clean.astype(np.float32)
    count = np.maximum(weight.sum(axis=0), 1.0)[:, None]
    safe = np.where(clean[..., None], cube, np.float32(0.0))
    mean = safe.sum(axis=0, dtype=np.float64) / count
    residual = cube.copy() if materials is None else cube - materials.offset[materials.labels]
    shift = np.where(clean[..., None], residual, np.float32(0.0)).sum(axis=0, dtype=np.float64) / count
    if not by_column:
        weights = weight.sum(axis=0)[:, None] / max(float(weight.sum()), 1.0)
        mean = np.broadcast_to((weights * mean).sum(axis=0), mean.shape)
        shift = np.broadcast_to((weights * shift).sum(axis=0), shift.shape)
    residual -= shift.astype(np.float32)
    factor = np.empty(clean.shape, np.float32)
    for sample in range(cube.shape[1]):
        factor[:, sample] = brightness_factor(model, cube[:, sample], mean[sample])
    return Residuals(residual=residual, factor=factor, mean=mean, clean=clean, surface=surface)


def plume_spectrum(residuals: Residuals, model: TargetModel, plume: Plume, *, seed: int = 0) -> PlumeSpectrum:
    """Mean excess of a plume, whitened by patches of its own shape.

    Args:
        residuals: the scene without its surfaces, plumes excluded from the means.
        model: the gases.
        plume: the plume.
        seed: random seed of the patches' places.

    Returns:
        The spectrum, ready for `identify`.

    Raises:
        RefusedError: the scene has too few clean places for the outline.
    """
    line, sample = np.nonzero(plume.full_mask(residuals.clean.shape))
    finite = np.isfinite(residuals.factor[line, sample]) & np.isfinite(residuals.residual[line, sample, 0])
    line, sample = line[finite], sample[finite]
    if line.size > MOST_PIXELS:
        some = np.linspace(0, line.size - 1, MOST_PIXELS).astype(int)
        line, sample = line[some], sample[some]
    excess, norm = _gathered(residuals, line, sample)
    if excess is None:
        raise RefusedError(
            "no pixel of the plume has any contrast", remedy="nothing can be said of its gases"
        )
    nulls = _null(residuals, line, sample, norm, seed)
    base = background(nulls, shrink=True)
    mean = residuals.mean[sample].mean(axis=0)
    change = targets(model, mean)
    if residuals.surface is not None:
        base = base.widened(residuals.surface * np.outer(mean, mean))
    return PlumeSpectrum(
        excess=base.whitener @ excess,
        design=base.whitener @ change.T,
        raw=excess,
        raw_sigma=nulls.std(axis=0),
        raw_targets=change,
        whitener=base.whitener,
        patches=len(nulls),
    )


def _gathered(
    residuals: Residuals, line: NDArray[np.intp], sample: NDArray[np.intp]
) -> tuple[Doubles | None, float]:
    factor = residuals.factor[line, sample].astype(np.float64)
    power = float(factor @ factor)
    if power <= 0:
        return None, 0.0
    return factor @ residuals.residual[line, sample].astype(np.float64) / power, power


def _null(
    residuals: Residuals, line: NDArray[np.intp], sample: NDArray[np.intp], power: float, seed: int
) -> Doubles:
    lines, samples = residuals.clean.shape
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(6 * PATCHES):
        # Any shift that keeps the outline's middle in the scene, mirrored half of the time for variety.
        down = int(rng.integers(-lines, lines))
        across = int(rng.integers(-samples, samples))
        mirror = bool(rng.integers(2))
        at_line = line + down
        at_sample = (samples - 1 - sample if mirror else sample) + across
        inside = (at_line >= 0) & (at_line < lines) & (at_sample >= 0) & (at_sample < samples)
        at_line, at_sample = at_line[inside], at_sample[inside]
        good = residuals.clean[at_line, at_sample] & np.isfinite(residuals.factor[at_line, at_sample])
        if good.sum() < LEAST_COVER * line.size:
            continue
        value, here = _gathered(residuals, at_line[good], at_sample[good])
        if value is None:
            continue
        # A patch over less contrast or fewer pixels is noisier than the plume; bring it to the plume's footing.
        found.append(value * np.sqrt(here / power))
        if len(found) == PATCHES:
            break
    if len(found) < LEAST_PATCHES:
        raise RefusedError(
            f"the scene has only {len(found)} clean places of the plume's shape",
            remedy="use a longer flight line, so that there is background to compare with",
        )
    return np.array(found)
