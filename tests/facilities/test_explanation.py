import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from plumeline.errors import InputError
from plumeline.facilities import (
    Discrepancy,
    Evidence,
    Height,
    Kind,
    Mixture,
    PassSpread,
    Period,
    Prior,
    RegisterSearch,
    Rules,
    Verdict,
    Visit,
    explain,
    settle,
    shipped_profiles,
    verbal,
)
from plumeline.facilities.likelihood import ln_mixture, ln_visits

PANEL = ["acetone", "toluene", "methanol", "ethanol", "ethyl acetate", "styrene", "butyl acetate", "m-xylene"]
PANEL += ["tetrachloroethylene", "ammonia", "n-hexane", "benzene", "hydrogen sulfide", "ethylbenzene"]
NOTHING_LISTED = RegisterSearch(found=frozenset())
PROFILES = {profile.name: profile for profile in shipped_profiles()}


def mixture(**rates_g_s):
    rates = {name.replace("_", " "): rate * 1e-3 for name, rate in rates_g_s.items()}
    rates = {{"m xylene": "m-xylene"}.get(name, name): rate for name, rate in rates.items()}
    return Mixture(
        rate_kg_s=rates,
        own_sigma=dict.fromkeys(rates, 0.15),
        common_sigma=0.4,
        limit_kg_s={name: 2e-6 for name in PANEL if name not in rates},
    )


def seen(*periods):
    return tuple(Visit(period=period, is_emitting=True) for period in periods)


def posterior(assessment):
    return {one.profile.name: one.posterior for one in assessment.explanations}


def test_posteriors_add_up_to_one_and_benign_ones_come_first():
    found = explain(Evidence(mixture=mixture(acetone=0.1, toluene=0.05), visits=seen(Period.WORKING)))
    assert sum(one.posterior for one in found.explanations) == pytest.approx(1)
    kinds = [list(Kind).index(one.profile.kind) for one in found.explanations]
    assert kinds == sorted(kinds)


def test_no_evidence_leaves_the_prior_and_abstains():
    found = explain(Evidence(), prior=Prior(unexplained=0.2, other=0.1))
    assert found.verdict is Verdict.UNDECIDED
    assert found.log10_ratio_unexplained == pytest.approx(0)
    assert found.posterior_unexplained == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("gases", "listed", "expected"),
    [
        ({"tetrachloroethylene": 0.1}, "shop=dry_cleaning", "dry_cleaner_pce"),
        ({"butyl acetate": 0.2, "toluene": 0.1, "m_xylene": 0.06, "ethylbenzene": 0.03}, "shop=car_repair", "body_paint_shop"),
        ({"ammonia": 0.3, "hydrogen sulfide": 0.008}, "landuse=farmyard", "pig_house"),
        ({"ethanol": 0.2}, "shop=bakery", "bakery"),
        ({"styrene": 0.3, "acetone": 0.1}, "craft=boatbuilder", "furniture_boat_shop"),
    ],
)  # fmt: skip
def test_a_listed_place_that_fits_leads(gases, listed, expected):
    found = explain(
        Evidence(
            mixture=mixture(**{key.replace(" ", "_"): value for key, value in gases.items()}),
            visits=seen(Period.WORKING, Period.WORKING),
            register=RegisterSearch(found=frozenset({listed})),
        )
    )
    assert found.leading.profile.name == expected
    assert found.log10_ratio_unexplained < 0


def test_a_solvent_mixture_that_nothing_listed_explains_points_to_unexplained():
    gases = mixture(acetone=0.1, toluene=0.06, methanol=0.05)
    evidence = Evidence(mixture=gases, visits=seen(Period.NIGHT, Period.WORKING), register=NOTHING_LISTED)
    found = explain(evidence)
    assert found.leading.profile.kind is Kind.UNEXPLAINED
    assert "unexplained" in found.support()
    assert "sin explicación" in found.support("es")


