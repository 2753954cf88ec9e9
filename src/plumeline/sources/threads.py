"""Runs a compiled kernel over rows in threads.

Kernels release the interpreter's lock, so plain threads use all cores. This replaces numba's own parallel loops, whose
compilation took longer than a whole inversion takes to run.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

PIECES_PER_THREAD = 4
"""Rows cost unlike amounts of work; smaller pieces keep the threads busy to the end."""


def over_rows(kernel: Callable[[int, int], object], count: int) -> None:
    """Call `kernel(first, last)` for pieces that together are all rows.

    Rows must not touch each other's data; then the result does not depend on the number of threads.

    Args:
        kernel: works on the rows first ≤ row < last.
        count: number of rows.
    """
    threads = int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
    size = max(1, -(-count // (PIECES_PER_THREAD * threads)))
    kernel(0, 0)  # compiles once, before the threads would all ask for it
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(kernel, first, min(first + size, count)) for first in range(0, count, size)]:
            done.result()
