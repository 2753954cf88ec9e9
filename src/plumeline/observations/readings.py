"""Raw readings of one recording, made into columns of the L1 schemas: calibrated, placed, flagged.

A block is the readings of one sensor that share their times and positions. Gases of one sensor with different delays
become blocks of their own, because each took in its air at another place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline import units
from plumeline.errors import ConfigurationError, UnitError
from plumeline.instruments import gas_variables
from plumeline.observations import quality
from plumeline.observations.baseline import noise_sigma
from plumeline.observations.clocks import ClockOffset, corrected
from plumeline.observations.concentration import Gas, correct_pid, gas, to_mass_concentration
from plumeline.observations.deconvolution import deconvolve
from plumeline.observations.products import Quality
from plumeline.observations.response import Response, known_response
from plumeline.observations.sources import plausible, seconds

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.observations.settings import SensorSettings, SurveySettings
    from plumeline.observations.sources import Source

    Floats = NDArray[np.float64]
    Times = NDArray[np.datetime64]

LARGEST_READING = 1e12
"""A number beyond this is no reading in any unit."""

PID_NAMES = {"voc", "vocs", "tvoc", "pid", "pid_response"}
"""Names of a total that a photo-ionisation detector reads; it identifies nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One gas of a block, as mass concentration."""

    gas: Gas
    concentration_kg_m3: Floats
    sigma_kg_m3: Floats
    limit_kg_m3: Floats
    flags: NDArray[np.int64]
    left: Response
    """What of the sensor's response is still in the values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Readings of one sensor in order of time."""

    label: str
    """Name of the sensor, unique in the survey."""
    rows: NDArray[np.intp]
    """Records of the raw table."""
    time: Times
    """When the air was taken in: the record's time less the sensor's delay."""
    series: tuple[Series, ...]
    """Its gases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """State of the air at the records of a table, and the length of the optical path."""

    temperature_k: Floats
    pressure_pa: Floats
    path_m: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What the making of every block needs."""

    source: Source
    table: xr.Dataset
    air: Air
    settings: SurveySettings
    base: NDArray[np.int64]
    remarks: list[str]


def blocks(source: Source, air: Air, settings: SurveySettings) -> tuple[list[Block], list[str]]:
    """All readings of a source.

    Args:
        source: a source with a readings table.
        air: state of the air at every record.
        settings: what was declared about the survey.

    Returns:
        Blocks, none when no gas of the source can be made into a concentration; and remarks.

    Raises:
        ConfigurationError: a declared gas, response or correction factor is not known.
        UnitError: a column has no path length.
    """
    table = source.tables["readings"]
    names = [str(name) for name in table["sensor_name"].to_numpy()] if "sensor_name" in table else ["sensor"]
    sensor = table["sensor"].to_numpy() if "sensor" in table else np.zeros(table.sizes["record"], np.int64)
    time = table["time"].to_numpy()
    base = np.where(quality.duplicated(time, sensor), int(Quality.DUPLICATE), 0)
    base |= np.where(quality.disordered(time), int(Quality.TIME_DISORDER), 0)
    base |= 0 if source.clock_known else int(Quality.CLOCK_UNCERTAIN)
    task = _Task(source=source, table=table, air=air, settings=settings, base=base, remarks=[])
    order = np.argsort(time, kind="stable")
    order = order[~np.isnat(time[order])]
    made = [
        block
        for index, name in enumerate(names)
        if (rows := order[sensor[order] == index]).size
        for block in _sensor_blocks(task, rows, name)
    ]
    return made, list(dict.fromkeys(task.remarks))


def _sensor_blocks(task: _Task, rows: NDArray[np.intp], name: str) -> list[Block]:
    declared = {
        one: task.settings.sensor_settings(name, one)
        for one in gas_variables(task.table)
        if np.isfinite(task.table[one].to_numpy()[rows]).any()
    }
    groups: dict[float, list[str]] = {}
    for one, section in declared.items():
        groups.setdefault(response_of(section).delay_s, []).append(one)
    out = []
    for delay, members in groups.items():
        label = name if len(groups) == 1 else f"{name} {'/'.join(members)}"
        time = corrected(task.table["time"].to_numpy()[rows], ClockOffset(offset_s=delay, sigma_s=0.0))
        series = [_series(task, rows, one, label, declared[one]) for one in members]
        known = tuple(one for one in series if one is not None)
        if known:
            out.append(Block(label=label, rows=rows, time=time, series=known))
    return out


