"""A cube placed by a real autopilot log format, and boresight angles found by command line."""

import json

import numpy as np
import pytest

from plumeline.cli.main import main
from plumeline.errors import ConfigurationError, InputError
from plumeline.instruments.cubes import on_ground, read_cube, write_envi
from plumeline.workflows.image_pose import pose_at, posed, read_mount

LINES, SAMPLES = 40, 31
MAPPING = """
name = "poses"
[time]
column = "time"
timezone = "UTC"
[position]
latitude = "lat"
longitude = "lon"
altitude = "alt"
altitude_reference = "mean sea level"
[track]
heading = "heading"
heading_frame = "true"
pitch = "pitch"
roll = "roll"
"""
CAMERA = """
kind = "push-broom"
focal_pixels = 60.0
ground_altitude_m = 10.0
start = 2026-05-01T10:00:01.000Z
line_period_ms = 100.0
"""


@pytest.fixture
def flight(tmp_path):
    """Ten seconds northward at 5 m/s, 40 m above the ground, in mid-ocean; heading crosses north."""
    t = np.arange(0.0, 10.0, 0.2)
    rows = ["time,lat,lon,alt,heading,pitch,roll"]
    for s in t:
        lat = 30.0 + 5.0 * s / 110_852.0
        heading = (358.0 + 0.5 * s) % 360.0
        rows.append(
            f"2026-05-01T10:00:{s:06.3f}Z,{lat:.9f},-40.0,50.0,{heading:.2f},{np.sin(s):.3f},{2 * np.cos(s):.3f}"
        )
    log = tmp_path / "flight.csv"
    log.write_text("\n".join(rows) + "\n")
    (tmp_path / "flight.csv.toml").write_text(MAPPING)
    (tmp_path / "camera.toml").write_text(CAMERA)
    return tmp_path


def test_lines_lie_where_the_aircraft_was(flight):
    fields = {"wavelength": "900,901,902", "wavelength units": "Wavenumber"}
    write_envi(flight / "scene.bip", np.ones((LINES, SAMPLES, 3), "f4"), fields)
    mount = read_mount(flight / "camera.toml")
    grid = posed(read_cube(flight / "scene.bip"), flight / "flight.csv", mount).grid
    assert grid.crs == "EPSG:32624"
    line = np.repeat(np.arange(LINES, dtype="f4")[:, None], SAMPLES, axis=1)
    laid = grid.on_grid(line)
    row = np.nonzero(np.isfinite(laid).any(axis=1))[0]
    # 40 lines at 0.1 s and 5 m/s are 20 m, the swath 40 m x 30/60 = 20 m; later lines lie further north.
    assert (row[-1] - row[0] + 1) * grid.pixel[1] == pytest.approx(20.0, abs=2.5)
    assert np.nanmean(laid[row[:5]]) > 25
    assert np.nanmean(laid[row[-5:]]) < 15


def test_boresight_by_command_line_gives_back_what_was_put_in(flight, capsys):
    from dataclasses import replace

    from pyproj import Transformer

    mount = replace(read_mount(flight / "camera.toml"), boresight_deg=(1.0, -2.0, 3.0))
    rng = np.random.default_rng(0)
    line, sample = rng.uniform(0, LINES - 1, 12), rng.choice([0.0, SAMPLES - 1.0], 12)
    pose, crs = pose_at(flight / "flight.csv", mount, mount.times(line))
    east, north = on_ground(mount.camera((1, SAMPLES)), pose, line, sample)
    lon, lat = Transformer.from_crs(crs, "OGC:CRS84", always_xy=True).transform(east, north)
    rows = [f"{a:.6f},{b},{c:.9f},{d:.9f}" for a, b, c, d in zip(line, sample, lon, lat, strict=True)]
    (flight / "points.csv").write_text("line,sample,longitude,latitude\n" + "\n".join(rows) + "\n")
    words = ["boresight", *(str(flight / n) for n in ("flight.csv", "camera.toml", "points.csv"))]
    with pytest.raises(SystemExit) as left:
        main([*words, "--samples", str(SAMPLES)])
    assert left.value.code == 0
    said = capsys.readouterr().out.splitlines()[0].removeprefix("boresight_deg = ")
    np.testing.assert_allclose(json.loads(said), [1.0, -2.0, 3.0], atol=0.01)


def test_what_is_missing_is_told(flight):
    mount = read_mount(flight / "camera.toml")
    with pytest.raises(InputError, match="holds no latitude"):
        pose_at(flight / "flight.csv", mount, np.array([0.0, 60.0]))
    for old, new in (
        ('"push-broom"', '"mirror"'),
        ("focal_pixels = 60.0", ""),
        ("100.0", "0"),
        ("kind", "kin"),
    ):
        (flight / "camera.toml").write_text(CAMERA.replace(old, new))
        with pytest.raises(ConfigurationError):
            read_mount(flight / "camera.toml")
