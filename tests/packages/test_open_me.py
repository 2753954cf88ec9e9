"""The page inside a package, in a real browser: what a recipient sees who has nothing of ours."""

from datetime import UTC, datetime

import pytest

import browser
import casework
from casework import PARTNER
from plumeline.access.keys import new_actor_keys
from plumeline.outcomes import AnswerKind, HandoverState
from plumeline.packages.bag import unpack
from plumeline.packages.seal import unseal
from plumeline.workflows import handovers
from programs import needed

SAID = "[...document.querySelectorAll('#report li')].map(line => [line.className, line.textContent])"


@pytest.fixture(scope="module")
def handed_over(tmp_path_factory):
    """A store with a case released to a partner, and the folder the partner has after `age -d … | tar x`."""
    secret = new_actor_keys("A-XXXX").sealing
    world = casework.make_world(
        str(tmp_path_factory.mktemp("store")), partner_keys=((str(secret.to_public()),), ())
    )
    package, sealed = casework.released(world, casework.concluded_case(world), PARTNER)
    name, files = unpack(unseal(sealed, str(secret)))
    folder = tmp_path_factory.mktemp("partner") / name
    for each, data in files.items():
        path = folder / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return world, package, folder


@pytest.fixture(scope="module")
def opened(handed_over, tmp_path_factory):
    """The partner's browser, with the page open."""
    needed("chromium")
    with browser.page(tmp_path_factory.mktemp("profile")) as page:
        page.open((handed_over[2] / "data/open-me.html").as_uri())
        yield page
        assert page.console == []  # no error, and no request that the page's policy would have refused


def checked(page, folder):
    """What the page says of a folder, line by line: its class and its text."""
    page.run("document.querySelector('#report').replaceChildren()")
    page.choose("#folder", folder)
    return page.wait(lambda: page.run(SAID))


def test_a_whole_package_is_called_whole_and_names_its_signers(opened, handed_over):
    world, _, folder = handed_over
    said = checked(opened, folder)
    assert {kind for kind, _ in said} == {"good"}
    assert f"{len([p for p in folder.rglob('*') if p.is_file()])} files whole" in said[0][1]
    text = " ".join(line for _, line in said)
    for badge in ("A-ANAL01", "A-RELS01"):
        assert world.keys[badge].signing.public_hex in text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("data/findings.geojson", "changed"),
        ("data/dossier-es.pdf", "changed"),
        ("release/statement.json", "signature is not good"),
        ("manifest-sha512.txt", "manifest-sha512.txt: changed"),
        ("tagmanifest-sha256.txt", "not what was signed"),
    ],
)
def test_one_flipped_bit_is_shown(opened, handed_over, name, told):
    folder = handed_over[2]
    whole = (folder / name).read_bytes()
    torn = bytearray(whole)
    torn[0 if "manifest" in name else len(torn) // 2] ^= 1
    (folder / name).write_bytes(torn)
    try:
        bad = [text for kind, text in checked(opened, folder) if kind == "bad"]
    finally:
        (folder / name).write_bytes(whole)
    assert any(told in text for text in bad), bad


def test_a_missing_and_a_foreign_file_are_shown(opened, handed_over, tmp_path):
    folder = handed_over[2]
    (folder / "data/findings.kml").rename(tmp_path / "away")
    try:
        bad = {text for kind, text in checked(opened, folder) if kind == "bad"}
        assert bad == {"✗ data/findings.kml: missing · falta"}
    finally:
        (tmp_path / "away").rename(folder / "data/findings.kml")
    (folder / "data/extra.txt").write_text("slipped in")
    try:
        bad = [text for kind, text in checked(opened, folder) if kind == "bad"]
    finally:
        (folder / "data/extra.txt").unlink()
    assert len(bad) == 1
    assert "data/extra.txt: does not belong here" in bad[0]


def test_the_answer_made_in_the_page_moves_the_clock_of_the_house(opened, handed_over, tmp_path):
    world, package, _ = handed_over
    opened.save_into(tmp_path)
    opened.run("document.getElementById('kind').value = 'acknowledged'")
    opened.run("document.querySelector('#answer button').click()")
    saved = tmp_path / f"{package}-acknowledged.answer.json"
    opened.wait(saved.exists)
    world.clock.now = datetime.now(UTC)
    _, answer = handovers.enter_answer(world.desk("A-ANAL01"), saved.read_bytes())
    assert (answer.package, answer.kind) == (package, AnswerKind.ACKNOWLEDGED)
    assert [line.state for line in handovers.clock(world.desk("A-RELS01"))] == [HandoverState.ACKNOWLEDGED]
