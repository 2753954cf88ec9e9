"""All particles of the sampler in arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """All particles; first axis of every array is the particle."""

    count: NDArray[np.int64]
    """Number of sources, shape (particle, 1)."""
    sources: Floats
    """Shape (particle, slot, 3 + species)."""
    active: NDArray[np.int8]
    """Whether each source emits in each emission block, shape (particle, slot, block)."""
    theta: Floats
    """Shape (particle, 6 · flight)."""
    detour: Floats
    """Shape (particle, stretch, 2)."""
    log_noise: Floats
    """Shape (particle, group)."""
    beta: Floats
    """Shape (particle, coefficient)."""
    columns: NDArray[np.float32]
    """Shape (particle, slot, 2, row)."""
    enhancement: NDArray[np.float32]
    """Shape (particle, 2, observation)."""
    background: NDArray[np.float32]
    """Shape (particle, observation)."""
    log_like: Floats
    """Shape (particle, 1)."""
    rng: NDArray[np.uint64]
    """Shape (particle, 1)."""

    def arrays(self) -> tuple[NDArray[np.generic], ...]:
        """The arrays in the order of `Particle`."""
        return (
            self.count,
            self.sources,
            self.active,
            self.theta,
            self.detour,
            self.log_noise,
            self.beta,
            self.columns,
            self.enhancement,
            self.background,
            self.log_like,
            self.rng,
        )

    def take(self, index: NDArray[np.int64]) -> None:
        """Replace the particles by those at `index`; random streams stay with their place."""
        for array in self.arrays()[:-1]:
            array[...] = array[index]

    def at(self, index: NDArray[np.int64]) -> Population:
        """The particles at `index`, in memory of their own."""
        return Population(**{one.name: getattr(self, one.name)[index] for one in fields(self)})

    def copy(self) -> Population:
        """The same particles in memory of their own."""
        return Population(**{one.name: getattr(self, one.name).copy() for one in fields(self)})

    def without_couplings(self) -> Population:
        """The same particles without their couplings with every row, which are most of their memory."""
        return replace(self, columns=np.empty((self.count.shape[0], 0, 2, 0), np.float32))


def pooled(populations: Sequence[Population]) -> Population:
    """All particles of several populations as one."""
    if len(populations) == 1:
        return populations[0]
    return Population(**{
        one.name: np.concatenate([getattr(each, one.name) for each in populations])
        for one in fields(Population)
    })
