"""The arrays of a result as one NetCDF-4 file: groups `posterior`, `detectability` and `fit`.

References: CF conventions 1.11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline import __version__
from plumeline.provenance import canonical_json
from plumeline.schemas import REGISTRY

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from plumeline.sources import SourceReport

GROUPS = ("posterior", "detectability", "fit")

TIME_UNITS = "milliseconds since 1970-01-01T00:00:00"
"""CF units of every time."""


def write_netcdf(report: SourceReport, path: Path) -> None:
    """Write posterior, detectability and fit with their documentation and provenance.

    Args:
        report: what an inversion says.
        path: the file to write.

    Raises:
        OSError: the file cannot be written.
    """
    import xarray as xr  # noqa: PLC0415 (slow to import)

    groups = {name: _documented(getattr(report, name), name) for name in GROUPS}
    tree = xr.DataTree.from_dict({"/": xr.Dataset(attrs=_global_attributes(report))} | groups)
    encoding = {f"/{name}": _encoding(dataset) for name, dataset in groups.items()}
    # In memory first: HDF5 does not survive a disk that fills up under it, a plain write does.
    content = tree.to_netcdf(None, engine="h5netcdf", encoding=encoding)
    path.write_bytes(content)


def _global_attributes(report: SourceReport) -> dict[str, Any]:
    origin = report.survey.frame.origin
    place = (
        {"frame_origin_longitude": origin.lon_deg, "frame_origin_latitude": origin.lat_deg} if origin else {}
    )
    made = (
        {}
        if report.provenance is None
        else {"plumeline_provenance": canonical_json(report.provenance.as_dict())}
    )
    return {
        "Conventions": "CF-1.11",
        "title": f"Source estimate for survey {report.survey.name}",
        "source": f"Plumeline {__version__}",
        "frame": "local east-north plane in metres, azimuthal equidistant on WGS 84"
        if origin
        else "local east-north plane in metres; no place on Earth is known",
        "probability_no_source": report.probability_no_source,
        "false_alarm_probability": report.false_alarm_probability,
        "log10_bayes_factor": report.log10_bayes_factor,
        **place,
        **made,
    }


def _documented(dataset: xr.Dataset, name: str) -> xr.Dataset:
    schema = REGISTRY[name]
    out = schema.validate(dataset).copy()
    for key, variable in schema.variables.items():
        if key in out.variables:
            out[key].attrs.setdefault("long_name", variable.doc)
            if out[key].dtype.kind in "UO":
                out[key] = out[key].astype(object)
    return out.assign_attrs({"title": schema.doc})


def _encoding(dataset: xr.Dataset) -> dict[str, dict[str, Any]]:
    encoding: dict[str, dict[str, Any]] = {}
    for key, variable in dataset.variables.items():
        if variable.dtype.kind == "M":
            encoding[str(key)] = {"units": TIME_UNITS, "dtype": np.int64, "calendar": "proleptic_gregorian"}
        elif variable.dtype.kind in "fiu" and variable.ndim:
            encoding[str(key)] = {"zlib": True, "complevel": 4}
    return encoding
