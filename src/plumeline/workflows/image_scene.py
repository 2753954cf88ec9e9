"""A scene whose header has been held against its values, with what it is to be searched for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.chem.spectra import read_library
from plumeline.detections import SoughtGas, sought_gases
from plumeline.errors import InputError
from plumeline.instruments.cubes import Cube, check_layout, format_of, read_cube, read_envi
from plumeline.units import REFERENCE_TEMPERATURE_K
from plumeline.workflows.image_pose import posed, read_mount
from plumeline.workflows.image_screen import (
    BLOCK_LINES,
    believable,
    check_bands,
    likelier_width,
    survey,
    usable_bands,
)
from plumeline.workflows.image_setup import (
    ImageRequest,
    declared_good,
    instrument,
    pixel_size_m,
    radiance_scale,
    target_model,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.detections import TargetModel, Wind
    from plumeline.radiometry import BandResponse

    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]

CALM_M_S = 0.5
"""Below this wind no rate is given [m s-1]."""


@dataclass(slots=True, kw_only=True)
class Scene:
    """A scene that passed its checks, ready to be searched."""

    cube: Cube
    """The scene."""
    response: BandResponse
    """Its usable bands."""
    good: Flags
    """Which bands those are, shape (band,)."""
    gases: tuple[SoughtGas, ...]
    """Gases to seek."""
    unseen: tuple[tuple[str, str], ...]
    """Gases that this instrument cannot see, and why."""
    model: TargetModel
    """How the gases change a pixel."""
    air_mass: float
    """How often the light passes the vertical column."""
    scale: Single
    """Factor of each band from the file's values to W m-2 sr-1 (cm-1)-1; 1 in the short wave, shape (band,)."""
    warnings: list[str]
    """What the reader must know."""
    pixel_m: tuple[float, float] | None = None
    """Pixel height and width [m]; None when unknown."""
    wind: Wind | None = None
    """Wind that rates can rest on."""

    def block(self, start: int, stop: int) -> Single:
        """Usable bands of lines [start, stop), scaled, a copy of its own.

        Args:
            start: first line.
            stop: line after the last.

        Returns:
            Signal, shape (line, sample, band).
        """
        read = self.cube.block(start, stop)
        block = read if self.good.all() else read[:, :, self.good]
        if (self.scale != 1).any():
            block *= self.scale
        return block


def open_scene(request: ImageRequest) -> Cube:
    """Open the scene's file and give it its map; nothing but headers is read.

    Args:
        request: the scene.

    Returns:
        The cube.

    Raises:
        InputError: the file, its map, or the autopilot's log cannot be used.
        ConfigurationError: the camera file is wrong.
    """
    if request.follow_s is not None:
        if format_of(request.scene) != "cube_l1_envi":
            raise InputError(
                "is no ENVI cube, and only those can be followed while they are written",
                where=str(request.scene),
                remedy="leave --follow out once it is whole",
            )
        return read_envi(request.scene, glt=request.glt, growing=True)
    cube = read_cube(request.scene, glt=request.glt)
    if request.pose is None or request.camera is None:
        return cube
    return posed(cube, request.pose, read_mount(request.camera))


def prepare_scene(cube: Cube, request: ImageRequest) -> Scene:
    """Check a scene's header against its values and settle how it is looked at.

    Args:
        cube: the scene.
        request: how to look at it.

    Returns:
        The scene, ready to be searched.

    Raises:
        InputError: the scene or the library cannot be used, or something needed was not given.
    """
    warnings = check_bands(cube)
    check_layout(cube)
    some = survey(cube)
    good, said = usable_bands(some, declared_good(cube), where=cube.name)
    response = instrument(cube, good)
    gases, unseen = sought_gases(
        read_library(request.library),
        response,
        names=request.gases or None,
        temperature_k=request.plume_temperature_k or REFERENCE_TEMPERATURE_K,
    )
    scale = radiance_scale(cube, request, response)
    model, air_mass = target_model(request, response, gases)
    with np.errstate(all="ignore"):
        # Values under a wrong byte order are anything at all, signalling NaN included.
        seen = some[:, :, good].astype(np.float64) * scale
        first = cube.block(0, min(cube.shape[0], BLOCK_LINES))[:, :, good].mean(axis=2)
    warnings += said + believable(seen, response, thermal=model.sign > 0, where=cube.name)
    width = likelier_width(first, cube.shape[0])
    if width is not None:
        warnings.append(
            f"the picture fits together with {width} samples a line, not with the header's {cube.shape[1]}: "
            "shapes, places and masses are wrong if so"
        )
    return Scene(
        cube=cube,
        response=response,
        good=good,
        gases=gases,
        unseen=unseen,
        model=model,
        air_mass=air_mass,
        scale=scale,
        warnings=warnings,
    )


def settle_amounts(scene: Scene, request: ImageRequest) -> None:
    """Settle what masses and rates rest on: pixel size and wind, each with a remark when it is missing.

    Args:
        scene: the scene; gets both.
        request: what the user gave.
    """
    scene.pixel_m = pixel_size_m(scene.cube, request, scene.warnings)
    wind = request.wind
    if wind is None:
        scene.warnings.append("no wind was given: masses are reported, emission rates are not")
    elif wind.speed_m_s < CALM_M_S:
        scene.warnings.append(
            f"a wind of {wind.speed_m_s:g} m/s gives a plume no direction: masses are reported, emission rates are not"
        )
    else:
        scene.wind = wind
