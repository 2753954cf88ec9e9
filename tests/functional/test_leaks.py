"""Every way to read, asked by somebody who may do everything but does not hold the compartment: 0 leaks.

The list of ways is taken from the code: a new public workflow on a desk fails here until it has a line in `ASKED`.
"""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import casework
import plumeline.workflows
from casework import COMPARTMENT, PARTNER
from plumeline.access import HiddenError, Kind
from plumeline.access.envelope import sign_payload
from plumeline.access.keys import new_actor_keys, new_signing_key
from plumeline.access.records import to_plain
from plumeline.cases import Assessment
from plumeline.errors import AccessError, PlumelineError
from plumeline.outcomes import Answer, AnswerKind
from plumeline.outcomes.events import ANSWER_TYPE
from plumeline.store.cases_places import Box
from plumeline.workflows import (
    audits,
    deletion,
    dossier_parts,
    handovers,
    image_access,
    intake,
    located,
    opening,
    recall,
    release,
    review,
)
from plumeline.workflows import desk as desks


@pytest.fixture(scope="module")
def hidden(tmp_path_factory):
    """A store with one compartmented case that went all the way out, and its identifiers."""
    secrets = [new_actor_keys("A-XXXX").sealing for _ in range(2)]
    world = casework.make_world(
        str(tmp_path_factory.mktemp("leaks")), partner_keys=[(str(s.to_public()),) for s in secrets]
    )
    case = casework.concluded_case(world)
    package, _ = casework.released(world, case, PARTNER)
    analyst = world.desk("A-ANAL01")
    line = handovers.clock(analyst)[0]
    with analyst.session() as session:
        recording = session.find(Kind.RECORDING)[0].id
    return world, {"case": case, "release": package, "handover": line.handover, "recording": recording}


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """An image to ask about; it is the same for what exists and what does not."""
    return casework.scene(tmp_path_factory.mktemp("scene"))


NOWHERE = {
    "case": "C-NOSUCHCASE",
    "release": "P-NOSUCHRELEASE",
    "handover": "H-NOSUCHCLOCK",
    "recording": "R-NOSUCHREC",
}


def answer(ids):
    said = Answer(package=ids["release"], serial="0" * 16, kind=AnswerKind.ACTED, time=casework.START)
    return sign_payload(to_plain(said), ANSWER_TYPE, [new_signing_key()])


def result():
    return located.located_of(casework.report(casework.survey()))


BOX = Box(west=-41, south=29, east=-39, north=31)
ASKED = {
    "audits.check_log": lambda d, _: audits.check_log(d),
    "audits.export_log": lambda d, _: audits.export_log(d),
    "audits.list_log": lambda d, _: audits.list_log(d, last=100),
    "audits.sign_head": lambda d, _: audits.sign_head(d),
    "handovers.answers_rate": lambda d, _: handovers.answers_rate(d),
    "handovers.clock": lambda d, _: handovers.clock(d),
    "handovers.close_case": lambda d, i: handovers.close_case(d, i["case"], i["handover"]),
    "handovers.decide_claim": lambda d, i: handovers.decide_claim(
        d, i["handover"], upheld=True, reason="x y"
    ),
    "handovers.delivered": lambda d, i: handovers.delivered(d, i["handover"]),
    "handovers.enter_answer": lambda d, i: handovers.enter_answer(d, answer(i)),
    "handovers.record_resurvey": lambda d, i: handovers.record_resurvey(d, i["case"], result()),
    "handovers.reliability_table": lambda d, _: handovers.reliability_table(d),
    "handovers.reminded": lambda d, i: handovers.reminded(d, i["handover"]),
    "image_access.drop_frames": lambda d, i: image_access.drop_frames(
        d, i["scene"], image_access.Permit(authority=i["case"], sensor="lwir"), result=Path("nowhere")
    ),
    "image_access.permitted": lambda d, i: image_access.permitted(
        d, i["scene"], image_access.Permit(authority=i["case"], sensor="lwir")
    ),
    "intake.ingest": lambda d, i: intake.ingest(
        d, casework.survey(), authority=i["case"], label="a flight", position_sigma_m=0.03
    ),
    "opening.open_case": lambda d, i: opening.open_case(
        d, i["recording"], result(), casework.marking(compartments=set())
    ),
    "dossier_parts.write_parts": lambda d, i: dossier_parts.write_parts(d, i["case"], None, {}),
    "recall.fetch_notice": lambda d, i: recall.fetch_notice(d, i["release"]),
    "recall.recall": lambda d, i: recall.recall(d, i["case"], "a reason"),
    "recall.supersede": lambda d, i: recall.supersede(d, i["release"], i["release"], "a reason"),
    "release.fetch_package": lambda d, i: release.fetch_package(d, i["release"]),
    "release.prepare_release": lambda d, i: release.prepare_release(d, i["case"], PARTNER),
    "release.review_release": lambda d, i: release.review_release(d, i["release"]),
    "release.seal_release": lambda d, i: release.seal_release(d, i["release"]),
    "release.timestamp_request": lambda d, i: release.timestamp_request(d, i["release"]),
    "release.sign_release": lambda d, i: release.sign_release(d, i["release"]),
    "review.add_note": lambda d, i: review.add_note(d, i["case"], "a note"),
    "review.affected_cases": lambda d, _: review.affected_cases(d),
    "review.conclude": lambda d, i: review.conclude(d, i["case"], Assessment.NOTHING, "grounds"),
    "deletion.delete_expired": lambda d, i: deletion.delete_expired(d, i["case"]),
    "review.dissent": lambda d, i: review.dissent(d, i["case"], "why not"),
    "review.enter_rule": lambda d, i: review.enter_rule(
        d, casework.agreement(id=f"G-{i['case'][2:8]}", effect="note")
    ),
    "review.hold": lambda d, i: review.hold(d, i["case"], "a reason"),
    "review.list_cases": lambda d, _: review.list_cases(d, box=BOX),
    "review.reapprove": lambda d, i: review.reapprove(d, i["case"]),
    "review.reopen": lambda d, i: review.reopen(d, i["case"], "a reason"),
    "review.score_blind": lambda d, i: review.score_blind(d, i["case"], Assessment.NOTHING, 0.5),
    "review.set_sections": lambda d, i: review.set_sections(d, i["case"], casework.sections()),
    "review.show_case": lambda d, i: review.show_case(d, i["case"]),
    "review.withdraw": lambda d, i: review.withdraw(d, i["case"], "a reason"),
}
NO_CASE_IN_IT = {
    "authorities.issue_authority",
    "desk.admit",
    "desk.enter_organisation",
    "desk.trust_card",
    "recall.recall_in",  # the inside of `recall`
}
"""Workflows on registers alone, and parts of others."""


