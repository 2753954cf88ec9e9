"""Every remark that the code can make has its Spanish, and nothing of what it says is lost on the way."""

import ast
import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from plumeline.facilities import Phrase, in_both, spoken
from plumeline.sources.infer import COMPASS

SOURCE = Path(__file__).resolve().parents[2] / "src/plumeline"
CATALOGUE = tomllib.loads(files("plumeline.facilities").joinpath("remarks.toml").read_text(encoding="utf-8"))
REMARKING = [
    "sources/infer.py",
    "sources/pilot.py",
    "sources/prepare.py",
    "sources/cautions.py",
    "sources/unmixing.py",
    "sources/fusion.py",
    *(
        f"observations/{name}.py"
        for name in ("rawwind", "positions", "surveying", "airstate", "deconvolution")
    ),
]
LISTS = {"remarks", "warnings", "said", "lines"}


def shape(template):
    return re.sub(r"({\w*})+", "{}", template)


def made(tree):
    """Shapes of all texts that are added to a list of remarks, or are one."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="append", value=target), args=[value]):
                targets = [target]
            case ast.Assign(targets=targets, value=value):
                pass
            case ast.AugAssign(target=target, value=value):
                targets = [target]
            case ast.keyword(arg="remark", value=value):
                yield from texts(value)
                continue
            case _:
                continue
        named = {getattr(t, "id", getattr(t, "attr", "")) for t in targets}
        if named & (LISTS | {"remark"}):
            yield from texts(value)


def texts(node):
    match node:
        case ast.JoinedStr(values=parts):
            yield shape("".join(p.value if isinstance(p, ast.Constant) else "{}" for p in parts))
        case ast.Constant(value=str(text)) if " " in text:
            yield text
        case ast.List(elts=many) | ast.Tuple(elts=many):
            for each in many:
                yield from texts(each)
        case ast.BinOp(left=ast.Constant(value=str(text))):
            yield f"{text}{{}}"
        case ast.ListComp(elt=each) | ast.BinOp(left=each):
            yield from texts(each)


@pytest.mark.parametrize("name", REMARKING)
def test_every_remark_in_the_code_is_in_the_catalogue(name):
    found = set(made(ast.parse((SOURCE / name).read_text(encoding="utf-8"))))
    assert found, "no remark was found: the search is broken"
    assert found <= {shape(template) for template in CATALOGUE}


@pytest.mark.parametrize("template", CATALOGUE)
def test_both_languages_say_the_same_things(template):
    names = re.findall(r"{(\w+)}", template)
    assert sorted(names) == sorted(re.findall(r"{(\w+)}", CATALOGUE[template]))


@pytest.mark.parametrize("point", COMPASS)
def test_a_source_outside_is_named_by_its_side(point):
    said = in_both(f"source 2 lies outside, to the {point} of what was surveyed")
    assert isinstance(said, Phrase)
    assert spoken(said, "es") == f"source 2 está fuera, al {CATALOGUE[point]} de lo sobrevolado"


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        (
            "12 readings were not used: in calm",
            "12 lecturas no se usaron: en calma",
        ),
        (
            "anemo.csv: the platform's own motion was taken out of the wind it measured",
            "anemo.csv: del viento medido se descontó el movimiento propio de la plataforma",
        ),
        (
            "wind from a.csv (12 readings), b.csv (3 readings)",
            "viento de a.csv (12 lecturas), b.csv (3 lecturas)",
        ),
        (
            "no air pressure is known: that of ISO 2533, at 640 m, the flight's altitude, is assumed: 93870 Pa",
            "no se conoce la presión del aire: se supone la de ISO 2533, a 640 m, la altitud del vuelo: 93870 Pa",
        ),
    ],
)
def test_what_is_said_is_kept(english, spanish):
    assert spoken(in_both(english), "en") == english
    assert spoken(in_both(english), "es") == spanish


def test_a_part_of_a_remark_may_itself_have_parts():
    said = in_both(
        "the flown anemometer's direction is taken as counted from the nose, turned by +90 degrees: that makes the true "
        "wind steadiest; declare [wind] frame and offset_deg to settle it"
    )
    assert "contada desde el morro, girada +90 grados: así" in spoken(said, "es")


@pytest.mark.parametrize("unknown", ["", "flight.csv: a word nobody knows", "3 readings were not used: moon"])
def test_what_nobody_translated_stays_as_it_is(unknown):
    assert spoken(in_both(unknown), "es") == unknown
    assert not isinstance(in_both(unknown), Phrase)
