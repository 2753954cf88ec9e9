"""One peer's method in the peers' own environment: `imaging_peers.py METHOD FOLDER REPEATS` prints JSON.

Made by `uv venv --python 3.12 peers && uv pip install --python peers spectral mag1c fastmag1c marshsi` (Python 3.12 for
the newest marshsi).

Runs without Plumeline. Each method gets the same cube and the same weak-column target.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def main(method: str, folder: Path, repeats: int) -> None:
    cube = np.load(folder / "cube.npy")
    weak = np.load(folder / "weak.npy")
    work = {
        "SPy matched_filter, scene-wide": spy_scene,
        "SPy matched_filter, per column": spy_columns,
        "SPy ace, scene-wide": spy_ace,
        "mag1c acrwl1mf, 30 rounds": mag1c,
        "fastmag1c, 30 rounds": fastmag1c,
        "marshsi matched filter, per column": marshsi,
    }[method]
    wall, cpu = [], []
    for _ in range(repeats):
        start, used = time.perf_counter(), time.process_time()
        out = work(cube, weak)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    np.save(folder / "out.npy", np.asarray(out, np.float32))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"method": method, "wall_s": min(wall), "cpu_s": min(cpu), "peak_mb": peak}))


def spy_scene(cube: Any, weak: Any) -> Any:
    import spectral  # noqa: PLC0415

    mean = cube.reshape(-1, cube.shape[2]).mean(axis=0)
    return spectral.matched_filter(cube, mean - weak * mean * 1e4)


def spy_columns(cube: Any, weak: Any) -> Any:
    import spectral  # noqa: PLC0415

    out = np.empty(cube.shape[:2], np.float32)
    for sample in range(cube.shape[1]):
        column = np.ascontiguousarray(cube[:, sample : sample + 1])
        mean = column.mean(axis=(0, 1))
        out[:, sample] = np.ravel(spectral.matched_filter(column, mean - weak * mean * 1e4))
    return out


def spy_ace(cube: Any, weak: Any) -> Any:
    import spectral  # noqa: PLC0415

    mean = cube.reshape(-1, cube.shape[2]).mean(axis=0)
    return spectral.ace(cube, mean - weak * mean * 1e4)


def mag1c(cube: Any, weak: Any) -> Any:
    import torch  # noqa: PLC0415
    from mag1c.mag1c import acrwl1mf  # noqa: PLC0415

    torch.set_num_threads(1)
    # mag1c 1.2.0 calls this by its old name, which newer releases of torch have taken away.
    torch.cholesky = lambda matrix, upper=False: torch.linalg.cholesky(matrix, upper=upper)
    out = np.empty(cube.shape[:2], np.float32)
    for first in range(0, cube.shape[1], 5):
        block = torch.from_numpy(np.ascontiguousarray(cube[:, first : first + 5].transpose(1, 0, 2)))
        target = torch.from_numpy((-weak * 1e5).astype(np.float32))
        keep = torch.ones(block.shape[1], dtype=torch.bool)
        found = acrwl1mf(block, target, 30, False, False, False, 1.0, 0.0, keep)  # noqa: FBT003 (its own signature)
        value = found[0] if isinstance(found, tuple) else found
        out[:, first : first + 5] = value.squeeze(-1).numpy().T
    return out


def fastmag1c(cube: Any, weak: Any) -> Any:
    import fastmag1c as package  # noqa: PLC0415
    import torch  # noqa: PLC0415

    torch.set_num_threads(1)
    wavelength = np.linspace(2105, 2495, cube.shape[2])
    found = package.retrieve(cube, wavelength, template=-weak * 1e5, alpha=0.0)
    return found[0] if isinstance(found, tuple) else getattr(found, "enhancement", found)


def marshsi(cube: Any, weak: Any) -> Any:
    from marshsi.matched_filters_upv import AT_MF_select_window_alt  # noqa: PLC0415

    return AT_MF_select_window_alt(cube, (-weak).astype(np.float32))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
