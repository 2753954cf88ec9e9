"""Rival explanations of a site, benign first, with what speaks for and against each.

In words: the posterior over explanations, the likelihood ratio of "unexplained" against all the others on the ENFSI
scale, what each observation contributed, and a verdict that abstains when the evidence is thin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from plumeline.chem import spanish_name
from plumeline.errors import InputError
from plumeline.facilities.likelihood import (
    Discrepancy,
    ln_height,
    ln_mixture,
    ln_register,
    ln_spread,
    ln_visits,
    neighbour_species,
)
from plumeline.facilities.phrase import Phrase
from plumeline.facilities.profile import Kind, Profile, shipped_profiles
from plumeline.facilities.verbal import verbal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from plumeline.facilities.evidence import Evidence

LN10 = math.log(10)


class Verdict(StrEnum):
    """What an explanation may be used for."""

    EXPLAINED = "explained"
    """A benign explanation leads clearly."""
    REFER = "refer"
    """Unexplained; worth a person's look. Never a statement of what the place is."""
    UNDECIDED = "undecided"
    """The evidence does not tell the explanations apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Probability of each kind before anything was observed; within a kind all profiles are equal."""

    unexplained: float = 0.1
    """Of the generic unexplained mixture and of agency profiles together."""
    other: float = 0.1
    """Of "something else"."""

    def __post_init__(self) -> None:
        if not (self.unexplained > 0 and self.other > 0 and self.unexplained + self.other < 1):
            raise InputError(
                "prior probabilities must be above 0 and leave some for the benign ones", where="prior"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a verdict is given; set on tuning sites."""

    refer_log10_ratio: float = 1.1
    """Least log10 likelihood ratio of "unexplained" for a referral; it does not depend on the prior."""
    refer_hits: int = 2
    """Least number of visits on which it was seen, for a referral."""
    explained_probability: float = 0.6
    """Least posterior of a benign explanation for "explained"."""
    least_species: int = 2
    """Fewest gases looked for; with fewer the verdict is "undecided"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One explanation with its probability."""

    profile: Profile
    """What it is."""
    prior: float
    """Before the observations."""
    log10_likelihood: float
    """Of the observations, up to a constant common to all."""
    posterior: float
    """After the observations; the explanations' posteriors add up to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one observation did."""

    observation: str
    """Which, in words."""
    log10_for_unexplained: float
    """Change of log10 likelihood ratio "unexplained" : all others; negative speaks against it."""
    log10_for_leading: float
    """Change of log10 likelihood ratio leading explanation : all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The comparison."""

    explanations: tuple[Explanation, ...]
    """Benign ones first, each group by decreasing posterior."""
    log10_ratio_unexplained: float
    """log10 likelihood ratio of "unexplained" against all the others, weighted by their priors."""
    contributions: tuple[Contribution, ...]
    """By observation, the strongest first."""
    verdict: Verdict
    """What this may be used for."""
    reason: str
    """Why that verdict."""
    prior: Prior
    """The prior used."""
    evidence: Evidence
    """What was compared."""
    remarks: tuple[str, ...] = field(default=())
    """What the reader must know."""

    @property
    def leading(self) -> Explanation:
        """The explanation with the highest posterior."""
        return max(self.explanations, key=lambda one: one.posterior)

    @property
    def posterior_unexplained(self) -> float:
        """Posterior of "unexplained", agency profiles included."""
        return sum(one.posterior for one in self.explanations if one.profile.kind is Kind.UNEXPLAINED)

    def support(self, language: str = "en") -> str:
        """The ENFSI words for the likelihood ratio, saying for which side.

        Args:
            language: "en" or "es".

        Returns:
            The words.
        """
        words = verbal(self.log10_ratio_unexplained, language)
        if abs(self.log10_ratio_unexplained) <= math.log10(2):
            return words
        if language == "es":
            side = "sin explicación" if self.log10_ratio_unexplained > 0 else "las demás explicaciones"
            return f"{words} a favor de «{side}»"
        side = "unexplained" if self.log10_ratio_unexplained > 0 else "the other explanations"
        return f"{words} for “{side}”"


def ln_likelihoods(
    evidence: Evidence, profiles: Sequence[Profile], discrepancy: Discrepancy
) -> NDArray[np.float64]:
    """Logarithm of the probability of all the evidence under each profile.

    Args:
        evidence: what was observed.
        profiles: the explanations.
        discrepancy: how far places depart from profiles.

    Returns:
        Array over profiles.
    """
    total = np.zeros(len(profiles))
    for index, profile in enumerate(profiles):
        if evidence.mixture is not None:
            neighbours = neighbour_species(profile, tuple(profiles), evidence.register)
            total[index] += ln_mixture(profile, evidence.mixture, neighbours, discrepancy)
        if evidence.visits:
            total[index] += ln_visits(profile, evidence.visits)
        if evidence.spread is not None:
            total[index] += ln_spread(profile, evidence.spread)
        if evidence.height is not None:
            total[index] += ln_height(profile, evidence.height)
        if evidence.register is not None:
            total[index] += ln_register(profile, evidence.register)
    return total


def ln_priors(profiles: Sequence[Profile], prior: Prior) -> NDArray[np.float64]:
    """Logarithm of the prior of each profile.

    Args:
        profiles: the explanations.
        prior: by kind.

    Returns:
        Array over profiles; the probabilities add up to 1.

    Raises:
        InputError: a kind has no profile.
    """
    weight = {
        Kind.UNEXPLAINED: prior.unexplained,
        Kind.OTHER: prior.other,
        Kind.BENIGN: 1 - prior.unexplained - prior.other,
    }
    count = {kind: sum(profile.kind is kind for profile in profiles) for kind in Kind}
    if not all(count.values()):
        raise InputError("each of benign, unexplained and other needs at least one profile", where="profiles")
    return np.log([weight[profile.kind] / count[profile.kind] for profile in profiles])


def explain(
    evidence: Evidence,
    *,
    profiles: Sequence[Profile] | None = None,
    prior: Prior | None = None,
    rules: Rules | None = None,
    discrepancy: Discrepancy | None = None,
) -> Assessment:
    """Compare the explanations of one site.

    Args:
        evidence: what was observed.
        profiles: the explanations; the shipped ones if None.
        prior: by kind; the default if None.
        rules: when a verdict is given; the default if None.
        discrepancy: how far places depart from profiles; the default if None.

    Returns:
        The comparison.

    Raises:
        InputError: a kind has no profile.
    """
    profiles = tuple(profiles) if profiles is not None else shipped_profiles()
    prior, rules = prior or Prior(), rules or Rules()
    discrepancy = discrepancy or Discrepancy()
    ln_prior = ln_priors(profiles, prior)
    ln_likelihood = ln_likelihoods(evidence, profiles, discrepancy)
    ln_joint = ln_prior + ln_likelihood
    posterior = np.exp(ln_joint - logsumexp(ln_joint))
    leading = int(np.argmax(posterior))
    unexplained = np.array([profile.kind is Kind.UNEXPLAINED for profile in profiles])
    is_leading = np.arange(len(profiles)) == leading
    base = (
        _log10_ratio(ln_likelihood, ln_prior, unexplained),
        _log10_ratio(ln_likelihood, ln_prior, is_leading),
    )
    contributions = []
    for words, rest in _leave_one_out(evidence):
        without = ln_likelihoods(rest, profiles, discrepancy)
        contributions.append(
            Contribution(
                observation=words,
                log10_for_unexplained=base[0] - _log10_ratio(without, ln_prior, unexplained),
                log10_for_leading=base[1] - _log10_ratio(without, ln_prior, is_leading),
            )
        )
    verdict, reason = _verdict(evidence, profiles, posterior, log10_ratio=base[0], rules=rules)
    order = sorted(
        range(len(profiles)), key=lambda index: (list(Kind).index(profiles[index].kind), -posterior[index])
    )
    return Assessment(
        explanations=tuple(
            Explanation(
                profile=profiles[index],
                prior=float(np.exp(ln_prior[index])),
                log10_likelihood=float(ln_likelihood[index] / LN10),
                posterior=float(posterior[index]),
            )
            for index in order
        ),
        log10_ratio_unexplained=base[0],
        contributions=tuple(sorted(contributions, key=lambda one: -abs(one.log10_for_unexplained))),
        verdict=verdict,
        reason=reason,
        prior=prior,
        evidence=evidence,
        remarks=_remarks(evidence),
    )


def _log10_ratio(
    ln_likelihood: NDArray[np.float64], ln_prior: NDArray[np.float64], side: NDArray[np.bool_]
) -> float:
    """log10 of P(evidence | side) over P(evidence | not side), each a prior-weighted mean."""

    def mean(mask: NDArray[np.bool_]) -> float:
        return float(logsumexp(ln_likelihood[mask] + ln_prior[mask]) - logsumexp(ln_prior[mask]))

    return (mean(side) - mean(~side)) / LN10


def _leave_one_out(evidence: Evidence) -> Iterator[tuple[Phrase, Evidence]]:
    mixture = evidence.mixture
    if mixture is not None:
        for name, rate in mixture.rate_kg_s.items():
            grams = f"{rate * 1e3:.2g} g/s"
            words = Phrase(f"{name} at {grams}", es=f"{spanish_name(name)}, {grams}")
            yield words, replace(evidence, mixture=mixture.without(name))
        if mixture.limit_kg_s:
            words = Phrase(
                "not seen, though looked for: " + ", ".join(mixture.limit_kg_s),
                es="buscado y no visto: " + ", ".join(map(spanish_name, mixture.limit_kg_s)),
            )
            yield words, replace(evidence, mixture=replace(mixture, limit_kg_s={}))
    if evidence.visits:
        hits, visits = evidence.hits, len(evidence.visits)
        words = Phrase(
            f"seen on {hits} of {visits} visits, at their hours",
            es=f"visto en {hits} de {visits} visitas, a sus horas",
        )
        yield words, replace(evidence, visits=())
    if evidence.spread is not None:
        factor = f"{math.exp(evidence.spread.ln_sigma):.2g}"
        words = Phrase(
            f"rate varied by a factor of {factor} between passes",
            es=f"la tasa varió en un factor {factor} entre pasadas",
        )
        yield words, replace(evidence, spread=None)
    if evidence.height is not None:
        height = f"{evidence.height.median_m:.1f} m"
        words = Phrase(f"released at {height} above ground", es=f"sale a {height} sobre el suelo")
        yield words, replace(evidence, height=None)
    if evidence.register is not None:
        listed = ", ".join(sorted(evidence.register.found))
        words = Phrase(
            f"the register lists {listed or 'nothing'} there",
            es=f"el registro {'recoge allí ' + listed if listed else 'no recoge nada allí'}",
        )
        yield words, replace(evidence, register=None)


def _verdict(
    evidence: Evidence,
    profiles: Sequence[Profile],
    posterior: NDArray[np.float64],
    *,
    log10_ratio: float,
    rules: Rules,
) -> tuple[Verdict, Phrase]:
    mixture = evidence.mixture
    if mixture is None or not mixture.rate_kg_s:
        return Verdict.UNDECIDED, Phrase("no gas was identified", es="no se identificó ningún gas")
    looked_for = len(mixture.rate_kg_s) + len(mixture.limit_kg_s)
    if looked_for < rules.least_species:
        return Verdict.UNDECIDED, Phrase(
            f"only {looked_for} gas was looked for: one gas and one rate prove nothing",
            es=f"solo se buscó {looked_for} gas: un gas y una tasa no prueban nada",
        )
    if log10_ratio >= rules.refer_log10_ratio:
        return _strong(evidence.hits, 10**log10_ratio, rules)
    best = int(np.argmax(posterior))
    title, chance = profiles[best].title, f"{posterior[best]:.0%}"
    if profiles[best].kind is Kind.BENIGN and posterior[best] >= rules.explained_probability:
        return Verdict.EXPLAINED, Phrase(f"{title['en']} at {chance}", es=f"{title['es']}, {chance}")
    return Verdict.UNDECIDED, Phrase(
        f"no explanation leads clearly (the first, {title['en']}, has {chance})",
        es=f"ninguna explicación destaca (la primera, {title['es']}, tiene {chance})",
    )


def _strong(hits: int, ratio: float, rules: Rules) -> tuple[Verdict, Phrase]:
    """The verdict when "unexplained" is well supported: it still takes several hits."""
    en = f"unexplained is {ratio:.0f} times better supported than all the others together"
    es = f"«sin explicación» tiene {ratio:.0f} veces más apoyo que todas las demás juntas"
    if hits < rules.refer_hits:
        return Verdict.UNDECIDED, Phrase(
            f"{en}, but {rules.refer_hits} hits are needed, not {hits}",
            es=f"{es}, pero hacen falta {rules.refer_hits} detecciones, no {hits}",
        )
    return Verdict.REFER, Phrase(f"{en}, on {hits} hits", es=f"{es}, con {hits} detecciones")


def _remarks(evidence: Evidence) -> tuple[Phrase, ...]:
    remarks = []
    if evidence.register is None:
        remarks.append(
            Phrase(
                "No register of businesses covers this place: what is or is not registered is unknown.",
                es="Ningún registro de negocios cubre este lugar: no se sabe qué está registrado y qué no.",
            )
        )
    if evidence.mixture is not None and not evidence.mixture.limit_kg_s:
        remarks.append(
            Phrase(
                "No gas was looked for without being found, so no absence speaks for or against anything.",
                es="No se buscó ningún gas sin encontrarlo: ninguna ausencia habla a favor ni en contra.",
            )
        )
    return tuple(remarks)
