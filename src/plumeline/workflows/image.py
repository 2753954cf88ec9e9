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
    MDCL_PER_NECL,
    TABLE_PPM_M,
    DetectedPlume,
    PlumeAmounts,
    Scores,
    SoughtGas,
    Wind,
    detect,
    plume_amounts,
    true_columns,
)
from plumeline.errors import RefusedError
from plumeline.provenance import Provenance, sha256_of_file
from plumeline.workflows.image_scene import Scene, open_scene, prepare_scene, settle_amounts
from plumeline.workflows.image_screen import Quality, remarks, screened
from plumeline.workflows.image_setup import ImageRequest, require_contrast, segment_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from plumeline.instruments.cubes import Cube

    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePlume:
    """A plume with its amounts."""

    label: str
    """"P1", "P2", …"""
    first_line: int
    """First line of the segment that it was found in."""
    found: DetectedPlume
    """Pixels, identification, evidence."""
    amounts: tuple[PlumeAmounts, ...]
    """Mass and rates of each named gas."""

    def scene_mask(self, shape: tuple[int, int]) -> Flags:
        """Its pixels over the whole scene, shape (line, sample)."""
        mask = np.zeros(shape, bool)
        lines, samples = self.found.plume.window
        mask[lines.start + self.first_line : lines.stop + self.first_line, samples] = self.found.plume.mask
        return mask


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageResult:
    """All that a scene says."""

    cube: Cube
    """The scene's metadata."""
    gases: tuple[SoughtGas, ...]
    """Gases sought."""
    unseen: tuple[tuple[str, str], ...]
    """Gases that this instrument cannot see, and why."""
    plumes: tuple[ImagePlume, ...]
    """Plumes."""
    columns_ppm_m: dict[str, Single]
    """Columns of named gases, shape (line, sample)."""
    necl_ppm_m: Single
    """Noise-equivalent column per gas and detector column at mean contrast [ppm m], shape (gas, sample)."""
    reading_ppm_m: NDArray[np.float64]
    """What the filters read the columns of a saturation table as [ppm m], shape (gas, column)."""
    factor: Single
    """Contrast of each pixel relative to its column's mean, shape (line, sample); noise is divided by it."""
    plume_mask: Flags
    """Pixels of plumes, shape (line, sample)."""
    quality: NDArray[np.uint8]
    """`Quality` of each pixel, shape (line, sample)."""
    pixel_m: tuple[float, float] | None
    """Pixel height and width [m]; None when unknown."""
    warnings: tuple[str, ...]
    """What the reader must know."""
    wind: Wind | None
    """Wind that the rates rest on."""
    residential: bool
    """Homes are in view: nothing here draws the ground."""
    provenance: Provenance
    """Inputs by hash, configuration, seed."""

    @property
    def limit_ppm_m(self) -> Single:
        """Minimum detectable column per gas and detector column at mean contrast [ppm m], shape (gas, sample)."""
        return np.stack([
            true_columns(MDCL_PER_NECL * necl, reading)
            for necl, reading in zip(self.necl_ppm_m, self.reading_ppm_m, strict=True)
        ])

    def limit_map_ppm_m(self, gas: str) -> Single:
        """Minimum detectable column of a gas in each pixel [ppm m], shape (line, sample).

        A limit follows the contrast of each pixel and so draws the ground. With homes in view the scene's median
        stands everywhere.
        """
        index = [one.gas for one in self.gases].index(gas)
        if self.residential:
            limit = self.limit_ppm_m[index]
            return np.full(
                self.factor.shape, np.float32(np.nanmedian(np.where(np.isfinite(limit), limit, np.nan)))
            )
        with np.errstate(divide="ignore"):
            necl = self.necl_ppm_m[index] / np.abs(self.factor)
        return true_columns(MDCL_PER_NECL * necl, self.reading_ppm_m[index])


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
    cube = open_scene(request)
    scene = prepare_scene(cube, request)
    settle_amounts(scene, request)
    step = segment_lines(cube, len(scene.gases), request.memory_mb)
    parts: list[_Part] = []
    start = 0
    while start < cube.shape[0]:
        # A short rest at the end is taken together with the last whole segment.
        stop = cube.shape[0] if cube.shape[0] - start < 1.5 * step else start + step
        progress("searching", start / cube.shape[0])
        parts.append(_segment(scene, request, start, stop))
        start = stop
    refused = [part for part in parts if part.refused is not None]
    if len(refused) == len(parts) and refused[0].refused is not None:
        raise refused[0].refused
    scene.warnings += [
        f"lines {part.start} to {part.start + len(part.marks)}: nothing can be said ({part.refused.what})"
        for part in refused
        if part.refused is not None and len(parts) > 1
    ]
    progress("done", 1.0)
    return _joined(parts, scene, request)


def _segment(scene: Scene, request: ImageRequest, start: int, stop: int) -> _Part:
    """Lines [start, stop), searched by themselves; blank where they say nothing."""
    block = scene.block(start, stop)
    marks = screened(block, thermal=scene.model.sign > 0)
    try:
        require_contrast(block, scene.model, scene.response, request)
        found = detect(
            block,
            scene.model,
            scene.gases,
            scene.response,
            rate=request.rate,
            air_mass=scene.air_mass,
            seed=request.seed,
        )
    except RefusedError as error:
        return _blank(start, marks, len(scene.gases), error)
    for group, _ in found.scores.refused:
        marks[:, group] = np.where(marks[:, group] == Quality.GOOD, Quality.DEAD, marks[:, group])
    if not request.residential:
        marks[(marks == Quality.GOOD) & ~np.isfinite(found.scores.factor)] = Quality.NO_CONTRAST
    part = _Part(
        start=start,
        necl=found.scores.necl_ppm_m,
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
    reading: NDArray[np.float64]
    factor: Single
    mask: Flags
    marks: NDArray[np.uint8]
    columns: dict[str, Single] = field(default_factory=dict)
    plumes: list[ImagePlume] = field(default_factory=list)
    refused: RefusedError | None = None


def _blank(start: int, marks: NDArray[np.uint8], gases: int, refused: RefusedError) -> _Part:
    marks[marks == Quality.GOOD] = Quality.NO_CONTRAST
    return _Part(
        start=start,
        necl=np.full((marks.shape[1], gases), np.nan, np.float32),
        reading=np.full((gases, TABLE_PPM_M.size), np.nan),
        factor=np.full(marks.shape, np.nan, np.float32),
        mask=np.zeros(marks.shape, bool),
        marks=marks,
        refused=refused,
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


def _joined(parts: list[_Part], scene: Scene, request: ImageRequest) -> ImageResult:
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
        # The worst of all segments.
        necl_ppm_m=np.fmax.reduce([part.necl for part in parts]).T,
        reading_ppm_m=np.fmin.reduce([part.reading for part in parts]),
        factor=np.concatenate([part.factor for part in parts]),
        plume_mask=mask,
        quality=marks,
        pixel_m=scene.pixel_m,
        warnings=tuple(warnings),
        wind=scene.wind,
        residential=request.residential,
        provenance=Provenance(
            inputs=hashes(cube, request),
            configuration=request_as_plain(request),
            seed=request.seed,
        ),
    )


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
        "memory_mb": request.memory_mb,
        "rate": request.rate,
        "residential": request.residential,
        "thermal_frames": "dropped after retrieval" if request.drop_frames else "kept",
    }
