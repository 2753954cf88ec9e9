"""The simulated plume: filaments that drift with the wind, tumble in turbulence and slowly widen.

A source sheds filaments (small Gaussian puffs). Each is carried by the common wind at its height (mean, meander,
gusts, the same for all) and by turbulence of its own (a Langevin equation with height-dependent variance and time
scale, so that the well-mixed condition holds), and it widens by Richardson's law. The filaments that pass a sensor
make its signal: patchy, intermittent, meandering. A reading is the exact mean of the filaments' densities over a
straight segment, which serves a moving point during one second and an open path alike.

Simplifications: the stress u'w' is left out; a filament is round and stays smaller than the eddies about it; filaments
do not merge; buildings are boxes (see `canopy`).

References: Thomson 1987 (well-mixed condition, doi:10.1017/S0022112087001940); Farrell et al. 2002 (filaments and
meander, doi:10.1023/A:1016283702837); de Haan & Rotach 1998 (puffs on particle paths, doi:10.1002/qj.49712455212);
Richardson 1926 (relative spread).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, prange

from plumeline.simulations.canopy import Canopy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.simulations.large_scale_wind import LargeScaleWind
    from plumeline.simulations.surface_layer import SurfaceLayer

    Floats = NDArray[np.float64]

BLOCKS = 16
"""Filaments are summed in this many fixed groups, so that the answer does not depend on the number of threads."""
TABLE_SIZE = 200
MARGIN_M = 60.0
"""A filament this far outside the readings and its source is dropped [m]."""
KOLMOGOROV_C0 = 3.1
"""Lagrangian structure constant that belongs to the time scale 0.5 z / sigma_w in neutral air."""
RICHARDSON_FACTOR = 0.15
"""Share of the full relative spread (0.65 for Richardson's constant 0.5) that widens one filament; the
filaments' separate paths do the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Where and when a signal is taken: row r is the mean over a segment during one step of the wind's grid."""

    step_index: NDArray[np.int64]
    """Index of the grid step, ascending, one per reading."""
    start_m: Floats
    """(reading, 3) east, north, height of the segment's start [m]: a moving point's place as the step begins."""
    end_m: Floats
    """(reading, 3) the segment's end [m]: the point's place as the step ends, or the far end of an open path."""
    mixing_m: float = 0.0
    """Width over which the platform itself mixes the air before it is sampled [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One point that sheds filaments."""

    place_m: tuple[float, float, float]
    """East, north, height [m]."""
    weight: Floats
    """Emission over its nominal rate per grid step (1 is on, 0 is off)."""
    size_m: float = 0.3
    """Standard deviation of a filament as it leaves [m]."""
    first_step: int = 0
    """Grid step from which it sheds filaments."""


def couplings(
    readings: Readings,
    release: Release,
    *,
    wind: LargeScaleWind,
    layer: SurfaceLayer,
    seed: int,
    per_step: int = 8,
    canopy: Canopy | None = None,
    deposition_m_s: float = 0.0,
) -> Floats:
    """Concentration per unit rate at readings.

    Args:
        readings: where and when.
        release: the source.
        wind: the common wind.
        layer: turbulence by height.
        seed: names the turbulence; the same seed gives the same bytes.
        per_step: filaments shed per grid step.
        canopy: buildings, if any.
        deposition_m_s: dry deposition velocity; 0 keeps all mass in the air.

    Returns:
        (reading,) concentration per rate [s m-3].
    """
    table, log_floor, log_step = _tables(layer, wind.reference_height_m)
    offsets = np.searchsorted(readings.step_index, np.arange(wind.eastward_m_s.size + 1))
    place = np.array(release.place_m, float)
    blocks = canopy or Canopy.none()
    out = np.zeros((BLOCKS, readings.step_index.size))
    _shed(
        out,
        (offsets, np.ascontiguousarray(readings.start_m), np.ascontiguousarray(readings.end_m)),
        (place, np.asarray(release.weight, float), release.size_m, release.first_step),
        (wind.eastward_m_s, wind.northward_m_s, wind.step_s),
        (table, log_floor, log_step, layer.local_sigma_v_m_s, layer.mixing_height_m),
        (blocks.roof_m, blocks.wake_m, blocks.west_m, blocks.south_m, blocks.cell_m),
        (np.uint64(seed % 2**64), per_step, _box_m(readings, place), deposition_m_s, readings.mixing_m),
    )
    return np.asarray(out.sum(axis=0))


def _box_m(readings: Readings, place: Floats) -> Floats:
    """West, east, south, north edge beyond which a filament cannot matter any more [m]."""
    ends = np.concatenate([readings.start_m, readings.end_m, place[None]])
    low, high = ends.min(axis=0) - MARGIN_M, ends.max(axis=0) + MARGIN_M
    return np.array([low[0], high[0], low[1], high[1]])


def _tables(layer: SurfaceLayer, reference_height_m: float) -> tuple[Floats, float, float]:
    """Profiles on a logarithmic height grid: wind ratio, sigma_w, its square's slope, time scale, dissipation^1/3."""
    floor_m = max(layer.roughness_m, 0.02)
    z = np.geomspace(floor_m, layer.mixing_height_m, TABLE_SIZE)
    sigma = layer.sigma_w_m_s(z)
    scale = layer.lagrangian_time_s(z)
    dissipation = 2.0 * sigma**2 / (KOLMOGOROV_C0 * scale)
    ratio = layer.speed_m_s(z) / float(layer.speed_m_s(reference_height_m))
    table = np.column_stack([ratio, sigma, np.gradient(sigma**2, z), scale, np.cbrt(dissipation)])
    return np.ascontiguousarray(table), math.log(floor_m), math.log(z[1] / z[0])


@njit(cache=True, inline="always")
def _uniform(state: np.uint64) -> tuple[np.uint64, float]:
    """Next state and a uniform number in (0, 1): splitmix64."""
    state += np.uint64(0x9E3779B97F4A7C15)
    mixed = state
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return state, (np.float64(mixed >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@njit(cache=True, inline="always")
def _pair(state: np.uint64) -> tuple[np.uint64, float, float]:
    """Next state and two standard normal numbers (Box-Muller)."""
    state, first = _uniform(state)
    state, second = _uniform(state)
    radius = math.sqrt(-2.0 * math.log(first))
    return state, radius * math.cos(2 * math.pi * second), radius * math.sin(2 * math.pi * second)


@njit(cache=True)
def _segment_mean(ax: float, ay: float, az: float, dx: float, dy: float, dz: float, size: float) -> float:
    """Mean of a unit Gaussian puff along the segment a + s d, 0 ≤ s ≤ 1, relative to its centre [m-3]."""
    a2 = (ax * ax + ay * ay + az * az) / (size * size)
    ad = (ax * dx + ay * dy + az * dz) / (size * size)
    d2 = (dx * dx + dy * dy + dz * dz) / (size * size)
    nearest = min(max(-ad / d2, 0.0), 1.0) if d2 > 0 else 0.0
    if a2 + 2 * ad * nearest + d2 * nearest * nearest > 30.0:
        return 0.0
    peak = 1.0 / (15.749609945722419 * size * size * size)
    if d2 < 1e-6:
        return peak * math.exp(-0.5 * a2)
    root = math.sqrt(2.0 * d2)
    span = math.erf((d2 + ad) / root) - math.erf(ad / root)
    return peak * math.exp(-0.5 * (a2 - ad * ad / d2)) * math.sqrt(math.pi) / root * span


@njit(cache=True, inline="always")
def _cell(values: Floats, x: float, y: float, west: float, south: float, cell: float) -> float:
    """Raster value at a place, 0 outside the raster."""
    column = math.floor((x - west) / cell)
    row = math.floor((y - south) / cell)
    if 0 <= row < values.shape[0] and 0 <= column < values.shape[1]:
        return float(values[row, column])
    return 0.0


@njit(cache=True)
def _move(
    x: float, y: float, z: float, dx: float, dy: float, dz: float, blocks: Any
) -> tuple[float, float, float]:
    """Move a filament; a wall stops the motion into it, so that the rest slides along the street."""
    roof, _, west, south, cell = blocks
    if roof.size == 0:
        return x + dx, y + dy, z + dz
    if z + dz >= _cell(roof, x + dx, y + dy, west, south, cell):
        return x + dx, y + dy, z + dz
    if z + dz >= _cell(roof, x + dx, y, west, south, cell):
        return x + dx, y, z + dz
    if z + dz >= _cell(roof, x, y + dy, west, south, cell):
        return x, y + dy, z + dz
    return x, y, max(z, _cell(roof, x, y, west, south, cell)) + abs(dz)


@njit(cache=True, parallel=True)
def _shed(out: Floats, readings: Any, release: Any, wind: Any, air: Any, blocks: Any, run: Any) -> None:
    """Shed every filament and add what it gives to each reading; blocks of filaments run in parallel."""
    per_step = run[1]
    first = release[3]
    steps = wind[0].size
    total = (steps - first) * per_step
    for block in prange(out.shape[0]):
        for number in range(block, total, out.shape[0]):
            step = first + number // per_step
            weight = release[1][step]
            if weight > 0:
                fraction = (number % per_step + 0.5) / per_step
                mass = weight * wind[2] / per_step
                _follow(out[block], readings, release, wind, air, blocks, run, (number, step, fraction, mass))


@njit(cache=True)
def _follow(
    out: Floats, readings: Any, release: Any, wind: Any, air: Any, blocks: Any, run: Any, birth: Any
) -> None:
    """Follow one filament from its release until it has left or the time is over."""
    place, _, size, _ = release
    number, step, fraction, mass = birth
    seed, _, box, deposition, mixing = run
    state = (seed + np.uint64(number) * np.uint64(0xD1342543DE82EF95)) ^ np.uint64(0xA0761D6478BD642F)
    state, _ = _uniform(state)
    x, y, z = place[0], place[1], place[2]
    state, gu, gv = _pair(state)
    state, gw, _ = _pair(state)
    u, v = gu * air[3], gv * air[3]
    sigma_start = air[0][min(int(max(math.log(max(z, 1e-3)) - air[1], 0.0) / air[2]), air[0].shape[0] - 1), 1]
    w = gw * sigma_start
    offsets = readings[0]
    for k in range(step, wind[0].size):
        length = wind[2] * (1.0 - fraction) if k == step else wind[2]
        x0, y0, z0, size0 = x, y, z, size
        state, x, y, z, u, v, w, size = _advance(
            state, (x, y, z), (u, v, w), size, (wind[0][k], wind[1][k], length), air, blocks
        )
        if deposition > 0:
            mass *= math.exp(-deposition * length * 0.7979 / size * math.exp(-0.5 * (z / size) ** 2))
        share = mass * length / wind[2]
        width = math.hypot(0.5 * (size0 + size), mixing)
        for r in range(offsets[k], offsets[k + 1]):
            out[r] += share * _reading(readings[1][r], readings[2][r], (x0, y0, z0), (x, y, z), width)
        if x < box[0] or x > box[1] or y < box[2] or y > box[3]:
            return


@njit(cache=True)
def _reading(start: Floats, end: Floats, before: Any, after: Any, size: float) -> float:
    """Mean density of one filament and its image under the ground over one reading's segment [m-3]."""
    ax, ay = start[0] - before[0], start[1] - before[1]
    bx, by = end[0] - after[0], end[1] - after[1]
    far = 6.0 * size
    if (
        (ax > far and bx > far)
        or (ax < -far and bx < -far)
        or (ay > far and by > far)
        or (ay < -far and by < -far)
    ):
        return 0.0
    az, bz = start[2] - before[2], end[2] - after[2]
    value = _segment_mean(ax, ay, az, bx - ax, by - ay, bz - az, size)
    az, bz = start[2] + before[2], end[2] + after[2]
    if min(az, bz) < far:
        value += _segment_mean(ax, ay, az, bx - ax, by - ay, bz - az, size)
    return value


@njit(cache=True)
def _advance(state: Any, place: Any, speed: Any, size: float, flow: Any, air: Any, blocks: Any) -> Any:
    """Carry one filament through one grid step in small steps of its own time scale."""
    x, y, z = place
    u, v, w = speed
    east, north, remaining = flow
    table, log_floor, log_step, sigma_v, top = air
    floor = math.exp(log_floor)
    heading = math.hypot(east, north) + 1e-9
    ce, cn = east / heading, north / heading
    while remaining > 1e-9:
        row = min(int((math.log(z) - log_floor) / log_step), table.shape[0] - 1) if z > floor else 0
        ratio, sigma, slope, scale, cube = (
            table[row, 0],
            table[row, 1],
            table[row, 2],
            table[row, 3],
            table[row, 4],
        )
        if blocks[1].size and z < _cell(blocks[1], x, y, blocks[2], blocks[3], blocks[4]):
            ratio *= 0.25
        dt = min(remaining, max(0.2 * scale, 0.04))
        remaining -= dt
        state, g1, g2 = _pair(state)
        state, g3, _ = _pair(state)
        ratio_v = sigma_v / sigma
        memory_v = math.exp(-dt / (scale * ratio_v * ratio_v))
        memory = math.exp(-dt / scale)
        u = memory_v * u + sigma_v * math.sqrt(1.0 - memory_v * memory_v) * g1
        v = memory_v * v + sigma_v * math.sqrt(1.0 - memory_v * memory_v) * g2
        drift = 0.5 * slope * (1.0 + w * w / (sigma * sigma)) * dt
        w = memory * w + sigma * math.sqrt(1.0 - memory * memory) * g3 + drift
        w = min(max(w, -4.0 * sigma), 4.0 * sigma)
        dx = (ratio * east + u * ce - v * cn) * dt
        dy = (ratio * north + u * cn + v * ce) * dt
        x, y, z = _move(x, y, z, dx, dy, w * dt, blocks)
        if z < floor:
            z = 2.0 * floor - z
            w = -w
        elif z > top:
            z = 2.0 * top - z
            w = -w
        if size < 0.3 * (z + 1.0):
            size += RICHARDSON_FACTOR * cube * size ** (1.0 / 3.0) * dt
    return state, x, y, z, u, v, w, size
