"""Readings that a running inversion has not laid out yet: joined to the others, and weighed by a short problem of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.special import stdtr
from scipy.stats import t as student

from plumeline.errors import CalmWindError, InputError
from plumeline.sources.carrying import carried, lasting_background
from plumeline.sources.prepare import Prepared, prepare
from plumeline.sources.rows import travel_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from plumeline.observations import Survey
    from plumeline.sources.population import Population
    from plumeline.sources.settings import InferenceSettings

    Floats = NDArray[np.float64]


def ahead(
    prepared: Prepared,
    population: Population,
    survey: Survey,
    new: Sequence[Survey],
    settings: InferenceSettings,
) -> Floats:
    """Log likelihood of readings that are not in the problem yet.

    They are laid out with the last minutes before them, whose wind carried their gas and whose background they have.

    Args:
        prepared: the problem so far.
        population: its particles.
        survey: readings in the problem, and perhaps some more.
        new: readings after those.
        settings: what the inversion assumes.

    Returns:
        One of each particle, shape (particle,).
    """
    nothing = np.zeros(population.count.shape[0])
    last_s = float(prepared.samples.time_s.max())
    end = prepared.samples.start + np.timedelta64(round(1e9 * last_s), "ns")
    begin = end - np.timedelta64(round(1e9 * travel_s(prepared.samples)), "ns")
    recent = [one for one in (_since(survey, begin), *new) if one is not None]
    if not recent:
        return nothing
    try:
        short = prepare(
            extended(recent[0], recent[1:]), settings, travel_s(prepared.samples), row_s=prepared.row_s
        )
    except (CalmWindError, InputError):
        return nothing
    later = short.samples.start + (1e9 * short.row_time_s).astype("timedelta64[ns]") > end
    which = np.flatnonzero(later[short.problem.row])
    if not which.size:
        return nothing
    there = carried(population, prepared, short, np.random.default_rng(0))
    there.background[...] = lasting_background(population, prepared, short)
    return log_like_of_some(short, there, which)


def log_like_of_some(prepared: Prepared, population: Population, which: NDArray[np.int64]) -> Floats:
    """Log likelihood of some observations, with what the kernel leaves out.

    Args:
        prepared: the problem.
        population: its particles.
        which: indices of observations.

    Returns:
        One of each particle, shape (particle,).
    """
    problem, dof = prepared.problem, prepared.priors.dof
    sigma = (problem.noise * np.exp(population.log_noise))[:, problem.group[which]]
    error = np.exp(population.theta[:, 4:5])
    right, wide = population.enhancement[:, :, which].astype(float).transpose(1, 0, 2)
    scale = np.sqrt(sigma**2 + error**2 * (right**2 + wide**2))
    residual = (problem.value[which] - population.background[:, which] - right) / scale
    below = np.log(np.maximum(stdtr(dof, residual), 1e-12))
    density = student.logpdf(residual, dof) - np.log(scale)
    return np.asarray(np.where(problem.censored[which], below, density).sum(axis=1), float)


def _since(survey: Survey, begin: np.datetime64) -> Survey | None:
    """Readings from a moment on; None where there are none."""
    in_situ, open_path = (
        None if one is None else one.isel(reading=np.flatnonzero(one["time"].to_numpy() >= begin))
        for one in (survey.in_situ, survey.open_path)
    )
    if not sum(one.sizes["reading"] for one in (in_situ, open_path) if one is not None):
        return None
    return replace(survey, in_situ=in_situ, open_path=open_path)


def refuse_strangers(survey: Survey, rows: Survey) -> None:
    """Refuse readings that do not belong to a survey.

    Args:
        survey: what was measured so far.
        rows: what was measured after it.

    Raises:
        InputError: they are in another frame, or of other sensors or species.
    """
    if rows.frame != survey.frame:
        raise InputError("the new readings are in another local frame", where=rows.name)
    for old, new in ((survey.in_situ, rows.in_situ), (survey.open_path, rows.open_path)):
        for name in ("sensor_name", "species") if old is not None and new is not None else ():
            if old[name].to_numpy().tolist() != new[name].to_numpy().tolist():  # type: ignore[index]
                raise InputError(
                    f"the new readings have another {name} than the first ones",
                    where=rows.name,
                    remedy="name all sensors and species from the start",
                )


def extended(survey: Survey, more: Sequence[Survey]) -> Survey:
    """A survey with further readings of the same sensors and species.

    Args:
        survey: what was measured.
        more: what was measured after it.

    Returns:
        All of it.
    """
    everything = (survey, *more)
    in_situ = [one.in_situ for one in everything if one.in_situ is not None]
    open_path = [one.open_path for one in everything if one.open_path is not None]
    return replace(
        survey,
        in_situ=_joined(in_situ) if in_situ else None,
        open_path=_joined(open_path) if open_path else None,
        inputs={key: value for one in everything for key, value in one.inputs.items()},
    )


def _joined(datasets: Sequence[xr.Dataset]) -> xr.Dataset:
    """Datasets of one kind and the same sensors and species, one after the other."""
    first = datasets[0]
    if len(datasets) == 1:
        return first
    return xr.Dataset({
        name: (
            variable.dims,
            np.concatenate([one[name].to_numpy() for one in datasets])
            if "reading" in variable.dims
            else variable.to_numpy(),
            variable.attrs,
        )
        for name, variable in first.variables.items()
        if all(name in one for one in datasets)
    })
