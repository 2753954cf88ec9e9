"""Several flights in one posterior, against what each says alone and against where the source is."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from plumeline.errors import InputError
from plumeline.frames import LocalFrame, lonlat
from plumeline.observations import Survey
from plumeline.sources import InferenceSettings, infer
from plumeline.sources.joining import join
from plumeline.sources.prepare import prepare
from plumeline.sources.problem import flight_of_observation
from surveys import flight, survey_of

PLACE = (20.0, -30.0, 1.0)
SETTINGS = InferenceSettings(particles=192, sweeps=4, attempts=1, null_draws=8)


def west(*, source=PLACE, name="west", days=0, **change):
    """A flight in west wind."""
    made = flight(source=source, **change)
    made.in_situ["time"] = made.in_situ["time"] + np.timedelta64(days, "D")
    return replace(made, name=name, inputs={f"{name}.csv": name})


def south(*, days=1, **change):
    """A flight in south wind over the same place: the world of `west` turned by a right angle."""
    east, north, height = PLACE
    return west(source=(north, -east, height), name="south", days=days, turn=np.pi / 2, seed=5, **change)


@pytest.fixture(scope="module")
def joint():
    return infer([west(), south()], SETTINGS)


def test_two_long_regions_that_cross_give_one_small_one(joint):
    alone = [infer(one, SETTINGS).sources[0].region_90.area_m2 for one in (west(), south())]
    (source,) = joint.sources
    assert source.region_90.area_m2 < 0.6 * min(alone)
    assert source.region_90.shape.covers(shapely.Point(PLACE[:2]))
    assert source.rate_kg_s["methane"].low < 3e-4 < source.rate_kg_s["methane"].high


def test_the_report_says_which_flights_it_rests_on(joint):
    assert [one.name for one in joint.survey.parts] == ["west", "south"]
    assert joint.provenance.inputs == {"west.csv": "west", "south.csv": "south"}
    for one in joint.sources[0].flights:
        assert one.evidence_nats > 11.0
        assert one.on_share > 0.9
    assert not any("contradict" in line for line in joint.warnings)


def test_one_survey_joined_is_itself():
    survey = west()
    assert Survey.join([survey]) is survey
    prepared = prepare(survey, SETTINGS)
    assert join([prepared], ["west"], SETTINGS) is prepared


def test_a_joint_problem_holds_each_flights_rows_and_nothing_across():
    parts = [west(), south()]
    own = [prepare(one, SETTINGS) for one in parts]
    problem = join(own, ["west", "south"], SETTINGS).problem
    which = flight_of_observation(problem)
    sizes = [one.problem.value.size for one in own]
    assert np.bincount(which).tolist() == sizes
    for f, one in enumerate(own):
        mine = np.flatnonzero(which == f)
        np.testing.assert_array_equal(problem.value[mine], one.problem.value)
        first, last = problem.flight_basis[f : f + 2]
        np.testing.assert_array_equal(problem.basis[first:last][:, mine], one.problem.basis)
        assert not np.delete(problem.basis[:, mine], np.arange(first, last), axis=0).any()
    assert problem.box[0] == min(one.problem.box[0] for one in own)
    assert problem.box[1] == max(one.problem.box[1] for one in own)


def test_other_species_keep_their_own_units():
    other = west(name="other", days=1)
    other.in_situ["species"] = ("species", np.array(["ethane"]))
    own = [prepare(one, SETTINGS) for one in (west(), other)]
    joint = join(own, ["west", "other"], SETTINGS)
    assert joint.matrix.species == ("methane", "ethane")
    # A rate in kg/s means the same reading whichever flight measures it.
    for channel, s in ((0, 0), (1, 1)):
        assert joint.problem.response[channel, s] * joint.problem.scale[channel] == pytest.approx(
            joint.problem.species_scale[s]
        )
    assert joint.problem.response[0, 1] == joint.problem.response[1, 0] == 0.0


def test_flights_of_other_frames_are_brought_together():
    here, there = LocalFrame(origin=lonlat(5.0, 52.0)), LocalFrame(origin=lonlat(5.003, 52.001))
    east_m, north_m = (float(value) for value in here.to_local(5.003, 52.001))
    moved = west(name="moved", days=1, seed=2, shift=(-east_m, -north_m))
    joined = Survey.join([west(), replace(moved, frame=there)])
    plain = west(name="moved", days=1, seed=2)
    assert joined.parts[1].in_situ["x"].to_numpy() == pytest.approx(plain.in_situ["x"].to_numpy(), abs=0.05)
    assert joined.parts[1].in_situ["y"].to_numpy() == pytest.approx(plain.in_situ["y"].to_numpy(), abs=0.05)


def test_flights_of_different_places_are_refused():
    with pytest.raises(InputError, match=r"km apart"):
        Survey.join([west(), west(name="far", days=1, seed=1, shift=(9000.0, 0.0))])


def test_a_flight_given_twice_is_refused():
    with pytest.raises(InputError, match="same readings"):
        Survey.join([west(), west(name="again")])


def test_two_payloads_of_one_aircraft_are_no_flight_given_twice():
    other = west(name="payload")
    other.in_situ["species"] = ("species", ["ethane"])
    assert Survey.join([west(), other]).species == ("methane", "ethane")


def test_placed_and_unplaced_flights_are_not_mixed():
    with pytest.raises(InputError, match="some are not"):
        Survey.join([west(), replace(south(), frame=LocalFrame(origin=None))])
    bare = [replace(one, frame=LocalFrame(origin=None)) for one in (west(), south())]
    assert any("taken to be the same" in line for line in Survey.join(bare).remarks)


def test_a_joined_survey_is_cut_flight_by_flight():
    joined = Survey.join([west(), south(), west(name="third", days=2, seed=7)])
    day = joined.parts[1].in_situ["time"].to_numpy()
    assert joined.between(day.min(), day.max()).name == "south"
    assert joined.reading_count == sum(one.reading_count for one in joined.parts)
    with pytest.raises(InputError, match="no reading"):
        joined.between(np.datetime64("1999-01-01"), np.datetime64("1999-01-02"))


def test_fixed_sensors_and_a_flight_keep_their_own_rows():
    rng = np.random.default_rng(3)
    n = 240
    x, y = np.repeat([60.0, 70.0], n // 2), np.repeat([-20.0, -10.0], n // 2)
    fixed = survey_of(
        x,
        y,
        np.full(n, 2.0),
        1.2e-6 + rng.normal(0, 2e-9, n),
        (3.0, 1.0),
        seconds=np.tile(np.arange(n // 2) * 60.0, 2),
        sensor=np.repeat([0, 1], n // 2),
    )
    own = [prepare(one, SETTINGS) for one in (replace(fixed, name="mast"), west(days=1))]
    problem = join(own, ["mast", "west"], SETTINGS).problem
    edge = problem.flight_stretch[1]
    assert not problem.row_s[:edge].any()
    assert problem.row_s[edge:].all()


def test_calm_on_one_flight_leaves_the_others():
    from plumeline.sources.pilot import pilot_of

    calm = west(name="calm", days=1, wind=(0.1, 0.1), seed=4)
    quick = replace(SETTINGS, particles=96, sweeps=2)
    prepared, _ = pilot_of(Survey.join([west(), calm]), quick, lambda _share: None)
    assert any(line.startswith("flight calm was left out") for line in prepared.remarks)
