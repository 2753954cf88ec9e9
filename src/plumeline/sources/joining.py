"""Several flights of one place as one problem: shared sources, everything else each flight's own.

Rows, noise, background, detours, response, model error and transport of every flight stay apart, as do its channels;
the sources, and whether they emit, are common. A source may be off in one flight and on in the next.

References: Lunn, Spiegelhalter, Thomas and Best 2009, doi:10.1002/sim.3680 (one posterior from several data sets with
parameters of their own and in common).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import ConfigurationError
from plumeline.sources.emission import MOST_BLOCKS, log_switching
from plumeline.sources.prepare import BIRTH_GRID, Prepared
from plumeline.sources.problem import BLOCK, CHANNEL, FIRST, GROUP, ROW, Problem
from plumeline.sources.samples import Samples
from plumeline.sources.unmixing import ResponseMatrix, inseparable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from plumeline.sources.settings import InferenceSettings

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

    Field = Callable[[Prepared], NDArray[np.generic]]

PER_SAMPLE = (
    "receptor",
    "is_path",
    "wind",
    "wind_sigma",
    "spread",
    "averaging_s",
)
"""Fields of `Samples` that have no species."""


def join(parts: Sequence[Prepared], names: Sequence[str], settings: InferenceSettings) -> Prepared:
    """Problems of several flights as one.

    Args:
        parts: one flight each, in one frame.
        names: of the flights.
        settings: what the inversion assumes.

    Returns:
        The joint problem; its birth map is uniform. A single flight is returned as it is.

    Raises:
        ConfigurationError: puffs are asked for; each flight has a wind history of its own.
    """
    if len(parts) == 1:
        return parts[0]
    if parts[0].problem.is_puff:
        raise ConfigurationError(
            'several flights with transport = "puff"',
            where=", ".join(names),
            remedy='locate each flight alone, or all of them with transport = "plume"',
        )
    matrix = _matrix(parts)
    species = matrix.species
    start = min(part.samples.start for part in parts)
    later_s = [float((part.samples.start - start) / np.timedelta64(1, "s")) for part in parts]
    blocks = [_fewer_blocks(part.block_time_s, MOST_BLOCKS // len(parts)) for part in parts]
    block_times = [
        part.block_time_s[edges] + s for part, edges, s in zip(parts, blocks, later_s, strict=True)
    ]
    problem = _joined(parts, species, blocks)
    first = parts[0].priors
    return replace(
        parts[0],
        problem=problem,
        priors=first._replace(
            log_rate_mean=np.array([
                _by_species(part, part.priors.log_rate_mean)[name] for part, name in _owners(parts, species)
            ]),
            theta_mean=np.concatenate([part.priors.theta_mean for part in parts]),
            theta_sd=np.concatenate([part.priors.theta_sd for part in parts]),
            log_switching=log_switching(sum(edges.size - 1 for edges in blocks), settings.steady_probability),
        ),
        samples=_samples(parts, later_s),
        matrix=matrix,
        groups=inseparable(matrix, np.isin(np.arange(problem.scale.size), problem.channel)),
        block_time_s=np.append(np.concatenate([times[:-1] for times in block_times]), block_times[-1][-1]),
        row_time_s=np.concatenate([part.row_time_s + s for part, s in zip(parts, later_s, strict=True)]),
        row_sensor=_numbered(
            parts, lambda part: part.row_sensor, lambda part: len(part.samples.sensor_names)
        ),
        base=np.concatenate([part.base for part in parts]),
        row_s=max(part.row_s for part in parts),
        flights=tuple(names),
        remarks=tuple(
            dict.fromkeys(
                f"{name}: {line}" for part, name in zip(parts, names, strict=True) for line in part.remarks
            )
        ),
    )


def _fewer_blocks(times: Floats, most: int) -> Integers:
    """Edges of a flight's emission blocks that are kept, so that all flights together have not too many."""
    count = times.size - 1
    kept = max(1, min(count, most))
    return np.round(np.linspace(0, count, kept + 1)).astype(np.int64)


