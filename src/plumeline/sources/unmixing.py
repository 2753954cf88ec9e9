"""Which gases a survey's channels can tell apart: the response matrix, its error, and the groups it leaves together.

A channel c reads Σ_s R_cs C_s of the concentrations C_s. Two gases whose columns of R are parallel within the errors of
their entries cannot be told apart, nor can more gases than there are channels that answer to them. Their rates are
sampled one by one, so that every mixture counts, and reported as one sum; how a sum is made up is not in the data.

References: Cross et al. 2017, doi:10.5194/amt-10-3575-2017 (cross-sensitivities of electrochemical cells);
Plummer 2015, doi:10.1007/s11222-014-9503-z (cut posteriors); Richardson 1972, doi:10.1364/JOSA.62.000055 (rates that stay
positive and give the readings).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import null_space
from scipy.optimize import minimize_scalar
from scipy.stats import chi2

from plumeline.observations.concentration import PID_RESPONSE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plumeline.observations import Survey
    from plumeline.observations.survey import Sensitivity
    from plumeline.sources.samples import Samples

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

APART = 0.95
"""Confidence with which two columns must differ for their gases to be told apart."""
RESTORATIONS = 300
"""Steps of the restoration (Richardson 1972) that takes rates from the declared matrix to a drawn one."""
LEAST_SHARE = 0.05
"""A gas with less than this weight in an unseen mixture is not part of it [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseMatrix:
    """What the channels of a survey say of the gases that are sought."""

    channels: tuple[str, ...]
    """Name of each channel."""
    column: Integers
    """Index of each channel in the survey's species, shape (channel,)."""
    sensors: tuple[frozenset[str], ...]
    """Sensors that each channel is of."""
    species: tuple[str, ...]
    """Gases that are sought."""
    ratio: Floats
    """Reading per concentration, shape (channel, species) [1]."""
    sigma: Floats
    """Relative standard error of `ratio`, shape (channel, species) [1]."""


def response_matrix(survey: Survey) -> ResponseMatrix:
    """The response matrix of a survey: as declared, and 1 of each channel to its own gas.

    Args:
        survey: what was measured.

    Returns:
        The matrix; a sensor with a declaration of its own has channels of its own.
    """
    declared = survey.sensitivities
    every = frozenset(str(name) for dataset in survey.datasets for name in dataset["sensor_name"].to_numpy())
    channels: list[tuple[int, str, frozenset[str]]] = []
    for column, name in enumerate(survey.species):
        own = sorted({one.sensor for one in declared if one.channel == name and one.sensor})
        channels += [(column, f"{name} ({sensor})", frozenset({sensor})) for sensor in own]
        if every - set(own):
            channels.append((column, name, every - set(own)))
    entries = [_entries(survey.species[column], sensors, declared) for column, _, sensors in channels]
    species = tuple(dict.fromkeys(name for row in entries for name, (ratio, _) in row.items() if ratio > 0.0))
    table = np.array([[row.get(name, (0.0, 0.0)) for name in species] for row in entries])
    return ResponseMatrix(
        channels=tuple(name for _, name, _ in channels),
        column=np.array([column for column, _, _ in channels], np.int64),
        sensors=tuple(sensors for _, _, sensors in channels),
        species=species,
        ratio=table[:, :, 0],
        sigma=table[:, :, 1],
    )


def _entries(
    channel: str, sensors: frozenset[str], declared: tuple[Sensitivity, ...]
) -> dict[str, tuple[float, float]]:
    """What one channel answers to: ratio and relative error by gas."""
    mine = [one for one in declared if one.channel == channel and (not one.sensor or one.sensor in sensors)]
    out = {one.species: (one.ratio, one.sigma) for one in mine if not one.sensor}
    out |= {one.species: (one.ratio, one.sigma) for one in mine if one.sensor and sensors == {one.sensor}}
    is_gas = channel != PID_RESPONSE
    return {channel: (1.0, 0.0)} | out if is_gas or not out else out


def by_channel(samples: Samples, matrix: ResponseMatrix) -> Samples:
    """Samples with one column a channel instead of one a species.

    Args:
        samples: usable readings.
        matrix: the survey's response matrix.

    Returns:
        The same readings.
    """
    names = np.asarray(samples.sensor_names)
    mine = np.column_stack([np.isin(names, sorted(sensors))[samples.sensor] for sensors in matrix.sensors])

    def spread(values: Floats) -> Floats:
        return np.where(mine, values[:, matrix.column], np.nan)

    return replace(
        samples, value=spread(samples.value), limit=spread(samples.limit), noise=spread(samples.noise)
    )


def inseparable(matrix: ResponseMatrix, used: NDArray[np.bool_]) -> tuple[tuple[int, ...], ...]:
    """Gases that the channels cannot tell apart.

    Args:
        matrix: the response matrix.
        used: channels that have readings, shape (channel,).

    Returns:
        Indices of the gases of each group, in order; a gas that stands alone is a group of one.
    """
    ratio, sigma = matrix.ratio[used], matrix.sigma[used]
    count = len(matrix.species)
    together = np.eye(count, dtype=bool)
    for i in range(count):
        for j in range(i):
            together[i, j] = together[j, i] = _are_alike(ratio[:, [i, j]], sigma[:, [i, j]])
    found = _components(together)
    length = np.linalg.norm(ratio, axis=0)
    columns = np.column_stack([
        (ratio[:, group] / np.maximum(length[list(group)], 1e-300)).mean(axis=1) for group in map(list, found)
    ])
    unseen = null_space(columns, rcond=1e-6)
    shares = np.abs(unseen @ unseen.T) > LEAST_SHARE
    joined = _components(shares | np.eye(len(found), dtype=bool))
    return tuple(tuple(sorted(i for part in group for i in found[part])) for group in joined)


def _are_alike(ratio: Floats, sigma: Floats) -> bool:
    """Whether two columns are parallel within the errors of their entries, shape (channel, 2) each."""
    seen = (ratio > 0.0).any(axis=1)
    if not seen.any() or not (ratio > 0.0).any(axis=0).all():
        return False
    r, e = ratio[seen], np.maximum(sigma[seen], 1e-6) * ratio[seen]
    if ((r > 0.0).sum(axis=1) == 1).any():
        # A channel that answers to only one of the two tells them apart, however badly its answer is known.
        return False

    def misfit(log_share: float) -> float:
        share = math.exp(log_share)
        return float(np.sum((r[:, 0] - share * r[:, 1]) ** 2 / (e[:, 0] ** 2 + share**2 * e[:, 1] ** 2)))

    logs = np.log(r[:, 0] / r[:, 1])
    if np.ptp(logs) < 1e-9:
        return True
    least = minimize_scalar(misfit, bounds=(float(logs.min()), float(logs.max())), method="bounded").fun
    return bool(least < chi2.ppf(APART, len(r) - 1))


def _components(linked: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """Connected sets of a graph, in order of their first member."""
    left = list(range(len(linked)))
    out = []
    while left:
        group, front = {left[0]}, [left[0]]
        while front:
            front = [j for i in front for j in left if linked[i, j] and j not in group]
            group |= set(front)
        left = [i for i in left if i not in group]
        out.append(tuple(sorted(group)))
    return out


def group_name(names: tuple[str, ...], group: tuple[int, ...]) -> str:
    """A group as it is reported: "acetone or toluene", "acetone, toluene or xylene"."""
    parts = [names[i] for i in group]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"


def what_it_means(matrix: ResponseMatrix, grouped: tuple[tuple[int, ...], ...]) -> list[str]:
    """What the reader must know of what these channels cannot say, in sentences."""
    said = [
        f"these sensors cannot tell {' from '.join(matrix.species[i] for i in group)}: one rate is given for "
        "all of them together, whatever their shares"
        for group in grouped
        if len(group) > 1
    ]
    pid = [c for c, name in enumerate(matrix.channels) if name.startswith(PID_RESPONSE)]
    rest = np.delete(matrix.ratio, pid, axis=0)
    only = [name for s, name in enumerate(matrix.species) if pid and not (rest[:, s] > 0.0).any()]
    if only:
        said.append(
            f"{', '.join(only)} rests on a photo-ionisation detector (PID), which identifies nothing: the name is an "
            "assumption, the place is not"
        )
    return said


def unmixed(rates: Floats, matrix: ResponseMatrix, grouped: tuple[tuple[int, ...], ...], seed: int) -> Floats:
    """Rates of the groups, with the response matrix's own error in them.

    The draws were made with the declared matrix. Each now gets a matrix of its own from the declared errors, and the
    rates that give the same readings with it: the readings do not judge the declared errors (a "cut" posterior).

    Args:
        rates: rate of each gas, shape (draw, slot, species) [kg s-1].
        matrix: the response matrix.
        grouped: gases that cannot be told apart.
        seed: random seed.

    Returns:
        Rate of each group, shape (draw, slot, group) [kg s-1].
    """
    if (matrix.sigma > 0.0).any():
        error = np.random.default_rng(seed).standard_normal((len(rates), *matrix.ratio.shape))
        # In units of each channel's largest answer, so that every channel counts alike.
        nominal = matrix.ratio / np.maximum(matrix.ratio.max(axis=1, keepdims=True), 1e-300)
        drawn = nominal * np.exp(matrix.sigma * error)
        readings = np.einsum("cs,dks->dkc", nominal, rates)
        weight = np.maximum(drawn.sum(axis=1)[:, None], 1e-300)
        for _ in range(RESTORATIONS):
            predicted = np.maximum(np.einsum("dcs,dks->dkc", drawn, rates), 1e-300)
            rates = rates * np.einsum("dcs,dkc->dks", drawn, readings / predicted) / weight
    return np.stack([rates[..., list(group)].sum(axis=-1) for group in grouped], axis=-1)
