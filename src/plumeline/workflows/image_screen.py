"""What is wrong with a scene before it is searched.

Dead bands and columns, lines without values and saturation are left out and told; values that contradict their header
are refused.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import InputError
from plumeline.radiometry import brightness_temperature_k

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from plumeline.instruments.cubes import Cube
    from plumeline.radiometry import BandResponse

    Doubles = NDArray[np.float64]
    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]
    Marks = NDArray[np.uint8]

SURVEY_LINES = 64
LEAST_BANDS = 8
LEAST_FILLED = 0.5
"""A band with values in a smaller share of the pixels than this, relative to the fullest band, is left out."""

MOST_STEP = 2.5
"""Neighbouring band centres differ by less than this factor."""

MOST_TURNS = 2
"""Band centres run one way, but for where two detectors overlap."""

BELIEVABLE_K = (170.0, 450.0)
"""Brightness temperatures that half of a scene may have."""

USUAL_K = (230.0, 400.0)
STUCK_SHARE = 0.01
STUCK_LEAST = 5
BLOCK_LINES = 64


class Quality(IntEnum):
    """Why a pixel says nothing; the values of `layers/quality.tif`."""

    GOOD = 0
    NO_VALUE = 1
    """No number, no positive radiance, or outside what was recorded."""
    SATURATED = 2
    """At the top of its detector's range in some band."""
    DEAD = 3
    """Its detector column gives one value in every line, or has too few good lines for statistics."""
    NO_CONTRAST = 4
    """The surface is as warm as the plume."""


def check_bands(cube: Cube) -> list[str]:
    """Refuse band centres that are mixed, repeated or out of order, and widths that cannot be theirs.

    Args:
        cube: the cube.

    Returns:
        Sentences about what is unusual but possible.

    Raises:
        InputError: the header cannot be believed.
    """
    centre, unit = cube.centre, cube.wavelength_unit
    if not (np.isfinite(centre).all() and (centre > 0).all()):
        raise InputError("holds band centres that are no positive numbers", where=cube.name)
    step = np.diff(centre)
    if (step == 0).any():
        raise InputError(
            f"gives {int((step == 0).sum())} neighbouring bands the same centre",
            where=cube.name,
            remedy="mend the header's wavelength list",
        )
    ratio = np.exp(np.abs(np.diff(np.log(centre))))
    turns = int(np.minimum((step > 0).sum(), (step < 0).sum()))
    if ratio.size and (ratio.max() > MOST_STEP or turns > MOST_TURNS):
        at = int(ratio.argmax())
        raise InputError(
            f"its band centres do not run on: {centre[at]:g} {unit} stands next to {centre[at + 1]:g}, and {turns} of "
            f"{step.size} steps go backward",
            where=cube.name,
            remedy="the header mixes nm, µm and cm-1, or its bands are out of order",
        )
    if cube.fwhm is None or not step.size:
        return []
    width, apart = float(np.median(cube.fwhm)), float(np.median(np.abs(step)))
    if not (np.isfinite(cube.fwhm).all() and (cube.fwhm > 0).all()) or width > 50 * apart:
        raise InputError(
            f"gives widths around {width:g} {unit} to bands {apart:g} {unit} apart",
            where=cube.name,
            remedy="mend `fwhm` in the header or take it out: widths then follow from the spacing",
        )
    if width < 0.2 * apart:
        said = f"bands {apart:.3g} {unit} apart are said to be {width:.3g} {unit} wide"
        return [f"{said}: if the header's fwhm is in another unit, columns and limits are wrong"]
    return []


def survey(cube: Cube) -> Single:
    """Some lines from all over the scene, by which its header is judged.

    Args:
        cube: the cube.

    Returns:
        Signal, shape (line, sample, band).
    """
    chosen = np.unique(np.linspace(0, cube.shape[0] - 1, min(cube.shape[0], SURVEY_LINES)).astype(int))
    return np.concatenate([cube.block(int(line), int(line) + 1) for line in chosen])


