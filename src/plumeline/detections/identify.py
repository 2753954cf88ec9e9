"""Which gases a plume holds: Bayesian selection of subsets of the library, with abstention.

The plume's mean excess over its background is whitened with that background, so that the noise is white with
variance κ (κ from patches of the same shape elsewhere in the scene). Every subset S of at most five gases explains
it as Σ c_j t_j with c_j ≥ 0. The evidence of S uses a half-normal prior on each column and a Student likelihood, so
that an imperfect model of a strong plume (temperature, saturation) does not buy extra gases. A beam search visits
the subsets that matter; the probability that gas j is present is the sum over visited subsets that hold it.

Gases whose whitened spectra nearly coincide form an equivalence class: the probability of the class is reported and
one of its members is named only when it stands out.

References: Burr, Fry, McVey & Sander, "Chemical identification using Bayesian model selection" (2003); O'Hagan &
Forster, Kendall's Advanced Theory of Statistics 2B, chapter 7 (evidence of linear models).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

MOST_GASES = 5
BEAM = 40
PRIOR_SNR = 30.0
"""Scale of the half-normal prior on a gas' contribution, in sigma of its own noise-equivalent column."""

STUDENT_DEGREES = 20.0
"""Strength of the belief that κ is right; lower is more forgiving to model error."""

EXPECTED_GASES = 1.5
"""Prior mean number of gases in a plume, shared among the library."""

CLASS_CORRELATION = 0.95
NAME_PROBABILITY = 0.9
MISFIT_PER_BAND = 4.0
"""Above this many κ per band, and `UNEXPLAINED_SHARE` of the whole, the library does not explain the spectrum and the
answer is withheld. A strong plume leaves more than noise because its temperature is not known exactly."""

