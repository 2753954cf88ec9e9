"""Say what a cube or an open-path spectrum is, how its values look, what is wrong with it, and what it lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.detections import TARGETS
from plumeline.errors import PlumelineError, UnitError
from plumeline.instruments.cubes import (
    CUBE_FORMATS,
    RADIANCE_UNITS,
    SPECTRUM_FORMATS,
    UNKNOWN_UNIT,
    Cube,
    check_layout,
    format_of,
    radiance_factor,
    read_cube,
    read_spectrum,
)
from plumeline.provenance import sha256_of_file
from plumeline.radiometry import brightness_temperature_k
from plumeline.workflows.image_screen import believable, check_bands, likelier_width, survey, usable_bands
from plumeline.workflows.image_setup import (
    SHORTWAVE_ABOVE_CM1,
    THERMAL_BELOW_CM1,
    declared_good,
    instrument,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from plumeline.instruments.cubes import Spectrum
    from plumeline.radiometry import BandResponse

    Single = NDArray[np.float32]
    Flags = NDArray[np.bool_]

FIRST_LINES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInspection:
    """What a cube or a spectrum is."""

    format_name: str
    """Its format."""
    title: str
    """What a person calls it."""
    sha256: str
    """Hash of its data file."""
    facts: tuple[tuple[str, str], ...]
    """What it holds: label and words."""
    numbers: dict[str, float | str | list[int] | None]
    """The same as plain values."""
    wrong: tuple[str, ...]
    """What is wrong with it; a search refuses some of these."""
    lacks: tuple[tuple[str, str], ...]
    """What `plumeline image` or `plumeline spectra columns` needs besides: what and how to give it."""


def inspect_image(path: Path) -> ImageInspection | None:
    """Inspect a cube or a spectrum.

    Args:
        path: the file.

    Returns:
        What it is; None for anything else.

    Raises:
        ReadError: it is one, but broken.
    """
    name = format_of(path)
    if name in CUBE_FORMATS:
        return _cube(read_cube(path), name)
    if name in SPECTRUM_FORMATS:
        return _spectrum(read_spectrum(path), name, path)
    return None


def _cube(cube: Cube, name: str) -> ImageInspection:
    wrong: list[str] = []
    lacks: list[tuple[str, str]] = []
    lines, samples, bands = cube.shape
    low, high = float(np.nanmin(cube.centre)), float(np.nanmax(cube.centre))
    facts = [
        ("size", f"{lines} lines, {samples} samples, {bands} bands; {cube.signal_bytes / 1e6:,.1f} MB"),
        ("bands", f"{low:g} to {high:g} {cube.wavelength_unit}"),
        ("signal", cube.unit),
        ("map", _map(cube)),
    ]
    if cube.bad_bands is not None and cube.bad_bands.any():
        facts.append(("marked bad", f"{int(cube.bad_bands.sum())} bands"))
    numbers: dict[str, float | str | list[int] | None] = {
        "shape": [lines, samples, bands],
        "first_band": low,
        "last_band": high,
        "wavelength_unit": cube.wavelength_unit,
        "signal_unit": cube.unit,
        "crs": None if cube.grid is None else cube.grid.crs,
    }
    try:
        wrong += check_bands(cube)
        check_layout(cube)
        some = survey(cube)
        good, said = usable_bands(some, declared_good(cube), where=cube.name)
        response = instrument(cube, good)
    except (PlumelineError, UnitError) as error:
        wrong.append(error.what)
    else:
        span = response.span_cm1
        facts.insert(2, ("range", f"{_range(span)}: {span[0]:.1f} to {span[1]:.1f} cm-1 with band widths"))
        numbers |= {"low_cm1": round(span[0], 3), "high_cm1": round(span[1], 3), "range": _range(span)}
        wrong += said + _values(cube, some, good, response, facts, numbers)
        lacks += _needed(cube, response)
    if cube.grid is None:
        lacks.append(("no map", "masses and places need --pixel, a GLT or IGM, or --pose with --camera"))
    return ImageInspection(
        format_name=name,
        title=CUBE_FORMATS[name],
        sha256=sha256_of_file(cube.path),
        facts=tuple(facts),
        numbers=numbers,
        wrong=tuple(wrong),
        lacks=tuple(lacks),
    )


def _range(span_cm1: tuple[float, float]) -> str:
    low, high = span_cm1
    if high < THERMAL_BELOW_CM1:
        return "thermal infrared"
    if low > SHORTWAVE_ABOVE_CM1:
        return "short wave"
    return "neither thermal nor short-wave alone"


def _map(cube: Cube) -> str:
    grid = cube.grid
    if grid is None:
        return "none"
    north, east = grid.metres_per_unit()
    how = "as raw" if grid.lookup_line is None else "through a lookup table"
    return f"{grid.crs[:40]}, pixels of {grid.pixel[0] * east:.3g} m by {grid.pixel[1] * north:.3g} m, {how}"


def _values(
    cube: Cube,
    some: Single,
    good: Flags,
    response: BandResponse,
    facts: list[tuple[str, str]],
    numbers: dict[str, float | str | list[int] | None],
) -> list[str]:
    """What some lines from all over the cube look like; facts and numbers get more."""
    finite = np.isfinite(some[:, :, good])
    known = some[:, :, good][finite]
    low, middle, high = (float(v) for v in np.quantile(known, [0.05, 0.5, 0.95]))
    facts.append(("values", f"{low:.4g} to {high:.4g} (5 to 95 %), {1 - finite.mean():.1%} missing"))
    numbers |= {"p05": low, "median": middle, "p95": high, "missing_share": float(1 - finite.mean())}
    wrong: list[str] = []
    thermal = _range(response.span_cm1) == "thermal infrared"
    scale = radiance_factor(cube.unit, response.centre_cm1) if thermal else None
    with np.errstate(all="ignore"):
        seen = some[:, :, good].astype(np.float64) * (1.0 if scale is None else scale)
        first = cube.block(0, min(cube.shape[0], FIRST_LINES))[:, :, good].mean(axis=2)
    if not thermal or scale is not None:
        try:
            wrong += believable(seen, response, thermal=thermal, where=cube.name)
        except PlumelineError as error:
            wrong.append(error.what)
        else:
            if thermal:
                rows = seen.reshape(-1, seen.shape[2])
                rows = rows[(rows > 0).all(axis=1)]
                kelvin = float(np.median(brightness_temperature_k(response.centre_cm1, rows)))
                facts.append(("surfaces", f"{kelvin - 273.15:.1f} °C (median brightness temperature)"))
                numbers["median_brightness_k"] = kelvin
    width = likelier_width(first, cube.shape[0])
    if width is not None:
        wrong.append(f"the picture fits together with {width} samples a line, not with {cube.shape[1]}")
    return wrong


def _needed(cube: Cube, response: BandResponse) -> list[tuple[str, str]]:
    kind = _range(response.span_cm1)
    if kind == "short wave":
        return [("the sun's zenith angle", "--solar-zenith DEGREES")]
    if kind == "thermal infrared":
        needed = [("the plume's temperature", "--plume-temperature DEGREES, usually the air's")]
        if radiance_factor(cube.unit, response.centre_cm1) is None:
            unknown = cube.unit == UNKNOWN_UNIT
            said = "no radiance unit" if unknown else f"a known radiance unit, not {cube.unit!r}"
            needed.append((said, "--radiance-unit, e.g. " + "; ".join(RADIANCE_UNITS)))
        return needed
    return [("one range", "cut the cube to 5.9 µm and longer, or to 2.7 µm and shorter")]


def _spectrum(spectrum: Spectrum, name: str, path: Path) -> ImageInspection:
    x, y = spectrum.wavenumber_cm1, spectrum.signal
    step = float(np.median(np.diff(x)))
    reach = spectrum.path_difference_cm
    facts = [
        ("size", f"{x.size} points"),
        ("range", f"{x[0]:.2f} to {x[-1]:.2f} cm-1, one every {step:.4g} cm-1"),
        ("path difference", "not told; found by the fit" if reach is None else f"{reach:.3f} cm"),
        ("apodisation", "triangular" if spectrum.triangular else "none told"),
        ("signal", f"{y.min():.4g} to {y.max():.4g}"),
        ("time", "not told" if spectrum.time is None else f"{spectrum.time} by the instrument's clock"),
    ]
    covered = [t.gas for t in TARGETS if x[0] <= t.window.low_cm1 and x[-1] >= t.window.high_cm1]
    facts.append(("windows", ", ".join(covered) or "none"))
    wrong = []
    if not covered:
        wrong.append("it covers no window that gases are sought in")
    if float(y.max()) <= 0:
        wrong.append("no light: no value is above zero")
    lacks = (
        [] if not covered else [("a spectral library", "`plumeline spectra build`, then `spectra columns`")]
    )
    return ImageInspection(
        format_name=name,
        title=SPECTRUM_FORMATS[name],
        sha256=sha256_of_file(path),
        facts=tuple(facts),
        numbers={
            "points": x.size,
            "first_cm1": float(x[0]),
            "last_cm1": float(x[-1]),
            "step_cm1": step,
            "path_difference_cm": reach,
            "least": float(y.min()),
            "most": float(y.max()),
            "time": None if spectrum.time is None else str(spectrum.time),
        },
        wrong=tuple(wrong),
        lacks=tuple(lacks),
    )