def _owners(parts: Sequence[Prepared], species: Sequence[str]) -> list[tuple[Prepared, str]]:
    """The first flight that has each species: its concentration unit becomes the common one."""
    return [(next(part for part in parts if name in part.matrix.species), name) for name in species]


def _by_species(part: Prepared, values: Floats) -> dict[str, float]:
    return dict(zip(part.matrix.species, values.tolist(), strict=True))


def _numbered(
    parts: Sequence[Prepared], values: Callable[[Prepared], Integers], size: Callable[[Prepared], int]
) -> Integers:
    """Indices of all flights, each flight's after those of the ones before it."""
    out, start = [], 0
    for part in parts:
        out.append(values(part) + start)
        start += size(part)
    return np.concatenate(out).astype(np.int64)


def _edges(parts: Sequence[Prepared], values: Callable[[Problem], Integers]) -> Integers:
    """Edges (first of each, and the end) of all flights, each flight's after those of the ones before it."""
    out, start = [np.zeros(1, np.int64)], 0
    for part in parts:
        edges = values(part.problem)
        out.append(edges[1:] + start)
        start += int(edges[-1])
    return np.concatenate(out).astype(np.int64)


def _joined(parts: Sequence[Prepared], species: tuple[str, ...], blocks: Sequence[Integers]) -> Problem:
    problems = [part.problem for part in parts]
    scale = np.array([
        _by_species(part, part.problem.species_scale)[name] for part, name in _owners(parts, species)
    ])
    segments = _segments(problems, blocks)
    by_block = np.argsort(segments[:, BLOCK], kind="stable")
    total_blocks = sum(edges.size - 1 for edges in blocks)
    boxes = np.array([one.box for one in problems])

    def numbered(name: str, size: Callable[[Problem], int]) -> Integers:
        return _numbered(parts, lambda part: getattr(part.problem, name), lambda part: size(part.problem))

    def end_to_end(name: str, axis: int = 0) -> NDArray[Any]:
        return np.concatenate([getattr(one, name) for one in problems], axis=axis)

    return problems[0]._replace(
        elements=np.ascontiguousarray(end_to_end("elements", 1)),
        run=_edges(parts, lambda one: one.run),
        run_is_path=end_to_end("run_is_path"),
        row_start=_edges(parts, lambda one: one.row_start),
        row=numbered("row", lambda one: one.row_start.size - 1),
        channel=numbered("channel", lambda one: one.scale.size),
        value=end_to_end("value"),
        censored=end_to_end("censored"),
        group=numbered("group", lambda one: one.noise.size),
        noise=end_to_end("noise"),
        basis=_basis(problems),
        scale=end_to_end("scale"),
        species_scale=scale,
        response=np.vstack([_response(part, species, scale) for part in parts]),
        segments=segments,
        stretch_segment=_edges(parts, lambda one: one.stretch_segment),
        block_segment=by_block.astype(np.int64),
        block_start=np.searchsorted(segments[by_block, BLOCK], np.arange(total_blocks + 1)).astype(np.int64),
        block=numbered("block", lambda one: int(one.block.max()) + 1),
        row_s=end_to_end("row_s"),
        stretch=numbered("stretch", lambda one: one.stretch_row.size - 1),
        stretch_row=_edges(parts, lambda one: one.stretch_row),
        flight_stretch=_edges(parts, lambda one: one.flight_stretch),
        flight_basis=_edges(parts, lambda one: one.flight_basis),
        box=np.where([True, False, True, False, False], boxes.min(axis=0), boxes.max(axis=0)),
        birth_map=np.full((BIRTH_GRID, BIRTH_GRID), 1.0 / BIRTH_GRID**2),
    )


