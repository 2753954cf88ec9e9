"""Runs the blind benchmark: the truth stays in this process's memory until the answers are in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumeline.errors import ConfigurationError, PlumelineError
from plumeline.frames import LocalFrame
from plumeline.simulations import SUITES, fly, truth_of
from plumeline.simulations.case_folder import write_flight
from plumeline.simulations.scoring import CaseScore, SuiteScore, score_case, summarise
from plumeline.simulations.town_plan import write_footprints, write_register
from plumeline.simulations.towns import ORIGIN
from plumeline.simulations.visits import draw_visits

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRequest:
    """What to run."""

    suites: tuple[str, ...] = tuple(name for name in SUITES if name != "mixed")
    """Suites."""
    cases: int = 10
    """Cases per suite."""
    seed: int = 1_000_000
    """Seed of each suite's first case. The default range is kept for reporting: nothing is calibrated on it."""
    processes: int = 2
    """Inference processes at a time."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.suites) - set(SUITES))
        if unknown or not self.suites:
            raise ConfigurationError(
                f"suite {', '.join(unknown) or 'list is empty'}", remedy="use some of: " + ", ".join(SUITES)
            )
        if self.cases < 1 or self.processes < 1:
            raise ConfigurationError("cases and processes are at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkResult:
    """What came out."""

    request: BenchmarkRequest
    """What was run."""
    scores: tuple[CaseScore, ...]
    """Per case."""
    suites: tuple[SuiteScore, ...]
    """Per suite."""
    simulation_s: float
    """Wall time of all simulations [s]."""
    simulation_cpu_s: float
    """Processor time of all simulations [s]."""
    inference_s: float
    """Wall time of all inference, reading included [s]."""


def run_benchmark(
    request: BenchmarkRequest, progress: Callable[[float, str], None] | None = None
) -> BenchmarkResult:
    """Simulate, infer blindly, score.

    Args:
        request: what to run.
        progress: called with the share done, 0 to 1, and what is being done.

    Returns:
        Scores.

    Raises:
        PlumelineError: an inference process broke.
    """
    tell = progress or (lambda _share, _text: None)
    truths: dict[str, tuple[str, dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory(prefix="plumeline-blind-") as folder:
        inboxes = [Path(folder) / f"inbox-{number}" for number in range(request.processes)]
        outbox = Path(folder) / "outbox"
        for path in (*inboxes, outbox):
            path.mkdir()
        begin, begin_cpu = time.perf_counter(), time.process_time()
        jobs = [(suite, request.seed + number) for suite in request.suites for number in range(request.cases)]
        for index, (suite, seed) in enumerate(jobs):
            # A case's name says nothing of its suite.
            name = f"flight-{index:05d}"
            truths[name] = (suite, write_inbox(suite, seed, inboxes[index % request.processes] / name))
            tell(0.2 * (index + 1) / len(jobs), "simulating")
        simulation_s, simulation_cpu_s = time.perf_counter() - begin, time.process_time() - begin_cpu
        begin = time.perf_counter()
        _infer(inboxes, outbox, len(jobs), tell)
        inference_s = time.perf_counter() - begin
        answers = {name: json.loads((outbox / f"{name}.json").read_text(encoding="utf-8")) for name in truths}
    frame = LocalFrame(origin=ORIGIN)
    scores = tuple(score_case(suite, truth, answers[name], frame) for name, (suite, truth) in truths.items())
    return BenchmarkResult(
        request=request,
        scores=scores,
        suites=tuple(
            summarise(suite, [score for score in scores if score.suite == suite]) for suite in request.suites
        ),
        simulation_s=simulation_s,
        simulation_cpu_s=simulation_cpu_s,
        inference_s=inference_s,
    )


def write_inbox(suite: str, seed: int, folder: Path) -> dict[str, Any]:
    """Simulate a case and write what a crew would bring home.

    Args:
        suite: its suite.
        seed: names the case.
        folder: where to.

    Returns:
        The truth, which is written nowhere.

    Raises:
        ConfigurationError: there is no such suite.
        OSError: a file cannot be written.
    """
    flights = [fly(scene, own) for scene, own in draw_visits(suite, seed)]
    truth = truth_of(flights[0]).as_dict()
    if len(flights) == 1:
        write_flight(flights[0], folder, stem="flight")
        return truth
    for number, flight in enumerate(flights, 1):
        write_flight(flight, folder / f"visit-{number}", stem="flight", file_formats=("generic-csv",))
    scene, frame = flights[0].scene, LocalFrame(origin=ORIGIN)
    (folder / "scene").mkdir()
    write_footprints(scene.buildings, frame, folder / "scene" / "footprints.geojson")
    write_register(scene.buildings, frame, folder / "scene" / "register.csv")
    return truth | {"is_working": bool(flights[-1].scene.emitters)}


def _infer(inboxes: list[Path], outbox: Path, count: int, tell: Callable[[float, str], None]) -> None:
    # The first process answers a case alone, so that kernels are compiled (and kept on disk) once and not by all at a time.
    workers: list[subprocess.Popen[str]] = []
    waiting = list(inboxes)
    done = 0
    try:
        while waiting or any(worker.poll() is None for worker in workers):
            if waiting and (not workers or done or workers[0].poll() is not None):
                workers += [_start(inbox, outbox) for inbox in (waiting[:1] if not workers else waiting)]
                waiting = inboxes[len(workers) :]
            done = len(list(outbox.glob("*.json")))
            tell(0.2 + 0.8 * done / count, "inferring")
            time.sleep(POLL_S)
    finally:
        for worker in workers:
            worker.kill()
    for worker in workers:
        _, said = worker.communicate()
        if worker.returncode != 0:
            last = said.strip().splitlines()[-1:] or ["no word"]
            raise PlumelineError(
                f"an inference process broke: {last[0]}", remedy="run one case with `plumeline locate`"
            )


def _start(inbox: Path, outbox: Path) -> subprocess.Popen[str]:
    # One thread a process: the processes share the cores.
    environment = os.environ | {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(  # noqa: S603 (our own module, no shell)
        [sys.executable, "-m", "plumeline.workflows.benchmark.answering", str(inbox), str(outbox)],
        cwd=inbox,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
