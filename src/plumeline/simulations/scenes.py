"""Semi-synthetic thermal scenes: real gas spectra, a built-up surface, a real sensor's faults, and a plume.

The scene holds what a linear retrieval does not: columns of any strength passed through the band-averaged
transmittance of the full-resolution spectrum, a plume temperature that differs from the one assumed, smile (band
centres that drift across the detector), striping (gain and offset per detector column), emissivity spectra with
quartz and paint features, sky light reflected by imperfect emitters, and shadows.

References: Young et al., J. Geophys. Res. 107, 4118 (2002) for magnitudes of atmosphere and emissivity contrast.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from plumeline.radiometry import BandResponse, planck_w_m2_sr_cm1
from plumeline.simulations.band_depth import column_ppm_m, optical_depth
from plumeline.simulations.scene_plume import ScenePlume, plume_mass_kg_m2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from plumeline.chem.spectra import CrossSection

    Doubles = NDArray[np.float64]
    Single = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalSceneSettings:
    """A thermal scene's sensor and surroundings."""

    lines: int = 160
    """Lines."""
    samples: int = 128
    """Samples."""
    pixel_m: float = 0.5
    """Pixel size [m]."""
    low_cm1: float = 780.0
    """First band centre [cm-1]."""
    high_cm1: float = 1290.0
    """Last band centre [cm-1]."""
    bands: int = 104
    """Number of bands."""
    fwhm_cm1: float = 6.0
    """Band width [cm-1]."""
    noise_w_m2_sr_cm1: float = 2e-4
    """Noise-equivalent spectral radiance, 1 sigma [W m-2 sr-1 (cm-1)-1]; 2e-4 is 20 nW cm-2 sr-1 (cm-1)-1."""
    striping: float = 0.002
    """Relative spread of gain per detector column and band."""
    smile_cm1: float = 0.5
    """Shift of band centres at the detector's edge [cm-1]."""
    air_k: float = 295.0
    """Air temperature [K]."""
    ground_k: float = 303.0
    """Mean surface temperature [K]."""
    seed: int = 1
    """Random seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emission:
    """A source of one or more gases."""

    plume: ScenePlume
    """Place and wind; its rate is that of the first gas."""
    gases: Mapping[str, float]
    """Rate of each gas [kg s-1]."""
    temperature_k: float
    """Temperature of the plume [K]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedScene:
    """A cube and the truth behind it."""

    radiance_w_m2_sr_cm1: Single
    """At-sensor radiance, shape (line, sample, band)."""
    response: BandResponse
    """Nominal bands, as the header says."""
    pixel_m: float
    """Pixel size [m]."""
    column_ppm_m: Mapping[str, Single]
    """True column of each gas, shape (line, sample)."""
    transmittance: Doubles
    """True atmosphere between ground and sensor, shape (band,)."""
    settings: ThermalSceneSettings
    """What it was made from."""
    emissions: tuple[Emission, ...] = field(default=())
    """Sources."""


def thermal_scene(
    spectra: Mapping[str, CrossSection],
    emissions: tuple[Emission, ...] = (),
    settings: ThermalSceneSettings | None = None,
) -> SimulatedScene:
    """Make a thermal scene.

    Args:
        spectra: spectrum of each gas that is emitted.
        emissions: sources; none gives a clean scene.
        settings: sensor and surroundings.

    Returns:
        The scene with its truth.
    """
    s = settings or ThermalSceneSettings()
    rng = np.random.default_rng(s.seed)
    centre = np.linspace(s.low_cm1, s.high_cm1, s.bands)
    shape = (s.lines, s.samples)
    ground = _ground(centre, s, rng)
    atmosphere = _atmosphere(centre, rng)
    path = (1 - atmosphere) * planck_w_m2_sr_cm1(centre, s.air_k - 2.0)
    columns: dict[str, Doubles] = {}
    radiance = ground
    shift = s.smile_cm1 * np.linspace(-1, 1, s.samples) ** 2
    for emission in emissions:
        mass = plume_mass_kg_m2(emission.plume, shape=shape, pixel_m=s.pixel_m, rng=rng)
        first = next(iter(emission.gases.values()))
        depth = np.zeros((*shape, s.bands))
        for gas, rate in emission.gases.items():
            column = column_ppm_m(gas, mass * (rate / first))
            columns[gas] = columns.get(gas, np.zeros(shape)) + column
            depth += optical_depth(
                spectra[gas],
                column,
                centre_cm1=centre,
                fwhm_cm1=np.full(s.bands, s.fwhm_cm1),
                shift_cm1=shift,
            )
        transmittance = np.exp(-depth)
        radiance = transmittance * radiance + (1 - transmittance) * planck_w_m2_sr_cm1(
            centre, emission.temperature_k
        )
    radiance = atmosphere * radiance + path
    noisy = detector_faults(radiance, s, rng)
    return SimulatedScene(
        radiance_w_m2_sr_cm1=noisy.astype(np.float32),
        response=BandResponse(centre_cm1=centre, fwhm_cm1=np.full(s.bands, s.fwhm_cm1)),
        pixel_m=s.pixel_m,
        column_ppm_m={gas: column.astype(np.float32) for gas, column in columns.items()},
        transmittance=atmosphere,
        settings=s,
        emissions=emissions,
    )