def usable_bands(some: Single, good: Flags, *, where: str) -> tuple[Flags, list[str]]:
    """Leave out bands that hold no values or never change.

    Args:
        some: lines from all over the scene, shape (line, sample, band).
        good: bands to start from, shape (band,).
        where: the cube's name.

    Returns:
        Bands to use, and a sentence about those left out.

    Raises:
        InputError: there is no value at all, or too few bands are left.
    """
    finite = np.isfinite(some)
    filled = finite.mean(axis=(0, 1))
    if not filled[good].any():
        raise InputError("holds no pixel with a value", where=where)
    low = np.where(finite, some, np.inf).min(axis=(0, 1))
    high = np.where(finite, some, -np.inf).max(axis=(0, 1))
    use = good & (filled >= LEAST_FILLED * filled[good].max()) & (high > low)
    if use.sum() < LEAST_BANDS:
        raise InputError(
            f"has {int(use.sum())} usable bands; at least {LEAST_BANDS} are needed",
            where=where,
            remedy="the others hold one value only, or none",
        )
    lost = np.flatnonzero(good & ~use)
    if not lost.size:
        return use, []
    return use, [f"{lost.size} band(s) hold one value only, or none, and were left out: {runs(lost)}"]


def believable(some: Doubles, response: BandResponse, *, thermal: bool, where: str) -> list[str]:
    """Refuse values that no scene has: a wrong byte order, data type or unit.

    Args:
        some: lines from all over the scene, in W m-2 sr-1 (cm-1)-1 if thermal, shape (line, sample, band).
        response: the bands.
        thermal: whether surfaces emit what is seen.
        where: the cube's name.

    Returns:
        Sentences about what is unusual but possible.

    Raises:
        InputError: the values cannot be believed.
    """
    values = np.abs(some[np.isfinite(some) & (some != 0)])
    if values.size and np.quantile(values, 0.95) > 1e9 * np.quantile(values, 0.05):
        raise InputError(
            f"holds values from {values.min():.2g} to {values.max():.2g}, as no scene does",
            where=where,
            remedy="the header's `byte order` or `data type` is wrong",
        )
    if not thermal:
        return []
    spectra = some.reshape(-1, some.shape[2])
    spectra = spectra[(spectra > 0).all(axis=1)]
    if not spectra.size:
        raise InputError(
            "holds no pixel with positive radiance in every band",
            where=where,
            remedy="give calibrated radiance, not differences or raw counts",
        )
    kelvin = float(np.median(brightness_temperature_k(response.centre_cm1, spectra)))
    if not BELIEVABLE_K[0] <= kelvin <= BELIEVABLE_K[1]:
        raise InputError(
            f"the surfaces would be at {kelvin - 273.15:.0f} °C",
            where=where,
            remedy="the radiance unit (--radiance-unit), the wavelengths or the byte order are not what the header says",
        )
    if not USUAL_K[0] <= kelvin <= USUAL_K[1]:
        return [f"half of the scene is at {kelvin - 273.15:.0f} °C or beyond: is the radiance unit right?"]
    return []


def screened(block: Single, *, thermal: bool) -> Marks:
    """Mark pixels that say nothing and make them NaN.

    Args:
        block: signal, shape (line, sample, band); changed in place.
        thermal: whether radiance must be positive.

    Returns:
        `Quality` of each pixel, shape (line, sample).
    """
    marks = np.zeros(block.shape[:2], np.uint8)
    for start in range(0, len(block), BLOCK_LINES):
        part = block[start : start + BLOCK_LINES]
        empty = _empty(part, thermal=thermal)
        marks[start : start + BLOCK_LINES][empty] = Quality.NO_VALUE
        part[empty] = np.nan
    dead, saturated = _stuck(block)
    marks[saturated & (marks == Quality.GOOD)] = Quality.SATURATED
    alive = (marks != Quality.NO_VALUE).any(axis=1)
    if alive.any():
        dead |= (marks[alive] == Quality.NO_VALUE).all(axis=0)
        marks[np.ix_(alive, dead)] = Quality.DEAD
    block[marks > 0] = np.nan
    return marks


def screened_line(line: Single, *, thermal: bool) -> Single:
    """Make pixels of one line NaN that say nothing by themselves.

    Args:
        line: signal, shape (sample, band); changed in place.
        thermal: whether radiance must be positive.

    Returns:
        The line.
    """
    line[_empty(line, thermal=thermal)] = np.nan
    return line


