import re
from datetime import datetime
from importlib.resources import files

import pytest

from plumeline.errors import InputError
from plumeline.facilities import Kind, Period, period_of, read_profile, shipped_profiles

TEXT = files("plumeline.facilities").joinpath("profiles", "nail_salon.toml").read_text()


def test_at_least_twelve_benign_profiles_one_unexplained_and_one_other():
    kinds = [profile.kind for profile in shipped_profiles()]
    assert kinds.count(Kind.BENIGN) >= 12
    assert kinds.count(Kind.UNEXPLAINED) == kinds.count(Kind.OTHER) == 1


@pytest.mark.parametrize("profile", shipped_profiles(), ids=lambda profile: profile.name)
def test_every_range_is_a_range_with_a_dated_source(profile):
    shares = [share.ratio for share in profile.species.values()]
    for one in [profile.rate_kg_s, profile.height_m, profile.burstiness, *profile.hours.values(), *shares]:
        assert 0 < one.low < one.high
        assert re.search(r"\((19|20)\d\d(-\d\d)?\)$", one.source)
    assert set(profile.title) == {"en", "es"}


def test_shipped_profiles_name_trades_and_never_what_a_mixture_is_for():
    words = {"drug", "lab", "clandestine", "synthesis", "precursor", "fentanyl", "meth"}
    for profile in shipped_profiles():
        if profile.kind is not Kind.BENIGN:
            assert not words & set(re.findall(r"[a-z]+", f"{profile.name} {profile.title}".lower()))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("low = 0.12, high = 0.6", "low = 0.6, high = 0.12", "no range"),
        ("low = 0.12, high = 0.6", "low = 1.2, high = 1.6", None),
        ('"ethyl acetate" =', '"unobtainium" =', "unobtainium"),
        ("present = 0.95", "present = 1.5", "present"),
        ('source = "boston-salons"', 'source = "hearsay"', "no dated source"),
        ('kind = "benign"', 'kind = "unexplained"', "registered"),
        ('kind = "benign"', 'kind = "suspect"', "suspect"),
        ("night = {", "noon = {", "hours"),
        ("minimum_species = 1", "minimum_species = 9", "minimum_species"),
        ("weekend = { low = 0.3, high = 0.9", "weekend = { low = 0.3, high = 1.9", "above 1"),
        ("[hours]", "[times]", "hours is missing"),
        ("[title]", "[title", "not TOML"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused_with_all_its_faults(old, new, fault):
    assert old in TEXT
    changed = TEXT.replace(old, new)
    if fault is None:
        assert read_profile(changed)
        return
    with pytest.raises(InputError, match=re.escape(fault)):
        read_profile(changed)


def test_shares_that_add_up_to_more_than_the_whole_contradict():
    changed = TEXT.replace("low = 0.12, high = 0.6", "low = 0.7, high = 0.9").replace(
        "low = 0.1, high = 0.7, present = 0.95", "low = 0.6, high = 0.7, present = 1"
    )
    with pytest.raises(InputError, match="more than the whole"):
        read_profile(changed)


@pytest.mark.parametrize(
    ("time", "period"),
    [
        ("2026-11-24T09:00", Period.WORKING),
        ("2026-11-24T19:00", Period.EVENING),
        ("2026-11-24T23:00", Period.NIGHT),
        ("2026-11-28T12:00", Period.WEEKEND),
        ("2026-11-28T03:00", Period.NIGHT),
    ],
)
def test_periods(time, period):
    assert period_of(datetime.fromisoformat(time)) is period
