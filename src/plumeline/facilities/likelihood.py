"""Probability of what was observed, given a profile: one term per kind of observation.

Rates: ln(rate of a species) = ln(rate of the place) + ln(share); both are normal over places of a type, so the rates
that were seen follow a multivariate Student t (heavy tails for what the profile does not know), and a gas that was
not seen was either absent or below its limit. A gas that no such place emits, or one that does not fit, can be a
stranger: something else nearby.

References: Gelman et al., Bayesian Data Analysis, 3rd edition, chapters 3 and 17; Aitken and Taroni, Statistics and the
Evaluation of Evidence for Forensic Scientists, 2nd edition, chapter 8 (combination of evidence).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from plumeline.facilities.evidence import Height, Mixture, PassSpread, RegisterSearch, Visit
    from plumeline.facilities.profile import Profile, Range

    Floats = NDArray[np.float64]

QUADRATURE = (np.arange(15) + 0.5) / 15
"""Probabilities at whose quantiles a range is represented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """How far real places depart from their profiles; set on tuning sites, never on those reported on."""

    share_sigma: float = 0.35
    """Standard deviation of ln(share) added to every species."""
    degrees_of_freedom: int = 5
    """Of the Student t."""
    stranger: float = 0.01
    """Probability that a gas comes from something else nearby."""
    neighbour_stranger: float = 0.4
    """The same when the register lists a neighbour that emits it."""
    stranger_offset: float = -2.0
    """Mean of ln(stranger's rate / all that was seen)."""
    stranger_sigma: float = 2.0
    """Its standard deviation."""
    mixture_weight: float = 0.75
    """Power on the gases' likelihood: species of one place are not as independent as the model has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gases:
    """A mixture laid out for one profile."""

    seen: tuple[str, ...]
    ln_rate: Floats
    mean: Floats
    covariance: Floats
    present: Floats
    stranger: Floats
    stranger_ln_density: Floats


def ln_mixture(
    profile: Profile, mixture: Mixture, neighbours: Mapping[str, float], discrepancy: Discrepancy
) -> float:
    """Logarithm of probability (density) of the gases seen and not seen.

    Args:
        profile: the explanation.
        mixture: the gases.
        neighbours: probability that a registered neighbour emits a species, by species.
        discrepancy: how far places depart from profiles.

    Returns:
        ln likelihood, up to a constant that is the same for all profiles.
    """
    gases = _lay_out(profile, mixture, neighbours, discrepancy)
    own = gases.present > 0
    options = [own] + [own & (np.arange(own.size) != index) for index in np.flatnonzero(own)]
    terms = [_ln_option(gases, kept, profile, mixture, discrepancy) for kept in options]
    return discrepancy.mixture_weight * float(special.logsumexp(terms))


def _lay_out(
    profile: Profile, mixture: Mixture, neighbours: Mapping[str, float], discrepancy: Discrepancy
) -> _Gases:
    seen = tuple(mixture.rate_kg_s)
    ln_rate = np.log([mixture.rate_kg_s[name] for name in seen]) if seen else np.zeros(0)
    shares = [profile.species.get(name) for name in seen]
    mean = np.array([profile.rate_kg_s.ln_middle + (s.ratio.ln_middle if s else 0.0) for s in shares])
    own = np.array([mixture.own_sigma[name] for name in seen])
    share_sigma = np.array([s.ratio.ln_sigma if s else 0.0 for s in shares])
    variance = share_sigma**2 + own**2 + discrepancy.share_sigma**2
    shared = profile.rate_kg_s.ln_sigma**2 + mixture.common_sigma**2
    total = np.log(np.exp(ln_rate).sum()) if seen else 0.0
    return _Gases(
        seen=seen,
        ln_rate=ln_rate,
        mean=mean,
        covariance=shared + np.diag(variance),
        present=np.array([s.present if s else 0.0 for s in shares]),
        stranger=np.array([_stranger(name, neighbours, discrepancy) for name in seen]),
        stranger_ln_density=-0.5
        * (((ln_rate - total - discrepancy.stranger_offset) / discrepancy.stranger_sigma) ** 2)
        - math.log(discrepancy.stranger_sigma * math.sqrt(2 * math.pi)),
    )


def _stranger(name: str, neighbours: Mapping[str, float], discrepancy: Discrepancy) -> float:
    by_neighbour = neighbours.get(name, 0.0) * discrepancy.neighbour_stranger
    return 1 - (1 - discrepancy.stranger) * (1 - by_neighbour)


def _ln_option(
    gases: _Gases, kept: NDArray[np.bool_], profile: Profile, mixture: Mixture, discrepancy: Discrepancy
) -> float:
    """Logarithm of probability when the `kept` gases are the place's own and the others are strangers."""
    strange = ~kept
    ln_p = float(
        np.log(gases.stranger[strange]).sum()
        + gases.stranger_ln_density[strange].sum()
        + np.log(gases.present[kept]).sum()
        + np.log1p(-gases.stranger[kept]).sum()
    )
    covariance = gases.covariance[np.ix_(kept, kept)]
    residual = gases.ln_rate[kept] - gases.mean[kept]
    if residual.size:
        ln_p += _ln_student(residual, covariance, discrepancy.degrees_of_freedom)
    ln_place, place_variance = _place_rate(profile, mixture, covariance, residual)
    unseen, absent = _not_seen(profile, mixture, discrepancy, ln_place, place_variance)
    return ln_p + _ln_companions(profile, int(kept.sum()), unseen, absent)


