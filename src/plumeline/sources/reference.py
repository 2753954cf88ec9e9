"""A problem and a particle by reference.

A named tuple goes into a compiled function as all its arrays, one by one: each call, and each function that is
compiled into another, copies some three hundred words and counts a reference to every array. Kernels that call others
in a loop take one reference to all of it first; fields are read as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba import njit, types
from numba.experimental import structref

from plumeline.sources.particle import Particle
from plumeline.sources.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Fields(types.StructRef):
    """Fields of general types, so that a literal one does not make another type."""

    def preprocess_fields(self, fields: Sequence[tuple[str, Any]]) -> tuple[tuple[str, Any], ...]:
        return tuple((name, types.unliteral(kind)) for name, kind in fields)  # type: ignore[no-untyped-call]


@structref.register
class ProblemFields(_Fields):
    """Numba's type of a problem by reference."""


@structref.register
class ParticleFields(_Fields):
    """Numba's type of a particle by reference."""


class ProblemReference(structref.StructRefProxy):
    """A problem by reference."""


class ParticleReference(structref.StructRefProxy):
    """A particle by reference; its arrays are the population's own."""


structref.define_proxy(ProblemReference, ProblemFields, list(Problem._fields))  # type: ignore[no-untyped-call]
structref.define_proxy(ParticleReference, ParticleFields, list(Particle._fields))  # type: ignore[no-untyped-call]


@njit(cache=True, nogil=True)
def problem_reference(problem: Problem) -> Any:
    """Reference to a problem, with its fields."""
    return ProblemReference(*problem)  # type: ignore[no-untyped-call]


@njit(cache=True, nogil=True)
def particle_reference(particle: Particle) -> Any:
    """Reference to a particle, with its fields."""
    return ParticleReference(*particle)  # type: ignore[no-untyped-call]
