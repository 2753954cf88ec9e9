"""The measurement that would settle it: how much each feasible measurement would tell between the explanations.

Expected information gain [bit] = entropy of the explanations now - mean entropy after, over the outcomes that the
explanations themselves predict.

References: Lindley, On a measure of the information provided by an experiment, Ann. Math. Statist. 27 (1956).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from plumeline.chem import spanish_name
from plumeline.facilities.evidence import Mixture, RegisterSearch, Visit
from plumeline.facilities.explanation import ln_likelihoods
from plumeline.facilities.likelihood import Discrepancy, ln_visits
from plumeline.facilities.phrase import Phrase
from plumeline.facilities.profile import Period

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from plumeline.facilities.explanation import Assessment
    from plumeline.facilities.profile import Profile

    Floats = NDArray[np.float64]

SAMPLE_LIMIT_KG_S = 1e-6
"""Least rate of a gas that an identifying sample taken in the plume would show [kg s-1]; about 1 ppb at 50 m."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """One feasible measurement."""

    what: Phrase
    """What to do."""
    gain_bit: float
    """Expected information gain [bit]."""
    outcomes: tuple[tuple[Phrase, float, Phrase], ...]
    """(outcome, its probability, what would then lead)."""


def settle(
    assessment: Assessment, *, discrepancy: Discrepancy | None = None, most: int = 5
) -> tuple[Settling, ...]:
    """Feasible measurements by how much they would tell.

    Args:
        assessment: the comparison so far.
        discrepancy: how far places depart from profiles; the default if None.
        most: how many to return.

    Returns:
        The best ones, the most informative first.
    """
    profiles = [one.profile for one in assessment.explanations]
    posterior = np.array([one.posterior for one in assessment.explanations])
    candidates = [
        *_revisits(assessment, profiles),
        *_samples(assessment, profiles, discrepancy or Discrepancy()),
        *_register(assessment, profiles),
        *_height(assessment, profiles),
    ]
    found = [_settling(what, labels, outcomes, posterior, profiles) for what, labels, outcomes in candidates]
    return tuple(sorted(found, key=lambda one: (-one.gain_bit, one.what))[:most])


_Candidate = tuple[Phrase, list[Phrase], "Floats"]
"""What to do, the outcomes' names, and P(outcome | explanation) as outcomes × explanations."""


def _entropy_bit(probability: Floats) -> float:
    positive = probability[probability > 0]
    return float(-(positive * np.log2(positive)).sum())


def _settling(
    what: Phrase, labels: list[Phrase], likelihood: Floats, posterior: Floats, profiles: Sequence[Profile]
) -> Settling:
    joint = likelihood * posterior
    total = joint.sum(axis=1)
    after = [joint[row] / total[row] for row in range(total.size) if total[row] > 0]
    remaining = sum(weight * _entropy_bit(p) for weight, p in zip(total[total > 0], after, strict=True))
    leads = [_title(profiles[int(np.argmax(row))]) for row in joint]
    return Settling(
        what=what,
        gain_bit=max(_entropy_bit(posterior) - float(remaining), 0.0),
        outcomes=tuple(zip(labels, (float(value) for value in total), leads, strict=True)),
    )


def _title(profile: Profile) -> Phrase:
    return Phrase(profile.title["en"], es=profile.title["es"])


def _revisits(assessment: Assessment, profiles: Sequence[Profile]) -> list[_Candidate]:
    visits = assessment.evidence.visits
    words = {
        Period.WORKING: Phrase("Fly again in working hours", es="Volar otra vez en horas de trabajo"),
        Period.EVENING: Phrase("Fly again on a weekday evening", es="Volar otra vez una tarde entre semana"),
        Period.NIGHT: Phrase("Fly again at night", es="Volar otra vez de noche"),
        Period.WEEKEND: Phrase("Fly again at the weekend", es="Volar otra vez en fin de semana"),
    }
    labels = [Phrase("seen", es="visto"), Phrase("not seen", es="no visto")]
    found = []
    for period, what in words.items():
        now = np.array([ln_visits(profile, visits) for profile in profiles])
        seen = (*visits, Visit(period=period, is_emitting=True))
        emitting = np.exp(np.array([ln_visits(profile, seen) for profile in profiles]) - now)
        emitting = np.clip(emitting, 0, 1)
        found.append((what, labels, np.vstack([emitting, 1 - emitting])))
    return found


