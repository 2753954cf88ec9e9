"""A whole scene: which gases could be seen, where plumes are, what they are, and how much there is.

Plumes are found over several looks (`looks`), each with cleaner statistics. Columns come from a last one with the
plumes and a rim around them left out of every mean, covariance and cluster: a plume in its own statistics reads low.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from plumeline.chem.spectra import Grade, gas_named, molar_mass_kg_mol
from plumeline.detections.identify import Identification, identify
from plumeline.detections.looks import Candidates, Grouping, Looks, pooled_threshold, rim
from plumeline.detections.plume_spectrum import PlumeSpectrum, plume_spectrum
from plumeline.detections.saturation import (
    TABLE_PPM_M,
    desaturated,
    linear_readings,
    transmittance_table,
    true_columns,
)
from plumeline.errors import InputError, RefusedError
from plumeline.units import REFERENCE_TEMPERATURE_K

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from plumeline.chem.spectra import CrossSection, Library
    from plumeline.detections.matched import Scores
    from plumeline.detections.plumes import Plume
    from plumeline.detections.targets import TargetModel
    from plumeline.radiometry import BandResponse

    Doubles = NDArray[np.float64]
    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]

GATHER_PIXELS = 1.0

LEAST_COVER = 0.8
"""A record must cover this share of the instrument's bands to be sought."""

LEAST_ABSORBANCE_PER_PPM_M = 1e-8
"""Peak band absorbance per ppm m below which a gas has no band for this instrument: 1e5 ppm m would take 0.1 %."""

LEAST_STRENGTH = 1e-6
"""A gas whose lines in range are all weaker than this share of its strongest has no band there."""

