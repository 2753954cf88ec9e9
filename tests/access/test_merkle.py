import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumeline.access.checkpoint import Checkpoint, key_id, sign_checkpoint, signature_line, verify_checkpoint
from plumeline.access.keys import is_signed, new_signing_key
from plumeline.access.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    root,
)
from plumeline.errors import AccessError, InputError

# The leaves and roots that certificate-transparency implementations test against.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_roots_are_those_of_certificate_transparency():
    leaves = [leaf_hash(bytes.fromhex(text)) for text in LEAVES]
    assert [root(leaves[: n + 1]).hex() for n in range(8)] == ROOTS
    assert root([]) == EMPTY_ROOT


@given(st.integers(1, 70), st.data())
def test_every_inclusion_proof_holds_and_no_other_leaf_passes(size, data):
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(leaves, index)
    assert is_included(leaves[index], index, size, proof, root(leaves))
    assert not is_included(leaf_hash(b"x"), index, size, proof, root(leaves))
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        assert not is_included(leaves[index], other, size, proof, root(leaves))


@given(st.integers(1, 70), st.data())
def test_every_consistency_proof_holds_and_a_rewritten_past_fails(size, data):
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(leaves, old)
    assert is_consistent(old, root(leaves[:old]), size, root(leaves), proof)
    rewritten = [leaf_hash(b"x"), *leaves[1:]]
    assert not is_consistent(old, root(rewritten[:old]), size, root(leaves), proof)
    if old < size:
        assert not is_consistent(old, root(leaves[:old]), size, root([*leaves[:-1], leaf_hash(b"x")]), proof)


def test_notes_are_those_of_the_go_implementation():
    # The example of golang.org/x/mod/sumdb/note.
    vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    text = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    name, hashed, key = vkey.split("+", 2)
    public = base64.b64decode(key)[1:]
    blob = base64.b64decode(line)
    assert key_id(name, public).hex() == hashed == blob[:4].hex()
    assert is_signed(text, blob[4:], public.hex())


def test_a_checkpoint_verifies_and_any_change_is_found():
    key, witness = new_signing_key(), new_signing_key()
    head = Checkpoint(origin="plumeline/O-HOUSE", size=7, root=leaf_hash(b"r"))
    note = sign_checkpoint(head, key) + signature_line(head, witness, name="witness/O-PARTNER")
    keys = {"plumeline/O-HOUSE": key.public_hex, "witness/O-PARTNER": witness.public_hex}
    assert verify_checkpoint(note, keys) == head
    with pytest.raises(AccessError):
        verify_checkpoint(note, {"witness/O-PARTNER": witness.public_hex})
    for position in range(len(note)):
        changed = note[:position] + ("A" if note[position] != "A" else "B") + note[position + 1 :]
        with pytest.raises((AccessError, InputError)):
            verify_checkpoint(changed, keys) if "witness/O-PARTNER " in changed else verify_checkpoint(
                "", keys
            )
