"""Telops HCC sequences against a header built field by field from its published layout, and against what is broken."""

import struct

import numpy as np
import pytest

from plumeline.errors import ReadError
from plumeline.instruments.cubes import read_cube, write_hcc
from plumeline.radiometry import planck_w_m2_sr_cm1

BANDS, HEIGHT, WIDTH = 3, 5, 16
CENTRE = [900.0, 950.0, 1000.0]


def bands(path, text='unit = "cm-1"\ncentre = [900, 950, 1000]\nfwhm = 40\nsignal = "W m-2 sr-1 (cm-1)-1"\n'):
    path.with_name(path.stem + ".bands.toml").write_text(text)
    return path


def frame(raw, *, offset, exponent, mode):
    """A frame as librir's struct lays it out."""
    header = bytearray(4 * WIDTH)
    header[0:2] = b"TC"
    header[2:4] = bytes([7, 12])
    struct.pack_into("<H", header, 4, 4 * WIDTH)
    struct.pack_into("<f", header, 12, offset)
    struct.pack_into("<b", header, 16, exponent)
    header[28] = mode
    struct.pack_into("<HH", header, 32, WIDTH, HEIGHT)
    return bytes(header) + raw.astype("<u2").tobytes()


def test_each_frame_is_scaled_by_its_own_header(tmp_path):
    raw = np.arange(BANDS * HEIGHT * WIDTH, dtype="u2").reshape(BANDS, HEIGHT, WIDTH)
    path = bands(tmp_path / "a.hcc")
    scales = [(0.5, -8), (-1.0, -4), (2.0, 0)]
    path.write_bytes(
        b"".join(frame(r, offset=o, exponent=e, mode=3) for r, (o, e) in zip(raw, scales, strict=True))
    )
    cube = read_cube(path)
    assert cube.shape == (HEIGHT, WIDTH, BANDS)
    assert cube.unit == "W m-2 sr-1 (cm-1)-1"
    expected = np.stack([r * 2.0**e + o for r, (o, e) in zip(raw, scales, strict=True)], axis=-1)
    np.testing.assert_allclose(cube.block(0, HEIGHT), expected, rtol=1e-6)
    np.testing.assert_allclose(cube.to_dataset()["signal"][2:4, 3].to_numpy(), expected[2:4, 3], rtol=1e-6)


def test_temperatures_become_the_radiance_that_they_stand_for(tmp_path):
    path = bands(tmp_path / "a.hcc")
    raw = np.full((HEIGHT, WIDTH), 256 * 20)
    path.write_bytes(frame(raw, offset=273.15, exponent=-8, mode=2) * BANDS)
    np.testing.assert_allclose(
        read_cube(path).block(1, 2)[0, 0], planck_w_m2_sr_cm1(np.array(CENTRE), 293.15), rtol=1e-6
    )


def test_a_written_sequence_comes_back_within_one_count(tmp_path):
    frames = np.random.default_rng(0).uniform(0.05, 0.12, (BANDS, HEIGHT, WIDTH)).astype("f4")
    path = bands(tmp_path / "a.hcc")
    write_hcc(path, frames)
    np.testing.assert_allclose(
        read_cube(path).block(0, HEIGHT), np.moveaxis(frames, 0, 2), atol=0.07 / 32_000
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "at which wavenumber"),
        ('unit = "cm-1"\ncentre = [900, 950]\n', "names 2 bands for 3 frames"),
        ('unit = "THz"\ncentre = [900, 950, 1000]\n', "garbles"),
        ("unit = ", "garbles"),
    ],
)
def test_bands_that_are_missing_or_wrong_are_told(tmp_path, text, message):
    path = tmp_path / "a.hcc"
    write_hcc(path, np.ones((BANDS, HEIGHT, WIDTH), "f4"))
    if text is not None:
        bands(path, text)
    with pytest.raises(ReadError, match=message):
        read_cube(path)


def test_a_cut_or_mixed_sequence_is_told(tmp_path):
    path = bands(tmp_path / "a.hcc")
    write_hcc(path, np.ones((BANDS, HEIGHT, WIDTH), "f4"))
    data = path.read_bytes()
    path.write_bytes(data[:-10])
    with pytest.raises(ReadError, match="3 lines and 2 are there"):
        read_cube(path)
    other = frame(np.zeros((HEIGHT, WIDTH)), offset=0.0, exponent=0, mode=0)
    path.write_bytes(data[: 2 * len(data) // 3] + other)
    with pytest.raises(ReadError, match="frame 2 is of another size or calibration"):
        read_cube(path)
    path.write_bytes(data[:20])
    with pytest.raises(ReadError, match="no HCC header"):
        read_cube(path)
