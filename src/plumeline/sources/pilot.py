"""Short runs before the long ones: which wind carried the gas, how far readings depend on each other, do flights agree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from plumeline.errors import CalmWindError
from plumeline.sources.evidence_map import with_birth_map
from plumeline.sources.joining import join
from plumeline.sources.prepare import Prepared, prepare
from plumeline.sources.rows import are_readings_fast
from plumeline.sources.smc import Outcome, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from plumeline.observations import Survey
    from plumeline.sources.settings import InferenceSettings

WINDOW_NATS = 6.0
"""How much more evidence the wind at each reading needs than its mean, to be taken as the gas's carrier [nats]."""
PILOT_EXPONENT = 0.5
"""Exponent of the pilot run, whose residuals say how far readings depend on each other [1]."""
CONTRADICTED_NATS = 10.0
"""Flights that are this much less likely with sources in common than with their own contradict each other [nats]."""


def pilot_of(
    survey: Survey, settings: InferenceSettings, tell: Callable[[float], None]
) -> tuple[Prepared, Outcome]:
    """Prepare a survey, or several flights as one problem, and make a short run.

    Args:
        survey: what was measured.
        settings: what the inversion assumes.
        tell: called with the share done, 0 to 1.

    Returns:
        The problem and a run at a moderate exponent.

    Raises:
        CalmWindError: the wind was too weak on every flight.
    """
    surveys = survey.parts or (survey,)
    share = 1.0 / (len(surveys) + (len(surveys) > 1))
    pilots: list[tuple[str, Prepared, Outcome]] = []
    remarks: list[str] = []
    for number, one in enumerate(surveys):
        try:
            made = _flight_pilot(one, settings, lambda done, number=number: tell(share * (number + done)))  # type: ignore[misc]
        except CalmWindError as error:
            if len(surveys) == 1:
                raise
            remarks.append(f"flight {one.name} was left out: {error.what}")
            continue
        pilots.append((one.name, *made))
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
    outcome = _run(joint, settings, lambda done: tell(1.0 - share * (1.0 - done)))
    apart = sum(alone.log_evidence for _, _, alone in pilots)
    if outcome.log_evidence < apart - CONTRADICTED_NATS:
        remarks.append(
            "the flights contradict each other: with sources in common their readings are "
            f"e^{apart - outcome.log_evidence:.0f} times less likely than with sources of their own"
        )
    return replace(joint, remarks=(*joint.remarks, *remarks)), outcome


def _flight_pilot(
    survey: Survey, settings: InferenceSettings, tell: Callable[[float], None]
) -> tuple[Prepared, Outcome]:
    """Prepare one flight; whether gas follows the wind at each reading is decided by the evidence.

    The wind that carried the gas to a reading of a second is a mean over its travel, or, where wind and gas were taken
    together and the air was steady, the wind at that moment.
    """
    windows: list[float | None] = [None]
    first = prepare(survey, settings)
    if are_readings_fast(first.samples):
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
