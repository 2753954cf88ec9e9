"""One of our imaging methods in a process of its own: `imaging_ours.py METHOD FOLDER REPEATS` prints JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from plumeline.detections import ReflectedTarget, score_columns, smoothed, sparse_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

GASES = 40


def methods(
    cube: NDArray[np.float32], weak: NDArray[np.float64]
) -> dict[str, Callable[[], NDArray[np.floating]]]:
    rng = np.random.default_rng(0)
    many = np.abs(weak[rng.permuted(np.tile(np.arange(weak.size), (GASES, 1)), axis=1)])
    many[0] = weak
    one = ReflectedTarget(gases=("gas",), absorbance_per_ppm_m=weak[None])
    library = ReflectedTarget(gases=tuple(f"gas {k}" for k in range(GASES)), absorbance_per_ppm_m=many)

    def smooth() -> NDArray[np.floating]:
        scores = score_columns(cube, one, ace=False)
        return smoothed(scores.z[:, :, 0].astype(np.float32), scores.factor)

    return {
        "column matched filter": lambda: score_columns(cube, one, ace=False).z[:, :, 0],
        "matched filter, shrinkage": lambda: score_columns(cube, one, ace=False, shrink=True).z[:, :, 0],
        "matched filter, smoothed": smooth,
        "matched filter + ACE, 40 gases": lambda: score_columns(cube, library).z[:, :, 0],
        "sparse columns, 30 rounds": lambda: sparse_columns(cube, -weak).column_ppm_m,
        "read once": lambda: np.array([cube.sum()]),
    }


def main(method: str, folder: Path, repeats: int) -> None:
    cube = np.load(folder / "cube.npy")
    weak = np.load(folder / "weak.npy")
    work = methods(cube, weak)[method]
    small = methods(np.ascontiguousarray(cube[:200, :4]), weak)[method]
    small()  # compile and load before the clock starts
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    before = _status_mb("VmRSS")
    wall, cpu = [], []
    out = None
    for _ in range(repeats):
        del out  # or two results would be held at once
        start, used = time.perf_counter(), time.process_time()
        out = work()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    peak = _status_mb("VmHWM")
    np.save(folder / "out.npy", np.asarray(out, np.float32))
    found = {"method": method, "wall_s": min(wall), "cpu_s": min(cpu), "peak_mb": peak}
    print(json.dumps(found | {"added_mb": peak - before}))


def _status_mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
