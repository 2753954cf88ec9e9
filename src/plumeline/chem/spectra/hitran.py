"""HITRAN files: `.xsc` cross-sections and 160-character `.par` line lists.

Reference: Rothman et al., J. Quant. Spectrosc. Radiat. Transfer 130, 4 (2013), tables 1 and 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plumeline.chem.spectra.cross_section import CrossSection, Grade, LineList
from plumeline.chem.spectra.names import gas_by_alias, gas_by_hitran, molar_mass_kg_mol
from plumeline.errors import ReadError
from plumeline.provenance import sha256_of_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TORR_PA = 101_325.0 / 760.0
"""Torr [Pa]."""

CROSS_SECTION_UNCERTAINTY = 0.05
STRENGTH_UNCERTAINTY = 0.05
M2_PER_CM2 = 1e-4
PAR_WIDTH = 160
VALUES_PER_LINE = 10
LINEAR_MOLECULES = frozenset({2, 4, 5, 8, 14, 15, 16, 17, 19, 23, 26, 53})
"""HITRAN numbers of linear molecules: CO2, N2O, CO, NO, HF, HCl, HBr, HI, OCS, HCN, C2H2, CS2."""


def read_xsc(path: Path) -> CrossSection:
    """Read the first spectrum of a HITRAN `.xsc` file.

    Args:
        path: the file.

    Returns:
        The cross-section.

    Raises:
        ReadError: the header or the data are not as the format says.
    """
    return read_cross_sections(path)[0]


def read_cross_sections(path: Path) -> tuple[CrossSection, ...]:
    """Read all spectra of a HITRAN `.xsc` file, which may hold several temperatures and bands one after another.

    Args:
        path: the file.

    Returns:
        The cross-sections, in the order of the file.

    Raises:
        ReadError: a header or the data are not as the format says.
    """
    rest = path.read_text(encoding="latin-1").splitlines()
    found: list[CrossSection] = []
    while rest:
        head = rest[0]
        try:
            low, high, count = float(head[20:30]), float(head[30:40]), int(head[40:47])
            temperature_k, pressure_torr = float(head[47:54]), float(head[54:60])
        except ValueError:
            at = f": header {len(found) + 1} cannot be read" if found else ": its header cannot be read"
            raise ReadError(f"is no HITRAN cross-section file{at}", where=str(path)) from None
        resolution = head[70:75].strip().replace("-", "")
        body = -(-max(count, 0) // VALUES_PER_LINE)
        found.append(
            tabulated(
                rest[1 : 1 + body],
                name=head[:20].strip(),
                grid=(low, high, count),
                state=(temperature_k, pressure_torr * TORR_PA),
                resolution_cm1=float(resolution) if resolution.replace(".", "", 1).isdigit() else 0.1,
                path=path,
            )
        )
        rest = [line for line in rest[1 + body :] if line.strip()]
    if not found:
        raise ReadError("is no HITRAN cross-section file: its header cannot be read", where=str(path))
    return tuple(found)


def tabulated(
    lines: list[str],
    *,
    name: str,
    grid: tuple[float, float, int],
    state: tuple[float, float],
    resolution_cm1: float,
    path: Path,
) -> CrossSection:
    """A cross-section from equally spaced values in cm2 per molecule, as in `.xsc` and AER files.

    Args:
        lines: the lines that hold the values.
        name: name or code of the gas.
        grid: first and last wavenumber [cm-1] and number of points.
        state: temperature [K] and total pressure [Pa].
        resolution_cm1: resolution [cm-1].
        path: the file, for errors and provenance.

    Returns:
        The cross-section; negative values, which are noise around zero, stay.

    Raises:
        ReadError: there are fewer values than the header says, or one is no number.
    """
    low, high, count = grid
    try:
        values = np.array(" ".join(lines).split(), dtype=float)[:count]
    except ValueError as error:
        raise ReadError(f"holds something that is no number ({error})", where=str(path)) from None
    if values.size != count or count < 2 or not low < high:
        raise ReadError(
            f"declares {count} values from {low:g} to {high:g} cm-1 and holds {values.size}",
            where=str(path),
            remedy="the file is truncated",
        )
    gas = gas_by_alias(name) or gas_by_alias(path.stem)
    return CrossSection(
        gas=gas.name if gas else name.casefold(),
        wavenumber_cm1=np.linspace(low, high, count),
        cross_section_m2=values * M2_PER_CM2,
        temperature_k=state[0],
        pressure_pa=state[1],
        resolution_cm1=max(resolution_cm1, (high - low) / (count - 1)),
        grade=Grade.ABSOLUTE,
        relative_uncertainty=CROSS_SECTION_UNCERTAINTY,
        source=f"HITRAN {path.name}",
        sha256=sha256_of_file(path),
    )


def read_par(path: Path) -> LineList:
    """Read a HITRAN `.par` file (2004 format and later, 160 characters a line) of one molecule.

    Args:
        path: the file.

    Returns:
        The lines of all its isotopologues, in order of position.

    Raises:
        ReadError: a line is short or holds no numbers, or the file holds several molecules.
    """
    found = read_line_lists(path)
    if len(found) > 1:
        raise ReadError(f"holds {len(found)} molecules, not one", where=str(path))
    return found[0]


def read_line_lists(path: Path) -> tuple[LineList, ...]:
    """Read a HITRAN `.par` file of one or more molecules, as HITRANonline hands them out.

    Args:
        path: the file.

    Returns:
        One list a molecule with the lines of all its isotopologues, each in order of position.

    Raises:
        ReadError: a line is short or holds no numbers, or a molecule is not known.
    """
    lines = [line for line in path.read_text(encoding="latin-1").splitlines() if line.strip()]
    if not lines or any(len(line) < PAR_WIDTH for line in lines):
        short = next((i for i, line in enumerate(lines, 1) if len(line) < PAR_WIDTH), 1)
        raise ReadError(
            f"line {short} is shorter than {PAR_WIDTH} characters",
            where=str(path),
            remedy="the file is truncated or not in the HITRAN 2004 format",
        )
    molecules: dict[str, list[str]] = {}
    for line in lines:
        molecules.setdefault(line[:2], []).append(line)
    digest = sha256_of_file(path)
    return tuple(_line_list(number, molecules[number], path, digest) for number in sorted(molecules))


def _line_list(molecule: str, lines: list[str], path: Path, digest: str) -> LineList:
    gas = gas_by_hitran(int(molecule)) if molecule.strip().isdigit() else None
    if gas is None:
        raise ReadError(f"holds molecule {molecule.strip()!r}, which is not known", where=str(path))

    def column(start: int, stop: int) -> Floats:
        try:
            found = np.array([float(line[start:stop]) for line in lines])
        except ValueError as error:
            raise ReadError(f"columns {start + 1}-{stop}: {error}", where=str(path)) from None
        if not np.isfinite(found).all():
            raise ReadError(f"columns {start + 1}-{stop} hold something that is no number", where=str(path))
        return found

    order = np.argsort(column(3, 15), kind="stable")
    return LineList(
        gas=gas.name,
        position_cm1=column(3, 15)[order],
        strength_cm=column(15, 25)[order],
        broadening_air_cm1_atm=column(35, 40)[order],
        broadening_self_cm1_atm=column(40, 45)[order],
        lower_energy_cm1=column(45, 55)[order],
        temperature_exponent=column(55, 59)[order],
        shift_air_cm1_atm=column(59, 67)[order],
        molar_mass_kg_mol=molar_mass_kg_mol(gas.formula),
        rotational_exponent=1.0 if gas.hitran in LINEAR_MOLECULES else 1.5,
        source=f"HITRAN {path.name}",
        relative_uncertainty=STRENGTH_UNCERTAINTY,
        sha256=digest,
    )
