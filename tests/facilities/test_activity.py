import math
from datetime import UTC, datetime, timedelta

import pytest

from plumeline.errors import InputError
from plumeline.facilities.activity import Look, State, assess_activity

START = datetime(2026, 11, 20, 9, tzinfo=UTC)


def look(hours, seen, power=0.9, limit=3e-5):
    return Look(
        time=START + timedelta(hours=hours), is_emitting=seen, detection_probability=power, limit_kg_s=limit
    )


def at(hours):
    return START + timedelta(hours=hours)


def test_seen_an_hour_ago_is_active_and_decays_afterwards():
    found = assess_activity([look(0, seen=True)], at(1))
    assert found.state is State.ACTIVE
    chances = [probability for _, probability in found.forecast]
    assert chances == sorted(chances, reverse=True)
    assert found.active + found.pausing + found.gone == pytest.approx(1)
    assert found.last_seen == START


def test_confidence_decays_faster_where_revisits_found_it_off():
    steady = assess_activity([look(hour, seen=True) for hour in range(0, 121, 12)], at(120))
    fickle = assess_activity([look(hour, seen=hour % 24 == 0) for hour in range(0, 121, 12)], at(120))
    assert steady.active_at(at(144)) > fickle.active_at(at(144)) + 0.15


def test_many_empty_visits_make_it_cold_and_the_limit_is_named():
    visits = [look(0, seen=True)] + [look(24 * day, seen=False) for day in range(3, 45, 2)]
    found = assess_activity(visits, at(24 * 45))
    assert found.state is State.COLD
    assert found.last_seen == START
    assert found.last_limit_kg_s == pytest.approx(3e-5)
    assert "not seen (limit 0.03 g/s)" in found.evidence[-1]


def test_a_visit_that_could_not_see_changes_nothing():
    seen = assess_activity([look(0, seen=True)], at(30))
    blind = assess_activity([look(0, seen=True), look(20, seen=False, power=0.0, limit=None)], at(30))
    assert blind.active == pytest.approx(seen.active)
    assert "limit unknown" in blind.evidence[-1]


def test_nobody_looked_is_unknown_and_not_cold():
    assert assess_activity([], at(0)).state is State.UNKNOWN
    blind = assess_activity([look(0, seen=False, power=0.0)], at(5))
    assert blind.state is State.UNKNOWN
    assert math.isnan(blind.active)


def test_order_of_visits_does_not_matter():
    visits = [look(0, seen=True), look(30, seen=False), look(50, seen=True)]
    assert assess_activity(visits, at(60)) == assess_activity(visits[::-1], at(60))


def test_contradictory_and_impossible_visits_are_refused():
    with pytest.raises(InputError, match="contradict"):
        assess_activity([look(0, seen=True), look(0, seen=False)], at(5))
    with pytest.raises(InputError, match="after"):
        assess_activity([look(10, seen=True)], at(5))
    with pytest.raises(InputError, match="time zone"):
        Look(time=datetime(2026, 1, 1), is_emitting=True, detection_probability=1, limit_kg_s=None)  # noqa: DTZ001
    with pytest.raises(InputError, match="outside the forecast"):
        assess_activity([look(0, seen=True)], at(1)).active_at(at(500))
