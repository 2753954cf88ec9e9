"""A quick share of the reader fuzz; the whole is `./run python -m benchmarks reader_fuzz`."""

import pytest
from benchmarks.reader_fuzz import mutated, outcome
from benchmarks.small_files import small_files
from hypothesis import given, settings
from hypothesis import strategies as st

FILES = small_files()


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_mutated_file_is_read_or_refused_with_a_clear_error(tmp_path_factory, name):
    path = tmp_path_factory.mktemp("fuzz") / "mutated"

    @settings(max_examples=25)
    @given(st.integers(0, 10**9))
    def check(seed):
        path.write_bytes(mutated(FILES[name], seed))
        assert not outcome(path).startswith("crash"), outcome(path)

    check()


@settings(max_examples=40)
@given(st.binary(max_size=3000))
def test_any_bytes_at_all_are_refused_or_read(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("bytes") / "any"
    path.write_bytes(data)
    assert not outcome(path).startswith("crash")


def test_the_fuzz_can_fail(tmp_path, monkeypatch):
    def broken(path):
        raise KeyError(path)

    monkeypatch.setattr("benchmarks.reader_fuzz.inspect_file", broken)
    (tmp_path / "x").write_bytes(b"x")
    assert outcome(tmp_path / "x").startswith("crash: KeyError")
