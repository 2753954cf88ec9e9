from importlib.resources import files

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from plumeline.errors import AccessError, ConfigurationError, InputError
from plumeline.facilities import Evidence, Mixture, explain, shipped_profiles
from plumeline.packages.seal import seal
from plumeline.workflows.profile_pack import make_pack, open_pack

SHIPPED = files("plumeline.facilities").joinpath("profiles", "unexplained_solvent_mixture.toml").read_text()


def pack_text(name="agency_type"):
    """The generic profile under another name, as `[[profile]]`."""
    lines = []
    for line in SHIPPED.splitlines():
        if line.startswith("["):
            lines.append(line.replace("[", "[profile.", 1))
        else:
            lines.append(line)
    return "[[profile]]\n" + "\n".join(lines).replace(
        'name = "unexplained_solvent_mixture"', f'name = "{name}"'
    )


@pytest.fixture
def keys(tmp_path):
    signing = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    reader = pyrage.x25519.Identity.generate()
    public = tmp_path / "maker.pem"
    public.write_bytes(signing.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    identity = tmp_path / "me.txt"
    identity.write_text(str(reader))
    return signing, str(reader.to_public()), public, identity


def write(tmp_path, data):
    path = tmp_path / "agency.pack"
    path.write_bytes(data)
    return path


def test_a_signed_pack_opens_and_competes_with_the_shipped_profiles(tmp_path, keys):
    signing, reader, public, identity = keys
    data = make_pack(pack_text(), signing, [reader])
    assert b"agency_type" not in data
    (profile,) = open_pack(write(tmp_path, data), public, identity)
    gases = Mixture(rate_kg_s={"acetone": 1e-4}, own_sigma={"acetone": 0.2}, common_sigma=0.4)
    found = explain(Evidence(mixture=gases), profiles=(*shipped_profiles(), profile))
    assert sum(one.posterior for one in found.explanations) == pytest.approx(1)
    assert "agency_type" in [one.profile.name for one in found.explanations]


def test_unsigned_changed_and_foreign_packs_are_refused(tmp_path, keys):
    signing, reader, public, identity = keys
    with pytest.raises(AccessError, match="not signed"):
        open_pack(write(tmp_path, seal(pack_text().encode(), [reader])), public, identity)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(AccessError, match="another key"):
        open_pack(write(tmp_path, make_pack(pack_text(), other, [reader])), public, identity)
    stranger = str(pyrage.x25519.Identity.generate().to_public())
    with pytest.raises(AccessError):
        open_pack(write(tmp_path, make_pack(pack_text(), signing, [stranger])), public, identity)
    with pytest.raises(AccessError):
        open_pack(write(tmp_path, b"plain text"), public, identity)


def test_a_pack_needs_a_key_and_an_identity(tmp_path, keys):
    signing, reader, public, identity = keys
    path = write(tmp_path, make_pack(pack_text(), signing, [reader]))
    with pytest.raises(ConfigurationError):
        open_pack(path, None, identity)
    with pytest.raises(ConfigurationError):
        open_pack(path, public, None)
    with pytest.raises(ConfigurationError, match="no Ed25519"):
        open_pack(path, identity, identity)


@pytest.mark.parametrize("text", ["", "x = 1", "[[profile", pack_text("bakery")])
def test_a_pack_with_bad_content_is_refused_before_it_is_sealed(text, keys):
    with pytest.raises(InputError):
        make_pack(text, keys[0], [keys[1]])
