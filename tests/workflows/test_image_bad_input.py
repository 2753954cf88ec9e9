"""The ways in which a cube is broken, through the command line: a clear refusal or a product that says so."""

import json
import shutil

import numpy as np
import pytest

from plumeline.chem.spectra import CrossSection, Grade, Library, write_library
from plumeline.cli.main import main
from plumeline.errors import ReadError
from plumeline.instruments.cubes import check_layout, read_cube, write_envi
from plumeline.radiometry import planck_w_m2_sr_cm1

LINES, SAMPLES, BANDS = 120, 16, 20
CENTRE = np.linspace(800.0, 1200.0, BANDS)
FIELDS = {
    "wavelength": ",".join(f"{c:.4f}" for c in CENTRE),
    "fwhm": ",".join("20.0" for _ in CENTRE),
    "wavelength units": "Wavenumber",
    "data units": "W m-2 sr-1 (cm-1)-1",
    "map info": "UTM, 1, 1, 500000, 2600000, 0.5, 0.5, 13, North, WGS-84",
}
GRID = np.arange(700.0, 1400.0, 1.0)


def record(gas, centre_cm1, low=700.0, high=1400.0):
    grid = np.arange(low, high, 1.0)
    return CrossSection(
        gas=gas,
        wavenumber_cm1=grid,
        cross_section_m2=4e-23 * np.exp(-0.5 * ((grid - centre_cm1) / 15.0) ** 2),
        temperature_k=296.0,
        pressure_pa=101325.0,
        resolution_cm1=0.5,
        grade=Grade.ABSOLUTE,
        relative_uncertainty=0.03,
        source=f"made up: {gas}",
    )


@pytest.fixture(scope="module")
def ground():
    """Smooth warm ground without a plume."""
    rng = np.random.default_rng(4)
    slow = np.cumsum(rng.standard_normal((LINES, SAMPLES)), axis=0) * 0.3
    kelvin = 303.0 + slow + 0.2 * rng.standard_normal((LINES, SAMPLES))
    radiance = planck_w_m2_sr_cm1(CENTRE, kelvin[..., None])
    return (radiance * (1 + 1e-3 * rng.standard_normal(radiance.shape))).astype("f4")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "spectra.h5"
    sections = (record("acetone", 950.0), record("hydrogen chloride", 2880.0, 2600.0, 3100.0))
    write_library(path, Library(cross_sections=sections))
    return path


def image(tmp_path, library, *words, scene="scene.bip"):
    common = ["-l", str(library), "-o", str(tmp_path / "out"), "--plume-temperature", "20"]
    with pytest.raises(SystemExit) as left:
        main(["image", str(tmp_path / scene), *common, *words])
    document = tmp_path / "out" / "image.json"
    return left.value.code, json.loads(document.read_text()) if document.is_file() else None


def swapped(radiance):
    return radiance.astype(">f4").view("<f4")