def _series(
    task: _Task, rows: NDArray[np.intp], variable: str, label: str, declared: SensorSettings
) -> Series | None:
    column = task.table[variable]
    unit = str(column.attrs.get("units", ""))
    what = _gas_of(task, variable, unit)
    if what is None:
        return None
    raw = plausible(column.to_numpy()[rows], LARGEST_READING)
    flags = task.base[rows] | np.where(quality.dropped(raw), int(Quality.DROPOUT), 0)
    ceiling = declared.ceiling if declared.ceiling is not None else column.attrs.get("ceiling")
    flags = flags | np.where(quality.saturated(raw, ceiling=ceiling), int(Quality.SATURATED), 0)
    t = seconds(task.table["time"].to_numpy()[rows])
    if declared.warm_up_s:
        flags = flags | np.where(t < t[0] + declared.warm_up_s, int(Quality.WARMING_UP), 0)
    stated = declared.noise if declared.noise is not None else column.attrs.get("noise")
    noise = (
        float(stated)
        if stated is not None
        else noise_sigma(np.where(flags & ~int(Quality.TIME_DISORDER), np.nan, raw))
    )
    values, sigma, late = _without_response(
        task, t, raw, noise, label=f"{label} {variable}", declared=declared
    )
    flags = flags | (int(Quality.LAG_UNCORRECTED) if late else 0)
    limit = (
        declared.detection_limit
        if declared.detection_limit is not None
        else column.attrs.get("detection_limit")
    )
    background = float(task.settings.background.get(variable, 0.0))
    if limit is not None:
        below = quality.below_detection(raw, float(limit), background=background)
        flags = flags | np.where(below, int(Quality.BELOW_DETECTION), 0)

    def convert(numbers: Floats) -> Floats:
        return _converted(task, numbers, unit, what, rows, is_pid=_is_pid(task, variable))

    return Series(
        gas=what,
        concentration_kg_m3=convert(values),
        sigma_kg_m3=convert(sigma),
        limit_kg_m3=convert(np.full(rows.size, np.nan if limit is None else float(limit))),
        flags=np.broadcast_to(flags, rows.shape).astype(np.int64),
        left=response_of(declared) if late else Response(),
    )


def _without_response(
    task: _Task, t: Floats, raw: Floats, noise: float, *, label: str, declared: SensorSettings
) -> tuple[Floats, Floats, bool]:
    """Readings with the response taken out, their errors, and whether that was wanted and not possible."""
    response, unchanged = response_of(declared), np.full(raw.size, noise)
    if response.is_immediate:
        return raw, unchanged, False
    if not declared.correct:
        task.remarks.append(
            f"{label}: the response of {response.slowest_s:g} s is left in the readings, as declared"
        )
        return raw, unchanged, True
    unique = np.append(True, np.diff(t) > 0)
    found = deconvolve(t[unique], raw[unique], response, noise=noise)
    task.remarks.append(f"{label}: {found.remark}")
    back = np.cumsum(unique) - 1
    air = np.where(np.isfinite(raw), found.air[back], np.nan)
    return air, found.sigma[back], not found.corrected


def _is_pid(task: _Task, variable: str) -> bool:
    declared = [one for one in task.settings.species if one.file_name == variable]
    return declared[0].pid if declared else variable.strip().casefold() in PID_NAMES


def _gas_of(task: _Task, variable: str, unit: str) -> Gas | None:
    """What a gas variable is; None, with a remark, when it cannot be made into a concentration.

    Raises:
        ConfigurationError: a declared gas is not known.
    """
    declared = next((one for one in task.settings.species if one.file_name == variable), None)
    name = declared.name if declared else variable
    known = unit in units.MASS_CONCENTRATION_UNITS | units.MOLE_FRACTION_UNITS | units.COLUMN_UNITS
    if not known:
        task.remarks.append(
            f"{variable} of {task.source.name} is in {unit or 'no unit'}, which is no concentration: left out; a "
            "calibration to ppm or mg m-3 is needed"
        )
        return None
    if not declared and variable.strip().casefold() in PID_NAMES:
        task.remarks.append(
            f"{variable} of {task.source.name} is a total that identifies nothing: kept as isobutylene equivalents "
            "(pid_response); declare [[species]] if the gas is known"
        )
        name = "pid_response"
    try:
        return gas(name, pid_factor=declared.pid_factor if declared else None)
    except ConfigurationError as error:
        if declared:
            raise
        if unit in units.MASS_CONCENTRATION_UNITS:
            return Gas(name=variable, molar_mass_kg_mol=float("nan"))
        task.remarks.append(f"{variable} of {task.source.name} is left out: {error.what}; {error.remedy}")
        return None


def _converted(
    task: _Task, numbers: Floats, unit: str, what: Gas, rows: NDArray[np.intp], *, is_pid: bool
) -> Floats:
    if is_pid and unit in units.MOLE_FRACTION_UNITS:
        numbers = correct_pid(numbers, gas=what)
    path = task.air.path_m
    try:
        return to_mass_concentration(
            numbers,
            unit,
            gas=what,
            temperature_k=task.air.temperature_k[rows],
            pressure_pa=task.air.pressure_pa[rows],
            path_length_m=None if path is None else path[rows],
        )
    except UnitError as error:
        raise UnitError(error.what, where=task.source.name, remedy=error.remedy) from None


def response_of(declared: SensorSettings) -> Response:
    """The response that a `[[sensor]]` section declares.

    Args:
        declared: the section.

    Returns:
        The response; immediate when nothing is declared.

    Raises:
        ConfigurationError: the named response is not listed, or times are negative.
    """
    if declared.response:
        return known_response(declared.response)
    return Response(
        delay_s=declared.delay_s,
        rise_s=declared.rise_s,
        decay_s=declared.decay_s,
        second_s=declared.second_s,
        sigma=declared.response_sigma,
    )
