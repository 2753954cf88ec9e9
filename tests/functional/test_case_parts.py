"""What stands beside a case: quarantine lists, raw recordings, one source of several, a case as it stood."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

import casework
from casework import PARTNER
from plumeline.access import records
from plumeline.access.keys import new_actor_keys
from plumeline.cases import Assessment
from plumeline.cli.package import ANSWERS, OUTCOMES
from plumeline.errors import ConfigurationError, InputError, RefusedError
from plumeline.outcomes import AnswerKind, OutcomeKind
from plumeline.packages import verify_package
from plumeline.workflows import dossier_parts, intake, located, opening, release, review
from plumeline.workflows.answers import answer_package
from plumeline.workflows.desk import trust_card
from plumeline.workflows.handovers import enter_answer
from plumeline.workflows.quarantine import without
from plumeline.workflows.raw_files import raw_files


@pytest.fixture
def world(tmp_path):
    secret = new_actor_keys("A-XXXX").sealing
    (tmp_path / "store").mkdir()
    made = casework.make_world(str(tmp_path / "store"), partner_keys=((str(secret.to_public()),), ()))
    made.secret = str(secret)
    return made


def test_what_was_quarantined_is_left_out_of_a_survey(world, tmp_path):
    flown = casework.survey(stray_m=1.0)
    taken = intake.ingest(
        world.desk("A-ANAL01"), flown, authority=casework.AUTHORITY, label="flight", position_sigma_m=0.03
    )
    listed = tmp_path / "q.json"
    listed.write_text(json.dumps({"quarantined": taken.entered.quarantined}))
    rest = without(flown, listed)
    assert rest.reading_count == flown.reading_count - 10
    assert np.array_equal(rest.in_situ["time"], taken.survey.in_situ["time"])
    for text, error in (
        ("{", ConfigurationError),
        ("[]", ConfigurationError),
        ('{"quarantined": {"another": [1]}}', ConfigurationError),
        (
            json.dumps({
                "quarantined": {
                    "pid": flown.in_situ["time"].values.astype("datetime64[ms]").astype(int).tolist()
                }
            }),
            InputError,
        ),
    ):
        listed.write_text(text)
        with pytest.raises(error):
            without(flown, listed)


def raw_case(world, path, content=b"time,x\n1,2\n"):
    path.write_bytes(content)
    analyst = world.desk("A-ANAL01")
    flown = casework.survey(digest=hashlib.sha256(content).hexdigest())
    taken = intake.ingest(analyst, flown, authority=casework.AUTHORITY, label="flight", position_sigma_m=0.03)
    case = opening.open_case(
        analyst, taken.recording, located.located_of(casework.report(taken.survey)), casework.marking()
    )
    review.set_sections(analyst, case, casework.sections())
    review.score_blind(world.desk("A-REVW01"), case, Assessment.UNEXPLAINED, 0.8)
    review.conclude(analyst, case, Assessment.UNEXPLAINED, "No registered use nearby.")
    return case


def test_raw_recordings_travel_when_asked_for_and_are_those_that_were_ingested(world, tmp_path):
    case = raw_case(world, tmp_path / "flight.csv")
    releaser = world.desk("A-RELS01")
    (tmp_path / "other.csv").write_text("changed")
    with pytest.raises(InputError, match="are not there"):
        release.prepare_release(releaser, case, PARTNER, raw=[tmp_path / "other.csv"])
    prepared = release.prepare_release(releaser, case, PARTNER, raw=[tmp_path / "flight.csv"])
    release.sign_release(world.desk("A-ANAL01"), prepared)
    release.sign_release(releaser, prepared)
    sealed = release.seal_release(releaser, prepared)
    checked = verify_package(sealed, trust_card(world.desk("A-AUDT01")), identity=world.secret)
    (digest,) = checked.content.recordings[0].files
    assert checked.files[f"data/recordings/{digest}.csv"] == (tmp_path / "flight.csv").read_bytes()

    # Answers made from the opened package are taken; incomplete ones are not made.
    with pytest.raises(InputError, match="needs its outcome"):
        answer_package(checked, time=world.clock(), kind="outcome")
    made = answer_package(checked, time=world.clock(), kind="outcome", outcome="benign")
    assert enter_answer(world.desk("A-ANAL01"), made)[1].outcome is OutcomeKind.BENIGN


def test_quarantined_raw_recordings_stay_in_the_house():
    case = casework.folded_case()
    fence = replace(case.dossier.basis.fence, quarantined=3)
    held = replace(case, dossier=replace(case.dossier, basis=replace(case.dossier.basis, fence=fence)))
    with pytest.raises(RefusedError, match="3 quarantined samples"):
        raw_files(held, [])


def test_a_case_shows_as_it_stood_under_the_rules_of_that_time(world):
    opened_at = world.clock.now
    case = casework.concluded_case(world)
    concluded_at = world.clock.now
    world.clock.forward(days=1)
    later = casework.agreement(version=2, title="Later agreement", issued=world.clock.now)
    review.enter_rule(world.desk("A-CUST01"), later)
    analyst = world.desk("A-ANAL01")
    then = review.show_case(analyst, case, as_of=concluded_at)
    assert ([rule.version for rule in then.rules], then.rules_changed) == ([1], False)
    now = review.show_case(analyst, case)
    assert ([rule.version for rule in now.rules], now.rules_changed) == ([2], True)
    with pytest.raises(RefusedError, match="not open yet"):
        review.show_case(analyst, case, as_of=opened_at - timedelta(hours=1))


def test_a_time_to_the_second_holds_what_was_recorded_within_that_second(world):
    world.clock.forward(seconds=0.7)
    case = casework.opened_case(world)
    said = f"{world.clock.now:%Y-%m-%dT%H:%M:%SZ}"
    assert records.utc(said) < world.clock.now
    assert review.show_case(world.desk("A-ANAL01"), case, as_of=records.utc_end(said)).case.id == case


def test_one_source_of_a_result_can_be_a_case():
    found = located.located_of(casework.report(casework.survey()))
    assert found.only(()) is found
    assert [facts["label"] for facts in found.only(["S1"]).findings] == ["S1"]
    with pytest.raises(InputError, match="it has: S1"):
        found.only(["S9"])


def test_a_file_replaces_parts_and_a_wrong_one_is_named(world):
    case = casework.opened_case(world)
    analyst = world.desk("A-ANAL01")
    one = {"unknowns": [{"en": "The wind then.", "es": "El viento de entonces."}]}
    written = dossier_parts.write_parts(analyst, case, None, one)
    assert written.unknowns[0].en == "The wind then."
    for wrong in ({"name": "x"}, ["x"], {"unknowns": 3}):
        with pytest.raises(InputError):
            dossier_parts.write_parts(analyst, case, None, wrong)


def test_the_words_of_the_command_are_those_of_the_records():
    assert [kind.replace("-", " ") for kind in ANSWERS] == [kind.value for kind in AnswerKind]
    assert list(OUTCOMES) == [kind.value for kind in OutcomeKind]