def workflows_on_a_desk():
    names = set()
    for module in pkgutil.iter_modules(plumeline.workflows.__path__):
        loaded = importlib.import_module(f"plumeline.workflows.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            first = next(iter(inspect.signature(function).parameters), None)
            if first == "desk" and not name.startswith("_") and function.__module__ == loaded.__name__:
                names.add(f"{module.name}.{name}")
    return names


def test_no_way_to_read_is_left_out():
    assert workflows_on_a_desk() == set(ASKED) | NO_CASE_IN_IT


@pytest.mark.parametrize("way", sorted(ASKED))
def test_without_the_compartment_there_is_nothing(hidden, scene, way):
    world, ids = hidden
    outcomes = []
    for asked in (ids, NOWHERE):
        try:
            got = ASKED[way](world.desk("A-NOCO01"), asked | {"scene": scene})
        except PlumelineError as error:
            outcomes.append((type(error), str(error), error.exit_code))
        else:
            text = repr(got)
            for secret in (*ids.values(), COMPARTMENT, "acetone", "paint shop"):
                assert secret not in text
            outcomes.append((type(got), text, 0))
    assert outcomes[0] == outcomes[1]  # what exists and what does not are answered alike
    if outcomes[0][2]:
        assert outcomes[0][0] is HiddenError


def test_counts_and_lists_are_those_of_an_empty_store(hidden):
    world, _ = hidden
    outsider = world.desk("A-NOCO01")
    assert review.list_cases(outsider) == []
    assert handovers.clock(outsider) == []
    assert handovers.answers_rate(outsider).sources == 0
    assert handovers.reliability_table(outsider) == []


def test_a_partner_sees_its_own_hand_over_and_nothing_else(hidden):
    world, ids = hidden
    partner = world.desk("A-PART01")
    assert [line.handover for line in handovers.clock(partner)] == [ids["handover"]]
    for way in ("review.show_case", "release.fetch_package", "release.review_release", "audits.export_log"):
        with pytest.raises(AccessError):
            ASKED[way](partner, ids)
    assert review.list_cases(partner) == []


def test_every_refusal_is_in_the_log_and_every_read_too(hidden):
    world, ids = hidden
    with pytest.raises(AccessError):
        review.show_case(world.desk("A-NOCO01"), ids["case"])
    review.show_case(world.desk("A-ANAL01"), ids["case"])
    entries = audits.list_log(world.desk("A-AUDT01"), last=1000)
    refused = [entry for entry in entries if not entry.permitted and entry.actor == "A-NOCO01"]
    assert any(entry.subject == ids["case"] for entry in refused)
    assert any(e.actor == "A-ANAL01" and e.subject == ids["case"] and e.verb.value == "view" for e in entries)


def test_desks_are_opened_only_with_the_store_s_own_keys(hidden):
    world, _ = hidden
    with pytest.raises(AccessError):
        desks.open_desk(world.where, new_actor_keys("A-ANAL01"), clock=world.clock)
