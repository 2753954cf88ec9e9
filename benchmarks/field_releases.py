"""Four open release experiments as windows that the simulator can be run through, for `field_validation`.

Roughness, classes, heights and deposition are those of the site descriptions or of the literature named here; the
physics of the simulator has no constant that was fitted to any of them (docs/decisions/0100-field-protocol.md).
Prairie Grass: roughness 0.006 m (Barad 1958); SO2 deposits on grass at 0.8 cm/s (Garland 1977). ADED: open ground,
daytime and night classes from wind and hour (Turner 1970, moderate sun); equipment heights 2 m (wells, separators) and
4.5 m (tanks, as in the publisher's table of sources); directions magnetic. Ginninderra: grazed field, roughness 0.02 m,
measured Obukhov length, wind at 3 m (its sonic's height). Chilbolton: open ground, Obukhov length from the measured
vertical angle, wind at 3 m, beams at 1.5 m (neither height is in the data).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from plumeline.simulations.filaments import Readings, Release, couplings
from plumeline.simulations.large_scale_wind import LargeScaleWind, WindSettings, large_scale_wind
from plumeline.simulations.surface_layer import SurfaceLayer, inverse_obukhov_length_m1

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

METHANE_KG_M3_PER_PPM = 6.64e-7
"""At 20 °C and 1,013 hPa."""
OPEN_ROUGHNESS_M = 0.03
"""Open flat ground with low plants and single obstacles (Davenport's class 3, Wieringa 1992), where no site value is known [m]."""
SO2_DEPOSITION_M_S = 0.008
"""Dry deposition of SO2 on grass (Garland 1977, doi:10.1098/rspa.1977.0066) [m s-1]."""
ADED_DECLINATION_DEG = 8.1
"""Magnetic declination, east, at Fort Collins in May 2022 (World Magnetic Model) [degrees]. The publisher's description says only
that zero is a wind from the north; whether true or magnetic is not said. The first four releases say it: every sensor reads most
where the recorded wind points 5 to 15 degrees anticlockwise of it (docs/decisions/0157-aded-level-and-north.md)."""
CLEAR_DEG, UPWIND_DEG = 60.0, 107.5
"""Angles off the wind beyond which a sensor at ADED is clear of a release, and of the pad when none is under way [degrees]."""


def _table(path: Path, **options: Any) -> Any:
    """A CSV table; untyped, because a column's type is known from the set's description only."""
    return pd.read_csv(path, **options)


@dataclass(frozen=True, kw_only=True)
class Window:
    """One averaging window of one experiment."""

    group: str
    """Which pairs belong together (run, release, day)."""
    labels: list[str]
    """Name per receiver."""
    layer: SurfaceLayer
    wind: LargeScaleWind
    spin_up: int
    """Seconds at the start that are not averaged."""
    place_m: tuple[float, float, float]
    rate: Floats
    """Per second, in mass per second of `unit` times cubic metre."""
    start_m: Floats
    """(receiver, 3)."""
    end_m: Floats
    observed: Floats
    """Enhancement per receiver; NaN where not measured."""
    minutes: Floats | None = None
    """(minute, receiver) the same minute by minute, where the set has it."""
    deposition_m_s: float = 0.0
    """Dry deposition velocity of the gas [m s-1]."""
    is_second_half: bool = False
    """Whether it lies in the later half of its set."""


def modelled(window: Window, seed: int, *, every_s: int = 2, per_step: int = 8) -> Floats:
    """(time, receiver) enhancement every `every_s` seconds of a window, in the unit of `rate` per cubic metre."""
    steps = np.arange(window.spin_up, window.wind.eastward_m_s.size, every_s)
    count = len(window.labels)
    readings = Readings(
        step_index=np.repeat(steps, count),
        start_m=np.tile(window.start_m, (steps.size, 1)),
        end_m=np.tile(window.end_m, (steps.size, 1)),
    )
    c = couplings(
        readings,
        Release(place_m=window.place_m, weight=window.rate, size_m=0.2),
        wind=window.wind,
        layer=window.layer,
        seed=seed,
        per_step=per_step,
        deposition_m_s=window.deposition_m_s,
    )
    return np.asarray(c.reshape(steps.size, count))


def prairie_grass(data: Path, draw: int = 0) -> Iterator[Window]:
    """Runs with meteorology: 10-min means of SO2 [mg m-3] on arcs of 50 to 800 m; `draw` names the meander."""
    folder = data / "prairie-grass-1956"
    weather = _table(folder / "meteorology.csv").dropna()
    readings = _table(folder / "observations.csv")
    truth = _table(folder / "truth.csv").set_index("run")
    for number, row in enumerate(weather.itertuples()):
        here = readings[readings["run"] == row.run]
        layer = SurfaceLayer(
            friction_velocity_m_s=row.friction_velocity_m_s,
            inverse_obukhov_length_m1=1.0 / row.obukhov_length_m,
            roughness_m=0.006,
            mixing_height_m=1000.0 if row.obukhov_length_m < 0 else 300.0,
            sigma_v_m_s=float(np.radians(row.azimuth_sigma_deg) * row.speed_m_s),
        )
        toward = float(np.radians(270.0 - row.wind_direction_from_deg))
        spin = 60 + int(1600.0 / float(layer.speed_m_s(2.0)))
        wind = _meander(
            layer,
            np.full(spin + 600, np.cos(toward)),
            np.full(spin + 600, np.sin(toward)),
            spin,
            1000 * draw + int(row.run),
        )
        places = here[["x_m", "y_m", "z_m"]].to_numpy(float)
        source = truth.loc[row.run]
        yield Window(
            group=str(row.run),
            labels=[f"{arc}" for arc in here["arc_m"]],
            layer=layer,
            wind=wind,
            spin_up=spin,
            place_m=(0.0, 0.0, float(source["height_m"])),
            rate=np.full(spin + 600, 1e3 * float(source["rate_g_s"])),
            start_m=places,
            end_m=places,
            observed=here["so2_mg_m3"].to_numpy(float),
            deposition_m_s=SO2_DEPOSITION_M_S,
            is_second_half=2 * number >= len(weather),
        )


def _meander(layer: SurfaceLayer, east: Floats, north: Floats, spin: int, seed: int) -> LargeScaleWind:
    """Unit mean direction times the layer's speed at 2 m, with a meander whose mean over the window is zero."""
    free = large_scale_wind(
        layer,
        WindSettings(toward_rad=0.0),
        count=east.size,
        step_s=1.0,
        reference_height_m=2.0,
        rng=np.random.default_rng(seed),
    )
    speed = float(layer.speed_m_s(2.0))
    # The measured spread is that of the ten minutes alone, their own mean taken out; so is this one's.
    along, across = (
        layer.meander_sigma_m_s * (values - values[spin:].mean()) / values[spin:].std()
        for values in (free.eastward_m_s, free.northward_m_s)
    )
    return LargeScaleWind(
        step_s=1.0,
        eastward_m_s=(speed + along) * east - across * north,
        northward_m_s=(speed + along) * north + across * east,
        reference_height_m=2.0,
    )


def _series(times_s: Floats, values: Floats, start_s: float, count: int) -> Floats:
    return np.asarray(np.interp(start_s + np.arange(count), times_s, values), float)


def _toward(speed: Floats, direction_from_deg: Floats) -> tuple[Floats, Floats]:
    angle = np.radians(270.0 - direction_from_deg)
    return speed * np.cos(angle), speed * np.sin(angle)


def _turner(speed: float, hour: float) -> str:
    """Pasquill class from wind and local hour with moderate sun or a half-clear night (Turner 1970)."""
    if 7 <= hour < 18:
        return "B" if speed < 3 else "C" if speed < 5 else "D"
    return "F" if speed < 2 else "E" if speed < 3 else "D"


def aded(
    data: Path, draw: int = 0, *, declination_deg: float = 0.0, window_s: int = 1800
) -> Iterator[Window]:
    """Single releases on a pad, 8 fixed sensors, half-hour means of CH4 [ppm above each sensor's level in clear air]."""
    folder = data / "aded-2022"
    wind = _table(folder / "wind.csv", parse_dates=["time_utc"])
    wind["direction_from_deg"] += declination_deg
    readings = _table(folder / "observations.csv", parse_dates=["time_utc"])
    sensors = _table(folder / "instruments.csv").set_index("instrument")
    truth = _table(folder / "truth.csv", parse_dates=["start", "end"])
    seconds = (wind["time_utc"] - wind["time_utc"].iloc[0]).dt.total_seconds().to_numpy()
    east, north = _toward(wind["speed_m_s"].to_numpy(), wind["direction_from_deg"].to_numpy())
    names = list(sensors.index)
    enhancement = _above_clear_air(readings, sensors, wind, truth)
    places = sensors[["x_m", "y_m", "z_m"]].to_numpy(float)
    spin = 180
    for number, release in enumerate(truth.itertuples()):
        first = (release.start - wind["time_utc"].iloc[0]).total_seconds()
        last = (release.end - wind["time_utc"].iloc[0]).total_seconds()
        for start in np.arange(max(first + 300, spin), last - window_s, window_s):
            inside = (seconds >= start) & (seconds < start + window_s)
            speed = float(np.hypot(east[inside], north[inside]).mean()) if inside.any() else 0.0
            if speed < 1.0:
                continue
            hour = ((wind["time_utc"].iloc[0].hour + start / 3600.0) - 6.0) % 24.0
            layer = SurfaceLayer.from_wind(
                speed,
                2.4,
                inverse_obukhov_length_m1=inverse_obukhov_length_m1(_turner(speed, hour), OPEN_ROUGHNESS_M),
                roughness_m=OPEN_ROUGHNESS_M,
            )
            count = spin + window_s
            yield Window(
                group=f"{release.release} {release.start:%m-%d}",
                labels=names,
                layer=layer,
                wind=_around(
                    layer,
                    _series(seconds, east, start - spin, count),
                    _series(seconds, north, start - spin, count),
                    10_000_000 * draw + int(start),
                    mean_s=60,
                    height_m=2.4,
                ),
                spin_up=spin,
                place_m=(release.x_m, release.y_m, 4.5 if "T" in release.release else 2.0),
                rate=np.full(count, 1e-3 * release.rate_g_s / METHANE_KG_M3_PER_PPM),
                start_m=places,
                end_m=places,
                observed=enhancement[inside].mean().reindex(names).to_numpy(float),
                minutes=enhancement[inside].reindex(columns=names).to_numpy(float),
                is_second_half=2 * number >= len(truth) - 1,
            )


def _above_clear_air(readings: Any, sensors: Any, wind: Any, truth: Any) -> Any:
    """Readings over each sensor's own level: median of the clear minutes within an hour, a straight line between them.

    Clear is a minute whose wind carries the release under way (or until 10 min ago) past the sensor by more than
    `CLEAR_DEG`; and without a release, one in which the sensor stands upwind of the pad's middle.
    """
    values = readings[list(sensors.index)].copy()
    times = wind["time_utc"]
    source = np.zeros(len(wind), complex)
    is_on = np.zeros(len(wind), bool)
    for release in truth.itertuples():
        during = ((times >= release.start) & (times < release.end + pd.Timedelta("10min"))).to_numpy()
        source[during] = complex(release.x_m, release.y_m)
        is_on |= during
    east, north = _toward(np.ones(len(wind)), wind["direction_from_deg"].to_numpy())
    least_deg = np.where(is_on, CLEAR_DEG, UPWIND_DEG)
    for name, sensor in sensors.iterrows():
        off_deg = np.abs(
            np.angle((complex(sensor["x_m"], sensor["y_m"]) - source) / (east + 1j * north), deg=True)
        )
        clear = values[name].where(off_deg > least_deg)
        level = clear.rolling(121, center=True, min_periods=15).median()
        values[name] -= level.interpolate(limit_direction="both")
    return values


def ginninderra(data: Path, draw: int = 0, *, window_s: int = 1800) -> Iterator[Window]:
    """One release, paths and points, half-hour CH4 [ppm] over the lowest of a group, less the offset without release."""
    folder = data / "ginninderra-2015"
    readings = _table(folder / "observations.csv", parse_dates=["time_local"])
    truth = _table(folder / "truth.csv", parse_dates=["time_local"])
    readings = readings.merge(truth[["time_local", "rate_g_min"]], on="time_local")
    readings["above"] = readings["ch4_ppm"] - readings.groupby(["time_local", "group"])["ch4_ppm"].transform(
        "min"
    )
    off = readings[readings["rate_g_min"] == 0].groupby("instrument")["above"].median()
    readings["above"] -= readings["instrument"].map(off).fillna(0.0)
    zero = readings["time_local"].min()
    readings["second"] = (readings["time_local"] - zero).dt.total_seconds()
    weather = readings.drop_duplicates("time_local").sort_values("second")
    east, north = _toward(weather["wind_speed_m_s"].to_numpy(), weather["wind_direction_from_deg"].to_numpy())
    times = weather["second"].to_numpy()
    spin = 180
    for start in np.arange(times.min() + spin, times.max() - window_s, window_s):
        here = readings[(readings["second"] >= start) & (readings["second"] < start + window_s)]
        met = here.drop_duplicates("time_local")
        steady = (
            len(met) == window_s // 300 and met["rate_g_min"].min() > 5.0 and met["rate_g_min"].max() < 7.0
        )
        if not steady or met["wind_speed_m_s"].min() < 1.5:
            continue
        inverse_l = float(np.clip((1.0 / met["obukhov_length_m"]).median(), -0.2, 0.1))
        speed = float(met["wind_speed_m_s"].mean())
        layer = SurfaceLayer.from_wind(speed, 3.0, inverse_obukhov_length_m1=inverse_l, roughness_m=0.02)
        count = spin + window_s
        mean = here.groupby("instrument").agg({
            "above": "mean",
            "z_m": "first",
            "x1_m": "first",
            "y1_m": "first",
            "x2_m": "first",
            "y2_m": "first",
        })
        mean = mean[here.groupby("instrument").size() >= 4]
        start_m = mean[["x1_m", "y1_m", "z_m"]].to_numpy(float)
        end_m = np.column_stack([
            mean["x2_m"].fillna(mean["x1_m"]),
            mean["y2_m"].fillna(mean["y1_m"]),
            mean["z_m"],
        ]).astype(float)
        e, n = _series(times, east, start - spin, count), _series(times, north, start - spin, count)
        yield Window(
            group=f"{zero + pd.Timedelta(seconds=float(start)):%m-%d}",
            labels=list(mean.index),
            layer=layer,
            wind=_around(layer, e, n, 10_000_000 * draw + int(start), mean_s=300, height_m=3.0),
            spin_up=spin,
            place_m=(-21.78, 21.09, 0.3),
            rate=np.full(count, 1e-3 * float(met["rate_g_min"].mean()) / 60.0 / METHANE_KG_M3_PER_PPM),
            start_m=start_m,
            end_m=end_m,
            observed=mean["above"].to_numpy(float),
            is_second_half=2 * start >= times.max(),
        )


def _around(
    layer: SurfaceLayer, east: Floats, north: Floats, seed: int, *, mean_s: int, height_m: float
) -> LargeScaleWind:
    """A series of means over `mean_s` with the meander that such means hide."""
    free = large_scale_wind(
        layer,
        WindSettings(toward_rad=0.0),
        count=east.size,
        step_s=1.0,
        reference_height_m=height_m,
        rng=np.random.default_rng(seed),
    )
    fast = free.eastward_m_s - float(layer.speed_m_s(height_m)), free.northward_m_s
    smooth = [
        values - pd.Series(values).rolling(mean_s, center=True, min_periods=1).mean().to_numpy()
        for values in fast
    ]
    return LargeScaleWind(
        step_s=1.0,
        eastward_m_s=east + smooth[0],
        northward_m_s=north + smooth[1],
        reference_height_m=height_m,
    )


def chilbolton(data: Path, draw: int = 0, *, beam_m: float = 1.5, window_min: int = 20) -> Iterator[Window]:
    """One release and seven paths, 20-min means of CH4 [ppm above the least of any beam over the whole record]; minute winds."""
    del draw
    folder = data / "chilbolton-2017" / "source-1"
    wind = _table(folder / "wind.csv")
    readings = _table(folder / "observations.csv")
    beams = _table(folder / "beams.csv")
    truth = _table(folder / "truth.csv").iloc[0]
    columns = [f"beam{beam}_ch4_ppm" for beam in beams["beam"]]
    background = float(readings[columns].min().min())
    east, north = _toward(wind["speed_m_s"].to_numpy(), wind["direction_from_deg"].to_numpy())
    seconds = 60.0 * wind["minute"].to_numpy(float) + 30.0
    start_m = np.column_stack([beams["x1_m"], beams["y1_m"], np.full(len(beams), beam_m)]).astype(float)
    end_m = np.column_stack([beams["x2_m"], beams["y2_m"], np.full(len(beams), beam_m)]).astype(float)
    spin = 120
    for first in range(2, len(wind) - window_min, window_min):
        inside = slice(first, first + window_min)
        speed = float(wind["speed_m_s"].iloc[inside].mean())
        if speed < 1.0:
            continue
        sigma_w = speed * float(wind["average_tan_gamma_vertical"].iloc[inside].mean())
        layer = _layer_of_turbulence(speed, 3.0, sigma_w)
        count = spin + 60 * window_min
        yield Window(
            group="source 1",
            labels=columns,
            layer=layer,
            wind=LargeScaleWind(
                step_s=1.0,
                eastward_m_s=_series(seconds, east, 60.0 * first - spin, count),
                northward_m_s=_series(seconds, north, 60.0 * first - spin, count),
                reference_height_m=3.0,
            ),
            spin_up=spin,
            place_m=(float(truth["x_m"]), float(truth["y_m"]), float(truth["z_m"])),
            rate=np.full(count, 1e-3 * float(truth["rate_g_s"]) / METHANE_KG_M3_PER_PPM),
            start_m=start_m,
            end_m=end_m,
            observed=readings[columns].iloc[inside].mean().to_numpy(float) - background,
            minutes=readings[columns].iloc[inside].to_numpy(float) - background,
            is_second_half=2 * first >= len(wind),
        )


def _layer_of_turbulence(speed: float, height: float, sigma_w: float) -> SurfaceLayer:
    """The layer over open ground that has this mean wind and this vertical fluctuation at a height."""
    from scipy.optimize import brentq  # noqa: PLC0415 (slow to import)

    def layer(inverse_l: float) -> SurfaceLayer:
        return SurfaceLayer.from_wind(
            speed, height, inverse_obukhov_length_m1=inverse_l, roughness_m=OPEN_ROUGHNESS_M
        )

    def excess(inverse_l: float) -> float:
        return float(layer(inverse_l).sigma_w_m_s(height)) - sigma_w

    return layer(0.0 if excess(0.0) >= 0 else float(brentq(excess, -2.0, 0.0)))
