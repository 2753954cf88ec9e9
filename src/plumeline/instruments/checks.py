"""What looks wrong in a raw table: found, counted, and said; never mended here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline import units
from plumeline.instruments.header_words import gas_unit_in, speed_unit_in
from plumeline.instruments.recording import Remark
from plumeline.instruments.tables import gas_variables, without_idle_wind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from plumeline.instruments.layout import Layout

FEW = 5
KNOTS_SUSPECTED_M_S = 30.0
"""A median wind above this is more likely a wrong unit than a survey flown in a hurricane [m s-1]."""


def found(mask: NDArray[np.bool_], lines: NDArray[np.int64], what: str, consequence: str) -> list[Remark]:
    """A remark for the records of a mask, or none.

    Args:
        mask: the records, shape (record,).
        lines: their lines, shape (record,).
        what: what was found; "{count}" stands for the number of records.
        consequence: what comes of it.

    Returns:
        One remark, or none when the mask is empty.
    """
    count = int(mask.sum())
    if not count:
        return []
    where = tuple(int(line) for line in lines[mask][:FEW])
    return [Remark(what=what.format(count=count), consequence=consequence, lines=where, count=count)]


def table(kind: str, dataset: xr.Dataset, laid: Layout | None = None) -> list[Remark]:
    """Everything that looks wrong in one raw table.

    Args:
        kind: kind of table.
        dataset: the table.
        laid: the layout it was read with, for a text table.

    Returns:
        Remarks.
    """
    remarks = times(kind, dataset) + positions(kind, dataset, laid)
    if kind == "readings":
        remarks += gases(dataset)
    if kind == "wind":
        remarks += winds(dataset)
    if kind == "meteorology":
        remarks += weather(dataset)
    return remarks


def times(kind: str, dataset: xr.Dataset) -> list[Remark]:
    """Times that go backwards or occur twice, per sensor."""
    time, lines = dataset["time"].to_numpy(), dataset["line"].to_numpy()
    sensor = dataset["sensor"].to_numpy() if "sensor" in dataset else np.zeros(time.size, "int64")
    backwards, again = np.zeros(time.size, bool), np.zeros(time.size, bool)
    for one in np.unique(sensor):
        at = np.flatnonzero(sensor == one)
        step = np.diff(time[at])
        backwards[at[1:]] = step < np.timedelta64(0, "ns")
        again[at[1:]] = step == np.timedelta64(0, "ns")
    return [
        *found(backwards, lines, "the time goes backwards {count} times", "kept in the file's order"),
        *found(again, lines, f"{{count}} {kind} records repeat the time before", "kept"),
    ]


def positions(kind: str, dataset: xr.Dataset, laid: Layout | None) -> list[Remark]:
    """Latitudes and longitudes that are impossible, zero, or look swapped."""
    remarks: list[Remark] = []
    lines = dataset["line"].to_numpy()
    for lat, lon in (("latitude", "longitude"), ("latitude_start", "longitude_start")):
        if lat not in dataset or lon not in dataset:
            continue
        north, east = dataset[lat].to_numpy(), dataset[lon].to_numpy()
        swapped = (np.abs(north) > 90) & (np.abs(east) <= 90)
        lost = ((np.abs(north) > 90) | (np.abs(east) > 180)) & ~swapped
        null = (north == 0) & (east == 0)
        remarks += found(
            swapped,
            lines,
            "{count} latitudes are beyond 90 degrees",
            "swapped with longitude? swap the two keys",
        )
        remarks += found(lost, lines, "{count} positions are no place on Earth", "do not use them")
        remarks += found(null, lines, "{count} positions are 0, 0: no fix yet", "do not use them")
        if laid is not None and kind in {"track", "readings"}:
            remarks += _swapped_by_name(laid, lat, lon)
    return remarks


def _swapped_by_name(laid: Layout, lat: str, lon: str) -> list[Remark]:
    names = [laid.position[key].column.lower() if key in laid.position else "" for key in (lat, lon)]
    if "lon" in names[0] or "lng" in names[0] or "lat" in names[1]:
        return [
            Remark(
                what=f"latitude is read from column {names[0]!r} and longitude from {names[1]!r}",
                consequence="they look swapped; check [position] in the mapping",
            )
        ]
    return []


def gases(dataset: xr.Dataset) -> list[Remark]:
    """Gas values that are all missing, all the same, or at the sensor's ceiling."""
    remarks: list[Remark] = []
    lines = dataset["line"].to_numpy()
    for name in gas_variables(dataset):
        values = dataset[name].to_numpy()
        known = np.isfinite(values)
        if not known.any():
            remarks.append(
                Remark(what=f"{name} has no value at all", consequence="nothing to locate from it")
            )
            continue
        ceiling = dataset[name].attrs.get("ceiling")
        full = known & (values >= ceiling) if ceiling is not None else np.zeros(values.size, bool)
        if full.any() and full.sum() == known.sum():
            remarks += found(
                full, lines, f"all {{count}} values of {name} are at the ceiling", "the truth may be higher"
            )
        else:
            remarks += found(full, lines, f"{{count}} values of {name} are at the ceiling", "kept")
        if known.sum() > FEW and np.ptp(values[known]) == 0 and not full.any():
            remarks.append(
                Remark(
                    what=f"{name} never changes ({values[known][0]:g} {dataset[name].attrs['units']})",
                    consequence="stuck, saturated or below its limit: state a ceiling or detection_limit",
                )
            )
    return remarks