UNEXPLAINED_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One gas or class of gases."""

    gases: tuple[str, ...]
    """Members; one when the gas itself stands out."""
    probability: float
    """Posterior probability that at least one of them is present."""
    column_ppm_m: float
    """Mean column over the plume if the first member is present [ppm m]."""
    sigma_ppm_m: float
    """1 sigma [ppm m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """What a plume's spectrum says."""

    candidates: tuple[Candidate, ...]
    """Gases and classes by falling probability, those below 1 % left out."""
    inclusion: dict[str, float]
    """Posterior inclusion probability of every gas in the library."""
    abstained: str
    """Empty, or why no gas is named."""
    misfit_per_band: float
    """Residual of the best subset, in κ per band; about 1 when the library explains the spectrum."""
    measured: Doubles
    """Whitened excess, shape (band,)."""
    modelled: Doubles
    """Best subset's model of it, shape (band,)."""

    @property
    def named(self) -> tuple[Candidate, ...]:
        """Candidates that may be named."""
        if self.abstained:
            return ()
        return tuple(one for one in self.candidates if one.probability >= NAME_PROBABILITY)


@dataclass(frozen=True, slots=True)
class _Model:
    members: tuple[int, ...]
    score: float
    coefficient: Doubles
    sigma: Doubles
    misfit: float


def identify(
    excess: Doubles, design: Doubles, gases: Sequence[str], *, variance: float = 1.0
) -> Identification:
    """Probability of each gas given a plume's whitened mean excess.

    Args:
        excess: whitened mean excess of the plume, shape (band,).
        design: whitened change per ppm m of each gas, shape (band, gas).
        gases: names.
        variance: κ, variance of the whitened excess where there is no plume.

    Returns:
        The identification.
    """
    scale = np.sqrt(variance)
    y = excess / scale
    norm = np.linalg.norm(design, axis=0)
    visible = np.flatnonzero(norm > 0)
    columns = design[:, visible] / norm[visible]
    gram, moment, power = columns.T @ columns, columns.T @ y, float(y @ y)
    models = _search(gram, moment, power, y.size)
    score = np.array([model.score for model in models])
    weight = np.exp(score - score.max())
    weight /= weight.sum()
    inclusion = np.zeros(len(gases))
    for model, share in zip(models, weight, strict=True):
        inclusion[visible[list(model.members)]] += share
    best = models[int(np.argmax(score))]
    unit = scale / norm[visible]
    candidates = _candidates(models, weight, gram, unit, [gases[int(k)] for k in visible])
    misfit = best.misfit / y.size
    top = max((one.probability for one in candidates), default=0.0)
    abstained = ""
    if misfit > MISFIT_PER_BAND and best.misfit > UNEXPLAINED_SHARE * power:
        abstained = f"the library leaves {misfit:.1f} times the noise unexplained: a gas that is not in it, or clutter"
    elif top < NAME_PROBABILITY:
        abstained = "no gas or class of gases reaches 90 %"
    modelled = columns[:, list(best.members)] @ best.coefficient * scale
    return Identification(
        candidates=candidates,
        inclusion={gas: float(p) for gas, p in zip(gases, inclusion, strict=True)},
        abstained=abstained,
        misfit_per_band=float(misfit),
        measured=excess,
        modelled=modelled,
    )


def support(excess: Doubles, design: Doubles) -> float:
    """Log Bayes factor of the best small subset of gases against "no gas", by a narrow search.

    Args:
        excess: whitened mean excess, shape (band,).
        design: whitened change per ppm m of each gas, shape (band, gas).

    Returns:
        Natural logarithm of the factor; 0 when no gas fits with a positive column.
    """
    norm = np.linalg.norm(design, axis=0)
    columns = design[:, norm > 0] / norm[norm > 0]
    models = _search(
        columns.T @ columns, columns.T @ excess, float(excess @ excess), excess.size, beam=4, most=3
    )
    return max(model.score for model in models) - models[0].score


def equivalence_classes(
    design: Doubles, gases: Sequence[str], *, correlation: float = CLASS_CORRELATION
) -> tuple[tuple[str, ...], ...]:
    """Gases that this instrument cannot tell apart over this background.

    Args:
        design: whitened change per ppm m of each gas, shape (band, gas).
        gases: names.
        correlation: least correlation of two spectra of one class (single linkage).

    Returns:
        Classes with two or more members, in library order.
    """
    norm = np.linalg.norm(design, axis=0)
    unit = np.divide(design, norm, out=np.zeros_like(design), where=norm > 0)
    labels = _linked(unit.T @ unit, correlation)
    groups = [tuple(gases[int(k)] for k in np.flatnonzero(labels == label)) for label in np.unique(labels)]
    return tuple(group for group in groups if len(group) > 1)


def _search(
    gram: Doubles, moment: Doubles, power: float, bands: int, *, beam: int = BEAM, most: int = MOST_GASES
) -> list[_Model]:
    """Evidence of the empty set and of the best `BEAM` subsets of every size."""
    count = moment.size
    prior = EXPECTED_GASES / max(count, 1)
    step = float(np.log(prior / (1 - min(prior, 0.5))))
    models = [_Model((), _likelihood(power, bands), np.empty(0), np.empty(0), power)]
    front: list[_Model] = models[:]
    for _ in range(min(most, count)):
        scored: dict[tuple[int, ...], float] = {}
        for parent in front:
            score = _children(parent, gram, moment, power, bands)
            for gas in np.argsort(-score, kind="stable")[: 2 * beam]:
                if np.isfinite(score[gas]):
                    scored.setdefault(tuple(sorted((*parent.members, int(gas)))), float(score[gas]))
        best = sorted(scored, key=lambda members: (-scored[members], members))[:beam]
        front = [_model(members, gram, moment, power, bands) for members in best]
        if not front:
            break
        models += front
    return [
        _Model(m.members, m.score + step * len(m.members), m.coefficient, m.sigma, m.misfit) for m in models
    ]


def _children(parent: _Model, gram: Doubles, moment: Doubles, power: float, bands: int) -> Doubles:
    """Log evidence of a subset with each further gas, by the Schur complement; -inf where a column turns negative."""
    index = list(parent.members)
    diagonal = np.diag(gram) + 1 / PRIOR_SNR**2
    if not index:
        pivot, rest, quadratic, logdet = diagonal, moment, power, 0.0
        moved = np.zeros((0, moment.size))
    else:
        precision = gram[np.ix_(index, index)] + np.eye(len(index)) / PRIOR_SNR**2
        solved = np.linalg.solve(precision, gram[index])
        pivot = np.maximum(diagonal - np.einsum("sg,sg->g", gram[index], solved), 1e-9)
        rest = moment - gram[index].T @ parent.coefficient
        quadratic = power - float(moment[index] @ parent.coefficient)
        logdet = float(np.linalg.slogdet(precision)[1])
        moved = parent.coefficient[:, None] - solved * (rest / pivot)
    gain = np.maximum(quadratic - rest**2 / pivot, 0.0)
    size = len(index) + 1
    score = -0.5 * (bands + STUDENT_DEGREES) * np.log1p(gain / (bands + STUDENT_DEGREES))
    score -= 0.5 * (logdet + np.log(pivot)) + size * np.log(PRIOR_SNR / 2.0)
    score[(rest <= 0) | (moved <= 0).any(axis=0)] = -np.inf
    score[index] = -np.inf
    return np.asarray(score)


def _model(members: tuple[int, ...], gram: Doubles, moment: Doubles, power: float, bands: int) -> _Model:
    """Evidence, columns and misfit of one subset."""
    index = list(members)
    inner = gram[np.ix_(index, index)]
    precision = inner + np.eye(len(index)) / PRIOR_SNR**2
    covariance = np.linalg.inv(precision)
    coefficient = covariance @ moment[index]
    quadratic = power - float(moment[index] @ coefficient)
    misfit = power - 2 * float(moment[index] @ coefficient) + float(coefficient @ inner @ coefficient)
    # Half-normal prior: twice the normal density on the positive side, where nearly all of the posterior lies.
    occam = 0.5 * float(np.linalg.slogdet(precision)[1]) + len(index) * np.log(PRIOR_SNR / 2.0)
    return _Model(
        members, _likelihood(quadratic, bands) - occam, coefficient, np.sqrt(np.diag(covariance)), misfit
    )


def _likelihood(quadratic: float, bands: int) -> float:
    return -0.5 * (bands + STUDENT_DEGREES) * float(np.log1p(max(quadratic, 0.0) / (bands + STUDENT_DEGREES)))


def _candidates(
    models: list[_Model], weight: Doubles, gram: Doubles, unit: Doubles, names: list[str]
) -> tuple[Candidate, ...]:
    count = len(names)
    alone = np.zeros(count)
    column, square = np.zeros(count), np.zeros(count)
    for model, share in zip(models, weight, strict=True):
        for position, gas in enumerate(model.members):
            alone[gas] += share
            column[gas] += share * model.coefficient[position]
            square[gas] += share * (model.sigma[position] ** 2 + model.coefficient[position] ** 2)
    labels = _linked(gram, CLASS_CORRELATION)
    found = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        members = members[np.argsort(-alone[members], kind="stable")]
        lead = int(members[0])
        if alone[lead] >= NAME_PROBABILITY or members.size == 1:
            groups = [[int(k)] for k in members]
        else:
            groups = [[int(k) for k in members]]
        for group in groups:
            any_of = float(sum(s for m, s in zip(models, weight, strict=True) if set(m.members) & set(group)))
            if any_of < 0.01:
                continue
            lead = group[0]
            mean = column[lead] / max(alone[lead], 1e-12)
            spread = np.sqrt(max(square[lead] / max(alone[lead], 1e-12) - mean**2, 0.0))
            found.append(
                Candidate(
                    gases=tuple(names[k] for k in group),
                    probability=min(any_of, 1.0),
                    column_ppm_m=float(mean * unit[lead]),
                    sigma_ppm_m=float(spread * unit[lead]),
                )
            )
    return tuple(sorted(found, key=lambda one: (-one.probability, one.gases)))


def _linked(correlation: Doubles, least: float) -> NDArray[np.intp]:
    """Single-linkage labels of a correlation matrix."""
    labels = np.arange(len(correlation))
    for i in range(len(correlation)):
        for j in np.flatnonzero(correlation[i, :i] >= least):
            labels[labels == labels[i]] = labels[j]
    return labels