def _samples(
    assessment: Assessment, profiles: Sequence[Profile], discrepancy: Discrepancy
) -> list[_Candidate]:
    """Taking an identifying sample (canister and GC, or a second instrument) for one gas not looked for yet."""
    mixture = assessment.evidence.mixture
    if mixture is None or not mixture.rate_kg_s:
        return []
    known = set(mixture.rate_kg_s) | set(mixture.limit_kg_s)
    names = sorted({name for profile in profiles for name in profile.species} - known)
    before = _ln(assessment, profiles, mixture, discrepancy)
    found = []
    for name in names:
        unseen = replace(mixture, limit_kg_s={**mixture.limit_kg_s, name: SAMPLE_LIMIT_KG_S})
        absent = np.clip(np.exp(_ln(assessment, profiles, unseen, discrepancy) - before), 0, 1)
        found.append((
            Phrase(
                f"Take a sample and look for {name}",
                es=f"Tomar una muestra y buscar {spanish_name(name)}",
            ),
            [Phrase("found", es="encontrado"), Phrase("not found", es="no encontrado")],
            np.vstack([1 - absent, absent]),
        ))
    return found


def _ln(
    assessment: Assessment, profiles: Sequence[Profile], mixture: Mixture, discrepancy: Discrepancy
) -> Floats:
    only = replace(assessment.evidence, mixture=mixture, visits=(), spread=None, height=None)
    return ln_likelihoods(only, profiles, discrepancy) / discrepancy.mixture_weight


def _register(assessment: Assessment, profiles: Sequence[Profile]) -> list[_Candidate]:
    """Looking up what is registered there, when no register was to hand."""
    if assessment.evidence.register is not None:
        return []
    chance = RegisterSearch(found=frozenset()).default_chance
    listed = [profile for profile in profiles if profile.registered_as]
    rows = []
    for target in listed:
        by_chance = -math.expm1(-chance * len(target.registered_as))
        rows.append([
            profile.register_completeness.middle if profile is target else by_chance for profile in profiles
        ])
    table = np.array(rows)
    table /= np.maximum(table.sum(axis=0), 1.0)
    table = np.vstack([table, 1 - table.sum(axis=0)])
    labels = [
        Phrase(f"lists: {profile.title['en']}", es=f"recoge: {profile.title['es']}") for profile in listed
    ]
    labels.append(Phrase("lists none of these", es="no recoge ninguno de estos"))
    what = Phrase("Look up what is registered there", es="Consultar qué está registrado allí")
    return [(what, labels, table)]


def _height(assessment: Assessment, profiles: Sequence[Profile]) -> list[_Candidate]:
    """A vertical profile close downwind, when the height is not known to better than 3 m."""
    height = assessment.evidence.height
    if height is not None and height.sigma_m < 3:
        return []
    grid_m = np.linspace(0.25, 40.0, 160)
    sigma_m = np.array([math.hypot(profile.height_m.sigma, 1.0) for profile in profiles])
    middle_m = np.array([profile.height_m.middle for profile in profiles])
    ln_p = -((grid_m - middle_m[:, None]) ** 2) / (2 * sigma_m[:, None] ** 2)
    if height is not None:
        ln_p = ln_p - (grid_m - height.median_m) ** 2 / (2 * height.sigma_m**2)
    weights = np.exp(ln_p - logsumexp(ln_p, axis=1, keepdims=True))
    cells = np.digitize(grid_m, [2.0, 5.0, 10.0])
    table = np.array([weights[:, cells == cell].sum(axis=1) for cell in range(4)])
    labels = [
        Phrase("below 2 m", es="por debajo de 2 m"),
        Phrase("2-5 m", es="2-5 m"),
        Phrase("5-10 m", es="5-10 m"),
        Phrase("above 10 m", es="por encima de 10 m"),
    ]
    what = Phrase(
        "Fly a vertical profile close downwind to get the release height",
        es="Volar un perfil vertical cerca, a sotavento, para conocer la altura de salida",
    )
    return [(what, labels, table)]
