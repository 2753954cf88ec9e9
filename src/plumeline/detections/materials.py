"""Surface materials of a scene: their mean spectra are taken off before the statistics of detector columns are made.

A detector column of a push-broom imager crosses a handful of materials, so its pixels are not one Gaussian cloud but
several. Their centres differ by the material, not by the detector, and are found over the whole scene:

    x = µ_column + m_material + e

by alternating means; only e enters the covariance. Clusters come from the scene's leading principal components.

References: Funk et al., IEEE Trans. Geosci. Remote Sens. 39, 1410 (2001) on clutter by cluster for thermal plumes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.vq import kmeans2

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]

COMPONENTS = 5
SAMPLE = 20_000
LEAST_SHARE = 0.01
"""A cluster of less than this share of the scene is joined to its nearest neighbour: it could be the plume itself."""

SWEEPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """Clusters and what they add to a detector column's mean."""

    labels: NDArray[np.int32]
    """Cluster of each pixel, shape (line, sample); 0 where a pixel is no number."""
    offset: Single
    """Mean departure of each cluster from the detector column's mean, shape (cluster, band)."""


def find_materials(
    cube: Single, *, clusters: int = 8, excluded: Flags | None = None, seed: int = 0
) -> Materials:
    """Cluster a scene and find what each cluster adds.

    Args:
        cube: signal, shape (line, sample, band).
        clusters: greatest number of clusters.
        excluded: pixels that shape neither clusters nor means (known plumes), shape (line, sample).
        seed: random seed.

    Returns:
        The materials.
    """
    lines, samples, bands = cube.shape
    flat = cube.reshape(-1, bands)
    usable = np.isfinite(flat.sum(axis=1))
    if excluded is not None:
        usable &= ~excluded.ravel()
    rng = np.random.default_rng(seed)
    index = np.flatnonzero(usable)
    if index.size < 50 * clusters:
        return Materials(labels=np.zeros((lines, samples), np.int32), offset=np.zeros((1, bands), np.float32))
    some = np.sort(rng.choice(index, min(SAMPLE, index.size), replace=False))
    middle = flat[some].mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov((flat[some] - middle).T))
    basis = vectors[:, -COMPONENTS:].astype(np.float32)
    reduced = (flat - middle) @ basis
    scale = (
        np.maximum(reduced[some].std(axis=0), 1e-30) ** 0.5
    )  # between raw and whitened: brightness still leads
    centres, _ = kmeans2(reduced[some] / scale, clusters, seed=np.random.default_rng(seed), minit="++")
    labels = _nearest(reduced / scale, centres)
    sizes = np.bincount(labels[usable], minlength=clusters)
    centres = centres[sizes >= LEAST_SHARE * index.size]
    labels = _nearest(reduced / scale, centres).reshape(lines, samples)
    offset = _offsets(cube, labels, usable.reshape(lines, samples), len(centres))
    return Materials(labels=labels, offset=offset)


def _nearest(points: Single, centres: NDArray[np.floating]) -> NDArray[np.int32]:
    best = np.full(len(points), np.inf, np.float32)
    label = np.zeros(len(points), np.int32)
    for k, centre in enumerate(centres.astype(np.float32)):
        distance = np.square(points - centre).sum(axis=1)
        closer = distance < best
        best[closer], label[closer] = distance[closer], k
    return label


def _offsets(cube: Single, labels: NDArray[np.int32], usable: Flags, count: int) -> Single:
    """Alternating means of the two-way model, from sums over (sample, cluster) cells."""
    samples, bands = cube.shape[1:]
    cell = np.where(usable, labels + count * np.arange(samples), -1)
    sums = np.zeros((samples * count, bands))
    sizes = np.bincount(cell[cell >= 0], minlength=samples * count).astype(float)
    for line in range(cube.shape[0]):
        good = cell[line] >= 0
        # One line holds each (sample, cluster) cell at most once.
        sums[cell[line][good]] += cube[line][good]
    mean = (sums / np.maximum(sizes, 1)[:, None]).reshape(samples, count, bands)
    weight = sizes.reshape(samples, count, 1)
    offset = np.zeros((count, bands))
    for _ in range(SWEEPS):
        column = (weight * (mean - offset)).sum(axis=1) / np.maximum(weight.sum(axis=1), 1)
        offset = (weight * (mean - column[:, None])).sum(axis=0) / np.maximum(weight.sum(axis=0), 1)
    return offset.astype(np.float32)
