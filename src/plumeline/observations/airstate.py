"""Temperature and pressure of the air at the readings: declared, measured, reduced from sea level, or standard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plumeline.instruments import gas_variables
from plumeline.observations import sources
from plumeline.observations.concentration import (
    STANDARD_PRESSURE_PA,
    STANDARD_TEMPERATURE_K,
    standard_pressure_pa,
)
from plumeline.observations.readings import Air
from plumeline.units import MASS_CONCENTRATION_UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from plumeline.observations.settings import AirSettings
    from plumeline.observations.sources import Source

    Floats = NDArray[np.float64]


def air_of(
    source: Source, files: Sequence[Source], declared: AirSettings, *, path_m: Floats | None
) -> tuple[Air, list[str]]:
    """State of the air at every record of a source's readings.

    Args:
        source: the source with the readings.
        files: all sources; what this one did not measure another may have.
        declared: what a person declared.
        path_m: length of every record's optical path [m], for path readings.

    Returns:
        Temperature and pressure, NaN where they are neither known nor needed, and remarks on what was assumed.
    """
    table = source.tables["readings"]
    t = sources.seconds(table["time"].to_numpy())
    others = [source, *(one for one in files if one is not source)]
    needed = any(
        table[one].attrs.get("units") not in MASS_CONCENTRATION_UNITS for one in gas_variables(table)
    )
    remarks: list[str] = []
    temperature = _measured(others, "air_temperature", t, sources.COLDEST_K, sources.HOTTEST_K)
    if declared.temperature_k is not None:
        temperature = np.full(t.size, declared.temperature_k)
    if temperature is None:
        temperature = np.full(t.size, STANDARD_TEMPERATURE_K if needed else np.nan)
        remarks += [
            f"no air temperature is known: {STANDARD_TEMPERATURE_K:g} K (ISO 2533) is assumed"
        ] * needed
    pressure = _measured(others, "air_pressure", t, sources.LOWEST_PA, sources.HIGHEST_PA)
    if declared.pressure_pa is not None:
        pressure = np.full(t.size, declared.pressure_pa)
    if pressure is None:
        pressure, remark = _from_sea_level(others, t)
        remarks += [remark] * needed
        pressure = pressure if needed else np.full(t.size, np.nan)
    return Air(temperature_k=temperature, pressure_pa=pressure, path_m=path_m), remarks


def _from_sea_level(files: Sequence[Source], t: Floats) -> tuple[Floats, str]:
    """Pressure from that at sea level (reported or standard) and the altitude of the flight (logged or none)."""
    reported = _measured(files, "sea_level_pressure", t, sources.LOWEST_PA, sources.HIGHEST_PA)
    sea = np.full(t.size, STANDARD_PRESSURE_PA) if reported is None else reported
    altitude = _altitude_m(files)
    pressure = sea * standard_pressure_pa(altitude or 0.0) / STANDARD_PRESSURE_PA
    how = "reported for sea level" if reported is not None else "of ISO 2533"
    where = f"at {altitude:.0f} m, the flight's altitude" if altitude is not None else "at sea level"
    return np.asarray(pressure, float), (
        f"no air pressure is known: that {how}, {where}, is assumed: {float(np.nanmedian(pressure)):.0f} Pa"
    )


def _altitude_m(files: Sequence[Source]) -> float | None:
    """Median altitude above mean sea level of the first track that has one [m]."""
    for source in files:
        track = source.tables.get("track")
        if track is None:
            continue
        for name in ("altitude_mean_sea_level", "altitude"):
            if name not in track or not np.isfinite(track[name]).any():
                continue
            if name != "altitude" or track[name].attrs.get("reference") == "mean sea level":
                return float(np.nanmedian(track[name]))
    return None


def _measured(files: Sequence[Source], key: str, t: Floats, low: float, high: float) -> Floats | None:
    """Weather at given times from the first file that has it."""
    for source in files:
        table = source.tables.get("meteorology")
        if table is None or key not in table:
            continue
        known = sources.seconds(table["time"].to_numpy())
        values = sources.cleaned(table[key].to_numpy(), low, high)
        good = np.flatnonzero(np.isfinite(known) & np.isfinite(values))
        if good.size:
            good = good[np.argsort(known[good], kind="stable")]
            return np.asarray(np.interp(t, known[good], values[good]), float)
    return None