def _empty(part: Single, *, thermal: bool) -> Flags:
    with np.errstate(invalid="ignore"):
        impossible = (part <= 0).any(axis=-1) if thermal else (part == 0).all(axis=-1)
    return np.asarray(impossible | ~np.isfinite(part).all(axis=-1))


def _stuck(block: Single) -> tuple[Flags, Flags]:
    """Detector columns with one value in a band, shape (sample,), and pixels at a detector's top, (line, sample)."""
    top, low = np.fmax.reduce(block, axis=0), np.fmin.reduce(block, axis=0)
    count = np.zeros(top.shape, np.intp)
    lines = np.zeros(top.shape, np.intp)
    for line in block:
        count += line == top
        lines += np.isfinite(line)
    dead = ((top == low) & (lines >= STUCK_LEAST)).any(axis=1)
    saturated = np.zeros(block.shape[:2], bool)
    suspects = (count >= np.maximum(STUCK_LEAST, STUCK_SHARE * lines)) & ~dead[:, None]
    for sample, band in zip(*np.nonzero(suspects), strict=True):
        values = block[:, sample, band]
        below = values[values < top[sample, band]]
        # Clipping piles up at the top; a distribution that ends by itself thins out toward it.
        if below.size == 0 or count[sample, band] >= 3 * np.count_nonzero(below == below.max()):
            saturated[:, sample] |= values == top[sample, band]
    return dead, saturated


def remarks(marks: Marks) -> list[str]:
    """What a reader must know of a scene's pixels.

    Args:
        marks: `Quality` of each pixel, shape (line, sample).

    Returns:
        Sentences.
    """
    said = []
    empty = (marks == Quality.NO_VALUE).all(axis=1)
    if empty.any():
        said.append(
            f"{int(empty.sum())} of {marks.shape[0]} lines hold no value: {runs(np.flatnonzero(empty))}"
        )
    dead = (marks == Quality.DEAD).any(axis=0)
    if dead.any():
        said.append(
            f"{int(dead.sum())} detector column(s) are dead, stuck or too seldom good: {runs(np.flatnonzero(dead))}"
        )
    rest = marks[~empty]
    for kind, words in (
        (Quality.NO_VALUE, "hold no number or no possible radiance"),
        (Quality.SATURATED, "are saturated"),
        (Quality.NO_CONTRAST, "have no contrast to the plume"),
    ):
        count = int((rest == kind).sum())
        if count:
            said.append(
                f"{count} pixels ({count / marks.size:.2g} of the scene) {words}; nothing is said of them"
            )
    return said


def runs(numbers: Sequence[int] | NDArray[np.intp]) -> str:
    """Ascending numbers as "3-7, 12"; the first few runs.

    Args:
        numbers: the numbers.

    Returns:
        Words.
    """
    array = np.asarray(numbers)
    parts = np.split(array, np.flatnonzero(np.diff(array) > 1) + 1)
    words = [str(p[0]) if p.size == 1 else f"{p[0]}-{p[-1]}" for p in parts[:8]]
    return ", ".join(words) + (f" and {len(parts) - 8} more" if len(parts) > 8 else "")


def likelier_width(picture: Single, lines: int) -> int | None:
    """Samples a line that would make a smoother picture of the same values than those declared.

    Args:
        picture: one layer of the scene's first lines as declared, shape (line, sample).
        lines: lines that the header declares, which may be the true samples.

    Returns:
        The better number of samples, or None.
    """
    samples = picture.shape[1]
    flat = picture.ravel().astype(np.float64)
    flat[~np.isfinite(flat)] = np.nan
    widths = [lines, 2 * samples, 3 * samples]
    widths += [samples // n for n in (2, 3) if samples % n == 0]
    rough = {
        width: float(np.nanmean(np.square(flat[width:] - flat[:-width])))
        for width in {samples, *widths}
        if 8 <= width <= flat.size // 4 and np.isfinite(flat).mean() > 0.5
    }
    if samples not in rough or len(rough) < 2:
        return None
    best = min(sorted(rough), key=rough.__getitem__)
    return best if rough[best] < 0.5 * rough[samples] else None
