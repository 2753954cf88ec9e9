"""The simulator against four open release experiments: FAC2, FB and NMSE (Chang & Hanna 2004), no constant fitted.

The criteria were set for the greatest reading of each arc, because a small error of the wind's direction spoils a pair
in space that no model could save. Shown are both: Prairie Grass by arc maxima and crosswind sums, and reading by
reading, as the direction was recorded and turned to each run's own plume; the methane sets, whose few receivers form no
arc, by receiver (mean over a release or a day where observed or modelled enhancement passes 0.1 ppm) and by the
greatest receiver of each release or day. `…_second_half` is the later half of a set. Below stands how the readings
fluctuate from minute to minute, observed and modelled.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks import field_releases
from benchmarks.results import RESULTS, Figures
from plumeline.errors import PlumelineError
from plumeline.simulations.large_scale_wind import LargeScaleWind

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SETS: dict[str, Callable[[Path, int], Iterator[field_releases.Window]]] = {
    "prairie_grass": field_releases.prairie_grass,
    "aded": partial(field_releases.aded, declination_deg=field_releases.ADED_DECLINATION_DEG),
    "aded_as_recorded": field_releases.aded,
    "ginninderra": field_releases.ginninderra,
    "chilbolton": field_releases.chilbolton,
    "chilbolton_beams_at_2_m": partial(field_releases.chilbolton, beam_m=2.0),
}
THRESHOLD = 0.1
"""Least enhancement, observed or modelled, of a pair that counts [ppm]; for single SO2 readings 1 % of their arc's
greatest [mg m-3]."""
FLUCTUATION_PPM = 0.3
"""Least mean enhancement, observed and modelled, of a window whose minutes are compared [ppm]."""


STEADY, BESIDE_DEG = 0.95, 25.0
"""Least vector over scalar mean of a wind that is called steady; degrees off it at which a receiver lies beside its plume."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument(
        "--keep", action="store_true", help="keep what is stored of the sets that are not run"
    )
    parser.add_argument("--per-step", type=int, default=2, help="filaments a second")
    parser.add_argument("--draws", type=int, default=4, help="realisations whose mean is the model's answer")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PLUMELINE_DATA", "../shared/data")))


def run(options: argparse.Namespace) -> Figures:
    figures, table = _stored(options.sets) if options.keep else ({}, [])
    for name in options.sets:
        measured, minutes = _pairs(name, options)
        pairs = measured[measured["observed"].notna()]
        figures[f"{name}_rows_without_observation"] = float(len(measured) - len(pairs))
        kinds = _arcs(pairs, options) if name == "prairie_grass" else _receivers(name, pairs)
        for kind, chosen in kinds.items():
            scores = chang_hanna(chosen["observed"].to_numpy(), chosen["modelled"].to_numpy())
            table.append({"pairs of": kind, **scores})
            for figure in ("fac2", "fb_abs", "nmse"):
                figures[f"{kind}_{figure}"] = scores[figure]
        if minutes:
            for what in ("intensity", "peak_over_mean", "share_below_half_mean"):
                for side in ("observed", "modelled"):
                    figures[f"{name}_{what}_{side}"] = float(
                        np.median([m[f"{what}_{side}"] for m in minutes])
                    )
            figures[f"{name}_fluctuation_windows"] = float(len(minutes))
    return Figures(
        figures=figures,
        table=table,
        seeds=[0],
        notes=[
            "FB = 2 (mean observed - mean modelled) / (sum of means): negative is over-prediction",
            "pairs in space stand beside the arc maxima for which the criteria were set",
            "…_rows_without_observation: receivers of a window that measured nothing; they are left out",
        ],
    )


def _stored(run_now: list[str]) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """Stored figures and rows of the sets that are not run now."""
    record = json.loads((RESULTS / "field_validation.json").read_text())
    others = set(SETS) - set(run_now)

    def is_kept(name: str) -> bool:
        owner = max((known for known in SETS if name.startswith(f"{known}_")), key=len, default="")
        return owner in others

    return (
        {name: value for name, value in record["figures"].items() if is_kept(name)},
        [row for row in record["table"] if is_kept(row["pairs of"])],
    )


