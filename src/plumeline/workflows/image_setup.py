"""What is settled before a scene is searched: bands, target model, units, memory, pixel size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.detections import Grouping, ReflectedTarget, SoughtGas, TargetModel, ThermalTarget, Wind
from plumeline.errors import InputError, RefusedError
from plumeline.instruments.cubes import RADIANCE_UNITS, UNKNOWN_UNIT, Cube, radiance_factor
from plumeline.radiometry import (
    BandResponse,
    brightness_temperature_k,
    planck_w_m2_sr_cm1,
    wavenumber_cm1,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]

THERMAL_BELOW_CM1 = 1700.0
SHORTWAVE_ABOVE_CM1 = 3700.0
BYTES_PER_BAND = 28
"""Working memory per pixel and band: the block, its residual, copies while clusters are made."""

BYTES_PER_GAS = 12
DEFAULT_FWHM_SHARE = 1.0
"""Band width over band spacing when a header gives no widths."""

LEAST_CONTRAST_K = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """What to do with a scene."""

    scene: Path
    """Cube file."""
    library: Path
    """Spectral library file."""
    gases: tuple[str, ...] = ()
    """Gases to seek; all when empty."""
    plume_temperature_k: float | None = None
    """Temperature of the plume, usually that of the air [K]; needed for thermal scenes."""
    solar_zenith_deg: float | None = None
    """Solar zenith angle [degrees]; needed for short-wave scenes."""
    view_zenith_deg: float = 0.0
    """View zenith angle [degrees]."""
    radiance_unit: str = ""
    """Unit of the signal when the header gives none."""
    pixel_m: float | None = None
    """Pixel size when the file gives no map [m]."""
    wind: Wind | None = None
    """Wind at the plume; without it no rates are given."""
    glt: Path | None = None
    """GLT file for ENVI."""
    pose: Path | None = None
    """Autopilot log that georeferences the scene, with `camera`."""
    camera: Path | None = None
    """Camera file of the imager."""
    memory_mb: float = 2000.0
    """Working memory."""
    rate: float = 0.05
    """Admitted share of false plumes."""
    grouping: Grouping = Grouping.COLUMNS
    """Which pixels share their statistics."""
    follow_s: float | None = None
    """The scene is still being written: how long to wait for a further line [s]. Streams only."""
    residential: bool = False
    """Homes are in view: column layers are kept inside plumes only."""
    drop_frames: bool = False
    """The recording is deleted once its products stand; its hash stays."""
    seed: int = 0
    """Random seed."""


def declared_good(cube: Cube) -> Flags:
    """Bands that the header does not call bad, shape (band,).

    Args:
        cube: the cube.

    Returns:
        Which they are.
    """
    return np.ones(cube.shape[2], bool) if cube.bad_bands is None else ~cube.bad_bands


def instrument(cube: Cube, good: Flags) -> BandResponse:
    """The usable bands of a cube in wavenumbers.

    Args:
        cube: the cube.
        good: bands to use, shape (band,).

    Returns:
        Their response.

    Raises:
        UnitError: the band centres cannot be in their unit.
    """
    centre = wavenumber_cm1(cube.centre, cube.wavelength_unit)
    if cube.fwhm is not None:
        slope = 1.0 if cube.wavelength_unit == "cm-1" else centre / cube.centre
        fwhm = np.asarray(cube.fwhm * slope)
    else:
        fwhm = DEFAULT_FWHM_SHARE * np.abs(np.gradient(centre))
    return BandResponse(centre_cm1=centre[good], fwhm_cm1=fwhm[good])


def target_model(
    request: ImageRequest, response: BandResponse, gases: tuple[SoughtGas, ...]
) -> tuple[TargetModel, float]:
    """How gases change this scene's pixels, and the air-mass factor.

    Args:
        request: temperatures and angles.
        response: the bands.
        gases: the gases.

    Returns:
        The model and the factor.

    Raises:
        InputError: the band range is neither thermal nor short-wave, or a needed number was not given.
    """
    names = tuple(gas.gas for gas in gases)
    absorbance = np.stack([gas.absorbance_per_ppm_m for gas in gases])
    low, high = float(response.centre_cm1.min()), float(response.centre_cm1.max())
    if high < THERMAL_BELOW_CM1:
        if request.plume_temperature_k is None:
            raise InputError(
                "a thermal scene needs the plume's temperature",
                remedy="give --plume-temperature, e.g. the air's",
            )
        zeros = np.zeros(response.centre_cm1.size)
        return ThermalTarget(
            gases=names,
            absorbance_per_ppm_m=absorbance,
            plume_radiance=planck_w_m2_sr_cm1(response.centre_cm1, request.plume_temperature_k),
            transmittance=zeros + 1.0,
            path_radiance=zeros,
        ), 1.0
    if low < SHORTWAVE_ABOVE_CM1:
        raise InputError(
            f"bands from {low:.0f} to {high:.0f} cm-1 are neither thermal nor short-wave",
            remedy="cut the cube to 5.9 µm and longer, or to 2.7 µm and shorter",
        )
    if request.solar_zenith_deg is None:
        raise InputError("a short-wave scene needs the sun's zenith angle", remedy="give --solar-zenith")
    air_mass = float(
        1 / np.cos(np.radians(request.solar_zenith_deg)) + 1 / np.cos(np.radians(request.view_zenith_deg))
    )
    return ReflectedTarget(gases=names, absorbance_per_ppm_m=air_mass * absorbance), air_mass


def segment_lines(cube: Cube, gases: int, memory_mb: float) -> int:
    """Lines that fit the working memory.

    Args:
        cube: the cube.
        gases: number of gases.
        memory_mb: working memory [MB].

    Returns:
        Lines of one segment.

    Raises:
        InputError: the memory does not hold enough lines for statistics.
    """
    per_line = cube.shape[1] * (BYTES_PER_BAND * cube.shape[2] + BYTES_PER_GAS * gases)
    lines = int(memory_mb * 1e6 / per_line)
    least = min(cube.shape[0], cube.shape[2])
    if lines < least:
        raise InputError(
            f"{memory_mb:.0f} MB hold {lines} lines of this cube; statistics need {least}",
            remedy=f"give --memory {least * per_line / 1e6:.0f} or more",
        )
    return min(lines, cube.shape[0])


def radiance_scale(cube: Cube, request: ImageRequest, response: BandResponse) -> Single:
    """Factor of each band to W m-2 sr-1 (cm-1)-1 for thermal scenes; 1 for short-wave ones, where only ratios count.

    Args:
        cube: the cube.
        request: the unit when the header gives none.
        response: the bands.

    Returns:
        The factors, shape (band,).

    Raises:
        InputError: the unit is missing or unknown.
    """
    if float(response.centre_cm1.max()) >= THERMAL_BELOW_CM1:
        return np.ones(response.centre_cm1.size, np.float32)
    unit = " ".join((request.radiance_unit or cube.unit).split())
    factor = radiance_factor(unit, response.centre_cm1)
    if factor is None:
        raise InputError(
            "does not say the unit of its radiance"
            if unit == UNKNOWN_UNIT
            else f"the radiance is in {unit!r}",
            where=cube.name,
            remedy="give --radiance-unit, e.g. " + "; ".join(RADIANCE_UNITS),
        )
    return factor.astype(np.float32)


def require_contrast(
    block: Single, model: TargetModel, response: BandResponse, request: ImageRequest
) -> None:
    """Refuse thermal lines whose surfaces all are at the plume's temperature, or that hold nothing.

    Args:
        block: radiance, shape (line, sample, band), NaN where there is none.
        model: how gases change it.
        response: the bands.
        request: the plume's temperature.

    Raises:
        RefusedError: there is no value, or no thermal contrast.
    """
    some = block.reshape(-1, block.shape[2])[:: max(1, block.shape[0] * block.shape[1] // 2000)]
    some = some[np.isfinite(some).all(axis=1)]
    if not some.size:
        raise RefusedError("no pixel has a value in every band")
    if not isinstance(model, ThermalTarget) or request.plume_temperature_k is None:
        return
    kelvin = brightness_temperature_k(response.centre_cm1, some.astype(np.float64)).mean(axis=1)
    if float(np.median(np.abs(kelvin - request.plume_temperature_k))) < LEAST_CONTRAST_K:
        raise RefusedError(
            "the surfaces are at the plume's temperature: there is no thermal contrast, so nothing can be seen",
            remedy="fly when the ground is warmer or colder than the air, or look against the sky",
        )


def pixel_size_m(cube: Cube, request: ImageRequest, warnings: list[str]) -> tuple[float, float] | None:
    """Pixel height and width on the ground [m], or None with a warning when neither file nor request tells.

    Args:
        cube: the cube.
        request: the size when the file has no map.
        warnings: gets a sentence when there is none.

    Returns:
        Height and width [m].
    """
    if request.pixel_m is not None:
        return (request.pixel_m, request.pixel_m)
    grid = cube.grid
    if grid is None:
        warnings.append("the scene has no map and no --pixel: masses and rates are not reported")
        return None
    north, east = grid.metres_per_unit()
    return (grid.pixel[1] * north, grid.pixel[0] * east)
