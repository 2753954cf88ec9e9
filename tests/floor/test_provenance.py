import hashlib

from plumeline.provenance import Provenance, canonical_json, sha256_of_file


def test_file_hash_matches_the_standard_library(tmp_path):
    path = tmp_path / "a.bin"
    content = bytes(range(256)) * 10_000
    path.write_bytes(content)
    assert sha256_of_file(path) == hashlib.sha256(content).hexdigest()


def test_canonical_json_does_not_depend_on_order():
    assert canonical_json({"b": 1, "a": [2.5, "é"]}) == canonical_json({"a": [2.5, "é"], "b": 1})


def test_digest_changes_with_every_part():
    base = Provenance(inputs={"a": "1"}, configuration={"k": 1}, seed=0)
    others = [
        Provenance(inputs={"a": "2"}, configuration={"k": 1}, seed=0),
        Provenance(inputs={"a": "1"}, configuration={"k": 2}, seed=0),
        Provenance(inputs={"a": "1"}, configuration={"k": 1}, seed=1),
        Provenance(inputs={"a": "1"}, configuration={"k": 1}, seed=0, version="9"),
    ]
    assert len({base.digest, *(other.digest for other in others)}) == 5
