"""Which reader a file needs, told by its content and not by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plumeline.errors import UnknownFormatError
from plumeline.instruments.cubes import opus, spc

if TYPE_CHECKING:
    from pathlib import Path

    from plumeline.instruments.cubes.spectrum import Spectrum


def read_spectrum(path: Path) -> Spectrum:
    """Read a spectrum in any supported format, recognised by content.

    Args:
        path: the file.

    Returns:
        The spectrum.

    Raises:
        UnknownFormatError: it is neither GRAMS SPC nor OPUS.
        ReadError: it is, but broken.
    """
    with path.open("rb") as stream:
        head = stream.read(4)
    if head == opus.MAGIC:
        return opus.read_opus(path)
    if len(head) == 4 and head[1] in spc.VERSIONS:
        return spc.read_spc(path)
    raise UnknownFormatError(
        "is no spectrum that can be read", where=str(path), remedy="give a GRAMS SPC or an OPUS file"
    )
