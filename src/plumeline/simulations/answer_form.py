"""The form of an exercise as a trainee fills it in: TOML, every key and range checked, into the scorer's shape."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import ConfigurationError
from plumeline.frames import LocalFrame, latlon
from plumeline.simulations.ranges import within
from plumeline.simulations.scenario_tables import record, refuse_unknown, tables
from plumeline.simulations.species import gas as species

if TYPE_CHECKING:
    from collections.abc import Mapping

WHERE = "answer.toml"
R50_OVER_R90 = 0.549
"""Radius of the 50 % over the 90 % region of a round normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSource:
    """Table `[[source]]` of the form."""

    lat: float
    lon: float
    radius_90_m: float
    gas: str = ""
    rate_g_s: float | None = None
    rate_low_g_s: float | None = None
    rate_high_g_s: float | None = None
    kind: str = ""
    building: str = ""

    def __post_init__(self) -> None:
        latlon(self.lat, self.lon)
        within(0.1, 5000.0, radius_90_m=self.radius_90_m)
        rates = [rate for rate in (self.rate_low_g_s, self.rate_g_s, self.rate_high_g_s) if rate is not None]
        for rate in rates:
            within(1e-9, 1e5, rate_g_s=rate)
        if rates and (self.rate_g_s is None or not self.gas):
            raise ConfigurationError("a rate needs rate_g_s and the gas it is of")
        if rates != sorted(rates):
            raise ConfigurationError("the rates do not ascend: rate_low_g_s, rate_g_s, rate_high_g_s")

    def answer(self) -> dict[str, Any]:
        """The source as the scorer takes it.

        Returns:
            Place, circles as regions, rate per gas.

        Raises:
            InputError: the gas is unknown.
        """
        middle = self.rate_g_s
        rates = {}
        if middle is not None:
            ends = [middle if end is None else end for end in (self.rate_low_g_s, self.rate_high_g_s)]
            rates = {species(self.gas).name: [1e-3 * ends[0], 1e-3 * middle, 1e-3 * ends[1]]}
        return {
            "lat": self.lat,
            "lon": self.lon,
            "region_50": _circle(self.lat, self.lon, R50_OVER_R90 * self.radius_90_m),
            "region_90": _circle(self.lat, self.lon, self.radius_90_m),
            "rate_kg_s": rates,
            "kind": self.kind,
            "building": self.building,
        }


def read_form(text: str, exercise_id: str) -> dict[str, Any]:
    """A filled-in form as an answer.

    Args:
        text: TOML.
        exercise_id: the exercise's id, which the form must carry.

    Returns:
        The answer, in the scorer's shape.

    Raises:
        ConfigurationError: it is no TOML, belongs to another exercise, or has a wrong or missing key.
        InputError: a gas or a place is none.
    """
    try:
        form = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"the form is not TOML: {error}", where=WHERE) from None
    refuse_unknown(form, {"exercise", "nothing_there", "source"}, WHERE)
    if form.get("exercise") != exercise_id:
        raise ConfigurationError(
            f"the form is of exercise {form.get('exercise')!r}, not of {exercise_id}", where=WHERE
        )
    sources = [
        _source(entry, f"{WHERE} [[source]] {number}")
        for number, entry in enumerate(tables(form, "source", WHERE), 1)
    ]
    nothing = form.get("nothing_there", False)
    if not isinstance(nothing, bool) or nothing == bool(sources):
        raise ConfigurationError(
            "say nothing_there = true, or give at least one [[source]], not both", where=WHERE
        )
    return {"sources": sources, "probability_no_source": 0.0 if sources else 1.0, "false_alarm_probability": None,
            "seconds": 0.0}  # fmt: skip


def _source(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    if isinstance(entry, dict):
        missing = sorted({"lat", "lon", "radius_90_m"} - set(entry))
        if missing:
            raise ConfigurationError(f"missing {', '.join(missing)}", where=where)
    return record(FormSource, entry, where).answer()


def _circle(lat_deg: float, lon_deg: float, radius_m: float) -> dict[str, Any]:
    frame = LocalFrame(origin=latlon(lat_deg, lon_deg))
    angle = np.linspace(0.0, 2 * np.pi, 49)
    lon, lat = frame.to_lonlat(radius_m * np.cos(angle), radius_m * np.sin(angle))
    ring = [[float(a), float(b)] for a, b in zip(lon, lat, strict=True)]
    ring[-1] = ring[0]
    return {"type": "Polygon", "coordinates": [ring]}