def test_a_dry_cleaner_next_door_takes_its_share_and_says_why():
    gases = mixture(acetone=0.1, toluene=0.06, methanol=0.05, tetrachloroethylene=0.05)
    visits = seen(Period.NIGHT, Period.WORKING)
    alone = explain(Evidence(mixture=gases, visits=visits, register=NOTHING_LISTED))
    next_door = explain(
        Evidence(
            mixture=gases, visits=visits, register=RegisterSearch(found=frozenset({"shop=dry_cleaning"}))
        )
    )
    assert posterior(next_door)["dry_cleaner_pce"] > posterior(alone)["dry_cleaner_pce"]
    assert any("shop=dry_cleaning" in one.observation for one in next_door.contributions)


def test_one_gas_and_one_rate_prove_nothing():
    only = Mixture(rate_kg_s={"acetone": 1e-4}, own_sigma={"acetone": 0.2}, common_sigma=0.4)
    found = explain(Evidence(mixture=only, visits=seen(Period.NIGHT, Period.NIGHT)))
    assert found.verdict is Verdict.UNDECIDED
    assert "prove nothing" in found.reason


def test_a_referral_needs_several_hits():
    gases = mixture(acetone=0.1, toluene=0.06, methanol=0.05)
    rules = Rules(refer_log10_ratio=1.0)
    once = Evidence(mixture=gases, visits=seen(Period.NIGHT), register=NOTHING_LISTED)
    assert explain(once, rules=rules).verdict is Verdict.UNDECIDED
    twice = replace(once, visits=seen(Period.NIGHT, Period.WORKING))
    assert explain(twice, rules=rules).verdict is Verdict.REFER


def test_an_unknown_register_is_no_evidence_and_is_said():
    gases = mixture(tetrachloroethylene=0.1)
    unknown = explain(Evidence(mixture=gases))
    assert any("unknown" in remark for remark in unknown.remarks)
    assert not any("register" in one.observation for one in unknown.contributions)
    assert (
        posterior(unknown)["dry_cleaner_pce"]
        > posterior(explain(Evidence(mixture=gases, register=NOTHING_LISTED)))["dry_cleaner_pce"]
    )


def test_night_hours_speak_against_a_salon_and_constancy_for_a_farm():
    day, night = (
        ln_visits(PROFILES["nail_salon"], seen(period)) for period in (Period.WORKING, Period.NIGHT)
    )
    assert day - night > math.log(5)
    both = seen(Period.WORKING, Period.NIGHT)
    assert ln_visits(PROFILES["dairy"], both) > ln_visits(PROFILES["nail_salon"], both)


def test_a_miss_with_no_power_to_see_says_nothing():
    blind = (Visit(period=Period.WORKING, is_emitting=False, detection_probability=0.0),)
    assert ln_visits(PROFILES["dairy"], blind) == pytest.approx(0)


def test_visit_probability_agrees_with_a_beta_binomial():
    profile = PROFILES["nail_salon"]
    hours = profile.hours[Period.EVENING]
    total = hours.middle * (1 - hours.middle) / hours.sigma**2 - 1
    visits = tuple(
        Visit(period=Period.EVENING, is_emitting=index < 2, detection_probability=1.0) for index in range(3)
    )
    exact = stats.betabinom.pmf(2, 3, hours.middle * total, (1 - hours.middle) * total) / 3
    assert math.exp(ln_visits(profile, visits)) == pytest.approx(exact, rel=0.02)


def test_gas_likelihood_agrees_with_sampling_the_profile():
    # One profile with every species surely present, no strangers, normal instead of Student: the density of the rates
    # must be that of places drawn from the profile.
    profile = PROFILES["petrol_station"]
    names = ("n-butane", "n-pentane", "toluene")
    profile = replace(profile, species={name: replace(profile.species[name], present=1.0) for name in names})
    gases = Mixture(
        rate_kg_s={"n-butane": 3e-5, "n-pentane": 1.5e-5, "toluene": 2.5e-6},
        own_sigma=dict.fromkeys(names, 0.2),
        common_sigma=0.3,
    )
    plain = Discrepancy(share_sigma=1e-6, degrees_of_freedom=10**6, stranger=1e-12, mixture_weight=1.0)
    rng = np.random.default_rng(1)
    count = 400_000
    place = rng.normal(profile.rate_kg_s.ln_middle, profile.rate_kg_s.ln_sigma, count) + rng.normal(
        0, 0.3, count
    )
    log_density = np.zeros(count)
    for name in names:
        ratio = profile.species[name].ratio
        own = place + rng.normal(ratio.ln_middle, ratio.ln_sigma, count)
        log_density += stats.norm.logpdf(math.log(gases.rate_kg_s[name]), own, 0.2)
    expected = np.log(np.exp(log_density).mean())
    assert ln_mixture(profile, gases, {}, plain) == pytest.approx(expected, abs=0.05)


