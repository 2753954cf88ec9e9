"""From a cube to plumes: read, seek every gas of the library that the instrument can see, measure, write.

A cube that does not fit the memory limit is worked through in segments of whole lines, each with its own statistics.
Radiance never leaves this function: the result holds gas products, limits and hashes, no thermal picture of the
ground (see `docs/imaging.md`, privacy).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from plumeline.detections import (
    TABLE_PPM_M,
    Candidates,
    DetectedPlume,
    Scores,
    measure,
    plume_amounts,
    pooled_threshold,
    seek,
)
from plumeline.errors import RefusedError
from plumeline.provenance import Provenance, sha256_of_file
from plumeline.workflows.image_result import ImagePlume, ImageResult, Judgement
from plumeline.workflows.image_scene import Scene, open_scene, prepare_scene, settle_amounts
from plumeline.workflows.image_screen import Quality, remarks, screened
from plumeline.workflows.image_setup import ImageRequest, require_contrast, segment_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from plumeline.instruments.cubes import Cube

    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]


@dataclass(slots=True, kw_only=True)
class _Sought:
    """A scene after the first pass: where plumes may be in each of its segments."""

    request: ImageRequest
    scene: Scene
    bounds: list[tuple[int, int]] = field(default_factory=list)
    """Lines of each segment."""
    candidates: list[Candidates] = field(default_factory=list)
    refused: list[RefusedError | None] = field(default_factory=list)

    @property
    def hopeless(self) -> RefusedError | None:
        """Why nothing at all can be said of it, if so."""
        return None if any(error is None for error in self.refused) else self.refused[0]


def process_scene(
    request: ImageRequest, *, progress: Callable[[str, float], None] = lambda *_: None
) -> ImageResult:
    """Find, identify and measure the plumes of a scene.

    Args:
        request: the scene and how to look at it.
        progress: called with what is done and the share of the scene so far.

    Returns:
        Plumes, columns and limits.

    Raises:
        InputError: the scene or the library cannot be used, or something needed was not given.
        RefusedError: there is no contrast, or no usable statistics.
    """
    result = next(process_scenes([request], progress=progress))
    if isinstance(result, RefusedError):
        raise result
    return result


def process_scenes(
    requests: Sequence[ImageRequest], *, progress: Callable[[str, float], None] = lambda *_: None
) -> Iterator[ImageResult | RefusedError]:
    """Find, identify and measure the plumes of scenes that are judged together.

    All scenes are searched for places that may be plumes before any is kept, so that the admitted share of false ones
    holds over all of them. Every scene is read twice.

    Args:
        requests: the scenes and how to look at them, with one admitted share of false plumes.
        progress: called with what is done and the share of the work so far.

    Yields:
        What each scene says, in order, one in memory at a time; or why nothing can be said of it.

    Raises:
        InputError: a scene or the library cannot be used, or something needed was not given.
    """
    sought = [_sought(request) for request in requests]
    total = sum(len(one.bounds) for one in sought)
    done = 0
    for one in sought:
        for start, stop in one.bounds:
            progress(f"searching {one.scene.cube.name}", 0.7 * done / total)
            _seek(one, start, stop)
            done += 1
    pooled = [found for one in sought for found in one.candidates]
    rate = requests[0].rate
    judged = Judgement(
        rate=rate,
        scenes=len(sought),
        candidates=sum(len(found.places) for found in pooled),
        mirrored=sum(max(len(found.decoys) - 1, 0) for found in pooled),
        least_support=pooled_threshold(pooled, rate=rate),
    )
    for number, one in enumerate(sought):
        progress(f"measuring {one.scene.cube.name}", 0.7 + 0.3 * number / len(sought))
        if one.hopeless is not None:
            yield one.hopeless
            continue
        parts = [_measure(one, index, judged) for index in range(len(one.bounds))]
        yield _joined(parts, one.scene, one.request, judged)
    progress("done", 1.0)


def _sought(request: ImageRequest) -> _Sought:
    """A scene that passed its checks, cut into segments."""
    cube = open_scene(request)
    scene = prepare_scene(cube, request)
    settle_amounts(scene, request)
    step = segment_lines(cube, len(scene.gases), request.memory_mb)
    bounds = []
    start = 0
    while start < cube.shape[0]:
        # A short rest at the end is taken together with the last whole segment.
        stop = cube.shape[0] if cube.shape[0] - start < 1.5 * step else start + step
        bounds.append((start, stop))
        start = stop
    return _Sought(request=request, scene=scene, bounds=bounds)


def _seek(one: _Sought, start: int, stop: int) -> None:
    """Candidates of lines [start, stop), searched by themselves."""
    scene, request = one.scene, one.request
    block = scene.block(start, stop)
    screened(block, thermal=scene.model.sign > 0)
    found, refused = Candidates(), None
    try:
        require_contrast(block, scene.model, scene.response, request)
        found = seek(
            block,
            scene.model,
            scene.response,
            grouping=request.grouping,
            rate=request.rate,
            seed=request.seed,
        )
    except RefusedError as error:
        refused = error
        if len(one.bounds) > 1:
            scene.warnings.append(f"lines {start} to {stop}: nothing can be said ({error.what})")
    one.candidates.append(found)
    one.refused.append(refused)


def _measure(one: _Sought, index: int, judged: Judgement) -> _Part:
    """What one segment says; blank where it says nothing."""
    scene, request = one.scene, one.request
    start, stop = one.bounds[index]
    block = scene.block(start, stop)
    marks = screened(block, thermal=scene.model.sign > 0)
    if one.refused[index] is not None:
        return _blank(start, marks, len(scene.gases))
    try:
        found = measure(
            block,
            scene.model,
            scene.gases,
            scene.response,
            one.candidates[index].above(judged.least_support),
            grouping=request.grouping,
            air_mass=scene.air_mass,
            seed=request.seed,
        )
    except RefusedError as error:
        scene.warnings.append(f"lines {start} to {stop}: nothing can be said ({error.what})")
        return _blank(start, marks, len(scene.gases))
    for group, _ in found.scores.refused:
        marks[(found.scores.group == group) & (marks == Quality.GOOD)] = Quality.DEAD
    if not request.residential:
        marks[(marks == Quality.GOOD) & ~np.isfinite(found.scores.factor)] = Quality.NO_CONTRAST
    part = _Part(
        start=start,
        necl=found.scores.necl_ppm_m,
        group=found.scores.group,
        reading=found.reading_ppm_m,
        factor=found.scores.factor,
        mask=found.plume_mask,
        marks=marks,
        columns=dict(found.columns_ppm_m),
    )
    part.plumes += [_measured(one, found.columns_ppm_m, found.scores, scene, start) for one in found.plumes]
    return part


@dataclass(slots=True, kw_only=True)
class _Part:
    start: int
    necl: Single
    group: NDArray[np.int32]
    reading: NDArray[np.float64]
    factor: Single
    mask: Flags
    marks: NDArray[np.uint8]
    columns: dict[str, Single] = field(default_factory=dict)
    plumes: list[ImagePlume] = field(default_factory=list)


def _blank(start: int, marks: NDArray[np.uint8], gases: int) -> _Part:
    marks[marks == Quality.GOOD] = Quality.NO_CONTRAST
    return _Part(
        start=start,
        necl=np.empty((0, gases), np.float32),
        group=np.full(marks.shape, -1, np.int32),
        reading=np.full((gases, TABLE_PPM_M.size), np.nan),
        factor=np.full(marks.shape, np.nan, np.float32),
        mask=np.zeros(marks.shape, bool),
        marks=marks,
    )


def _measured(
    one: DetectedPlume,
    columns: dict[str, Single],
    scores: Scores,
    scene: Scene,
    start: int,
) -> ImagePlume:
    mask = one.plume.full_mask((scores.factor.shape[0], scores.factor.shape[1]))
    by_name = {gas.gas: gas for gas in scene.gases}
    amounts = []
    if scene.pixel_m is not None and one.identification is not None:
        for candidate in one.identification.named:
            gas = by_name[candidate.gases[0]]
            amounts.append(
                plume_amounts(
                    gas.gas,
                    columns[gas.gas],
                    scores.sigma_ppm_m(gas.gas),
                    mask,
                    pixel_m=scene.pixel_m,
                    molar_mass_kg_mol=gas.molar_mass_kg_mol,
                    scale_uncertainty=gas.spectrum.relative_uncertainty,
                    wind=scene.wind,
                )
            )
    return ImagePlume(label="", first_line=start, found=one, amounts=tuple(amounts))


def _joined(parts: list[_Part], scene: Scene, request: ImageRequest, judged: Judgement) -> ImageResult:
    plumes = sorted((p for part in parts for p in part.plumes), key=lambda p: -p.found.plume.mass)
    labelled = tuple(
        ImagePlume(label=f"P{number}", first_line=p.first_line, found=p.found, amounts=p.amounts)
        for number, p in enumerate(plumes, 1)
    )
    columns = {}
    for gas in sorted({name for part in parts for name in part.columns}):
        blank = [np.full(part.factor.shape, np.nan, np.float32) for part in parts]
        columns[gas] = np.concatenate([
            part.columns.get(gas, b) for part, b in zip(parts, blank, strict=True)
        ])
    mask = np.concatenate([part.mask for part in parts])
    marks = np.concatenate([part.marks for part in parts])
    warnings = scene.warnings + remarks(marks)
    if request.residential:
        columns = {gas: np.where(mask, layer, np.float32(np.nan)) for gas, layer in columns.items()}
        warnings.append("homes are in view: columns are kept inside plumes only")
    cube = scene.cube
    return ImageResult(
        cube=cube,
        gases=scene.gases,
        unseen=scene.unseen,
        plumes=labelled,
        columns_ppm_m=columns,
        necl_ppm_m=np.concatenate([part.necl for part in parts]).T,
        group=_numbered(parts),
        reading_ppm_m=np.fmin.reduce([part.reading for part in parts]),
        factor=np.concatenate([part.factor for part in parts]),
        plume_mask=mask,
        quality=marks,
        pixel_m=scene.pixel_m,
        warnings=tuple(warnings),
        wind=scene.wind,
        residential=request.residential,
        judged=judged,
        provenance=Provenance(
            inputs=hashes(cube, request),
            configuration=request_as_plain(request),
            seed=request.seed,
        ),
    )


def _numbered(parts: list[_Part]) -> NDArray[np.int32]:
    """Groups of all segments, numbered on from one to the next; -1 where there is none."""
    before = np.cumsum([0, *(len(part.necl) for part in parts)])
    return np.concatenate([
        np.where(part.group < 0, np.int32(-1), part.group + np.int32(offset))
        for part, offset in zip(parts, before, strict=False)
    ])


def hashes(cube: Cube, request: ImageRequest) -> dict[str, str]:
    """Files that a result rests on.

    Args:
        cube: the scene.
        request: the request.

    Returns:
        Name to SHA-256.
    """
    paths = [cube.path, request.library, request.pose, request.camera]
    return {path.name: sha256_of_file(path) for path in paths if path is not None}


def request_as_plain(request: ImageRequest) -> dict[str, object]:
    """How a scene was looked at, as plain values for its provenance.

    Args:
        request: the request.

    Returns:
        Plain values.
    """
    wind = request.wind
    return {
        "gases": list(request.gases),
        "plume_temperature_k": request.plume_temperature_k,
        "solar_zenith_deg": request.solar_zenith_deg,
        "view_zenith_deg": request.view_zenith_deg,
        "wind_m_s": None if wind is None else [wind.speed_m_s, wind.speed_sigma_m_s],
        "wind_toward": None if wind is None else [wind.toward_eastward, wind.toward_northward],
        "background": str(request.grouping),
        "memory_mb": request.memory_mb,
        "rate": request.rate,
        "residential": request.residential,
        "thermal_frames": "dropped after retrieval" if request.drop_frames else "kept",
    }