def _segments(problems: Sequence[Problem], blocks: Sequence[Integers]) -> Integers:
    out = []
    observations = rows = channels = groups = first_block = 0
    for one, edges in zip(problems, blocks, strict=True):
        mine = one.segments.copy()
        mine[:, FIRST] += observations
        mine[:, ROW] += rows
        mine[:, CHANNEL] += channels
        mine[:, GROUP] += groups
        mine[:, BLOCK] = first_block + np.searchsorted(edges, mine[:, BLOCK], side="right") - 1
        out.append(mine)
        observations += one.value.size
        rows += one.row_start.size - 1
        channels += one.scale.size
        groups += one.noise.size
        first_block += edges.size - 1
    return np.ascontiguousarray(np.vstack(out))


def _basis(problems: Sequence[Problem]) -> NDArray[np.float32]:
    """Every flight's own background, shape (coefficient, observation)."""
    basis = np.zeros(
        (sum(one.basis.shape[0] for one in problems), sum(one.value.size for one in problems)), np.float32
    )
    line = observation = 0
    for one in problems:
        lines, observations = one.basis.shape
        basis[line : line + lines, observation : observation + observations] = one.basis
        line, observation = line + lines, observation + observations
    return basis


def _response(part: Prepared, species: tuple[str, ...], scale: Floats) -> Floats:
    """Reading of a flight's channels to one common unit of each species, shape (channel, species)."""
    out = np.zeros((part.problem.response.shape[0], len(species)))
    for own, name in enumerate(part.matrix.species):
        s = species.index(name)
        out[:, s] = part.problem.response[:, own] * scale[s] / part.problem.species_scale[own]
    return out


def _matrix(parts: Sequence[Prepared]) -> ResponseMatrix:
    """Every flight's channels, and what they answer to of all species."""
    matrices = [part.matrix for part in parts]
    species = tuple(dict.fromkeys(name for one in matrices for name in one.species))
    size = (sum(len(one.channels) for one in matrices), len(species))
    ratio, sigma = np.zeros(size), np.zeros(size)
    first = 0
    for one in matrices:
        rows = np.arange(first, first + len(one.channels))
        at = np.ix_(rows, np.array([species.index(name) for name in one.species]))
        ratio[at], sigma[at] = one.ratio, one.sigma
        first += len(one.channels)
    return ResponseMatrix(
        channels=tuple(name for one in matrices for name in one.channels),
        column=np.concatenate([one.column for one in matrices]),
        sensors=tuple(sensors for one in matrices for sensors in one.sensors),
        species=species,
        ratio=ratio,
        sigma=sigma,
    )


def _samples(parts: Sequence[Prepared], later_s: Sequence[float]) -> Samples:
    """Samples of all flights, for what a report says of them."""
    all_samples = [part.samples for part in parts]

    def by_channel(name: str) -> Floats:
        """Every flight in columns of its own, NaN in the others'."""
        tables = [getattr(one, name) for one in all_samples]
        out = np.full((sum(len(one) for one in tables), sum(one.shape[1] for one in tables)), np.nan)
        row = column = 0
        for one in tables:
            out[row : row + one.shape[0], column : column + one.shape[1]] = one
            row, column = row + one.shape[0], column + one.shape[1]
        return out

    left_out: dict[str, int] = {}
    for one in all_samples:
        for why, count in one.left_out.items():
            left_out[why] = left_out.get(why, 0) + count
    return Samples(
        time_s=np.concatenate([one.time_s + s for one, s in zip(all_samples, later_s, strict=True)]),
        sensor=_numbered(
            parts, lambda part: part.samples.sensor, lambda part: len(part.samples.sensor_names)
        ),
        sensor_names=tuple(name for part in parts for name in part.samples.sensor_names),
        start=min(one.start for one in all_samples),
        left_out=left_out,
        value=by_channel("value"),
        limit=by_channel("limit"),
        noise=by_channel("noise"),
        **{name: np.concatenate([getattr(one, name) for one in all_samples]) for name in PER_SAMPLE},
    )
