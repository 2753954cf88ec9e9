"""Simulate a flight or a suite of flights with known truth, in the instruments' own formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plumeline.simulations.case_folder import CaseFolder, write_case
from plumeline.simulations.scenario import load
from plumeline.simulations.scene import fly
from plumeline.simulations.suites import draw_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def simulate_scenario(scenario: str | Path, *, seed: int, folder: Path, mark: str = "") -> CaseFolder:
    """Simulate one scenario.

    Args:
        scenario: a TOML file, or the name of a shipped scenario.
        seed: the random seed; the same seed gives the same bytes.
        folder: where the case goes.
        mark: "EXERCISE" in an exercise.

    Returns:
        The case's folder.

    Raises:
        ConfigurationError: the scenario cannot be used.
        InputError: the folder is not empty.
        OSError: a file cannot be written.
    """
    wanted = load(scenario)
    return write_case(fly(wanted.build(seed), seed), folder, file_formats=wanted.file_formats, mark=mark)


def simulate_suite(
    suite: str, *, seed: int, count: int, folder: Path, progress: Callable[[int], None] | None = None
) -> Iterator[CaseFolder]:
    """Simulate cases of a blind suite, one after the other, so that memory stays bounded.

    Args:
        suite: name of the suite.
        seed: seed of the first case; the next ones count up.
        count: number of cases.
        folder: cases go into sub-folders of it.
        progress: called with the number of finished cases.

    Yields:
        Each case's folder.

    Raises:
        ConfigurationError: there is no such suite.
        InputError: a case's folder is not empty.
        OSError: a file cannot be written.
    """
    for number in range(count):
        scene = draw_scene(suite, seed + number)
        yield write_case(fly(scene, seed + number), folder / scene.name)
        if progress is not None:
            progress(number + 1)
