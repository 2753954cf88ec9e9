"""Every file format that a simulated flight is written in, and which of them together make a flight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from plumeline.errors import ConfigurationError
from plumeline.simulations.autopilot_logs import write_dataflash, write_tlog, write_ulog
from plumeline.simulations.recordings import (
    write_gas_csv,
    write_generic_csv,
    write_path_csv,
    write_pergam,
    write_skyhub,
    write_sniffer_csv,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from plumeline.simulations.scene import Flight
    from plumeline.simulations.sensors import Sensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One file format."""

    suffix: str
    """End of its files' names."""
    write: Callable[[Flight, Path], None]
    """Writes a flight."""
    has_gas: bool = True
    """Whether it holds readings of gases."""
    has_place: bool = True
    """Whether it says where they were taken."""
    has_wind: bool = False
    """Whether it holds the wind measured on board."""
    path: str = "point"
    """Kind of signal it is for: that of a sensor with this `path`."""


WRITERS: dict[str, Format] = {
    "skyhub": Format(suffix=".skyhub.csv", write=write_skyhub, has_wind=True),
    "generic-csv": Format(suffix=".csv", write=write_generic_csv, has_wind=True),
    "gas-csv": Format(suffix=".gas.csv", write=write_gas_csv, has_place=False),
    "sniffer-csv": Format(suffix=".sniffer.csv", write=write_sniffer_csv),
    "pergam": Format(suffix=".pergam.log", write=write_pergam, path="nadir"),
    "path-csv": Format(suffix=".path.csv", write=write_path_csv, path="beam"),
    "tlog": Format(suffix=".tlog", write=write_tlog, has_gas=False),
    "dataflash": Format(suffix=".bin", write=write_dataflash, has_gas=False),
    "ulog": Format(suffix=".ulg", write=write_ulog, has_gas=False),
}
"""Formats by name."""


def check_formats(names: Sequence[str], sensors: Sequence[Sensor], *, where: str = "") -> None:
    """Refuse formats that do not make a flight.

    Args:
        names: names in `WRITERS`.
        sensors: the flight's sensors.
        where: name for messages.

    Raises:
        ConfigurationError: a name is unknown, none holds gas, the places are missing, or no sensor fits.
    """
    for name in names:
        if name not in WRITERS:
            raise ConfigurationError(
                f"format {name!r} is unknown", where=where, remedy="use one of: " + ", ".join(WRITERS)
            )
    gas = [name for name in names if WRITERS[name].has_gas]
    if not gas:
        raise ConfigurationError(
            "an autopilot's log holds no gas", where=where, remedy='format = ["gas-csv", "tlog"]'
        )
    if not WRITERS[gas[0]].has_place and len(gas) == len(names):
        raise ConfigurationError(
            f"{gas[0]} does not say where readings were taken",
            where=where,
            remedy='add an autopilot\'s log: format = ["gas-csv", "tlog"]',
        )
    for name in gas:
        path = WRITERS[name].path
        if path != "point" and not any(sensor.path == path for sensor in sensors):
            raise ConfigurationError(
                f"format {name} needs a sensor with path = {path}",
                where=where,
                remedy='model = "tdlas-methane"' if path == "nadir" else "give it reflector_m",
            )