def detector_faults(radiance: Doubles, s: ThermalSceneSettings, rng: np.random.Generator) -> Doubles:
    """What a detector adds to light: gain and offset of each column and band, and noise.

    Args:
        radiance: what falls on it, shape (line, sample, band).
        s: the sensor.
        rng: random generator.

    Returns:
        What it reads, same shape.
    """
    _, samples, bands = radiance.shape
    gain = 1 + s.striping * (
        0.7 * rng.standard_normal((samples, 1)) + 0.7 * rng.standard_normal((samples, bands))
    )
    offset = s.striping * 0.3 * radiance.mean() * rng.standard_normal((samples, bands))
    return np.asarray(radiance * gain + offset + s.noise_w_m2_sr_cm1 * rng.standard_normal(radiance.shape))


def _ground(centre: Doubles, s: ThermalSceneSettings, rng: np.random.Generator) -> Doubles:
    """Ground-leaving radiance of roofs, roads and plants: blocks of materials with their own temperature."""
    shape = (s.lines, s.samples)
    seeds = rng.uniform(0, 1, (40, 2)) * shape
    line, sample = np.mgrid[: s.lines, : s.samples]
    distance = np.abs(line[..., None] - seeds[:, 0]) + np.abs(sample[..., None] - seeds[:, 1])
    block = distance.argmin(axis=-1)
    material = rng.integers(0, 6, 40)[block]
    emissivity = _emissivities(centre, rng)[material]
    texture = ndimage.gaussian_filter(rng.standard_normal(shape), 1.2) * 2.5
    kelvin = s.ground_k + rng.normal(0, 3.0, 40)[block] + texture + 0.3 * rng.standard_normal(shape)
    sky = 0.35 * planck_w_m2_sr_cm1(centre, s.air_k - 20.0)
    mixed = emissivity * (1 + 0.004 * rng.standard_normal((*shape, 1)))
    return np.asarray(mixed * planck_w_m2_sr_cm1(centre, kelvin[..., None]) + (1 - mixed) * sky)


def _emissivities(centre: Doubles, rng: np.random.Generator) -> Doubles:
    """Six materials: smooth emitters with broad dips as silicates and paints have, 60 to 150 cm-1 wide."""
    base = rng.uniform(0.93, 0.99, (6, 1))
    dips = np.zeros((6, centre.size))
    for material in range(6):
        for _ in range(3):
            dips[material] -= rng.uniform(0.005, 0.06) * np.exp(
                -0.5 * ((centre - rng.uniform(centre[0], centre[-1])) / rng.uniform(60, 150)) ** 2
            )
    return base + dips


def _atmosphere(centre: Doubles, rng: np.random.Generator) -> Doubles:
    """Transmittance of a short path: a window with water lines at fixed random places."""
    continuum = 0.97 - 0.05 * ((centre - 1000) / 300) ** 2
    lines = sum(
        rng.uniform(0.0, 0.06) * np.exp(-0.5 * ((centre - at) / 5.0) ** 2)
        for at in rng.uniform(centre[0], centre[-1], 25)
    )
    return np.asarray(np.clip(continuum - lines, 0.3, 1.0))