@settings(max_examples=20)
@given(st.floats(0.01, 100))
def test_scaling_a_rate_and_its_limit_never_breaks_the_sum(factor):
    gases = mixture(acetone=0.1 * factor, ethanol=0.02 * factor)
    found = explain(Evidence(mixture=gases), profiles=list(PROFILES.values()))
    assert sum(one.posterior for one in found.explanations) == pytest.approx(1)
    assert all(math.isfinite(one.log10_likelihood) for one in found.explanations)


def test_burstiness_and_height_count():
    steady = explain(Evidence(spread=PassSpread(ln_sigma=0.1, passes=8, own_sigma=0.1)))
    assert posterior(steady)["distillery"] > 3 * posterior(steady)["body_paint_shop"]
    high = explain(Evidence(height=Height(median_m=20, sigma_m=2)))
    assert high.leading.profile.name == "hospital_laboratory"


def test_contributions_name_every_observation():
    evidence = Evidence(
        mixture=mixture(acetone=0.1, toluene=0.05),
        visits=seen(Period.NIGHT),
        spread=PassSpread(ln_sigma=0.4, passes=4, own_sigma=0.2),
        height=Height(median_m=3, sigma_m=1),
        register=NOTHING_LISTED,
    )
    words = " | ".join(one.observation for one in explain(evidence).contributions)
    for part in ("acetone", "toluene", "not seen", "visits", "between passes", "above ground", "register"):
        assert part in words


def test_the_measurement_that_settles_it():
    gases = mixture(acetone=0.1, toluene=0.06, methanol=0.05, tetrachloroethylene=0.05)
    listed = RegisterSearch(found=frozenset({"shop=dry_cleaning"}))
    found = explain(Evidence(mixture=gases, visits=seen(Period.WORKING), register=listed))
    best = settle(found)
    gains = [one.gain_bit for one in best]
    entropy = -sum(
        one.posterior * math.log2(one.posterior) for one in found.explanations if one.posterior > 0
    )
    assert gains == sorted(gains, reverse=True)
    assert all(0 <= gain <= entropy for gain in gains)
    for one in best:
        assert sum(probability for _, probability, _ in one.outcomes) == pytest.approx(1, abs=1e-6)
    # A register that has been looked at is not offered again; an unknown one is.
    assert not any("register" in one.what for one in settle(found, most=99))
    assert any("registered" in one.what for one in settle(explain(Evidence(mixture=gases)), most=99))


@pytest.mark.parametrize(
    ("log10_ratio", "words"),
    [(0.2, "does not support"), (0.7, "weak"), (1.5, "moderate support"), (-2.5, "moderately strong"), (3.5, "strong"), (5, "very strong"), (7, "extremely strong")],
)  # fmt: skip
def test_enfsi_words(log10_ratio, words):
    assert words in verbal(log10_ratio)
    assert verbal(log10_ratio, "es") != verbal(log10_ratio)


def test_contradictory_observations_are_refused():
    with pytest.raises(InputError, match="both seen and not seen"):
        Mixture(
            rate_kg_s={"acetone": 1.0},
            own_sigma={"acetone": 0.1},
            common_sigma=0.1,
            limit_kg_s={"acetone": 1.0},
        )
    with pytest.raises(InputError):
        Mixture(rate_kg_s={"acetone": math.nan}, own_sigma={"acetone": 0.1}, common_sigma=0.1)
    with pytest.raises(InputError):
        Prior(unexplained=0.6, other=0.5)
