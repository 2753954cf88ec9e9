"""Our plume against pyELQ's own class on equal parameters: the largest relative difference.

pyELQ's conventions differ from ours, so equal parameters have to be made:

- its horizontal sigma is `tan(angle) x + half width`, ours the root of squares with a damped growth; its vertical sigma
  has no half width. Ours takes a turbulence angle per reading, so the angle is chosen that gives the same sigma there
  (`angle_for`); it exists where pyELQ's sigma exceeds our half width.
- its Draxler option replaces the angle by `sigma_v/U` and damps it with `1/(1 + 0.9 (T/Ti)^0.5)` (0.806 and 0.945
  above ground); again only the sigma matters.
- the wind is the one at the reading, its speed the vector's length, as with ours; the ground reflects with both; pyELQ
  has no mixing height, so ours is unlimited here.
- a coupling of 1e6 h/kg becomes s/m3 through the gas density.

`--write FILE` stores the table that a test without pyELQ uses (`tests/atmosphere/data/pyelq_plume.csv`).
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.pyelq import VERSION, environment, peer
from benchmarks.results import Figures
from plumeline.atmosphere.plume import HALF_WIDTH_M, point_coupling

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEED = 20_260_704
LAGS_S = (200.0, 100.0)
"""Our Lagrangian times; any will do, since the angle makes up for them."""
COLUMNS = (
    "x", "y", "z", "height", "u", "v", "horizontal", "vertical", "half_width", "draxler",
)  # fmt: skip


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--write", type=Path, help="write the cases and pyELQ's answers as CSV")


def run(options: argparse.Namespace) -> Figures:
    case = cases(options.cases)
    with tempfile.TemporaryDirectory() as folder:
        given, answered = Path(folder) / "cases.npz", Path(folder) / "out.npy"
        np.savez(given, **case)  # type: ignore[arg-type]
        peer(environment(), "peers/pyelq_couplings.py", str(given), str(answered))
        theirs = np.load(answered)
    if options.write is not None:
        table = np.column_stack([*(case[name] for name in COLUMNS), theirs])
        np.savetxt(
            options.write,
            table,
            delimiter=",",
            header=",".join([*COLUMNS, "coupling"]),
            comments="",
            fmt="%.12g",
        )
    ours = np.array([
        our_coupling({name: float(case[name][i]) for name in COLUMNS}) for i in range(theirs.size)
    ])
    there = np.isfinite(ours) & (theirs > 0)
    upwind = theirs == 0
    return Figures(
        figures={
            "cases": float(there.sum()),
            "upwind_cases": float(upwind.sum()),
            "worst_relative_difference": float(np.max(np.abs(ours[there] / theirs[there] - 1.0))),
            "worst_upwind": float(np.max(np.abs(ours[upwind]), initial=0.0)),
        },
        seeds=[SEED],
        notes=[
            f"pyELQ {VERSION}; cases within 4.5 sigmas of the axis, where both sigmas exceed our half width"
        ],
    )


def cases(count: int) -> dict[str, Floats]:
    """Random places, winds and turbulence; a tenth of them upwind."""
    rng = np.random.default_rng(SEED)
    heading, speed = rng.uniform(-math.pi, math.pi, count), rng.uniform(0.6, 9.0, count)
    draxler = (np.arange(count) % 3 == 2).astype(float)
    # Degrees, or with Draxler m/s.
    horizontal = np.where(
        draxler > 0, rng.uniform(0.2, 1.5, count) * speed / 5, rng.uniform(3.0, 25.0, count)
    )
    vertical = np.where(draxler > 0, rng.uniform(0.1, 0.8, count) * speed / 5, rng.uniform(2.0, 12.0, count))
    along = np.where(rng.random(count) < 0.1, -1.0, 1.0) * rng.uniform(20.0, 400.0, count)
    slope = np.where(draxler > 0, horizontal / speed, np.tan(np.radians(horizontal)))
    across = rng.uniform(-4.0, 4.0, count) * slope * np.abs(along) * np.where(draxler > 0, 0.5, 1.0)
    return {
        "x": np.round(along * np.cos(heading) - across * np.sin(heading), 3),
        "y": np.round(along * np.sin(heading) + across * np.cos(heading), 3),
        "z": np.round(rng.uniform(0.0, 15.0, count), 3),
        "height": np.round(rng.uniform(0.0, 8.0, count), 3),
        "u": np.round(speed * np.cos(heading), 6),
        "v": np.round(speed * np.sin(heading), 6),
        "horizontal": np.round(horizontal, 6),
        "vertical": np.round(vertical, 6),
        "half_width": np.where(draxler > 0, 1.0, np.round(rng.choice([0.0, 0.5, 1.0, 2.5], count), 1)),
        "draxler": draxler,
    }


def their_sigmas(case: dict[str, float]) -> tuple[float, float]:
    """The spreads that pyELQ documents for a place downwind [m]."""
    speed = math.hypot(case["u"], case["v"])
    far = (case["x"] * case["u"] + case["y"] * case["v"]) / speed
    if not case["draxler"]:
        return (
            math.tan(math.radians(case["horizontal"])) * far + case["half_width"],
            math.tan(math.radians(case["vertical"])) * far,
        )
    low = case["height"] <= 0.5
    seconds = max(far, 0.0) / speed
    damping_y = 1.0 + 0.9 * (seconds / (300.0 if low else 1000.0)) ** 0.5
    damping_z = 1.0 + (0.9 if low else 0.945) * (seconds / (50.0 if low else 100.0)) ** (
        0.5 if low else 0.806
    )
    return (
        case["horizontal"] / speed * far / damping_y + case["half_width"],
        case["vertical"] / speed * far / damping_z,
    )


def angle_for(sigma: float, far: float, speed: float, lag_s: float) -> float:
    """Our turbulence angle that gives this sigma at this distance; NaN where none does."""
    grown = sigma**2 - HALF_WIDTH_M**2
    return math.sqrt(grown * (1.0 + far / (2.0 * speed * lag_s))) / far if grown > 0 else math.nan


def our_coupling(case: dict[str, float]) -> float:
    """Our coupling at a case of pyELQ's; NaN where no angle of ours gives its sigma."""
    speed = math.hypot(case["u"], case["v"])
    far = (case["x"] * case["u"] + case["y"] * case["v"]) / speed
    if far <= 0.0:
        iy, iz = 0.1, 0.1
    else:
        iy, iz = (
            angle_for(sigma, far, speed, lag) for sigma, lag in zip(their_sigmas(case), LAGS_S, strict=True)
        )
    if math.isnan(iy + iz):
        return math.nan
    return float(
        point_coupling(
            case["x"],
            case["y"],
            case["z"],
            case["height"],
            case["u"],
            case["v"],
            speed,
            iy,
            iz,
            *LAGS_S,
            2.0,
        )[0]
    )
