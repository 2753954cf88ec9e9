"""House rules that no linter knows; each is a few lines over the syntax tree."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "src" / "plumeline").rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "util", "helper"}
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 80


def relative(path):
    return str(path.relative_to(ROOT))


def functions(path):
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_file_is_short_and_named_for_a_concept(path):
    assert path.stem not in FORBIDDEN_NAMES
    assert len(path.read_text().splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_functions_are_short(path):
    long = [
        f"{f.name}: {f.end_lineno - f.lineno + 1}"
        for f in functions(path)
        if f.end_lineno - f.lineno >= MAX_FUNCTION_LINES
    ]
    assert not long


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_room_reaches_into_another_rooms_private_names(path):
    room = path.relative_to(ROOT / "src" / "plumeline").parts[0]
    private = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("plumeline.")
        for alias in node.names
        if node.module.split(".")[1] != room.removesuffix(".py")
        and (
            (alias.name.startswith("_") and not alias.name.startswith("__"))
            or any(part.startswith("_") for part in node.module.split("."))
        )
    ]
    assert not private


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_data_file_can_execute(path):
    # Evidence is never read from a format that runs code (pickle, joblib, unsafe YAML).
    assert not re.search(
        r"^\s*(import|from)\s+(pickle|joblib|dill|shelve|marshal)\b|allow_pickle=True",
        path.read_text(),
        re.MULTILINE,
    )


def test_every_room_says_what_goes_in_and_out():
    for init in (ROOT / "src" / "plumeline").glob("*/__init__.py"):
        doc = ast.get_docstring(ast.parse(init.read_text())) or ""
        if init.parent.name not in {"cli", "web"}:
            assert "In:" in doc, init
            assert "Out:" in doc, init
