"""Simulate a flight, a cube or a suite of flights with known truth, in the instruments' own formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from plumeline.errors import ConfigurationError
from plumeline.simulations.case_folder import CaseFolder, write_case
from plumeline.simulations.image_scenario import parse_image, write_image_case
from plumeline.simulations.scenario import parse, text_of, toml_of
from plumeline.simulations.scene import fly
from plumeline.simulations.visits import draw_visits
from plumeline.workflows.output import fresh_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def simulate_scenario(
    scenario: str | Path, *, seed: int, folder: Path, mark: str = "", library: Path | None = None
) -> CaseFolder:
    """Simulate one scenario.

    Args:
        scenario: a TOML file, or the name of a shipped scenario.
        seed: the random seed; the same seed gives the same bytes.
        folder: where the case goes: a new or an empty folder.
        mark: "EXERCISE" in an exercise.
        library: spectral library, which a scenario of a cube needs.

    Returns:
        The case's folder.

    Raises:
        ConfigurationError: the scenario cannot be used, or needs a library and there is none.
        InputError: the library lacks a gas.
        OutputError: the folder is not empty or cannot be written.
    """
    text, where = text_of(scenario), Path(scenario).name
    table = toml_of(text, where)
    if "cube" not in table:
        wanted = parse(text, where=where)
        with fresh_folder(folder) as partial:
            write_case(fly(wanted.build(seed), seed), partial, file_formats=wanted.file_formats, mark=mark)
        return CaseFolder(root=folder)
    image = parse_image(table, where=where)
    if library is None:
        raise ConfigurationError(
            "a cube needs the spectra of its gases",
            where=where,
            remedy="give --library FILE, made with `plumeline spectra build`",
        )
    from plumeline.chem.spectra import read_library  # noqa: PLC0415 (only cubes need it)

    spectra = read_library(library)
    with fresh_folder(folder) as partial:
        write_image_case(image, spectra, partial, seed=seed)
    return CaseFolder(root=folder)


def simulate_suite(
    suite: str, *, seed: int, count: int, folder: Path, progress: Callable[[int], None] | None = None
) -> Iterator[CaseFolder]:
    """Simulate cases of a blind suite, one after the other, so that memory stays bounded.

    Args:
        suite: name of the suite.
        seed: seed of the first case; the next ones count up.
        count: number of cases.
        folder: cases go into sub-folders of it, several visits of one case each into its own.
        progress: called with the number of finished cases.

    Yields:
        Each flight's folder.

    Raises:
        ConfigurationError: there is no such suite.
        OutputError: a case's folder is not empty or cannot be written.
    """
    for number in range(count):
        visits = draw_visits(suite, seed + number)
        file_formats = ("skyhub",) if len(visits) == 1 else ("generic-csv",)
        for scene, own in visits:
            with fresh_folder(folder / scene.name) as partial:
                write_case(fly(scene, own), partial, file_formats=file_formats)
            yield CaseFolder(root=folder / scene.name)
        if progress is not None:
            progress(number + 1)
