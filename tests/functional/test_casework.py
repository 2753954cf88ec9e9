"""The whole way of a case, as docs/cases.md walks it: authority, quarantine, blind review, two-person release, sealing
for two recipients, verification with Debian's own tools, answers, an error claim, a re-survey and closure."""

import base64
import json
import os
import subprocess
import tarfile
from datetime import timedelta

import pytest

import casework
from casework import OTHER, PARTNER
from plumeline.access.envelope import sign_payload
from plumeline.access.keys import SigningKey, new_actor_keys
from plumeline.access.ledger import verify_export
from plumeline.access.records import to_plain
from plumeline.cases import Assessment, CaseState
from plumeline.errors import AccessError, RefusedError
from plumeline.outcomes import Answer, AnswerKind, HandoverState, OutcomeKind, Urgency
from plumeline.outcomes.events import ANSWER_TYPE
from plumeline.packages import read_card, read_notice, verify_package
from plumeline.workflows import audits, handovers, intake, located, opening, recall, release, review
from plumeline.workflows.desk import card_bytes, trust_card
from programs import needed

TOOLS = ("age", "age-keygen", "minisign", "openssl", "ssh-keygen")


def run(*words, **options):
    return subprocess.run(list(map(str, words)), check=True, capture_output=True, **options)


@pytest.fixture(scope="module")
def tools():
    needed(*TOOLS)


def receipt_key(page):
    """The key a recipient finds in the page inside its own package."""
    text = page.decode()
    return SigningKey(bytes.fromhex(text.split('RECEIPT_SEED = "')[1][:64]))


def answer_file(package, key, **facts):
    answer = Answer(package=package, serial=os.urandom(8).hex(), **facts)
    return sign_payload(to_plain(answer), ANSWER_TYPE, [key])


def check_by_hand(folder, card, recipient_key):
    """docs/cases.md, "Check it with nothing of ours": age, tar, sha256sum, minisign, openssl."""
    sealed = next(folder.glob("*.age"))
    opened = run("age", "-d", "-i", recipient_key, sealed).stdout
    (folder / "package.tar").write_bytes(opened)
    with tarfile.open(folder / "package.tar") as tar:
        tar.extractall(folder, filter="data")
        bag = folder / tar.getnames()[0].split("/")[0]
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        run("sha256sum", "--strict", "-c", manifest, cwd=bag)
    statement = json.loads((bag / "release/statement.json").read_bytes())
    for subject in statement["subject"]:
        told = run("sha256sum", subject["name"], cwd=bag).stdout.decode().split()[0]
        assert told == subject["digest"]["sha256"]
    keys = json.loads(card)["signers"]
    for role in ("concluded", "released"):
        badge = statement["predicate"][f"{role}_by"]
        pem = (bag / f"release/{role}.pem").read_text()
        raw = base64.b64decode("".join(pem.splitlines()[1:-1]))[-32:]
        assert raw.hex() == keys[badge]  # the comparison with the card a person makes
        run(
            "minisign",
            "-V",
            "-p",
            f"release/{role}.pub",
            "-x",
            f"release/{role}.minisig",
            "-m",
            "release/statement.json",
            cwd=bag,
        )
        envelope = json.loads((bag / "release/release.dsse.json").read_bytes())
        signature = next(s["sig"] for s in envelope["signatures"] if s["keyid"] == raw.hex())
        body = base64.b64decode(envelope["payload"])
        assert body == (bag / "release/statement.json").read_bytes()
        kind = envelope["payloadType"].encode()
        (folder / "pae").write_bytes(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body))
        (folder / "sig").write_bytes(base64.b64decode(signature))
        run(
            "openssl",
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            bag / f"release/{role}.pem",
            "-rawin",
            "-in",
            folder / "pae",
            "-sigfile",
            folder / "sig",
        )
    return bag


