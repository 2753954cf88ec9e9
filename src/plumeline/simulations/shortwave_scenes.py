"""Short-wave scenes: sunlight reflected by a built-up surface, twice through a plume, with a real sensor's faults.

Sunlight is that of a black body of 5,772 K; the atmosphere has water lines at fixed random places; surfaces are smooth
spectra with broad dips; the sensor adds noise that grows with the signal, striping and smile. The plume's bands are the
band means of exp(-absorbance) of the full-resolution record along the slanted way, which no linear retrieval assumes.

References: Prša et al. 2016 (nominal solar temperature, doi:10.3847/0004-6256/152/2/41); Thompson et al. 2024 (EMIT,
noise and band widths of such an instrument, doi:10.1016/j.rse.2023.113986).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from plumeline.simulations.band_depth import column_ppm_m, optical_depth
from plumeline.simulations.scene_plume import ScenePlume, plume_mass_kg_m2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from plumeline.chem.spectra import CrossSection

    Doubles = NDArray[np.float64]
    Single = NDArray[np.float32]

SUN_K = 5772.0
SUN_SOLID_ANGLE_SR = 6.794e-5
SURFACES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortwaveSettings:
    """A short-wave scene's sensor and surroundings."""

    lines: int = 160
    """Lines."""
    samples: int = 128
    """Samples."""
    pixel_m: float = 2.0
    """Pixel size [m]."""
    low_nm: float = 2000.0
    """First band centre [nm]."""
    high_nm: float = 2450.0
    """Last band centre [nm]."""
    bands: int = 61
    """Number of bands."""
    fwhm_nm: float = 8.5
    """Band width [nm]."""
    solar_zenith_deg: float = 35.0
    """Solar zenith angle [degrees]; the sensor looks straight down."""
    noise_share: float = 0.003
    """Noise of a bright pixel over its signal, 1 sigma."""
    striping: float = 0.003
    """Relative spread of gain per detector column and band."""
    smile_nm: float = 0.3
    """Shift of band centres at the detector's edge [nm]."""
    seed: int = 1
    """Random seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortwaveScene:
    """A cube and the truth behind it."""

    radiance_uw_cm2_sr_nm: Single
    """At-sensor radiance [µW cm-2 sr-1 nm-1], shape (line, sample, band)."""
    wavelength_nm: Doubles
    """Nominal band centres [nm]."""
    column_ppm_m: Mapping[str, Single]
    """True vertical column of each gas, shape (line, sample)."""
    settings: ShortwaveSettings
    """What it was made from."""


def shortwave_scene(
    spectra: Mapping[str, CrossSection],
    emissions: Sequence[tuple[ScenePlume, Mapping[str, float]]],
    settings: ShortwaveSettings,
) -> ShortwaveScene:
    """Make a short-wave scene.

    Args:
        spectra: spectrum of each gas that is emitted.
        emissions: plume and rate of each gas [kg s-1], the plume's own rate being that of the first.
        settings: sensor and surroundings.

    Returns:
        The scene with its truth.
    """
    s = settings
    rng = np.random.default_rng(s.seed)
    wavelength = np.linspace(s.low_nm, s.high_nm, s.bands)
    shape = (s.lines, s.samples)
    cosine = float(np.cos(np.radians(s.solar_zenith_deg)))
    signal = sunlight_uw_cm2_nm(wavelength) * cosine / np.pi * _air(wavelength, rng) * _ground(shape, s, rng)
    centre = 1e7 / wavelength
    width = s.fwhm_nm * centre / wavelength
    smile = s.smile_nm * np.linspace(-1, 1, s.samples) ** 2
    shift = -smile * float(np.mean(centre / wavelength))
    columns: dict[str, Doubles] = {}
    for plume, gases in emissions:
        mass = plume_mass_kg_m2(plume, shape=shape, pixel_m=s.pixel_m, rng=rng)
        first = next(iter(gases.values()))
        for gas, rate in gases.items():
            column = column_ppm_m(gas, mass * (rate / first))
            columns[gas] = columns.get(gas, np.zeros(shape)) + column
            slant = column * (1.0 / cosine + 1.0)
            signal *= np.exp(
                -optical_depth(spectra[gas], slant, centre_cm1=centre, fwhm_cm1=width, shift_cm1=shift)
            )
    gain = 1 + s.striping * rng.standard_normal((s.samples, s.bands))
    bright = float(np.quantile(signal, 0.9))
    noise = s.noise_share * np.sqrt(np.maximum(signal, 0.0) * bright) * rng.standard_normal(signal.shape)
    return ShortwaveScene(
        radiance_uw_cm2_sr_nm=(signal * gain + noise).astype(np.float32),
        wavelength_nm=wavelength,
        column_ppm_m={gas: column.astype(np.float32) for gas, column in columns.items()},
        settings=s,
    )


def sunlight_uw_cm2_nm(wavelength_nm: Doubles) -> Doubles:
    """Sunlight outside the atmosphere.

    Args:
        wavelength_nm: wavelengths [nm].

    Returns:
        Irradiance [µW cm-2 nm-1], same shape; about 7 at 2.3 µm.
    """
    metres = wavelength_nm * 1e-9
    # Planck's law per metre of wavelength, times the sun's solid angle; 1 W m-2 m-1 is 1e-7 µW cm-2 nm-1.
    radiance = 1.191042972e-16 / metres**5 / np.expm1(1.438776877e-2 / (metres * SUN_K))
    return np.asarray(radiance * SUN_SOLID_ANGLE_SR * 1e-7)


def _air(wavelength: Doubles, rng: np.random.Generator) -> Doubles:
    """Transmittance of the way down and up: a window with water lines at its edges and at random places."""
    edges = 0.5 * np.exp(-(((wavelength - wavelength[0]) / 60.0) ** 2))
    lines = sum(
        rng.uniform(0.0, 0.1) * np.exp(-0.5 * ((wavelength - at) / 7.0) ** 2)
        for at in rng.uniform(wavelength[0], wavelength[-1], 20)
    )
    return np.asarray(np.clip(0.93 - edges - lines, 0.2, 1.0))


def _ground(shape: tuple[int, int], s: ShortwaveSettings, rng: np.random.Generator) -> Doubles:
    """Reflectance of roofs, roads and plants: blocks of surfaces with texture."""
    band = np.linspace(0.0, 1.0, s.bands)
    spectra = np.stack([
        rng.uniform(0.08, 0.4)
        * (1 + 0.15 * np.sin(2 * np.pi * (rng.uniform(0.3, 1.2) * band + rng.uniform())))
        for _ in range(SURFACES)
    ])
    seeds = rng.uniform(0, 1, (40, 2)) * shape
    line, sample = np.mgrid[: shape[0], : shape[1]]
    distance = np.abs(line[..., None] - seeds[:, 0]) + np.abs(sample[..., None] - seeds[:, 1])
    surface = rng.integers(0, SURFACES, 40)[distance.argmin(axis=-1)]
    texture = np.exp(0.15 * ndimage.gaussian_filter(rng.standard_normal(shape), 1.0) / 0.28)
    return np.asarray(spectra[surface] * texture[..., None])
