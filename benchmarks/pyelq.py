"""Plumeline beside pyELQ (Shell, PyPI, Apache-2.0): CPU seconds, errors, false sources and intervals on the same cases.

pyELQ is installed from PyPI into an environment of its own (`.peers/pyelq`) and run in a process of its own through its
public classes (`benchmarks/peers/pyelq_inversion.py`); none of its code is here. CPU is user and system time of the inversion alone:
imports and, on our side, a first run that loads compiled kernels are left out on both sides.

A run of the peer takes about an hour. `--peer-answers FILE` takes from the file the answers that were made from the very
same inputs, settings and version, and adds those that it lacks.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks import real_sets
from benchmarks.pyelq_tracks import KG_H, Track, tracks
from benchmarks.results import Figures
from plumeline.errors import NotConvergedError, PlumelineError, RefusedError
from plumeline.sources import InferenceSettings, infer

if TYPE_CHECKING:
    import argparse

ROOT = Path(__file__).resolve().parents[1]
VERSION = "1.2.7"
ENVIRONMENT = ROOT / ".peers" / "pyelq"
GATE_M = 30.0
"""A reported source further than this from a true one does not count as it; a missed source counts as this far off."""


def add_options(parser: argparse.ArgumentParser) -> None:
    real_sets.add_data_option(parser)
    parser.add_argument("--peer-answers", type=Path, help="JSON with the peer's answers, used and completed")
    parser.add_argument("--iterations", type=int, default=4000, help="the peer's, on a drone track")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[], help="cases whose names start so")


def run(options: argparse.Namespace) -> Figures:
    answers = _stored(options.peer_answers)
    scored: list[Scored] = []
    settings = InferenceSettings(seed=options.seed)
    warm = True
    for track in tracks(real_sets.data_folder(options.data), iterations=options.iterations):
        if options.only and not track.name.startswith(tuple(options.only)):
            continue
        if warm:
            with suppress(
                NotConvergedError
            ):  # so few particles may well disagree: this loads the kernels only
                infer(track.survey, InferenceSettings(particles=8, sweeps=1, null_draws=2))
            warm = False
        scored.append(Scored.of(track, ours=_ours(track, settings), peer=_peer(track, answers, options)))
        sys.stderr.write(f"{scored[-1].row()}\n")
    made = sorted({one["date"] for one in answers.values() if "date" in one})
    figures: dict[str, float] = {}
    for prefix, chosen in _families(scored).items():
        figures |= _summary(prefix, chosen)
    return Figures(
        figures=figures,
        table=[one.row() for one in scored],
        seeds=[options.seed],
        notes=[
            f"pyELQ {VERSION}, {options.iterations} iterations on a drone track, half as many on ADED's 5-min means",
            f"the peer's answers were made on {', '.join(made)}",
            f"errors count a missed source as {GATE_M:.0f} m and 100 % off; a ratio below 1 is in our favour",
            "drone: all flights of 2,000 points; air_: the filament simulator; plume_: the peer's own plume formula",
        ],
    )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one engine said of one case."""

    sources: list[tuple[float, float, float, float, float]]
    """x, y [m], rate, low, high [kg s-1]."""
    cpu_s: float


@dataclass(frozen=True, kw_only=True)
class Errors:
    """One engine's answer against the truth, one entry per true source; NaN where it was missed."""

    distance_m: list[float]
    ratio: list[float]
    inside: list[bool]
    false: int
    cpu_s: float

    @classmethod
    def of(cls, answer: Answer, track: Track) -> Errors:
        """Match an answer's sources to the true ones, by least total distance within the gate."""
        found = np.array(answer.sources, float).reshape(-1, 5)
        truth = np.array([[one.x_m, one.y_m, one.rate_kg_s] for one in track.known])
        apart = np.hypot(truth[:, None, 0] - found[None, :, 0], truth[:, None, 1] - found[None, :, 1])
        rows, columns = linear_sum_assignment(np.minimum(apart, 2.0 * GATE_M))
        pair = {i: j for i, j in zip(rows.tolist(), columns.tolist(), strict=True) if apart[i, j] <= GATE_M}
        nan = float("nan")
        return cls(
            distance_m=[float(apart[i, pair[i]]) if i in pair else nan for i in range(len(truth))],
            ratio=[float(found[pair[i], 2] / truth[i, 2]) if i in pair else nan for i in range(len(truth))],
            inside=[
                bool(found[pair[i], 3] <= truth[i, 2] <= found[pair[i], 4]) if i in pair else False
                for i in range(len(truth))
            ],
            false=len(found) - len(pair),
            cpu_s=answer.cpu_s,
        )


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One case with both engines' errors."""

    name: str
    ours: Errors
    peer: Errors

    @classmethod
    def of(cls, track: Track, *, ours: Answer, peer: Answer) -> Scored:
        """Score both engines' answers."""
        return cls(name=track.name, ours=Errors.of(ours, track), peer=Errors.of(peer, track))

    def row(self) -> dict[str, Any]:
        """As a table row."""

        def text(values: list[float]) -> str:
            return " ".join(f"{value:.1f}" for value in values)

        row: dict[str, Any] = {"case": self.name}
        for who, errors in (("ours", self.ours), ("peer", self.peer)):
            row |= {
                f"{who}_m": text(errors.distance_m),
                f"{who}_ratio": " ".join(f"{value:.2f}" for value in errors.ratio),
                f"{who}_in": sum(errors.inside),
                f"{who}_false": errors.false,
                f"{who}_cpu_s": round(errors.cpu_s, 1),
            }
        return row


