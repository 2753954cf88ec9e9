"""Surveys made from a plume formula of their own (not the product's kernel), with a known source."""

import numpy as np
import xarray as xr

from plumeline.frames import LocalFrame, lonlat
from plumeline.observations import Survey


def plume(x, y, z, source, wind, rate, iy=0.2, iz=0.12):
    """Concentration [kg m-3] of a Gaussian plume in steady wind, written out once more."""
    u, v = wind
    speed = np.hypot(u, v)
    along = ((x - source[0]) * u + (y - source[1]) * v) / speed
    across = ((y - source[1]) * u - (x - source[0]) * v) / speed
    down = np.maximum(along, 1e-3)
    sy, sz = np.hypot(0.5, iy * down), np.hypot(0.5, iz * down)
    shape = np.exp(-0.5 * (across / sy) ** 2) * (
        np.exp(-0.5 * ((z - source[2]) / sz) ** 2) + np.exp(-0.5 * ((z + source[2]) / sz) ** 2)
    )
    return np.where(along > 0, rate * shape / (2 * np.pi * speed * sy * sz), 0.0)


def survey_of(x, y, z, value, wind, *, seconds, sensor=None, noise=2e-9, species="methane", origin=None):
    """A survey from plain arrays; `wind` is shape (2,) or (reading, 2), toward."""
    n = x.size
    sensor = np.zeros(n, np.int64) if sensor is None else sensor
    wind = np.broadcast_to(np.asarray(wind, float), (n, 2))

    def per(values, units):
        return ("reading", np.broadcast_to(np.asarray(values, float), (n,)).copy(), {"units": units})

    def both(values):
        return (
            ("reading", "species"),
            np.broadcast_to(np.asarray(values, float), (n,)).reshape(n, 1).copy(),
            {"units": "kg m-3"},
        )

    data = xr.Dataset(
        {
            "time": (
                "reading",
                np.datetime64("2024-06-01T10:00", "ns")
                + (np.asarray(seconds) * 1e9).astype("timedelta64[ns]"),
            ),
            "sensor": ("reading", sensor),
            "sensor_name": ("sensor_index", np.array([f"s{i}" for i in range(sensor.max() + 1)])),
            "quality": (("reading", "species"), np.zeros((n, 1), np.int64)),
            "wind_eastward": per(wind[:, 0], "m s-1"),
            "wind_northward": per(wind[:, 1], "m s-1"),
            "wind_sigma": per(0.2, "m s-1"),
            "wind_height": per(3.0, "m"),
            "mass_concentration": both(value),
            "mass_concentration_sigma": both(noise),
            "detection_limit": both(np.nan),
            "molar_mass": ("species", np.array([0.016]), {"units": "kg mol-1"}),
            "x": per(x, "m"),
            "y": per(y, "m"),
            "z": per(z, "m"),
        },
        coords={"species": ("species", np.array([species]))},
    )
    return Survey(name="made", frame=LocalFrame(origin=origin or lonlat(5.0, 52.0)), in_situ=data)


def flight(
    *,
    rate=3e-4,
    source=(20.0, -30.0, 1.0),
    wind=(3.0, 1.0),
    seed=0,
    noise=2e-9,
    legs=8,
    height=6.0,
    turn=0.0,
    shift=(0.0, 0.0),
):
    """A crosswind lawn-mower flight over a source, readings once a second with a wavering wind."""
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.linspace(-90, 90, 70)[:: 1 if i % 2 == 0 else -1] for i in range(legs)])
    x = np.repeat(np.linspace(-50, 130, legs), 70)
    n = x.size
    waver = np.cumsum(rng.normal(0, 0.05, n)) * 0.1
    wind = np.array(wind)
    value = plume(x, y, height, source, wind, rate) + 1.2e-6 + rng.normal(0, noise, n)
    blow = np.column_stack([wind[0] - waver, wind[1] + waver])
    c, s = np.cos(turn), np.sin(turn)
    turned = np.column_stack([c * blow[:, 0] - s * blow[:, 1], s * blow[:, 0] + c * blow[:, 1]])
    return survey_of(
        c * x - s * y + shift[0],
        s * x + c * y + shift[1],
        np.full(n, height),
        value,
        turned,
        seconds=np.arange(n),
        noise=noise,
    )


def mixture_flight(
    matrix, channels, rates, *, masses, source=(20.0, -30.0, 1.0), wind=(3.0, 1.0), seed=0, noise=2e-9
):
    """The flight of `flight` over several gases that come from one place, seen through a response matrix.

    `matrix` has the reading of each channel [kg m-3] per concentration of each gas [kg m-3], shape (channel, gas).
    """
    rng = np.random.default_rng(seed)
    one = flight(rate=0.0, seed=seed).in_situ
    x, y = one["x"].to_numpy(), one["y"].to_numpy()
    seen = np.asarray(matrix) @ np.asarray(rates)
    value = np.outer(plume(x, y, 6.0, source, wind, 1.0), seen) + 1e-7
    value += rng.normal(0, noise, value.shape)

    def both(values):
        return (
            ("reading", "species"),
            np.broadcast_to(np.asarray(values, float), value.shape).copy(),
            {"units": "kg m-3"},
        )

    data = one.drop_dims("species")
    data = data.assign(
        quality=(("reading", "species"), np.zeros(value.shape, np.int64)),
        mass_concentration=both(value),
        mass_concentration_sigma=both(noise),
        detection_limit=both(np.nan),
        molar_mass=("species", np.array(masses, float), {"units": "kg mol-1"}),
    ).assign_coords(species=("species", np.array(channels)))
    return Survey(name="mixture", frame=LocalFrame(origin=lonlat(5.0, 52.0)), in_situ=data)
