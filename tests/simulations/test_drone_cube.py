"""A swaying drone's push-broom cube has no map: the autopilot's log places it, end to end through the commands."""

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio
import xarray as xr
from pyproj import Transformer

from plumeline.chem.spectra import CrossSection, Grade, Library, write_library
from plumeline.cli.main import main
from plumeline.errors import ConfigurationError
from plumeline.frames import LocalFrame
from plumeline.instruments.cubes import read_cube
from plumeline.simulations.drone_scenes import ground_points
from plumeline.simulations.image_scenario import parse_image
from plumeline.simulations.scenario import shipped, toml_of
from plumeline.simulations.towns import ORIGIN
from plumeline.workflows.image_pose import posed, read_mount


def made_up_library(path):
    """Acetone and three others with two bands each."""
    rng = np.random.default_rng(8)
    grid = np.arange(700.0, 1400.0, 0.5)
    records = []
    for gas in ("acetone", "ethyl acetate", "toluene", "methanol"):
        value = np.zeros_like(grid)
        for _ in range(2):
            value += 4e-23 * np.exp(-0.5 * ((grid - rng.uniform(820, 1250)) / rng.uniform(8, 25)) ** 2)
        records.append(
            CrossSection(
                gas=gas,
                wavenumber_cm1=grid,
                cross_section_m2=value,
                temperature_k=296.0,
                pressure_pa=101325.0,
                resolution_cm1=0.5,
                grade=Grade.ABSOLUTE,
                relative_uncertainty=0.03,
                source=f"made up: {gas}",
            )
        )
    write_library(path, Library(cross_sections=tuple(records)))


def call(*words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return left.value.code


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    root = tmp_path_factory.mktemp("drone")
    made_up_library(root / "spectra.h5")
    scenario = root / "mine.toml"
    text = shipped("lwir-drone").replace("lines = 240", "lines = 200").replace("bands = 64", "bands = 40")
    scenario.write_text(text.replace("fwhm_cm1 = 9.0", "fwhm_cm1 = 14.0"))
    assert call("simulate", scenario, "--library", root / "spectra.h5", "-o", root / "drone") == 0
    return root


def source_m(case, crs):
    truth = json.loads((case / "drone" / "truth" / "truth.json").read_text())["sources"][0]
    return Transformer.from_crs("OGC:CRS84", crs, always_xy=True).transform(
        truth["longitude_deg"], truth["latitude_deg"]
    )


def test_the_plume_is_found_where_its_source_is(case, capsys):
    flight, out = case / "drone" / "flight", case / "out"
    code = call(
        *("image", flight / "lwir-drone.bip", "-l", case / "spectra.h5", "-o", out),
        *("--pose", flight / "flight.bin", "--camera", flight / "camera.toml"),
        *("--plume-temperature", 21.85, "--wind-speed", 2.5, "--wind-from", 230),
    )
    assert code == 0
    assert "acetone" in capsys.readouterr().out
    with xr.open_dataset(out / "plume_origins.nc", engine="h5netcdf") as origins:
        crs = origins.attrs["crs"]
        assert crs.startswith("EPSG:326")
        east, north = source_m(case, crs)
        covariance = origins["position_covariance"][0].to_numpy()
        off = np.array([float(origins["x"][0]) - east, float(origins["y"][0]) - north])
        rate = float(origins["rate"].sel(species="acetone")[0])
    assert np.hypot(*off) < 8.0
    assert off @ np.linalg.solve(covariance, off) < 9.21
    assert rate == pytest.approx(4e-3, rel=1.0)
    said = json.loads((out / "image.json").read_text())
    assert said["plumes"][0]["amounts"][0]["mass_kg"][0] > 0
    with rasterio.open(out / "layers" / "column_acetone.tif") as file:
        assert file.crs.to_string() == crs
        column = file.read(1)
        # The strongest column on the map lies within metres of the source, downwind of it.
        rows, columns = np.nonzero(column > 0.7 * np.nanmax(column))
        peak_east, peak_north = rasterio.transform.xy(file.transform, rows, columns)
        assert np.median(np.hypot(np.array(peak_east) - east, np.array(peak_north) - north)) < 15.0


def places_off_m(case, mount):
    """How far the pixels of the map lie from where the simulator's rays met the ground."""
    flight = case / "drone" / "flight"
    grid = posed(read_cube(flight / "lwir-drone.bip"), flight / "flight.bin", mount).grid
    scenario = parse_image(toml_of((case / "mine.toml").read_text(), "mine"), where="mine")
    east, north = ground_points(scenario.settings, scenario.drone, 0.1)
    lon, lat = LocalFrame(origin=ORIGIN).to_lonlat(east.ravel(), north.ravel())
    x, y = Transformer.from_crs("OGC:CRS84", grid.crs, always_xy=True).transform(lon, lat)
    x, y = np.reshape(x, east.shape), np.reshape(y, east.shape)
    row, column = np.nonzero(grid.lookup_line >= 0)
    raw = grid.lookup_line[row, column], grid.lookup_sample[row, column]
    map_x = grid.west + (column + 0.5) * grid.pixel[0]
    map_y = grid.north - (row + 0.5) * grid.pixel[1]
    return np.hypot(x[raw] - map_x, y[raw] - map_y)


def test_pixels_lie_where_their_rays_met_the_ground(case):
    mount = read_mount(case / "drone" / "flight" / "camera.toml")
    # Half a pixel to its corner is 0.35 m; the log has a pose a second and hundredths of a degree.
    assert np.median(places_off_m(case, mount)) < 0.3
    assert np.quantile(places_off_m(case, mount), 0.99) < 0.7
    straight = replace(mount, boresight_deg=(0.0, 0.0, 0.0))
    assert np.median(places_off_m(case, straight)) > 0.6


def test_inspect_knows_the_log_and_says_that_the_cube_has_no_map(case, capsys):
    flight = case / "drone" / "flight"
    assert call("inspect", flight) == 0
    said = capsys.readouterr().out
    assert "flight.bin" in said
    assert "cube_l1_envi" in said
    assert call("inspect", flight / "lwir-drone.bip") == 0
    assert "no map: masses and places need --pixel, a GLT or IGM, or --pose" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("height_m = 60.0", "height_m = 1.0", "height_m"),
        ("[0.8, -0.5, 1.2]", "[0.8, -0.5]", "three angles"),
        ("sway_deg = 2.0", "sway = 2.0", "sway"),
        ("[[emitter]]", "[other]", "other"),
    ],
)
def test_a_drone_that_cannot_fly_so_is_refused(old, new, said):
    with pytest.raises(ConfigurationError, match=said):
        parse_image(toml_of(shipped("lwir-drone").replace(old, new), "mine"), where="mine")
