"""The whole path on a shipped flight whose truth is known: behind `plumeline demo`.

The flight is a simulated one in the logger's own format, made by `plumeline simulate town-demo --seed 1`; its truth is
read only after the answer is there.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from plumeline.errors import OutputError
from plumeline.frames import LocalFrame, latlon
from plumeline.sources import InferenceSettings
from plumeline.workflows.assess import AssessRequest, assess_flights
from plumeline.workflows.assess_output import write_sites
from plumeline.workflows.flights import known_flight
from plumeline.workflows.locate import INFERRED, LocateRequest, LocateResult, infer_request, publish
from plumeline.workflows.truth import KnownSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from plumeline.sources import SourceReport
    from plumeline.workflows.assess import SiteAssessment

    Progress = Callable[[float, str], None]


def demo_flight() -> Path:
    """Folder of the shipped flight, what its crew declared, its scene and its truth."""
    return Path(str(resources.files("plumeline.simulations"))) / "demo"


SEALED = {"scene.json", "truth.json"}
"""Files of the shipped flight that its crew did not have."""


def copy_flight(folder: Path) -> None:
    """Put the shipped flight into a new folder, without its truth.

    Args:
        folder: to make.

    Raises:
        OutputError: it exists, or cannot be written.
    """
    try:
        shutil.copytree(demo_flight(), folder, ignore=lambda _folder, _names: SEALED)
    except OSError as error:
        raise OutputError(
            f"cannot be made: {error.strerror}", where=str(folder), remedy="choose another name"
        ) from None


def demo(
    output: Path, *, seed: int = 1, force: bool = False, progress: Progress | None = None
) -> LocateResult:
    """Locate the source of the shipped flight and set the answer beside the truth.

    Args:
        output: folder to make.
        seed: the random seed.
        force: whether an existing folder is replaced (and kept as a backup).
        progress: called with the share done, 0 to 1, and what is being done.

    Returns:
        The result, with the truth beside it and the pages of the sites in its folder `sites`.

    Raises:
        OutputError: the folder cannot be written.
    """
    tell = progress or (lambda _share, _text: None)
    request = demo_request(output=output, seed=seed, force=force)
    report = infer_request(request, tell)
    tell(INFERRED, "opening the truth")
    result = publish(report, replace(request, truth=demo_truth(report.survey.frame)), tell)
    names, _ = write_sites(demo_sites(report), output / "sites", with_pdf=False)
    return replace(result, files=(*result.files, *(f"sites/{name}" for name in names)))


def demo_sites(report: SourceReport) -> tuple[SiteAssessment, ...]:
    """What the demo's sources may be, with the made-up town's footprints, register and people.

    Args:
        report: what the inversion says.

    Returns:
        The assessed sites.
    """
    flight = demo_flight()
    return assess_flights(
        [known_flight(report)],
        AssessRequest(
            flights=(flight,),
            footprints=flight / "footprints.geojson",
            register=flight / "register.csv",
            population=flight / "population-2030.tif",
        ),
    )


def demo_request(*, output: Path | None, seed: int, force: bool) -> LocateRequest:
    """What the demo asks for.

    Args:
        output: folder to make, or None.
        seed: the random seed.
        force: whether an existing folder is replaced.

    Returns:
        The request, without the truth.
    """
    flight = demo_flight()
    return LocateRequest(
        survey=flight,
        output=output,
        # Half the usual draws: a first run also compiles the kernels, and the whole shall take less than a minute.
        settings=InferenceSettings(seed=seed, particles=160, sweeps=3),
        basemap=flight / "footprints.geojson",
        force=force,
    )


def demo_truth(frame: LocalFrame) -> tuple[KnownSource, ...]:
    """The sealed truth, moved from the scene's frame into a survey's.

    Args:
        frame: the survey's local frame.

    Returns:
        The known sources.
    """
    flight = demo_flight()
    scene = json.loads((flight / "scene.json").read_text(encoding="utf-8"))
    origin = LocalFrame(origin=latlon(scene["origin"]["lat"], scene["origin"]["lon"]))
    known = []
    for source in json.loads((flight / "truth.json").read_text(encoding="utf-8"))["sources"]:
        east_m, north_m = frame.to_local(*origin.to_lonlat(source["x_m"], source["y_m"]))
        known.append(
            KnownSource(
                label=source["name"], x_m=float(east_m), y_m=float(north_m), rate_kg_s=source["rate_kg_s"]
            )
        )
    return tuple(known)
