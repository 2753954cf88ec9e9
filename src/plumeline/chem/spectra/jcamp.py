"""JCAMP-DX infrared spectra: NIST QUANT-IR (absolute) and Coblentz (approximate).

XYDATA in all ASDF forms (fixed, packed, squeezed, difference, duplicate) and XYPOINTS.

References: McDonald & Wilks, Appl. Spectrosc. 42, 151 (1988) for JCAMP-DX 4.24; Chu et al., J. Res. NIST 104, 59
(1999) for QUANT-IR: base-10 absorption coefficient in (µmol/mol)-1 m-1 at 296 K and 101.3 kPa.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from plumeline.chem.spectra.cross_section import (
    BOLTZMANN_J_K,
    MOLECULES_PER_PPM_M,
    CrossSection,
    Grade,
)
from plumeline.chem.spectra.names import gas_by_alias, gas_by_cas
from plumeline.errors import ReadError
from plumeline.provenance import sha256_of_file
from plumeline.units import REFERENCE_PRESSURE_PA, REFERENCE_TEMPERATURE_K

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MMHG_PA = 133.322
"""Conventional millimetre of mercury [Pa]."""

QUANT_IR_UNCERTAINTY = 0.03
COBLENTZ_UNCERTAINTY = 0.4
"""1 sigma scale error of digitised Coblentz cells: ethylene and methanol come out 40 % low (docs/imaging.md)."""

DARK_TRANSMITTANCE = 0.02
"""Below this a digitised transmittance is saturated: the absorbance there is a lower bound."""

MOST_REPEATS = 1_000_000

_SQUEEZED = (
    {"@": "0"}
    | {c: str(i) for i, c in enumerate("ABCDEFGHI", 1)}
    | {c: f"-{i}" for i, c in enumerate("abcdefghi", 1)}
)
_DIFFERENCE = (
    {"%": "0"}
    | {c: str(i) for i, c in enumerate("JKLMNOPQR", 1)}
    | {c: f"-{i}" for i, c in enumerate("jklmnopqr", 1)}
)
_REPEAT = {c: str(i) for i, c in enumerate("STUVWXYZs", 1)}
_ORDINATE = re.compile(r"[@A-Ia-i%J-Rj-rS-Zs]\d*|[+-]?\d+\.?\d*(?:[Ee][+-]\d+)?|\?")
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]\d+)?")


def read_jcamp(path: Path) -> CrossSection:
    """Read one JCAMP-DX file as a cross-section.

    Args:
        path: the `.jdx` or `.dx` file.

    Returns:
        The cross-section with its grade.

    Raises:
        ReadError: the file is no infrared gas spectrum, its units are unknown, or its data are inconsistent.
    """
    text = path.read_text(encoding="latin-1")
    labels, data_kind, body = _records(text, str(path))
    if not labels.get("CASREGISTRYNO") and not gas_by_alias(labels.get("TITLE", "")):
        raise ReadError(
            "names no known gas and no CAS number", where=str(path), remedy="add ##CAS REGISTRY NO="
        )
    x_cm1, y = _values(labels, data_kind, body, str(path))
    order = np.argsort(x_cm1, kind="stable")
    x_cm1, y = x_cm1[order], y[order]
    keep = np.concatenate([[True], np.diff(x_cm1) > 0])
    cross_m2, grade, uncertainty = _cross_section(labels, y[keep], str(path))
    title = labels.get("TITLE", path.stem)
    gas = gas_by_cas(labels.get("CASREGISTRYNO", "")) or gas_by_alias(title) or gas_by_alias(path.stem)
    origin = labels.get("$NISTSOURCE", "JCAMP-DX")
    return CrossSection(
        gas=gas.name if gas else title.strip().casefold(),
        wavenumber_cm1=x_cm1[keep],
        cross_section_m2=cross_m2,
        temperature_k=REFERENCE_TEMPERATURE_K,
        pressure_pa=REFERENCE_PRESSURE_PA,
        resolution_cm1=_resolution_cm1(labels, x_cm1[keep]),
        grade=grade,
        relative_uncertainty=uncertainty,
        source=f"{origin} {path.name}",
        sha256=sha256_of_file(path),
    )


def _records(text: str, where: str) -> tuple[dict[str, str], str, list[str]]:
    labels: dict[str, str] = {}
    body: list[str] = []
    kind = last = ""
    for raw in text.splitlines():
        line = raw.split("$$", 1)[0].rstrip()
        if line.startswith("##"):
            label, _, value = line[2:].partition("=")
            last = re.sub(r"[\s_/-]", "", label).upper()
            if last == "END":
                break
            if last in {"XYDATA", "XYPOINTS"}:
                if kind:
                    raise ReadError("holds more than one data block", where=where, remedy="split the file")
                kind = last
                continue
            labels.setdefault(last, value.strip())
        elif last in {"XYDATA", "XYPOINTS"} and line.strip():
            body.append(line.strip())
    if not kind or not body:
        raise ReadError("has no ##XYDATA or ##XYPOINTS block", where=where)
    return labels, kind, body


def _values(labels: dict[str, str], kind: str, body: list[str], where: str) -> tuple[Floats, Floats]:
    if labels.get("XUNITS", "").strip().upper().replace("CM-1", "1/CM") != "1/CM":
        raise ReadError(f"abscissa in {labels.get('XUNITS')!r}, not cm-1", where=where)
    x_factor, y_factor = _number(labels, "XFACTOR", 1.0, where), _number(labels, "YFACTOR", 1.0, where)
    if kind == "XYPOINTS":
        numbers = np.array([float(n) for line in body for n in _PLAIN.findall(line.replace(",", " "))])
        if numbers.size % 2:
            raise ReadError("has an odd count of numbers in ##XYPOINTS", where=where)
        return numbers[::2] * x_factor, numbers[1::2] * y_factor
    y = np.array(_ordinates(body, where)) * y_factor
    first, last = _number(labels, "FIRSTX", np.nan, where), _number(labels, "LASTX", np.nan, where)
    declared = int(_number(labels, "NPOINTS", y.size, where))
    if y.size != declared:
        raise ReadError(
            f"declares {declared} points and holds {y.size}",
            where=where,
            remedy="the file is truncated or damaged",
        )
    if not np.isfinite([first, last]).all():
        raise ReadError("declares no ##FIRSTX and ##LASTX", where=where)
    return np.linspace(first, last, y.size), y


def _ordinates(lines: list[str], where: str) -> list[float]:
    """Ordinates of the (X++(Y..Y)) form; a line after a difference repeats the last ordinate as a check.

    Raises:
        ReadError: a line cannot be read or its check fails.
    """
    out: list[float] = []
    ended_in_difference = False
    for line in lines:
        head = _PLAIN.match(line)
        if head is None:
            raise ReadError(f"cannot read the data line {line[:40]!r}", where=where)
        values, in_difference = _decode(line[head.end() :], where)
        if ended_in_difference and values:
            if out[-1] != values[0]:
                raise ReadError(f"ordinate check failed in the line at {head.group()}", where=where)
            values = values[1:]
        out.extend(values)
        ended_in_difference = in_difference
    return out


def _decode(text: str, where: str) -> tuple[list[float], bool]:
    values: list[float] = []
    step = 0.0
    differing = False
    for part in _ORDINATE.findall(text):
        if part == "?":
            raise ReadError("holds a missing ordinate ('?')", where=where)
        lead, rest = part[0], part[1:]
        if not values and (lead in _REPEAT or lead in _DIFFERENCE):
            raise ReadError(
                f"has a line that starts with a repeat or a difference: {text[:30]!r}", where=where
            )
        if lead in _REPEAT:
            count = int(_REPEAT[lead] + rest)
            if count > MOST_REPEATS:
                raise ReadError(f"repeats one value {count} times", where=where, remedy="the file is damaged")
            for _ in range(count - 1):
                values.append(values[-1] + step if differing else values[-1])
        elif lead in _DIFFERENCE:
            step, differing = float(_DIFFERENCE[lead] + rest), True
            values.append(values[-1] + step)
        else:
            differing = False
            values.append(float(_SQUEEZED[lead] + rest if lead in _SQUEEZED else part))
    return values, differing


def _cross_section(labels: dict[str, str], y: Floats, where: str) -> tuple[Floats, Grade, float]:
    units = re.sub(r"\s+", "", labels.get("YUNITS", "")).casefold()
    if units == "(micromol/mol)-1m-1(base10)":
        # The pressure label of some of these files says Pa for kPa; the unit itself fixes the state.
        return y * np.log(10.0) / MOLECULES_PER_PPM_M, Grade.ABSOLUTE, QUANT_IR_UNCERTAINTY
    if units == "transmittance":
        clear = float(np.percentile(y, 98))
        absorbance = -np.log(np.clip(y / clear, DARK_TRANSMITTANCE, None))
    elif units == "absorbance":
        absorbance = np.log(10.0) * (y - float(np.percentile(y, 2)))
    else:
        raise ReadError(f"ordinate unit {labels.get('YUNITS')!r} is not known", where=where)
    absorbance = np.clip(absorbance, 0.0, None)
    column_m2 = _cell_column_m2(labels)
    if column_m2 is None:
        return absorbance / absorbance.max() * 1e-22, Grade.SHAPE, 1.0
    return absorbance / column_m2, Grade.APPROXIMATE, COBLENTZ_UNCERTAINTY


def _cell_column_m2(labels: dict[str, str]) -> float | None:
    """Molecules per m2 in the cell, or None when pressure or path is not stated."""
    path_text = labels.get("PATHLENGTH", "")
    length = re.match(r"([\d.]+)\s*CM", path_text, re.IGNORECASE)
    for label in ("PARTIALPRESSURE", "STATE"):
        text = labels.get(label, "")
        pressure = re.search(r"([\d.]+)\s*mmHg", text, re.IGNORECASE)
        fraction = re.search(r"([\d.]+)\s*PPM", text, re.IGNORECASE)
        if length and (pressure or fraction):
            pascal = float(pressure.group(1)) * MMHG_PA if pressure else 0.0
            if fraction and not pressure:
                pascal = float(fraction.group(1)) * 1e-6 * REFERENCE_PRESSURE_PA
            return pascal / (BOLTZMANN_J_K * REFERENCE_TEMPERATURE_K) * float(length.group(1)) * 1e-2
    return None


def _resolution_cm1(labels: dict[str, str], x_cm1: Floats) -> float:
    stated = re.match(r"[\d.]+", labels.get("RESOLUTION", ""))
    step = float(np.median(np.diff(x_cm1)))
    return max(float(stated.group()), step) if stated else max(4.0, step)


def _number(labels: dict[str, str], label: str, default: float, where: str) -> float:
    text = labels.get(label, "")
    if not text:
        return default
    found = re.match(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?", text)
    if found is None:
        raise ReadError(f"##{label} is {text!r}, not a number", where=where)
    return float(found.group())