HEADERS = {
    "fewer lines than data": ({"lines": "60"}, "holds"),
    "more bands than data": ({"bands": "24"}, "is truncated"),
    "another type": ({"data type": "2"}, "holds"),
    "the wrong interleave": ({"interleave": "bil"}, "laid out as bip"),
    "the other byte order": ({"byte order": "1"}, "byte order"),
    "no number": ({"header offset": "none"}, "garbles"),
    "a negative offset": ({"header offset": "-8"}, "after -8 bytes"),
    "an absurd size": ({"lines": "99999999999999"}, "declares"),
    "centres in two units": (
        {"wavelength": ",".join(f"{c if c < 1000 else 1e4 / c:.4f}" for c in CENTRE)},
        "do not run on",
    ),
    "centres in cm-1 and nm": (
        {"wavelength": ",".join(f"{c if c < 1000 else 1e7 / c:.4f}" for c in CENTRE)},
        "do not run on",
    ),
    "one centre for all": ({"wavelength": ",".join("900.0" for _ in CENTRE)}, "the same centre"),
    "centres out of order": (
        {"wavelength": ",".join(f"{c}" for c in CENTRE[::-1][np.argsort(np.arange(BANDS) % 2)])},
        "go backward",
    ),
    "centres in another unit": ({"wavelength units": "Micrometers"}, "cannot be in um"),
    "nm for cm-1": ({"wavelength units": "Nanometers"}, "be seen by this instrument"),
    "no unit of centres": ({"wavelength units": ""}, "does not say the unit"),
    "negative widths": ({"fwhm": ",".join("-1" for _ in CENTRE)}, "mend `fwhm`"),
    "no radiance unit": ({"data units": ""}, "--radiance-unit"),
    "a radiance unit that is not it": ({"data units": "W cm-2 sr-1 (cm-1)-1"}, "surfaces would be at"),
    "pixels of no size": ({"map info": "UTM, 1, 1, 5, 6, 0, 0, 13, North, WGS-84"}, "map info"),
    "a zone that is none": ({"map info": "UTM, 1, 1, 5, 6, 1, 1, 99, North, WGS-84"}, "is not known"),
    "a garbled map": ({"map info": "UTM, x, 1, 5, 6, 1, 1, 13, North, WGS-84"}, "garbled"),
    "an ignore value that is none": ({"data ignore value": "abc"}, "no number"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_lies_is_refused_in_one_line(tmp_path, library, ground, capsys, case):
    changes, message = HEADERS[case]
    write_envi(tmp_path / "scene.bip", ground, FIELDS | changes)
    code, document = image(tmp_path, library)
    said = capsys.readouterr().err
    assert code == 3
    assert document is None
    assert message in said
    assert "Traceback" not in said
    assert "Warning" not in said


def test_a_truncated_cube_names_its_whole_lines(tmp_path, library, ground, capsys):
    write_envi(tmp_path / "scene.bip", ground, FIELDS)
    data = (tmp_path / "scene.bip").read_bytes()
    (tmp_path / "scene.bip").write_bytes(data[: len(data) // 2 + 5])
    assert image(tmp_path, library) == (3, None)
    assert "declares 120 lines and 60 are there" in capsys.readouterr().err


def test_damage_is_left_out_and_told(tmp_path, library, ground, capsys):
    broken = ground.copy()
    broken[40:50] = np.nan
    broken[70] = 0.0
    broken[:, 3] = 0.0
    top = np.nanquantile(broken[:, 8, 5], 0.9)
    broken[:, 8, 5] = np.minimum(broken[:, 8, 5], top)
    broken[90, 10, 2] = -1.0
    broken[91, 10, 2] = np.inf
    broken[:, :, 7] = 0.25
    write_envi(tmp_path / "scene.bip", broken, FIELDS)
    code, document = image(tmp_path, library)
    assert code == 0
    said = " | ".join(document["warnings"])
    assert "1 band(s) hold one value only, or none, and were left out: 7" in said
    assert "11 of 120 lines hold no value: 40-49, 70" in said
    assert "dead, stuck or too seldom good: 3" in said
    assert "are saturated" in said
    assert "2 pixels" in said
    assert document["cannot_be_seen"]["hydrogen chloride"].endswith("it cannot be seen by this instrument")
    told = capsys.readouterr()
    assert "cannot be seen by this instrument: hydrogen chloride" in told.out
    assert "Warning" not in told.err
    import rasterio

    with rasterio.open(tmp_path / "out" / "layers" / "quality.tif") as file:
        quality = file.read(1)
    assert (quality[45] == 1).all()
    assert (quality[:40, 3] == 3).all()
    assert 10 <= (quality[:, 8] == 2).sum() <= 14
    assert quality[90, 10] == quality[91, 10] == 1
    assert (quality[0, :3] == 0).all()


def test_samples_that_do_not_fit_the_picture_are_told(tmp_path, library, ground):
    write_envi(
        tmp_path / "scene.bip", ground, FIELDS | {"lines": str(2 * LINES), "samples": str(SAMPLES // 2)}
    )
    _, document = image(tmp_path, library)
    assert any("fits together with 16 samples a line" in words for words in document["warnings"])


@pytest.mark.parametrize("interleave", ["bil", "bsq"])
def test_any_wrong_interleave_is_seen_and_the_right_one_passes(tmp_path, ground, interleave):
    path = tmp_path / "scene.img"
    axes = {"bil": (0, 2, 1), "bsq": (2, 0, 1)}[interleave]
    write_envi(path, ground, FIELDS)
    path.write_bytes(np.ascontiguousarray(ground.transpose(axes)).tobytes())
    with pytest.raises(ReadError, match=f"laid out as {interleave}"):
        check_layout(read_cube(path))
    header = path.with_name("scene.img.hdr")
    header.write_text(header.read_text().replace("interleave = bip", f"interleave = {interleave}"))
    check_layout(read_cube(path))
    np.testing.assert_array_equal(read_cube(path).block(5, 9), ground[5:9])


def test_a_scene_of_noise_levels_without_any_value_is_refused(tmp_path, library, ground, capsys):
    write_envi(tmp_path / "scene.bip", np.full_like(ground, np.nan), FIELDS)
    assert image(tmp_path, library) == (3, None)
    assert "no pixel with a value" in capsys.readouterr().err
    write_envi(tmp_path / "scene.bip", -ground, FIELDS)
    assert image(tmp_path, library) == (3, None)
    assert "positive radiance" in capsys.readouterr().err


def test_a_gas_without_a_band_in_range_cannot_be_seen_by_this_instrument(tmp_path, library, ground, capsys):
    write_envi(tmp_path / "scene.bip", ground, FIELDS)
    assert image(tmp_path, library, "-g", "hydrogen chloride") == (3, None)
    assert "hydrogen chloride cannot be seen by this instrument (780 to 1220 cm-1)" in capsys.readouterr().err


def test_lines_without_contrast_are_flagged_and_a_scene_without_any_is_refused(
    tmp_path, library, ground, capsys
):
    rng = np.random.default_rng(1)
    flat = planck_w_m2_sr_cm1(CENTRE, 293.15) * (1 + 1e-4 * rng.standard_normal(ground.shape))
    write_envi(tmp_path / "scene.bip", flat.astype("f4"), FIELDS)
    assert image(tmp_path, library) == (4, None)
    assert "no thermal contrast" in capsys.readouterr().err
    half = ground.copy()
    half[60:] = flat[60:]
    write_envi(tmp_path / "scene.bip", half, FIELDS)
    per_line = SAMPLES * (28 * BANDS + 12)
    code, document = image(tmp_path, library, "--memory", f"{60.5 * per_line / 1e6:.4f}")
    assert code == 0
    assert any(
        words.startswith("lines 60 to 120: nothing can be said (the surfaces are at the plume's temperature")
        for words in document["warnings"]
    )
    assert document["limits_ppm_m"]["acetone"] > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--wind-speed", "nan", "--wind-from", "10"), "no number"),
        (("--wind-speed", "-2", "--wind-from", "10"), "range"),
        (("--wind-speed", "2"), "--wind-from"),
        (("--plume-temperature", "-300"), "range"),
        (("--pixel", "0"), "range"),
        (("--memory", "0"), "range"),
        (("--false-share", "2"), "range"),
    ],
)
def test_an_impossible_option_is_a_wrong_use(tmp_path, library, ground, capsys, words, message):
    write_envi(tmp_path / "scene.bip", ground, FIELDS)
    assert image(tmp_path, library, *words) == (2, None)
    assert message in capsys.readouterr().err


def test_missing_and_calm_wind_leave_no_rate_and_say_why(tmp_path, library, ground):
    write_envi(tmp_path / "scene.bip", ground, FIELDS)
    _, document = image(tmp_path, library)
    assert any("no wind was given" in words for words in document["warnings"])
    shutil.rmtree(tmp_path / "out")
    _, document = image(tmp_path, library, "--wind-speed", "0.1", "--wind-from", "10")
    assert any("no direction" in words for words in document["warnings"])


def test_a_turned_map_is_read_as_gdal_reads_it(tmp_path, ground):
    import rasterio

    turned = FIELDS["map info"] + ", rotation=30"
    write_envi(tmp_path / "scene.bip", ground, FIELDS | {"map info": turned})
    with rasterio.open(tmp_path / "scene.bip") as file:
        transform = file.transform
    grid = read_cube(tmp_path / "scene.bip").grid
    line, sample = np.mgrid[0:LINES, 0:SAMPLES]
    laid = grid.on_grid(line.astype(float) * 1000 + sample)
    row, column = np.nonzero(np.isfinite(laid))
    east = grid.west + (column + 0.5) * grid.pixel[0]
    north = grid.north - (row + 0.5) * grid.pixel[1]
    raw_line, raw_sample = np.divmod(laid[row, column], 1000)
    told = np.array([transform @ (s + 0.5, k + 0.5) for k, s in zip(raw_line, raw_sample, strict=True)])
    assert np.hypot(east - told[:, 0], north - told[:, 1]).max() < 0.51
