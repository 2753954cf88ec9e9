"""Short runs before the long ones: which wind carried the gas, how far readings depend on each other, do flights agree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from plumeline.errors import CalmWindError
from plumeline.sources.evidence_map import with_birth_map
from plumeline.sources.joining import join
from plumeline.sources.prepare import Prepared, prepare
from plumeline.sources.rows import are_readings_fast
from plumeline.sources.smc import Outcome, quench, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from plumeline.observations import Survey
    from plumeline.sources.population import Population
    from plumeline.sources.settings import InferenceSettings

WINDOW_NATS = 6.0
"""How much more evidence the wind at each reading needs than its mean, to be taken as the gas's carrier [nats]."""
PILOT_EXPONENT = 0.5
"""Exponent of the pilot run, whose residuals say how far readings depend on each other [1]."""
QUENCHED, QUENCH_SWEEPS = 12, 40
"""Likeliest pilot draws taken on to the whole likelihood, and their sweeps, so that they fit as well as can be."""
CONTRADICTED_NATS = 40.0
"""Flights whose best fit with common sources is this much worse than with sources of their own contradict each other."""


def pilot_of(
    survey: Survey, settings: InferenceSettings, tell: Callable[[float], None]
) -> tuple[Prepared, Population]:
    """Prepare a survey, or several flights as one problem, and make a short run.

    Args:
        survey: what was measured.
        settings: what the inversion assumes.
        tell: called with the share done, 0 to 1.

    Returns:
        The problem, and draws that fit as well as can be.

    Raises:
        CalmWindError: the wind was too weak on every flight.
    """
    surveys = survey.parts or (survey,)
    share = 1.0 / (len(surveys) + (len(surveys) > 1))
    pilots: list[tuple[str, Prepared, Population]] = []
    remarks: list[str] = []
    for number, one in enumerate(surveys):
        try:
            prepared, outcome = _flight_pilot(
                one,
                settings,
                lambda done, number=number: tell(share * (number + done)),  # type: ignore[misc]
            )
        except CalmWindError as error:
            if len(surveys) == 1:
                raise
            remarks.append(f"flight {one.name} was left out: {error.what}")
            continue
        pilots.append((one.name, prepared, _best_of(prepared, outcome)))
    if not pilots:
        raise CalmWindError(
            "the wind was too weak on every flight",
            where=survey.name,
            remedy="fly again in more wind; in calm air a plume has no direction and no place can be named",
        )
    if len(surveys) == 1:
        return pilots[0][1:]
    joint = join([prepared for _, prepared, _ in pilots], [name for name, _, _ in pilots], settings)
    joint = replace(joint, problem=with_birth_map(joint.problem))
    best = _best_of(joint, _run(joint, settings, lambda done: tell(1.0 - share * (1.0 - done))))
    lost_nats = float(sum(alone.log_like.max() for _, _, alone in pilots) - best.log_like.max())
    if lost_nats > CONTRADICTED_NATS:
        remarks.append(
            "the flights contradict each other: sources in common fit their readings worse than sources of their own "
            f"(by {lost_nats:.0f} nats); look at each flight alone"
        )
    return replace(joint, remarks=(*joint.remarks, *remarks)), best


def _flight_pilot(
    survey: Survey, settings: InferenceSettings, tell: Callable[[float], None]
) -> tuple[Prepared, Outcome]:
    """Prepare one flight; whether gas follows the wind at each reading is decided by the evidence.

    The wind that carried the gas to a reading of a second is a mean over its travel, or, where wind and gas were taken
    together and the air was steady, the wind at that moment.
    """
    windows: list[float | None] = [None]
    first = prepare(survey, settings)
    if are_readings_fast(first.samples) and not first.problem.is_puff:
        windows.append(0.0)
    best: tuple[Prepared, Outcome] | None = None
    for number, window_s in enumerate(windows):
        prepared = first if window_s is None else prepare(survey, settings, window_s)
        prepared = replace(prepared, problem=with_birth_map(prepared.problem))
        outcome = _run(prepared, settings, lambda done, number=number: tell((number + done) / len(windows)))  # type: ignore[misc]
        if best is None or outcome.log_evidence > best[1].log_evidence + WINDOW_NATS:
            best = prepared, outcome
    assert best is not None  # noqa: S101 (the list of windows is never empty)
    return best


def _best_of(prepared: Prepared, outcome: Outcome) -> Population:
    return quench(
        prepared.problem, prepared.priors, outcome.population, particles=QUENCHED, sweeps=QUENCH_SWEEPS
    )


def _run(prepared: Prepared, settings: InferenceSettings, tell: Callable[[float], None]) -> Outcome:
    return sample(
        prepared.problem,
        prepared.priors,
        particles=max(settings.particles // 3, 48),
        sweeps=settings.sweeps,
        seed=settings.seed + 3,
        temper=PILOT_EXPONENT,
        progress=tell,
    )
