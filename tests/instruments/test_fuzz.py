"""A quick share of the reader fuzz; the whole is `./run python -m benchmarks reader_fuzz`."""

from typing import get_type_hints

import pytest
from benchmarks.reader_fuzz import mutated, outcome
from benchmarks.small_files import small_files
from hypothesis import given, settings
from hypothesis import strategies as st

from plumeline.errors import PlumelineError
from plumeline.instruments import TableMapping, read
from plumeline.instruments.mapping import MeteorologySection, ValueSection, WindSection
from plumeline.instruments.settings import build

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


TABLE = "t,d,lat,lon,v,w,s\n" + "".join(
    f"2026-05-01T10:00:0{i}Z,10:00:0{i},52.1,4.5,{i},{i},{'ab'[i % 2]}\n" for i in range(4)
)
WHOLE = {
    "file": {
        "delimiter": ",",
        "encoding": "utf-8",
        "decimal": ".",
        "comment": "#",
        "header_line": 1,
        "missing": ["-9"],
    },
    "time": {"column": "t", "format": "iso", "timezone": "UTC", "unit": "s", "rewrite": ["x", "y"]},
    "position": {"latitude": "lat", "longitude": "lon", "altitude": "v", "length_unit": "m"},
    "track": {"heading": "v", "pitch": "w?", "ground_speed": 3.0, "speed_unit": "m/s"},
    "sensors": {"column": "s"},
    "value": [{"column": "v", "species": "CH4", "unit": "ppm", "ceiling": 3.0, "empty": "missing"}],
    "wind": {"speed": "v", "speed_unit": "kn", "direction": "w", "direction_unit": "degree", "height": "v"},
    "meteorology": {"air_temperature": "v", "temperature_unit": "C", "relative_humidity": "w"},
    "status": {"state": "s"},
}
NASTY = st.one_of(
    st.sampled_from([
        "",
        "t",
        "v",
        "s",
        "lat",
        "nowhere",
        "(",
        "[",
        "%Q",
        "%Y",
        "%H:%M:%S",
        "unix",
        "elapsed",
        "||",
        '"',
        "\n",
        " ",
        "utf-16",
        "rot13",
        "no such",
        "ppb",
        "tan",
        "K",
        "+25:00",
        "Europe/Paris",
        "../x.csv",
        "time",
        "sensor",
        "column",
        ["t", "d"],
        ["("],
        [],
        ["v", "v"],
        ["(", ""],
        ["(a)", "\\3"],
        0,
        -1,
        10**9,
        1.5,
        True,
        float("nan"),
        {},
        [{}],
    ]),
    st.text(max_size=5),
)


@settings(max_examples=80)
@given(st.data())
def test_any_mapping_reads_or_is_refused_with_a_clear_error(tmp_path_factory, data):
    mapping = {
        name: dict(part) if isinstance(part, dict) else [dict(part[0])] for name, part in WHOLE.items()
    }
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(sorted(mapping)))
        part = mapping[name][0] if isinstance(mapping[name], list) else mapping[name]
        hints = get_type_hints(TableMapping)
        kind = {"value": ValueSection, "wind": WindSection, "meteorology": MeteorologySection}.get(
            name, hints[name]
        )
        keys = sorted(get_type_hints(kind)) if name != "status" else ["state", "time", "CH4"]
        part[data.draw(st.sampled_from(keys))] = data.draw(NASTY)
    path = tmp_path_factory.mktemp("mapping") / "table.csv"
    path.write_text(TABLE)
    try:
        read(path, mapping=build(TableMapping, {"name": "fuzzed", **mapping}, where="fuzzed.toml"))
    except PlumelineError as error:
        ended = str(error)
    else:
        ended = "read"
    assert ended
