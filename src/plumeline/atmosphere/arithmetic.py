"""How compiled kernels may round."""

FAST = {"nnan", "ninf", "nsz", "contract"}
"""Numba's `fastmath`: no NaN or infinity goes in, and a product may be added unrounded. Sums are not reordered and no
approximation is taken: the same kernel is compiled into several others, and which copy runs depends on which was loaded
first, so that answers would differ in their last bits between a first run and the next."""
