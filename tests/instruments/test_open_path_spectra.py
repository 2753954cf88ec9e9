"""GRAMS SPC and OPUS readers: real files, hand-made files, broken files."""

import struct

import numpy as np
import pytest

from plumeline.errors import ReadError, UnknownFormatError
from plumeline.instruments.cubes import read_spectrum

SIGNAL = np.array([1.0, 4.0, 9.0, 16.0])


def spc_bytes(*, version=0x4B, exponent=-128, x_type=1, count=4, flags=0, signal=SIGNAL):
    order = {0x4B: "<", 0x4C: ">"}[version]
    head = bytearray(512)
    head[0], head[1] = flags, version
    struct.pack_into("b", head, 3, exponent)
    struct.pack_into(order + "iddi", head, 4, count, 1000.0, 1003.0, 1)
    head[28] = x_type
    struct.pack_into(order + "i", head, 32, (2026 << 20) | (11 << 16) | (24 << 11) | (5 << 6) | 7)
    kind = order + ("f4" if exponent == -128 else "i4")
    scaled = signal if exponent == -128 else np.round(signal * 2.0 ** (32 - exponent))
    return bytes(head) + bytes(32) + scaled.astype(kind).tobytes()


@pytest.mark.parametrize("version", [0x4B, 0x4C])
@pytest.mark.parametrize("exponent", [-128, 8])
def test_spc_in_either_byte_order_and_number_form(tmp_path, version, exponent):
    path = tmp_path / "a.spc"
    path.write_bytes(spc_bytes(version=version, exponent=exponent))
    spectrum = read_spectrum(path)
    np.testing.assert_allclose(spectrum.signal, SIGNAL, rtol=1e-6)
    np.testing.assert_allclose(spectrum.wavenumber_cm1, [1000, 1001, 1002, 1003])
    assert spectrum.time == np.datetime64("2026-11-24T05:07")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (spc_bytes()[:-6], "truncated|holds 2"),
        (spc_bytes(count=900), "declares 900"),
        (spc_bytes(count=-3), "declares -3"),
        (spc_bytes(x_type=0), "not wavenumber"),
        (spc_bytes(signal=np.array([1.0, np.nan, 2.0, 3.0])), "no numbers"),
        (spc_bytes()[:300], "no SPC header"),
    ],
)
def test_a_broken_spc_is_told(tmp_path, data, message):
    path = tmp_path / "a.spc"
    path.write_bytes(data)
    with pytest.raises(ReadError, match=message):
        read_spectrum(path)


def test_something_else_is_told(tmp_path):
    path = tmp_path / "a.spc"
    path.write_bytes(b"hello, world")
    with pytest.raises(UnknownFormatError):
        read_spectrum(path)


def test_the_real_vent_spectra_are_read(real_data):
    files = sorted((real_data / "openpath-ftir-vent-2021").glob("*.spc"))
    assert len(files) == 35
    for file in files:
        spectrum = read_spectrum(file)
        assert spectrum.wavenumber_cm1.size == 16595
        assert spectrum.wavenumber_cm1[0] == pytest.approx(499.956, abs=1e-3)
    assert spectrum.triangular
    assert spectrum.path_difference_cm == pytest.approx(1.037, abs=1e-3)
    assert spectrum.settings["Phase Correction"] == "mertz"


def opus_bytes(*, count=4, words=4):
    def parameter(name, kind, value):
        size = {0: 2, 1: 4}[kind] if kind < 2 else len(value) // 2
        packed = struct.pack("<i", value) if kind == 0 else struct.pack("<d", value) if kind == 1 else value
        return name.encode() + b"\0" + struct.pack("<HH", kind, size) + packed

    body = SIGNAL[::-1].astype("<f4").tobytes()
    facts = (
        parameter("NPT", 0, count)
        + parameter("FXV", 1, 1003.0)
        + parameter("LXV", 1, 1000.0)
        + parameter("CSF", 1, 2.0)
        + parameter("APF", 2, b"TR\0\0")
        + b"END\0"
        + bytes(4)
    )
    head = bytearray(504)
    head[:4] = b"\n\n\xfe\xfe"
    struct.pack_into("<BBBBii", head, 24, 15, 0, 0, 0, words, 504)
    struct.pack_into("<BBBBii", head, 36, 31, 0, 0, 0, len(facts) // 4, 504 + len(body))
    return bytes(head) + body + facts


def test_an_opus_file_is_read_ascending_and_scaled(tmp_path):
    path = tmp_path / "a.0"
    path.write_bytes(opus_bytes())
    spectrum = read_spectrum(path)
    np.testing.assert_allclose(spectrum.signal, 2 * SIGNAL)
    np.testing.assert_allclose(spectrum.wavenumber_cm1, [1000, 1001, 1002, 1003])
    assert spectrum.triangular


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (opus_bytes(count=400), "declares 400"),
        (opus_bytes(words=40_000), "beyond the end"),
        (opus_bytes()[:30], "no spectrum"),
    ],
)
def test_a_broken_opus_file_is_told(tmp_path, data, message):
    path = tmp_path / "a.0"
    path.write_bytes(data)
    with pytest.raises(ReadError, match=message):
        read_spectrum(path)