@pytest.mark.usefixtures("tools")
def test_a_case_from_authority_to_closure(tmp_path):  # noqa: PLR0915 (one walk, told in order)
    # Two recipients: one with an age key, one with an SSH key, both made by their own tools.
    run("age-keygen", "-o", tmp_path / "partner.key")
    age_key = run("age-keygen", "-y", tmp_path / "partner.key").stdout.decode().strip()
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", tmp_path / "other.key")
    ssh_key = " ".join((tmp_path / "other.key.pub").read_text().split()[:2])
    store = tmp_path / "store"
    store.mkdir()
    world = casework.make_world(store, partner_keys=((age_key,), (ssh_key,)))
    analyst, reviewer, releaser = (world.desk(badge) for badge in ("A-ANAL01", "A-REVW01", "A-RELS01"))

    # 1. The flight strayed 1 m beyond its area: ten samples are quarantined, with an incident.
    flown = casework.survey(stray_m=1.0)
    taken = intake.ingest(
        analyst, flown, authority=casework.AUTHORITY, label="flight of 1 March", position_sigma_m=0.03
    )
    assert taken.replay.report.quarantined == 10
    assert taken.survey.reading_count == flown.reading_count - 10
    assert {i.reason.value for i in taken.replay.report.incidents} >= {"outside the area"}

    # 2. A result that used them is no finding; one from the rest becomes a case.
    with pytest.raises(AccessError, match="10 quarantined samples"):
        opening.open_case(
            analyst, taken.recording, located.located_of(casework.report(flown)), casework.marking()
        )
    case = opening.open_case(
        analyst, taken.recording, located.located_of(casework.report(taken.survey)), casework.marking()
    )
    review.set_sections(analyst, case, casework.sections())

    # 3. Blind first: the reviewer sees no score until the own one is given; a dissent is recorded.
    assert review.show_case(reviewer, case).scores is None
    review.score_blind(reviewer, case, Assessment.UNEXPLAINED, 0.7)
    assert review.show_case(reviewer, case).scores[0].probability == pytest.approx(0.93)
    second = world.desk("A-REVW02")
    review.score_blind(second, case, Assessment.EXPLAINED, 0.6)
    with pytest.raises(RefusedError, match="have not said why"):
        review.conclude(analyst, case, Assessment.UNEXPLAINED, "No registered use of this solvent nearby.")
    review.dissent(second, case, "A paint shop could be unregistered.")
    review.conclude(analyst, case, Assessment.UNEXPLAINED, "No registered use of this solvent nearby.")

    # 4. Two persons: the analyst concluded and signs, the releaser signs; neither alone suffices.
    with pytest.raises(AccessError):
        release.prepare_release(analyst, case, PARTNER)
    sealed = {}
    for recipient in (PARTNER, OTHER):
        prepared = release.prepare_release(releaser, case, recipient)
        assert release.sign_release(releaser, prepared) == "released"
        with pytest.raises(RefusedError, match="two signatures"):
            release.seal_release(releaser, prepared)
        assert release.sign_release(analyst, prepared) == "concluded"
        sealed[recipient] = (prepared, release.seal_release(releaser, prepared, urgency=Urgency.PRIORITY))
    card = card_bytes(trust_card(world.desk("A-AUDT01")))

    # 5. The partner checks it with one command, and with Debian's tools; nobody else can open it.
    opened = {}
    for recipient, key in ((PARTNER, "partner.key"), (OTHER, "other.key")):
        identity = (tmp_path / key).read_text()
        checked = verify_package(sealed[recipient][1], read_card(card), identity=identity)
        assert checked.content.dissents[0].text == "A paint shop could be unregistered."
        assert checked.content.basis.fence.quarantined == 10
        opened[recipient] = checked.files
        folder = tmp_path / recipient
        folder.mkdir()
        (folder / f"{sealed[recipient][0]}.age").write_bytes(sealed[recipient][1])
        bag = check_by_hand(folder, card, tmp_path / key)
        assert (bag / "data/dossier-es.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(AccessError, match="does not open"):
        verify_package(sealed[PARTNER][1], read_card(card), identity=(tmp_path / "other.key").read_text())

    # 6. The clock runs; a receipt comes back as a signed file and is counted once.
    world.clock.forward(days=2)
    lines = {line.recipient: line for line in handovers.clock(releaser)}
    assert lines[PARTNER].overdue
    assert lines[PARTNER].waiting_for == "acknowledgement"
    package = sealed[PARTNER][0]
    key = receipt_key(opened[PARTNER]["data/open-me.html"])
    receipt = answer_file(package, key, kind=AnswerKind.ACKNOWLEDGED, time=world.clock.now)
    handover, _ = handovers.enter_answer(analyst, receipt)
    with pytest.raises(RefusedError, match="entered already"):
        handovers.enter_answer(analyst, receipt)
    forged = answer_file(
        package,
        receipt_key(opened[OTHER]["data/open-me.html"]),
        kind=AnswerKind.ACTED,
        time=world.clock.now,
    )
    with pytest.raises(AccessError):
        handovers.enter_answer(analyst, forged)
    rate = handovers.answers_rate(analyst)
    assert (rate.sources, rate.acknowledged, rate.answered) == (1, 1, 0)

    # 7. An error claim is pending until decided; rejected with reasons, the clock goes on.
    claim = answer_file(
        package,
        key,
        kind=AnswerKind.ERROR_CLAIMED,
        time=world.clock.now,
        reason="The unit is a registered print shop.",
    )
    handovers.enter_answer(analyst, claim)
    assert (
        handovers.decide_claim(releaser, handover, upheld=False, reason="That shop closed a year ago.") == {}
    )

    # 8. Outcome, then closure only after a re-survey that would have seen the old source.
    acted = answer_file(
        package, key, kind=AnswerKind.OUTCOME, time=world.clock.now, outcome=OutcomeKind.INACTIVE
    )
    handovers.enter_answer(analyst, acted)
    with pytest.raises(RefusedError, match="no re-survey after the action"):
        handovers.close_case(analyst, case, handover)
    world.clock.forward(days=1)
    later = casework.survey(start=world.clock.now - timedelta(minutes=10), digest="b" * 64, name="second")
    blind_flight = located.located_of(casework.report(later, found=False, limit_kg_s=1e-3))
    assert not handovers.record_resurvey(analyst, case, blind_flight).adequate
    with pytest.raises(RefusedError, match="could not have seen"):
        handovers.close_case(analyst, case, handover)
    good = handovers.record_resurvey(
        analyst, case, located.located_of(casework.report(later, found=False, limit_kg_s=2e-5))
    )
    assert good.adequate
    assert not good.source_seen
    handovers.close_case(analyst, case, handover)
    assert review.show_case(analyst, case).case.state is CaseState.CLOSED
    assert {line.state for line in handovers.clock(analyst)} == {HandoverState.CLOSED, HandoverState.SENT}
    table = handovers.reliability_table(analyst)
    assert (table[0].sensor, table[0].confirmed, table[0].false) == ("all", 1, 0)

    # 9. The log tells all of it, and verifies without the store.
    auditor = world.desk("A-AUDT01")
    assert audits.check_log(auditor).size > 50
    text = audits.export_log(auditor)
    known = json.loads(card)
    head, shown = verify_export(text, {known["log_name"]: known["log_key"]})
    assert head.size == shown
    occasions = {json.loads(line)["entry"]["occasion"] for line in text.splitlines()[:-1]}
    assert {
        "recording-quarantined",
        "scored-blind",
        "concluded",
        "release-sealed",
        "claim-rejected",
        "case-closed",
        "refused",
    } <= occasions


def test_an_upheld_claim_withdraws_the_case_everywhere(tmp_path):
    secrets = {name: new_actor_keys("A-XXXX").sealing for name in (PARTNER, OTHER)}
    identities = {name: str(secret) for name, secret in secrets.items()}
    world = casework.make_world(
        tmp_path, partner_keys=[(str(secret.to_public()),) for secret in secrets.values()]
    )
    case = casework.concluded_case(world)
    releases, opened = {}, {}
    for recipient in (PARTNER, OTHER):
        releases[recipient], opened[recipient] = casework.released(world, case, recipient)
    card = trust_card(world.desk("A-AUDT01"))
    analyst, releaser = world.desk("A-ANAL01"), world.desk("A-RELS01")
    package = releases[PARTNER]
    key = receipt_key(
        verify_package(opened[PARTNER], card, identity=identities[PARTNER]).files["data/open-me.html"]
    )
    claim = answer_file(
        package,
        key,
        kind=AnswerKind.ERROR_CLAIMED,
        time=world.clock.now,
        reason="It is a licensed paint shop.",
    )
    handover, _ = handovers.enter_answer(analyst, claim)
    # A newer package for the same recipient supersedes the older one; both are recalled when the claim is upheld.
    newer, _ = casework.released(world, case, OTHER)
    told = read_notice(recall.supersede(releaser, releases[OTHER], newer, "A better drawing."), card)
    assert (told.kind.value, told.superseded_by) == ("supersede", newer)
    notices = handovers.decide_claim(releaser, handover, upheld=True, reason="The licence was shown.")
    assert set(notices) == {*releases.values(), newer}
    for package_id, notice in notices.items():
        assert read_notice(notice, card).release == package_id
    assert review.show_case(analyst, case).case.state is CaseState.WITHDRAWN
    assert {line.state for line in handovers.clock(analyst)} == {HandoverState.WITHDRAWN}
    assert handovers.reliability_table(analyst)[0].false == 1