MDCL_PER_NECL = 4.0
"""Minimum detectable column, as a linear filter reads it, over noise-equivalent column: detected with 0.95, false with
0.05. The column itself is somewhat larger where it saturates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtGas:
    """A gas that the instrument can see."""

    gas: str
    """Name."""
    spectrum: CrossSection
    """Its record."""
    absorbance_per_ppm_m: Doubles
    """Napierian absorbance per ppm m in each band, shape (band,)."""
    molar_mass_kg_mol: float
    """Molar mass [kg mol-1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedPlume:
    """A plume with what it may be made of."""

    plume: Plume
    """Its pixels."""
    identification: Identification | None
    """Which gases; None where it could not be tried."""
    spectrum: PlumeSpectrum | None
    """The evidence for an analyst's eye."""
    remark: str
    """Why there is no identification, if so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneDetections:
    """What a scene holds."""

    scores: Scores
    """Scores of every gas, plumes excluded from the statistics."""
    plumes: tuple[DetectedPlume, ...]
    """Plumes, strongest first."""
    columns_ppm_m: dict[str, Single]
    """Column of every named gas, saturation taken out [ppm m], shape (line, sample)."""
    plume_mask: Flags
    """Pixels of any plume, shape (line, sample)."""
    reading_ppm_m: Doubles
    """What the filters read the columns of `TABLE_PPM_M` as, for each gas [ppm m], shape (gas, column)."""

    def limit_ppm_m(self, gas: int, necl_ppm_m: NDArray[np.floating]) -> Single:
        """Minimum detectable column: the one that is read as so many noise-equivalent columns.

        Args:
            gas: index of the gas.
            necl_ppm_m: noise-equivalent columns [ppm m], any shape.

        Returns:
            Columns [ppm m], same shape; infinite where none is read as that much.
        """
        return true_columns(MDCL_PER_NECL * np.asarray(necl_ppm_m), self.reading_ppm_m[gas])


def sought_gases(
    library: Library,
    response: BandResponse,
    *,
    names: Sequence[str] | None = None,
    temperature_k: float = REFERENCE_TEMPERATURE_K,
) -> tuple[tuple[SoughtGas, ...], tuple[tuple[str, str], ...]]:
    """Gases that an instrument can see, and those that it cannot, with the reason.

    Args:
        library: the spectral library.
        response: the instrument's bands.
        names: gases to seek; all of the library when None.
        temperature_k: temperature of the gas [K]; records near it are preferred.

    Returns:
        Sought gases, and pairs of name and reason.

    Raises:
        InputError: a named gas is not in the library, or nothing can be seen at all.
    """
    span = response.span_cm1
    wanted = library.gases if names is None else tuple(gas_named(name).name for name in names)
    seen: list[SoughtGas] = []
    unseen: list[tuple[str, str]] = []
    for name in wanted:
        if name not in library.gases:
            raise InputError(
                f"the library holds no spectrum of {name}", remedy="see `plumeline spectra list`"
            )
        if not any(s.gas == name for s in library.cross_sections) or _lines_elsewhere(library, name, span):
            unseen.append((name, "its lines lie outside the range: it cannot be seen by this instrument"))
            continue
        spectrum = library.best(name, span_cm1=span, temperature_k=temperature_k)
        low, high = spectrum.range_cm1
        covered = float(np.mean((response.centre_cm1 >= low) & (response.centre_cm1 <= high)))
        absorbance = response.absorbance_per_ppm_m(spectrum)
        if spectrum.grade is Grade.SHAPE:
            unseen.append((name, "its record states no amount of gas"))
        elif absorbance.max() < LEAST_ABSORBANCE_PER_PPM_M:
            unseen.append((name, "it has no band in range: it cannot be seen by this instrument"))
        elif covered < LEAST_COVER:
            unseen.append((name, f"its record covers {covered:.0%} of this instrument's bands"))
        else:
            mass = molar_mass_kg_mol(gas_named(name).formula)
            seen.append(
                SoughtGas(
                    gas=name, spectrum=spectrum, absorbance_per_ppm_m=absorbance, molar_mass_kg_mol=mass
                )
            )
    if not seen:
        low, high = span
        which = unseen[0][0] if len(unseen) == 1 else f"none of the {len(unseen)} gases"
        raise InputError(
            f"{which} {'cannot' if len(unseen) == 1 else 'can'} be seen by this instrument ({low:.0f} to {high:.0f} cm-1)",
            remedy="; ".join(f"{name}: {why}" for name, why in unseen[:3]),
        )
    return tuple(seen), tuple(unseen)


def _lines_elsewhere(library: Library, gas: str, span_cm1: tuple[float, float]) -> bool:
    """Whether a gas' own lines say that an approximate record's absorption in a range is an artefact."""
    lines = library.lines(gas)
    if lines is None or library.best(gas, span_cm1=span_cm1).grade is Grade.ABSOLUTE:
        return False
    inside = (lines.position_cm1 > span_cm1[0]) & (lines.position_cm1 < span_cm1[1])
    return not bool((lines.strength_cm[inside] > LEAST_STRENGTH * lines.strength_cm.max()).any())


def seek(
    cube: Single,
    model: TargetModel,
    response: BandResponse,
    *,
    grouping: Grouping = Grouping.COLUMNS,
    rate: float = 0.05,
    seed: int = 0,
) -> Candidates:
    """Places of a scene that may be plumes, to be judged together with those of other scenes.

    Args:
        cube: signal, shape (line, sample, band).
        model: how the gases change a pixel.
        response: the instrument's bands.
        grouping: which pixels share their statistics.
        rate: admitted share of false plumes.
        seed: random seed.

    Returns:
        The candidates.

    Raises:
        RefusedError: no group of pixels has usable statistics.
    """
    return Looks(cube, model, response, grouping=grouping, seed=seed).candidates(rate=rate)


def measure(
    cube: Single,
    model: TargetModel,
    gases: Sequence[SoughtGas],
    response: BandResponse,
    plumes: Sequence[Plume],
    *,
    grouping: Grouping = Grouping.COLUMNS,
    air_mass: float = 1.0,
    seed: int = 0,
) -> SceneDetections:
    """Identify and measure plumes whose places are known.

    Args:
        cube: signal, shape (line, sample, band).
        model: how the gases change a pixel, in the order of `gases`.
        gases: the gases.
        response: the instrument's bands.
        plumes: their places, largest first.
        grouping: which pixels share their statistics.
        air_mass: how often the light passes the vertical column (1 in the thermal infrared).
        seed: random seed.

    Returns:
        The detections.

    Raises:
        RefusedError: no group of pixels has usable statistics.
    """
    looks = Looks(cube, model, response, grouping=grouping, seed=seed)
    shape = (cube.shape[0], cube.shape[1])
    excluded = rim(plumes, shape)
    scores = looks.measured(excluded if plumes else None)
    residuals = looks.residuals(excluded) if plumes else None
    tables = [transmittance_table(gas.spectrum, response, air_mass=air_mass) for gas in gases]
    detected = []
    for plume in plumes:
        try:
            spectrum = plume_spectrum(residuals, model, plume, seed=seed) if residuals is not None else None
            found = _identified(spectrum, model) if spectrum is not None else None
            detected.append(DetectedPlume(plume=plume, identification=found, spectrum=spectrum, remark=""))
        except RefusedError as error:
            detected.append(DetectedPlume(plume=plume, identification=None, spectrum=None, remark=str(error)))
    return SceneDetections(
        scores=scores,
        plumes=tuple(detected),
        columns_ppm_m=_columns(scores, detected, tables, model.sign),
        plume_mask=rim(plumes, shape, pixels=0),
        reading_ppm_m=usual_readings(scores, tables, model.sign),
    )


def detect(
    cube: Single,
    model: TargetModel,
    gases: Sequence[SoughtGas],
    response: BandResponse,
    *,
    grouping: Grouping = Grouping.COLUMNS,
    rate: float = 0.05,
    air_mass: float = 1.0,
    seed: int = 0,
) -> SceneDetections:
    """Find, identify and measure the plumes of one scene by itself: `seek`, then `measure`.

    Args:
        cube: signal, shape (line, sample, band).
        model: how the gases change a pixel, in the order of `gases`.
        gases: the gases.
        response: the instrument's bands.
        grouping: which pixels share their statistics.
        rate: admitted share of false plumes.
        air_mass: how often the light passes the vertical column (1 in the thermal infrared).
        seed: random seed.

    Returns:
        The detections.

    Raises:
        RefusedError: no group of pixels has usable statistics.
    """
    found = seek(cube, model, response, grouping=grouping, rate=rate, seed=seed)
    plumes = found.above(pooled_threshold([found], rate=rate))
    return measure(
        cube,
        model,
        gases,
        response,
        plumes,
        grouping=grouping,
        air_mass=air_mass,
        seed=seed,
    )


def usual_readings(scores: Scores, tables: Sequence[Doubles], sign: float) -> Doubles:
    """What the columns of `TABLE_PPM_M` are read as by the scene's middle detector column.

    Args:
        scores: the scene's scores.
        tables: band transmittance of each gas at `TABLE_PPM_M`, each of shape (column, band).
        sign: the target model's sign.

    Returns:
        Linear columns [ppm m], shape (gas, column).
    """
    out = np.zeros((len(tables), TABLE_PPM_M.size))
    for index, table in enumerate(tables):
        usable = np.isfinite(scores.necl_ppm_m[:, index])
        if usable.any():
            readings = linear_readings(scores.weights[usable, index], table, sign=sign)
            out[index] = np.median(readings, axis=1)
    return out


def _identified(spectrum: PlumeSpectrum, model: TargetModel) -> Identification:
    """Identify twice: the first fit tells how large the shape error is that the second allows for."""
    first = identify(spectrum.excess, spectrum.design, model.gases)
    wider = spectrum.widened(first.modelled)
    return identify(wider.excess, wider.design, model.gases)


def gathered_columns(scores: Scores, gas: str) -> Single:
    """Columns averaged over neighbours, weighted by the square of their contrast.

    A pixel at nearly the plume's own temperature says nothing of its column, and its single reading is wild; its
    neighbours over warmer or colder ground say it for it.

    Args:
        scores: the scene's scores.
        gas: the gas.

    Returns:
        Columns [ppm m], shape (line, sample).
    """
    raw = scores.column_ppm_m(gas)
    weight = np.where(np.isfinite(raw), np.square(np.minimum(np.abs(scores.contrast(gas)), 3.0)), 0.0)
    value = ndimage.gaussian_filter(np.where(weight > 0, raw, 0.0) * weight, GATHER_PIXELS)
    total = ndimage.gaussian_filter(weight, GATHER_PIXELS)
    return np.where(np.isfinite(raw), value / np.maximum(total, 1e-6), np.nan).astype(np.float32)


def _columns(
    scores: Scores, detected: Sequence[DetectedPlume], tables: Sequence[Doubles], sign: float
) -> dict[str, Single]:
    named = {
        candidate.gases[0]
        for one in detected
        if one.identification is not None
        for candidate in one.identification.named
    }
    return {
        gas: desaturated(
            gathered_columns(scores, gas), scores.weights[:, index], scores.group, table, sign=sign
        )
        for index, (gas, table) in enumerate(zip(scores.gases, tables, strict=True))
        if gas in named
    }