def _ln_student(residual: Floats, scale: Floats, degrees: int) -> float:
    """Log density of a multivariate Student t."""
    lower = np.linalg.cholesky(scale)
    square = float(np.sum(np.linalg.solve(lower, residual) ** 2))
    size = residual.size
    return float(
        math.lgamma((degrees + size) / 2)
        - math.lgamma(degrees / 2)
        - size / 2 * math.log(degrees * math.pi)
        - np.log(np.diag(lower)).sum()
        - (degrees + size) / 2 * math.log1p(square / degrees)
    )


def _place_rate(
    profile: Profile, mixture: Mixture, covariance: Floats, residual: Floats
) -> tuple[float, float]:
    """Mean and variance of ln(rate of the place), given the gases that are its own."""
    shared = profile.rate_kg_s.ln_sigma**2 + mixture.common_sigma**2
    if not residual.size:
        return profile.rate_kg_s.ln_middle, shared
    gain = np.linalg.solve(covariance, np.full(residual.size, shared))
    return profile.rate_kg_s.ln_middle + float(gain @ residual), shared - float(gain.sum() * shared)


def _not_seen(
    profile: Profile, mixture: Mixture, discrepancy: Discrepancy, ln_place: float, variance: float
) -> tuple[Floats, Floats]:
    """Per profile species that was not seen: P(absent or below its limit), P(absent)."""
    names = [name for name in profile.species if name not in mixture.rate_kg_s]
    shares = [profile.species[name] for name in names]
    present = np.array([share.present for share in shares])
    ln_limit = np.array([math.log(mixture.limit_kg_s.get(name, math.inf)) for name in names])
    mean = ln_place + np.array([share.ratio.ln_middle for share in shares])
    sigma = np.sqrt(
        variance + discrepancy.share_sigma**2 + np.array([share.ratio.ln_sigma for share in shares]) ** 2
    )
    below = special.ndtr((ln_limit - mean) / sigma) if names else np.zeros(0)
    return (1 - present) + present * below, 1 - present


def _ln_companions(profile: Profile, kept: int, unseen: Floats, absent: Floats) -> float:
    """Logarithm of P(the other species were not seen), given that at least `minimum_species` are emitted together."""
    not_seen = float(np.prod(unseen))
    if profile.minimum_species == 2:
        if kept < 2:
            not_seen -= float(np.prod(absent))
        if kept < 1:
            not_seen -= _exactly_one(unseen - absent, absent)
        never = np.array([1 - share.present for share in profile.species.values()])
        not_seen /= max(1 - float(np.prod(never)) - _exactly_one(1 - never, never), 1e-9)
    return math.log(max(not_seen, 1e-12))


