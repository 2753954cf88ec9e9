"""Several processes on one embedded store at the same moment: every one is served or told, and nothing is lost."""

import os
import pickle
import time
from datetime import timedelta

import pytest

import casework
from plumeline.cases import Assessment
from plumeline.errors import PlumelineError
from plumeline.store.cases_engine import connect
from plumeline.workflows import audits, review


class Shared:
    """A clock that all processes read alike."""

    def __init__(self, start):
        self.start, self.zero = start, time.monotonic()

    def __call__(self):
        return self.start + timedelta(seconds=time.monotonic() - self.zero)


@pytest.fixture
def world(tmp_path):
    made = casework.make_world(str(tmp_path))
    made.clock = Shared(made.clock.now)
    return made


def at_once(world, *works):
    """Do each work in a process of its own, all let go at one moment; gives what each said, or its error's name."""
    world.desk("A-ANAL01").store.engine.dispose()  # no process shares a connection with another
    connect.cache_clear()
    wait, go = os.pipe()
    answers = []
    for work in works:
        answer, say = os.pipe()
        if os.fork() == 0:
            os.close(go)
            os.read(wait, 1)  # nothing is ever written: the end of the pipe lets all go together
            try:
                said = work()
            except PlumelineError as error:
                said = type(error).__name__
            os.write(say, pickle.dumps(said))
            os._exit(0)
        os.close(say)
        answers.append(answer)
    os.close(wait)
    os.close(go)
    told = []
    for answer in answers:
        with os.fdopen(answer, "rb") as pipe:
            told.append(pickle.load(pipe))  # noqa: S301 (our own children)
        os.wait()
    return told


def test_two_reviewers_at_once_are_both_heard(world):
    case = casework.opened_case(world)

    def scoring(badge, assessment):
        return lambda: review.score_blind(world.desk(badge), case, assessment, 0.6)

    told = at_once(
        world, scoring("A-REVW01", Assessment.UNEXPLAINED), scoring("A-REVW02", Assessment.EXPLAINED)
    )
    assert told == [None, None]
    scores = review.show_case(world.desk("A-ANAL01"), case).case.scores
    assert {(score.actor, score.event.assessment) for score in scores} == {
        ("A-REVW01", Assessment.UNEXPLAINED),
        ("A-REVW02", Assessment.EXPLAINED),
    }


def test_one_reviewer_at_two_desks_scores_once(world):
    case = casework.opened_case(world)
    told = at_once(
        world,
        *(
            (lambda each=each: review.score_blind(world.desk("A-REVW01"), case, each, 0.6))
            for each in (Assessment.UNEXPLAINED, Assessment.NOTHING)
        ),
    )
    assert sorted(map(str, told)) == ["None", "RefusedError"]
    (score,) = review.show_case(world.desk("A-ANAL01"), case).case.scores
    winner = (Assessment.UNEXPLAINED, Assessment.NOTHING)[told.index(None)]
    assert score.event.assessment is winner


def test_only_one_of_two_conclusions_stands(world):
    case = casework.opened_case(world)
    review.score_blind(world.desk("A-REVW01"), case, Assessment.UNEXPLAINED, 0.8)
    grounds = ("No registered use nearby.", "Nobody there to use it.")
    told = at_once(
        world,
        *(
            (lambda each=each: review.conclude(world.desk("A-ANAL01"), case, Assessment.UNEXPLAINED, each))
            for each in grounds
        ),
    )
    assert sorted(map(str, told)) == ["None", "RefusedError"]
    shown = review.show_case(world.desk("A-ANAL01"), case)
    assert shown.case.conclusion.event.grounds == grounds[told.index(None)]


def test_what_three_processes_write_at_once_is_all_kept_in_one_whole_log(world):
    case = casework.opened_case(world)
    before = review.show_case(world.desk("A-ANAL01"), case).case.version

    def writing(badge):
        def work():
            desk = world.desk(badge)
            for number in range(15):
                review.dissent(desk, case, f"{badge} {number}")

        return work

    badges = ("A-ANAL01", "A-REVW01", "A-REVW02")
    assert at_once(world, *map(writing, badges)) == [None, None, None]
    case_now = review.show_case(world.desk("A-ANAL01"), case).case
    assert case_now.version == before + 45
    for badge in badges:  # each one's in the order they were written
        own = [each.event.text for each in case_now.dissents if each.actor == badge]
        assert own == [f"{badge} {number}" for number in range(15)]
    assert audits.check_log(world.desk("A-AUDT01")).size > 45
