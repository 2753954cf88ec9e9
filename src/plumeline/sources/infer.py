"""The inversion: a survey in, a source report out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from plumeline.errors import NotConvergedError
from plumeline.observations import Survey
from plumeline.provenance import Provenance
from plumeline.sources.convergence import Agreement, sample_until_agreed
from plumeline.sources.dependence import learned_exponent
from plumeline.sources.detectability import minimum_detectable_rate
from plumeline.sources.discrepancy import with_discrepancy
from plumeline.sources.estimate import Interval, SourceEstimate, SourceReport
from plumeline.sources.evidence_map import false_alarm_probability
from plumeline.sources.fit import fit_dataset
from plumeline.sources.pilot import pilot_of
from plumeline.sources.problem import THETA, flight_of_observation
from plumeline.sources.products import POSTERIOR
from plumeline.sources.regions import highest_density_region, relabel
from plumeline.sources.settings import InferenceSettings
from plumeline.sources.smc import MOVE_NAMES, Outcome, sample
from plumeline.sources.support import with_flights
from plumeline.sources.unmixing import unmixed, what_it_means

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from plumeline.sources.population import Population
    from plumeline.sources.prepare import Prepared

    Floats = NDArray[np.float64]
    Progress = Callable[[float, str], None]

REFUSED_R_HAT = 2.0
"""Runs that differ by more than this after the last attempt are no answer [1]."""
MOSTLY_ON = 0.9
"""A source that was on for less than this share of the survey is reported as intermittent."""
LEARNING = "learning how far readings depend on each other"
MANY_DRAWS = 0.02
"""Share of draws from which on their number estimates a probability well."""
LEAST_DRAWS = 40
"""Fewer draws than this give no region."""
REPEATS = 4
"""Errors of the plume model drawn for each draw, for regions and intervals."""
COMPASS = ("east", "north-east", "north", "north-west", "west", "south-west", "south", "south-east")


def infer(
    survey: Survey | Sequence[Survey],
    settings: InferenceSettings | None = None,
    progress: Progress | None = None,
) -> SourceReport:
    """Find where, how much and how surely a survey's gas is emitted.

    Args:
        survey: what was measured; several flights and sensors of one place share their sources in one posterior.
        settings: what the inversion assumes; the defaults if None.
        progress: called with the share done, 0 to 1, and what is being done.

    Returns:
        Posterior, reported sources with regions, evidence against "no source", detectability and fit.

    Raises:
        InputError: no reading is usable.
        CalmWindError: the wind is too weak for a plume to have a direction.
        NotConvergedError: independent runs of the sampler contradict each other.
    """
    survey = survey if isinstance(survey, Survey) else Survey.join(survey)
    settings = (settings or InferenceSettings()).in_town()
    tell = progress or (lambda _share, _text: None)
    tell(0.0, "preparing readings")
    prepared, best = pilot_of(survey, settings, lambda share: tell(0.05 + 0.15 * share, LEARNING))
    problem = prepared.problem
    exponent = settings.dependence_share * learned_exponent(problem, prepared.priors, best)
    outcome, agreement = sample_until_agreed(
        problem,
        prepared.priors,
        settings,
        temper=exponent,
        progress=lambda share: tell(0.2 + 0.55 * share, "sampling sources"),
    )
    tell(0.75, "sampling without a source")
    nothing = sample(
        problem,
        prepared.priors._replace(log_count=np.zeros(1)),
        particles=max(settings.particles // 2, 48),
        sweeps=settings.sweeps,
        seed=settings.seed + 1,
        temper=outcome.temper,
    )
    tell(0.85, "false-alarm probability")
    false_alarm = false_alarm_probability(problem, replicas=settings.null_draws, seed=settings.seed + 2)
    tell(0.9, "detection limits")
    report = _report(survey, settings, prepared, (outcome, agreement), nothing, false_alarm)
    tell(1.0, "done")
    return report


def _report(
    survey: Survey,
    settings: InferenceSettings,
    prepared: Prepared,
    sampled: tuple[Outcome, Agreement],
    nothing: Outcome,
    false_alarm: float,
) -> SourceReport:
    outcome, agreement = sampled
    population = outcome.population
    if agreement.r_hat > REFUSED_R_HAT:
        raise NotConvergedError(
            f"{agreement.runs} independent runs place the strongest source differently (R-hat {agreement.r_hat:.2f})",
            where=survey.name,
            remedy="raise particles or attempts, or look at whether the readings contradict each other",
        )
    prior_none = settings.prior_no_source
    probability_none, bayes = _evidence(outcome, nothing, prior_none)
    drawn = with_discrepancy(prepared.problem, population, settings, repeats=REPEATS)
    rates = reported_rates(prepared, drawn, settings)
    draws = population.count.size
    posterior = posterior_of(prepared, population, drawn[:draws], rates[:draws])
    claimed = probability_none <= 1.0 - settings.claim_probability
    sources = labelled_sources(prepared, population, drawn, rates) if claimed else ()
    if prepared.flights:
        sources = with_flights(prepared, population, sources, outcome.temper)
    theta = population.theta.mean(axis=0)
    error = np.exp(theta[4::THETA])[flight_of_observation(prepared.problem)]
    sigma = (prepared.problem.noise * np.exp(np.median(population.log_noise, axis=0)))[prepared.problem.group]
    detectability = minimum_detectable_rate(
        prepared, theta=theta, sigma=sigma, error=error, exponent=outcome.temper
    )
    counts = np.bincount(population.count[:, 0], minlength=settings.max_sources + 1) / len(population.count)
    fit = fit_dataset(prepared, population)
    diagnostics = _diagnostics(prepared, outcome, agreement, fit)
    return SourceReport(
        survey=survey,
        sources=sources,
        source_count_probability=tuple(float(value) for value in counts),
        probability_no_source=float(probability_none),
        log10_bayes_factor=float(bayes),
        false_alarm_probability=false_alarm,
        posterior=posterior,
        detectability=detectability,
        fit=fit,
        diagnostics=diagnostics,
        warnings=_warnings(prepared, sources, diagnostics),
        inseparable=prepared.inseparable,
        provenance=Provenance(inputs=survey.inputs, configuration=settings.as_dict(), seed=settings.seed),
    )


def _diagnostics(
    prepared: Prepared, outcome: Outcome, agreement: Agreement, fit: xr.Dataset
) -> dict[str, float | int | str | bool]:
    """Checks of the sampler, and medians of what it learned of the air."""
    population = outcome.population
    residual = fit["standard_residual"].to_numpy()
    return {
        "rows": int(prepared.problem.row_start.size - 1),
        "readings_used": int(prepared.samples.time_s.size),
        "row_seconds": prepared.row_s,
        "likelihood_exponent": outcome.temper,
        "tempering_stages": outcome.stages,
        "runs": agreement.runs,
        "r_hat": agreement.r_hat,
        "evidence_gap_nats": agreement.evidence_gap,
        "effective_draws": agreement.effective_draws,
        "converged": agreement.converged,
        **{
            f"acceptance_{name}": float(value)
            for name, value in zip(MOVE_NAMES, outcome.acceptance, strict=True)
        },
        **_transport(population),
        "residuals_beyond_3_sigma": float(np.mean(np.abs(residual) > 3.0)),
    }


def _transport(population: Population) -> dict[str, float]:
    """Posterior medians of the transport parameters; of each flight where there are several."""
    flights = population.theta.shape[1] // THETA
    found: dict[str, float] = {}
    for flight in range(flights):
        middle = np.median(population.theta[:, THETA * flight : THETA * (flight + 1)], axis=0)
        mark = f"_flight_{flight + 1}" if flights > 1 else ""
        names = ("spread_y_factor", "spread_z_factor", "", "wind_factor", "model_error", "response_s")
        found |= {f"{name}_median{mark}": float(np.exp(middle[i])) for i, name in enumerate(names) if name}
        found[f"wind_turn_deg_median{mark}"] = float(np.rad2deg(middle[2]))
    return found


def _evidence(outcome: Outcome, nothing: Outcome, prior_none: float) -> tuple[float, float]:
    """Posterior probability of no source, and log10 of the evidence for some over none.

    Z = p0 Z0 + (1 - p0) Z1, so Z1 follows from the two runs. Where draws without a source are many, their share is the
    better estimate; where there are none although deaths are tried all the time, they bound it.
    """
    counts = outcome.population.count[:, 0]
    share = float(np.mean(counts == 0))
    prior_odds = prior_none / (1.0 - prior_none)
    log_ratio = outcome.log_evidence - nothing.log_evidence
    some = max(math.exp(min(log_ratio, 700.0)) - prior_none, 0.0) / (1.0 - prior_none)
    some = (1.0 - share) / share * prior_odds if share > MANY_DRAWS else max(some, prior_odds * counts.size)
    some = max(some, prior_odds / counts.size)
    return prior_odds / (prior_odds + some), math.log10(some)


def reported_rates(prepared: Prepared, drawn: Floats, settings: InferenceSettings) -> Floats:
    """Rates of the gases, or groups of gases, that are reported, shape (draw, slot, group) [kg s-1]."""
    return unmixed(
        np.exp(drawn[:, :, 3:]) * prepared.problem.species_scale,
        prepared.matrix,
        prepared.groups,
        settings.seed + 5,
    )


def posterior_of(prepared: Prepared, population: Population, drawn: Floats, rates: Floats) -> xr.Dataset:
    """Draws as a dataset of schema `posterior`.

    Args:
        prepared: the inversion's arrays.
        population: posterior draws.
        drawn: their sources with the discrepancy, shape (draw, slot, 3 + species).
        rates: their reported rates, shape (draw, slot, group) [kg s-1].

    Returns:
        The dataset.

    Raises:
        SchemaError: never for valid draws.
    """
    slots = drawn.shape[1]
    absent = np.arange(slots) >= population.count
    rate = rates.copy()
    rate[absent] = np.nan
    place = np.where(absent[:, :, None], np.nan, drawn[:, :, :3])
    return POSTERIOR.validate(
        xr.Dataset(
            {
                "source_count": ("draw", population.count[:, 0]),
                "x": (("draw", "slot"), place[:, :, 0], {"units": "m"}),
                "y": (("draw", "slot"), place[:, :, 1], {"units": "m"}),
                "z": (("draw", "slot"), place[:, :, 2], {"units": "m"}),
                "rate": (("draw", "slot", "species"), rate, {"units": "kg s-1"}),
                "log_likelihood": ("draw", population.log_like[:, 0], {"units": "1"}),
                "transport": (
                    ("draw", "parameter"),
                    population.theta.copy(),
                    {
                        "units": "1",
                        "long_name": "log spread y, log spread z, wind turn [rad], log wind factor, log model error, log response time [s]",
                    },
                ),
            },
            coords={"species": ("species", np.asarray(prepared.reported))},
        )
    )


def labelled_sources(
    prepared: Prepared, population: Population, drawn: Floats, rates: Floats
) -> tuple[SourceEstimate, ...]:
    """Sources of the most probable number that has enough draws for a region.

    Args:
        prepared: the inversion's arrays.
        population: posterior draws.
        drawn: their sources with the discrepancy, shape (draw, slot, 3 + species).
        rates: their reported rates, shape (draw, slot, group) [kg s-1].

    Returns:
        Labelled sources, the strongest first.
    """
    counts = population.count[:, 0]
    tally = np.bincount(counts)
    tally[0] = 0
    number = int(np.argmax(tally))
    mine = counts == number
    if tally[number] < LEAST_DRAWS:
        # No number stands out: the strongest sources of every draw that has at least as many as usual.
        number = max(1, int(np.median(counts[counts > 0])))
        mine = counts >= number
    repeated = np.tile(mine, REPEATS)
    raw, drawn, rates = population.sources[mine], drawn[repeated], rates[repeated]
    absent = np.arange(drawn.shape[1]) >= counts[mine][:, None]
    on_share = population.active[mine].mean(axis=2)
    # Sources are told apart before the discrepancy blurs them, and their middle is not blurred at all.
    strength = np.where(absent, 0.0, np.exp(raw[:, :, 3:]).sum(axis=2))
    chosen = np.argsort(-strength, axis=1, kind="stable")[:, :number]
    raw = np.take_along_axis(raw, chosen[:, :, None], axis=1)
    order = relabel(raw[:, :, :2], np.take_along_axis(strength, chosen, axis=1))
    chosen = np.take_along_axis(chosen, order, axis=1)
    raw = np.take_along_axis(raw, order[:, :, None], axis=1)
    repeated = np.tile(chosen, (REPEATS, 1))[:, :, None]
    drawn, rates = np.take_along_axis(drawn, repeated, axis=1), np.take_along_axis(rates, repeated, axis=1)
    on_share = np.take_along_axis(on_share, chosen, axis=1)
    found = []
    for k in range(number):
        points = drawn[:, k, :2]
        region_90 = highest_density_region(points, 0.9)
        found.append(
            SourceEstimate(
                label=f"S{k + 1}",
                x_m=float(np.median(raw[:, k, 0])),
                y_m=float(np.median(raw[:, k, 1])),
                height_m=_interval(drawn[:, k, 2]),
                region_50=highest_density_region(points, 0.5),
                region_90=region_90,
                rate_kg_s={name: _interval(rates[:, k, s]) for s, name in enumerate(prepared.reported)},
                probability=float(np.mean(counts >= k + 1)),
                mixture=_mixture(rates[:, k], prepared.reported),
                on_share=_interval(on_share[:, k]),
                outside_survey=_outside(prepared, points),
            )
        )
    return tuple(found)


def _mixture(rates: Floats, names: tuple[str, ...]) -> dict[str, Interval]:
    """Share of each species in the whole rate; an error of the plume model is common to all of them and drops out."""
    if len(names) < 2:
        return {}
    shares = rates / np.maximum(rates.sum(axis=1, keepdims=True), 1e-300)
    return {name: _interval(shares[:, s]) for s, name in enumerate(names)}


def _interval(values: Floats) -> Interval:
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
    return Interval(median=float(median), low=float(low), high=float(high))


def _outside(prepared: Prepared, points: Floats) -> str:
    """Where the source lies when more than half of its draws are outside the box around the readings."""
    receptor = prepared.samples.receptor
    low = np.array([receptor[:, [0, 3]].min(), receptor[:, [1, 4]].min()])
    high = np.array([receptor[:, [0, 3]].max(), receptor[:, [1, 4]].max()])
    if np.mean(((points < low) | (points > high)).any(axis=1)) <= 0.5:
        return ""
    away = np.median(points, axis=0) - 0.5 * (low + high)
    return "outside, to the " + COMPASS[round(math.atan2(away[1], away[0]) / (math.pi / 4.0)) % 8]


def _warnings(
    prepared: Prepared,
    sources: tuple[SourceEstimate, ...],
    diagnostics: Mapping[str, float | int | str | bool],
) -> tuple[str, ...]:
    warnings = [*prepared.remarks, *what_it_means(prepared.matrix, prepared.groups)]
    warnings += [
        f"{one.label} lies {one.outside_survey} of what was surveyed" for one in sources if one.outside_survey
    ]
    warnings += [
        f"{one.label} emitted for about {one.on_share.median:.0%} of the survey; its rate is that while it was on"
        for one in sources
        if one.on_share.median < MOSTLY_ON
    ]
    for i, one in enumerate(sources):
        for other in sources[i + 1 :]:
            shared = one.region_90.shape.intersection(other.region_90.shape).area
            if shared > 0.5 * min(one.region_90.area_m2, other.region_90.area_m2):
                warnings.append(
                    f"{one.label} and {other.label} are closer together than this survey can resolve"
                )
    if float(diagnostics["residuals_beyond_3_sigma"]) > 0.05:
        warnings.append("the model does not fit: more than 5 % of the readings lie beyond 3 sigma of it")
    if not diagnostics["converged"]:
        warnings.append(
            f"{diagnostics['runs']} runs of the sampler agree only roughly (R-hat {diagnostics['r_hat']:.2f}); "
            "more particles or attempts make them agree better"
        )
    if float(diagnostics["acceptance_position"]) < 0.02 and sources:
        warnings.append(
            "the sampler hardly moved, so the regions may be too small; use more particles or sweeps"
        )
    return tuple(dict.fromkeys(warnings))
