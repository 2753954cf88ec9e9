"""Samples that an authority does not allow: read back from a file and left out of a survey."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import ConfigurationError, InputError
from plumeline.observations import Survey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import xarray as xr


def without(survey: Survey, file: Path) -> Survey:
    """A survey without the samples that were quarantined.

    Args:
        survey: all of it.
        file: what `plumeline case ingest --quarantine` wrote.

    Returns:
        The rest.

    Raises:
        ConfigurationError: it is no such file, or names a sensor that the survey does not have.
        InputError: nothing is left.
    """
    try:
        listed = {
            str(sensor): np.array(times, dtype="datetime64[ms]")
            for sensor, times in json.loads(file.read_bytes())["quarantined"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            "not a list of quarantined samples",
            where=str(file),
            remedy="make it with plumeline case ingest --quarantine",
        ) from None
    names = {str(name) for dataset in survey.datasets for name in dataset["sensor_name"].to_numpy()}
    if not set(listed) <= names:
        raise ConfigurationError(
            "these samples are of another survey: it has no sensor " + ", ".join(sorted(set(listed) - names)),
            where=str(file),
        )
    if survey.parts:
        flights = [_without(one, listed) for one in survey.parts]
        left = Survey.join([one for one in flights if one is not None]) if any(flights) else None
    else:
        left = _without(survey, listed)
    if left is None:
        raise InputError(
            "every sample is quarantined, so there is nothing to locate with",
            where=survey.name,
            remedy="see the incidents: plumeline case ingest",
        )
    return left


def _without(survey: Survey, listed: Mapping[str, np.ndarray]) -> Survey | None:
    parts = [_rest(dataset, listed) for dataset in (survey.in_situ, survey.open_path)]
    return (
        None if all(part is None for part in parts) else replace(survey, in_situ=parts[0], open_path=parts[1])
    )


def _rest(dataset: xr.Dataset | None, listed: Mapping[str, np.ndarray]) -> xr.Dataset | None:
    if dataset is None:
        return None
    sensors = np.asarray(dataset["sensor_name"].to_numpy()).astype(str)[dataset["sensor"].to_numpy()]
    millis = dataset["time"].to_numpy().astype("datetime64[ms]")
    gone = np.zeros(millis.size, bool)
    for sensor, times in listed.items():
        gone |= (sensors == sensor) & np.isin(millis, times)
    return dataset.isel(reading=np.flatnonzero(~gone)) if not gone.all() else None