def chang_hanna(observed: Floats, modelled: Floats) -> dict[str, float]:
    """Acceptance measures of Chang & Hanna 2004 (doi:10.1007/s00703-003-0070-7)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = modelled / observed
    mean_o, mean_m = observed.mean(), modelled.mean()
    bias = 2.0 * (mean_o - mean_m) / (mean_o + mean_m)
    return {
        "pairs": float(observed.size),
        "fac2": float(((ratio >= 0.5) & (ratio <= 2.0)).mean()),
        "fb": float(bias),
        "fb_abs": float(abs(bias)),
        "nmse": float(((observed - modelled) ** 2).mean() / (mean_o * mean_m)),
    }


def _pairs(
    name: str, options: argparse.Namespace, *, is_turned: bool = False
) -> tuple[pd.DataFrame, list[dict[str, float]]]:
    """One row per window and receiver, `observed` NaN where nothing was measured; how the minutes of a window fluctuate.

    Raises:
        PlumelineError: the model broke.
    """
    parts, minutes = [], []
    every_s = 5 if name == "prairie_grass" else 2
    for number, drawn in enumerate(
        zip(*(SETS[name](options.data, draw) for draw in range(options.draws)), strict=True)
    ):
        series = [
            field_releases.modelled(
                _turned_to_plume(window) if is_turned else window,
                seed=1000 * draw + number,
                every_s=every_s,
                per_step=options.per_step,
            )
            for draw, window in enumerate(drawn)
        ]
        window = drawn[0]
        parts.append(
            pd.DataFrame({
                "group": window.group,
                "label": window.labels,
                "second_half": window.is_second_half,
                "beside": _beside(window),
                "observed": window.observed,
                "modelled": np.mean([values.mean(axis=0) for values in series], axis=0),
            })
        )
        if window.minutes is not None:
            minutes += _fluctuations(window.minutes, series[0], 60 // every_s)
    rows = pd.concat(parts)
    if not np.isfinite(rows["modelled"]).all():
        raise PlumelineError("the simulator gave a concentration that is no number", where=name)
    return rows, minutes


def _beside(window: field_releases.Window) -> NDArray[np.bool_]:
    """Receivers that a steady recorded wind passes by: its direction is off theirs from the source by more than 25 degrees."""
    east, north = (
        values[window.spin_up :] for values in (window.wind.eastward_m_s, window.wind.northward_m_s)
    )
    mean = complex(east.mean(), north.mean())
    is_steady = abs(mean) > STEADY * np.hypot(east, north).mean()
    middle = 0.5 * (window.start_m + window.end_m) - np.array(window.place_m)
    off = np.angle((middle[:, 0] + 1j * middle[:, 1]) / mean, deg=True)
    return np.asarray(is_steady & (np.abs(off) > BESIDE_DEG))


def _turned_to_plume(window: field_releases.Window) -> field_releases.Window:
    """The window with its wind turned by one angle to the observed plume: the median over arcs of their centroids."""
    east, north = window.wind.eastward_m_s, window.wind.northward_m_s
    toward = np.arctan2(north[window.spin_up :].mean(), east[window.spin_up :].mean())
    off = np.angle(np.exp(1j * (np.arctan2(window.start_m[:, 1], window.start_m[:, 0]) - toward)))
    arcs = pd.DataFrame({"arc": window.labels, "weight": window.observed, "off": off})
    arcs = arcs[arcs["weight"].notna()]  # where nothing was measured there is no weight
    arcs["moment"] = arcs["weight"] * arcs["off"]
    sums = arcs.groupby("arc")[["weight", "moment"]].sum()
    angle = float((sums["moment"] / sums["weight"])[sums["weight"] > 0].median())
    turned = (east + 1j * north) * np.exp(1j * angle)
    return replace(
        window,
        wind=LargeScaleWind(
            step_s=window.wind.step_s,
            eastward_m_s=turned.real,
            northward_m_s=turned.imag,
            reference_height_m=window.wind.reference_height_m,
        ),
    )


def _fluctuations(observed: Floats, modelled: Floats, per_minute: int) -> list[dict[str, float]]:
    """Per receiver that the plume reached: spread and peak of minute means over their mean, and how many are low."""
    count = min(len(observed), len(modelled) // per_minute)
    means = modelled[: count * per_minute].reshape(count, per_minute, -1).mean(axis=1)
    found = []
    for column in range(observed.shape[1]):
        sides = {"observed": observed[:count, column], "modelled": means[:, column]}
        if not all(
            np.isfinite(values).all() and values.mean() > FLUCTUATION_PPM for values in sides.values()
        ):
            continue
        row: dict[str, float] = {}
        for side, values in sides.items():
            row[f"intensity_{side}"] = float(values.std() / values.mean())
            row[f"peak_over_mean_{side}"] = float(values.max() / values.mean())
            row[f"share_below_half_mean_{side}"] = float((values < 0.5 * values.mean()).mean())
        found.append(row)
    return found


def _arcs(pairs: pd.DataFrame, options: argparse.Namespace) -> dict[str, pd.DataFrame]:
    """Prairie Grass in every way of pairing."""
    turned, _ = _pairs("prairie_grass", options, is_turned=True)
    turned = turned[turned["observed"].notna()]
    later = pairs[pairs["second_half"]]
    return {
        "prairie_grass_arc_maxima": _by_arc(pairs).max(),
        "prairie_grass_arc_maxima_second_half": _by_arc(later).max(),
        "prairie_grass_crosswind_sums": _by_arc(pairs).sum(),
        "prairie_grass_readings": _near_plume(pairs),
        "prairie_grass_readings_turned": _near_plume(turned),
    }


def _receivers(name: str, pairs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A methane set in every way of pairing."""
    later = pairs[pairs["second_half"]]
    return {
        f"{name}_receivers": _by_receiver(pairs),
        f"{name}_receivers_in_the_wind": _by_receiver(pairs[~pairs["beside"]]),
        f"{name}_receivers_second_half": _by_receiver(later),
        f"{name}_maxima": _by_receiver(pairs).groupby("group").max(),
    }


def _by_receiver(pairs: pd.DataFrame) -> pd.DataFrame:
    mean = pairs.groupby(["group", "label"])[["observed", "modelled"]].mean()
    return mean[mean.max(axis=1) > THRESHOLD]


def _by_arc(pairs: pd.DataFrame) -> Any:
    return pairs.groupby(["group", "label"])[["observed", "modelled"]]


def _near_plume(pairs: pd.DataFrame) -> pd.DataFrame:
    greatest = pairs.groupby(["group", "label"])["observed"].transform("max")
    return pairs[pairs[["observed", "modelled"]].max(axis=1) > 0.01 * greatest]