def _families(scored: list[Scored]) -> dict[str, list[Scored]]:
    families = {
        "drone": [one for one in scored if one.name.startswith(("S3", "air", "plume"))],
        "air": [one for one in scored if one.name.startswith("air")],
        "plume": [one for one in scored if one.name.startswith("plume")],
        "aded": [one for one in scored if one.name.startswith("ADED")],
    }
    return {name: chosen for name, chosen in families.items() if chosen}


def _summary(prefix: str, scored: list[Scored]) -> dict[str, float]:
    figures = {f"{prefix}_cases": float(len(scored))}
    of: dict[str, dict[str, float]] = {}
    for who in ("ours", "peer"):
        errors: list[Errors] = [getattr(one, who) for one in scored]
        distance = np.array([value for one in errors for value in one.distance_m])
        ratio = np.array([value for one in errors for value in one.ratio])
        found = np.isfinite(distance)
        of[who] = {
            "cpu_s": float(sum(one.cpu_s for one in errors)),
            "found": float(found.mean()),
            "location_m": float(np.median(np.where(found, distance, GATE_M))),
            "location_mean_m": float(np.where(found, distance, GATE_M).mean()),
            "rate_error": float(np.median(np.where(found, np.abs(ratio - 1.0), 1.0))),
            "rate_90_holds": float(sum(sum(one.inside) for one in errors) / max(found.sum(), 1)),
            "false_per_case": float(np.mean([one.false for one in errors])),
        }
        figures |= {f"{prefix}_{who}_{name}": value for name, value in of[who].items()}
    ours, peer = of["ours"], of["peer"]
    return figures | {
        f"{prefix}_cpu_ratio": peer["cpu_s"] / ours["cpu_s"],
        f"{prefix}_location_ratio": ours["location_m"] / peer["location_m"],
        f"{prefix}_rate_ratio": ours["rate_error"] / peer["rate_error"],
    }


def _ours(track: Track, settings: InferenceSettings) -> Answer:
    start = time.process_time()
    try:
        reported = infer(track.survey, settings).sources
    except RefusedError:
        reported = ()
    sources = []
    for one in reported:
        rate = next(iter(one.rate_kg_s.values()))
        sources.append((one.x_m, one.y_m, rate.median, rate.low, rate.high))
    return Answer(sources=sources, cpu_s=time.process_time() - start)


def _peer(track: Track, answers: dict[str, Any], options: argparse.Namespace) -> Answer:
    answer = answers.get(track.name, {})
    wanted = {
        "digest": track.digest,
        "version": VERSION,
        "iterations": track.iterations,
        "seed": options.seed,
    }
    if any(answer.get(key) != value for key, value in wanted.items()):
        answer = _asked(track, options.seed) | {"digest": track.digest}
        answers[track.name] = answer
        if options.peer_answers is not None:
            options.peer_answers.write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n")
    sources = [
        (s["x_m"], s["y_m"], s["rate_kg_h"] / KG_H, s["low_kg_h"] / KG_H, s["high_kg_h"] / KG_H)
        for s in answer["sources"]
    ]
    return Answer(sources=sources, cpu_s=answer["cpu_s"])


def _stored(path: Path | None) -> dict[str, Any]:
    if path is None or not path.exists():
        return {}
    answers: dict[str, Any] = json.loads(path.read_text())
    return answers


def _asked(track: Track, seed: int) -> dict[str, Any]:
    """Run the peer on one case, in its own environment and process."""
    python = environment()
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case.npz"
        np.savez(case, **track.told)  # type: ignore[arg-type]
        answer: dict[str, Any] = json.loads(
            peer(python, "peers/pyelq_inversion.py", str(case), str(track.iterations), str(seed))
        )
    return answer | {"date": dt.datetime.now(dt.UTC).date().isoformat()}


def peer(python: Path, script: str, *words: str) -> str:
    """Standard output of one of this folder's scripts under the peer's own Python; one thread.

    Raises:
        PlumelineError: it failed.
    """
    one = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(
        [python, Path(__file__).parent.joinpath(script), *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | one,
    )
    if done.returncode:
        raise PlumelineError("the peer failed: " + done.stderr[-500:], where=script)
    return done.stdout


def environment() -> Path:
    """The peer's own Python, made if it is not there.

    Raises:
        PlumelineError: it cannot be made.
    """
    python = ENVIRONMENT / "bin" / "python"
    if python.exists():
        return python
    local = ROOT / ".uv" / "bin" / "uv"
    uv = str(local) if local.exists() else shutil.which("uv") or "uv"
    for words in (
        ["venv", "--quiet", str(ENVIRONMENT)],
        ["pip", "install", "--quiet", "--python", str(python), f"pyelq=={VERSION}"],
    ):
        done = subprocess.run([uv, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise PlumelineError(
                "the peer's environment cannot be made: " + done.stderr[-500:],
                remedy="the machine needs Python 3.11 or later and PyPI",
            )
    return python
