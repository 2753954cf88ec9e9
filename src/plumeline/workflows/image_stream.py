"""A cube line by line, as a push-broom sensor gives it: alarms at once, memory that does not grow with the line's length.

What a line is worth is decided by the lines before it; there is no second look, no identification and no mass. The
full search (`workflows.image`) does that once the flight line is down.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from plumeline.detections import MDCL_PER_NECL, LineStream, LineWatch, scored, smooth_surfaces, stream_bytes
from plumeline.errors import InputError
from plumeline.instruments.cubes import LineRaster, lines_there
from plumeline.provenance import Provenance
from plumeline.store import result_folder
from plumeline.workflows.image import hashes, request_as_plain
from plumeline.workflows.image_scene import Scene, open_scene, prepare_scene
from plumeline.workflows.image_screen import runs, screened_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TextIO

    from numpy.typing import NDArray

    from plumeline.instruments.cubes import Cube
    from plumeline.workflows.image_setup import ImageRequest

    Single = NDArray[np.float32]

POLL_S = 0.02
FIRST_LINES = 64

READ_LINES = 16
"""Lines read from disk at a time."""

LAYERS = (
    "gathered score of the strongest gas [sigma], alarms only",
    "number of that gas in stream.json",
    "its column [ppm m]",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamResult:
    """What a streamed scene said, and whether it kept up."""

    lines: int
    """Lines streamed."""
    alarm_lines: int
    """Lines with an alarm."""
    limits_ppm_m: dict[str, float | None]
    """Minimum detectable column of each gas at the end, median over detector columns [ppm m]."""
    unseen: tuple[tuple[str, str], ...]
    """Gases that this instrument cannot see, and why."""
    warnings: tuple[str, ...]
    """What the reader must know."""
    median_s: float
    """Median time per line [s]."""
    p99_s: float
    """Time that one line in a hundred exceeds [s]."""
    worst_s: float
    """Longest time of a line [s]."""
    worst_behind_s: float | None
    """How far the work fell behind the sensor at most [s]; None without a line period."""
    end_behind_s: float | None
    """How far it was behind at the end [s]."""


def stream_scene(
    request: ImageRequest,
    folder: Path,
    *,
    line_period_s: float | None = None,
    force: bool = False,
    progress: Callable[[str, float], None] = lambda *_: None,
    alarm: Callable[[dict[str, Any]], None] = lambda _: None,
) -> StreamResult:
    """Push a scene's lines through one by one.

    Args:
        request: the scene and how to look at it.
        folder: where the result shall stand.
        line_period_s: time between two lines of the sensor [s].
        force: replace an existing folder.
        progress: called with what is done and the share of the scene so far.
        alarm: called with each alarm as it is raised.

    Returns:
        Alarms, limits and times.

    Raises:
        InputError: the scene or the library cannot be used, or the memory does not hold the sensor's statistics.
        OutputError: the folder exists, or something cannot be written.
    """
    cube = open_scene(request)
    arrivals = Arrivals(cube, request.follow_s)
    scene = prepare_scene(arrivals.first(), request)
    scene.cube = cube
    stream = _line_stream(scene, request)
    clock = _Clock(line_period_s)
    with result_folder(folder, force=force) as partial:
        grid = scene.cube.grid
        plain = grid if grid is not None and grid.lookup_line is None else None
        with (
            (partial / "alarms.jsonl").open("w", encoding="utf-8") as log,
            LineRaster(partial / "stream.tif", scene.cube.shape[:2], LAYERS, plain) as raster,
            threadpool_limits(limits=1, user_api="blas"),
        ):
            alarms = _run(scene, stream, _lines(scene, arrivals, clock), clock, log, raster, progress, alarm)
        limits = _limits(scene, stream)
        document = {
            "status": "screening, not validated; alarms without identification",
            "scene": scene.cube.name,
            "lines": arrivals.taken,
            "lines_declared": cube.shape[0],
            "alarm_lines": alarms,
            "gases": [gas.gas for gas in scene.gases],
            "limits_ppm_m": limits,
            "cannot_be_seen": dict(scene.unseen),
            "warnings": scene.warnings,
            "provenance": _provenance(scene, request).as_dict(),
        }
        text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False)
        (partial / "stream.json").write_text(text + "\n", "utf-8")
        (partial / "timing.json").write_text(json.dumps(clock.summary(), indent=1) + "\n", "utf-8")
    times = clock.summary()
    return StreamResult(
        lines=arrivals.taken,
        alarm_lines=alarms,
        limits_ppm_m=limits,
        unseen=scene.unseen,
        warnings=tuple(scene.warnings),
        median_s=float(times["median_s"] or 0.0),
        p99_s=float(times["p99_s"] or 0.0),
        worst_s=float(times["worst_s"] or 0.0),
        worst_behind_s=times["worst_behind_s"],
        end_behind_s=times["end_behind_s"],
    )


def _line_stream(scene: Scene, request: ImageRequest) -> LineStream:
    """The stream for a sensor.

    Raises:
        InputError: the memory does not hold its statistics.
    """
    samples, bands = scene.cube.shape[1], int(scene.good.sum())
    needed = stream_bytes(samples, bands, len(scene.gases)) / 1e6
    if needed > request.memory_mb:
        raise InputError(
            f"the statistics of {samples} detector columns, {bands} bands and {len(scene.gases)} gases need {needed:.0f} MB",
            remedy=f"give --memory {needed + 1:.0f} or more, or fewer gases with --gas",
        )
    surface = smooth_surfaces(scene.response.centre_cm1) if scene.model.sign > 0 else None
    return LineStream(scene.model, samples=samples, bands=bands, surface=surface)


def _run(
    scene: Scene,
    stream: LineStream,
    arriving: Iterator[tuple[int, Single]],
    clock: _Clock,
    log: TextIO,
    raster: LineRaster,
    progress: Callable[[str, float], None],
    alarm: Callable[[dict[str, Any]], None],
) -> int:
    """All lines, one after another; the number of lines with an alarm."""
    declared, samples, _ = scene.cube.shape
    lines = 0
    watch = LineWatch(samples=samples, gases=len(scene.gases))
    alarms = warming = 0
    unsaid = np.zeros(samples, np.intp)
    for number, line in arriving:
        lines = number + 1
        scores = stream.push(line)
        contrast = stream.contrast(line)
        best, gas, raised = watch.look(scores, contrast)
        if stream.is_warm:
            unsaid += ~scored(scores, contrast)
        else:
            warming += 1
            raised[:] = False
        column = scores[np.arange(samples), gas] * stream.necl_ppm_m[np.arange(samples), gas] / contrast
        raster.write_row(number, [np.where(raised, layer, np.nan) for layer in (best, gas, column)])
        if raised.any():
            alarms += 1
            strongest = int(np.where(raised, best, -np.inf).argmax())
            found = {
                "line": number,
                "sample": strongest,
                "samples": int(raised.sum()),
                "gas": scene.gases[int(gas[strongest])].gas,
                "sigma": round(float(best[strongest]), 1),
                "limit_ppm_m": float(f"{MDCL_PER_NECL * stream.necl_ppm_m[strongest, gas[strongest]]:.3g}"),
            }
            log.write(json.dumps(found, ensure_ascii=False) + "\n")
            log.flush()
            alarm(found)
        clock.line_done()
        if number % 64 == 0:
            progress("streaming", number / declared)
    for number in range(lines, declared):
        raster.write_row(number, [np.full(samples, np.nan)] * len(LAYERS))
    if lines < declared:
        scene.warnings.append(f"{lines} of the {declared} lines that the header declares came")
    progress("done", 1.0)
    scene.warnings += _unsaid(unsaid, warming, lines)
    return alarms


def _unsaid(unsaid: NDArray[np.intp], warming: int, lines: int) -> list[str]:
    """Sentences about the pixels that the stream says nothing of, so that no alarm is not taken for no plume.

    Args:
        unsaid: pixels without a score in each detector column, once the stream was warm, shape (sample,).
        warming: lines before that.
        lines: lines in all.
    """
    if warming == lines:
        return [
            f"{lines} lines are too few to teach the statistics, so nothing was searched: run without --stream"
        ]
    said = [f"the first {warming} lines taught the statistics; nothing is said of them"]
    silent = np.flatnonzero(unsaid == lines - warming)
    if silent.size:
        said.append(
            f"{silent.size} detector column(s) never had a score, dead, stuck or empty: {runs(silent)}"
        )
    rest = int(unsaid.sum()) - silent.size * (lines - warming)
    if rest:
        said.append(
            f"{rest} further pixels hold no possible radiance or had no score; nothing is said of them"
        )
    return said


class Arrivals:
    """Lines of a scene as they come: all at once from a whole file, one after another from one that grows.

    Args:
        cube: the scene.
        follow_s: how long to wait for a further line [s]; None for a whole file.
    """

    def __init__(self, cube: Cube, follow_s: float | None) -> None:
        self._cube, self._follow_s = cube, follow_s
        self.taken = 0
        """Lines that were handed out."""

    def first(self) -> Cube:
        """What the scene's header can be held against: all of it, or the lines that have come by now.

        Raises:
            InputError: no sensor writes to it.
        """
        if self._follow_s is None:
            return self._cube
        there = self.wait_for(min(FIRST_LINES, self._cube.shape[0]))
        if there < min(FIRST_LINES, self._cube.shape[0]):
            raise InputError(
                f"holds {there} lines and none came for {self._follow_s:g} s; {FIRST_LINES} tell whether the header is right",
                where=self._cube.name,
                remedy="start the sensor, wait longer with --follow, or leave --follow out",
            )
        shape = (there, *self._cube.shape[1:])
        return replace(self._cube, shape=shape, grid=None, facts={**self._cube.facts, "lines": str(there)})

    def wait_for(self, lines: int) -> int:
        """Wait until so many lines are there, or until none came for long enough.

        Args:
            lines: how many.

        Returns:
            How many are there.
        """
        if self._follow_s is None:
            return int(self._cube.shape[0])
        there, last = lines_there(self._cube), time.monotonic()
        while there < lines and time.monotonic() - last < self._follow_s:
            time.sleep(POLL_S)
            now = lines_there(self._cube)
            if now > there:
                there, last = now, time.monotonic()
        return there


def _lines(scene: Scene, arrivals: Arrivals, clock: _Clock) -> Iterator[tuple[int, Single]]:
    """Screened lines; the time to read them counts for the line that comes first, the time to wait for none."""
    count = scene.cube.shape[0]
    thermal = scene.model.sign > 0
    start = 0
    while start < count:
        there = arrivals.wait_for(start + 1)
        if there <= start:
            return
        stop = min(start + READ_LINES, there)
        clock.start()
        block = scene.block(start, stop)
        for offset, line in enumerate(block):
            clock.start()
            arrivals.taken = start + offset + 1
            yield start + offset, screened_line(line, thermal=thermal)
        start = stop


def _limits(scene: Scene, stream: LineStream) -> dict[str, float | None]:
    limit = MDCL_PER_NECL * np.median(stream.necl_ppm_m, axis=0)
    return {
        gas.gas: float(f"{value:.4g}") if np.isfinite(value) else None
        for gas, value in zip(scene.gases, limit, strict=True)
    }


def _provenance(scene: Scene, request: ImageRequest) -> Provenance:
    return Provenance(
        inputs=hashes(scene.cube, request),
        configuration=request_as_plain(request) | {"stream": True},
        seed=request.seed,
    )


class _Clock:
    """Time per line, and how far the work would be behind a sensor with a line period."""

    def __init__(self, period_s: float | None) -> None:
        self._period = period_s
        self._times: list[float] = []
        self._began: float | None = None
        self._finish = 0.0
        self._behind = self._last = 0.0

    def start(self) -> None:
        if self._began is None:
            self._began = time.perf_counter()

    def line_done(self) -> None:
        took = time.perf_counter() - (self._began or time.perf_counter())
        self._began = None
        if self._period is not None:
            arrival = len(self._times) * self._period
            self._finish = max(self._finish, arrival) + took
            self._last = self._finish - arrival
            self._behind = max(self._behind, self._last)
        self._times.append(took)

    def summary(self) -> dict[str, float | None]:
        times = np.array(self._times or [0.0])
        paced = self._period is not None
        return {
            "line_period_s": self._period,
            "median_s": float(np.median(times)),
            "p99_s": float(np.quantile(times, 0.99)),
            "worst_s": float(times.max()),
            "worst_behind_s": self._behind if paced else None,
            "end_behind_s": self._last if paced else None,
        }