def _exactly_one(event: Floats, none: Floats) -> float:
    """Sum over species of P(event for it) times P(none of the others)."""
    others = [float(np.prod(np.delete(none, index))) for index in range(none.size)]
    return float(np.dot(event, others)) if others else 0.0


@lru_cache(maxsize=1024)
def _quantiles_of_probability(probability: Range) -> Floats:
    """Quantiles of a beta distribution with the range's middle and spread."""
    mean = min(max(probability.middle, 0.01), 0.99)
    variance = min(max(probability.sigma, 0.01) ** 2, 0.9 * mean * (1 - mean))
    total = mean * (1 - mean) / variance - 1
    return np.asarray(stats.beta.ppf(QUADRATURE, mean * total, (1 - mean) * total), float)


def ln_visits(profile: Profile, visits: tuple[Visit, ...]) -> float:
    """Logarithm of probability of seeing it on just these visits.

    Args:
        profile: the explanation.
        visits: looks at the site.

    Returns:
        ln likelihood.
    """
    total = 0.0
    for period in sorted({visit.period for visit in visits}):
        emitting = _quantiles_of_probability(profile.hours[period])
        product = np.ones_like(emitting)
        for visit in visits:
            if visit.period == period:
                seen = emitting * visit.detection_probability
                product *= seen if visit.is_emitting else 1 - seen
        total += math.log(max(float(product.mean()), 1e-12))
    return total


def ln_spread(profile: Profile, spread: PassSpread) -> float:
    """Logarithm of probability density of the spread between passes.

    Args:
        profile: the explanation.
        spread: the spread seen.

    Returns:
        ln likelihood.
    """
    if spread.passes < 2:
        return 0.0
    degrees = spread.passes - 1
    true_sigma = np.exp(
        profile.burstiness.ln_middle + profile.burstiness.ln_sigma * special.ndtri(QUADRATURE)
    )
    variance = true_sigma**2 + spread.own_sigma**2
    density = stats.chi2.pdf(degrees * spread.ln_sigma**2 / variance, degrees) / variance
    return math.log(max(float(density.mean()), 1e-12))


def ln_height(profile: Profile, height: Height) -> float:
    """Logarithm of probability density of the height.

    Args:
        profile: the explanation.
        height: the height seen.

    Returns:
        ln likelihood.
    """
    sigma = math.hypot(profile.height_m.sigma, height.sigma_m)
    return float(stats.t.logpdf((height.median_m - profile.height_m.middle) / sigma, 5)) - math.log(sigma)


def ln_register(profile: Profile, search: RegisterSearch) -> float:
    """Logarithm of the ratio of P(what the register lists | profile) over its probability by chance.

    Args:
        profile: the explanation.
        search: what the register lists there.

    Returns:
        ln ratio; 0 for explanations that no register lists.
    """
    if not profile.registered_as:
        return 0.0
    expected = sum(search.chance.get(tag, search.default_chance) for tag in profile.registered_as)
    listed = profile.register_completeness.middle
    if any(tag in search.found for tag in profile.registered_as):
        by_chance = -math.expm1(-max(expected, 1e-6))
        return math.log((listed + (1 - listed) * by_chance) / by_chance)
    return math.log1p(-listed)


def neighbour_species(
    own: Profile, profiles: tuple[Profile, ...], search: RegisterSearch | None
) -> dict[str, float]:
    """Species that registered places nearby emit, other than what `own` itself may be listed as.

    Args:
        own: the explanation that is being looked at.
        profiles: all profiles.
        search: what the register lists there; None if unknown.

    Returns:
        Highest probability, over the places listed, that one emits the species, by species.
    """
    found: dict[str, float] = {}
    listed = search.found - set(own.registered_as) if search is not None else frozenset()
    for profile in profiles:
        if listed.intersection(profile.registered_as):
            for name, share in profile.species.items():
                found[name] = max(found.get(name, 0.0), share.present)
    return found
