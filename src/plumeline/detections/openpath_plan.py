"""Which windows an open-path spectrum is searched in, and what may honestly be said of each gas.

Windows follow the practice of volcanic open-path work (HCl between the water lines at 2725–2845, SO2 at its 2500
combination band, CO at 2140–2205 cm-1), with the interferers that must be modelled with them.

References: Mori & Notsu, Geophys. Res. Lett. 24, 2047 (1997); Oppenheimer & Kyle, J. Volcanol. Geotherm. Res. 177,
743 (2008).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from plumeline.chem.spectra import gas_named
from plumeline.detections.openpath import GasModel, OpenPathFit, Window, fit_open_path, pattern_null
from plumeline.errors import RefusedError

if TYPE_CHECKING:
    from plumeline.instruments.cubes import Spectrum

GasSource = Callable[[str, tuple[float, float]], GasModel | None]
"""Gives a gas' model over a span [cm-1], or None when the library has neither lines nor a usable record of it."""

DISPLACEMENTS_CM1 = (-8.9, -7.3, -6.1, -5.1, -4.3, -3.4, 3.4, 4.3, 5.1, 6.1, 7.3, 8.9)
"""Wrong places for the pattern null; none maps the HCl (20 and 2 cm-1) or CO (4 cm-1) combs onto themselves."""

SEEN_SIGMA = 2.0
"""A column below this many sigma of its fit is not called seen, whatever its pattern says. The scale error of its record does
not count here: it makes the amount doubtful and not the gas."""


class Verdict(StrEnum):
    """What may be said of a gas in a spectrum."""

    SEEN = "seen"
    """Pattern found, better than at any wrong place, with a quantitative record: the column may be used."""
    SEEN_APPROXIMATE = "seen, amount approximate"
    """Pattern found, but the record's scale is approximate or interferers were not modelled."""
    NOT_SEEN = "not seen"
    """No better than at wrong places; the limit is the largest column fitted there or three sigma."""
    CANNOT = "cannot be retrieved"
    """No lines in the library, no light, or a window swamped by gases without lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A gas with the window it is sought in."""

    gas: str
    """Gas sought."""
    window: Window
    """Where."""
    interferers: tuple[str, ...]
    """Gases that must be modelled with it for a quantitative column."""
    comb: bool = True
    """Whether its pattern is a comb of lines that the pattern null can displace."""


TARGETS = (
    Target(
        gas="hydrogen chloride",
        window=Window(low_cm1=2725.0, high_cm1=2845.0),
        interferers=("water", "methane"),
    ),
    Target(
        gas="carbon monoxide",
        window=Window(low_cm1=2140.0, high_cm1=2205.0),
        interferers=("water", "carbon dioxide"),
    ),
    Target(
        gas="sulfur dioxide",
        window=Window(low_cm1=2430.0, high_cm1=2560.0),
        interferers=("carbon dioxide", "nitrous oxide", "methane"),
        comb=False,
    ),
    Target(gas="carbon dioxide", window=Window(low_cm1=2040.0, high_cm1=2085.0), interferers=("water",)),
    Target(gas="water", window=Window(low_cm1=2110.0, high_cm1=2160.0), interferers=("carbon monoxide",)),
)
"""Gases sought by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPathFinding:
    """What one spectrum says about one gas."""

    gas: str
    """Gas."""
    verdict: Verdict
    """What may be said."""
    reason: str
    """Why, one sentence."""
    column_ppm_m: float = float("nan")
    """Column [ppm m]; NaN where it cannot be retrieved."""
    sigma_ppm_m: float = float("nan")
    """1 sigma [ppm m]."""
    limit_ppm_m: float = float("nan")
    """Least column that would have been told from the spectrum's own structure [ppm m]."""
    false_alarm_probability: float = float("nan")
    """Share of wrong places at which the pattern fits at least as large a column; NaN without a comb."""
    fit: OpenPathFit | None = None
    """The fit, to look at."""


def search(
    spectrum: Spectrum, source: GasSource, targets: tuple[Target, ...] = TARGETS
) -> list[OpenPathFinding]:
    """Look for every target gas in a spectrum.

    Args:
        spectrum: the single-beam spectrum.
        source: where gas models come from.
        targets: gases and windows.

    Returns:
        One finding per target, in their order; gases that cannot be retrieved are among them with the reason.
    """
    return [_look(spectrum, source, target) for target in targets]


def _look(spectrum: Spectrum, source: GasSource, target: Target) -> OpenPathFinding:
    span = (target.window.low_cm1 - 15.0, target.window.high_cm1 + 15.0)
    model = source(target.gas, span)
    if model is None:
        return OpenPathFinding(
            gas=target.gas,
            verdict=Verdict.CANNOT,
            reason=f"the library holds no lines and no resolved record of it; supply {_to_supply(target.gas, span)}",
        )
    others = {gas: source(gas, span) for gas in target.interferers}
    missing = tuple(gas for gas, found in others.items() if found is None or not found.quantitative)
    gases = [model, *(found for found in others.values() if found is not None and found.quantitative)]
    try:
        fit = fit_open_path(spectrum, gases, target.window)
        nulls = (
            pattern_null(spectrum, gases, target.window, gas=target.gas, displacements_cm1=DISPLACEMENTS_CM1)
            if target.comb
            else None
        )
    except RefusedError as error:
        return OpenPathFinding(gas=target.gas, verdict=Verdict.CANNOT, reason=str(error))
    column, sigma = float(fit.column_ppm_m[0]), float(fit.sigma_ppm_m[0])
    fitted = float(fit.fitted_sigma_ppm_m[0])
    least = 3 * fitted * (1 + model.relative_uncertainty)
    limit = max(least, float(nulls.max())) if nulls is not None else least
    alarm = float("nan") if nulls is None else (1 + int((nulls >= column).sum())) / (1 + nulls.size)
    seen = column > SEEN_SIGMA * fitted and (nulls is None or column > float(nulls.max()))
    verdict, reason = _verdict(seen=seen, quantitative=model.quantitative, missing=missing, span_cm1=span)
    return OpenPathFinding(
        gas=target.gas,
        verdict=verdict,
        reason=reason,
        column_ppm_m=column,
        sigma_ppm_m=sigma,
        limit_ppm_m=limit,
        false_alarm_probability=alarm,
        fit=fit,
    )


def _to_supply(gas: str, span_cm1: tuple[float, float]) -> str:
    """What a user must get for a gas, in words."""
    number = gas_named(gas).hitran
    return f"HITRAN molecule {number} (.par), {span_cm1[0]:.0f} to {span_cm1[1]:.0f} cm-1"


def _verdict(
    *, seen: bool, quantitative: bool, missing: tuple[str, ...], span_cm1: tuple[float, float]
) -> tuple[Verdict, str]:
    gaps = ""
    if missing:
        wanted = ", ".join(str(gas_named(gas).hitran) for gas in missing)
        which = f"lines of {' and '.join(missing)} are not in the library"
        gaps = f"{which}; supply HITRAN {wanted}, {span_cm1[0]:.0f} to {span_cm1[1]:.0f} cm-1"
    if not seen:
        return Verdict.NOT_SEEN, gaps or "its pattern fits no better than at wrong places"
    if quantitative and not missing:
        return Verdict.SEEN, "its pattern fits better than at any wrong place"
    rough = "" if quantitative else "its record's scale is approximate"
    return Verdict.SEEN_APPROXIMATE, "; ".join(part for part in (rough, gaps) if part)