def winds(dataset: xr.Dataset) -> list[Remark]:
    """Wind that looks as if its unit or convention were not the declared one."""
    remarks: list[Remark] = []
    lines = dataset["line"].to_numpy()
    if "speed" in dataset:
        speed = dataset["speed"].to_numpy()
        remarks += found(speed < 0, lines, "{count} wind speeds are negative", "do not use them")
        declared = dataset["speed"].attrs.get("file_units", "m/s")
        if np.isfinite(speed).any() and np.nanmedian(speed) > KNOTS_SUSPECTED_M_S:
            remarks.append(
                Remark(
                    what=f"the median wind is {np.nanmedian(speed):.0f} m/s when read as {declared}",
                    consequence="check the unit: knots or km/h?",
                )
            )
    if "direction_from" in dataset and dataset.attrs.get("frame") == "unknown":
        remarks.append(
            Remark(
                what="the file does not say whether wind directions count from the nose or from north",
                consequence='settle it with [wind] frame = "body", "magnetic" or "true"',
            )
        )
    if "direction_from" in dataset and dataset["direction_from"].attrs.get("file_units", "").startswith(
        "deg"
    ):
        direction = dataset["direction_from"].to_numpy()
        known = direction[np.isfinite(direction)]
        if known.size > 20 and np.ptp(known) > 0.5 and known.max() < 2 * np.pi + 0.01:
            remarks.append(
                Remark(
                    what=f"all wind directions lie between 0 and {known.max():.2f} degrees",
                    consequence="check the unit: radians?",
                )
            )
    return remarks


POSSIBLE_WEATHER = {
    "air_temperature": (180.0, 340.0, "K"),
    "air_pressure": (25_000.0, 110_000.0, "Pa"),
    "relative_humidity": (0.0, 1.1, "1"),
}
"""Range of what can be measured in air at the ground or under a drone: least, most, unit."""


def weather(dataset: xr.Dataset) -> list[Remark]:
    """Temperatures, pressures and humidities that no air has."""
    remarks: list[Remark] = []
    for name, (low, high, unit) in POSSIBLE_WEATHER.items():
        if name in dataset:
            values = dataset[name].to_numpy()
            what = f"{{count}} values of {name} lie outside {low:g} to {high:g} {unit}"
            consequence = "do not use them; if all do, check the unit"
            remarks += found((values < low) | (values > high), dataset["line"].to_numpy(), what, consequence)
    return remarks


def idle_wind(tables: dict[str, xr.Dataset]) -> list[Remark]:
    """Take out a wind estimate that was never made, and say so."""
    if not without_idle_wind(tables):
        return []
    return [
        Remark(
            what="the autopilot's wind estimate is 0 throughout: it was never made",
            consequence="no wind table; give the wind from elsewhere",
        )
    ]


def declared_units(laid: Layout) -> list[Remark]:
    """Columns whose names speak of another unit than the mapping declares."""
    remarks = []
    tables: tuple[dict[str, float], ...] = (
        units.COLUMN_UNITS,
        units.MOLE_FRACTION_UNITS,
        units.MASS_CONCENTRATION_UNITS,
    )
    pairs = [(g.column, gas_unit_in(g.column), g.settings.unit.strip(), tables) for g in laid.gases]
    pairs += [
        (source.column, speed_unit_in(source.column), source.file_units, (units.SPEED_UNITS,))
        for name, source in laid.wind.items()
        if name in {"speed", "gust", "eastward", "northward"}
    ]
    for column, told, declared, known in pairs:
        same = any(told in table and declared in table and table[told] == table[declared] for table in known)
        if told and declared and not same:
            remarks.append(
                Remark(
                    what=f"column {column!r} is declared as {declared}, but its name says {told}",
                    consequence="the declared unit was taken; check it",
                )
            )
    return remarks


def midnight(passed: Sequence[int], lines: NDArray[np.int64]) -> list[Remark]:
    """A time of day that passes midnight."""
    if not passed:
        return []
    where = tuple(int(lines[at]) for at in passed[:FEW])
    return [
        Remark(what="the time of day passes midnight", consequence="one day added from there on", lines=where)
    ]


def unused_columns(names: Sequence[str]) -> list[Remark]:
    """Columns of the file that the mapping does not name."""
    if not names:
        return []
    listed = ", ".join(repr(name) for name in names[:20]) + (" …" if len(names) > 20 else "")
    return [Remark(what=f"columns not in the mapping: {listed}", consequence="not read")]


def merged(remarks: Sequence[Remark]) -> list[Remark]:
    """The remarks without repetitions, in order.

    Args:
        remarks: any remarks.

    Returns:
        Each once.
    """
    seen: dict[Any, Remark] = {}
    for remark in remarks:
        seen.setdefault((remark.what, remark.consequence, remark.lines), remark)
    return list(seen.values())
