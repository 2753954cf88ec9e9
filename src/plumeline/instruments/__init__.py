"""L0: what each instrument writes, read as it is.

In: a file of a sensor, autopilot, anemometer or weather station, and a mapping for a table that is not built in.
Out: a `Recording`: raw tables (track, attitude, readings, wind, meteorology) whose every record names its line in
the file, and remarks on all that looks wrong. Nothing is dropped or mended unsaid.
"""

from plumeline.instruments.mapping import TableMapping, load_mapping
from plumeline.instruments.reading import FormatSpec, candidates, formats, identify, read
from plumeline.instruments.recording import Recording, Remark
from plumeline.instruments.tables import KINDS, gas_variables, has_position

__all__ = [
    "KINDS",
    "FormatSpec",
    "Recording",
    "Remark",
    "TableMapping",
    "candidates",
    "formats",
    "gas_variables",
    "has_position",
    "identify",
    "load_mapping",
    "read",
]
