from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from plumeline.errors import ConfigurationError
from plumeline.instruments import load_mapping, read
from plumeline.instruments.mapping import TableMapping

ROOT = Path(__file__).resolve().parents[2]


def keys(kind):
    for key in fields(kind):
        yield key.name
        hint = get_type_hints(kind)[key.name]
        for part in (hint, *get_args(hint)):
            if is_dataclass(part):
                yield from keys(part)


@pytest.mark.parametrize(
    "key", sorted(set(keys(TableMapping)) - {"value", "join", "status", "position", "track"})
)
def test_every_key_of_a_mapping_is_documented(key):
    text = (ROOT / "docs" / "instruments.md").read_text()
    assert f"`{key}`" in text or f"[{key}]" in text or f"[[{key}]]" in text


@pytest.mark.parametrize(
    "path",
    sorted(p for p in (ROOT / "benchmarks" / "surveys").glob("*.toml") if ".survey" not in p.name),
    ids=lambda p: p.stem,
)
def test_committed_mappings_load(path):
    assert load_mapping(path).value


def mapping(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_unknown_key_names_the_nearest_known_one(tmp_path):
    with pytest.raises(ConfigurationError, match=r"mine.toml.*unknown key 'colum'.*did you mean 'column'"):
        load_mapping(mapping(tmp_path, '[time]\ncolum = "t"\n'))


def test_an_unknown_section_names_the_nearest_known_one(tmp_path):
    with pytest.raises(ConfigurationError, match="did you mean 'position'"):
        load_mapping(mapping(tmp_path, '[positions]\nlatitude = "lat"\n'))


@pytest.mark.parametrize(
    "text",
    [
        "[time]\ncolumn = true\n",
        "[[value]]\nspecies = 3\n",
        '[[value]]\nceiling = "high"\n',
        'time = "t"\n',
        '[value]\nspecies = "CH4"\n',
    ],
)
def test_a_value_of_the_wrong_type_is_named(tmp_path, text):
    with pytest.raises(ConfigurationError, match="wrong type"):
        load_mapping(mapping(tmp_path, text))


def test_a_file_that_is_no_toml_or_not_there_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="not a TOML file"):
        load_mapping(mapping(tmp_path, "this is not toml"))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_mapping(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[file]\nencoding = "klingon"', "encoding"),
        ('[file]\ndelimiter = "||"', "one character"),
        ('[file]\ndecimal = ";"', "decimal"),
        ('[time]\ncolumn = "t"\nformat = "%Q"', "directives"),
        ('[time]\ncolumn = "t"\nrewrite = ["(", ""]', "rewrite"),
        ('[time]\ncolumn = "t"\nunit = "fortnight"', "fortnight"),
        ('[status]\ntime = "t"', "another variable"),
    ],
)
def test_a_value_that_cannot_be_is_a_clear_error(tmp_path, text, said):
    if "[time]" not in text:
        text = '[time]\ncolumn = "t"\n' + text
    path = tmp_path / "flight.csv"
    path.write_text("t,v\n2026-05-01T10:00:00Z,1\n")
    full = text + '\n[[value]]\ncolumn = "v"\nspecies = "CH4"\nunit = "ppm"\n'
    with pytest.raises(ConfigurationError, match=said):
        read(path, mapping=load_mapping(mapping(tmp_path, full)))
