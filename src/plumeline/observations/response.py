"""How a sensor follows the air: delay, then one or two first-order stages.

With truth x(t), the first stage is dy/dt = (x(t - d) - y) / tau, where tau may differ between rise (x > y) and decay,
and an optional second stage dz/dt = (y - z) / tau2; the reading is z. Time to 90 % of a step is d + 2.303 tau for one stage.
The forward kernel is exact for an air concentration that changes linearly between the given times, so an inversion may
put it into its likelihood instead of correcting the readings.

References: WMO-No. 8 (2018) part I 1.6.3 (time constant); two-stage model of metal-oxide sensors with separate rise and
decay: Monroy et al. 2012, doi:10.3390/s121013664.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

T90_PER_TIME_CONSTANT = 2.302585092994046
"""Time to 90 % of a step over the time constant of a first-order stage: ln 10."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Declared dynamics of one sensor.

    Raises:
        ConfigurationError: a time is negative, or there is a second stage without a first.
    """

    delay_s: float = 0.0
    """Pure delay: inlet, transport, processing [s]."""
    rise_s: float = 0.0
    """Time constant of the first stage while the reading rises; 0 for an immediate sensor [s]."""
    decay_s: float | None = None
    """Time constant while it falls; the same as rising if None [s]."""
    second_s: float = 0.0
    """Time constant of a second stage; 0 for none [s]."""
    sigma: float = 0.25
    """Relative uncertainty of the time constants, where the source states none."""
    source: str = ""
    """Where the figures come from."""

    def __post_init__(self) -> None:
        times = (self.delay_s, self.rise_s, self.falling_s, self.second_s)
        if min(times) < 0 or not np.isfinite(times).all():
            raise ConfigurationError(
                "a sensor response has a negative or unknown time", remedy="use seconds, 0 or more"
            )
        if self.second_s and not self.rise_s:
            raise ConfigurationError(
                "a sensor response has a second stage and no first", remedy="give rise_s"
            )

    @property
    def falling_s(self) -> float:
        """Time constant while the reading falls [s]."""
        return self.rise_s if self.decay_s is None else self.decay_s

    @property
    def is_immediate(self) -> bool:
        """Whether there is nothing to correct but a delay."""
        return max(self.rise_s, self.falling_s, self.second_s) == 0.0

    @property
    def is_asymmetric(self) -> bool:
        """Whether rise and decay differ."""
        return self.rise_s != self.falling_s

    @property
    def slowest_s(self) -> float:
        """Longest time constant [s]."""
        return max(self.rise_s, self.falling_s, self.second_s)


@cache
def known_responses() -> Mapping[str, Response]:
    """Published responses by sensor name, from `data/responses.toml`.

    Returns:
        Sensor name to response.
    """
    text = files("plumeline.observations").joinpath("data/responses.toml").read_text(encoding="utf-8")
    return {name: Response(**entry) for name, entry in tomllib.loads(text).items()}


def known_response(name: str) -> Response:
    """Published response of a sensor.

    Args:
        name: as in `data/responses.toml`.

    Returns:
        The response.

    Raises:
        ConfigurationError: no such sensor is listed.
    """
    table = known_responses()
    if name not in table:
        near = difflib.get_close_matches(name, list(table), n=1)
        raise ConfigurationError(
            f"no response is listed for sensor {name!r}",
            remedy=f"nearest listed: {near[0]}"
            if near
            else "declare rise_s and delay_s, or one of: " + ", ".join(table),
        )
    return table[name]


def respond(time_s: Floats, truth: Floats, response: Response) -> Floats:
    """What a sensor reads in air of known concentration.

    Args:
        time_s: increasing times [s], shape (n,).
        truth: concentration of the air at these times, any unit, same shape; linear in between and constant before.
        response: the sensor's dynamics.

    Returns:
        Readings at the same times, starting from equilibrium, same unit and shape.
    """
    t, x = np.asarray(time_s, float), np.asarray(truth, float)
    if response.delay_s:
        x = np.interp(t - response.delay_s, t, x)
    first = _stage(t, x, response.rise_s, response.falling_s)
    return _stage(t, first, response.second_s, response.second_s)


def kernel(time_s: Floats, response: Response) -> Floats:
    """Matrix that turns air concentrations into readings, for a response without asymmetry.

    Args:
        time_s: increasing times [s], shape (n,).
        response: the sensor's dynamics.

    Returns:
        K with reading = K @ truth; rows sum to 1 (clean calibration: constant air reads true), shape (n, n).

    Raises:
        ConfigurationError: rise and decay differ, so no matrix exists; use `respond`.
    """
    if response.is_asymmetric:
        raise ConfigurationError(
            "a sensor whose rise and decay differ has no linear kernel",
            remedy="use its forward model instead",
        )
    size = np.asarray(time_s).size
    return np.stack([respond(time_s, column, response) for column in np.eye(size)], axis=1)


def inverse_by_difference(time_s: Floats, readings: Floats, time_constant_s: float) -> Floats:
    """Plain first-order correction x = y + tau dy/dt with a forward difference, as published corrections use it.

    It multiplies white noise of standard deviation s by about sqrt(2) tau / step: use `deconvolve` for data.

    Args:
        time_s: increasing times [s], shape (n,).
        readings: readings, any unit, same shape.
        time_constant_s: tau [s].

    Returns:
        Corrected values, same unit and shape; the last one is NaN.
    """
    slope = np.diff(readings) / np.diff(time_s)
    return np.append(np.asarray(readings, float)[:-1] + time_constant_s * slope, np.nan)


def _stage(t: Floats, x: Floats, rise_s: float, decay_s: float) -> Floats:
    """One first-order stage, exact for linear input; within a step the constant is that of the step's direction."""
    if max(rise_s, decay_s) == 0.0:
        return x
    y = np.empty_like(x)
    y[0] = x[0]
    for i in range(x.size - 1):
        step = t[i + 1] - t[i]
        target = 0.5 * (x[i] + x[i + 1])
        tau = rise_s if target > y[i] else decay_s
        if tau == 0.0:
            y[i + 1] = x[i + 1]
            continue
        lag = (x[i + 1] - x[i]) / step * tau
        y[i + 1] = x[i + 1] - lag + (y[i] - x[i] + lag) * np.exp(-step / tau)
    return y
