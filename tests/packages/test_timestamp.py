"""Time-stamps over a release, from an authority that `openssl ts` plays on this machine, checked by us and by openssl."""

import subprocess

import pytest

import casework
from casework import PARTNER
from plumeline.access.keys import new_actor_keys
from plumeline.errors import AccessError, InputError, RefusedError
from plumeline.packages import verify_package
from plumeline.packages.timestamp import check, request, stamped_at
from plumeline.workflows import release
from plumeline.workflows.desk import trust_card
from programs import needed

SETTINGS = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
signer_digest = sha256
"""


def run(*words):
    return subprocess.run(list(map(str, words)), check=True, capture_output=True).stdout


class Authority:
    """A time-stamping authority: a root and a signing certificate made by openssl."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "serial").write_text("01\n")
        (folder / "settings").write_text(SETTINGS.format(folder=folder))
        (folder / "usage").write_text("extendedKeyUsage=critical,timeStamping\nbasicConstraints=CA:FALSE\n")
        root = folder / "root.pem"
        run(
            *f"openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=root -keyout {folder}/root.key -out {root}".split()
        )
        run(
            *f"openssl req -newkey rsa:2048 -nodes -subj /CN=time -keyout {folder}/time.key -out {folder}/time.csr".split()
        )
        run(
            *f"openssl x509 -req -in {folder}/time.csr -CA {root} -CAkey {folder}/root.key -CAcreateserial "
            f"-days 30 -extfile {folder}/usage -out {folder}/time.pem".split()
        )
        self.roots = root.read_bytes()

    def stamp(self, asked):
        (self.folder / "asked.tsq").write_bytes(asked)
        run(
            *f"openssl ts -reply -config {self.folder}/settings -queryfile {self.folder}/asked.tsq "
            f"-signer {self.folder}/time.pem -inkey {self.folder}/time.key -out {self.folder}/answer.tsr".split()
        )
        return (self.folder / "answer.tsr").read_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    needed("openssl")
    return Authority(tmp_path_factory.mktemp("tsa") / "tsa")


def test_a_stamp_of_openssl_is_checked_and_anything_else_is_refused(authority, tmp_path):
    envelope = b'{"payload": "x"}'
    stamp = authority.stamp(request(envelope))
    assert stamped_at(stamp, envelope).startswith("20")
    assert check(stamp, envelope, authority.roots) == stamped_at(stamp, envelope)
    with pytest.raises(AccessError, match="not over this release"):
        stamped_at(stamp, envelope + b" ")
    stranger = Authority(tmp_path / "stranger")
    with pytest.raises(AccessError, match="not that authority's"):
        check(stamp, envelope, stranger.roots)
    for broken in (b"", b"no stamp", stamp[:-1], stamp + b"\0"):
        with pytest.raises(InputError, match="strict DER"):
            stamped_at(broken, envelope)
    with pytest.raises(InputError, match="not PEM"):
        check(stamp, envelope, b"nothing")


def test_a_flipped_byte_in_a_stamp_is_refused_or_changes_nothing_it_says(authority):
    # Not all of a response is signed (its certificate is not needed once the root is given); what it says is.
    envelope = b"envelope"
    stamp = authority.stamp(request(envelope))
    time, unnoticed = check(stamp, envelope, authority.roots), 0
    positions = range(0, len(stamp), 7)
    for position in positions:
        torn = bytearray(stamp)
        torn[position] ^= 1
        try:
            assert check(bytes(torn), envelope, authority.roots) == time
        except (AccessError, InputError):
            continue
        unnoticed += 1
    assert unnoticed < len(positions) / 2


def test_a_release_is_stamped_between_signing_and_sealing(authority, tmp_path):
    secret = new_actor_keys("A-XXXX").sealing
    world = casework.make_world(str(tmp_path), partner_keys=((str(secret.to_public()),), ()))
    case = casework.concluded_case(world)
    analyst, releaser = world.desk("A-ANAL01"), world.desk("A-RELS01")
    prepared = release.prepare_release(releaser, case, PARTNER)
    release.sign_release(analyst, prepared)
    with pytest.raises(RefusedError, match="between signing and sealing"):
        release.timestamp_request(releaser, prepared)
    release.sign_release(releaser, prepared)
    stamp = authority.stamp(release.timestamp_request(releaser, prepared))
    for wrong in (b"garbage", authority.stamp(request(b"something else"))):
        with pytest.raises((AccessError, InputError)):
            release.seal_release(releaser, prepared, timestamp=wrong)
    sealed = release.seal_release(releaser, prepared, timestamp=stamp)  # the wrong ones spoiled nothing
    card = trust_card(world.desk("A-AUDT01"))
    seen = verify_package(sealed, card, identity=str(secret))
    assert "by whom was not checked" in seen.checks[-1]
    checked = verify_package(sealed, card, identity=str(secret), time_roots=authority.roots)
    assert "authority saw it at" in checked.checks[-1]
    folder = tmp_path / "opened"
    folder.mkdir()
    (folder / "root.pem").write_bytes(authority.roots)
    for name in ("release.dsse.json", "release.tsr"):
        (folder / name).write_bytes(checked.files[f"release/{name}"])
    run(
        *f"openssl ts -verify -data {folder}/release.dsse.json -in {folder}/release.tsr -CAfile {folder}/root.pem "
        f"-untrusted {authority.folder}/time.pem".split()
    )


def test_a_stamp_that_was_asked_for_and_is_not_there_is_an_error(authority, tmp_path):
    secret = new_actor_keys("A-XXXX").sealing
    world = casework.make_world(str(tmp_path), partner_keys=((str(secret.to_public()),), ()))
    _, sealed = casework.released(world, casework.concluded_case(world), PARTNER)
    card = trust_card(world.desk("A-AUDT01"))
    verify_package(sealed, card, identity=str(secret))
    with pytest.raises(AccessError, match="no time-stamp"):
        verify_package(sealed, card, identity=str(secret), time_roots=authority.roots)
