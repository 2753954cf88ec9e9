from pathlib import Path

import bagit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import casework
from casework import HOUSE, PARTNER
from plumeline.access.checkpoint import Checkpoint, sign_checkpoint
from plumeline.access.keys import new_actor_keys, new_signing_key
from plumeline.access.merkle import inclusion_proof, leaf_hash, root
from plumeline.errors import AccessError, InputError, PlumelineError
from plumeline.packages import LogProof, Predicate, TrustCard, seal, statement_bytes, verify_package
from plumeline.packages.bag import make_bag, pack, unpack
from plumeline.packages.dossier import dossier_html
from plumeline.packages.release import archive, bag_of, sign_statement
from plumeline.packages.texts import LANGUAGES, catalogue

ANALYST, RELEASER, LOG, RECEIPT = (new_signing_key() for _ in range(4))
CARD = TrustCard(
    organisation=HOUSE,
    signers={"A-ANAL01": ANALYST.public_hex, "A-RELS01": RELEASER.public_hex},
    log_name="plumeline/O-HOUSE",
    log_key=LOG.public_hex,
)


def signed(bag, *, by=(ANALYST, RELEASER), names=("A-ANAL01", "A-RELS01")):
    leaves = [leaf_hash(bytes([n])) for n in range(5)]
    head = Checkpoint(origin="plumeline/O-HOUSE", size=5, root=root(leaves))
    content = casework.content()
    predicate = Predicate(
        case=content.case, release=content.release, recipient=PARTNER, originator=HOUSE, concluded_by=names[0],
        released_by=names[1], prepared=content.prepared, receipt_key=RECEIPT.public_hex, exercise=False, version="0.1.0",
        log=LogProof(
            checkpoint=sign_checkpoint(head, LOG), index=2, leaf=leaves[2].hex(),
            path=tuple(each.hex() for each in inclusion_proof(leaves, 2)),
        ),
    )  # fmt: skip
    statement = statement_bytes(bag, predicate)
    signatures = {
        role: (key.public_hex, sign_statement(statement, key))
        for role, key in zip(("concluded", "released"), by, strict=True)
    }
    return archive(bag, statement, signatures, release=content.release)


@pytest.fixture(scope="module")
def bag():
    return bag_of(casework.content(), RECEIPT)


@pytest.fixture(scope="module")
def tar(bag):
    return signed(bag)


def test_a_good_package_verifies_and_says_what_was_checked(tar):
    checked = verify_package(tar, CARD, identity=None)
    assert checked.content == casework.content()
    assert len(checked.checks) == 5


def test_the_bag_is_one_for_the_library_of_congress_library(bag, tmp_path):
    for name, data in bag.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    made = bagit.Bag(str(tmp_path))
    made.validate()
    (tmp_path / "data/findings.geojson").write_bytes(b"{}")
    with pytest.raises(bagit.BagValidationError):
        made.validate()


def test_one_signature_twice_is_not_two_persons(bag):
    for keys, names in (
        ((ANALYST, ANALYST), ("A-ANAL01", "A-RELS01")),
        ((ANALYST, ANALYST), ("A-ANAL01", "A-ANAL01")),
        ((ANALYST, new_signing_key()), ("A-ANAL01", "A-RELS01")),
        ((RELEASER, ANALYST), ("A-ANAL01", "A-RELS01")),
    ):
        with pytest.raises(PlumelineError):
            verify_package(signed(bag, by=keys, names=names), CARD, identity=None)


def test_a_package_repacked_for_somebody_else_still_says_whom_it_is_for(tar):
    thief = new_actor_keys("A-THIEF1").sealing
    forwarded = seal(tar, [str(thief.to_public())])
    assert verify_package(forwarded, CARD, identity=str(thief)).predicate.recipient == PARTNER


def test_files_added_removed_or_swapped_are_found(tar):
    folder, files = unpack(tar)
    for changed in (
        {**files, "data/more.txt": b"x"},
        {name: data for name, data in files.items() if name != "data/findings.kml"},
        {**files, "data/findings.kml": files["data/findings.geojson"]},
        {**files, "release/more.txt": b"x"},
        {name: data for name, data in files.items() if name != "release/released.minisig"},
        {**files, "release/concluded.pem": files["release/released.pem"]},
    ):
        with pytest.raises(PlumelineError):
            verify_package(pack(changed, folder), CARD, identity=None)
    with pytest.raises(InputError):
        verify_package(pack(files, "P-OTHERNAME"), CARD, identity=None)


@settings(max_examples=150)
@given(st.data())
def test_a_flipped_bit_anywhere_is_found(tar, data):
    # Anywhere in the archive, its own headers and padding included; the benchmark flips far more.
    position = data.draw(st.integers(0, len(tar) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    torn = bytearray(tar)
    torn[position] ^= bit
    with pytest.raises(PlumelineError):
        verify_package(bytes(torn), CARD, identity=None)


def test_a_torn_sealed_file_does_not_open_and_a_wrong_key_gives_the_same_words(tar):
    mine, theirs = new_actor_keys("A-MINE01").sealing, new_actor_keys("A-OTHER1").sealing
    sealed = seal(tar, [str(mine.to_public())])
    said = set()
    for data, key in ((sealed[: len(sealed) // 2], mine), (sealed[:-1], mine), (sealed, theirs)):
        with pytest.raises(AccessError) as refused:
            verify_package(data, CARD, identity=str(key))
        said.add(str(refused.value))
    assert len(said) == 1
    with pytest.raises(InputError, match="no age or SSH key"):
        verify_package(sealed, CARD, identity="# nothing here")
    with pytest.raises(InputError, match="empty audience"):
        seal(tar, [])


def test_every_word_stands_in_both_languages():
    words, values = catalogue()
    for table in (words, values):
        for key, both in table.items():
            assert set(both) == set(LANGUAGES), key
            assert all(text.strip() for text in both.values()), key


def test_every_enumeration_that_is_printed_is_translated():
    from plumeline.access import Caveat, Jurisdiction, Mode, Tlp
    from plumeline.access.fences import Reason, Severity
    from plumeline.cases import Assessment
    from plumeline.cases.sections import Activity, ReceptorKind

    _, values = catalogue()
    for kind in (Caveat, Jurisdiction, Mode, Tlp, Reason, Severity, Assessment, Activity, ReceptorKind):
        assert {member.value for member in kind} <= set(values), kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dossier_says_all_it_must(language):
    page = dossier_html(casework.content(), language)
    for wanted in ("TLP:AMBER+STRICT", "The wind was light.", "W-AUTH01", "c" * 64, "A-REVW01"):
        assert wanted in page
    assert {"en": "no data; not zero", "es": "sin datos; no es cero"}[language] in page
    assert {"en": "What we do not know", "es": "Lo que no sabemos"}[language] in page
    rivals, findings = (
        page.index({"en": a, "es": b}[language])
        for a, b in (("Rival expl", "Explicaciones rivales"), ("What was located", "Qué se localizó"))
    )
    assert rivals < findings  # benign first


def test_a_bag_made_twice_is_the_same_but_for_the_key_inside(bag):
    again = bag_of(casework.content(), RECEIPT)
    assert again == bag
    assert make_bag({}, {}) == make_bag({}, {})
    assert Path("data/open-me.html").name in {Path(name).name for name in bag}
