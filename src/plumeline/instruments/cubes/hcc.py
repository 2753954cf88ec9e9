"""Telops HCC frame sequences: one frame a band, for filter-wheel and calibrated Fourier-transform imagers.

Each frame is a header of two image rows (2 · width · 2 bytes) and height × width little-endian 16-bit values; a value
stands for raw · 2^DataExp + DataOffset, by its own frame's header. The file does not say at which wavenumber a frame
was taken: that stands in `NAME.bands.toml` beside it.

Reference: the header as described by the open readers librir (struct HCCImageHeader) and fasthcc 0.2; offsets in bytes:
0 "TC", 2 minor and 3 major version, 4 header length, 12 DataOffset (float32), 16 DataExp (int8), 28 CalibrationMode,
32 width, 34 height.
"""

from __future__ import annotations

import struct
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ReadError
from plumeline.instruments.cubes.cube import RADIANCE_W_M2_SR_CM1, UNKNOWN_UNIT, Cube, check_size
from plumeline.radiometry import planck_w_m2_sr_cm1, wavenumber_cm1

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Single = NDArray[np.float32]

SIGNATURE = b"TC"
HEADER = struct.Struct("<2sBBH6xfb11xB3xHH")
"""Signature, minor, major, header length, DataOffset, DataExp, CalibrationMode, width, height."""

MODES = {
    0: "raw",
    1: "non-uniformity corrected",
    2: "temperature",
    3: "in-band radiance",
    4: "in-band intensity",
}
TEMPERATURE = 2
UNITS = {"nm": "nm", "um": "um", "µm": "um", "cm-1": "cm-1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sequence:
    """Frames of one size, and how each is scaled."""

    width: int
    height: int
    header_bytes: int
    scale: Doubles
    offset: Doubles
    mode: int


def read_hcc(path: Path) -> Cube:
    """Open an HCC sequence whose frames are the bands of one scene; only headers are read.

    Args:
        path: the `.hcc` file; `NAME.bands.toml` beside it holds `unit` ("nm", "um" or "cm-1"), `centre` (a list with one
            number per frame), and optionally `fwhm` and `signal` (the radiance unit).

    Returns:
        The cube; temperatures of a sequence calibrated to them are given as the blackbody radiance they stand for.

    Raises:
        ReadError: it is no HCC file, is truncated, its frames differ in size, or the bands are not told.
    """
    found = _sequence(path)
    centre, fwhm, unit, signal = _bands(path, found.scale.size)
    frame_bytes = found.header_bytes + 2 * found.width * found.height
    wavenumber = wavenumber_cm1(centre, unit) if found.mode == TEMPERATURE else centre

    def read(start: int, stop: int) -> Single:
        block = np.empty((stop - start, found.width, found.scale.size), np.float32)
        with path.open("rb") as stream:
            for band in range(found.scale.size):
                stream.seek(band * frame_bytes + found.header_bytes + 2 * start * found.width)
                raw = np.fromfile(stream, "<u2", (stop - start) * found.width)
                if raw.size != (stop - start) * found.width:
                    raise ReadError(
                        "became shorter while it was read", where=str(path), remedy="copy it again"
                    )
                value = (raw * found.scale[band] + found.offset[band]).reshape(-1, found.width)
                if found.mode == TEMPERATURE:
                    value = planck_w_m2_sr_cm1(wavenumber[band], np.where(value > 0, value, np.nan))
                block[:, :, band] = value
        return block

    return Cube(
        name=path.name,
        path=path,
        shape=(found.height, found.width, found.scale.size),
        centre=centre,
        fwhm=fwhm,
        wavelength_unit=unit,
        unit=RADIANCE_W_M2_SR_CM1 if found.mode == TEMPERATURE else signal,
        read=read,
        facts={"calibration": MODES.get(found.mode, str(found.mode))},
    )


def write_hcc(path: Path, frames: Single, *, calibration_mode: int = 3) -> None:
    """Write frames as an HCC sequence of header version 12, each scaled to the full 16 bits, for simulated scenes.

    Args:
        path: the file.
        frames: signal, shape (band, line, sample).
        calibration_mode: as the header says it.
    """
    _, height, width = frames.shape
    with path.open("wb") as stream:
        for frame in frames.astype(np.float64):
            low, span = float(np.float32(frame.min())), float(np.ptp(frame)) or 1.0
            exponent = int(np.ceil(np.log2(span / 65_000.0)))
            header = HEADER.pack(SIGNATURE, 0, 12, 108, low, exponent, calibration_mode, width, height)
            stream.write(header.ljust(4 * width, b"\0"))
            stream.write(np.clip(np.round((frame - low) / 2.0**exponent), 0, 65_535).astype("<u2").tobytes())


def _sequence(path: Path) -> _Sequence:
    size = path.stat().st_size
    with path.open("rb") as stream:
        first = stream.read(HEADER.size)
        if len(first) < HEADER.size or first[:2] != SIGNATURE:
            raise ReadError("has no HCC header", where=str(path))
        *_, mode, width, height = HEADER.unpack(first)
        if not width or not height or 4 * width < HEADER.size:
            raise ReadError(f"declares frames of {width} x {height} pixels", where=str(path))
        header_bytes = 4 * width
        frame_bytes = header_bytes + 2 * width * height
        count = -(-size // frame_bytes)
        check_size(path, expected=count * frame_bytes, offset=0, lines=count)
        scale, offset = np.empty(count), np.empty(count)
        for band in range(count):
            stream.seek(band * frame_bytes)
            words = stream.read(HEADER.size)
            mark, _, _, _, zero, exponent, here, *shape = HEADER.unpack(words)
            if mark != SIGNATURE or shape != [width, height] or here != mode:
                raise ReadError(
                    f"frame {band} is of another size or calibration than the first", where=str(path)
                )
            scale[band], offset[band] = 2.0**exponent, zero
    return _Sequence(
        width=width, height=height, header_bytes=header_bytes, scale=scale, offset=offset, mode=mode
    )


def _bands(path: Path, frames: int) -> tuple[Doubles, Doubles | None, str, str]:
    beside = path.with_name(path.stem + ".bands.toml")
    if not beside.is_file():
        raise ReadError(
            "does not say at which wavenumber its frames were taken",
            where=str(path),
            remedy=f'put {beside.name} next to it: unit = "cm-1", centre = [one number per frame]',
        )
    try:
        table = tomllib.loads(beside.read_text("utf-8"))
        unit = UNITS[table["unit"]]
        centre = np.array(table["centre"], float)
        fwhm = np.broadcast_to(np.array(table["fwhm"], float), centre.shape) if "fwhm" in table else None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, ValueError, TypeError) as error:
        raise ReadError(f"lacks or garbles {error}", where=str(beside)) from None
    if centre.shape != (frames,):
        raise ReadError(f"names {centre.size} bands for {frames} frames", where=str(beside))
    return centre, fwhm, unit, str(table.get("signal", UNKNOWN_UNIT))
